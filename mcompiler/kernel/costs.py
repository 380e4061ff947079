"""What one turn of an innermost loop costs: bytes of arrays, floating-point operations, elementary functions."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from mcompiler.kernel.abi import F64, F64_ARRAY, I64, I64_ARRAY
from mcompiler.kernel.ir import (
    Accumulate,
    Buffer,
    Float,
    For,
    If,
    Integer,
    Kernel,
    Let,
    Load,
    Local,
    Op,
    Reduce,
    Statement,
    Store,
    Value,
)
from mcompiler.kernel.operations import OPERATIONS, square_and_multiply
from mcompiler.kernel.walk import bound_names, names_in, parts_of, values_of, walk

#: Operations on doubles that cost about as much as an addition.
_ARITHMETIC = frozenset(("add", "sub", "mul", "neg", "min", "max", "abs", "sum"))
#: Those that take longer, and are counted apart.
_ELEMENTARY = frozenset(
    name for name, each in OPERATIONS.items() if each.meaning.startswith(("C's", "sinh of", "1 / (1 +"))
)
_BYTES = 8


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one turn of a loop.

    Attributes:
        loop: the statement.
        said: the comment of the loop, or of the nearest around it that has one.
        read: bytes of arrays, local buffers left out.
        written: likewise.
        flops: additions, multiplications and alike.
        divisions: divisions and square roots.
        functions: elementary functions by name, each as often as it is called.
        scatters: whether it adds to places that may be the same in two turns, so that turns follow each other.
    """

    loop: For | Reduce
    said: str
    read: int
    written: int
    flops: int
    divisions: int
    functions: tuple[str, ...]
    scatters: bool


def loop_costs(kernel: Kernel) -> list[Cost]:
    """Every innermost loop of a kernel, in order."""
    buffers = {each.name for each in kernel.body if isinstance(each, Buffer)}
    return list(_costs(kernel.body, "", buffers, _kinds(kernel)))


def _costs(body: Sequence[Statement], said: str, buffers: set[str], kinds: Mapping[str, str]) -> Iterator[Cost]:
    for each in body:
        match each:
            case For() | Reduce():
                if any(isinstance(inner, For | Reduce) for inner in walk(each.body)):
                    yield from _costs(each.body, each.comment or said, buffers, kinds)
                else:
                    yield _cost(each, each.comment or said, buffers, kinds)
            case If():
                yield from _costs(each.body, each.comment or said, buffers, kinds)
            case _:
                pass


def _cost(loop: For | Reduce, said: str, buffers: set[str], kinds: Mapping[str, str]) -> Cost:
    """What does not change from turn to turn costs nothing."""
    own = {loop.index, *bound_names(loop.body)}
    totals = loop.totals if isinstance(loop, Reduce) else ()
    values = [value for each in walk(loop.body) for value in values_of(each)] + [total.value for total in totals]
    written = [each for each in walk(loop.body) if isinstance(each, Store | Accumulate) and each.array not in buffers]
    added = [each for each in walk(loop.body) if isinstance(each, Accumulate)]
    parts = [part for value in values for part in parts_of(value) if any(name in own for name in names_in(part))]
    loads = {part for part in parts if isinstance(part, Load) and part.array not in buffers}
    operations = [part for part in parts if isinstance(part, Op) and _kind(part, kinds) == F64]
    return Cost(
        loop,
        said,
        _BYTES * (len(loads) + sum(each in written for each in added)),
        _BYTES * len(written),
        sum(map(_flops, operations)) + len(added) + sum(_kind(each.value, kinds) == F64 for each in totals),
        sum(each.name in {"div", "sqrt"} for each in operations),
        tuple(each.name for each in operations if each.name in _ELEMENTARY),
        any(each in written for each in added),
    )


def _flops(each: Op) -> int:
    match each:
        case Op("powi", (_, Integer(exponent))):
            return sum(step != "take" for step in square_and_multiply(abs(exponent)))
        case _:
            return int(each.name in _ARITHMETIC)


def _kinds(kernel: Kernel) -> dict[str, str]:
    """The type of every name."""
    found = {each.name: each.type for each in kernel.signature.arguments}
    for each in walk(kernel.body):
        match each:
            case Let(name, value, _):
                found[name] = _kind(value, found)
            case For(index, _, _, _):
                found[index] = I64
            case Reduce(totals, index, _, _, _):
                found[index] = I64
                found |= {total.name: _kind(total.initial, found) for total in totals}
            case Buffer(name, _):
                found[name] = F64_ARRAY
            case _:
                pass
    return found


def _kind(value: Value, kinds: Mapping[str, str]) -> str:
    match value:
        case Float():
            return F64
        case Integer():
            return I64
        case Local(name):
            return kinds[name]
        case Load(array, _):
            return I64 if kinds[array] == I64_ARRAY else F64
        case Op(name, arguments):
            return OPERATIONS[name].result(tuple(_kind(each, kinds) for each in arguments)) or F64
        case _:
            assert_never(value)
