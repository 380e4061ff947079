"""A device, cell or synapse in the making: what is declared, and its equations sorted by what they are for."""

from dataclasses import dataclass, field

from mcompiler.diagnostics import Problems
from mcompiler.dsl import syntax
from mcompiler.model.check import Checker
from mcompiler.model.faults import duplicate
from mcompiler.model.scope import RESERVED, Dotted, Functions, Known, Scope, broken
from mcompiler.model.values import CONSTANT, with_units
from mcompiler.source import Span
from mcompiler.units import CURRENT, DIMENSIONLESS, VOLTAGE, Dimension

#: The quantities that every device has.
PORT: dict[str, Dimension] = {"v": VOLTAGE, "i": CURRENT}
_DECLARED = {"param": "parameter", "state": "state", "input": "input", "output": "output"}
#: What each kind of template may declare.
_KINDS = {
    "device": ("param", "state", "input"),
    "cell": ("param", "state", "input", "output"),
    "synapse": ("param", "state", "input"),
}


@dataclass(slots=True)
class Draft:
    """A device, cell or synapse in the making.

    Attributes:
        block: its text.
        functions: what it may call.
        check: resolves its expressions.
        names: what its equations may use.
        declarations: parameters, inputs and states that have a name of their own.
        rates: the equation of each state.
        definitions: the equation of each defined name.
        outputs: the declaration of each output.
        laws: the equations of the port.
        dotted: resolves names with a dot (``pre.r``, ``P.i``); None where there are none. ``constant`` those of what is constant in time (``P.Ron``).
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
    outputs: dict[str, syntax.Declaration] = field(default_factory=dict[str, syntax.Declaration])
    laws: list[syntax.Equation] = field(default_factory=list[syntax.Equation])
    dotted: Dotted | None = None
    constant: Dotted | None = None
    has_refused: bool = False
    constants: dict[str, Known] = field(default_factory=dict[str, Known])

    @property
    def problems(self) -> Problems:
        """Where problems are noted."""
        return self.check.problems

    @property
    def name(self) -> str:
        """Of the template."""
        return self.block.name.text

    @property
    def port(self) -> dict[str, Dimension]:
        """The quantities of the port; only devices have one."""
        return PORT if self.block.kind == "device" else {}

    def declared(self, kind: syntax.DeclarationKind) -> list[syntax.Declaration]:
        """The declarations of one kind."""
        return [each for each in self.declarations if each.kind == kind]

    def scope(self, place: str = "") -> Scope:
        """What equations may use."""
        return Scope(self.names, self.functions, place or f"the {self.block.kind} {self.name}", dotted=self.dotted)

    def constant_scope(self, place: str) -> Scope:
        """What values that are constant in time may use."""
        return Scope(self.constants, self.functions, place, time=False, dotted=self.constant, elsewhere=self.names)

    @property
    def law(self) -> syntax.Equation | None:
        """The equation of the port."""
        return self.laws[0] if self.laws else None


def declare(draft: Draft) -> None:
    """Note what is declared, with its unit."""
    for name, dimension in draft.port.items():
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
    own = [each for each in draft.declarations if each.kind != "output"]
    draft.names.update(with_units(own, {each.name.text: draft.names[each.name.text] for each in own}, draft.functions))
    for each in draft.declared("output"):
        _declare_output(draft, each)
    draft.constants = {name: known for name, known in draft.names.items() if known.what in CONSTANT}


def _declare_output(draft: Draft, each: syntax.Declaration) -> None:
    """An output is a definition with a declared unit; its value stands with it or in an equation of its own."""
    name = each.name.text
    draft.outputs[name] = each
    draft.names[name] = broken(each.name.span, "output")
    if each.value is not None and not each.is_distribution:
        left = syntax.Name(each.name.span, (syntax.Part(each.name.span, name, ()),))
        draft.definitions[name] = syntax.Equation(each.span, left, each.value, doc=each.doc)
    for part in (each.bounds, each.scale):
        if part is not None:
            headline = f"the output {name} has neither bounds nor a scale: only states have"
            draft.problems.error("wrong-place", headline, part.span)


def _is_declarable(draft: Draft, each: syntax.Declaration) -> bool:
    name, span = each.name.text, each.name.span
    if each.kind not in _KINDS[draft.block.kind]:
        hints = (f"write {name} = ... as a definition",) if each.kind == "output" else ()
        draft.problems.error("wrong-place", f"a {draft.block.kind} has no {each.kind}", each.span, hints=hints)
        return False
    if each.shape:
        made_of = {"device": "elements", "cell": "cells", "synapse": "synapses"}[draft.block.kind]
        headline = f"{name} is an array; quantities of a {draft.block.kind} are scalars, arrays are made of {made_of}"
        example = f"cell[k in N]: {draft.name}(a[k], ground)" if draft.block.kind == "device" else ""
        draft.problems.error("unsupported", headline, each.span, hints=(example,) if example else ())
    if name in draft.port and (name, each.kind) != ("i", "state"):
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
