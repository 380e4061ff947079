"""Where quantities lie for given sizes, the layout as JSON, and what is refused."""

import json

import numpy as np
import pytest

from mcompiler.equations.adjoint import adjoint
from mcompiler.equations.system import LOSS, System, Template, Unknown, VertexClass
from mcompiler.kernel import abi
from mcompiler.kernel.from_equations import lower
from mcompiler.kernel.layout import Layout, bind, from_json, parameter_slice, to_json, unknown_slice
from mcompiler.units import DIMENSIONLESS
from tests.kernel.cases import Integers, everything_case
from tests.kernel.systems import everything, hp_device, symbol

SIZES = {"nodes": 3, "cells": 2, LOSS: 1, "M": 4, "L": 3, "observe v": 1}


@pytest.fixture(scope="module")
def layout() -> Layout:
    return everything_case(dense=True).layout


def wiring(layout: Layout) -> dict[tuple[str, int], Integers]:
    return {
        (each.name, end): np.zeros(SIZES[each.name], dtype=np.int64)
        for each in layout.classes
        for end, _ in enumerate(each.index_slots)
    }


def test_places_do_not_overlap_and_fill_their_arrays(layout: Layout) -> None:
    z = bind(layout, SIZES, wiring(layout))
    unknowns, parameters, scratch, events = list[int](), list[int](), [0], list[int]()
    for each in layout.classes:
        count = int(z[each.count_slot])
        for name in (quantity.name for quantity in each.unknowns):
            unknowns += range(*unknown_slice(layout, z, each.name, name).indices(99))
        for name in (quantity.name for quantity in each.parameters):
            parameters += range(*parameter_slice(layout, z, each.name, name).indices(99))
        for quantity in each.scratch:
            scratch += range(int(z[quantity.slot]), int(z[quantity.slot]) + count)
        for guard in each.guards:
            events += range(int(z[guard.slot]), int(z[guard.slot]) + count)
    for quantity in layout.parameters:
        parameters += range(*parameter_slice(layout, z, "", quantity.name).indices(99))
    assert unknowns == list(range(int(z[abi.N_UNKNOWNS])))
    assert sorted(parameters) == list(range(int(z[abi.N_PARAMETERS])))
    assert sorted(scratch) == list(range(int(z[abi.N_SCRATCH])))
    assert events == list(range(int(z[abi.N_GUARDS])))
    assert int(z[abi.N_OBSERVABLES]) == sum(len(each.observables) for each in layout.classes)


def test_a_varying_parameter_has_a_place_per_member(layout: Layout) -> None:
    z = bind(layout, SIZES, wiring(layout))
    lengths = {name: len(range(*parameter_slice(layout, z, "M", name).indices(99))) for name in ("on", "off")}
    assert lengths == {"on": 1, "off": 4}


def test_index_arrays_follow_the_slots() -> None:
    case = everything_case(dense=False)
    ends = [[0, 1, 1, 2], [0, 1, 1, 0], [0, 0, 0, 0]]
    for slot, wanted in zip(case.layout.of("M").index_slots, ends, strict=True):
        start = int(case.z[slot])
        assert case.z[start : start + 4].tolist() == wanted


def test_a_dense_class_has_the_product_of_its_ends(layout: Layout) -> None:
    z = bind(layout, SIZES, wiring(layout))
    assert z[layout.of("S").count_slot] == 4
    assert bind(layout, SIZES | {"S": 4}, wiring(layout)).tolist() == z.tolist()


def test_empty_classes(layout: Layout) -> None:
    sizes = dict.fromkeys(SIZES, 0)
    z = bind(layout, sizes, {key: np.zeros(0, dtype=np.int64) for key in wiring(layout)})
    assert z[abi.N_UNKNOWNS] == z[abi.N_GUARDS] == 0
    assert len(z) == layout.slots


@pytest.mark.parametrize("system", [hp_device(), everything(dense=True)], ids=lambda each: each.name)
def test_json(system: System) -> None:
    layout = lower(system)[1]
    assert from_json(json.loads(json.dumps(to_json(layout)))) == layout


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"M": None}, "class 'M' needs a size, not None"),
        ({"cells": -1}, "class 'cells' needs a size, not -1"),
        ({"S": 5}, "dense class 'S' has 4 members, not 5"),
        ({"M": 5}, "end 0 of class 'M' needs 5 indices"),
        ({"nodes": 2}, "end 0 of class 'M' points outside 'nodes', which has 2 members"),
    ],
)
def test_sizes_that_do_not_fit(layout: Layout, sizes: dict[str, int | None], message: str) -> None:
    given = {name: size for name, size in {**SIZES, **sizes}.items() if size is not None}
    ends = wiring(layout)
    ends["M", 0][:] = [0, 1, 2, 0]
    with pytest.raises(ValueError, match=message):
        bind(layout, given, ends)


def test_wiring_that_does_not_fit(layout: Layout) -> None:
    for end in (np.array([0, 0, 0, -1]), np.array([0, 0, 0, 2])):
        with pytest.raises(ValueError, match="end 1 of class 'M' points outside 'cells'"):
            bind(layout, SIZES, wiring(layout) | {("M", 1): end})
    missing = wiring(layout)
    del missing["L", 1]
    with pytest.raises(ValueError, match="end 1 of class 'L' needs 3 indices"):
        bind(layout, SIZES, missing)


def test_systems_without_kernels() -> None:
    with pytest.raises(ValueError, match="hp is an adjoint system"):
        lower(adjoint(hp_device()))
    x = Unknown(symbol("x"), DIMENSIONLESS, rate=symbol("x"), mass=0 * symbol("x"))
    with pytest.raises(ValueError, match=r"c\.x is a constraint"):
        lower(System("dae", (VertexClass("c", Template("t", unknowns=(x,))),), ()))
