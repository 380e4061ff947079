"""A tangent system in the model language, where the language can say it.

An element's direction needs that of the voltage at its terminals. Where every node of a circuit is driven by a source that is given as an expression of time
and of the circuit's parameters, that is such an expression too, and an input of the element's device. At nodes with a capacitor it is an unknown of the
node: that needs devices with four terminals, which this version does not compile.

What holds a state holds its direction: the rate is masked, and an event gives the direction that of the bound when the bound begins to hold the state.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import sympy

from mcompiler.dsl import parse_text
from mcompiler.equations.bounds import held, is_bounded, pushed
from mcompiler.equations.from_network import derive
from mcompiler.equations.functions import le, where
from mcompiler.equations.names import dot
from mcompiler.equations.printing.declarations import Words, declared, element, unit, words
from mcompiler.equations.printing.devices import device, event_lines, law_line, rate_line
from mcompiler.equations.printing.infix import infix
from mcompiler.equations.printing.model import model_text
from mcompiler.equations.printing.naming import parts_of
from mcompiler.equations.printing.view import View, view
from mcompiler.equations.shares import substituted
from mcompiler.equations.system import ONE, TIME, ZERO, EdgeClass, Event, System, Template, Unknown, VertexClass
from mcompiler.equations.tangent import tangent
from mcompiler.equations.translate import as_written, symbol
from mcompiler.model.model import Circuit, Device, Model
from mcompiler.model.resolve import resolve
from mcompiler.network.elaborate import elaborate, global_name
from mcompiler.network.network import Network

#: What the tangent of a device or circuit is called.
_SUFFIX = "Tangent"


@dataclass(frozen=True, slots=True)
class _Plan:
    """The tangent system beside the forward model, and the direction of the voltage that each source gives its node."""

    along: System
    network: Network
    circuit: Circuit
    voltages: dict[str, sympy.Expr]


def obstacle(system: System, network: Network) -> str:
    """Why the language cannot say the tangent of this system; empty where it can."""
    along = tangent(system)
    if any(each.kind == "capacitive" for each in network.vertices):
        return "the directions of node voltages would need devices with four terminals, which this version does not compile"
    for vertex in along.vertices:
        own = [each.name for each in _symbols(_voltage(vertex)) if not _is_shared(each)]
        if own:
            return f"the voltage of {vertex.name} depends on parameters of its own: {', '.join(own)}"
    several = [name for name, place in network.elements.items() if len(place.parts) != 1]
    return f"the elements of {several[0]} are in several classes" if several else ""


@as_written
def tangent_text(system: System, network: Network, model: Model) -> str:
    """The tangent as a model file, in the canonical form of that file."""
    along = tangent(system)
    circuit = next(each for each in model.circuits.values() if each.name == network.name)
    plan = _Plan(along, network, circuit, {each.name: _voltage(each) for each in along.vertices})
    made = resolve(parse_text("\n".join(_lines(plan)) + "\n", f"tangent of {network.name}"))
    again = elaborate(made)
    return model_text(derive(again), again, made)


def _voltage(vertex: VertexClass) -> sympy.Expr:
    """The direction of the voltage at a driven node, in terms of time and parameters."""
    template = vertex.template
    name = dot("node v" if any(each.symbol.name == "node v" for each in template.definitions) else "v")
    found = any(each.symbol == name for each in template.definitions)
    return substituted(name, template.definitions) if found else ZERO


def _symbols(value: sympy.Expr) -> list[sympy.Symbol]:
    return sorted(value.atoms(sympy.Symbol), key=lambda each: each.name)


def _is_shared(each: sympy.Symbol) -> bool:
    return each == TIME or parts_of(each).quantity.startswith(global_name(""))


# --- text


def _lines(plan: _Plan) -> Iterator[str]:
    groups = {each.name: each.group for each in plan.network.vertices} | {
        each.name: each.group for each in plan.network.edges
    }
    models = {each.device.name: each.device for each in plan.circuit.elements}
    seen: set[str] = set()
    for owner in plan.along.classes:
        group = groups.get(owner.name)
        if group is None or group.device.name in seen:
            continue
        seen.add(group.device.name)
        if isinstance(owner, EdgeClass):
            yield from _device(view(plan.along, owner.template), models[group.device.name])
        else:
            yield device(plan.along, _forward_part(owner.template), models[group.device.name])
    yield from _circuit(plan)


def _forward_part(template: Template) -> Template:
    """A source's own template: what it does not say of directions."""
    return Template(template.name, definitions=tuple(each for each in template.definitions if not _is_dot(each.symbol)))


def _is_dot(each: sympy.Symbol) -> bool:
    return parts_of(each).kinds[:1] == ("dot",)


def _device(of: View, model: Device) -> Iterator[str]:
    """The device with the directions of its states beside them."""
    template = of.template
    to = words(model)
    own = {each.name for each in model.definitions}
    yield f"device {model.name}{_SUFFIX}({', '.join(model.terminals)}) {{"
    yield from declared(to, model)
    yield from (f"param dot_{each.name}{unit(each.dimension)} = 0" for each in model.parameters)
    yield from (f"input dot_{each.name}{unit(each.dimension)} = 0" for each in model.inputs)
    yield "input dot_v: V = 0"
    yield from (to.state(each) for each in model.states)
    yield from _directions(of, to, model)
    for each in template.definitions:
        name = parts_of(each.symbol).quantity
        if name in own or (_is_dot(each.symbol) and name == "i"):
            yield f"{of.naming(each.symbol)} = {of.text(each.value)}"
    yield law_line(of, model)
    yield from motion(of, template)
    yield from (line for event in template.events for line in event_lines(of, event))
    yield "}"


def _directions(of: View, to: Words, model: Device) -> Iterator[str]:
    scales = {each.name: each.scale for each in model.states}
    for each in of.template.unknowns:
        if each.along is not None:
            given = scales[each.along.name]
            scale = "" if given is None else f" scale {to.expression(given)}"
            yield f"state {of.naming(each.symbol)}{unit(each.dimension)} = {of.text(each.initial)}{scale}"


def motion(of: View, template: Template, is_written: Callable[[Unknown], bool] = lambda each: True) -> Iterator[str]:  # noqa: ARG005
    """The equations of states and of what is derived beside them, and what holds both: a bound that holds a state holds its direction or error too."""
    bounded = {each.symbol: each for each in template.unknowns if is_bounded(each) and each.along is None}
    beside = {each.along: each for each in template.unknowns if each.along in bounded}
    defined = {each.symbol for each in template.definitions}
    for push in (pushed(each) for each in bounded.values() if each.symbol in beside):
        if push.symbol not in defined:
            yield f"{of.naming(push.symbol)} = {of.text(push.value)}"
    for each in template.unknowns:
        holder = None if each.along is None else bounded.get(each.along)
        if is_written(each):
            yield rate_line(of, each if holder is None else _masked(each, holder))
        if holder is not None:
            yield from event_lines(of, _held(each, holder))


def _masked(direction: Unknown, by: Unknown) -> Unknown:
    return Unknown(
        direction.symbol,
        direction.dimension,
        where(held(by), ZERO, direction.rate),
        direction.mass,
        mass_dimension=direction.mass_dimension,
    )


def _held(direction: Unknown, by: Unknown) -> Event:
    """When a bound begins to hold the state, the direction becomes that of the bound, and an error 0."""
    lower, upper = (ZERO if each is None else each for each in (direction.lower, direction.upper))
    value = (
        lower
        if lower == upper or by.upper is None
        else upper
        if by.lower is None
        else where(le(by.symbol, by.lower), lower, upper)
    )
    return Event(where(held(by), ONE, -ONE), by.dimension, ((direction.symbol, value),))


def _circuit(plan: _Plan) -> Iterator[str]:
    circuit, to = plan.circuit, words(plan.circuit)
    yield f"circuit {circuit.name}{_SUFFIX} {{"
    yield from declared(to, circuit)
    yield from (f"param dot_{each.name}{unit(each.dimension)} = 0" for each in circuit.parameters)
    edges = {each.name: each for each in plan.along.edges}
    for each in circuit.elements:
        (part,) = plan.network.elements[each.name].parts
        edge = edges.get(part.owner)
        if edge is None:
            yield element(to, each, each.device.name)
        else:
            yield element(to, each, f"{each.device.name}{_SUFFIX}", dict(_arguments(plan, edge)))
    yield "}"


def _arguments(plan: _Plan, edge: EdgeClass) -> Iterator[tuple[str, str]]:
    """Directions of what an element is given as expressions, and of its voltage."""
    of = view(plan.along, edge.template)
    given = next(each.group.given for each in plan.network.edges if each.name == edge.name)
    values = {each.symbol: each.value for each in edge.template.definitions}
    for name in given:
        if dot(name) in values:
            yield f"dot_{name}", infix(of.node(values[dot(name)]), _in_circuit)
    signs = {
        read.end: values[symbol("v")].coeff(read.symbol) for read in edge.template.reads if read.name in ("v", "node v")
    }
    voltage = sympy.Add(*(sign * plan.voltages[edge.ends[end]] for end, sign in signs.items()))
    if voltage != ZERO:
        yield "dot_v", infix(of.node(voltage), _in_circuit)


def _in_circuit(each: sympy.Symbol) -> str:
    """A name as it stands in the circuit: ``circuit.A`` is ``A`` there, ``index i`` is ``i``."""
    parts = parts_of(each)
    kinds = [kind for kind in parts.kinds if kind not in ("index", "size")]
    return "_".join((*kinds, parts.quantity.removeprefix(global_name(""))))
