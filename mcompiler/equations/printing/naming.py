"""How quantities are called in print: the user's names as they are, what is derived as ``lam_w``, apart from every name of the user's."""

from collections.abc import Callable
from dataclasses import dataclass

import sympy

from mcompiler.equations.pullback import quantities
from mcompiler.equations.system import LOSS, System, Template
from mcompiler.network.elaborate import global_name

Naming = Callable[[sympy.Symbol], str]
_GLOBAL = global_name("")


@dataclass(frozen=True, slots=True)
class Parts:
    """A name taken apart: ``p.free lam w`` is at terminal ``p``, of the kinds ``free lam``, of the quantity ``w``."""

    terminal: str
    kinds: tuple[str, ...]
    quantity: str


_KINDS = frozenset(
    (
        *("back", "bar", "data", "dot", "error", "free", "index", "integral", "lam", "node"),
        *("nudge", "pick", "push", "received", "size", "slope", "sum", "taken", "term"),
    )
)


def parts_of(symbol: sympy.Symbol) -> Parts:
    """The parts of a symbol's name."""
    name = symbol.name.removeprefix(f"{LOSS}.")
    terminal, dot, rest = name.partition(".")
    first = rest.partition(" ")[0]
    if not dot or " " in terminal or first not in _KINDS:
        terminal, rest = "", name
    kinds: list[str] = []
    while " " in rest and rest.partition(" ")[0] in _KINDS:
        kind, _, rest = rest.partition(" ")
        kinds.append(kind)
    return Parts(terminal, tuple(kinds), rest)


def ascii_names(system: System, template: Template | None) -> Naming:
    """Names for the equations of one template.

    A parameter of the circuit has the circuit's name in front where the template has one of the same name; a derived name has ``_`` behind it where the
    user has one like it.
    """
    users = {each for each in _own(template) if " " not in each} if template else set[str]()
    shared = {each.symbol.name.removeprefix(_GLOBAL) for each in system.parameters}

    def name(symbol: sympy.Symbol) -> str:
        parts = parts_of(symbol)
        quantity = parts.quantity
        if quantity.startswith(_GLOBAL):
            quantity = quantity.removeprefix(_GLOBAL)
            quantity = f"{system.name}.{quantity}" if quantity in users else quantity
        if quantity.startswith("d ") and " by " in quantity:
            of, _, by = quantity.removeprefix("d ").partition(" by ")
            quantity = f"d{of}_d{by}"
        text = "_".join((*parts.kinds, quantity))
        if (parts.kinds or " " in parts.quantity) and text in users | shared:
            text += "_"
        return f"{parts.terminal}.{text}" if parts.terminal else text

    return name


def _own(template: Template) -> list[str]:
    own = [each.symbol.name for each in quantities(template)]
    return [*own, *(_own(template.forward) if template.forward else ())]


def forward_names(system: System, template: Template) -> Naming:
    """Names for an adjoint template, where what is taken from the forward run has ``forward.`` in front."""
    assert template.forward is not None
    plain = ascii_names(system, template)
    forward = template.forward
    constant = {each.symbol for each in forward.parameters}
    moving = {each.symbol for each in quantities(forward)} - constant
    return lambda symbol: f"forward.{plain(symbol)}" if symbol in moving else plain(symbol)
