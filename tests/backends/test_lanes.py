"""Kernels for lanes as machine code: vectors throughout, elementary functions among them; the same numbers as the interpreter's."""

import re

import numpy as np
import pytest

import mcompiler as mc
from mcompiler.backends.numba import backend
from mcompiler.integrators.entries import SIDE_BY_SIDE
from mcompiler.integrators.methods import method_named, tableau
from mcompiler.kernel.abi import LANES
from mcompiler.kernel.interpret import interpret
from mcompiler.kernel.ir import KernelModule
from mcompiler.kernel.lanes import laned
from mcompiler.kernel.layout import Layout
from tests.backends.test_emit import assert_same, both, only
from tests.kernel.cases import Case, hp_case

WRITTEN = """
circuit Bench { node a
  S: CurrentSource(ground, a, I = 1[mA]); C1: Capacitor(a, ground, C = 1[uF]); M: SinhRate(a, ground) }
experiment rest on Bench { run to 1[ms] }
"""


@pytest.fixture(scope="module")
def written(shared_cache: object) -> tuple[KernelModule, Layout]:
    model = mc.parse(WRITTEN)
    return model.lowered(model.network, lanes="tsit5")


def test_a_step_is_vectors(written: tuple[KernelModule, Layout]) -> None:
    """The step, its judgement and its end: loops over lanes with vectors of doubles, without calls and without checks of addresses in the step."""
    module = backend.optimised(written[0], SIDE_BY_SIDE)
    functions = {each.name: str(each) for each in module.functions}
    step = functions["mc_leap_for_any_layout"]
    assert len(re.findall(r"f(?:add|sub|mul|div) .*<\d+ x double>", step)) > 100
    assert not re.search(r"f(?:add|sub|mul|div) (?:contract )?double", step)
    assert not re.search(r"call .*@(sinh|exp|llvm.exp)\b", step)
    assert "vector.memcheck" not in step
    assert len(re.findall(r"<\d+ x double>", functions["mc_advance_lanes"])) > 100


def test_machine_code_and_the_interpreter_agree(written: tuple[KernelModule, Layout]) -> None:
    kernels, layout = written
    library, reference = backend.load(backend.compile(kernels, layout, SIDE_BY_SIDE)), interpret(kernels)
    z, draw = np.array(kernels.z, dtype=np.int64), np.random.default_rng(0)
    n, count, w = int(z[0]), int(z[1]), np.zeros(int(z[3]) * LANES)
    p = draw.uniform(0.5, 1.5, count * LANES)
    found = []
    for functions in (library, reference):
        again = np.random.default_rng(1)
        c, v = again.uniform(0.01, 0.1, 3 * LANES), np.zeros(n * LANES)
        y, k, s = again.uniform(0.1, 0.9, n * LANES), again.uniform(0.1, 0.9, 2 * n * LANES), np.full(n * LANES, 1e-6)
        functions["leap"](1e-6, c, y, k, s, p, z, w, v)
        found.append(np.concatenate([c, v, k]))
    np.testing.assert_allclose(found[0], found[1], rtol=1e-9)


def test_both_texts_are_equal_to_the_bit() -> None:
    case = hp_case()
    module = laned(case.module, case.layout, case.z, tableau(method_named("bs3")))
    ours, numbas = both(
        only(Case(module, case.layout, case.z, case.p, case.y), "leap", "dense").module, contraction=False
    )
    found = []
    for functions in (ours, numbas):
        draw = np.random.default_rng(1)
        n, count = int(case.z[0]), int(case.z[1])
        c, y, k = (draw.uniform(0.1, 0.9, size * LANES) for size in (3, n, 2 * n))
        p, w, v, d = (
            case.p.repeat(LANES),
            np.zeros(int(case.z[3]) * LANES),
            np.zeros(n * LANES),
            np.zeros(3 * n * LANES),
        )
        assert len(p) == count * LANES
        functions["leap"](1e-6, c, y, k, np.full(n * LANES, 1e-6), p, case.z, w, v)
        functions["dense"](c, y, k, p, case.z, w, d)
        found.append([c, k, v, d])
    assert_same(found[0], found[1], "lanes")
