"""Kernels for lanes do for every lane what the kernels for one member do, whatever the method; no lane sees another."""

from dataclasses import replace
from functools import cache, partial
from typing import Any

import numpy as np
import pytest

from mcompiler.integrators.doubles import OPERATIONS
from mcompiler.integrators.methods import METHODS, integers, method_named, numbers, tableau
from mcompiler.integrators.slots import DEGREE, DEGREES, DENSE, ERROR_KIND, MAX_STAGES, ROWS, STAGES, TIMES, TOTAL
from mcompiler.integrators.step import make_combine
from mcompiler.kernel.abi import LANED, LANES
from mcompiler.kernel.interpret import interpret
from mcompiler.kernel.ir import For, Op, Store
from mcompiler.kernel.lanes import laned
from mcompiler.kernel.scalarise import scalarise
from mcompiler.kernel.verify import verify
from mcompiler.kernel.walk import parts_of, values_of, walk
from tests.kernel.cases import Case, everything_case, hp_case

CASES = {"hp": cache(hp_case), "everything": cache(partial(everything_case, dense=False))}


class Lanes:
    """Members near a case's, side by side and each for itself."""

    def __init__(self, case: Case) -> None:
        draw = np.random.default_rng(11)
        self.z = case.z
        self.n, self.scratch = int(case.z[0]), int(case.z[3])
        self.y = case.y[:, None] * draw.uniform(0.99, 1.01, (self.n, LANES))
        self.p = case.p[:, None] * draw.uniform(0.99, 1.01, (len(case.p), LANES))
        self.s = draw.uniform(1e-6, 1e-5, (self.n, LANES))
        self.t = case.t * draw.uniform(0.5, 1.5, LANES)
        self.h = 1e-3 * draw.uniform(0.5, 1.5, LANES)

    def w(self) -> np.ndarray[Any, np.dtype[np.float64]]:
        return np.zeros(max(1, self.scratch) * LANES)


def alone(functions: Any, each: Lanes, method: str, lane: int) -> dict[str, Any]:
    """A step of one member by the integrators' own functions."""
    tab, mi = numbers(method_named(method)), integers(method_named(method))
    y, p, s, z, n = each.y[:, lane].copy(), each.p[:, lane].copy(), each.s[:, lane].copy(), each.z, each.n
    t, h, w = each.t[lane], each.h[lane], np.zeros(max(1, each.scratch))
    K, v = np.zeros((mi[TOTAL] + mi[DEGREE]) * n), np.zeros(n)
    for i in range(mi[TOTAL]):
        functions["sweep"](i, t + tab[TIMES + i] * h, h, tab, ROWS + MAX_STAGES * i, y, K, p, z, w)
    norm = make_combine(OPERATIONS)(h, 1e-6, tab, mi, y, v, s, K, z)
    rows = K[: mi[TOTAL] * n].reshape(-1, n)
    powers = tab[DENSE : DENSE + DEGREES * mi[TOTAL]].reshape(-1, DEGREES)[:, : mi[DEGREE]]
    dense = h * np.einsum("iq,ik->qk", powers, rows)
    return {
        "v": v,
        "norm": norm,
        "first": rows[0],
        "last": rows[mi[STAGES] - 1],
        "dense": dense,
        "kind": mi[ERROR_KIND],
    }


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("method", METHODS)
def test_a_step_of_every_lane(name: str, method: str) -> None:
    case = CASES[name]()
    module = verify(laned(case.module, case.layout, case.z, tableau(method_named(method))))
    functions, each = interpret(module), Lanes(case)
    wanted = [
        alone(interpret(scalarise(case.module, case.layout, case.z)), each, method, lane)
        for lane in range(0, LANES, 11)
    ]
    c = np.concatenate([each.t, each.h, np.full(LANES, np.nan)])
    first = np.zeros((each.n, LANES))
    for number, lane in enumerate(range(0, LANES, 11)):
        first[:, lane] = wanted[number]["first"]
    k = np.concatenate([first.reshape(-1), np.zeros(each.n * LANES)])
    v, dense = np.zeros(each.n * LANES), np.zeros(wanted[0]["dense"].size * LANES)
    y, s, p = (array.reshape(-1).copy() for array in (each.y, each.s, each.p))
    functions["leap"](1e-6, c, y, k, s, p, each.z, each.w(), v)
    functions["dense"](c, y, k, p, each.z, each.w(), dense)
    assert np.array_equal(y.reshape(each.n, LANES), each.y)
    for number, lane in enumerate(range(0, LANES, 11)):
        one = wanted[number]
        np.testing.assert_allclose(v.reshape(-1, LANES)[:, lane], one["v"], rtol=1e-12)
        np.testing.assert_allclose(c[2 * LANES + lane], one["norm"], rtol=1e-6, atol=1e-16)
        powers = 0.3 ** np.arange(1, len(one["dense"]) + 1)
        found = dense.reshape(*one["dense"].shape, LANES)[..., lane]
        np.testing.assert_allclose(powers @ found, powers @ one["dense"], atol=1e-12 * abs(one["dense"][0]).max())
        if method_named(method).fsal:
            ends = k.reshape(2, each.n, LANES)[1, :, lane]
            np.testing.assert_allclose(ends, one["last"], rtol=1e-10, atol=1e-12 * abs(one["last"]).max())


@pytest.mark.parametrize("name", CASES)
def test_bounds_and_what_is_observed(name: str) -> None:
    """To the bit: nothing is left out or inverted there."""
    case = CASES[name]()
    functions = interpret(laned(case.module, case.layout, case.z, tableau(method_named("tsit5"))))
    single, each = interpret(scalarise(case.module, case.layout, case.z)), Lanes(case)
    y, p = 3.0 * each.y - 1.0, each.p.reshape(-1)
    clipped = y.reshape(-1).copy()
    functions["project_lanes"](clipped, p, each.z, each.w())
    count = int(each.z[4])
    sizes = np.array([_size(case, number) for number in range(count)])
    want = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    out = np.full(sizes.sum() * LANES, np.nan)
    functions["observe_lanes"](each.t, each.y.reshape(-1).copy(), p, each.z, each.w(), want, out)
    for lane in range(0, LANES, 7):
        one, w = y[:, lane].copy(), np.zeros(max(1, each.scratch))
        single["project"](one, each.p[:, lane].copy(), each.z, w)
        assert np.array_equal(clipped.reshape(-1, LANES)[:, lane], one)
        row = np.full(sizes.sum(), np.nan)
        single["observe"](each.t[lane], each.y[:, lane].copy(), each.p[:, lane].copy(), each.z, w, want, row, 0)
        assert np.array_equal(out.reshape(-1, LANES)[:, lane], row, equal_nan=True)


def _size(case: Case, number: int) -> int:
    return next(
        int(case.z[owner.count_slot])
        for owner in case.layout.classes
        if any(each.number == number for each in owner.observables)
    )


@pytest.mark.parametrize("name", CASES)
def test_lanes_are_loops_without_branches_and_few_divisions(name: str) -> None:
    case = CASES[name]()
    module = laned(case.module, case.layout, case.z, tableau(method_named("tsit5")))
    kernels = {kernel.signature.name: kernel for kernel in module.kernels}
    (loop,) = kernels["leap"].body
    assert isinstance(loop, For)
    assert all(type(each).__name__ in {"Let", "Store"} for each in loop.body)
    operations = [
        part.name
        for each in walk(loop.body)
        for value in values_of(each)
        for part in parts_of(value)
        if isinstance(part, Op)
    ]
    assert "predictable" not in operations
    if name == "hp":
        assert operations.count("div") == 6 + 1  # the current, once in every stage, and the tolerance
    assert not any(isinstance(each, Store) and each.array == "w" for each in walk(loop.body))
    assert {each.name for each in LANED} <= kernels.keys()


def test_the_module_is_one_text_for_one_system() -> None:
    case = hp_case()
    made = [laned(case.module, case.layout, case.z, tableau(method_named("bs3"))) for _ in range(2)]
    assert made[0] == made[1]
    assert replace(made[0], kernels=()) == replace(made[1], kernels=())
