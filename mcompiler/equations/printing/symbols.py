"""Names of quantities in LaTeX: ``Ron`` is R with the index on, ``lam w`` a lambda with the index w, ``p.v`` the v at terminal p."""

import re
from dataclasses import dataclass, replace

import sympy

from mcompiler.equations.printing.naming import parts_of
from mcompiler.network.elaborate import global_name

_GREEK = (
    "alpha|beta|gamma|delta|epsilon|zeta|eta|theta|kappa|lambda|mu|nu|xi|rho|sigma|tau|phi|chi|psi|omega"
    "|Gamma|Delta|Theta|Lambda|Xi|Sigma|Phi|Psi|Omega"
)
_SPELLED = {"lam": r"\lambda", "eps": r"\epsilon"}
#: Kinds that are a letter with the quantity as its index.
_LETTERS = {
    "lam": r"\lambda",
    "error": "e",
    "slope": r"\nabla",
    "taken": r"\chi",
    "push": "g",
    "integral": r"\mathcal{L}",
}
#: A letter or Greek name, and an index: digits, what follows ``_``, or the lower-case rest of a name that begins with a capital.
_INDEXED = re.compile(rf"^({_GREEK}|lam|eps|[A-Za-z])(\d+|_\w+)?$")
_CAPITAL = re.compile(r"^([A-Z])([a-z][a-z0-9]*)$")


_ESCAPES = {
    "\\": r"\textbackslash{}", "_": r"\_", "%": r"\%", "&": r"\&", "#": r"\#", "$": r"\$", "{": r"\{", "}": r"\}",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": "$<$", ">": "$>$", "*": "$*$",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Symbol:
    """The parts of a symbol: ``front accent{base}_{index}^{(at)}``."""

    base: str
    index: str = ""
    accent: str = ""
    front: str = ""
    at: str = ""

    def __str__(self) -> str:
        body = rf"\{self.accent}{{{self.base}}}" if self.accent else self.base
        index = f"_{{{self.index}}}" if self.index else ""
        return f"{self.front}{body}{index}{f'^{{{self.at}}}' if self.at else ''}"


def latex_name(symbol: sympy.Symbol, *, is_rate: bool = False) -> str:
    """The symbol in LaTeX, or its derivative by time."""
    parts = parts_of(symbol)
    made = _quantity(parts.quantity)
    for kind in reversed(parts.kinds):
        made = _derived(kind, made)
    if parts.terminal:
        made = replace(made, at=f"({parts.terminal})")
    if is_rate:
        made = (
            replace(made, accent="dot")
            if not made.accent
            else replace(made, front=rf"\tfrac{{\mathrm{{d}}}}{{\mathrm{{d}}t}}{made.front}")
        )
    return str(made)


def _derived(kind: str, of: Symbol) -> Symbol:
    if kind in _LETTERS:
        return Symbol(_LETTERS[kind], str(of))
    match kind:
        case "free":
            return replace(of, at=r"\mathrm{free}")
        case "bar":
            return replace(of, accent="bar")
        case "back":
            return replace(of, accent="hat")
        case "dot":
            return replace(of, front=r"\delta ")
        case _:
            return replace(of, at=rf"\mathrm{{{kind}}}")


def _quantity(name: str) -> Symbol:
    """A name of the user's; of a signal ``M.i`` the element becomes an index."""
    name = name.removeprefix(global_name(""))
    if name.startswith("d ") and " by " in name:
        of, _, by = name.removeprefix("d ").partition(" by ")
        return Symbol(rf"\tfrac{{\partial {_quantity(of)}}}{{\partial {_quantity(by)}}}")
    if name == "loss":
        return Symbol(r"\mathcal{L}")
    element, _, quantity = name.rpartition(".")
    own = _word(quantity)
    return (
        replace(own, index=",".join(part for part in (own.index, rf"\mathrm{{{escaped(element)}}}") if part))
        if element
        else own
    )


def _word(word: str) -> Symbol:
    indexed = _INDEXED.match(word)
    if indexed:
        base, index = indexed[1], (indexed[2] or "").removeprefix("_")
        return Symbol(_letter(base), index if index.isdigit() or len(index) < 2 else rf"\mathrm{{{escaped(index)}}}")
    capital = _CAPITAL.match(word)
    if capital:
        index = capital[2]
        return Symbol(capital[1], index if len(index) == 1 else rf"\mathrm{{{index}}}")
    return Symbol(word if word.isdigit() else rf"\mathrm{{{escaped(word)}}}")


def _letter(base: str) -> str:
    return _SPELLED.get(base) or (f"\\{base}" if len(base) > 1 else base)


def escaped(text: str) -> str:
    """Text that TeX prints as it is."""
    return "".join(_ESCAPES.get(each, each) for each in text)
