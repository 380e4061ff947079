"""A device in the making: what is declared, and its equations sorted by what they are for."""

from dataclasses import dataclass, field

from mcompiler.diagnostics import Problems
from mcompiler.dsl import syntax
from mcompiler.model.check import Checker
from mcompiler.model.faults import duplicate
from mcompiler.model.scope import RESERVED, Functions, Known, Scope
from mcompiler.model.values import CONSTANT, with_units
from mcompiler.source import Span
from mcompiler.units import CURRENT, DIMENSIONLESS, VOLTAGE, Dimension

#: The quantities that every device has.
PORT: dict[str, Dimension] = {"v": VOLTAGE, "i": CURRENT}
_DECLARED = {"param": "parameter", "state": "state", "input": "input"}


@dataclass(slots=True)
class Draft:
    """A device in the making.

    Attributes:
        block: its text.
        functions: what it may call.
        check: resolves its expressions.
        names: what its equations may use.
        declarations: parameters, inputs and states that have a name of their own.
        rates: the equation of each state.
        definitions: the equation of each defined name.
        laws: the equations of the port.
        constants: those of the names that are constant in time.
        has_refused: whether an equation was refused for its left side, so that it may be the one that is missing.
    """

    block: syntax.Block
    functions: Functions
    check: Checker
    names: dict[str, Known] = field(default_factory=dict[str, Known])
    declarations: list[syntax.Declaration] = field(default_factory=list[syntax.Declaration])
    rates: dict[str, syntax.Equation] = field(default_factory=dict[str, syntax.Equation])
    definitions: dict[str, syntax.Equation] = field(default_factory=dict[str, syntax.Equation])
    laws: list[syntax.Equation] = field(default_factory=list[syntax.Equation])
    has_refused: bool = False
    constants: dict[str, Known] = field(default_factory=dict[str, Known])

    @property
    def problems(self) -> Problems:
        """Where problems are noted."""
        return self.check.problems

    @property
    def name(self) -> str:
        """Of the device."""
        return self.block.name.text

    def declared(self, kind: syntax.DeclarationKind) -> list[syntax.Declaration]:
        """The declarations of one kind."""
        return [each for each in self.declarations if each.kind == kind]

    def scope(self, place: str = "") -> Scope:
        """What equations may use."""
        return Scope(self.names, self.functions, place or f"the device {self.name}")

    def constant_scope(self, place: str) -> Scope:
        """What values that are constant in time may use."""
        return Scope(self.constants, self.functions, place, time=False, elsewhere=self.names)

    @property
    def law(self) -> syntax.Equation | None:
        """The equation of the port."""
        return self.laws[0] if self.laws else None


def declare(draft: Draft) -> None:
    """Note what is declared, with its unit."""
    for name, dimension in PORT.items():
        draft.names[name] = Known(dimension, None, "quantity of the port")
    for each in draft.block.body:
        if not isinstance(each, syntax.Declaration):
            continue
        if _is_declarable(draft, each):
            draft.declarations.append(each)
            known = Known(
                each.unit.unit.dimension if each.unit else DIMENSIONLESS, each.name.span, _DECLARED[each.kind]
            )
            draft.names[each.name.text] = known
    draft.names.update(with_units(draft.declarations, _declared(draft), draft.functions))
    draft.constants = {name: known for name, known in draft.names.items() if known.what in CONSTANT}


def _declared(draft: Draft) -> dict[str, Known]:
    return {each.name.text: draft.names[each.name.text] for each in draft.declarations}


def _is_declarable(draft: Draft, each: syntax.Declaration) -> bool:
    name, span = each.name.text, each.name.span
    if each.kind not in _DECLARED:
        hints = (f"write {name} = ... as a definition",) if each.kind == "output" else ()
        draft.problems.error("wrong-place", f"a device has no {each.kind}", each.span, hints=hints)
        return False
    if each.shape:
        headline = f"{name} is an array; quantities of a device are scalars, arrays are made of elements"
        draft.problems.error("unsupported", headline, each.span, hints=(f"cell[k in N]: {draft.name}(a[k], ground)",))
    if name in PORT and (name, each.kind) != ("i", "state"):
        what = "voltage" if name == "v" else "current"
        headline = f"{name} is the {what} of every device and cannot be declared"
        draft.problems.error("reserved-word", headline, span, hints=("choose another name",))
        return False
    return is_new(draft, name, span)


def is_new(draft: Draft, name: str, span: Span) -> bool:
    """Whether the name may be given to something; otherwise the problem is noted."""
    if name in RESERVED:
        headline = f"{name} is {RESERVED[name]} and cannot be declared"
        draft.problems.error("reserved-word", headline, span, hints=("choose another name",))
        return False
    before = draft.names[name].span if name in draft.names else None
    if before is not None:
        duplicate(draft.problems, f"{name} is declared twice", span, before)
    return before is None
