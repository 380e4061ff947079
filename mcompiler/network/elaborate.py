"""From a circuit with sizes to its network: nodes, ends, classes, values. What is wrong with the wiring is found here."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from mcompiler.diagnostics import Problems
from mcompiler.model.circuits import GROUND
from mcompiler.model.evaluate import evaluate, whole
from mcompiler.model.expression import TIME_NAME, Expression, Name, Number, name_set, substitute
from mcompiler.model.model import (
    Assignment,
    Circuit,
    Distribution,
    Element,
    Experiment,
    Loss,
    Model,
    Parameter,
    Signal,
    Value,
)
from mcompiler.network.connect import components
from mcompiler.network.draw import draw
from mcompiler.network.network import (
    EdgeClass,
    End,
    Floats,
    GlobalParameter,
    Group,
    Integers,
    Network,
    Observer,
    Part,
    Place,
    VertexClass,
)
from mcompiler.source import Span
from mcompiler.units import DIMENSIONLESS

#: Most members (nodes and elements) of a network, and the bytes that each needs at least.
MOST = 50_000_000
BYTES_PER_MEMBER = 200
#: The vertex class of the nodes with a capacitor.
NODES = "nodes"
_GROUND = -1


@dataclass(slots=True)
class _Wired:
    """An element with its ends as node numbers, and its values."""

    element: Element
    shape: tuple[int, ...]
    ends: tuple[Integers, Integers]
    given: dict[str, Expression]
    values: dict[str, Floats]
    initials: dict[str, Floats]

    @property
    def size(self) -> int:
        return len(self.ends[0])


@dataclass(slots=True)
class _Members:
    """Members of one element that go into one class."""

    wired: _Wired
    positions: Integers
    ends: tuple[str, str]


@dataclass(slots=True)
class _State:
    values: dict[str, Floats] = field(default_factory=dict[str, Floats])
    globals: dict[str, GlobalParameter] = field(default_factory=dict[str, GlobalParameter])
    inputs: dict[str, Expression] = field(default_factory=dict[str, Expression])


def elaborate(model: Model, experiment: Experiment | None = None, circuit: Circuit | None = None) -> Network:
    """The network of an experiment's circuit (or of ``circuit`` alone).

    Raises:
        CompileError: the wiring, a size or a value is wrong; all that was found.
    """
    target = experiment.circuit if experiment is not None else circuit
    if target is None:
        target = next(iter(model.circuits.values()))
    problems = Problems()
    network = _Elaborator(target, experiment, problems).network()
    problems.raise_errors()
    assert network is not None
    return network


class _Elaborator:
    def __init__(self, circuit: Circuit, experiment: Experiment | None, problems: Problems) -> None:
        self.circuit = circuit
        self.experiment = experiment
        self.problems = problems
        self.assignments = {
            (each.kind, each.element, each.name): each for each in (experiment.assignments if experiment else ())
        }
        self.seed = experiment.seed if experiment else 0
        self.state = _State()
        self.first: dict[str, int] = {}
        self.shapes: dict[str, tuple[int, ...]] = {}

    def network(self) -> Network | None:
        """The network, or None where problems stand in its way."""
        self._globals()
        if self.problems.errors:
            return None
        count = self._number_nodes()
        if self.problems.errors:
            return None
        wired = [each for element in self.circuit.elements if (each := self._wire(element)) is not None]
        if self.problems.errors:
            return None
        self._check_wiring(count, wired)
        if self.problems.errors:
            return None
        return self._classes(count, wired)

    # --- values of the circuit's own

    def _globals(self) -> None:
        declared = {each.name: each for each in (*self.circuit.sizes, *self.circuit.parameters)}
        pending = dict(declared)
        while pending:
            ready = [each for each in pending.values() if not name_set(self._own(each)) & pending.keys() - {each.name}]
            for each in ready:
                self._global(each)
                del pending[each.name]
            if not ready:
                return
        for each in self.circuit.inputs:
            given = self.assignments.get(("input", "", each.name))
            value = given.value if given else each.default
            if value is None:
                self.problems.error(
                    "missing-argument",
                    f"the input {each.name} of {self.circuit.name} has no value",
                    each.span,
                    hints=(f"write input {each.name} = ... in the experiment",),
                )
            elif isinstance(value, Distribution) or TIME_NAME not in name_set(value):
                number = draw(value, self.state.values, (), f"{self.circuit.name}.{each.name}", self.seed)
                self.state.globals[each.name] = GlobalParameter(
                    each.name, each.dimension, float(number), each.doc, each.span
                )
            else:
                self.state.inputs[each.name] = value

    def _own(self, each: Parameter) -> Expression | None:
        given = self.assignments.get(("set", "", each.name))
        value = given.value if given else each.default
        return value if not isinstance(value, Distribution) else None

    def _global(self, each: Parameter) -> None:
        given = self.assignments.get(("set", "", each.name))
        value = given.value if given else each.default
        if value is None:
            self.problems.error(
                "missing-argument",
                f"{each.name} of {self.circuit.name} has no value",
                each.span,
                hints=(f"give a default, or write set {each.name} = ...",),
            )
            return
        number = draw(value, self.state.values, (), f"{self.circuit.name}.{each.name}", self.seed)
        self.state.values[each.name] = number
        self._inside(each, number, given.span if given else each.span)
        if each not in self.circuit.sizes:
            self.state.globals[each.name] = GlobalParameter(
                each.name, each.dimension, float(number), each.doc, each.span
            )
        elif whole(float(number)) is None or float(number) < 1:
            self.problems.error(
                "size-zero" if float(number) == 0 else "bad-size",
                f"the size {each.name} is {float(number):g}; a size is a whole number, one or more",
                given.span if given else each.span,
            )

    def _inside(self, each: Parameter, number: Floats, span: Span, values: Mapping[str, Floats] | None = None) -> None:
        known = self.state.values if values is None else values
        for bound, below in ((each.lower, True), (each.upper, False)):
            if bound is None or not name_set(bound) <= known.keys():
                continue
            limit = evaluate(bound, known)
            if np.any(number < limit if below else number > limit):
                self.problems.error(
                    "value-out-of-bounds",
                    f"the value of {each.name} lies {'below' if below else 'above'} its bound {float(np.min(limit)):g}",
                    span,
                    (each.span, "declared here"),
                )

    # --- nodes and ends

    def _number_nodes(self) -> int:
        free = 0
        for node in self.circuit.nodes:
            shape = tuple(self._size(each, node.span, node.name) for each in node.shape)
            self.shapes[node.name] = shape
            self.first[node.name] = free
            free += _product(shape)
            self._fits(free, node.span, node.name)
        return free

    def _size(self, expression: Expression, span: Span, name: str) -> int:
        value = float(evaluate(expression, self.state.values))
        count = whole(value)
        if count is None or count < 1:
            self.problems.error(
                "size-zero" if value == 0 else "bad-size",
                f"{name} would have {value:g} members; a size is a whole number, one or more",
                expression.span,
                *([] if span == expression.span else [span]),
            )
            return 1
        return count

    def _fits(self, members: int, span: Span, name: str) -> None:
        if members > MOST:
            size = members * BYTES_PER_MEMBER / 2**30
            self.problems.error(
                "size-too-large",
                f"{name} makes {members} members, which would need about {size:.0f} GiB; the limit is {MOST}",
                span,
                hints=("make it smaller",),
            )

    def _wire(self, element: Element) -> _Wired | None:
        ranges = [
            self._range(index.first, index.last, index.span, f"{element.name} over {index.name}")
            for index in element.indices
        ]
        if any(each is None for each in ranges):
            return None
        bounds = [each for each in ranges if each is not None]
        shape = tuple(last - first + 1 for first, last in bounds)
        self._fits(_product(shape), element.span, element.name)
        if self.problems.errors:
            return None
        grid = np.meshgrid(*[np.arange(first, last + 1, dtype=np.float64) for first, last in bounds], indexing="ij")
        index = {each.name: values.reshape(-1) for each, values in zip(element.indices, grid, strict=True)}
        known = {**self.state.values, **index}
        ends = [self._end(element, terminal, known, _product(shape)) for terminal in (0, 1)]
        if ends[0] is None or ends[1] is None:
            return None
        wired = _Wired(element, shape, (ends[0], ends[1]), {}, {}, {})
        self._element_values(wired, index)
        return wired

    def _range(self, first: Expression, last: Expression, span: Span, name: str) -> tuple[int, int] | None:
        low, high = (whole(float(evaluate(each, self.state.values))) for each in (first, last))
        if low is None or high is None or low < 0:
            self.problems.error("index-out-of-range", f"the range of {name} needs whole numbers, zero or more", span)
            return None
        if high < low:
            self.problems.error("size-zero", f"the range of {name} is empty: {low}..{high}", span)
            return None
        return low, high

    def _end(self, element: Element, terminal: int, known: Mapping[str, Floats], count: int) -> Integers | None:
        end = element.terminals[terminal]
        if end.node == GROUND:
            return np.full(count, _GROUND, dtype=np.int64)
        shape = self.shapes[end.node]
        flat = np.zeros(count, dtype=np.int64)
        for expression, extent in zip(end.indices, shape, strict=True):
            value = np.broadcast_to(evaluate(expression, known), (count,))
            bad = (value < 0) | (value >= extent) | (value != np.floor(value))
            if np.any(bad):
                wrong = float(value[int(np.argmax(bad))])
                self.problems.error(
                    "index-out-of-range",
                    f"{element.name} reaches {end.node} at {wrong:g}; its indices run over 0..{extent - 1}",
                    expression.span,
                )
                return None
            flat = flat * extent + value.astype(np.int64)
        return flat + self.first[end.node]

    # --- values of elements

    def _element_values(self, wired: _Wired, index: Mapping[str, Floats]) -> None:
        element, device = wired.element, wired.element.device
        own = {each.name for each in device.parameters}
        for each in (*device.parameters, *device.inputs):
            value, at_element = self._chosen(element, each.name, each.default)
            if value is None:
                continue
            local = (
                frozenset()
                if at_element
                else name_set(_expression(value)) & (own | {one.name for one in device.inputs})
            )
            self._value(wired, each.name, value, index, local, at_element)
        known = {**self.state.values, **wired.values}
        for parameter in device.parameters:
            if parameter.name in wired.values:
                self._inside(parameter, wired.values[parameter.name], element.span, known)
        for state in device.states:
            assigned = self.assignments.get(("initial", element.name, state.name))
            initial = assigned.value if assigned else element.values.get(state.name)
            if initial is not None:
                number = draw(
                    initial, {**self.state.values, **index}, (wired.size,), f"{element.name}.{state.name}", self.seed
                )
                wired.initials[state.name] = np.array(np.broadcast_to(number, (wired.size,)))
            self._check_initial(wired, state.name, assigned)

    def _chosen(self, element: Element, name: str, default: Value | None) -> tuple[Value | None, bool]:
        """The value of a parameter or input, and whether it is given from outside the device."""
        for kind in ("set", "input"):
            assigned = self.assignments.get((kind, element.name, name))
            if assigned is not None:
                return assigned.value, True
        return (element.values[name], True) if name in element.values else (default, False)

    def _value(
        self,
        wired: _Wired,
        name: str,
        value: Value,
        index: Mapping[str, Floats],
        local: frozenset[str],
        at_element: bool,
    ) -> None:
        if not isinstance(value, Distribution):
            expression = substitute(value, self.state.inputs) if at_element else value
            read = name_set(expression)
            constants = {key: number for key, number in self.state.values.items() if key not in self.state.globals}
            if local or read - index.keys() - constants.keys():
                self._given(wired, name, expression, index, read if at_element else frozenset())
                return
        number = draw(value, {**self.state.values, **index}, (wired.size,), f"{wired.element.name}.{name}", self.seed)
        wired.values[name] = np.asarray(number if number.shape else float(number))

    def _given(
        self, wired: _Wired, name: str, expression: Expression, index: Mapping[str, Floats], read: frozenset[str]
    ) -> None:
        """A value that depends on parameters or time is a definition; names from outside the device are marked, indices become values."""
        outside: dict[str, Expression] = {}
        for each in read - {TIME_NAME}:
            if each in index:
                wired.values[f"index {each}"] = index[each]
                outside[each] = Name(f"index {each}", DIMENSIONLESS, expression.span)
            elif each in self.state.globals:
                outside[each] = Name(global_name(each), self.state.globals[each].dimension, expression.span)
            else:
                wired.values[f"size {each}"] = self.state.values[each]
                outside[each] = Name(f"size {each}", DIMENSIONLESS, expression.span)
        wired.given[name] = substitute(expression, outside)

    def _check_initial(self, wired: _Wired, name: str, assigned: Assignment | None) -> None:
        state = next(each for each in wired.element.device.states if each.name == name)
        known = {
            **self.state.values,
            **wired.values,
            **{global_name(key): np.float64(one.value) for key, one in self.state.globals.items()},
        }
        for key, expression in _resolved_order(wired.given):
            if name_set(expression) <= known.keys():
                known[key] = evaluate(expression, known)  # type: ignore[assignment]
        number = wired.initials.get(name)
        if number is None and state.initial is not None:
            number = draw(state.initial, known, (wired.size,), f"{wired.element.name}.{name}", self.seed)
            if isinstance(state.initial, Distribution):
                wired.initials[name] = np.array(np.broadcast_to(number, (wired.size,)))
        if number is None:
            number = np.zeros(1)
        for bound, below in ((state.lower, True), (state.upper, False)):
            if bound is None or not name_set(bound) <= known.keys():
                continue
            limit = evaluate(bound, known)
            if np.any(number < limit if below else number > limit):
                span = (
                    assigned.span
                    if assigned
                    else wired.element.values[name].span
                    if name in wired.element.values
                    else state.span
                )
                side = f"{'below' if below else 'above'} its bound {float(np.min(limit)):g}"
                self.problems.error(
                    "initial-out-of-bounds",
                    f"the initial value of {wired.element.name}.{name} lies {side}",
                    span,
                    (bound.span, "the bound"),
                )

    # --- wiring

    def _check_wiring(self, count: int, wired: list[_Wired]) -> None:
        first = (
            np.concatenate([np.where(each.ends[0] == _GROUND, count, each.ends[0]) for each in wired])
            if wired
            else np.empty(0, dtype=np.int64)
        )
        second = (
            np.concatenate([np.where(each.ends[1] == _GROUND, count, each.ends[1]) for each in wired])
            if wired
            else first
        )
        joined = np.bincount(np.concatenate([first, second]), minlength=count + 1)
        label = components(count + 1, first, second)
        for node in range(count):
            if joined[node] == 0:
                self._node_error(
                    "floating-node",
                    node,
                    "floats: no element joins it to the rest",
                    "join it to an element, or drop it",
                )
            elif label[node] != label[count] and label[node] == node:
                self._node_error(
                    "no-ground",
                    node,
                    "and what it is joined to have no path to ground",
                    "join one of these nodes to ground",
                )
            if len(self.problems.found) > 20:
                break
        if not self.problems.errors:
            self._check_drive(count, wired)

    def _node_error(self, code: str, node: int, text: str, hint: str) -> None:
        name, span = self._node_name(node)
        self.problems.error(code, f"node {name} {text}", span, hints=(hint,))

    def _node_name(self, node: int) -> tuple[str, Span]:
        for each in reversed(self.circuit.nodes):
            if self.first[each.name] <= node:
                shape = self.shapes[each.name]
                index = np.unravel_index(node - self.first[each.name], shape) if shape else ()
                return each.name + (f"[{', '.join(str(int(one)) for one in index)}]" if shape else ""), each.span
        raise AssertionError(node)

    def _check_drive(self, count: int, wired: list[_Wired]) -> None:
        driven_by: dict[int, list[str]] = {}
        capacitive = np.zeros(count, dtype=bool)
        for each in wired:
            law = each.element.device.law
            assert law is not None
            if law.kind == "source":
                self._source(each, driven_by)
            elif law.kind == "capacitance":
                self._capacitor(each, capacitive)
        for node, sources in driven_by.items():
            name, span = self._node_name(node)
            if len(sources) > 1:
                self.problems.error(
                    "source-loop",
                    f"these voltage sources form a loop: {', '.join(sources)} (at node {name})",
                    span,
                    hints=("put a resistor in series with one of them",),
                )
            if capacitive[node]:
                self.problems.error(
                    "unsupported",
                    f"node {name} has both a voltage source and a capacitor to ground; this version does not compile that",
                    span,
                    hints=("drop the capacitor: the source alone decides the voltage",),
                )
        undriven = ~capacitive
        undriven[list(driven_by)] = False
        for node in np.flatnonzero(undriven)[:20]:
            name, span = self._node_name(int(node))
            self.problems.error(
                "undriven-node",
                f"node {name} has neither a voltage source nor a capacitor to ground",
                span,
                notes=("this version compiles circuits in which every node has one of the two",),
                hints=(f"add the capacitance that is there in reality: C: Capacitor({name}, ground, C = 1[pF])",),
            )

    def _source(self, each: _Wired, driven_by: dict[int, list[str]]) -> None:
        first, second = each.ends
        if np.any((first != _GROUND) & (second != _GROUND)):
            self.problems.error(
                "unsupported",
                f"the voltage source {each.element.name} has no terminal at ground; this version compiles sources to ground only",
                each.element.span,
            )
            return
        if np.any((first == _GROUND) & (second == _GROUND)):
            self.problems.error(
                "source-loop",
                f"the voltage source {each.element.name} is short-circuited: both terminals are ground",
                each.element.span,
            )
            return
        for node in np.where(first == _GROUND, second, first):
            driven_by.setdefault(int(node), []).append(each.element.name)

    def _capacitor(self, each: _Wired, capacitive: np.ndarray) -> None:  # type: ignore[type-arg]
        first, second = each.ends
        if np.any((first != _GROUND) & (second != _GROUND)):
            self.problems.error(
                "unsupported",
                f"the capacitor {each.element.name} has no terminal at ground; this version compiles capacitors to ground only",
                each.element.span,
            )
            return
        nodes = np.where(first == _GROUND, second, first)
        capacitive[nodes[nodes != _GROUND]] = True

    # --- classes

    def _classes(self, count: int, wired: list[_Wired]) -> Network:
        names = np.full(count + 1, "", dtype=object)
        place = np.zeros(count + 1, dtype=np.int64)
        vertices: list[VertexClass] = []
        parts: dict[str, list[Part]] = {each.name: [] for each in self.circuit.elements}
        sources = [each for each in wired if _kind(each) == "source"]
        for members, sign in self._sorted_sources(sources):
            group = self._group(members, [one.name for one in vertices])
            nodes = np.concatenate(
                [np.maximum(each.wired.ends[0], each.wired.ends[1])[each.positions] for each in members]
            )
            vertices.append(VertexClass(group.name, "driven", nodes, group, sign))
            names[nodes], place[nodes] = group.name, np.arange(len(nodes))
            _note(parts, members, group.name)
        free = np.flatnonzero(names[:count] == "")
        if len(free):
            vertices.insert(0, VertexClass(NODES, "capacitive", free, initials=self._node_initials(free)))
            names[free], place[free] = NODES, np.arange(len(free))
        edges = self._edges(
            [each for each in wired if _kind(each) != "source"], names, place, parts, [one.name for one in vertices]
        )
        elements = {each.element.name: Place(each.shape, tuple(parts[each.element.name])) for each in wired}
        nodes_at = {each.name: self._node_place(each.name, names, place) for each in self.circuit.nodes}
        network = Network(
            self.circuit.name, tuple(self.state.globals.values()), tuple(vertices), tuple(edges), elements, nodes_at
        )
        return self._with_losses(network)

    def _sorted_sources(self, sources: list[_Wired]) -> list[tuple[list[_Members], int]]:
        classes: dict[object, tuple[list[_Members], int]] = {}
        for each in sources:
            first = each.ends[0] != _GROUND
            for sign, chosen in ((1, first), (-1, ~first)):
                positions = np.flatnonzero(chosen)
                if len(positions):
                    members = _Members(each, positions, ("", ""))
                    classes.setdefault((sign, _structure(each)), ([], sign))[0].append(members)
        return list(classes.values())

    def _edges(
        self, wired: list[_Wired], names: np.ndarray, place: Integers, parts: dict[str, list[Part]], taken: list[str]
    ) -> list[EdgeClass]:  # type: ignore[type-arg]
        classes: dict[object, list[_Members]] = {}
        for each in wired:
            at = [names[end] for end in each.ends]  # ground, -1, has the empty name at the end
            pairs = sorted({(str(a), str(b)) for a, b in zip(*at, strict=True)})
            for pair in pairs:
                positions = np.flatnonzero((at[0] == pair[0]) & (at[1] == pair[1]))
                classes.setdefault((_structure(each), pair), []).append(_Members(each, positions, pair))
        edges: list[EdgeClass] = []
        for members in classes.values():
            group = self._group(members, [*taken, *(one.name for one in edges), NODES])
            ends = []
            for terminal in (0, 1):
                vertices = members[0].ends[terminal]
                if vertices:
                    nodes = np.concatenate([each.wired.ends[terminal][each.positions] for each in members])
                    ends.append(End(terminal, vertices, place[nodes]))
            edges.append(EdgeClass(group.name, group, tuple(ends)))
            _note(parts, members, group.name)
        return edges

    def _group(self, members: list[_Members], taken: list[str]) -> Group:
        first = members[0].wired
        size = sum(len(each.positions) for each in members)
        several = len(members) > 1
        values: dict[str, Floats] = {}
        for name in first.values:
            shaped = [each.wired.values[name] for each in members]
            if several or shaped[0].shape:
                values[name] = np.concatenate(
                    [
                        np.broadcast_to(one, (each.wired.size,))[each.positions]
                        for one, each in zip(shaped, members, strict=True)
                    ]
                )
            else:
                values[name] = shaped[0]
        initials: dict[str, Floats] = {}
        for state in first.element.device.states:
            if any(state.name in each.wired.initials for each in members):
                initials[state.name] = np.concatenate(
                    [
                        each.wired.initials.get(state.name, np.full(each.wired.size, np.nan))[each.positions]
                        for each in members
                    ]
                )
        names = tuple(each.wired.element.name for each in members)
        name = names[0] if len(names) == 1 else first.element.device.name
        return Group(_fresh(name, taken), first.element.device, names, first.given, values, initials, size)

    def _node_initials(self, nodes: Integers) -> Floats:
        initials = np.zeros(len(nodes))
        for node in self.circuit.nodes:
            assigned = self.assignments.get(("initial", node.name, "v"))
            if assigned is not None:
                shape = self.shapes[node.name]
                mine = (nodes >= self.first[node.name]) & (nodes < self.first[node.name] + _product(shape))
                if not np.any(mine):
                    self.problems.error(
                        "initial-of-driven",
                        f"node {node.name} is driven by a voltage source: it has no initial value",
                        assigned.span,
                    )
                    continue
                number = draw(
                    assigned.value, self.state.values, (int(np.count_nonzero(mine)),), f"{node.name}.v", self.seed
                )
                initials[mine] = number
        return initials

    def _node_place(self, name: str, names: np.ndarray, place: Integers) -> Place:  # type: ignore[type-arg]
        shape = self.shapes[name]
        numbers = np.arange(self.first[name], self.first[name] + _product(shape))
        owners = names[numbers]
        parts = [
            Part(str(owner), place[numbers[owners == owner]], np.flatnonzero(owners == owner))
            for owner in sorted(set(owners))
        ]
        return Place(shape, tuple(parts))

    # --- losses

    def _with_losses(self, network: Network) -> Network:
        losses = self.experiment.losses if self.experiment else ()
        signals = {name: signal for loss in losses for name, signal in loss.signals.items()}
        observers = [each for signal in signals.values() if (each := self._observer(network, signal)) is not None]
        edges = tuple(_picked(each, observers) for each in network.edges)
        return replace(
            network, edges=edges, losses=tuple(self._outside(each) for each in losses), observers=tuple(observers)
        )

    def _outside(self, loss: Loss) -> Loss:
        """The loss with names of the circuit marked, inputs and sizes put in place."""
        marked: dict[str, Expression] = {
            name: Name(global_name(name), each.dimension, loss.span) for name, each in self.state.globals.items()
        }
        sizes = {
            each.name: Number(float(self.state.values[each.name]), DIMENSIONLESS, loss.span)
            for each in self.circuit.sizes
        }
        inputs = {name: substitute(expression, {**marked, **sizes}) for name, expression in self.state.inputs.items()}
        return replace(loss, value=substitute(loss.value, {**marked, **sizes, **inputs}))

    def _observer(self, network: Network, signal: Signal) -> Observer | None:
        place = network.elements.get(signal.element) or network.nodes[signal.element]
        located = locate(place, signal.indices)
        if located is None:
            self.problems.error("index-out-of-range", f"{signal.name} is outside the array", signal.span)
            return None
        owner, member = located
        kind = next((each for each in network.vertices if each.name == owner), None)
        if kind is not None and kind.kind == "driven" and signal.element in network.elements and signal.quantity == "i":
            self.problems.error(
                "unsupported",
                f"the current of a voltage source, {signal.name}, cannot stand in a loss in this version",
                signal.span,
                hints=("use the current of the element that it feeds",),
            )
            return None
        return Observer(
            signal.name,
            owner,
            node_quantity(network, owner) if signal.element in network.nodes else signal.quantity,
            member,
            signal.dimension,
        )


def _picked(edge: EdgeClass, observers: list[Observer]) -> EdgeClass:
    """An edge class of which a loss reads some of several members gets a value per member that says which."""
    values = dict(edge.group.values)
    for each in observers:
        if each.owner == edge.name and edge.group.size > 1:
            values[pick_name(each)] = (np.arange(edge.group.size) == each.member).astype(np.float64)
    return replace(edge, group=replace(edge.group, values=values))


def pick_name(observer: Observer) -> str:
    """The parameter that is 1 for the member that an observer reads."""
    return f"pick {observer.name}"


def node_quantity(network: Network, owner: str) -> str:
    """What the voltage of a node is called in its class."""
    vertex = next(each for each in network.vertices if each.name == owner)
    return "v" if vertex.sign > 0 else "node v"


def locate(place: Place, indices: tuple[int, ...]) -> tuple[str, int] | None:
    """Class and member of one member of an array; None where the indices lie outside."""
    if len(indices) != len(place.shape) or any(
        index >= extent for index, extent in zip(indices, place.shape, strict=True)
    ):
        return None
    flat = int(np.ravel_multi_index(indices, place.shape)) if indices else 0
    for part in place.parts:
        found = np.flatnonzero(part.positions == flat)
        if len(found):
            return part.owner, int(part.members[int(found[0])])
    return None


def global_name(name: str) -> str:
    """How a parameter of the circuit is called in a template; never the name of a quantity of a device."""
    return f"circuit.{name}"


def _note(parts: dict[str, list[Part]], members: list[_Members], owner: str) -> None:
    start = 0
    for each in members:
        count = len(each.positions)
        parts[each.wired.element.name].append(Part(owner, np.arange(start, start + count), each.positions))
        start += count


def _kind(each: _Wired) -> str:
    law = each.element.device.law
    return law.kind if law is not None else ""


def _structure(each: _Wired) -> object:
    """Elements with an equal structure share a template."""
    return (
        id(each.element.device),
        tuple(sorted((name, repr(value)) for name, value in each.given.items())),
        tuple(each.values),
    )


def _expression(value: Value) -> Expression | None:
    return None if isinstance(value, Distribution) else value


def _resolved_order(given: Mapping[str, Expression]) -> list[tuple[str, Expression]]:
    """Definitions, each after those that it reads."""
    done: list[tuple[str, Expression]] = []
    pending = dict(given)
    while pending:
        ready = [name for name, expression in pending.items() if not name_set(expression) & pending.keys()]
        if not ready:
            break
        done += [(name, pending.pop(name)) for name in ready]
    return done


def _product(shape: tuple[int, ...]) -> int:
    product = 1
    for each in shape:
        product *= each
    return product


def _fresh(name: str, taken: list[str]) -> str:
    number = 2
    result = name
    while result in taken:
        result = f"{name}{number}"
        number += 1
    return result
