"""Cheaper elementary functions where a block of members keeps to a range: one loop per range, of which one runs.

A function over all doubles costs what its largest arguments ask for. Before a block's loop the largest magnitude of the arguments is found, which costs little;
then the loop runs that has the cheapest variant that is right there. Where an argument is a product of what is the same in the whole loop and of what is the
same in every turn around it (a row's own cell, and the cells of all columns), the product of the largest magnitudes is a bound that costs nothing in the loop.

The last of the loops has the functions for all doubles; of sines, cosines and tangents those are calls of libm, one at a time.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import reduce

from mcompiler.kernel.build import Names
from mcompiler.kernel.ir import Float, For, Integer, Let, Load, Local, Op, Reduce, Statement, Total, Value
from mcompiler.kernel.operations import RANGES, Variant
from mcompiler.kernel.walk import (
    bindings_for,
    bound_names,
    names_in,
    parts_of,
    rebuilt,
    renamed,
    values_of,
    with_values,
)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands around a block's loop.

    Attributes:
        whole: the loop that is done in blocks, or None where it does not run again and again within another.
        outside: names that are bound before that other loop.
        ahead: what goes in front of that other loop; added to.
    """

    whole: For | Reduce | None
    outside: frozenset[str]
    ahead: list[Statement]


def in_ranges(names: Names, loop: For | Reduce, around: Surroundings) -> tuple[Statement, ...]:
    """The loop, whose body is straight-line, once for every range of its functions' arguments; its totals keep their names."""
    whole = (*loop.body, *([loop] if isinstance(loop, Reduce) else []))
    arguments = ranged_arguments(value for each in whole for value in values_of(each))
    if not arguments:
        return (loop,)
    bounds = {function: names.fresh("largest") for function in arguments}
    made: list[Statement] = []
    for function, values in arguments.items():
        bound = bounds[function]
        made.append(_bounded(names, values, bound, around) or _largest(names, loop, values, bound))
    left = loop.count
    for variants in _levels(arguments):
        count, rest = names.fresh("within"), names.fresh("beyond")
        fits = reduce(_both, (_within(bounds[function], each) for function, each in variants.items()))
        made += [Let(count, Op("where", (fits, left, Integer(0)))), Let(rest, Op("sub", (left, Local(count))))]
        own = _renamed(names, replace(loop, count=Local(count)), {name: each.name for name, each in variants.items()})
        made.append(own)
        left = Local(rest)
        loop = _going_on(own, loop)
    return (*made, replace(loop, count=left))


def ranged_arguments(values: Iterable[Value]) -> dict[str, list[Value]]:
    """The arguments of each function that has variants, in order, each once."""
    found: dict[str, dict[Value, None]] = {}
    for value in values:
        for each in parts_of(value):
            if isinstance(each, Op) and any(each.name in level for level in RANGES):
                found.setdefault(each.name, {})[each.arguments[0]] = None
    return {function: list(arguments) for function, arguments in found.items()}


def _levels(functions: Iterable[str]) -> list[dict[str, Variant]]:
    """The ranges in which these functions have variants, from the narrowest on, those that differ."""
    names = list(functions)
    levels = [{name: level[name] for name in names if name in level} for level in RANGES]
    return [each for place, each in enumerate(levels) if each and each not in levels[:place]]


def _within(bound: str, variant: Variant) -> Op:
    return Op("le", (Local(bound), Integer(variant.magnitude)))


def _both(a: Op, b: Op) -> Op:
    return Op("and", (a, b))


def _bounded(names: Names, arguments: Sequence[Value], bound: str, around: Surroundings) -> Let | None:
    """A bound of the arguments' magnitudes from what is found once for all turns around the loop."""
    if around.whole is None:
        return None
    peaks = _Peaks(names, around.whole, around.outside)
    limits = [peaks.limit(argument) for argument in arguments]
    found = [Op("magnitude", (each,)) for each in limits if each is not None]
    if len(found) < len(arguments):
        return None
    around.ahead.extend(peaks.made.values())
    return Let(bound, reduce(lambda a, b: Op("max", (a, b)), found), "of the whole row")


class _Peaks:
    """Largest magnitudes over all turns of a loop, found in front of the loop around it."""

    def __init__(self, names: Names, whole: For | Reduce, outside: frozenset[str]) -> None:
        self.names, self.whole, self.outside = names, whole, outside
        self.made: dict[Value, Reduce] = {}
        self.bound = {each.name: each.value for each in whole.body if isinstance(each, Let)}
        #: What is not known where a block begins: what changes from turn to turn, and what is computed in a turn.
        self.inside = set(bound_names([whole]))
        for name, value in self.bound.items():
            if isinstance(value, Load) and self.inside.isdisjoint(names_in(value)):
                self.inside.remove(name)

    def limit(self, value: Value) -> Value | None:
        """At least the magnitude of the value in every turn: products of magnitudes round as the products do."""
        match value:
            case Op("mul", (a, b)):
                first, second = self.limit(a), self.limit(b)
                return None if first is None or second is None else Op("mul", (first, second))
            case Op("neg", (a,)):
                return self.limit(a)
            case Local(name) if isinstance(self.bound.get(name), Op):
                return self.limit(self.bound[name])
            case _ if self.inside.isdisjoint(names_in(value)):
                return Op("abs", (value,))
            case _:
                return self.peak(value)

    def peak(self, value: Value) -> Value | None:
        """The largest magnitude of a value that is the same in all turns of the loop around."""
        body = bindings_for(self.whole.body, names_in(value))
        own = (self.whole.index, *bound_names(body))
        used = [value, *(each for let in body for each in values_of(let))]
        if not {name for each in used for name in names_in(each)} - set(own) <= self.outside:
            return None
        if value not in self.made:
            total = Total("peak", "max", Float(0.0), Op("abs", (value,)))
            loop = Reduce((total,), self.whole.index, self.whole.count, body, "the largest magnitude")
            (made,) = renamed([loop], {name: self.names.fresh(name) for name in ("peak", *own)})
            assert isinstance(made, Reduce)
            self.made[value] = made
        return Local(self.made[value].totals[0].name)


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

    def change(part: Value) -> Value:
        return replace(part, name=variants.get(part.name, part.name)) if isinstance(part, Op) else part

    changed = _with_body(loop, lambda value: rebuilt(value, change))
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
