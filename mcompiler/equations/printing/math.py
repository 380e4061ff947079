"""Trees in LaTeX's mathematics."""

import re
from collections.abc import Sequence

from mcompiler.equations.printing.symbols import escaped, latex_name
from mcompiler.equations.printing.tree import (
    Call,
    Gathered,
    Integral,
    Logic,
    Moment,
    Name,
    Negation,
    Node,
    Partial,
    Power,
    Product,
    Rate,
    Relation,
    Share,
    Sum,
    Text,
)
from mcompiler.units import DIMENSIONLESS, Dimension

_FUNCTIONS = {"sin", "cos", "tan", "sinh", "cosh", "tanh", "exp", "log", "min", "max"}
_RELATIONS = {"<": "<", "<=": r"\le", ">": ">", ">=": r"\ge", "==": "=", "!=": r"\ne"}
_WORDS = {"pi": r"\pi", "inf": r"\infty", "-inf": r"-\infty", "loss": r"\mathcal{L}", "q_e": r"q_{e}", "k_B": r"k_{B}"}
_QUANTITY = re.compile(r"^([\d.]+)(?:[eE]([+-]?\d+))?%?(?:\[(.*)\])?$")
_UNIT_WORD = re.compile(r"([a-zµμ]?)(ohm|Ω|\u2126)|([A-Za-zµμ]+)")
#: Prefixes that are Greek.
_MICRO = {"u", "µ", "μ"}
_MICRO_UNITS = ("A", "V", "m", "s", "S", "F", "H", "W", "J", "C", "N", "K", "g", "Wb", "T", "Pa", "mol")


def latex(node: Node) -> str:
    """The tree in math mode."""
    match node:
        case Text():
            made = _literal(node.text)
        case Name():
            made = latex_name(node.symbol)
        case Sum():
            made = " ".join(_term(place, minus, each) for place, (minus, each) in enumerate(node.terms))
        case Product():
            made = _product(node)
        case Power():
            made = f"{_base(node.base)}^{{{latex(node.exponent)}}}"
        case Call():
            made = _call(node)
        case Relation() | Logic() | Negation():
            made = _condition(node)
        case Rate() | Moment() | Partial() | Integral() | Gathered():
            made = _calculus(node)
    return made


def _condition(node: Relation | Logic | Negation) -> str:
    match node:
        case Relation():
            return f"{latex(node.left)} {_RELATIONS[node.operator]} {latex(node.right)}"
        case Logic():
            word = r" \wedge " if node.word == "and" else r" \vee "
            return word.join(_bracketed(each) if isinstance(each, Logic) else latex(each) for each in node.parts)
        case Negation():
            return rf"\neg {_bracketed(node.part)}"


def _calculus(node: Rate | Moment | Partial | Integral | Gathered) -> str:
    match node:
        case Rate():
            mass = "" if node.mass is None else rf"{_factor(node.mass)}\,"
            return f"{'-' if node.is_backward else ''}{mass}{latex_name(node.symbol, is_rate=True)}"
        case Moment():
            instant = latex(node.instant)
            side = f"{instant[0]}^{{{instant[1:]}}}" if instant in ("t-", "t+") else instant
            return f"{latex_name(node.symbol)}({side})"
        case Partial():
            of = _bracketed(node.of) if isinstance(node.of, Rate) and node.of.mass is not None else latex(node.of)
            return rf"\frac{{\partial {of}}}{{\partial {latex(node.by)}}}"
        case Integral():
            body = _bracketed(node.body) if isinstance(node.body, Sum) else latex(node.body)
            return rf"\int_{{0}}^{{T}} {body}\,\mathrm{{d}}t"
        case Gathered():
            return " + ".join(_share(each) for each in node.shares) or "0"


def _share(share: Share) -> str:
    at = f" at {share.terminal}" if share.terminal else ""
    value = latex(share.value)
    body = value if not isinstance(share.value, Sum | Product) else _bracketed(share.value)
    return rf"\sum_{{\text{{{escaped(share.owner + at)}}}}} {body}"


def _bracketed(node: Node) -> str:
    return rf"\left({latex(node)}\right)"


def _term(place: int, minus: bool, node: Node) -> str:  # noqa: FBT001
    sign = ("-" if minus else "") if place == 0 else ("- " if minus else "+ ")
    return sign + (_bracketed(node) if isinstance(node, Sum) else latex(node))


def _product(node: Product) -> str:
    sign = "-" if node.is_negative else ""
    above, below = (latex(each[0]) if len(each) == 1 else _factors(each) for each in (node.above, node.below))
    return rf"{sign}\frac{{{above}}}{{{below}}}" if node.below else sign + _factors(node.above)


def _factors(nodes: Sequence[Node]) -> str:
    """Factors side by side; a dot before a number, which would be read as digits of the one before."""
    made = [_factor(each) for each in nodes]
    return "".join(made[:1] + [(r" \cdot " if each[0].isdigit() else r"\,") + each for each in made[1:]])


def _factor(node: Node) -> str:
    if isinstance(node, Sum | Relation | Logic) or (isinstance(node, Product) and node.is_negative):
        return _bracketed(node)
    return latex(node)


def _base(node: Node) -> str:
    simple = isinstance(node, Name | Call) and not (isinstance(node, Call) and node.name == "where")
    if isinstance(node, Text) and "[" not in node.text:
        simple = True
    if isinstance(node, Name) and "^" in latex_name(node.symbol):
        simple = False
    return latex(node) if simple else _bracketed(node)


def _call(node: Call) -> str:
    arguments = [latex(each) for each in node.arguments]
    match node.name:
        case "where":
            condition, chosen, other = arguments
            return rf"\begin{{cases}} {chosen} & {condition} \\ {other} & \text{{otherwise}} \end{{cases}}"
        case "abs":
            return rf"\left|{arguments[0]}\right|"
        case "sqrt":
            return rf"\sqrt{{{arguments[0]}}}"
        case "only":
            element = node.arguments[0]
            assert isinstance(element, Text)
            return rf"\left[{arguments[1]}\right]_{{\text{{only {escaped(element.text)}}}}}"
        case _:
            name = rf"\{node.name}" if node.name in _FUNCTIONS else rf"\operatorname{{{escaped(node.name)}}}"
            return rf"{name}\left({', '.join(arguments)}\right)"


def _literal(text: str) -> str:
    """``1e-14[m^2/(V*s)]`` with its power of ten and its unit; ``pi``."""
    found = _QUANTITY.match(text)
    if not found:
        return {"pi": r"\pi", "inf": r"\infty", "-inf": r"-\infty"}.get(
            text, rf"\mathrm{{{escaped(text)}}}" if len(text) > 2 else text
        )
    mantissa, exponent, unit = found.groups()
    number = mantissa if exponent is None else rf"{mantissa}\times 10^{{{int(exponent)}}}"
    return rf"{number}\,{_unit_text(unit)}" if unit else number


def unit(dimension: Dimension) -> str:
    """A unit in upright letters."""
    return "1" if dimension == DIMENSIONLESS else _unit_text(str(dimension))


def _unit_text(text: str) -> str:
    powers = re.sub(r"\^(\((.*?)\)|-?\d+)", lambda power: f"^{{{power[2] or power[1]}}}", text)
    return rf"\mathrm{{{_UNIT_WORD.sub(_unit_word, powers.replace('*', chr(92) + ',')).replace('%', chr(92) + '%')}}}"


def _unit_word(word: re.Match[str]) -> str:
    if word[2]:
        return (r"\mu" if word[1] in _MICRO else word[1]) + r"\Omega "
    name = word[3]
    return rf"\mu {name[1:]}" if name[0] in _MICRO and name[1:] in _MICRO_UNITS else name
