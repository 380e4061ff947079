"""From a network to its system of templates: Kirchhoff's laws and the devices' relations in sympy. Sizes and values do not enter."""

from collections.abc import Iterable, Mapping, Sequence

import sympy

from mcompiler.diagnostics import CompileError, Diagnostic, InternalError, Label
from mcompiler.equations.functions import FUNCTIONS, constant, gt, where
from mcompiler.equations.system import (
    LOSS,
    ONE,
    TIME,
    ZERO,
    Accumulator,
    Contribution,
    Definition,
    EdgeClass,
    Event,
    Parameter,
    PointLoss,
    Read,
    System,
    Template,
    Unknown,
    VertexClass,
)
from mcompiler.model.expression import TIME_NAME, Apply, Expression, Name, Number
from mcompiler.model.model import Device, Distribution, State
from mcompiler.network import network as net
from mcompiler.network.elaborate import node_quantity, pick_name
from mcompiler.units import CAPACITANCE, CURRENT, DIMENSIONLESS, VOLTAGE, Dimension
from mcompiler.units import TIME as SECONDS

#: Accumulators of nodes: the current into a capacitive node, its capacitance, and the current into a driven node.
CURRENT_IN, CAPACITANCE_AT, DRIVEN_CURRENT = "i", "c", "node i"


def derive(network: net.Network) -> System:
    """The forward system: one template per class.

    Raises:
        CompileError: a current-controlled device is not linear in its current.
    """
    parameters = tuple(
        Parameter(symbol(f"circuit.{each.name}"), each.dimension, False, each.doc, each.origin)
        for each in network.parameters
    )
    vertices = tuple(_vertex(each) for each in network.vertices)
    edges = tuple(_edge(each, network) for each in network.edges)
    if network.losses:
        vertices = (*vertices, VertexClass(LOSS, _loss_template(network)))
        edges = (*edges, *(_node_observer(each) for each in network.observers if _is_vertex(network, each.owner)))
    return System(network.name, vertices, edges, parameters, _point_losses(network))


def symbol(name: str) -> sympy.Symbol:
    """The real symbol of this name."""
    return TIME if name == TIME_NAME else sympy.Symbol(name, real=True)


def translate(expression: Expression, known: dict[int, sympy.Expr] | None = None) -> sympy.Expr:
    """The expression in sympy; nothing is evaluated or rewritten beyond sympy's own sums and products."""
    table: dict[int, sympy.Expr] = {} if known is None else known
    match expression:
        case Number():
            return constant(expression.value)
        case Name():
            return symbol(expression.name)
        case Apply():
            if id(expression) not in table:
                table[id(expression)] = FUNCTIONS[expression.function](
                    *(translate(each, table) for each in expression.arguments)
                )
            return table[id(expression)]


# --- vertices


def _vertex(vertex: net.VertexClass) -> VertexClass:
    return VertexClass(vertex.name, _capacitive() if vertex.group is None else _driven(vertex, vertex.group))


def _capacitive() -> Template:
    i, c = symbol(CURRENT_IN), symbol(CAPACITANCE_AT)
    return Template(
        "nodes",
        unknowns=(
            Unknown(
                symbol("v"),
                VOLTAGE,
                rate=i,
                mass=c,
                doc="voltage to ground; Kirchhoff's current law",
                mass_dimension=CAPACITANCE,
            ),
        ),
        accumulators=(
            Accumulator(i, CURRENT, "current into the node"),
            Accumulator(c, CAPACITANCE, "capacitance to ground"),
        ),
        doc="nodes with a capacitor to ground",
    )


def _driven(vertex: net.VertexClass, group: net.Group) -> Template:
    device = group.device
    assert device.law is not None
    current = symbol(DRIVEN_CURRENT)
    definitions = _own_definitions(group)
    definitions.append(Definition(symbol("v"), VOLTAGE, translate(device.law.value), "", device.law.span))
    if vertex.sign < 0:
        definitions.append(Definition(symbol("node v"), VOLTAGE, -symbol("v"), "voltage of the node"))
    definitions.append(
        Definition(
            symbol("i"),
            CURRENT,
            current if vertex.sign > 0 else -current,
            "current through the source; Kirchhoff's current law",
        )
    )
    return Template(
        device.name,
        parameters=_parameters(group),
        unknowns=tuple(_unknown(each) for each in device.states),
        definitions=in_order(definitions),
        accumulators=(Accumulator(current, CURRENT, "current into the node"),),
        events=_events(device, definitions),
        doc=device.doc,
        origin=device.span,
    )


# --- edges


def _edge(edge: net.EdgeClass, network: net.Network) -> EdgeClass:
    group, device = edge.group, edge.group.device
    reads = tuple(
        Read(symbol(f"{device.terminals[end.terminal]}.v"), position, node_quantity(network, end.vertices), VOLTAGE)
        for position, end in enumerate(edge.ends)
    )
    definitions = _own_definitions(group)
    definitions.insert(0, Definition(symbol("v"), VOLTAGE, _voltage(edge, reads), "voltage across the element"))
    unknowns = tuple(_unknown(each) for each in device.states)
    assert device.law is not None
    if device.law.kind == "current":
        definitions.append(Definition(symbol("i"), CURRENT, translate(device.law.value), "", device.law.span))
    elif device.law.kind == "voltage":
        definitions.append(
            Definition(
                symbol("i"), CURRENT, _solved(device, definitions), "solved from the relation of v", device.law.span
            )
        )
    contributions = _contributions(edge, network)
    ends = tuple(end.vertices for end in edge.ends)
    observed = [each for each in network.observers if each.owner == edge.name]
    if observed:
        contributions += [_observed(each, len(ends), group.size) for each in observed]
        ends = (*ends, LOSS)
    template = Template(
        device.name,
        parameters=_parameters(group),
        unknowns=unknowns,
        definitions=in_order(definitions),
        reads=reads,
        contributions=tuple(contributions),
        events=_events(device, definitions),
        doc=device.doc,
        origin=device.span,
    )
    return EdgeClass(edge.name, template, ends)


def _voltage(edge: net.EdgeClass, reads: Sequence[Read]) -> sympy.Expr:
    signs = [ONE if end.terminal == 0 else -ONE for end in edge.ends]
    return sympy.Add(*(sign * read.symbol for sign, read in zip(signs, reads, strict=True)))


def _contributions(edge: net.EdgeClass, network: net.Network) -> list[Contribution]:
    law = edge.group.device.law
    assert law is not None
    kinds = {each.name: each.kind for each in network.vertices}
    result: list[Contribution] = []
    for position, end in enumerate(edge.ends):
        if law.kind == "capacitance":
            if kinds[end.vertices] == "capacitive":
                result.append(Contribution(position, CAPACITANCE_AT, translate(law.value), CAPACITANCE, law.span))
            continue
        accumulator = CURRENT_IN if kinds[end.vertices] == "capacitive" else DRIVEN_CURRENT
        result.append(
            Contribution(position, accumulator, -symbol("i") if end.terminal == 0 else symbol("i"), CURRENT, law.span)
        )
    return result


def _solved(device: Device, definitions: Sequence[Definition]) -> sympy.Expr:
    """The current of a device that gives ``v`` in terms of ``i``: the relation must be linear in ``i``."""
    assert device.law is not None
    i, v = symbol("i"), symbol("v")
    value = translate(device.law.value)
    for each in reversed(in_order([*definitions, Definition(i, CURRENT, ZERO)])):
        if each.symbol not in (i, v):
            inside = _reaches(each.symbol, i, definitions)
            value = value.xreplace({each.symbol: each.value}) if inside else value
    slope = sympy.diff(value, i)
    if i in slope.free_symbols or v in value.free_symbols:
        raise CompileError([_not_linear(device)])
    return (v - value.xreplace({i: ZERO})) / slope


def _reaches(name: sympy.Symbol, target: sympy.Symbol, definitions: Sequence[Definition]) -> bool:
    table = {each.symbol: each.value.free_symbols for each in definitions}
    pending, seen = [name], set[sympy.Symbol]()
    while pending:
        each = pending.pop()
        if each == target:
            return True
        if each not in seen:
            seen.add(each)
            pending += table.get(each, ())
    return False


def _not_linear(device: Device) -> Diagnostic:
    assert device.law is not None
    return Diagnostic(
        "unsupported",
        f"{device.name} gives v as a nonlinear function of i; this version compiles current-controlled devices that are linear in i",
        (Label(device.law.span),),
        hints=("solve the relation for i, if that can be done",),
    )


# --- what vertices and edges share


def _own_definitions(group: net.Group) -> list[Definition]:
    """What is given to the elements as expressions, and the device's own definitions."""
    device = group.device
    declared = {each.name: each for each in (*device.parameters, *device.inputs)}
    given = [
        Definition(symbol(name), declared[name].dimension, translate(value), declared[name].doc, value.span)
        for name, value in group.given.items()
    ]
    return given + [
        Definition(symbol(each.name), each.dimension, translate(each.value), each.doc, each.span)
        for each in device.definitions
    ]


def _parameters(group: net.Group) -> tuple[Parameter, ...]:
    declared = {each.name: each for each in (*group.device.parameters, *group.device.inputs)}
    result: list[Parameter] = []
    for name, values in group.values.items():
        known = declared.get(name)
        dimension, doc, span = (known.dimension, known.doc, known.span) if known else (DIMENSIONLESS, "", None)
        result.append(Parameter(symbol(name), dimension, bool(values.shape), doc, span))
    return tuple(result)


def _unknown(state: State) -> Unknown:
    initial = state.initial.arguments[0] if isinstance(state.initial, Distribution) else state.initial
    return Unknown(
        symbol(state.name),
        state.dimension,
        rate=translate(state.rate),
        mass=ONE if state.mass is None else translate(state.mass),
        initial=ZERO if initial is None else translate(initial),
        scale=ONE if state.scale is None else translate(state.scale),
        lower=_bound(state.lower),
        upper=_bound(state.upper),
        doc=state.doc,
        origin=state.origin,
        mass_dimension=DIMENSIONLESS if state.mass is None else state.mass.dimension,
    )


def _bound(expression: Expression | None) -> sympy.Expr | None:
    if expression is None or (isinstance(expression, Number) and abs(expression.value) == float("inf")):
        return None
    return translate(expression)


def _events(device: Device, definitions: Sequence[Definition]) -> tuple[Event, ...]:
    del definitions
    return tuple(
        Event(
            translate(each.margin),
            each.margin.dimension,
            tuple((symbol(name), translate(value)) for name, value in each.resets),
            each.span,
        )
        for each in device.events
    )


def in_order(definitions: Iterable[Definition]) -> tuple[Definition, ...]:
    """Definitions, each after those that it reads."""
    pending = {each.symbol: each for each in definitions}
    done: list[Definition] = []
    while pending:
        ready = [each for each in pending.values() if not (each.value.free_symbols & pending.keys())]
        if not ready:
            raise InternalError(f"definitions in a circle: {', '.join(map(str, pending))}")
        for each in ready:
            done.append(each)
            del pending[each.symbol]
    return tuple(done)


# --- losses


def _is_vertex(network: net.Network, name: str) -> bool:
    return any(each.name == name for each in network.vertices)


def _observed(observer: net.Observer, end: int, size: int) -> Contribution:
    value: sympy.Expr = symbol(observer.quantity)
    if size > 1:
        value = where(gt(symbol(pick_name(observer)), ZERO), value, ZERO)
    return Contribution(end, observer.name, value, observer.dimension)


def _node_observer(observer: net.Observer) -> EdgeClass:
    """An edge from the observed vertex to the loss."""
    read = Read(symbol(observer.quantity), 0, observer.quantity, observer.dimension)
    template = Template(
        "observer",
        reads=(read,),
        contributions=(Contribution(1, observer.name, read.symbol, observer.dimension),),
        doc="what the loss reads",
    )
    return EdgeClass(observer_class(observer), template, (observer.owner, LOSS))


def observer_class(observer: net.Observer) -> str:
    """The edge class that carries the quantity of a vertex to the loss."""
    return f"observe {observer.name}"


def _loss_template(network: net.Network) -> Template:
    accumulators = tuple(
        Accumulator(symbol(each.name), each.dimension, "what the loss reads") for each in network.observers
    )
    unknowns = tuple(
        Unknown(
            symbol(integral_name(position)),
            each.value.dimension * SECONDS,
            rate=translate(each.value),
            doc="running loss",
            origin=each.span,
        )
        for position, each in enumerate(network.losses)
        if each.kind == "over"
    )
    return Template("loss", unknowns=unknowns, accumulators=accumulators, doc="what the loss is made of")


def integral_name(position: int) -> str:
    """The unknown that a loss over an interval is."""
    return f"integral {position}"


def _point_losses(network: net.Network) -> tuple[PointLoss, ...]:
    result: list[PointLoss] = []
    for position, each in enumerate(network.losses):
        running = each.kind == "over"
        value = symbol(integral_name(position)) if running else translate(each.value)
        dimension: Dimension = each.value.dimension * SECONDS if running else each.value.dimension
        data = tuple(symbol(name) for name in each.data)
        result.append(PointLoss(f"loss {position}", value, dimension, data, each.span))
    return tuple(result)


def bindings(network: net.Network) -> tuple[dict[str, int], "Mapping[tuple[str, int], net.Integers]"]:
    """Sizes of all classes of the derived system, and the index arrays of its edge classes."""
    import numpy as np

    sizes = network.sizes()
    indices = {(edge.name, position): end.members for edge in network.edges for position, end in enumerate(edge.ends)}
    if network.losses:
        sizes[LOSS] = 1
        for edge in network.edges:
            if any(each.owner == edge.name for each in network.observers):
                indices[edge.name, len(edge.ends)] = np.zeros(edge.group.size, dtype=np.int64)
        for each in network.observers:
            if _is_vertex(network, each.owner):
                sizes[observer_class(each)] = 1
                indices[observer_class(each), 0] = np.array([each.member], dtype=np.int64)
                indices[observer_class(each), 1] = np.zeros(1, dtype=np.int64)
    return sizes, indices
