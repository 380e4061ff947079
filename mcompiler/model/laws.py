"""Definitions of a device and the relation of its port, resolved in order of use so that the unit of each is known before it is read."""

from collections.abc import Mapping

from mcompiler.dsl import syntax
from mcompiler.model import balance
from mcompiler.model.check import derivative_of_constant
from mcompiler.model.draft import PORT, Draft
from mcompiler.model.expression import Expression, is_free, name_set
from mcompiler.model.faults import circular, unbalanced
from mcompiler.model.model import Definition, Law
from mcompiler.model.scope import Known, ordered, simple_names
from mcompiler.model.sides import coefficient, not_a_state, split_derivative
from mcompiler.units import CAPACITANCE, INDUCTANCE

_OTHER_SIDE = {"i": "v", "v": "i"}


def resolve_definitions(draft: Draft) -> tuple[tuple[Definition, ...], Law | None]:
    """The definitions in order of use, and the law of the port."""
    law = _single_law(draft)
    equations = dict(draft.definitions)
    if law is not None and split_derivative(law.right) is None:
        equations[_side(law)] = law
    order, circle = ordered({name: simple_names(equation.right) for name, equation in equations.items()})
    if circle:
        places = [equations[name].left.span for name in circle]
        circular(draft.problems, "these definitions need each other", circle, places)
    values: dict[str, Definition] = {}
    for name in order:
        if name not in circle:
            _define(draft, name, equations[name], values)
    definitions = tuple(values[name] for name in order if name in values and name not in draft.port)
    return definitions, None if law is None else _law(draft, law, values)


def _side(law: syntax.Equation) -> str:
    assert isinstance(law.left, syntax.Name)
    return law.left.text


def _single_law(draft: Draft) -> syntax.Equation | None:
    for each in draft.laws[1:]:
        headline = "the port has two relations: one of i = ... and v = ... is enough"
        labels = ((each.left.span, "again here"), (draft.laws[0].left.span, "first here"))
        draft.problems.error("duplicate-equation", headline, *labels)
    if draft.law is None and not draft.has_refused and draft.port:
        headline = f"the device {draft.name} does not say what current flows"
        hints = ("write i = ... in terms of v, or v = ... in terms of i",)
        draft.problems.error("missing-equation", headline, draft.block.name.span, hints=hints)
    return draft.law


def _define(draft: Draft, name: str, equation: syntax.Equation, values: dict[str, Definition]) -> None:
    value = draft.check.value(equation.right, draft.scope())
    if value is None:
        return
    if name in draft.outputs:
        fitted = _output(draft, name, value)
        if fitted is None:
            return
        value = fitted
    elif name not in draft.port:
        draft.names[name] = Known(value.dimension, equation.left.span, "definition")
    elif is_free(value):
        value = balance.fit(draft.problems, value, draft.port[name], "this")
        assert value is not None
    elif value.dimension != draft.port[name]:
        unbalanced(draft.problems, (equation.left.span, draft.port[name]), (value.span, value.dimension))
        return
    values[name] = Definition(name, value.dimension, value, equation.span, equation.doc)


def _output(draft: Draft, name: str, value: Expression) -> Expression | None:
    """The value of an output in the unit that it is declared in, if it is."""
    declared = draft.outputs[name]
    fitted: Expression | None = value
    if declared.unit is not None:
        dimension = declared.unit.unit.dimension
        fitted = balance.fit(draft.problems, value, dimension, f"the output {name}", declared=declared.name.span)
    if fitted is not None:
        draft.names[name] = Known(fitted.dimension, declared.name.span, "output")
    return fitted


def _law(draft: Draft, equation: syntax.Equation, values: Mapping[str, Definition]) -> Law | None:
    side = _side(equation)
    split = split_derivative(equation.right)
    if split is not None:
        return _reactive(draft, equation, *split)
    if side not in values:
        return None
    value = values[side].value
    if side == "i":
        return Law("current", value, equation.span)
    reads = reached(value, {name: each for name, each in values.items() if name not in PORT})
    if "v" in reads:
        return None  # the circle is noted
    return Law("voltage" if "i" in reads else "source", value, equation.span)


def _reactive(
    draft: Draft, equation: syntax.Equation, factor: syntax.Expression | None, derivative: syntax.Derivative
) -> Law | None:
    """``i = C*dv/dt`` or ``v = L*di/dt``."""
    side, name = _side(equation), derivative.name
    known = draft.names.get(name)
    if name != _OTHER_SIDE[side]:
        if known is not None and known.what == "parameter":
            derivative_of_constant(draft.problems, name, derivative.span, draft.scope())
        elif known is not None and known.what != "state":
            not_a_state(draft, name, known, derivative.span)
        else:
            hints = ("i = C*dv/dt and v = L*di/dt are", f"give the rate of {name} an equation of its own")
            headline = f"{side} = ... d{name}/dt is not compiled in this version"
            draft.problems.error("unsupported", headline, equation.span, hints=hints)
        return None
    if side == "i":
        value = coefficient(draft, equation, factor, CAPACITANCE)
        return None if value is None else Law("capacitance", value, equation.span)
    if known is None or known.what != "state":
        declare = ("declare it: state i: A = 0[A] scale 1[mA]",)
        headline = "a device with v = L*di/dt carries its current as a state"
        draft.problems.error("missing-state", headline, equation.span, hints=declare)
        return None
    value = coefficient(draft, equation, factor, INDUCTANCE)
    return None if value is None else Law("inductance", value, equation.span)


def reached(value: Expression, definitions: Mapping[str, Definition]) -> set[str]:
    """All names that a value depends on, through definitions."""
    seen: set[str] = set()
    pending = [*name_set(value)]
    while pending:
        name = pending.pop()
        if name not in seen:
            seen.add(name)
            if name in definitions:
                pending += name_set(definitions[name].value)
    return seen
