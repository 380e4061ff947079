"""Devices: from a block of declarations and equations to a `Device` with checked units."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from mcompiler.diagnostics import Problems, did_you_mean
from mcompiler.dsl import syntax
from mcompiler.model.check import Checker, Known, Scope, ordered
from mcompiler.model.evaluate import constant
from mcompiler.model.expression import Expression, Name, name_set
from mcompiler.model.expression import apply as applied
from mcompiler.model.model import Definition, Device, Distribution, Event, Input, Law, Parameter, State, Value
from mcompiler.source import Span
from mcompiler.units import CAPACITANCE, CURRENT, DIMENSIONLESS, INDUCTANCE, TIME, VOLTAGE, Dimension

_PORT = {"v": VOLTAGE, "i": CURRENT}
_DISTRIBUTIONS = {"normal": 2, "lognormal": 2, "uniform": 2}
_MARGINS = {"gt": (0, 1), "ge": (0, 1), "lt": (1, 0), "le": (1, 0)}


@dataclass(slots=True)
class _Draft:
    """A device in the making: what is declared, and the equations sorted by what they are for."""

    block: syntax.Block
    names: dict[str, Known] = field(default_factory=dict[str, Known])
    states: dict[str, syntax.Declaration] = field(default_factory=dict[str, syntax.Declaration])
    rates: dict[str, syntax.Equation] = field(default_factory=dict[str, syntax.Equation])
    definitions: dict[str, syntax.Equation] = field(default_factory=dict[str, syntax.Equation])
    laws: list[syntax.Equation] = field(default_factory=list[syntax.Equation])


def resolve_device(block: syntax.Block, functions: Mapping[str, syntax.Function], problems: Problems) -> Device:
    """The device; what is wrong with it is in ``problems``."""
    return _Resolver(block, functions, problems).device()


class _Resolver:
    def __init__(self, block: syntax.Block, functions: Mapping[str, syntax.Function], problems: Problems) -> None:
        self.problems = problems
        self.check = Checker(problems)
        self.functions = functions
        self.draft = _Draft(block)
        self.block = block

    # --- what is declared

    def device(self) -> Device:
        """All of it."""
        terminals = self._terminals()
        statements = self.block.body
        declarations = [each for each in statements if isinstance(each, syntax.Declaration)]
        for each in declarations:
            self._declare(each)
        for equation in (each for each in statements if isinstance(each, syntax.Equation)):
            self._sort(equation)
        self._refuse(statements)
        parameters = resolve_parameters(
            [each for each in declarations if each.kind == "param"], self.draft.names, self.functions, self.check
        )
        inputs = self._inputs([each for each in declarations if each.kind == "input"])
        definitions, law = self._definitions()
        states = self._states()
        events = tuple(
            event for each in statements if isinstance(each, syntax.When) if (event := self._event(each)) is not None
        )
        self._unused(states, definitions, law, events)
        sets = {each.name.text: self._set(each) for each in statements if isinstance(each, syntax.ParameterSet)}
        return Device(
            self.block.name.text,
            terminals,
            self.block.name.span,
            parameters,
            inputs,
            states,
            definitions,
            law,
            events,
            sets,
            self.block.doc,
        )

    def _terminals(self) -> tuple[str, str]:
        names = [each.name for each in self.block.ports]
        if len(names) != 2:
            self.problems.error(
                "unsupported" if len(names) > 2 else "terminal-count",
                f"the device {self.block.name.text} has {len(names)} terminals; this version compiles devices with two",
                self.block.name.span,
                hints=(f"device {self.block.name.text}(p, n) {{ ... }}",),
            )
            names = [*names, "p", "n"][:2]
        return names[0], names[1]

    def _refuse(self, statements: Iterable[syntax.Statement]) -> None:
        for each in statements:
            if isinstance(each, syntax.Member | syntax.Element | syntax.Nodes | syntax.Synapses):
                self.problems.error(
                    "unsupported",
                    "devices made of other devices are part of the language, but this version does not compile them",
                    each.span,
                )

    def _declare(self, each: syntax.Declaration) -> None:
        name = each.name.text
        if each.kind in ("output", "target", "size"):
            self.problems.error(
                "wrong-place", f"a device has no {each.kind}", each.span, hints=(f"write {name} = ... as a definition",)
            )
            return
        if each.shape:
            self.problems.error(
                "unsupported",
                f"{name} is an array; quantities of a device are scalars, arrays are made of elements",
                each.span,
            )
        dimension = each.unit.unit.dimension if each.unit else self._implied(each)
        if name in _PORT and not (name == "i" and each.kind == "state"):
            self.problems.error(
                "reserved-word",
                f"{name} is the {'voltage' if name == 'v' else 'current'} of the device and cannot be declared",
                each.name.span,
            )
            return
        if self._new(name, each.name.span):
            self.draft.names[name] = Known(dimension, each.name.span, {"param": "parameter"}.get(each.kind, each.kind))
            if each.kind == "state":
                self.draft.states[name] = each

    def _new(self, name: str, span: Span) -> bool:
        if name in self.draft.names:
            before = self.draft.names[name].span
            self.problems.error(
                "duplicate-name",
                f"{name} is declared twice",
                (span, "again here"),
                *([(before, "first here")] if before else []),
            )
            return False
        return True

    def _implied(self, each: syntax.Declaration) -> Dimension:
        """The unit of a declaration without one: that of its value."""
        return implied_dimension(
            each.value if each.value is not None else each.bounds and each.bounds.upper,
            self.draft.names,
            self.functions,
        )

    # --- equations, sorted

    def _sort(self, equation: syntax.Equation) -> None:
        if equation.adds:
            self.problems.error("wrong-place", "+= adds to an input of a cell; a device has none", equation.span)
            return
        left = equation.left
        match left:
            case syntax.Name() if left.is_simple:
                self._sort_name(left.text, equation)
            case syntax.Derivative(name=name):
                self._sort_rate(name, equation)
            case syntax.Number(value=0):
                self.problems.error(
                    "unsupported",
                    "implicit relations 0 = ... are part of the language, but this version does not compile them",
                    equation.span,
                )
            case _:
                split = split_derivative(left)
                if split is None:
                    self.problems.error(
                        "equation-left",
                        "the left side of an equation is a name, a derivative dx/dt, or a factor times a derivative",
                        left.span,
                    )
                else:
                    self._sort_rate(split[1].name, equation)

    def _sort_name(self, name: str, equation: syntax.Equation) -> None:
        if name in _PORT:
            self.draft.laws.append(equation)
            return
        if name == "t":
            self.problems.error("assignment-to-time", "t is time and cannot be given a value", equation.left.span)
            return
        known = self.draft.names.get(name)
        if known is not None and known.what == "state":
            self.problems.error(
                "state-without-derivative",
                f"{name} is a state: its equation gives d{name}/dt",
                equation.left.span,
                hints=(f"write d{name}/dt = ..., or drop the declaration",),
            )
            return
        if name in self.draft.definitions:
            first = self.draft.definitions[name].left.span
            self.problems.error(
                "duplicate-equation",
                f"{name} has two equations",
                (equation.left.span, "again here"),
                (first, "first here"),
            )
            return
        if self._new(name, equation.left.span):
            self.draft.definitions[name] = equation

    def _sort_rate(self, name: str, equation: syntax.Equation) -> None:
        known = self.draft.names.get(name)
        span = equation.left.span
        if known is None:
            names = [*self.draft.states]
            hints = did_you_mean(name, names) or (f"declare it: state {name}",)
            self.problems.error("unknown-name", f"{name} is not a state of {self.block.name.text}", span, hints=hints)
        elif known.what != "state":
            self._not_a_state(name, known, span)
        elif name in self.draft.rates:
            first = self.draft.rates[name].left.span
            self.problems.error(
                "duplicate-equation", f"the state {name} has two equations", (span, "again here"), (first, "first here")
            )
        else:
            self.draft.rates[name] = equation

    def _not_a_state(self, name: str, known: Known, span: Span) -> None:
        place = [(known.span, f"{name} is a {known.what}")] if known.span else []
        code = "derivative-of-parameter" if known.what == "parameter" else "derivative-here"
        self.problems.error(
            code,
            f"{name} is a {known.what}, not a state: it has no derivative",
            span,
            *place,
            hints=(f"declare it as a state: state {name}",),
        )

    # --- inputs, states, laws

    def _scope(self, time: bool = True, place: str | None = None) -> Scope:
        names = {
            **{name: Known(dimension, None, "port quantity") for name, dimension in _PORT.items()},
            **self.draft.names,
        }
        return Scope(names, self.functions, time, place or f"in the device {self.block.name.text}")

    def _constant_scope(self, what: str) -> Scope:
        parameters = {name: known for name, known in self.draft.names.items() if known.what == "parameter"}
        return Scope(parameters, self.functions, False, what)

    def _inputs(self, declarations: Iterable[syntax.Declaration]) -> tuple[Input, ...]:
        result: list[Input] = []
        for each in declarations:
            known = self.draft.names.get(each.name.text)
            if known is None:
                continue
            default = None
            if each.value is not None:
                default = self.check.of(
                    each.value,
                    self._scope(place=f"the input {each.name.text}"),
                    known.dimension,
                    f"the value of {each.name.text}",
                    declared=each.name.span,
                )
            result.append(Input(each.name.text, known.dimension, each.name.span, default, each.doc))
        return tuple(result)

    def _states(self) -> tuple[State, ...]:
        return tuple(
            state for declaration in self.draft.states.values() if (state := self._state(declaration)) is not None
        )

    def _state(self, each: syntax.Declaration) -> State | None:
        name = each.name.text
        known = self.draft.names[name]
        lower, upper = self._bounds(each, known)
        scope = self._constant_scope(f"the initial value of {name}")
        initial = (
            resolve_value(
                each.value,
                each.is_distribution,
                scope,
                known.dimension,
                f"the initial value of {name}",
                self.check,
                each.name.span,
            )
            if each.value
            else None
        )
        scale = (
            self.check.of(each.scale, scope, known.dimension, f"the scale of {name}", declared=each.name.span)
            if each.scale
            else None
        )
        if scale is not None and (value := constant(scale)) is not None and not 0 < value < float("inf"):
            self.problems.error("missing-scale", f"the scale of {name} must be positive and finite", scale.span)
        rate = self._rate(name, known)
        if scale is None and each.scale is None:
            scale = self._implied_scale(each, initial, lower, upper)
        if rate is None:
            return None
        mass, value, origin = rate
        return State(name, known.dimension, each.name.span, value, mass, initial, scale, lower, upper, each.doc, origin)

    def _bounds(self, each: syntax.Declaration, known: Known) -> tuple[Expression | None, Expression | None]:
        if each.bounds is None:
            return None, None
        scope = self._constant_scope(f"a bound of {each.name.text}")
        sides = [
            self.check.of(side, scope, known.dimension, f"a bound of {each.name.text}", declared=each.name.span)
            for side in (each.bounds.lower, each.bounds.upper)
        ]
        low, high = sides
        if low is not None and high is not None:
            values = constant(low), constant(high)
            if values[0] is not None and values[1] is not None and not values[0] < values[1]:
                self.problems.error(
                    "empty-bounds",
                    f"no value of {each.name.text} lies in these bounds",
                    each.bounds.span,
                    hints=("the lower bound comes first",),
                )
        return low, high

    def _implied_scale(
        self, each: syntax.Declaration, initial: Value | None, lower: Expression | None, upper: Expression | None
    ) -> Expression | None:
        """The magnitude of a state that declares none: the width of its bounds, else its initial value."""
        if (
            lower is not None
            and upper is not None
            and not any(abs(constant(side) or 0.0) == float("inf") for side in (lower, upper))
        ):
            return applied("sub", (upper, lower), upper.dimension, upper.span)
        start = initial.arguments[0] if isinstance(initial, Distribution) else initial
        if start is not None and constant(start) != 0:
            return applied("abs", (start,), start.dimension, start.span)
        if (each.value is None or initial is not None) and (each.bounds is None or lower is not None):
            self.problems.error(
                "missing-scale",
                f"the state {each.name.text} needs a scale: it has neither finite bounds nor an initial value other than 0",
                each.name.span,
                notes=("tolerances are relative to the magnitude that a state usually has",),
                hints=(f"write state {each.name.text} ... scale 1[{self.draft.names[each.name.text].dimension}]",),
            )
        return None

    def _rate(self, name: str, known: Known) -> tuple[Expression | None, Expression, Span] | None:
        equation = self.draft.rates.get(name)
        law = self._law_equation()
        if (
            equation is None
            and law is not None
            and isinstance(law.left, syntax.Name)
            and law.left.text == "v"
            and name == "i"
        ):
            split = split_derivative(law.right)
            if split is not None and split[1].name == "i":
                mass = self._coefficient(split[0], law, INDUCTANCE)
                return None if mass is None else (mass, Name("v", VOLTAGE, law.left.span), law.span)
        if equation is None:
            self.problems.error(
                "missing-equation",
                f"the state {name} has no equation",
                known.span or self.block.span,
                hints=(f"write d{name}/dt = ...",),
            )
            return None
        return self._rate_of(name, known, equation)

    def _rate_of(
        self, name: str, known: Known, equation: syntax.Equation
    ) -> tuple[Expression | None, Expression, Span] | None:
        split = split_derivative(equation.left)
        assert split is not None
        mass = None
        dimension = known.dimension / TIME
        if split[0] is not None:
            mass = self.check.value(split[0], self._constant_scope("the factor of a derivative"))
            if mass is None:
                return None
            dimension = dimension * mass.dimension
        value = self.check.value(equation.right, self._scope())
        if value is None:
            return None
        if self._balanced(equation, value, dimension, name, known):
            fitted = self.check.fit(value, dimension, "this")
            return None if fitted is None else (mass, fitted, equation.span)
        return None

    def _balanced(
        self, equation: syntax.Equation, value: Expression, dimension: Dimension, name: str, known: Known
    ) -> bool:
        if value.dimension == dimension or getattr(value, "free", False):
            return True
        line = f" (line {known.span.line})" if known.span else ""
        what = "dimensionless" if known.dimension == DIMENSIONLESS else f"in {known.dimension}"
        self.problems.error(
            "unit-mismatch",
            "the two sides of this equation have different units",
            (equation.left.span, f"{dimension}, since {name} is {what}{line}"),
            (value.span, str(value.dimension)),
            hints=(f"the factor between the two sides is in {dimension / value.dimension}",),
        )
        return False

    def _law_equation(self) -> syntax.Equation | None:
        return self.draft.laws[0] if self.draft.laws else None

    def _coefficient(
        self, node: syntax.Expression | None, law: syntax.Equation, dimension: Dimension
    ) -> Expression | None:
        if node is None:
            return None
        return self.check.of(
            node,
            self._constant_scope("the factor of dv/dt" if dimension == CAPACITANCE else "the factor of di/dt"),
            dimension,
            "this factor",
        )

    def _definitions(self) -> tuple[tuple[Definition, ...], Law | None]:
        """Definitions and the law, resolved in order of use so that the unit of each is known before it is read."""
        draft = self.draft
        equations = {**draft.definitions}
        for law in draft.laws[1:]:
            self.problems.error(
                "duplicate-equation",
                "the port has two relations: one of i = ... and v = ... is enough",
                (law.left.span, "again here"),
                (draft.laws[0].left.span, "first here"),
            )
        law = self._law_equation()
        if law is None:
            self.problems.error(
                "missing-equation",
                f"the device {self.block.name.text} does not say what flows",
                self.block.name.span,
                hints=("write i = ... in terms of v, or v = ... in terms of i",),
            )
        elif split_derivative(law.right) is None:
            assert isinstance(law.left, syntax.Name)
            equations[law.left.text] = law
        reads = {name: [*_simple_names(equation.right)] for name, equation in equations.items()}
        order, circle = ordered(equations, reads)
        if circle:
            self._circular(circle, equations)
            for name in circle:
                draft.names.setdefault(name, Known(DIMENSIONLESS, equations[name].left.span, "definition"))
        values: dict[str, Definition] = {}
        for name in order:
            self._define(name, equations[name], values)
        return tuple(values[name] for name in order if name in values and name not in _PORT), self._law(law, values)

    def _define(self, name: str, equation: syntax.Equation, values: dict[str, Definition]) -> None:
        value = self.check.value(equation.right, self._scope())
        if value is None:
            self.draft.names.setdefault(
                name, Known(DIMENSIONLESS, equation.left.span, "definition")
            ) if name not in _PORT else None
            return
        if name in _PORT:
            known = Known(_PORT[name], None, "port quantity")
            if value.dimension != known.dimension and not getattr(value, "free", False):
                self.problems.error(
                    "unit-mismatch",
                    "the two sides of this equation have different units",
                    (equation.left.span, f"{name} is in {known.dimension}"),
                    (value.span, str(value.dimension)),
                    hints=(f"the factor between the two sides is in {known.dimension / value.dimension}",),
                )
                return
            value = self.check.fit(value, known.dimension, "this") or value
        else:
            self.draft.names[name] = Known(value.dimension, equation.left.span, "definition")
        values[name] = Definition(name, value.dimension, value, equation.span, equation.doc)

    def _circular(self, circle: list[str], equations: Mapping[str, syntax.Equation]) -> None:
        places = [
            (equations[name].left.span, f"{name} needs {following}")
            for name, following in zip(circle, [*circle[1:], circle[0]], strict=True)
        ]
        self.problems.error(
            "circular-definition", f"these definitions need each other: {' -> '.join([*circle, circle[0]])}", *places
        )

    def _law(self, equation: syntax.Equation | None, values: Mapping[str, Definition]) -> Law | None:
        if equation is None or not isinstance(equation.left, syntax.Name):
            return None
        side = equation.left.text
        split = split_derivative(equation.right)
        if split is not None:
            return self._reactive(equation, side, split)
        if side not in values:
            return None
        value = values[side].value
        if side == "i":
            return Law("current", value, equation.span)
        return Law("voltage" if self._uses_current(value, values) else "source", value, equation.span)

    def _reactive(
        self, equation: syntax.Equation, side: str, split: "tuple[syntax.Expression | None, syntax.Derivative]"
    ) -> Law | None:
        factor, derivative = split
        if (side, derivative.name) == ("i", "v"):
            value = self._coefficient(factor, equation, CAPACITANCE)
            return value and Law("capacitance", value, equation.span)
        if (side, derivative.name) == ("v", "i"):
            if "i" not in self.draft.states:
                self.problems.error(
                    "missing-state",
                    "a device with v = L*di/dt carries its current as a state",
                    equation.span,
                    hints=("declare it: state i: A = 0[A] scale 1[mA]",),
                )
                return None
            value = self._coefficient(factor, equation, INDUCTANCE)
            return value and Law("inductance", value, equation.span)
        if derivative.name in self.draft.names and self.draft.names[derivative.name].what == "parameter":
            self._not_a_state(derivative.name, self.draft.names[derivative.name], derivative.span)
            return None
        self.problems.error(
            "unsupported",
            f"{side} = ... d{derivative.name}/dt is not compiled in this version",
            equation.span,
            hints=("i = C*dv/dt and v = L*di/dt are",),
        )
        return None

    def _uses_current(self, value: Expression, values: Mapping[str, Definition]) -> bool:
        seen: set[str] = set()
        pending = list(name_set(value))
        while pending:
            name = pending.pop()
            if name not in seen:
                seen.add(name)
                pending += name_set(values[name].value) if name in values and name not in _PORT else []
        return "i" in seen

    # --- events, sets, leftovers

    def _event(self, each: syntax.When) -> Event | None:
        condition = self.check.condition(each.condition, self._scope())
        if condition is None:
            return None
        moving = {
            "t",
            "v",
            "i",
            *self.draft.states,
            *self.draft.definitions,
            *(name for name, known in self.draft.names.items() if known.what == "input"),
        }
        if not name_set(condition) & moving:
            self.problems.error(
                "constant-event",
                "this condition never changes: it depends on no state, voltage, current or time",
                condition.span,
            )
            return None
        margin = self._margin(condition)
        resets = [reset for node in each.resets if (reset := self._reset(node)) is not None]
        if margin is None:
            return None
        return Event(margin, tuple(resets), each.span)

    def _margin(self, condition: Expression) -> Expression | None:
        """What crosses zero upward when the condition comes true."""
        function, arguments = getattr(condition, "function", ""), getattr(condition, "arguments", ())
        if function in _MARGINS:
            first, second = _MARGINS[function]
            return applied("sub", (arguments[first], arguments[second]), arguments[0].dimension, condition.span)
        if function in ("and", "or"):
            margins = [self._margin(each) for each in arguments]
            if margins[0] is None or margins[1] is None:
                return None
            if margins[0].dimension != margins[1].dimension:
                self.problems.error(
                    "unit-mismatch",
                    "the two conditions of an event compare quantities of different units",
                    condition.span,
                    hints=("divide each by its scale: v/Vth > 1",),
                )
                return None
            return applied(
                "min" if function == "and" else "max", (margins[0], margins[1]), margins[0].dimension, condition.span
            )
        if function == "not":
            inner = self._margin(arguments[0])
            return inner and applied("neg", (inner,), inner.dimension, condition.span)
        self.problems.error("event-condition", "an event is a comparison with <, <=, > or >=", condition.span)
        return None

    def _reset(self, node: syntax.Reset) -> tuple[str, Expression] | None:
        name = node.name.text
        known = self.draft.names.get(name)
        if known is None or known.what != "state":
            hints = did_you_mean(name, self.draft.states)
            self.problems.error(
                "reset-of-non-state",
                f"an event can only set states; {name} is {'a ' + known.what if known else 'not one'}",
                node.name.span,
                hints=hints,
            )
            return None
        value = self.check.of(
            node.value, self._scope(), known.dimension, f"the new value of {name}", declared=known.span
        )
        return None if value is None else (name, value)

    def _set(self, each: syntax.ParameterSet) -> Mapping[str, Value]:
        result: dict[str, Value] = {}
        for argument in each.values:
            assert argument.name is not None
            name = argument.name.text
            known = self.draft.names.get(name)
            if known is None or known.what not in ("parameter", "state"):
                settable = [key for key, value in self.draft.names.items() if value.what in ("parameter", "state")]
                self.problems.error(
                    "unknown-argument",
                    f"{self.block.name.text} has no parameter or state {name}",
                    argument.name.span,
                    hints=did_you_mean(name, settable),
                )
                continue
            value = resolve_value(
                argument.value,
                argument.is_distribution,
                self._constant_scope(f"the value of {name}"),
                known.dimension,
                f"the value of {name}",
                self.check,
                known.span,
            )
            if value is not None:
                result[name] = value
        return result

    def _unused(
        self, states: Iterable[State], definitions: Iterable[Definition], law: Law | None, events: Iterable[Event]
    ) -> None:
        read = name_set(
            *(each.value for each in definitions), law.value if law else None, *(each.margin for each in events)
        )
        rates = {state.name: name_set(state.rate) for state in states}
        resets = name_set(*(value for event in events for _, value in event.resets))
        for state in states:
            others = {name for other, names in rates.items() if other != state.name for name in names}
            if state.name not in read | others | resets and not (
                law and law.kind == "inductance" and state.name == "i"
            ):
                self.problems.warn(
                    "unused-state",
                    f"the state {state.name} influences nothing: neither the port nor another state reads it",
                    state.span,
                    hints=("this is fine for a quantity that is only watched",),
                )


def split_derivative(node: syntax.Expression) -> tuple[syntax.Expression | None, syntax.Derivative] | None:
    """The factor and the derivative of ``dx/dt``, ``C*dx/dt``, ``dx/dt*C``, ``C*D*dx/dt`` or ``dx/dt/k``; None where it is not of that form."""
    match node:
        case syntax.Derivative():
            return None, node
        case syntax.Binary(operator="*", left=left, right=right):
            for inner, other in ((right, left), (left, right)):
                split = split_derivative(inner)
                if split is not None:
                    factor = other if split[0] is None else syntax.Binary(node.span, "*", other, split[0])
                    return factor, split[1]
        case syntax.Binary(operator="/", left=left, right=right):
            split = split_derivative(left)
            if split is not None:
                one = syntax.Number(left.span, "1", 1.0)
                return syntax.Binary(node.span, "/", split[0] or one, right), split[1]
    return None


def _simple_names(node: syntax.Expression) -> Iterable[str]:
    return (each.text for each in syntax.walk(node) if isinstance(each, syntax.Name) and each.is_simple)


def resolve_parameters(
    declarations: Iterable[syntax.Declaration],
    names: Mapping[str, Known],
    functions: Mapping[str, syntax.Function],
    check: Checker,
) -> tuple[Parameter, ...]:
    """Parameters with their defaults; a default may use other parameters, but not in a circle."""
    kept = [each for each in declarations if each.name.text in names]
    known = {name: value for name, value in names.items() if value.what in ("parameter", "size")}
    reads = {each.name.text: [*_simple_names(each.value)] if each.value else [] for each in kept}
    _, circle = ordered(reads, reads)
    if circle:
        places = [
            (known[name].span, f"{name} needs {following}")
            for name, following in zip(circle, [*circle[1:], circle[0]], strict=True)
        ]
        check.problems.error(
            "circular-definition",
            f"these parameters need each other: {' -> '.join([*circle, circle[0]])}",
            *[each for each in places if each[0]],
        )  # type: ignore[misc]
    result: list[Parameter] = []
    for each in kept:
        name = each.name.text
        dimension = known[name].dimension
        scope = Scope(dict(known), functions, False, f"the parameter {name}")
        default = (
            resolve_value(
                each.value, each.is_distribution, scope, dimension, f"the value of {name}", check, each.name.span
            )
            if each.value and name not in circle
            else None
        )
        bounds: list[Expression | None] = [None, None]
        if each.bounds is not None:
            bounds = [
                check.of(side, scope, dimension, f"a bound of {name}")
                for side in (each.bounds.lower, each.bounds.upper)
            ]
            _check_parameter_bounds(each, default, bounds, check)
        result.append(Parameter(name, dimension, each.name.span, default, bounds[0], bounds[1], each.doc))
    return tuple(result)


def _check_parameter_bounds(
    each: syntax.Declaration, default: Value | None, bounds: list[Expression | None], check: Checker
) -> None:
    assert each.bounds is not None
    low, high = (constant(side) if side is not None else None for side in bounds)
    if low is not None and high is not None and not low < high:
        check.problems.error("empty-bounds", f"no value of {each.name.text} lies in these bounds", each.bounds.span)
    value = constant(default) if default is not None and not isinstance(default, Distribution) else None
    if value is not None and ((low is not None and value < low) or (high is not None and value > high)):
        assert default is not None
        check.problems.error(
            "value-out-of-bounds",
            f"the value of {each.name.text} lies outside its bounds",
            default.span,
            each.bounds.span,
        )


def resolve_value(
    node: syntax.Expression,
    is_distribution: bool,
    scope: Scope,
    dimension: Dimension,
    what: str,
    check: Checker,
    declared: Span | None,
) -> Value | None:
    """A value or a distribution in ``dimension``."""
    if not is_distribution:
        return check.of(node, scope, dimension, what, declared=declared)
    if not isinstance(node, syntax.Call) or node.function.text not in _DISTRIBUTIONS:
        name = node.function.text if isinstance(node, syntax.Call) else ""
        check.problems.error(
            "unknown-distribution",
            "after ~ stands normal(mean, spread), lognormal(median, spread) or uniform(low, high)",
            node.span,
            hints=did_you_mean(name, _DISTRIBUTIONS),
        )
        return None
    kind = node.function.text
    if len(node.arguments) != 2:
        check.problems.error("argument-count", f"{kind} takes 2 arguments, not {len(node.arguments)}", node.span)
        return None
    first = check.of(node.arguments[0].value, scope, dimension, what, declared=declared)
    second = check.value(node.arguments[1].value, scope)
    if first is None or second is None:
        return None
    relative = kind == "lognormal" or (kind == "normal" and second.dimension == DIMENSIONLESS)
    fitted = check.fit(second, DIMENSIONLESS if relative else dimension, f"the second argument of {kind}")
    if fitted is None:
        return None
    return Distribution(
        "normal" if kind == "normal" else "lognormal" if kind == "lognormal" else "uniform",
        (first, fitted),
        dimension,
        node.span,
    )


def implied_dimension(
    node: syntax.Expression | None, names: Mapping[str, Known], functions: Mapping[str, syntax.Function]
) -> Dimension:
    """The dimension of a declaration without a unit, from its value; silent where that is wrong (it is reported later)."""
    if node is None:
        return DIMENSIONLESS
    if isinstance(node, syntax.Call) and node.function.text in _DISTRIBUTIONS and node.arguments:
        node = node.arguments[0].value
    found = Checker(Problems()).any(node, Scope(dict(names), functions, False, ""))
    return found.dimension if found is not None else DIMENSIONLESS
