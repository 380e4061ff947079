"""Names and units of expressions: from the syntax tree to `model.expression`. Says all that is wrong and goes on."""

from mcompiler.diagnostics import Problems
from mcompiler.dsl import syntax
from mcompiler.model import balance, calls
from mcompiler.model.expression import TIME_NAME, Expression, Name, Number, apply
from mcompiler.model.faults import circular, unknown, unsupported
from mcompiler.model.functions import CONDITION, CONSTANTS, FUNCTIONS
from mcompiler.model.scope import Scope
from mcompiler.source import Span
from mcompiler.units import DIMENSIONLESS, TIME, Dimension

#: Most parts of all expressions of a model, functions put in place.
MOST_PARTS = 1_000_000


class Checker:
    """Resolves expressions and notes problems; a result of None means that the problem is noted.

    One checker serves a whole model: it counts the parts of all expressions, functions put in place, and refuses to go on beyond a limit.
    """

    def __init__(self, problems: Problems) -> None:
        self.problems = problems
        self._depth = 0
        self._parts = 0

    def of(
        self,
        node: syntax.Expression,
        scope: Scope,
        dimension: Dimension,
        what: str,
        *,
        declared: Span | None = None,
    ) -> Expression | None:
        """The expression, which must be in ``dimension``; ``what`` names it for the message."""
        found = self.value(node, scope)
        return None if found is None else balance.fit(self.problems, found, dimension, what, declared=declared)

    def value(self, node: syntax.Expression, scope: Scope) -> Expression | None:
        """The expression as a number (not a condition)."""
        found = self.any(node, scope)
        return None if found is None else balance.number_only(self.problems, found)

    def condition(self, node: syntax.Expression, scope: Scope) -> Expression | None:
        """The expression as a condition."""
        found = self.any(node, scope)
        return None if found is None else balance.condition_only(self.problems, found)

    def any(self, node: syntax.Expression, scope: Scope) -> Expression | None:
        """A number or a condition."""
        self._parts += 1
        if self._depth > balance.DEEPEST:
            balance.too_deep(self.problems, node.span)
            return None
        if self._parts > MOST_PARTS:
            self._too_many(node.span)
            return None
        self._depth += 1
        found = self._resolved(node, scope)
        self._depth -= 1
        return found

    def _too_many(self, span: Span) -> None:
        if self._parts == MOST_PARTS + 1:  # told once
            headline = (
                f"the expressions of this model have more than {MOST_PARTS:,} parts once functions are put in place"
            )
            hints = ("give values that are used again names of their own",)
            self.problems.error("too-large", headline, span, hints=hints)

    def _resolved(self, node: syntax.Expression, scope: Scope) -> Expression | None:
        match node:
            case syntax.Number():
                return Number(node.value, node.dimension, node.span, node.fits_any_unit, written(node))
            case syntax.Name() | syntax.Total():
                return self._name(node, scope) if isinstance(node, syntax.Name) else self._total(node, scope)
            case syntax.Call():
                return self._call(node, scope)
            case syntax.Unary():
                return self._unary(node, scope)
            case syntax.Binary() | syntax.Compare():
                return self._binary(node, scope)
            case syntax.Derivative():
                self._derivative(node, scope)
            case syntax.Text() | syntax.Range():
                what = "a text" if isinstance(node, syntax.Text) else "a range"
                self.problems.error("not-a-number", f"{what} stands where a number is needed", node.span)
        return None

    def _total(self, node: syntax.Total, scope: Scope) -> Expression | None:
        if scope.total is not None:
            return scope.total(node)
        unsupported(self.problems, "sums over members are", node.span, "a loss of a network may have them")
        return None

    def _unary(self, node: syntax.Unary, scope: Scope) -> Expression | None:
        if node.operator == "-":
            operand = self.value(node.operand, scope)
            return None if operand is None else balance.negated(operand, node.span)
        operand = self.condition(node.operand, scope)
        return None if operand is None else apply("not", (operand,), DIMENSIONLESS, node.span)

    def _binary(self, node: syntax.Binary | syntax.Compare, scope: Scope) -> Expression | None:
        resolve = self.condition if node.operator in ("and", "or") else self.value
        left, right = resolve(node.left, scope), resolve(node.right, scope)
        if left is None or right is None:
            return None
        if isinstance(node, syntax.Compare):
            return balance.compare(self.problems, node.operator, (left, right), node.span)
        if node.operator == "^":
            return balance.raised(self.problems, left, right, node.span)
        if node.operator in ("and", "or"):
            return balance.sized(self.problems, apply(node.operator, (left, right), DIMENSIONLESS, node.span))
        return balance.combine(self.problems, node.operator, (left, right), node.span)

    # --- names

    def _name(self, node: syntax.Name, scope: Scope) -> Expression | None:
        if not node.is_simple:
            if scope.dotted is not None:
                return scope.dotted(node)
            headline = f"{node.span.text} is not known in {scope.place}"
            hints = ("only names of its own can be used here",)
            self.problems.error("unknown-name", headline, node.span, hints=hints)
            return None
        return self._simple_name(node.text, node.span, scope)

    def _simple_name(self, text: str, span: Span, scope: Scope) -> Expression | None:
        if text in scope.bound:
            return scope.bound[text]
        if text == TIME_NAME:
            return self._time(span, scope)
        if text in scope.names:
            known = scope.names[text]
            return None if known.is_broken else Name(text, known.dimension, span)
        if text in CONSTANTS:
            value, dimension = CONSTANTS[text]
            return Number(value, dimension, span, text=text)
        self._unknown(text, span, scope)
        return None

    def _unknown(self, text: str, span: Span, scope: Scope) -> None:
        if text in scope.elsewhere:
            known = scope.elsewhere[text]
            place = [(known.span, f"{text} is {known.article}")] if known.span else []
            headline = f"{text} is {known.article}: {scope.place} cannot depend on it"
            self.problems.error("not-constant", headline, span, *place)
            return
        if self.problems.is_full:
            return
        otherwise = f"declare it: param {text}"
        if text in FUNCTIONS or text in scope.functions:
            otherwise = f"{text} is a function: {text}(...)"
        candidates = [*scope.names, *scope.bound, *CONSTANTS]
        unknown(
            self.problems,
            "unknown-name",
            f"{text} is not known in {scope.place}",
            span,
            text,
            candidates,
            otherwise,
        )

    def _time(self, span: Span, scope: Scope) -> Expression | None:
        if not scope.time:
            headline = f"{scope.place} is constant in time: it cannot depend on t"
            self.problems.error(
                "time-in-parameter", headline, span, hints=("only inputs, sources and equations use t",)
            )
            return None
        return Name(TIME_NAME, TIME, span)

    def _derivative(self, node: syntax.Derivative, scope: Scope) -> None:
        known = scope.names.get(node.name)
        if known is not None and known.what in ("parameter", "size"):
            derivative_of_constant(self.problems, node.name, node.span, scope)
            return
        self.problems.error(
            "derivative-here",
            f"the derivative d{node.name}/dt cannot be used inside an expression",
            node.span,
            hints=("write it alone on the left, or i = C*dv/dt, or v = L*di/dt",),
        )

    # --- functions

    def _call(self, node: syntax.Call, scope: Scope) -> Expression | None:
        name = node.function.text
        if any(each.name is not None for each in node.arguments):
            headline = f"the arguments of {name} have no names"
            self.problems.error("unknown-argument", headline, node.span, hints=("give them in order",))
            return None
        if node.function.is_simple and name in FUNCTIONS:
            return self._elementary(node, name, scope)
        if node.function.is_simple and name in scope.functions:
            return self._inlined(node, scope.functions[name], scope)
        calls.not_a_function(self.problems, node.function, scope)
        return None

    def _elementary(self, node: syntax.Call, name: str, scope: Scope) -> Expression | None:
        wants = calls.wanted(self.problems, node, name)
        if wants is None:
            return None
        given = [
            self.condition(each.value, scope) if want == CONDITION else self.value(each.value, scope)
            for want, each in zip(wants, node.arguments, strict=True)
        ]
        complete = [each for each in given if each is not None]
        if len(complete) < len(given):
            return None
        return calls.elementary(self.problems, node, name, wants, complete)

    def _inlined(self, node: syntax.Call, function: syntax.Function, scope: Scope) -> Expression | None:
        """The body of a function with the arguments in place."""
        name = function.name.text
        if len(node.arguments) != len(function.parameters):
            usage = ", ".join(each.text for each in function.parameters)
            calls.wrong_count(self.problems, node, len(function.parameters), usage)
            return None
        if name in scope.active:
            circle = list(scope.active[scope.active.index(name) :])
            places = [scope.functions[each].name.span for each in circle]
            circular(self.problems, "these functions need each other", circle, places)
            return None
        arguments = [self.value(each.value, scope) for each in node.arguments]
        given = {
            parameter.text: each
            for parameter, each in zip(function.parameters, arguments, strict=True)
            if each is not None
        }
        if len(given) < len(arguments):
            return None
        place = f"the function {name}"
        inner = Scope({}, scope.functions, place, scope.time, bound=given, active=(*scope.active, name))
        before = len(self.problems.found)
        result = self.any(function.body, inner)
        if not scope.active:
            calls.called_from(self.problems, before, node, given)
        return result


def derivative_of_constant(problems: Problems, name: str, span: Span, scope: Scope) -> None:
    """The derivative of a parameter or a size is written."""
    known = scope.names[name]
    place = [(known.span, f"{name} is {known.article}")] if known.span else []
    headline = f"{name} is {known.article}: it is constant in time and has no derivative"
    hints = (f"if it moves, declare it as a state: state {name}",)
    problems.error("derivative-of-parameter", headline, span, *place, hints=hints)


def written(node: syntax.Number) -> str:
    """The literal as it is written, its unit included."""
    return f"{node.text}[{node.unit.text}]" if node.unit else node.text
