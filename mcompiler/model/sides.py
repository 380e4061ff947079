"""The equations of a device, sorted by their left sides."""

from mcompiler.dsl import syntax
from mcompiler.model.check import derivative_of_constant
from mcompiler.model.draft import PORT, Draft, is_new
from mcompiler.model.expression import Expression
from mcompiler.model.faults import unbalanced, unknown, unsupported
from mcompiler.model.scope import Known, broken
from mcompiler.source import Span
from mcompiler.units import CAPACITANCE, INDUCTANCE, TIME, Dimension


def sort_equations(draft: Draft) -> None:
    """Put every equation where it belongs; what is in the wrong place or said twice is noted."""
    for each in draft.block.body:
        if isinstance(each, syntax.Equation):
            sort_equation(draft, each)
        elif isinstance(each, syntax.Member | syntax.Element | syntax.Nodes | syntax.Synapses):
            draft.has_refused = True
            if draft.block.kind == "device":
                unsupported(draft.problems, "devices made of other devices are", each.span)
            else:
                headline = "a cell holds parameters, inputs, outputs, states, equations and events only"
                draft.problems.error("wrong-place", headline, each.span)


def sort_equation(draft: Draft, equation: syntax.Equation) -> None:
    """Put one equation where it belongs."""
    left = equation.left
    split = split_derivative(left)
    if equation.adds:
        draft.has_refused = True
        headline = f"+= adds to an input of a cell at an end of a synapse; a {draft.block.kind} has no ends"
        if draft.block.kind == "device":
            headline = "+= adds to an input of a cell; a device has none"
        draft.problems.error("wrong-place", headline, equation.span)
    elif isinstance(left, syntax.Name) and left.is_simple:
        _sort_name(draft, left.text, equation)
    elif split is not None:
        _sort_rate(draft, split[1], equation)
    elif isinstance(left, syntax.Number) and left.value == 0:
        draft.has_refused = True
        unsupported(draft.problems, "implicit relations 0 = ... are", equation.span)
    else:
        draft.has_refused = True
        headline = "the left side of an equation is a name, a derivative dx/dt, or a factor times a derivative"
        draft.problems.error("equation-left", headline, left.span)


def _sort_name(draft: Draft, name: str, equation: syntax.Equation) -> None:
    span = equation.left.span
    known = draft.names.get(name)
    if name in draft.port:
        draft.laws.append(equation)
    elif name == "t":
        draft.problems.error("assignment-to-time", "t is time and cannot be given a value", span)
    elif known is not None and known.what == "state":
        headline = f"{name} is a state: its equation gives d{name}/dt"
        place = [(known.span, "declared here")] if known.span else []
        hints = (f"write d{name}/dt = ..., or drop the declaration",)
        draft.problems.error("state-without-derivative", headline, span, *place, hints=hints)
    elif name in draft.definitions:
        _twice(draft, f"{name} has two equations", equation, draft.definitions[name])
    elif name in draft.outputs:
        draft.definitions[name] = equation
    elif is_new(draft, name, span):
        draft.definitions[name] = equation
        draft.names[name] = broken(span, "definition")


def _sort_rate(draft: Draft, derivative: syntax.Derivative, equation: syntax.Equation) -> None:
    name, span = derivative.name, equation.left.span
    known = draft.names.get(name)
    if known is None:
        headline = f"{name} is not a state of {draft.name}"
        states = [each.name.text for each in draft.declared("state")]
        unknown(draft.problems, "unknown-name", headline, span, name, states, f"declare it: state {name}")
    elif known.what == "parameter":
        derivative_of_constant(draft.problems, name, span, draft.scope())
    elif known.what != "state":
        not_a_state(draft, name, known, span)
    elif name in draft.rates:
        _twice(draft, f"the state {name} has two equations", equation, draft.rates[name])
    else:
        draft.rates[name] = equation


def _twice(draft: Draft, headline: str, again: syntax.Equation, first: syntax.Equation) -> None:
    labels = ((again.left.span, "again here"), (first.left.span, "first here"))
    draft.problems.error("duplicate-equation", headline, *labels)


def not_a_state(draft: Draft, name: str, known: Known, span: Span) -> None:
    """The derivative of something that is not a state stands on the left."""
    place = [(known.span, f"{name} is {known.article}")] if known.span else []
    hints = draft.problems.suggest(name, [each.name.text for each in draft.declared("state")])
    headline = f"{name} is {known.article}, not a state: it has no derivative of its own"
    draft.problems.error("derivative-here", headline, span, *place, hints=hints or (f"declare it: state {name}",))


def split_derivative(node: syntax.Expression) -> tuple[syntax.Expression | None, syntax.Derivative] | None:
    """Factor and derivative of ``dx/dt``, ``C*dx/dt``, ``dx/dt*C``, ``C*D*dx/dt`` or ``dx/dt/k``; None where it is not of that form."""
    match node:
        case syntax.Derivative():
            return None, node
        case syntax.Binary(operator="*" | "/", left=left, right=right):
            for inner, other in ((right, left), (left, right)):
                split = None if inner is right and node.operator == "/" else split_derivative(inner)
                if split is not None:
                    return _joined(node, split[0], other), split[1]
        case _:
            pass
    return None


def _joined(node: syntax.Binary, factor: syntax.Expression | None, other: syntax.Expression) -> syntax.Expression:
    """The factor of a derivative with one more factor or divisor."""
    if node.operator == "/":
        return syntax.Binary(node.span, "/", factor or syntax.Number(node.left.span, "1", 1.0), other)
    return other if factor is None else syntax.Binary(node.span, "*", other, factor)


def coefficient(
    draft: Draft, law: syntax.Equation, factor: syntax.Expression | None, dimension: Dimension
) -> Expression | None:
    """The capacitance in ``i = C*dv/dt`` or the inductance in ``v = L*di/dt``; it is constant in time."""
    text = {CAPACITANCE: "C*dv/dt", INDUCTANCE: "L*di/dt"}[dimension]
    left, moving = (PORT["i"], PORT["v"]) if dimension == CAPACITANCE else (PORT["v"], PORT["i"])
    if factor is None:
        unbalanced(draft.problems, (law.left.span, left), (law.right.span, moving / TIME), f"; write {text}")
        return None
    what = f"the factor of {text[2:]}"
    return draft.check.of(factor, draft.constant_scope(what), dimension, what)
