"""Every invariant of the IR, each broken once."""

import pytest

from mcompiler.kernel.abi import BREAKPOINT, PROJECT, SWEEP, Signature
from mcompiler.kernel.ir import (
    Accumulate,
    Float,
    For,
    If,
    Integer,
    Kernel,
    KernelModule,
    Let,
    Load,
    Local,
    Op,
    Reduce,
    Return,
    Statement,
    Store,
    Total,
)
from mcompiler.kernel.verify import BrokenKernelError, verify
from tests.kernel.cases import everything_case, hp_case

ONE, ZERO, T = Float(1.0), Integer(0), Local("t")


def check(signature: Signature, *body: Statement) -> None:
    verify(KernelModule("checked", (Kernel(signature, body),)))


def test_lowered_kernels_pass() -> None:
    for case in (hp_case(), everything_case(dense=True)):
        assert verify(case.module) is case.module


BROKEN: dict[str, tuple[str, tuple[Statement, ...]]] = {
    "bound twice": ("x is bound twice", (Let("x", ONE), Let("x", ONE))),
    "bound twice in blocks side by side": (
        "x is bound twice",
        (For("m", ZERO, (Let("x", ONE),)), For("n", ZERO, (Let("x", ONE),))),
    ),
    "an argument bound": ("t is bound twice", (Let("t", ONE),)),
    "an index bound": ("m is bound twice", (Let("m", ONE), For("m", ZERO, ()))),
    "used before it is bound": ("x is not bound here", (Store("K", ZERO, Local("x")), Let("x", ONE))),
    "used outside its block": ("x is not bound here", (For("m", ZERO, (Let("x", ONE),)), Store("K", ZERO, Local("x")))),
    "used outside its branch": (
        "x is not bound here",
        (If(Op("eq", (ZERO, ZERO)), (Let("x", ONE),)), Store("K", ZERO, Local("x"))),
    ),
    "an index used outside": ("m is not bound here", (For("m", ZERO, ()), Store("K", Local("m"), ONE))),
    "a total used inside": (
        "s is not bound here",
        (Reduce((Total("s", "add", ONE, ONE),), "m", ZERO, (Store("K", ZERO, Local("s")),)),),
    ),
    "a total that starts as another type": (
        "1 is i64, not f64",
        (Reduce((Total("s", "add", ONE, Integer(1)),), "m", ZERO),),
    ),
    "a total of another operation": (
        "total s has the operation mul",
        (Reduce((Total("s", "mul", ONE, ONE),), "m", ZERO),),
    ),
    "no such operation": (r"no operation frob\(f64\)", (Let("x", Op("frob", (ONE,))),)),
    "types that do not go together": (r"no operation add\(f64, i64\)", (Let("x", Op("add", (ONE, ZERO))),)),
    "too few arguments": (r"no operation add\(f64\)", (Let("x", Op("add", (ONE,))),)),
    "a condition that is a number": ("1.0 is f64, not bool", (If(ONE, ()),)),
    "an exponent that is no literal": (
        "the exponent of powi must be a literal",
        (Let("x", Op("powi", (T, Local("stage")))),),
    ),
    "an index that is no integer": ("1.0 is f64, not i64", (Store("K", ONE, ONE),)),
    "an index of a load that is none": ("t is f64, not i64", (Let("x", Load("y", T)),)),
    "a count that is none": ("1.0 is f64, not i64", (For("m", ONE, ()),)),
    "an integer stored as a double": ("0 is i64, not f64", (Store("K", ZERO, ZERO),)),
    "no such array": ("no array q", (Store("q", ZERO, ONE),)),
    "no such array to load from": ("no array q", (Let("x", Load("q", ZERO)),)),
    "an input written": ("array y is an input", (Store("y", ZERO, ONE),)),
    "an input added to": ("array p is an input", (Accumulate("p", ZERO, ONE),)),
    "an array as a value": ("y is not bound here", (Let("x", Local("y")),)),
    "no name": ("'a b' is no name", (Let("a b", ONE),)),
    "a result where there is none": ("the result and the last statement do not fit", (Return(ONE),)),
}


@pytest.mark.parametrize("what", BROKEN)
def test_broken(what: str) -> None:
    message, body = BROKEN[what]
    with pytest.raises(BrokenKernelError, match=f"kernel sweep: {message}"):
        check(SWEEP, *body)


def test_results() -> None:
    check(BREAKPOINT, Return(T))
    for body in ((), (Let("x", ONE),), (Return(T), Let("x", ONE))):
        with pytest.raises(BrokenKernelError, match="kernel breakpoint: the result and the last statement do not fit"):
            check(BREAKPOINT, *body)
    with pytest.raises(BrokenKernelError, match="kernel breakpoint: a return that is not the last statement"):
        check(BREAKPOINT, For("m", ZERO, (Return(T),)), Return(T))
    with pytest.raises(BrokenKernelError, match=r"kernel project: 1.0 is f64, not i64"):
        check(PROJECT, Return(ONE))


def test_two_kernels_of_one_name() -> None:
    kernel = Kernel(SWEEP, ())
    with pytest.raises(BrokenKernelError, match="two: two kernels have one name"):
        verify(KernelModule("two", (kernel, kernel)))
