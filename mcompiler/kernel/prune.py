"""What nobody needs, taken out of kernels: names, totals, and loops and branches that are empty then."""

from dataclasses import replace

from mcompiler.kernel.ir import For, If, Let, Reduce, Statement
from mcompiler.kernel.walk import names_in, values_of


def prune(body: tuple[Statement, ...]) -> tuple[Statement, ...]:
    """The body without what nobody needs."""
    return _pruned(body, set())


def _pruned(body: tuple[Statement, ...], used: set[str]) -> tuple[Statement, ...]:
    kept: list[Statement] = []
    for statement in reversed(body):
        left = _remaining(statement, used)
        if left is not None:
            used.update(name for value in values_of(left) for name in names_in(value))
            kept.append(left)
    return tuple(reversed(kept))


def _remaining(statement: Statement, used: set[str]) -> Statement | None:
    match statement:
        case Let(name, _, _):
            return statement if name in used else None
        case For() | If():
            inner = _pruned(statement.body, used)
            return replace(statement, body=inner) if inner else None
        case Reduce():
            return _remaining_reduce(statement, used)
        case _:
            return statement


def _remaining_reduce(statement: Reduce, used: set[str]) -> Statement | None:
    totals = tuple(total for total in statement.totals if total.name in used)
    used.update(name for total in totals for name in names_in(total.value))
    inner = _pruned(statement.body, used)
    if totals:
        return replace(statement, totals=totals, body=inner)
    return For(statement.index, statement.count, inner, statement.comment) if inner else None
