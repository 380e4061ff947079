"""The one way to walk kernels: statements in order, the values in them, the names and loads in those; and the same with values replaced."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import assert_never

from mcompiler.kernel.ir import (
    Accumulate,
    Buffer,
    For,
    If,
    Let,
    Load,
    Local,
    Op,
    Reduce,
    Return,
    Statement,
    Store,
    Value,
)


def walk(body: Iterable[Statement]) -> Iterator[Statement]:
    """All statements, each before those inside it."""
    for statement in body:
        yield statement
        if isinstance(statement, (For, Reduce, If)):
            yield from walk(statement.body)


def bound_names(body: Iterable[Statement]) -> Iterator[str]:
    """All names that statements bind."""
    for statement in walk(body):
        if isinstance(statement, (Let, Buffer)):
            yield statement.name
        if isinstance(statement, (For, Reduce)):
            yield statement.index
        if isinstance(statement, Reduce):
            yield from (total.name for total in statement.totals)


def written_arrays(body: Iterable[Statement]) -> set[str]:
    """The arrays that statements write."""
    return {each.array for each in walk(body) if isinstance(each, (Store, Accumulate))}


def values_of(statement: Statement) -> tuple[Value, ...]:
    """The values in a statement itself, blocks inside it apart."""
    if isinstance(statement, Reduce):
        return (*values_before(statement), *(total.value for total in statement.totals))
    return values_before(statement)


def values_before(statement: Statement) -> tuple[Value, ...]:
    """The values that are evaluated in the block that the statement stands in."""
    match statement:
        case Let(_, value, _) | Return(value):
            return (value,)
        case Store(_, index, value, _) | Accumulate(_, index, value, _):
            return (index, value)
        case For(_, count, _, _):
            return (count,)
        case Reduce(totals, _, count, _, _):
            return (count, *(total.initial for total in totals))
        case If(condition, _, _):
            return (condition,)
        case Buffer():
            return ()
        case _:
            assert_never(statement)


def parts_of(value: Value) -> Iterator[Value]:
    """A value and all values in it, each before those inside it."""
    yield value
    match value:
        case Load(_, index):
            yield from parts_of(index)
        case Op(_, arguments):
            for argument in arguments:
                yield from parts_of(argument)
        case _:
            return


def names_in(value: Value) -> Iterator[str]:
    """The names in a value, each as often as it stands there."""
    return (each.name for each in parts_of(value) if isinstance(each, Local))


def bindings_for(body: Sequence[Statement], names: Iterable[str]) -> tuple[Statement, ...]:
    """The ``Let`` statements of a straight-line body that these names need, directly or through others, in order."""
    wanted = set(names)
    kept: list[Statement] = []
    for each in reversed(body):
        if isinstance(each, Let) and each.name in wanted:
            kept.append(each)
            wanted.update(names_in(each.value))
    return tuple(kept[::-1])


def loads_in(value: Value) -> Iterator[Load]:
    """The loads in a value."""
    return (each for each in parts_of(value) if isinstance(each, Load))


def with_values(statement: Statement, change: Callable[[Value], Value]) -> Statement:
    """The statement with the values changed that are evaluated in its own block."""
    match statement:
        case Let(_, value, _) | Return(value):
            return replace(statement, value=change(value))
        case Store(_, index, value, _) | Accumulate(_, index, value, _):
            return replace(statement, index=change(index), value=change(value))
        case For(_, count, _, _):
            return replace(statement, count=change(count))
        case Reduce(totals, _, count, _, _):
            started = tuple(replace(total, initial=change(total.initial)) for total in totals)
            return replace(statement, count=change(count), totals=started)
        case If(condition, _, _):
            return replace(statement, condition=change(condition))
        case Buffer():
            return statement
        case _:
            assert_never(statement)


def rebuilt(value: Value, change: Callable[[Value], Value]) -> Value:
    """The value with every part of it changed, those inside it first."""
    match value:
        case Load(array, index):
            return change(Load(array, rebuilt(index, change)))
        case Op(name, arguments):
            return change(Op(name, tuple(rebuilt(argument, change) for argument in arguments)))
        case _:
            return change(value)


def substitute(value: Value, names: Mapping[str, Value]) -> Value:
    """The value with names replaced."""
    return rebuilt(value, lambda part: names.get(part.name, part) if isinstance(part, Local) else part)


def renamed(body: Iterable[Statement], names: Mapping[str, str]) -> tuple[Statement, ...]:
    """The statements with names changed wherever they are bound or used."""
    values: dict[str, Value] = {old: Local(new) for old, new in names.items()}

    def change(value: Value) -> Value:
        return substitute(value, values)

    def rename(original: Statement) -> Statement:
        statement = with_values(original, change)
        match statement:
            case Let(name, _, _):
                return replace(statement, name=names.get(name, name))
            case For(index, _, inner, _):
                return replace(statement, index=names.get(index, index), body=renamed(inner, names))
            case Reduce(totals, index, _, inner, _):
                called = tuple(
                    replace(each, name=names.get(each.name, each.name), value=change(each.value)) for each in totals
                )
                return replace(statement, totals=called, index=names.get(index, index), body=renamed(inner, names))
            case If(_, inner, _):
                return replace(statement, body=renamed(inner, names))
            case _:
                return statement

    return tuple(rename(statement) for statement in body)
