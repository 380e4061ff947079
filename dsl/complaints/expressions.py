"""What is wrong inside an expression, or between two."""

from mcompiler import units
from mcompiler.diagnostics import Diagnostic
from mcompiler.dsl.complaints.place import ENDS, OPERATORS, Place, described
from mcompiler.dsl.tokens import CLOSING, CONTINUES, NAME, NUMBER, OPENING, RESERVED, STRING, Token

_STARTS = frozenset({NAME, NUMBER, "DERIVATIVE", "LPAR"})
_FOLLOWS_OPERAND = frozenset({NAME, NUMBER, "DERIVATIVE", STRING, "RPAR", "RSQB"})
#: Two signs of other languages, and how they are said here.
_DOUBLE = {
    "**": ("** is not an operator", "powers are written with ^"),
    "//": ("// is not an operator", "comments begin with #"),
    "=>": ("=> is not an operator", "write >="),
    "=<": ("=< is not an operator", "write <="),
    "<>": ("<> is not an operator", "write !="),
}


def reserved_word(place: Place) -> Diagnostic | None:
    """A word of the language where a name is needed: ``param in = 1``, ``when = 3``, ``dt``."""
    token, previous = place.token, place.previous
    if token.text == "dt":
        return _lonely_dt(place)
    if (
        token.kind == "EQUAL"
        and previous is not None
        and place.position == place.begin + 1
        and previous.text in RESERVED
    ):
        return _reserved(place, previous)
    joins = token.text in ("and", "or") and NUMBER in place.expected
    if token.kind == NAME and token.text in RESERVED and NAME in place.expected and not joins:
        return _reserved(place, token)
    return None


def _reserved(place: Place, token: Token) -> Diagnostic:
    headline = f"{token.text} is a word of the language and cannot be a name"
    return place.says("reserved-word", headline, place.span(token), hints=("choose another name",))


def _lonely_dt(place: Place) -> Diagnostic:
    tokens, at = place.tokens, place.position
    hint = "it stands in derivatives only: dx/dt"
    if at > place.begin + 1 and tokens[at - 1].kind == "SLASH" and tokens[at - 2].text.startswith("d"):
        hint = f"a derivative is one word, without spaces: {tokens[at - 2].text}/dt"
    return place.says("reserved-word", "dt is a word of the language and cannot be a name", hints=(hint,))


def unit_on_non_literal(place: Place) -> Diagnostic | None:
    """A bracket after what has no index: ``(1 + 2)[V]``, ``inf[V]``."""
    previous = place.previous
    if place.token.kind != "LSQB" or previous is None:
        return None
    close = _closing(place, place.position)
    inside = place.tokens[place.position + 1 : close]
    names = [each.text for each in inside if each.kind == NAME]
    is_unit = bool(names) and all(units.named(name) is not None for name in names)
    if not is_unit or previous.kind not in _FOLLOWS_OPERAND:
        headline = f"{_short(place, _operand_start(place), place.position)} takes no index"
        whole = place.span(place.token, place.tokens[close])
        return place.says("bad-index", headline, whole, hints=("only names have indices",))
    unit = "".join(each.text for each in inside)
    start = _operand_start(place)
    operand = _short(place, start, place.position)
    hints = {"inf": "inf fits any unit: write it alone", "]": "a literal has one unit"}
    hint = hints.get(previous.text, f"multiply: {operand}*1[{unit}]")
    whole = place.span(place.tokens[start], place.tokens[close])
    return place.says("unit-on-non-literal", "only a literal number takes a unit", whole, hints=(hint,))


def missing_operator(place: Place) -> Diagnostic | None:
    """Two operands side by side: ``2 x``, ``a b``, ``(a)(b)``; over the end of a line in brackets one of these is not closed."""
    token, previous = place.token, place.previous
    if (
        previous is None
        or token.kind not in _STARTS
        or "STAR" not in place.expected
        or previous.kind not in _FOLLOWS_OPERAND
    ):
        return None
    opening = _open_bracket(place)
    if place.after_newline and opening is not None:
        return place.says(
            "unclosed-bracket",
            f"this {opening.text} is still open where a new line begins",
            (place.span(opening), "opened here"),
            (place.span(token), "the line goes on here"),
            hints=(f"close it, or write an operator or comma before {described(token)}",),
        )
    start = _operand_start(place)
    left, right = _short(place, start, place.position), "(...)" if token.kind == "LPAR" else described(token)
    hints = [*_unit_without_brackets(place), f"to multiply write {left}*{right}"]
    hints += [f"or is {sign} missing?" for kind, sign in (("COLON", ":"), ("COMMA", ",")) if kind in place.expected]
    hints += (
        ["or does a statement begin here? write ; or a new line"]
        if place.next.kind == "EQUAL" and opening is None
        else []
    )
    headline = f"there is no operator between {left} and {right}"
    return place.says("missing-operator", headline, place.span(place.tokens[start], token), hints=hints)


def _unit_without_brackets(place: Place) -> list[str]:
    """What is meant by ``10 ms``, or by ``param tau: 10 ms``."""
    token, previous = place.token, place.previous
    if previous is None or previous.kind != NUMBER or token.kind != NAME or units.named(token.text) is None:
        return []
    literal = f"{previous.text}[{token.text}]"
    before = place.tokens[place.position - 2] if place.position > place.begin + 1 else None
    if before is not None and before.kind == "COLON" and place.begin in place.keywords:
        declared = place.source.text[place.first.start : before.start].rstrip()
        return [f"a value follows =, and a unit stands in brackets: {declared} = {literal}"]
    return [f"a unit stands in brackets: {literal}"]


def unknown_operator(place: Place) -> Diagnostic | None:
    """Signs of other languages: ``**``, ``//``, a sign plus before an operand."""
    token, previous = place.token, place.previous
    if previous is None or NUMBER not in place.expected:
        return None
    known = _DOUBLE.get(previous.text + token.text)
    if known is not None and previous.end == token.start:
        return place.says("unknown-operator", known[0], place.span(previous, token), hints=(known[1],))
    if token.kind == "PLUS":
        return place.says("unknown-operator", "there is no sign + before an operand", hints=("leave it out",))
    return None


def missing_expression(place: Place) -> Diagnostic | None:
    """Nothing where an operand is needed: ``R =``, ``a + ``, ``f(, b)``."""
    token, previous = place.token, place.previous
    kinds = ENDS | OPERATORS | set(CLOSING) | {"COMMA", "COLON", "LBRACE", "EQUAL", "TILDE", "__ANON_0", "__ANON_1"}
    is_keyword = token.kind == NAME and token.text in RESERVED
    if previous is None or NUMBER not in place.expected or (token.kind not in kinds and not is_keyword):
        return None
    headline = f"an expression is missing between {described(previous)} and {described(token)}"
    if token.kind in ENDS:
        headline = f"an expression is missing after {described(previous)}"
    return place.says("missing-expression", headline, (place.here, "expected an expression"))


def equals_inside(place: Place) -> Diagnostic | None:
    """``=`` in a condition, or a second one in an equation."""
    token, previous = place.token, place.previous
    if token.kind not in ("EQUAL", "__ANON_0", "__ANON_1") or previous is None or previous.kind not in _FOLLOWS_OPERAND:
        return None
    if continued := _continued(place):
        return continued
    if place.where == "template" and token.kind == "__ANON_1":
        return place.says("misplaced-equals", ":= sets a state in an event; an equation has =", hints=("write =",))
    before = [each for each in place.tokens[place.begin : place.position] if each.kind in ("EQUAL", "__ANON_0")]
    if before and _open_bracket(place) is None:
        return place.says("misplaced-equals", "there is an = already", place.here, (place.span(before[0]), "here"))
    return place.says(
        "misplaced-equals", f"{token.text} cannot stand inside an expression", hints=("to compare write ==",)
    )


def no_equation(place: Place) -> Diagnostic | None:
    """An expression alone, or compared where an equation is meant."""
    if (
        place.where != "template"
        or place.token.kind not in ENDS
        or "EQUAL" not in place.expected
        or place.previous is None
    ):
        return None
    if place.begin in place.keywords:
        return None
    whole = place.span(place.first, place.previous)
    for token in place.tokens[place.begin : place.position]:
        if token.kind == "__ANON_4":
            return place.says("no-equation", "an equation is written with one =", place.span(token), hints=("write =",))
    return place.says(
        "no-equation", "this is an expression, not an equation", whole, hints=("write name = expression",)
    )


def _continued(place: Place) -> Diagnostic | None:
    """A statement that runs into the next one because its line ends with an operator."""
    for at in range(place.position - 1, place.begin, -1):
        before, after = place.tokens[at - 1], place.tokens[at]
        if before.kind in CONTINUES and "\n" in place.source.text[before.end : after.start]:
            return place.says(
                "missing-expression",
                f"an expression is missing after {described(before)}",
                (place.span(before), "the statement goes on after this line"),
                (place.here, "and meets this"),
            )
    return None


def _open_bracket(place: Place) -> Token | None:
    """The innermost bracket of the statement that is open at the token."""
    opened: list[Token] = []
    for token in place.tokens[place.begin : place.position]:
        if token.kind in OPENING:
            opened.append(token)
        elif token.kind in CLOSING and opened:
            opened.pop()
    return opened[-1] if opened and opened[-1].kind != "LBRACE" else None


def _operand_start(place: Place) -> int:
    """The position where the operand before the token begins: ``f`` in ``f(a, b) c``, ``1`` in ``1[ms] c``."""
    at = place.position - 1
    while place.tokens[at].kind in CLOSING and at > place.begin:
        depth = 0
        while at > place.begin:
            depth += (place.tokens[at].kind in CLOSING) - (place.tokens[at].kind in OPENING)
            if depth == 0:
                break
            at -= 1
        if at > place.begin and place.tokens[at - 1].kind in (NAME, NUMBER, "RSQB"):
            at -= 1
        else:
            break
    while at > place.begin + 1 and place.tokens[at - 1].kind == "DOT":
        at -= 2
    return max(at, place.begin)


def _short(place: Place, start: int, end: int) -> str:
    """The text of an operand, if it is short."""
    text = place.source.text[place.tokens[start].start : place.tokens[end - 1].end]
    if len(text) <= 20 and "\n" not in text:
        return text
    return "(...)" if place.tokens[end - 1].kind in CLOSING else described(place.tokens[end - 1])


def _closing(place: Place, at: int) -> int:
    """The position of the partner of an opening bracket."""
    depth = 0
    for position in range(at, len(place.tokens)):
        kind = place.tokens[position].kind
        depth += (kind in OPENING) - (kind in CLOSING)
        if depth <= 0:
            return position
    return at
