"""Names and units of expressions: from the syntax tree to `model.expression`. Says all that is wrong and goes on."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from mcompiler.diagnostics import Problems, did_you_mean
from mcompiler.dsl import syntax
from mcompiler.model.evaluate import constant
from mcompiler.model.expression import (
    TIME_NAME,
    Apply,
    Expression,
    Name,
    Number,
    apply,
    is_condition,
    is_free,
    number,
    size,
)
from mcompiler.model.functions import CONDITION, CONSTANTS, FUNCTIONS
from mcompiler.source import Span
from mcompiler.units import DIMENSIONLESS, TIME, Dimension

#: Largest expression after functions are put in place.
LARGEST = 20_000
_ARITHMETIC = {"+": "add", "-": "sub", "*": "mul", "/": "div", "and": "and", "or": "or"}
_COMPARISON = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge", "==": "eq", "!=": "ne"}


@dataclass(frozen=True, slots=True)
class Known:
    """A name that an expression may use: its dimension, where it is declared, and what it is in words."""

    dimension: Dimension
    span: Span | None
    what: str


@dataclass(slots=True)
class Scope:
    """What the names of an expression mean.

    Attributes:
        names: quantities by name.
        functions: the user's and the library's functions.
        time: whether ``t`` may be used; otherwise ``place`` says in words why not.
        dotted: resolves names with dots or indices (``M.v``); None where there are none.
    """

    names: dict[str, Known]
    functions: Mapping[str, syntax.Function]
    time: bool = True
    place: str = "here"
    dotted: "Callable[[syntax.Name], Expression | None] | None" = None
    bound: dict[str, Expression] = field(default_factory=dict[str, Expression])
    active: tuple[str, ...] = ()


class Checker:
    """Resolves expressions and notes problems; a result of None means that the problem is noted."""

    def __init__(self, problems: Problems) -> None:
        self.problems = problems

    def value(self, node: syntax.Expression, scope: Scope) -> Expression | None:
        """The expression as a number (not a condition)."""
        found = self.any(node, scope)
        if found is not None and is_condition(found):
            self.problems.error(
                "not-a-number",
                "a condition stands where a number is needed",
                found.span,
                hints=("write where(condition, 1, 0)",),
            )
            return None
        return found

    def of(
        self,
        node: syntax.Expression,
        scope: Scope,
        dimension: Dimension,
        what: str,
        code: str = "unit-mismatch",
        declared: Span | None = None,
    ) -> Expression | None:
        """The expression, which must have ``dimension``; ``what`` names it for the message."""
        found = self.value(node, scope)
        if found is None:
            return None
        return self.fit(found, dimension, what, code, declared)

    def fit(
        self,
        found: Expression,
        dimension: Dimension,
        what: str,
        code: str = "unit-mismatch",
        declared: Span | None = None,
    ) -> Expression | None:
        """``found`` if it has ``dimension`` (a free literal takes it)."""
        if is_free(found) and isinstance(found, Number):
            return Number(found.value, dimension, found.span)
        if found.dimension == dimension:
            return found
        places: list[Span | tuple[Span, str]] = [(found.span, f"this is in {found.dimension}")]
        if declared is not None:
            places.append((declared, f"declared in {dimension}"))
        self.problems.error(
            code, f"{what} must be in {dimension}, not {found.dimension}", *places, hints=_unit_hint(found, dimension)
        )
        return None

    def condition(self, node: syntax.Expression, scope: Scope) -> Expression | None:
        """The expression as a condition."""
        found = self.any(node, scope)
        if found is not None and not is_condition(found):
            self.problems.error(
                "not-a-condition",
                "a number stands where a condition is needed",
                found.span,
                hints=("compare it: x > 0",),
            )
            return None
        return found

    def any(self, node: syntax.Expression, scope: Scope) -> Expression | None:
        """A number or a condition."""
        match node:
            case syntax.Number():
                return Number(node.value, node.dimension, node.span, node.fits_any_unit)
            case syntax.Name():
                return self._name(node, scope)
            case syntax.Call():
                return self._call(node, scope)
            case syntax.Unary():
                return self._unary(node, scope)
            case syntax.Binary(operator="^"):
                return self._power(node, scope)
            case syntax.Binary():
                return self._binary(node, scope)
            case syntax.Compare():
                return self._compare(node, scope)
            case syntax.Derivative():
                return self._derivative(node, scope)
            case syntax.Text():
                self.problems.error("not-a-number", "a text stands where a number is needed", node.span)
            case syntax.Range():
                self.problems.error("not-a-number", "a range stands where a number is needed", node.span)
            case syntax.Total():
                self.problems.error(
                    "unsupported",
                    f"{node.function.text}(...) over members belongs to losses of networks, which this version does not compile",
                    node.span,
                )
        return None

    def _derivative(self, node: syntax.Derivative, scope: Scope) -> None:
        known = scope.names.get(node.name)
        if known is not None and known.what in ("parameter", "size"):
            self._parameter_derivative(node, known)
        else:
            self.problems.error(
                "derivative-here",
                f"the derivative d{node.name}/dt cannot be used inside an expression",
                node.span,
                hints=("write it alone on the left, or i = C*dv/dt, or v = L*di/dt",),
            )

    def _parameter_derivative(self, node: syntax.Derivative, known: Known) -> None:
        place = [(known.span, f"{node.name} is a {known.what}")] if known.span else []
        self.problems.error(
            "derivative-of-parameter",
            f"{node.name} is a {known.what}: it is constant in time and has no derivative",
            node.span,
            *place,
            hints=(f"declare it as a state: state {node.name}",),
        )

    def _name(self, node: syntax.Name, scope: Scope) -> Expression | None:
        if not node.is_simple:
            if scope.dotted is not None:
                return scope.dotted(node)
            self.problems.error(
                "unknown-name",
                f"{node.text} is not known {scope.place}",
                node.span,
                hints=("inside a device only its own names can be used",),
            )
            return None
        text = node.text
        if text in scope.bound:
            return scope.bound[text]
        if text == TIME_NAME:
            return self._time(node, scope)
        if text in scope.names:
            return Name(text, scope.names[text].dimension, node.span)
        if text in CONSTANTS:
            value, dimension = CONSTANTS[text]
            return Number(value, dimension, node.span)
        self._unknown(node, scope)
        return None

    def _unknown(self, node: syntax.Name, scope: Scope) -> None:
        hints = did_you_mean(node.text, [*scope.names, *scope.bound, *CONSTANTS])
        if not hints and (node.text in FUNCTIONS or node.text in scope.functions):
            hints = (f"{node.text} is a function: {node.text}(...)",)
        if not hints:
            hints = (f"declare it: param {node.text}",)
        self.problems.error("unknown-name", f"{node.text} is not known {scope.place}", node.span, hints=hints)

    def _time(self, node: syntax.Name, scope: Scope) -> Expression | None:
        if not scope.time:
            self.problems.error(
                "time-in-parameter",
                f"{scope.place} is constant: it cannot depend on t",
                node.span,
                hints=("only inputs, sources and equations use t",),
            )
            return None
        return Name(TIME_NAME, TIME, node.span)

    def _unary(self, node: syntax.Unary, scope: Scope) -> Expression | None:
        if node.operator == "not":
            found = self.condition(node.operand, scope)
            return found and apply("not", (found,), DIMENSIONLESS, node.span)
        operand = self.value(node.operand, scope)
        if isinstance(operand, Number):
            return Number(-operand.value, operand.dimension, node.span, operand.free)
        return operand and apply("neg", (operand,), operand.dimension, node.span)

    def _binary(self, node: syntax.Binary, scope: Scope) -> Expression | None:
        if node.operator in ("and", "or"):
            sides = (self.condition(node.left, scope), self.condition(node.right, scope))
            return (
                None
                if sides[0] is None or sides[1] is None
                else apply(node.operator, (sides[0], sides[1]), DIMENSIONLESS, node.span)
            )
        left, right = self.value(node.left, scope), self.value(node.right, scope)
        if left is None or right is None:
            return None
        match node.operator:
            case "*":
                return self._sized(apply("mul", (left, right), left.dimension * right.dimension, node.span))
            case "/":
                return self._sized(apply("div", (left, right), left.dimension / right.dimension, node.span))
            case _:
                same = self._same((left, right), "unit-mismatch", "a sum" if node.operator == "+" else "a difference")
                return same and self._sized(apply(_ARITHMETIC[node.operator], same, same[0].dimension, node.span))

    def _compare(self, node: syntax.Compare, scope: Scope) -> Expression | None:
        left, right = self.value(node.left, scope), self.value(node.right, scope)
        if left is None or right is None:
            return None
        same = self._same((left, right), "unit-mismatch", "a comparison")
        return same and apply(_COMPARISON[node.operator], same, DIMENSIONLESS, node.span)

    def _same(self, sides: tuple[Expression, ...], code: str, what: str) -> tuple[Expression, ...] | None:
        """The expressions with one unit."""
        fixed = [each for each in sides if not is_free(each)]
        dimension = fixed[0].dimension if fixed else DIMENSIONLESS
        for each in fixed[1:]:
            if each.dimension != dimension:
                self.problems.error(
                    code,
                    f"{what} needs one unit, but here are {dimension} and {each.dimension}",
                    (fixed[0].span, str(dimension)),
                    (each.span, str(each.dimension)),
                    hints=_literal_hint(each, dimension) or _literal_hint(fixed[0], each.dimension),
                )
                return None
        return tuple(
            Number(each.value, dimension, each.span, not fixed) if isinstance(each, Number) and each.free else each
            for each in sides
        )

    def _power(self, node: syntax.Binary, scope: Scope) -> Expression | None:
        base, exponent = self.value(node.left, scope), self.value(node.right, scope)
        if base is None or exponent is None:
            return None
        return self._raised(base, exponent, node.span)

    def _raised(self, base: Expression, exponent: Expression, span: Span) -> Expression | None:
        fitted = self.fit(exponent, DIMENSIONLESS, "an exponent")
        if fitted is None:
            return None
        if base.dimension == DIMENSIONLESS:
            return self._sized(apply("pow", (base, fitted), DIMENSIONLESS, span))
        value = constant(fitted)
        if value is None:
            self.problems.error(
                "unit-mismatch",
                f"a quantity in {base.dimension} can only be raised to a literal number",
                (fitted.span, "this is not a literal"),
                hints=("divide the base by a scale first: (x/x0)^p",),
            )
            return None
        return self._sized(
            apply("pow", (base, fitted), base.dimension ** Fraction(value).limit_denominator(1000), span)
        )

    def _call(self, node: syntax.Call, scope: Scope) -> Expression | None:
        name = node.function.text
        if not node.function.is_simple:
            self.problems.error("unknown-function", f"{name} is not a function", node.function.span)
            return None
        if any(each.name is not None for each in node.arguments):
            self.problems.error(
                "unknown-argument", f"the arguments of {name} have no names", node.span, hints=("give them in order",)
            )
            return None
        if name in scope.functions:
            return self._inlined(node, scope.functions[name], scope)
        if name in FUNCTIONS or name == "pow":
            return self._elementary(node, name, scope)
        what = scope.names.get(name)
        if what is not None:
            self.problems.error(
                "missing-operator",
                f"{name} is a {what.what}, not a function",
                node.function.span,
                hints=(f"to multiply, write {name}*(...)",),
            )
            return None
        if name in ("v", "i") or name == "sum":
            self.problems.error(
                "unsupported",
                f"{name}(...) belongs to devices with more terminals and to networks, which this version does not compile",
                node.span,
            )
            return None
        known = [*FUNCTIONS, "pow", *scope.functions]
        self.problems.error(
            "unknown-function", f"there is no function {name}", node.function.span, hints=did_you_mean(name, known)
        )
        return None

    def _elementary(self, node: syntax.Call, name: str, scope: Scope) -> Expression | None:
        if name == "pow":
            if not self._count(node, name, len(node.arguments) == 2, "2"):
                return None
            base, exponent = (self.value(each.value, scope) for each in node.arguments)
            return None if base is None or exponent is None else self._raised(base, exponent, node.span)
        function = FUNCTIONS[name]
        wants = function.wants(len(node.arguments))
        if wants is None:
            self._count(node, name, False, f"{len(function.arguments)}{' or more' if function.repeats else ''}")
            return None
        given = [
            self.condition(each.value, scope) if want == CONDITION else self.value(each.value, scope)
            for want, each in zip(wants, node.arguments, strict=True)
        ]
        if any(each is None for each in given):
            return None
        arguments = self._fitted([each for each in given if each is not None], wants, name)
        if arguments is None:
            return None
        shared = next(
            (each.dimension for each, want in zip(arguments, wants, strict=True) if want == "x"), DIMENSIONLESS
        )
        result = (
            function.result
            if isinstance(function.result, Dimension)
            else shared
            if isinstance(function.result, str)
            else function.result(shared)
        )
        return self._sized(apply(name, arguments, result, node.span))

    def _fitted(
        self, given: Sequence[Expression], wants: Sequence[str | Dimension], name: str
    ) -> tuple[Expression, ...] | None:
        shared = (
            self._same(
                tuple(each for each, want in zip(given, wants, strict=True) if want == "x"), "unit-mismatch", name
            )
            if "x" in wants
            else ()
        )
        if shared is None:
            return None
        rest = iter(shared)
        result: list[Expression] = []
        for each, want in zip(given, wants, strict=True):
            fitted = (
                next(rest)
                if want == "x"
                else each
                if isinstance(want, str)
                else self.fit(each, want, f"this argument of {name}")
            )
            if fitted is None:
                return None
            result.append(fitted)
        return tuple(result)

    def _count(self, node: syntax.Call, name: str, right: bool, wanted: str) -> bool:
        if not right:
            self.problems.error(
                "argument-count", f"{name} takes {wanted} arguments, not {len(node.arguments)}", node.span
            )
        return right

    def _inlined(self, node: syntax.Call, function: syntax.Function, scope: Scope) -> Expression | None:
        name = function.name.text
        if not self._count(node, name, len(node.arguments) == len(function.parameters), str(len(function.parameters))):
            return None
        if name in scope.active:
            chain = " -> ".join((*scope.active[scope.active.index(name) :], name))
            self.problems.error(
                "circular-definition", f"the function {name} calls itself: {chain}", function.name.span, node.span
            )
            return None
        if len(scope.active) > 50:
            self.problems.error("too-deep", "functions call each other more than 50 deep", node.span)
            return None
        arguments = [self.value(each.value, scope) for each in node.arguments]
        given = {
            parameter.text: each
            for parameter, each in zip(function.parameters, arguments, strict=True)
            if each is not None
        }
        if len(given) < len(arguments):
            return None
        inner = Scope({}, scope.functions, scope.time, f"in the function {name}", None, given, (*scope.active, name))
        before = len(self.problems.found)
        result = self.any(function.body, inner)
        if len(self.problems.found) > before and not scope.active:
            self._from_call(before, node)
        return result and self._sized(result)

    def _from_call(self, before: int, node: syntax.Call) -> None:
        """Say of the problems found in a function's body which call they come from."""
        for position in range(before, len(self.problems.found)):
            each = self.problems.found[position]
            note = f"in the call {node.span.text.splitlines()[0][:60]} at {node.span}"
            self.problems.found[position] = type(each)(
                each.code, each.headline, each.labels, (*each.notes, note), each.hints, each.severity
            )

    def _sized(self, expression: Expression) -> Expression | None:
        if size(expression) <= LARGEST:
            return expression
        self.problems.error(
            "too-large",
            f"this expression has more than {LARGEST} parts once its functions are put in place",
            expression.span,
        )
        return None


def _literal_hint(expression: Expression, dimension: Dimension) -> tuple[str, ...]:
    if (
        isinstance(expression, Number)
        and expression.dimension == DIMENSIONLESS
        and expression.span.text[:1] in "0123456789."
    ):
        return (f"give the literal a unit: {expression.span.text}[{dimension}]",)
    return ()


def _unit_hint(found: Expression, dimension: Dimension) -> tuple[str, ...]:
    literal = _literal_hint(found, dimension)
    if literal:
        return literal
    return (
        (f"the factor between the two is in {dimension / found.dimension}",)
        if DIMENSIONLESS not in (found.dimension, dimension)
        else ()
    )


def ordered(definitions: Iterable[str], reads: Mapping[str, Iterable[str]]) -> tuple[list[str], list[str]]:
    """Names in order of use (each after what it reads), and the names of one circle where there is one (else an empty list)."""
    done: list[str] = []
    seen: set[str] = set()
    pending = list(definitions)
    while pending:
        ready = [name for name in pending if all(each in seen or each not in reads for each in reads[name])]
        if not ready:
            return done, _circle(pending, reads)
        done += ready
        seen.update(ready)
        pending = [name for name in pending if name not in seen]
    return done, []


def _circle(pending: Sequence[str], reads: Mapping[str, Iterable[str]]) -> list[str]:
    left = set(pending)
    path = [pending[0]]
    while True:
        following = next(each for each in reads[path[-1]] if each in left)
        if following in path:
            return path[path.index(following) :]
        path.append(following)


def literal(expression: Expression) -> float | None:
    """The value of a constant expression, or None where names occur."""
    return constant(expression)


__all__ = ["LARGEST", "Apply", "Checker", "Known", "Scope", "literal", "number", "ordered"]
