"""What numba has no words for: selections as LLVM's ``select``, additions in any order, local arrays, bits of doubles.

A selection is straight-line code from the start, where a conditional expression would make four blocks.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numba.core.types
import numba.extending
from llvmlite import ir

# numba's types and llvmlite's builders are untyped.
_types: Any = numba.core.types
_extending: Any = numba.extending
_BIT: Any = ir.IntType(1)
_DOUBLE: Any = ir.DoubleType()

#: Gives instructions: a builder and the arguments' values.
Emit = Callable[..., Any]


def _kind(argument: Any) -> Any:
    """The type that an argument is used as: numba gives literals types of their own."""
    if isinstance(argument, _types.Boolean):
        return _types.boolean
    return _types.float64 if isinstance(argument, _types.Float) else _types.int64


def _of_one(emit: Emit) -> Any:
    def typed(_context: Any, a: Any) -> Any:
        kind = _kind(a)
        return kind(kind), _lowered(emit)

    return _extending.intrinsic(typed)


def _of_two(emit: Emit) -> Any:
    def typed(_context: Any, a: Any, _b: Any) -> Any:
        kind = _kind(a)
        return kind(kind, kind), _lowered(emit)

    return _extending.intrinsic(typed)


def _of_three(emit: Emit) -> Any:
    def typed(_context: Any, _condition: Any, a: Any, _b: Any) -> Any:
        kind = _kind(a)
        return kind(_types.boolean, kind, kind), _lowered(emit)

    return _extending.intrinsic(typed)


def _lowered(emit: Emit) -> Any:
    def lower(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return emit(builder, *arguments)

    return lower


def _where(builder: Any, condition: Any, a: Any, b: Any) -> Any:
    return builder.select(condition, a, b)


def _extreme(relation: str) -> Emit:
    """The second where it is better or NaN, else the first."""

    def emit(builder: Any, a: Any, b: Any) -> Any:
        if a.type != _DOUBLE:
            return builder.select(builder.icmp_signed(relation, b, a), b, a)
        better = builder.or_(builder.fcmp_ordered(relation, b, a), builder.fcmp_unordered("uno", b, b))
        return builder.select(better, b, a)

    return emit


def _sign(builder: Any, a: Any) -> Any:
    zero, one, minus = (ir.Constant(_DOUBLE, value) for value in (0.0, 1.0, -1.0))
    below = builder.select(builder.fcmp_ordered("<", a, zero), minus, a)
    return builder.select(builder.fcmp_ordered(">", a, zero), one, below)


def _step(builder: Any, a: Any) -> Any:
    zero, one, nan = (ir.Constant(_DOUBLE, value) for value in (0.0, 1.0, float("nan")))
    below = builder.select(builder.fcmp_ordered("<", a, zero), zero, nan)
    return builder.select(builder.fcmp_ordered(">=", a, zero), one, below)


def _predictable(builder: Any, condition: Any) -> Any:
    """LLVM's ``expect``: machine code may branch on such a condition."""
    function = builder.module.declare_intrinsic("llvm.expect", [_BIT], ir.FunctionType(_BIT, [_BIT, _BIT]))
    return builder.call(function, [condition, ir.Constant(_BIT, 0)])


def _sum(builder: Any, a: Any, b: Any) -> Any:
    return builder.fadd(a, b, flags=["reassoc", "contract"]) if a.type == _DOUBLE else builder.add(a, b)


def _recast(kind: Any, made: Any, emit: Emit) -> Any:
    def typed(_context: Any, _a: Any) -> Any:
        return made(kind), _lowered(emit)

    return _extending.intrinsic(typed)


def _bits(builder: Any, a: Any) -> Any:
    return builder.bitcast(a, ir.IntType(64))


def _magnitude(builder: Any, a: Any) -> Any:
    whole = builder.bitcast(a, ir.IntType(64))
    return builder.and_(whole, ir.Constant(ir.IntType(64), (1 << 63) - 1))


def _real(builder: Any, a: Any) -> Any:
    return builder.sitofp(a, _DOUBLE)


def _double(builder: Any, a: Any) -> Any:
    return builder.bitcast(a, _DOUBLE)


def _fused(builder: Any, a: Any, b: Any, c: Any) -> Any:
    """a*b + c, rounded once: one instruction where the CPU has it, else C's function."""
    return builder.fma(a, b, c)


def _fma(_context: Any, _a: Any, _b: Any, _c: Any) -> Any:
    kind = _types.float64
    return kind(kind, kind, kind), _lowered(_fused)


def _buffer(_context: Any, size: Any) -> Any:
    """A local array of this many doubles."""

    def emit(_context: Any, builder: Any, _signature: Any, _arguments: Any) -> Any:
        with builder.goto_entry_block():
            made = builder.alloca(_DOUBLE, size=ir.Constant(ir.IntType(64), size.literal_value))
            made.align = 64  # of a cache line, which no vector then straddles
            return made

    return _types.CPointer(_types.float64)(size), emit


#: What generated text calls beside C's functions, by name.
SELECTED: Mapping[str, object] = MappingProxyType(
    {
        "buffer": _extending.intrinsic(prefer_literal=True)(_buffer),
        "summed": _of_two(_sum),
        "magnitude": _recast(_types.float64, _types.int64, _magnitude),
        "real": _recast(_types.int64, _types.float64, _real),
        "where": _of_three(_where),
        "min": _of_two(_extreme("<")),
        "max": _of_two(_extreme(">")),
        "sign": _of_one(_sign),
        "step": _of_one(_step),
        "predictable": _of_one(_predictable),
    }
)

#: What elementary functions are made of besides.
RECAST: Mapping[str, object] = MappingProxyType(
    {
        "bits": _recast(_types.float64, _types.int64, _bits),
        "double": _recast(_types.int64, _types.float64, _double),
        "fma": _extending.intrinsic(_fma),
    }
)
