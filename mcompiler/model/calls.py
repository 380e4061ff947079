"""Functions applied to arguments that are resolved already: how many there are, and their units."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from mcompiler.diagnostics import Label, Problems
from mcompiler.dsl import syntax
from mcompiler.model import balance
from mcompiler.model.expression import Expression, apply
from mcompiler.model.faults import in_words, unknown, unsupported
from mcompiler.model.functions import FUNCTIONS, Want
from mcompiler.model.scope import Scope
from mcompiler.units import DIMENSIONLESS


def wanted(problems: Problems, node: syntax.Call, name: str) -> Sequence[Want] | None:
    """What an elementary function wants of its arguments; None where that is a wrong number of them."""
    function = FUNCTIONS[name]
    wants = function.wants(len(node.arguments))
    if wants is None:
        wrong_count(problems, node, len(function.arguments), function.usage, more=bool(function.repeats))
    return wants


def wrong_count(problems: Problems, node: syntax.Call, wanted: int, usage: str, *, more: bool = False) -> None:
    """A function is given a wrong number of arguments."""
    name = node.function.text
    words = f"{wanted} argument{'' if wanted == 1 else 's'}{' or more' if more else ''}"
    headline = f"{name} takes {words}, not {len(node.arguments)}"
    problems.error("argument-count", headline, node.span, hints=(f"write {name}({usage})",))


def elementary(
    problems: Problems, node: syntax.Call, name: str, wants: Sequence[Want], given: Sequence[Expression]
) -> Expression | None:
    """An elementary function of arguments in the units that it wants."""
    if name == "pow":
        return balance.raised(problems, given[0], given[1], node.span)
    arguments = _fitted(problems, given, wants, name)
    if arguments is None:
        return None
    pairs = zip(arguments, wants, strict=True)
    shared = next((each.dimension for each, want in pairs if want == "x"), DIMENSIONLESS)
    return balance.sized(problems, apply(name, arguments, FUNCTIONS[name].dimension(shared), node.span))


def _fitted(
    problems: Problems, given: Sequence[Expression], wants: Sequence[Want], name: str
) -> tuple[Expression, ...] | None:
    sharing = [each for each, want in zip(given, wants, strict=True) if want == "x"]
    shared = balance.same(problems, sharing, f"arguments of {name}") if sharing else ()
    if shared is None:
        return None
    rest = iter(shared)
    result: list[Expression] = []
    for each, want in zip(given, wants, strict=True):
        if isinstance(want, str):
            result.append(next(rest) if want == "x" else each)
            continue
        fitted = balance.fit(problems, each, want, f"this argument of {name}")
        if fitted is None:
            return None
        result.append(fitted)
    return tuple(result)


def not_a_function(problems: Problems, node: syntax.Name, scope: Scope) -> None:
    """What is called is no function, or none of this name."""
    name = node.text
    known = scope.names.get(name)
    if name in ("v", "i", "sum"):
        what = "sums over members are" if name == "sum" else "devices with more than two terminals are"
        unsupported(problems, what, node.span)
    elif known is not None:
        headline = f"{name} is {known.article}, not a function"
        problems.error("missing-operator", headline, node.span, hints=(f"to multiply, write {name}*(...)",))
    else:
        headline, otherwise = f"there is no function {name}", f"define it: function {name}(x) = ..."
        candidates = [*FUNCTIONS, *scope.functions]
        unknown(problems, "unknown-function", headline, node.span, name, candidates, otherwise)


def called_from(problems: Problems, before: int, node: syntax.Call, given: Mapping[str, Expression]) -> None:
    """Problems found in a function's body, all after ``before``, are the call's: it comes first, with the units of its arguments."""
    units = ", ".join(f"{name} is {in_words(each.dimension)}" for name, each in given.items())
    for position in range(before, len(problems.found)):
        each = problems.found[position]
        if each.code != "circular-definition":
            is_foreign = any(label.span.source is not node.span.source for label in each.labels)
            labels = (Label(node.span, f"in this call, where {units}"), *each.labels)
            problems.found[position] = replace(each, labels=labels, hints=() if is_foreign else each.hints)
