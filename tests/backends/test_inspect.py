"""Code to be read: loops found in LLVM's text, statements beside instructions, what a turn of a loop costs."""

import re
from dataclasses import replace

import llvmlite.binding as llvm
import pytest

from mcompiler.backends.inspect import source
from mcompiler.backends.llvm.loops import Loop, innermost_loops
from mcompiler.kernel.abi import INITIAL
from mcompiler.kernel.costs import loop_costs
from mcompiler.kernel.ir import Accumulate, Float, For, Integer, Kernel, KernelModule, Let, Load, Local, Op, Store
from tests.backends.models import Run, network

M = Local("m")
COUNT = Load("z", Integer(8))


def initial(*body: Let | Store | Accumulate) -> Kernel:
    return Kernel(INITIAL, (For("m", COUNT, body, "every member"),))


SCALED = initial(
    Let("x", Op("mul", (Load("p", M), Load("p", Op("add", (COUNT, M)))))),
    Let("s", Op("exp", (Op("powi", (Local("x"), Integer(4))),))),
    Store("y", M, Op("div", (Op("add", (Local("s"), Local("x"))), Float(3.0))), "its value"),
)
SCATTERED = initial(Accumulate("y", Load("z", Op("add", (Integer(9), M))), Op("sqrt", (Load("p", M),))))

NESTED = """
define i64 @mc_a(i64 %n) {
entry:
  br label %outer
outer:                                            ; preds = %entry, %latch
  switch i64 %n, label %inner [
    i64 0, label %latch
  ]
inner:                                            ; preds = %inner, %outer
  %v = load <4 x double>, ptr %p, align 8, !dbg !11
  br i1 %c, label %inner, label %latch, !dbg !12
latch:
  br i1 %d, label %outer, label %after
after:
  ret i64 0
}
define i64 @mc_b() {
  ret i64 0
}
!11 = !DILocation(line: 7, scope: !10)
!12 = distinct !DILocation(line: 8, scope: !10)
"""


def test_only_innermost_loops_count() -> None:
    assert innermost_loops(NESTED) == {"mc_a": [Loop((7, 8), 4)], "mc_b": []}


def test_the_cost_of_a_turn() -> None:
    """Counted by hand: two loads; x, two squarings, the sum; a division, an exp; what does not change is free."""
    (cost,) = loop_costs(SCALED)
    assert (cost.read, cost.written, cost.flops, cost.divisions, cost.functions) == (16, 8, 4, 1, ("exp",))
    assert not cost.scatters
    (cost,) = loop_costs(SCATTERED)
    assert (cost.read, cost.written, cost.flops, cost.divisions) == (24, 8, 1, 1)
    assert cost.scatters
    assert cost.said == "every member"


def test_a_report_says_what_was_vectorised() -> None:
    text = source(KernelModule("m", (SCALED,)), "report")
    assert re.search(r"every member\n +\d+ doubles at a time; a turn: 16 bytes read, 8 written, 4 flops, 1 div", text)
    text = source(KernelModule("m", (SCATTERED,)), "report")
    assert "one by one, since two turns may add to one place" in text


def test_llvm_stays_valid_and_has_the_statements_beside_it() -> None:
    text = source(network(), "llvm")
    llvm.parse_assembly(text).verify()
    assert "; for m in range(n): # every unit" in text
    assert "!dbg" not in text
    assert "DILocation" not in text


def test_assembly_has_the_statements_beside_it() -> None:
    text = source(network(), "asm", ("sweep",))
    assert "# for m in range(n): # every unit" in text
    assert "mc_sweep:" in text
    assert "mc_loss" not in text
    assert ".loc" not in text
    assert ".debug" not in text


def test_small_kernels_can_be_read_too() -> None:
    module = replace(network(), z=tuple(int(each) for each in Run(n=2, edges=3).z))
    for form in ("llvm", "asm", "report"):
        assert "project" in source(module, form, ("project",))


def test_texts_of_one_kernel() -> None:
    assert source(network(), "python", ("loss",)).count("\ndef ") == 1
    assert source(network(), "kernel", ("loss", "sweep")).count("\nkernel ") == 2


def test_a_kernel_that_is_not_there() -> None:
    with pytest.raises(ValueError, match=r"no kernel swep: there are sweep, .*; did you mean sweep\?"):
        source(network(), "kernel", ("swep",))
