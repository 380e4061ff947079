"""Systems with sizes, wiring and numbers, and calls of their kernels by the interpreter in real and complex arithmetic."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcompiler.equations.system import LOSS
from mcompiler.kernel.blocks import blocked
from mcompiler.kernel.from_equations import lower
from mcompiler.kernel.interpret import interpret
from mcompiler.kernel.ir import KernelModule
from mcompiler.kernel.layout import Layout, bind, parameter_slice, unknown_slice
from mcompiler.kernel.tasks import tasked
from mcompiler.kernel.verify import verify
from tests.kernel.systems import everything, hp_device

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

#: A complex step: its square is far below round-off.
TINY = 1e-40


@dataclass(frozen=True, slots=True)
class Case:
    """Kernels, the arrays that they need, and a point to look at."""

    module: KernelModule
    layout: Layout
    z: Integers
    p: Floats
    y: Floats
    t: float = 0.4

    def call(self, name: str, **arguments: Any) -> Any:
        """Runs a kernel; arrays that are not given are the case's own, or zeros of their type."""
        kernel = next(each for each in self.module.kernels if each.signature.name == name)
        kind = _kind(arguments)
        given: dict[str, Any] = {
            "t": self.t,
            "h": 0.0,
            "a": np.zeros(1),
            "y": self.y,
            "Y": self.y,
            "p": self.p,
            "z": self.z,
        }
        given |= {"w": np.full(int(self.z[3]), np.nan, dtype=kind), **arguments}
        whole = [given.get(argument.name, 0) for argument in kernel.signature.arguments]
        return interpret(replace(self.module, kernels=(kernel,)))[name](*whole)

    def at(self, values: Mapping[str, float | list[float]]) -> "Case":
        """The case with other values of unknowns and parameters, by ``class.name`` (``.name`` for a global one), or of ``t``."""
        y, p, t = self.y.copy(), self.p.copy(), self.t
        for key, value in values.items():
            if key == "t":
                assert isinstance(value, float)
                t = value
                continue
            owner, _, name = key.partition(".")
            if owner and name in {each.name for each in self.layout.of(owner).unknowns}:
                y[unknown_slice(self.layout, self.z, owner, name)] = value
            else:
                p[parameter_slice(self.layout, self.z, owner, name)] = value
        return replace(self, y=y, p=p, t=t)

    def rates(self, **arguments: Any) -> Any:
        """f(t, y)."""
        K = np.zeros(len(self.y), dtype=_kind(arguments))
        self.call("sweep", K=K, **arguments)
        return K

    def unknown(self, array: Any, owner: str, name: str) -> Any:
        """The part of an array like ``y`` that belongs to an unknown."""
        return array[unknown_slice(self.layout, self.z, owner, name)]

    def parameter(self, owner: str, name: str) -> Any:
        """A parameter's values, one for all where it does not vary."""
        return self.p[parameter_slice(self.layout, self.z, owner, name)]


def _kind(arguments: Mapping[str, Any]) -> Any:
    return complex if any(np.iscomplexobj(value) for value in arguments.values()) else float


def case_of(
    module: KernelModule, layout: Layout, sizes: Mapping[str, int], indices: Mapping[tuple[str, int], list[int]]
) -> Case:
    """A case with zeros everywhere."""
    z = bind(layout, sizes, {key: np.array(value, dtype=np.int64) for key, value in indices.items()})
    return Case(verify(module), layout, z, np.zeros(int(z[1])), np.zeros(int(z[0])))


@cache
def hp_case() -> Case:
    """The memristor bench."""
    case = case_of(*lower(hp_device()), {"top": 1, "ground": 1, "M": 1}, {("M", 0): [0], ("M", 1): [0]})
    values = {
        "top.A": 1.0,
        "top.f": 2.0,
        "M.Ron": 100.0,
        "M.Roff": 16e3,
        "M.mu": 1e4,
        "M.p": 2.0,
        "M.w0": 0.1,
        "M.w": 0.3,
    }
    return case.at(values)


@cache
def everything_case(*, dense: bool) -> Case:
    """The system that has everything: three nodes, two cells, parallel edges, a self loop."""
    sizes = {"nodes": 3, "cells": 2, LOSS: 1, "M": 4, "L": 3, "observe v": 1}
    indices = {
        ("M", 0): [0, 1, 1, 2],
        ("M", 1): [0, 1, 1, 0],
        ("M", 2): [0, 0, 0, 0],
        ("L", 0): [0, 1, 1],
        ("L", 1): [1, 1, 2],
        ("observe v", 0): [1],
        ("observe v", 1): [0],
    }
    case = case_of(*lower(everything(dense=dense)), sizes, indices)
    draw = np.random.default_rng(20)
    case = replace(case, p=draw.uniform(0.5, 1.5, len(case.p)), y=draw.uniform(-1.0, 1.0, len(case.y)))
    return case.at(
        {
            "M.pick": [0.0, 0.0, 1.0, 0.0],
            "M.w": [0.2, 0.7, 0.4, 0.9],
            "M.top": 1.0,
            "cells.low": [-0.5, -0.8],
            "cells.high": [0.9, 1.1],
            "cells.u": [0.3, -0.2],
            "cells.period": 2.0,
        }
    )


@dataclass(frozen=True, slots=True)
class Jacobian:
    """Derivatives of a kernel's outputs (rows) by places of ``y`` and ``p`` (columns) and by ``t``."""

    y: Floats
    p: Floats
    t: Floats


def jacobian(case: Case, name: str, outputs: int, array: str = "", **arguments: Any) -> Jacobian:
    """Derivatives by complex step.

    Args:
        case: where to look.
        name: the kernel.
        outputs: how many outputs there are.
        array: the array that the kernel writes; "" where its result is the output, "y" where it works in place.
        arguments: what else the kernel needs.
    """

    def moved(y: Any, p: Any, t: complex) -> Floats:
        out = y if array == "y" else np.zeros(outputs, dtype=complex)
        result = case.call(
            name, **{**arguments, "y": y, "p": p, "t": t}, **({array: out} if array not in {"", "y"} else {})
        )
        found = out if array else np.array([result], dtype=complex)
        return np.imag(found) / TINY

    y, p, t = case.y.astype(complex), case.p.astype(complex), complex(case.t)

    def stepped(values: Any, place: int) -> Any:
        step = values.copy()
        step[place] += 1j * TINY
        return step

    return Jacobian(
        np.array([moved(stepped(y, place), p.copy(), t) for place in range(len(y))]).reshape(len(y), outputs).T,
        np.array([moved(y.copy(), stepped(p, place), t) for place in range(len(p))]).reshape(len(p), outputs).T,
        moved(y.copy(), p.copy(), t + 1j * TINY),
    )


def assert_close(found: Any, wanted: Any, tolerance: float = 1e-12) -> None:
    """Equal up to round-off, relative to the largest element."""
    scale = max(float(np.max(np.abs(wanted), initial=0.0)), float(np.max(np.abs(found), initial=0.0)), 1e-300)
    np.testing.assert_allclose(np.asarray(found) / scale, np.asarray(wanted) / scale, rtol=0, atol=tolerance)


def in_tasks(case: Case) -> Case:
    """The case with its loops in blocks of two members, and their rows in as many tasks as there may be."""
    module, layout = tasked(blocked(case.module, 2), case.layout, grain=1)
    sizes = {each.name: int(case.z[each.count_slot]) for each in layout.classes}
    starts = {
        (each.name, end): int(case.z[slot]) for each in layout.classes for end, slot in enumerate(each.index_slots)
    }
    indices = {(name, end): case.z[start : start + sizes[name]] for (name, end), start in starts.items()}
    return replace(case, module=verify(module), layout=layout, z=bind(layout, sizes, indices))


def in_blocks(case: Case, size: int = 2) -> Case:
    """The case with its loops in blocks of so few members that there are several."""
    return replace(case, module=verify(blocked(case.module, size)))
