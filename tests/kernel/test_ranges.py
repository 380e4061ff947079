"""Loops of several ranges: which are made, and that the one that runs gives what the plain loop gives."""

import math

import numpy as np
import pytest

from mcompiler.kernel.abi import OBSERVE
from mcompiler.kernel.blocks import blocked
from mcompiler.kernel.interpret import interpret
from mcompiler.kernel.ir import Float, For, Integer, Kernel, KernelModule, Load, Local, Op, Store, Value
from mcompiler.kernel.print import print_module
from mcompiler.kernel.verify import verify

Y = Load("y", Local("m"))


def module(value: Value) -> KernelModule:
    """``out[m] = value`` for all m below z[0]."""
    loop = For("m", Load("z", Integer(0)), (Store("out", Local("m"), value),))
    return verify(KernelModule("ranges", (Kernel(OBSERVE, (loop,)),)))


def angles_and_sinh() -> KernelModule:
    """sinh(y) + cos(1e4 y) sin(y)."""
    waves = Op("mul", (Op("cos", (Op("mul", (Float(1e4), Y)),)), Op("sin", (Y,))))
    return module(Op("add", (Op("sinh", (Y,)), waves)))


def functions(made: KernelModule) -> list[list[str]]:
    """The functions that each innermost loop calls."""
    names = ("sinh", "sinh_1", "sinh_2", "sin", "sin_20", "cos", "cos_20")
    found = [[name for name in names if f" {name}(" in f" {line}"] for line in print_module(made).splitlines()]
    return [each for each in found if each]


def test_loops_of_angles_are_two() -> None:
    assert functions(blocked(module(Op("sin", (Y,))))) == [["sin_20"], ["sin"]]


def test_loops_of_angles_and_sinh_are_four() -> None:
    """Of sinh up to 1, up to 2 and any with angles of the loop, and of any with libm's."""
    made = functions(verify(blocked(angles_and_sinh())))
    assert made == [
        ["sinh_1", "sin_20", "cos_20"],
        ["sinh_2", "sin_20", "cos_20"],
        ["sinh", "sin_20", "cos_20"],
        ["sinh", "sin", "cos"],
    ]


def test_a_loop_of_sinh_alone_stays_one() -> None:
    assert functions(blocked(module(Op("sinh", (Y,))))) == [["sinh"]]


@pytest.mark.parametrize("largest", [0.5, 1.5, 40.0, 200.0, 1e7, math.inf, math.nan])
def test_the_same_numbers(largest: float) -> None:
    y = np.linspace(-1, 1, 21)
    y[13] = largest
    found: list[list[float]] = []
    for made in (angles_and_sinh(), blocked(angles_and_sinh(), 8)):
        out, none, size = np.zeros(len(y)), np.zeros(1), np.array([len(y)])
        interpret(made)["observe"](0.0, y, none, size, none, size, out, 0)
        found.append(out.tolist())
    assert np.array_equal(found[0], found[1], equal_nan=True)
