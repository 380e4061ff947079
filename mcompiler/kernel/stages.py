"""Sums over earlier stages: all that a stage without loops over members makes, in one loop."""

from dataclasses import replace

from mcompiler.kernel.abi import FINISH
from mcompiler.kernel.ir import Local, Reduce, Statement
from mcompiler.kernel.walk import bound_names, names_in, renamed, values_of


def with_one_stage_sum(body: tuple[Statement, ...]) -> tuple[Statement, ...]:
    """The body of a stage with its top-level sums over earlier stages joined where the first of them stood.

    They may be made before anything is stored: a stage reads rows of K before its own and writes no other.
    """
    sums = [each for each in body if isinstance(each, Reduce) and each.count == Local("stage")]
    if len(sums) < 2:
        return body
    first = sums[0]
    known = {argument.name for argument in FINISH.arguments} | set(bound_names(body[: body.index(first)]))
    joined = [each for each in sums if _free_names(each) <= known]
    inner = [statement for each in joined for statement in renamed(each.body, {each.index: first.index})]
    totals = [total for each in joined for total in _counted_by(each, first.index).totals]
    whole = replace(first, totals=tuple(totals), body=tuple(inner))
    return tuple(whole if each is first else each for each in body if each is first or each not in joined)


def _free_names(loop: Reduce) -> set[str]:
    """The names that a loop takes from around it."""
    used = {name for each in (loop, *loop.body) for value in values_of(each) for name in names_in(value)}
    return used - {loop.index, *bound_names(loop.body)}


def _counted_by(loop: Reduce, index: str) -> Reduce:
    (counted,) = renamed([loop], {loop.index: index})
    assert isinstance(counted, Reduce)
    return counted
