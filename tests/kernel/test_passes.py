"""Passes keep what the interpreter computes, to the bit, and every invariant."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcompiler.equations.system import LOSS
from mcompiler.kernel.abi import BREAKPOINT, FINISH, RESET_PULLBACK, SWEEP
from mcompiler.kernel.from_equations import lower
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
    Value,
)
from mcompiler.kernel.layout import Layout, bind
from mcompiler.kernel.print import print_module
from mcompiler.kernel.scalarise import scalarise
from mcompiler.kernel.share import fold
from mcompiler.kernel.simplify import simplify, simplify_kernel
from mcompiler.kernel.verify import verify
from mcompiler.kernel.walk import loads_in, values_of, walk
from mcompiler.network.structure import SCALAR_MEMBERS
from tests.kernel.cases import Case, everything_case, hp_case
from tests.kernel.programs import Z, modules, outcome
from tests.kernel.systems import everything

NO_CLASSES = Layout("random", (), (), (), 8)


@given(modules(), st.integers(0, 2**32))
@settings(max_examples=200, deadline=None)
def test_simplification_of_random_kernels(module: KernelModule, seed: int) -> None:
    simple = verify(simplify(verify(module)))
    assert outcome(simple, seed, scratch=True) == outcome(module, seed, scratch=True)
    assert operations(simple) <= operations(module)


@given(modules(), st.integers(0, 2**32))
@settings(max_examples=200, deadline=None)
def test_scalarising_of_random_kernels(module: KernelModule, seed: int) -> None:
    scalar = verify(scalarise(verify(module), NO_CLASSES, Z))
    assert outcome(scalar, seed, scratch=False) == outcome(module, seed, scratch=False)
    assert not any(load.array == "z" for load in loads(scalar.kernels[0].body))


def operations(module: KernelModule) -> int:
    """How many operations stand in the text."""

    def count(value: Value) -> int:
        match value:
            case Op(_, arguments):
                return 1 + sum(map(count, arguments))
            case Load(_, index):
                return count(index)
            case _:
                return 0

    return sum(count(value) for kernel in module.kernels for each in walk(kernel.body) for value in values_of(each))


def loads(body: tuple[Statement, ...]) -> list[Load]:
    return [load for each in walk(body) for value in values_of(each) for load in loads_in(value)]


@pytest.mark.parametrize("case", [hp_case(), everything_case(dense=False)], ids=["hp", "everything"])
def test_scalarising_of_systems(case: Case) -> None:
    """All kernels of a small system: no loops over members, no layout, no scratch where the member is known; the same bits."""
    scalar = replace(case, module=verify(scalarise(case.module, case.layout, case.z)))
    for kernel in scalar.module.kernels:
        kinds = Counter(type(each) for each in walk(kernel.body))
        assert kinds[For] == 0
        assert kinds[Reduce] == (kernel.signature in (SWEEP, FINISH))
        if kernel.signature.name not in {"guard_pullback", "reset", "reset_pullback"}:
            assert not any(load.array == "z" for load in loads(kernel.body))
        if kernel.signature.name in {
            "sweep",
            "finish",
            "pullback",
            "initial",
            "project",
            "scale",
            "guards",
            "observe",
            "breakpoint",
        }:
            assert not any(load.array == "w" for load in loads(kernel.body))
            assert not any(isinstance(each, (Store, Accumulate)) and each.array == "w" for each in walk(kernel.body))
    for t in (0.1, 1.3):
        assert everything_it_does(scalar.at({"t": t})) == everything_it_does(case.at({"t": t}))


def everything_it_does(case: Case) -> list[bytes]:
    """What all kernels write and give, as bytes."""
    n, parameters, events, terms = len(case.y), len(case.p), int(case.z[2]), len(case.layout.losses)
    draw = np.random.default_rng(0)
    K, lam, a, d = draw.normal(size=5 * n), draw.normal(size=n), draw.normal(size=20), draw.normal(size=3)
    found: list[object] = []
    for stage in range(4):
        case.call("sweep", stage=stage, h=0.1, a=a, a0=stage, K=K)
    v = np.zeros(n)
    found += [K, case.call("finish", stage=3, h=0.1, a=a, a0=3, b0=7, K=K, v=v), v]
    for name, arrays in {"initial": "y", "scale": "s", "guards": "g", "project": "y"}.items():
        out = case.y.copy() if arrays == "y" else np.zeros(max(n, events))
        found += [out, case.call(name, **{arrays: out})]
    Yb, pb, moved = np.zeros(n), np.zeros(parameters), lam.copy()
    found += [case.call("pullback", lam=lam, Yb=Yb, pb=pb), Yb, pb, moved]
    case.call("initial_pullback", lam=lam, pb=pb)
    case.call("project_pullback", lam=moved, pb=pb)
    for e in range(events):
        y = case.y.copy()
        case.call("reset", e=e, y=y)
        found += [y, case.call("guard_pullback", e=e, seed=0.3, yb=Yb, pb=pb)]
        found.append(case.call("reset_pullback", e=e, lam=moved, pb=pb))
    for term in range(terms):
        found += [case.call("loss", term=term, d=d), case.call("loss_pullback", term=term, seed=1.5, d=d, yb=Yb, pb=pb)]
    out = np.zeros(100)
    case.call("observe", want=4 * np.arange(int(case.z[4]), dtype=np.int64), out=out)
    found += [case.call("breakpoint"), out, Yb, pb, moved]
    return [np.asarray(each, dtype=float).tobytes() for each in found]


def test_simplification_of_lowered_kernels() -> None:
    """What `lower` gives cannot be simplified further, and stays what it is."""
    case = everything_case(dense=True)
    again = verify(simplify(case.module))
    assert print_module(again) == print_module(case.module)


@pytest.mark.parametrize(
    ("links", "is_small"), [(0, True), (SCALAR_MEMBERS - 3, True), (SCALAR_MEMBERS - 2, False), (1000, False)]
)
def test_large_systems_stay_the_same_to_the_byte(links: int, is_small: bool) -> None:
    module, layout = lower(everything(dense=False))
    sizes = {"nodes": 1, "cells": 1, LOSS: 1, "M": 0, "L": links, "observe v": 0}
    indices = {
        (each.name, end): np.zeros(sizes[each.name], dtype=np.int64)
        for each in layout.classes
        for end in range(len(each.ends))
    }
    z = bind(layout, sizes, indices)
    made = scalarise(module, layout, z)
    assert (made is not module) == is_small
    assert made.z == (tuple(z) if is_small else ())


def test_dense_systems_stay_the_same_to_the_byte() -> None:
    case = everything_case(dense=True)
    assert scalarise(case.module, case.layout, case.z) is case.module


def simplified(*body: Statement, result: bool = False) -> tuple[Statement, ...]:
    end = (Return(Float(0.0)),) if result else ()
    kernel = Kernel(RESET_PULLBACK if result else SWEEP, (*body, *end))
    verify(KernelModule("simplified", (simplify_kernel(kernel),)))
    return simplify_kernel(kernel).body


T, H = Local("t"), Local("h")
SUM = Op("add", (T, H))


def test_an_operation_is_done_once() -> None:
    body = simplified(Store("K", Integer(0), Op("exp", (SUM,))), Store("K", Integer(1), Op("exp", (SUM,))))
    assert body == (Let("s", Op("exp", (SUM,))), Store("K", Integer(0), Local("s")), Store("K", Integer(1), Local("s")))


def test_operations_leave_loops_and_loads_do_not() -> None:
    inside = Store("K", Local("m"), Op("mul", (Op("exp", (SUM,)), Load("y", Integer(0)))))
    body = simplified(For("m", Local("stage"), (inside,)))
    assert body[0] == Let("s", Op("exp", (SUM,)))
    assert body[1] == For(
        "m", Local("stage"), (Store("K", Local("m"), Op("mul", (Local("s"), Load("y", Integer(0))))),)
    )


def test_nothing_leaves_a_branch() -> None:
    inside = Store("K", Integer(0), Op("exp", (SUM,)))
    branch = If(Op("lt", (Local("stage"), Integer(3))), (inside,))
    assert simplified(branch) == (branch,)


def test_a_branch_within_the_same_branch_is_none() -> None:
    condition = Op("lt", (Local("stage"), Integer(3)))
    store = Store("K", Integer(0), SUM)
    inner = If(condition, (store,))
    (outer,) = simplified(If(condition, (Store("K", Integer(1), T), inner)))[-1:]
    assert isinstance(outer, If)
    assert outer.body == (Store("K", Integer(1), T), store)


def test_loads_around_a_store_stay_apart() -> None:
    load = Load("w", Integer(0))
    body = simplified(
        Let("before", load),
        Store("w", Integer(0), T),
        Let("after", load),
        Store("K", Integer(0), Op("sub", (Local("before"), Local("after")))),
    )
    assert [each for each in body if isinstance(each, Let)] == [Let("before", load), Let("after", load)]


def test_zeros_of_either_sign_stay_apart() -> None:
    """0.0 equals -0.0, but they are not the same number."""
    signed = [Op("div", (T, Float(zero))) for zero in (0.0, -0.0)]
    body = simplified(*(Store("K", Integer(place), value) for place, value in enumerate(signed)))
    assert body == tuple(Store("K", Integer(place), value) for place, value in enumerate(signed))
    assert Float(0.0) != Float(-0.0)
    assert Float(float("nan")) == Float(float("nan"))


def test_totals_and_loops_that_nobody_needs_go() -> None:
    needed, idle = Total("sum", "add", Float(0.0), T), Total("idle", "min", Float(1.0), H)
    body = simplified(
        Reduce((needed, idle), "m", Local("stage")),
        For("k", Local("stage"), (Let("x", T),)),
        Store("K", Integer(0), Local("sum")),
    )
    assert body == (Reduce((needed,), "m", Local("stage")), Store("K", Integer(0), Local("sum")))


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (Op("add", (Integer(2), Integer(3))), Integer(5)),
        (Op("mul", (Local("m"), Integer(0))), Integer(0)),
        (Op("sub", (Local("m"), Integer(0))), Local("m")),
        (Op("sub", (Float(2.0), Float(3.0))), Float(-1.0)),
        (Op("mul", (Float(1.0), T)), T),
        (Op("div", (T, Float(1.0))), T),
        (Op("sub", (T, Float(0.0))), T),
        (Op("sub", (T, Float(-0.0))), Op("sub", (T, Float(-0.0)))),
        (Op("add", (T, Float(0.0))), Op("add", (T, Float(0.0)))),
        (Op("mul", (T, Float(0.0))), Op("mul", (T, Float(0.0)))),
        (Op("div", (Float(1.0), Float(0.0))), Op("div", (Float(1.0), Float(0.0)))),
    ],
)
def test_folding(value: Op, wanted: object) -> None:
    assert fold(value) == wanted


def test_a_value_at_many_places_is_visited_once() -> None:
    """An expression of 2^60 nodes that are 60 objects."""
    value: Op = Op("exp", (T,))
    for _ in range(60):
        value = Op("mul", (value, value))
    simple = simplify_kernel(Kernel(BREAKPOINT, (Return(Op("mul", (value, T))),)))
    assert len(simple.body) == 61
