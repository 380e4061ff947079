"""Circuits: nodes, elements and what elements are given, with names and units checked."""

from collections.abc import Callable, Iterable, Mapping

from mcompiler.diagnostics import Problems, did_you_mean
from mcompiler.dsl import syntax
from mcompiler.model.check import Checker, Known, Scope
from mcompiler.model.devices import implied_dimension, resolve_parameters, resolve_value
from mcompiler.model.expression import Expression, Number, apply, number
from mcompiler.model.model import Circuit, Device, Element, Index, Input, Node, Parameter, Terminal, Value
from mcompiler.source import Span
from mcompiler.units import DIMENSIONLESS

GROUND = "ground"
_COUNTED = ("size", "parameter")

FindDevice = Callable[[str], Device | None]


def resolve_circuit(
    block: syntax.Block,
    devices: FindDevice,
    device_names: Iterable[str],
    circuits: Iterable[str],
    functions: Mapping[str, syntax.Function],
    problems: Problems,
) -> Circuit:
    """The circuit; what is wrong with it is in ``problems``."""
    return _Resolver(block, devices, list(device_names), set(circuits), functions, problems).circuit()


class _Resolver:
    def __init__(
        self,
        block: syntax.Block,
        devices: FindDevice,
        device_names: list[str],
        circuits: set[str],
        functions: Mapping[str, syntax.Function],
        problems: Problems,
    ) -> None:
        self.block = block
        self.devices = devices
        self.device_names = device_names
        self.circuits = circuits
        self.functions = functions
        self.problems = problems
        self.check = Checker(problems)
        self.names: dict[str, Known] = {}
        self.nodes: dict[str, Node] = {}

    def circuit(self) -> Circuit:
        """All of it."""
        block = self.block
        if block.ports:
            self.problems.error(
                "unsupported",
                "circuits used as elements are part of the language, but this version does not compile them",
                block.name.span,
            )
        declarations = [each for each in block.body if isinstance(each, syntax.Declaration)]
        for each in declarations:
            self._declare(each)
        for nodes in (each for each in block.body if isinstance(each, syntax.Nodes)):
            self._nodes(nodes)
        parameters = resolve_parameters(
            [each for each in declarations if each.kind in ("param", "size")], self.names, self.functions, self.check
        )
        sizes = tuple(each for each in parameters if self.names[each.name].what == "size")
        inputs = tuple(
            self._input(each) for each in declarations if each.kind == "input" and each.name.text in self.names
        )
        elements = tuple(
            element
            for each in block.body
            if isinstance(each, syntax.Element)
            if (element := self._element(each)) is not None
        )
        self._refuse()
        if not elements and not any(isinstance(each, syntax.Element) for each in block.body):
            self.problems.error("empty-circuit", f"the circuit {block.name.text} has no elements", block.name.span)
        return Circuit(
            block.name.text,
            block.name.span,
            sizes,
            tuple(each for each in parameters if each not in sizes),
            inputs,
            tuple(self.nodes.values()),
            elements,
            block.doc,
        )

    def _refuse(self) -> None:
        for each in self.block.body:
            if isinstance(each, syntax.Equation | syntax.When | syntax.ParameterSet | syntax.Member | syntax.Synapses):
                self.problems.error(
                    "wrong-place",
                    "a circuit holds parameters, nodes and elements only",
                    each.span,
                    hints=("equations belong into a device",),
                )

    def _declare(self, each: syntax.Declaration) -> None:
        name = each.name.text
        if each.kind not in ("param", "size", "input"):
            self.problems.error("wrong-place", f"a circuit has no {each.kind}", each.span)
            return
        if each.shape:
            self.problems.error(
                "unsupported",
                f"{name} is an array; arrays of parameters and inputs are not compiled in this version",
                each.span,
                hints=("give the element an expression of its indices",),
            )
        dimension = each.unit.unit.dimension if each.unit else implied_dimension(each.value, self.names, self.functions)
        if self._new(name, each.name.span):
            self.names[name] = Known(dimension, each.name.span, {"param": "parameter"}.get(each.kind, each.kind))

    def _new(self, name: str, span: Span) -> bool:
        before = self.names[name].span if name in self.names else None
        if before is not None:
            self.problems.error(
                "duplicate-name", f"{name} is declared twice", (span, "again here"), (before, "first here")
            )
        return before is None

    def _nodes(self, each: syntax.Nodes) -> None:
        for part in each.nodes:
            if part.name == GROUND:
                self.problems.error("reserved-word", "ground is the reference node and is there already", part.span)
            elif self._new(part.name, part.span):
                shape = [self._count(index) for index in part.indices]
                self.names[part.name] = Known(DIMENSIONLESS, part.span, "node")
                self.nodes[part.name] = Node(
                    part.name, tuple(each for each in shape if each is not None), part.span, each.doc
                )

    def _count(self, node: syntax.Expression) -> Expression | None:
        return self.check.of(node, self._scope(self._counted(), "a size"), DIMENSIONLESS, "a size")

    def _counted(self) -> dict[str, Known]:
        return {name: known for name, known in self.names.items() if known.what in _COUNTED}

    def _scope(self, names: Mapping[str, Known], place: str, time: bool = False) -> Scope:
        return Scope(dict(names), self.functions, time, place)

    def _input(self, each: syntax.Declaration) -> Input:
        name = each.name.text
        known = self.names[name]
        what = f"the value of {name}"
        default = (
            self.check.of(
                each.value,
                self._scope(self._counted(), f"the input {name}", time=True),
                known.dimension,
                what,
                declared=each.name.span,
            )
            if each.value
            else None
        )
        return Input(name, known.dimension, each.name.span, default, each.doc)

    # --- elements

    def _element(self, each: syntax.Element) -> Element | None:
        name = each.name.text
        new = self._new(name, each.name.span)
        if new:
            self.names[name] = Known(DIMENSIONLESS, each.name.span, "element")
        device, given = self._device(each)
        indices = [index for binding in each.bindings if (index := self._index(binding)) is not None]
        local = {index.name: Known(DIMENSIONLESS, index.span, "index") for index in indices}
        if device is None:
            return None
        positional = [argument for argument in each.arguments if argument.name is None]
        terminals = self._terminals(each, device, positional, local)
        values = {**given, **self._values(each, device, local)}
        self._missing(each, device, values)
        if terminals is None or not new:
            return None
        return Element(name, device, terminals, each.name.span, tuple(indices), values, each.doc)

    def _device(self, each: syntax.Element) -> tuple[Device | None, dict[str, Value]]:
        parts = [part.name for part in each.template.parts]
        if parts[0] in self.circuits:
            self.problems.error(
                "unsupported",
                "circuits used as elements are part of the language, but this version does not compile them",
                each.template.span,
            )
            return None, {}
        device = self.devices(parts[0])
        if device is None:
            self.problems.error(
                "unknown-device",
                f"there is no device {parts[0]}",
                each.template.span,
                hints=did_you_mean(parts[0], self.device_names) or ("`mcompiler devices` lists the library",),
            )
            return None, {}
        if len(parts) == 1:
            return device, {}
        if len(parts) > 2 or parts[1] not in device.sets:
            known = ", ".join(device.sets) or "none"
            self.problems.error(
                "unknown-set",
                f"{parts[0]} has no parameter set {'.'.join(parts[1:])}",
                each.template.span,
                hints=did_you_mean(parts[1], device.sets) or (f"there are: {known}",),
            )
            return device, {}
        return device, dict(device.sets[parts[1]])

    def _index(self, binding: syntax.Binding) -> Index | None:
        scope = self._scope(self._counted(), "an index range")
        over = binding.over
        if isinstance(over, syntax.Call):
            self.problems.error(
                "unsupported",
                "wiring from graphs is part of the language, but this version does not compile it",
                over.span,
            )
            return None
        if isinstance(over, syntax.Range):
            first = self.check.of(over.first, scope, DIMENSIONLESS, "an index")
            last = self.check.of(over.last, scope, DIMENSIONLESS, "an index")
        else:
            first = Number(0.0, DIMENSIONLESS, over.span)
            count = self.check.of(over, scope, DIMENSIONLESS, "a size")
            last = count and minus_one(count)
        return None if first is None or last is None else Index(binding.name.text, first, last, binding.span)

    def _terminals(
        self, each: syntax.Element, device: Device, positional: list[syntax.Argument], local: Mapping[str, Known]
    ) -> tuple[Terminal, Terminal] | None:
        if len(positional) < 2:
            missing = device.terminals[len(positional) :]
            self.problems.error(
                "unconnected-terminal",
                f"{each.name.text} leaves {' and '.join(missing)} of {device.name} unconnected",
                each.span,
                (device.span, f"{device.name} has the terminals {', '.join(device.terminals)}"),
                hints=("give a node for each: " + f"{each.name.text}: {device.name}(a, ground)",),
            )
            return None
        if len(positional) > 2:
            self.problems.error(
                "terminal-count",
                f"{device.name} has 2 terminals, but {each.name.text} joins {len(positional)} nodes",
                positional[2].span,
                hints=("parameters are given by name: R = 1[kohm]",),
            )
            return None
        first, second = (self._terminal(argument.value, local) for argument in positional)
        return None if first is None or second is None else (first, second)

    def _terminal(self, node: syntax.Expression, local: Mapping[str, Known]) -> Terminal | None:
        if not isinstance(node, syntax.Name) or len(node.parts) != 1:
            self.problems.error(
                "unknown-node",
                "a terminal is joined to a node by its name",
                node.span,
                hints=("parameters are given by name: R = 1[kohm]",),
            )
            return None
        part = node.parts[0]
        if part.name == GROUND and not part.indices:
            return Terminal(GROUND, (), node.span)
        if part.name not in self.nodes:
            hints = did_you_mean(part.name, [*self.nodes, GROUND]) or (f"declare it: node {part.name}",)
            self.problems.error("unknown-node", f"there is no node {part.name}", node.span, hints=hints)
            return None
        declared = self.nodes[part.name]
        if len(part.indices) != len(declared.shape):
            self.problems.error(
                "index-count",
                f"the node {part.name} has {len(declared.shape)} indices, not {len(part.indices)}",
                (node.span, ""),
                (declared.span, "declared here"),
            )
            return None
        scope = self._scope({**self._counted(), **local}, "an index")
        indices = [self.check.of(index, scope, DIMENSIONLESS, "an index") for index in part.indices]
        return (
            Terminal(part.name, tuple(each for each in indices if each is not None), node.span)
            if None not in indices
            else None
        )

    def _values(self, each: syntax.Element, device: Device, local: Mapping[str, Known]) -> dict[str, Value]:
        result: dict[str, Value] = {}
        seen: dict[str, Span] = {}
        for argument in each.arguments:
            if argument.name is None:
                continue
            name = argument.name.text
            if name in seen:
                self.problems.error(
                    "duplicate-name",
                    f"{name} is given twice",
                    (argument.name.span, "again here"),
                    (seen[name], "first here"),
                )
            seen[name] = argument.name.span
            value = self._given(argument, name, device, local)
            if value is not None:
                result[name] = value
        return result

    def _given(self, argument: syntax.Argument, name: str, device: Device, local: Mapping[str, Known]) -> Value | None:
        inputs = {each.name: each for each in device.inputs}
        settable = {**inputs, **{each.name: each for each in (*device.parameters, *device.states)}}
        assert argument.name is not None
        if name not in settable:
            self.problems.error(
                "unknown-argument",
                f"{device.name} has no parameter, input or state {name}",
                argument.name.span,
                hints=did_you_mean(name, settable) or (f"it has {', '.join(settable) or 'none'}",),
            )
            return None
        known = {**self._counted(), **local}
        is_input = name in inputs
        if is_input:
            known |= {key: value for key, value in self.names.items() if value.what == "input"}
        scope = self._scope(known, "" if is_input else f"the value of {name}", time=is_input)
        scope.place = f"in {device.name}({name} = ...)" if is_input else f"the value of {name}"
        target = settable[name]
        return resolve_value(
            argument.value,
            argument.is_distribution,
            scope,
            target.dimension,
            f"{name} of {device.name}",
            self.check,
            target.span,
        )

    def _missing(self, each: syntax.Element, device: Device, values: Mapping[str, Value]) -> None:
        wanted: list[Parameter | Input] = [*device.parameters, *device.inputs]
        given = {argument.name.text for argument in each.arguments if argument.name}
        for parameter in wanted:
            if parameter.default is None and parameter.name not in values and parameter.name not in given:
                self.problems.error(
                    "missing-argument",
                    f"{each.name.text} needs a value for {parameter.name} of {device.name}",
                    each.span,
                    (parameter.span, "it has no default"),
                )


def minus_one(count: Expression) -> Expression:
    """``count - 1``."""
    if isinstance(count, Number):
        return Number(count.value - 1, DIMENSIONLESS, count.span)
    return apply("sub", (count, number(1.0, count.span)), DIMENSIONLESS, count.span)
