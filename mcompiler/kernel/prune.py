"""What nobody needs, taken out of kernels: names, totals, stores, and loops and branches that are empty then."""

from collections.abc import Iterator
from dataclasses import replace

from mcompiler.kernel.ir import Accumulate, For, If, Integer, Let, Reduce, Statement, Store, Value
from mcompiler.kernel.walk import loads_in, names_in, values_of, walk


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


def without_dead_stores(body: tuple[Statement, ...], array: str) -> tuple[Statement, ...]:
    """The body without stores to places of an array that it does not read, where nobody reads the array afterwards."""
    return _without_stores(body, array, set(_loaded_places(body, array)))


def _loaded_places(body: tuple[Statement, ...], array: str) -> Iterator[Value]:
    for statement in walk(body):
        if isinstance(statement, Accumulate) and statement.array == array:
            yield statement.index
        for value in values_of(statement):
            yield from (load.index for load in loads_in(value) if load.array == array)


def _without_stores(body: tuple[Statement, ...], array: str, places: set[Value]) -> tuple[Statement, ...]:
    kept: list[Statement] = []
    for statement in body:
        if isinstance(statement, (For, Reduce, If)):
            kept.append(replace(statement, body=_without_stores(statement.body, array, places)))
        elif not (isinstance(statement, Store) and statement.array == array and _is_unread(statement.index, places)):
            kept.append(statement)
    return tuple(kept)


def _is_unread(place: Value, read: set[Value]) -> bool:
    known = isinstance(place, Integer) and all(isinstance(each, Integer) for each in read)
    return not read or (known and place not in read)
