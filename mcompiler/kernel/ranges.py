"""Cheaper elementary functions where a block of members keeps to a range: one loop per range, of which one runs.

A function over all doubles costs what its largest arguments ask for. Before a block's loop the largest magnitude of the arguments is found, which costs little;
then the loop runs that has the cheapest variant that is right there.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from mcompiler.kernel.build import Names
from mcompiler.kernel.ir import For, Integer, Let, Load, Local, Op, Reduce, Statement, Total, Value
from mcompiler.kernel.operations import RANGES
from mcompiler.kernel.walk import bindings_for, bound_names, names_in, parts_of, renamed, values_of, with_values


def in_ranges(names: Names, loop: For | Reduce) -> tuple[Statement, ...]:
    """The loop, whose body is straight-line, once for every range of its functions' arguments; its totals keep their names."""
    whole = (*loop.body, *([loop] if isinstance(loop, Reduce) else []))
    values = [value for each in whole for value in values_of(each)]
    arguments = list(dict.fromkeys(argument for value in values for argument in _ranged_arguments(value)))
    if not arguments:
        return (loop,)
    bound = names.fresh("largest")
    made: list[Statement] = [_largest(names, loop, arguments, bound)]
    left = loop.count
    for limit in RANGES:
        fits = Op("le", (Local(bound), Integer(limit.magnitude)))
        count, rest = names.fresh("within"), names.fresh("beyond")
        made += [Let(count, Op("where", (fits, left, Integer(0)))), Let(rest, Op("sub", (left, Local(count))))]
        own = _renamed(names, replace(loop, count=Local(count)), limit.variants)
        made.append(own)
        left = Local(rest)
        loop = _going_on(own, loop)
    return (*made, replace(loop, count=left))


def _ranged_arguments(value: Value) -> list[Value]:
    functions = RANGES[0].variants
    return [each.arguments[0] for each in parts_of(value) if isinstance(each, Op) and each.name in functions]


def _largest(names: Names, loop: For | Reduce, arguments: Sequence[Value], bound: str) -> Reduce:
    """The largest magnitude of the arguments in this block."""
    body = bindings_for(loop.body, (name for value in arguments for name in names_in(value)))
    value: Value = Op("magnitude", (arguments[0],))
    for argument in arguments[1:]:
        value = Op("max", (value, Op("magnitude", (argument,))))
    found = Reduce((Total(bound, "max", Integer(0), value),), loop.index, loop.count, body, "the range of this block")
    (made,) = renamed([found], {name: names.fresh(name) for name in (loop.index, *bound_names(body))})
    assert isinstance(made, Reduce)
    return made


def _renamed(names: Names, loop: For | Reduce, variants: dict[str, str]) -> For | Reduce:
    """A loop of its own with other functions."""

    def change(value: Value) -> Value:
        match value:
            case Load(array, index):
                return Load(array, change(index))
            case Op(name, arguments):
                return Op(variants.get(name, name), tuple(change(argument) for argument in arguments))
            case _:
                return value

    changed = _with_body(loop, change)
    (made,) = renamed([changed], {name: names.fresh(name) for name in bound_names([changed])})
    assert isinstance(made, (For, Reduce))
    return made


def _with_body(loop: For | Reduce, change: Callable[[Value], Value]) -> For | Reduce:
    body = tuple(with_values(each, change) for each in loop.body)
    if isinstance(loop, For):
        return replace(loop, body=body)
    totals = tuple(replace(total, value=change(total.value)) for total in loop.totals)
    return replace(loop, body=body, totals=totals)


def _going_on(done: For | Reduce, loop: For | Reduce) -> For | Reduce:
    """The loop, its totals beginning where those of the one before ended."""
    if not (isinstance(done, Reduce) and isinstance(loop, Reduce)):
        return loop
    totals = tuple(
        replace(total, initial=Local(before.name)) for total, before in zip(loop.totals, done.totals, strict=True)
    )
    return replace(loop, totals=totals)
