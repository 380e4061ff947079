"""The text of kernels, and the same text from every process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mcompiler.backends.text import module_text
from mcompiler.kernel.abi import BREAKPOINT, SWEEP
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
from mcompiler.kernel.print import print_kernel, print_module, print_value
from mcompiler.kernel.scalarise import scalarise
from tests.kernel.cases import hp_case

A, B, C = Local("a"), Local("b"), Local("c")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Op("sub", (A, Op("sub", (B, C)))), "a - (b - c)"),
        (Op("sub", (Op("sub", (A, B)), C)), "a - b - c"),
        (Op("mul", (Op("add", (A, B)), C)), "(a + b) * c"),
        (Op("div", (A, Op("mul", (B, C)))), "a / (b * c)"),
        (Op("neg", (Op("add", (A, B)),)), "-(a + b)"),
        (Op("mul", (Op("neg", (A,)), B)), "-a * b"),
        (
            Op("or", (Op("and", (Op("lt", (A, B)), Op("not", (Op("eq", (A, C)),)))), Op("ge", (A, C)))),
            "a < b and not a == c or a >= c",
        ),
        (Op("and", (Op("or", (Op("lt", (A, B)), Op("lt", (B, C)))), Op("lt", (A, C)))), "(a < b or b < c) and a < c"),
        (Op("where", (Op("ne", (A, B)), Float(-0.0), Op("powi", (C, Integer(3))))), "where(a != b, -0.0, powi(c, 3))"),
        (Load("y", Op("add", (Local("m"), Integer(1)))), "y[m + 1]"),
        (Float(0.1), "0.1"),
        (Float(5e-324), "5e-324"),
        (Float(float("inf")), "inf"),
    ],
)
def test_values(value: Value, text: str) -> None:
    assert print_value(value) == text


def test_statements() -> None:
    body: tuple[Statement, ...] = (
        Let("n", Load("z", Integer(0)), "unknowns"),
        For(
            "m",
            Local("n"),
            (Store("K", Local("m"), Local("t")), Accumulate("w", Local("m"), Float(1.0), "so far")),
            "all",
        ),
        If(Op("lt", (Local("stage"), Integer(2))), (Store("w", Integer(0), Local("h")),)),
        Reduce((Total("largest", "max", Float(0.0), Load("y", Local("k"))),), "k", Local("n")),
        Store("w", Integer(1), Local("largest")),
    )
    assert print_kernel(Kernel(SWEEP, body)) == [
        "kernel sweep(stage: i64, t: f64, h: f64, a: f64*, a0: i64, y: f64*, K: f64*, p: f64*, z: i64*, w: f64*) -> void:",
        "    n = z[0]  # unknowns",
        "    for m in range(n):  # all",
        "        K[m] = t",
        "        w[m] += 1.0  # so far",
        "    if stage < 2:",
        "        w[0] = h",
        "    largest = 0.0",
        "    for k in range(n):",
        "        largest = max(largest, y[k])",
        "    w[1] = largest",
    ]


def test_modules() -> None:
    empty = KernelModule(
        "empty", (Kernel(SWEEP, ()), Kernel(BREAKPOINT, (Return(Float(1.0)),))), ("version 1", "by hand")
    )
    lines = print_module(empty).splitlines()
    assert lines[:4] == ["# version 1", "# by hand", "module empty", ""]
    assert lines[5:] == [
        "    pass",
        "",
        "kernel breakpoint(t: f64, p: f64*, z: i64*, w: f64*) -> f64:",
        "    return 1.0",
    ]


def test_what_a_user_reads() -> None:
    """The sweep of one memristor, as somebody sees it who steps through it: the model's names, units and places in its file."""
    case = hp_case()
    text = module_text(scalarise(case.module, case.layout, case.z), "1.2.3")
    sweep = text[text.index("    top_A") : text.index("def finish")].rstrip()
    assert text[: text.index("\n\n")] == HEADER.strip("\n")
    assert sweep == SWEPT.strip("\n")


HEADER = """
# Kernels of hp, written by mcompiler 1.2.3
# y: unknowns; K: their rates, a row per stage; p: parameters; z: sizes, places and wiring; w: scratch; places of M.w are called y_M_w and alike
# top: driven, vertices
# ground: ground, vertices
# M: HP, edges between top and ground
# for these sizes only, and the wiring that they came with: top 1, ground 1, M 1
"""

SWEPT = """
    top_A = p[0]  # top.A
    top_f = p[1]  # top.f
    M_Roff = p[3]  # M.Roff
    M_Ron = p[2]  # M.Ron: fully doped
    M_mu = p[4]  # M.mu
    M_p = p[5]  # M.p
    top_v = top_A * sin(6.283185307179586 * top_f * t)  # top.v
    slope_of_M_w_stored = 0.0
    for j in range(stage):  # the stages before this one
        a_j = a[a0 + j]
        slope_of_M_w_stored = slope_of_M_w_stored + a_j * K[j]
    M_w_stored = y[0] + h * slope_of_M_w_stored  # M.w as stored
    M_w = where(predictable(M_w_stored < 0.0), 0.0, where(predictable(M_w_stored > 1.0), 1.0, M_w_stored))  # M.w within its bounds
    M_i = top_v / (M_Roff * (1.0 - M_w) + M_Ron * M_w)  # M.i (hp.mem:1)
    M_w_rate = M_i * M_mu * (1.0 - pow(2.0 * M_w - 1.0, 2.0 * M_p))  # rate of M.w (hp.mem:2)
    K[stage] = where(predictable((M_w <= 0.0) & (M_w_rate < 0.0) | (M_w >= 1.0) & (M_w_rate > 0.0)), 0.0, M_w_rate)  # rate of M.w, held at its bounds
"""

PROGRAM = """
from mcompiler.backends.text import module_text
from mcompiler.kernel.scalarise import scalarise
from tests.kernel.cases import everything_case
for dense in (False, True):
    case = everything_case(dense=dense)
    print(module_text(case.module), module_text(scalarise(case.module, case.layout, case.z)), case.layout, list(case.z))
"""


def test_the_same_bytes_in_every_process() -> None:
    root = Path(__file__).resolve().parents[2]
    texts = {
        subprocess.check_output([sys.executable, "-c", PROGRAM], cwd=root, env={**os.environ, "PYTHONHASHSEED": seed})
        for seed in ("0", "1", "271828")
    }
    assert len(texts) == 1
    assert len(texts.pop()) > 100_000
