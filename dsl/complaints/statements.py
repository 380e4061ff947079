"""What is wrong with a statement or block as a whole: unknown, in the wrong place, in the wrong order, incomplete."""

import difflib

from mcompiler.diagnostics import Diagnostic, did_you_mean
from mcompiler.dsl import tables
from mcompiler.dsl.complaints.place import ENDS, OPERATORS, Place, described, listed
from mcompiler.dsl.recovery import seeming_kind
from mcompiler.dsl.tokens import BLOCK_KINDS, NAME, NUMBER, STATEMENT_END, STRING

TEMPLATE_WORDS = (
    "param", "state", "input", "output", "target", "size", "node", "set", "when", "device", "cells", "synapses",
)  # fmt: skip
EXPERIMENT_WORDS = (
    "set", "initial", "input", "target", "data", "run", "save", "plot", "seed", "batch", "sweep", "method", "loss", "present",
    "error", "drive", "train",
)  # fmt: skip
_DECLARATIONS = frozenset({"param", "state", "input", "output", "target", "size"})
_FOLLOWS_WORD = frozenset({NAME, NUMBER, STRING, "DERIVATIVE"})
_COMPARATORS = frozenset({"<", "<=", ">", ">=", "==", "!="})
ORDER = 'state x: unit in [a, b] = initial scale s "doc"'


def same_line(place: Place) -> Diagnostic:
    """Something behind the brace that closes a block."""
    return place.says(
        "missing-line-end",
        f"{described(place.token)} cannot follow }} on the same line",
        hints=("begin a new line, or write ;",),
    )


def nested_block(place: Place) -> Diagnostic | None:
    """A block, function or use inside a block."""
    if place.where == "file" or place.position > place.begin + 2:
        return None
    first, second, third = (place.tokens[min(place.begin + n, len(place.tokens) - 1)] for n in range(3))
    is_block = first.text in BLOCK_KINDS and (third.kind in ("LPAR", "LBRACE", STRING) or third.text == "on")
    is_other = first.text in ("function", "use")
    if second.kind not in (NAME, STRING) or not (is_block or is_other):
        return None
    return place.says(
        "nested-block",
        f"{_article(first.text)} cannot stand inside {_article(place.block)}",
        place.span(first, second),
        hints=("move it out of the block, or close the block before it",),
    )


def unknown_block(place: Place) -> Diagnostic | None:
    """At the top of the file something that is no block, function or use."""
    first = place.first
    if place.where != "file" or place.position != place.begin:
        return None
    if first.kind == NAME and first.text in {*TEMPLATE_WORDS, *EXPERIMENT_WORDS} - {*BLOCK_KINDS}:
        return _outside(place, f"{first.text} stands outside of every block")
    kind = seeming_kind(place.tokens, place.begin)
    if (
        first.kind == NAME
        and kind is not None
        and _begins_block(place)
        and (place.next.kind == "LPAR" or place.next.text == "on")
    ):
        headline = f"the block {first.text} does not say what it is"
        return place.says("unknown-block", headline, hints=(f"write {kind} {first.text}",))
    if first.kind == NAME and (_begins_block(place) or kind or place.next.kind in (NAME, STRING)):
        words = (*BLOCK_KINDS, "function", "use")
        hints = did_you_mean(first.text, words) or (f"a file holds {', '.join(words[:-1])} and use",)
        return place.says("unknown-block", f"there is no kind of block {first.text}", hints=hints)
    return _outside(place, f"{described(first)} stands outside of every block")


def _outside(place: Place, headline: str) -> Diagnostic:
    kinds = "a device, a circuit or an experiment"
    return place.says(
        "outside-block", headline, hints=(f"statements stand inside {kinds}: device NAME(p, n) {{ ... }}",)
    )


def _begins_block(place: Place) -> bool:
    for token in place.tokens[place.position :]:
        if token.kind in ENDS:
            return False
        if token.kind == "LBRACE":
            return True
    return False


def unknown_statement(place: Place) -> Diagnostic | None:
    """The first word of a statement is none that begins one."""
    first = place.first
    if place.where == "experiment" and place.position == place.begin:
        return _unknown_in_experiment(place)
    if (
        place.where != "template"
        or place.position != place.begin + 1
        or first.kind != NAME
        or place.begin in place.keywords
    ):
        return None
    if place.token.kind not in _FOLLOWS_WORD:
        return None
    if first.text in EXPERIMENT_WORDS:
        headline = f"{first.text} belongs to an experiment, not to {_article(place.block)}"
        return place.says("wrong-place", headline, place.span(first), hints=("experiment NAME on CIRCUIT { ... }",))
    hints = did_you_mean(first.text, TEMPLATE_WORDS)
    if not hints and place.token.kind == NAME:
        element = f"an element is written {first.text}: {place.token.text}(...)"
        others = f"statements are equations, or begin with {', '.join(TEMPLATE_WORDS[:-1])} or {TEMPLATE_WORDS[-1]}"
        hints = (element if place.next.kind == "LPAR" else others,)
    if not hints:
        return None
    return place.says("unknown-statement", f"{first.text} begins no statement", place.span(first), hints=hints)


def _unknown_in_experiment(place: Place) -> Diagnostic:
    first = place.first
    if first.kind == NAME and first.text in TEMPLATE_WORDS and first.text not in EXPERIMENT_WORDS:
        return place.says(
            "wrong-place",
            f"{first.text} cannot stand inside {_article(place.block)}",
            hints=("declare it in the circuit; an experiment changes values with set and initial",),
        )
    if first.kind == NAME and (hints := did_you_mean(first.text, EXPERIMENT_WORDS)):
        return place.says("unknown-statement", f"{first.text} begins no statement", hints=hints)
    if place.next.kind in ("EQUAL", "DOT", "LSQB") or first.kind == "DERIVATIVE":
        return place.says(
            "wrong-place",
            f"{_article(place.block)} has no equations",
            hints=("an experiment changes values with set M.R = ... and initial M.w = ...",),
        )
    hints = (f"statements begin with {', '.join(EXPERIMENT_WORDS[:-1])} or {EXPERIMENT_WORDS[-1]}",)
    return place.says("unknown-statement", f"{described(first)} begins no statement", hints=hints)


def block_header(place: Place) -> Diagnostic | None:
    """A block without its name or its target, or with terminals that it cannot have."""
    token, first = place.token, place.first
    if place.where != "file" or first.text not in BLOCK_KINDS or place.position == place.begin:
        return None
    if "ON" in place.expected and token.kind != NAME:
        what = " ".join(each.text for each in place.tokens[place.begin : min(place.position, place.begin + 2)])
        says = "has no terminals" if token.kind == "LPAR" else "says what it runs on"
        return place.says("block-header", f"{_article(first.text)} {says}", hints=(f"write {what} on CIRCUIT {{",))
    if place.position == place.begin + 1 and token.kind != NAME:
        return place.says("block-header", f"{_article(first.text)} needs a name", (place.here, "expected a name"))
    return None


def missing_brace(place: Place) -> Diagnostic | None:
    """A block without its brace: the line ends, or there is a colon."""
    if place.where != "file" or place.first.text not in BLOCK_KINDS or "LBRACE" not in place.expected:
        return None
    if place.token.kind == "COLON":
        return place.says("missing-brace", "a body begins with {, not with :")
    if place.token.kind != STATEMENT_END:
        return None
    hints = ("put { on this line",) if place.next.kind == "LBRACE" else ()
    headline = f"the {place.first.text} has no body: {{ is missing"
    return place.says("missing-brace", headline, (place.here, "expected {"), hints=hints)


def misspelt_word(place: Place) -> Diagnostic | None:
    """A name where a word of the language is expected that is spelt nearly so: ``plot a agains b``."""
    if place.previous is None:
        return None
    words = [text for text, name in tables.load().literals.items() if name in place.expected and text[0].isalpha()]
    if place.token.kind == NAME and (hints := did_you_mean(place.token.text, words)):
        return place.says("unexpected-token", f"{place.token.text} cannot stand here", hints=hints)
    is_save = place.first.text == "save" and place.position == place.begin + 2
    if is_save and near(place.previous.text, ("every",)):
        headline = f"{place.previous.text} cannot stand here"
        return place.says("unexpected-token", headline, place.span(place.previous), hints=("did you mean every?",))
    return None


def signals(place: Place) -> Diagnostic | None:
    """``save a.v every 1[ms]`` and ``plot a.v vs b.v``: words of a list of signals in another order or language."""
    word = place.token.text
    if place.where != "experiment" or place.first.text not in ("save", "plot") or place.previous is None:
        return None
    named = place.source.text[place.tokens[place.begin + 1].start : place.previous.end]
    if place.first.text == "save" and word == "every" and "\n" not in named:
        hints = (f"the distance comes first: save every 1[ms]: {named}",)
    elif place.first.text == "plot" and word in ("vs", "versus", "over"):
        hints = (f"write plot {named} against ...",)
    else:
        return None
    return place.says("unexpected-token", f"{word} cannot stand here", hints=hints)


def declaration_order(place: Place) -> Diagnostic | None:
    """The parts of a declaration in another order."""
    if place.where != "template" or place.first.text not in _DECLARATIONS or place.begin not in place.keywords:
        return None
    if place.token.kind in ("COLON", "EQUAL", "TILDE") or place.token.text in ("in", "scale"):
        headline = f"{place.token.text} cannot stand here in a declaration"
        return place.says("declaration-order", headline, hints=(f"the order is {ORDER}",))
    return None


def reset(place: Place) -> Diagnostic | None:
    """In an event something else than ``x := e``."""
    if place.where != "event" or "__ANON_1" not in place.expected:
        return None
    hints = ("write :=",) if place.token.kind == "EQUAL" else ("write x := value",)
    return place.says("bad-reset", "an event sets states with :=", hints=hints)


def incomplete(place: Place) -> Diagnostic | None:
    """A statement that ends too early."""
    if place.token.kind not in ENDS or place.previous is None:
        return None
    headline = f"this statement ends too early, after {described(place.previous)}"
    hints = ("say how long it may take: run until steady within 1[ms]",) if "WITHIN" in place.expected else ()
    return place.says("incomplete-statement", headline, (place.here, f"expected {listed(place.expected)}"), hints=hints)


def unexpected(place: Place) -> Diagnostic:
    """What is left to say: what stands here, and what could."""
    headline = f"{described(place.token)} cannot stand here"
    if hints := _advice(place):
        return place.says("unexpected-token", headline, hints=hints)
    wanted = listed(place.expected)
    return place.says("unexpected-token", headline, (place.here, f"expected {wanted}" if wanted else ""))


def _advice(place: Place) -> tuple[str, ...]:
    """What is meant by what other languages allow; nothing where it is not known."""
    token, previous = place.token, place.previous
    if previous is None:
        is_operator = token.kind in OPERATORS and place.position > 0
        return ("a statement goes on where its line ends with an operator: move it there",) if is_operator else ()
    if token.kind == "DOT" and previous.kind == NUMBER and previous.end == token.start:
        return (f"write {previous.text}.0, or {previous.text}",)
    before = {each.text for each in place.tokens[place.begin : place.position]}
    if token.text in _COMPARATORS and before & _COMPARATORS:
        return ("conditions are joined by and: a < x and x < b",)
    is_list = "COMMA" in place.expected and token.kind == NAME and not place.after_newline
    return ("is , missing?",) if is_list else ()


def near(word: str, words: tuple[str, ...]) -> bool:
    """Whether a word is spelt nearly as one of these."""
    return bool(difflib.get_close_matches(word.lower(), words, n=1))


def _article(word: str) -> str:
    return f"{'an' if word[:1] in 'aeio' else 'a'} {word}"
