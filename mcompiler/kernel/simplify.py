"""Simplification of kernels: every operation is done once, outside the loops it does not depend on, and only if somebody needs its result.

Results stay the same bit for bit: operations are shared, moved and dropped, never reordered or replaced.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from mcompiler.kernel.build import Names
from mcompiler.kernel.ir import For, If, Kernel, KernelModule, Let, Reduce, Statement, Value
from mcompiler.kernel.prune import prune
from mcompiler.kernel.share import Sharing
from mcompiler.kernel.walk import (
    bound_names,
    loads_in,
    names_in,
    renamed,
    substitute,
    values_before,
    values_of,
    walk,
    with_values,
    written_arrays,
)


def simplify(module: KernelModule) -> KernelModule:
    """The module with shared, hoisted and pruned operations."""
    return replace(module, kernels=tuple(simplify_kernel(kernel) for kernel in module.kernels))


def simplify_kernel(kernel: Kernel) -> Kernel:
    """One kernel, simplified; the names that it needed are numbered in the order in which they stand there."""
    sharing = Sharing(kernel)
    shared = prune(sharing.run(kernel.body))
    body = prune(_inlined(shared, sharing.generated, Counter(_used_names(shared)), ())[0])
    left = [name for name in bound_names(body) if name in sharing.generated]
    taken = [argument.name for argument in kernel.signature.arguments]
    names = Names([*taken, *(name for name in bound_names(body) if name not in sharing.generated)])
    return replace(kernel, body=renamed(body, {name: names.fresh("s") for name in left}))


def _used_names(body: Iterable[Statement]) -> list[str]:
    return [name for statement in walk(body) for value in values_of(statement) for name in names_in(value)]


def _inlined(
    body: tuple[Statement, ...], generated: set[str], uses: Counter[str], ends: Sequence[Value]
) -> tuple[tuple[Statement, ...], list[Value]]:
    """Generated names that are used once, in the same block, put back where they are used: in statements, or in ``ends``, evaluated after these."""
    waiting: dict[str, Value] = {}
    here = Counter(name for statement in body for name in _names_before(statement))
    here.update(name for value in ends for name in names_in(value))
    result: list[Statement] = []
    for original in body:
        statement = with_values(original, lambda value: substitute(value, waiting))
        for name in _names_before(original):
            waiting.pop(name, None)
        if (
            isinstance(statement, Let)
            and statement.name in generated
            and uses[statement.name] == here[statement.name] == 1
        ):
            waiting[statement.name] = statement.value
            continue
        result += _overtaken(waiting, written_arrays([statement]))
        result.append(_inlined_inside(statement, generated, uses))
    return tuple(result), [substitute(value, waiting) for value in ends]


def _names_before(statement: Statement) -> list[str]:
    return [name for value in values_before(statement) for name in names_in(value)]


def _overtaken(waiting: dict[str, Value], arrays: set[str]) -> list[Statement]:
    """What must be bound now, because the next statement writes an array that it reads."""
    names = [name for name, value in waiting.items() if any(load.array in arrays for load in loads_in(value))]
    return [Let(name, waiting.pop(name)) for name in names]


def _inlined_inside(statement: Statement, generated: set[str], uses: Counter[str]) -> Statement:
    match statement:
        case For() | If():
            return replace(statement, body=_inlined(statement.body, generated, uses, ())[0])
        case Reduce(totals, _, _, body, _):
            inside, values = _inlined(body, generated, uses, [total.value for total in totals])
            changed = tuple(replace(total, value=value) for total, value in zip(totals, values, strict=True))
            return replace(statement, body=inside, totals=changed)
        case _:
            return statement
