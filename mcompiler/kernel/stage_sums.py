"""Sums over earlier stages for a block of members, into a buffer: stage by stage, all members at once.

Stages of weight 0 are left out, and the last one that has a weight makes of the sum what the body makes of it (the state at this stage), so that a stage
which looks back at one other takes one turn over the block.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import final

from mcompiler.kernel.build import Names, add
from mcompiler.kernel.ir import (
    Float,
    For,
    If,
    Integer,
    Let,
    Load,
    Local,
    Op,
    Reduce,
    Statement,
    Store,
    Total,
    Value,
)
from mcompiler.kernel.walk import bindings_for, bound_names, names_in, renamed, substitute, values_of

#: Gives the loop over the block's members that does the statements, ``k`` being the place in the block.
Turn = Callable[[Sequence[Statement]], For]

_PLACE = Local("k")


@final
@dataclass(frozen=True, slots=True)
class StageSums:
    """Sums over stages of each member of a loop.

    Attributes:
        loop: over the stages.
        alike: what is the same for all members in a turn of it.
        own: what is not.
        weight: the factor that all terms share.
        ends: what the members' loop makes of each total, where that is one binding.
    """

    loop: Reduce
    alike: tuple[Statement, ...]
    own: tuple[Statement, ...]
    weight: Value
    ends: tuple[Let | None, ...]

    def ended(self, number: int, total: Value) -> Value:
        """What the members' loop makes of a total; a factor of it and the weight of a single term come first, as one number for all members."""
        end = self.ends[number]
        if end is None:
            return total
        whole = substitute(end.value, {self.loop.totals[number].name: total})
        match whole:
            case Op("add", (base, Op("mul", (factor, Op("mul", (weight, value)))))):
                return add(base, Op("mul", (Op("mul", (factor, weight)), value)))
            case _:
                return whole

    def held(self, buffers: Sequence[str]) -> dict[str, str]:
        """The buffer of every name that is in one afterwards."""
        pairs = zip(self.loop.totals, self.ends, buffers, strict=True)
        return {(total.name if end is None else end.name): buffer for total, end, buffer in pairs}


def stage_sums(
    loop: Reduce, body: Sequence[Statement], others: Iterable[Value], varying: Iterable[str]
) -> StageSums | None:
    """The sums of a loop over stages that stands in the body of a loop over members; None where its terms do not share a weight.

    Args:
        loop: over the stages.
        body: of the loop over members.
        others: values that are evaluated after the body.
        varying: names that the body binds anew for each member.
    """
    own = set(varying) - {loop.index, *bound_names(loop.body)}
    alike: list[Statement] = []
    for each in loop.body:
        assert isinstance(each, Let)
        if own & set(names_in(each.value)):
            own.add(each.name)
        else:
            alike.append(each)
    weight = _weight(loop, alike)
    if weight is None or any(total.op != "add" or total.initial != Float(0.0) for total in loop.totals):
        return None
    rest = tuple(each for each in loop.body if each not in alike)
    ends = tuple(_end(loop, body, others, total.name) for total in loop.totals)
    return StageSums(loop, tuple(alike), rest, weight, ends)


def _weight(loop: Reduce, alike: Sequence[Statement]) -> Value | None:
    """The factor that all terms share, of what the kernel is given and the number of the stage."""
    made = {each.name: each.value for each in alike if isinstance(each, Let)}
    factors = {
        total.value.arguments[0] if isinstance(total.value, Op) and total.value.name == "mul" else None
        for total in loop.totals
    }
    factor = factors.pop()
    if factors or not isinstance(factor, Local):
        return None
    value = made.get(factor.name)
    return None if value is None or set(names_in(value)) & made.keys() else value


def _end(loop: Reduce, body: Sequence[Statement], others: Iterable[Value], total: str) -> Let | None:
    """What is made of a total, where that is one binding which needs no other sum."""
    using = [each for each in body if each is not loop and total in _names_of(each)]
    if len(using) != 1 or not isinstance(using[0], Let) or any(total in names_in(value) for value in others):
        return None
    needed = [using[0], *bindings_for(body, names_in(using[0].value))]
    summed = {name for each in body if isinstance(each, Reduce) for name in bound_names([each])} - {total}
    return None if any(summed & _names_of(each) for each in needed) else using[0]


def _names_of(statement: Statement) -> set[str]:
    inner = statement.body if isinstance(statement, Reduce) else ()
    return {name for each in (statement, *inner) for value in values_of(each) for name in names_in(value)}


@final
@dataclass(frozen=True, slots=True)
class Span:
    """The first and the last stage that has a weight (where none has, the last is before the first), and the loop that finds them."""

    first: str
    last: str
    loop: Reduce


def span_of(names: Names, sums: StageSums) -> Span:
    """Of the stages of these sums; its loop goes where the weight's own names are known."""
    j, first, last = (names.fresh(wish) for wish in ("j", "first_stage", "last_stage"))
    nothing = Op("eq", (substitute(sums.weight, {sums.loop.index: Local(j)}), Float(0.0)))
    count = sums.loop.count
    totals = (
        Total(first, "min", count, Op("where", (nothing, count, Local(j)))),
        Total(last, "max", Integer(-1), Op("where", (nothing, Integer(-1), Local(j)))),
    )
    return Span(first, last, Reduce(totals, j, count, (), "stages that have a weight"))


def into_buffers(
    sums: StageSums, buffers: Sequence[str], span: Span, names: Names, turn: Turn
) -> tuple[Statement, ...]:
    """Fills the buffers with what is made of the sums, else with the sums.

    Stages are taken two at a time: half as many turns, each of which loads and stores the buffer.
    """
    first, last = Local(span.first), Local(span.last)
    numbers = range(len(buffers))
    so_far: list[Value] = [Load(buffer, _PLACE) for buffer in buffers]

    def started(*parts: Sequence[Value]) -> list[Statement]:
        return [Store(buffer, _PLACE, value) for buffer, value in zip(buffers, _added(parts), strict=True)]

    def ended(*parts: Sequence[Value]) -> list[Statement]:
        values = _added(parts)
        return [Store(buffers[number], _PLACE, sums.ended(number, values[number])) for number in numbers]

    def at(
        stages: Sequence[Value], what: Callable[..., list[Statement]], *before: Sequence[Value]
    ) -> tuple[Statement, ...]:
        return _at(sums, stages, names, turn, lambda found: what(*before, *found))

    j, odd = names.fresh("j"), names.fresh("odd")
    inner = Op("sub", (Op("sub", (last, first)), Integer(1)))  # stages before the last two
    pairs = Op("quotient", (inner, Integer(2)))
    start = add(first, Local(odd))
    at_pair = add(start, Op("mul", (Integer(2), Local(j))))
    many = (
        Let(odd, Op("sub", (inner, Op("mul", (Integer(2), pairs))))),
        If(Op("eq", (Local(odd), Integer(0))), (turn(started([Float(0.0)] * len(buffers))),)),
        If(Op("eq", (Local(odd), Integer(1))), at([first], started)),
        For(j, pairs, at([at_pair, add(at_pair, Integer(1))], started, so_far)),
        *at([Op("sub", (last, Integer(1))), last], ended, so_far),
    )
    return (
        If(
            Op("lt", (last, first)),
            (turn(ended([Float(0.0)] * len(buffers))),),
            "the state at this stage, from no other stage",
        ),
        If(Op("eq", (first, last)), at([last], ended), "from one"),
        If(Op("lt", (first, last)), many, "from several"),
    )


def _added(parts: Sequence[Sequence[Value]]) -> list[Value]:
    return [reduce(add, values) for values in zip(*parts, strict=True)]


def _at(
    sums: StageSums,
    stages: Sequence[Value],
    names: Names,
    turn: Turn,
    statements: Callable[[Sequence[Sequence[Value]]], Sequence[Statement]],
) -> tuple[Statement, ...]:
    """A turn over the block with the statements that are made of the terms of some stages."""
    before: list[Statement] = []
    own: list[Statement] = []
    terms: list[list[Value]] = []
    for stage in stages:
        called = {name: names.fresh(name) for name in (sums.loop.index, *bound_names(sums.loop.body))}
        before += [Let(called[sums.loop.index], stage), *renamed(sums.alike, called)]
        own += renamed(sums.own, called)
        values = {name: Local(new) for name, new in called.items()}
        terms.append([substitute(total.value, values) for total in sums.loop.totals])
    return (*before, turn([*own, *statements(terms)]))
