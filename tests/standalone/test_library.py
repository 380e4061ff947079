"""The C library: the numbers of a solver in this process to the last bit, step by step as well, and nothing but libc and libm."""

import ctypes
import math
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import mcompiler as mc
from tests.standalone.conftest import alone, compiled

RUNNING, UNKNOWN_NAME, WRONG_VALUE, OUTSIDE_BOUNDS, NO_MEMORY, NOT_STARTED = 10, 20, 21, 22, 23, 26

TWO = """
#include <stdio.h>
#include <stdlib.h>
#include "hp_fit/hp_fit.h"
#include "bounce/bounce.h"

int main(void) {
    double loss[2];
    hp_fit *one;
    bounce *other;
    void *memory[2] = {malloc(hp_fit_bytes()), malloc(bounce_bytes())};
    int code = hp_fit_create(memory[0], hp_fit_bytes(), NULL, NULL, &one) || bounce_create(memory[1], bounce_bytes(), NULL, NULL, &other);
    code = code || hp_fit_gradient(one, &loss[0]) || bounce_gradient(other, &loss[1]);
    for (int64_t k = 0; !code && k < bounce_quantities(); k++) {
        bounce_info info;
        double values[4096];
        bounce_quantity(k, &info);
        code = bounce_derivative(other, k, values);
        printf("%s", info.name);
        for (int64_t j = 0; j < info.length; j++) {
            printf(" %a", values[j]);
        }
        printf("\\n");
    }
    printf("%a %a\\n", loss[0], loss[1]);
    hp_fit_destroy(one);
    bounce_destroy(other);
    free(memory[0]);
    free(memory[1]);
    return code;
}
"""


def table(solution: mc.Solution) -> NDArray[np.float64]:
    return np.column_stack([solution.t, *(each.reshape(len(solution.t), -1) for each in solution.signals.values())])


def test_the_example_prints_what_a_run_saves(library: Path, fit: mc.Compilation, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(library, tmp_path / "moved"))
    compiled(folder, "example.c", "-L.", "-lhp_fit", "-Wl,-rpath,.")
    found = alone(["./program"], folder)
    assert found.returncode == 0, found.stderr
    solver = mc.compile(fit)
    expected = table(solver.run())
    lines = found.stdout.splitlines()
    assert lines[0].split("\t") == ["t [s]", "M.v(0) [V]", "M.i(0) [A]", "M.w(0) [1]"]
    rows = np.array([[float(each) for each in line.split("\t")] for line in lines[1 : 1 + len(expected)]])
    np.testing.assert_array_equal(rows, expected)
    value, gradient = solver.gradient()
    printed = dict(line.split("\t") for line in lines[1 + len(expected) :])
    assert float(printed.pop("loss")) == value
    assert {name: float(text) for name, text in printed.items()} == {
        f"{name} [{gradient.units[name]}]": float(each) for name, each in gradient.items()
    }


def test_two_models_in_one_program(objects: Path, bounce: mc.Compilation, fit: mc.Compilation) -> None:
    (objects / "two.c").write_text(TWO)
    compiled(objects, "two.c", "hp_fit/hp_fit.o", "bounce/bounce.o")
    found = alone(["./program"], objects)
    assert found.returncode == 0, found.stderr
    *lines, losses = found.stdout.splitlines()
    value, gradient = mc.compile(bounce).gradient()
    assert [float.fromhex(each) for each in losses.split()] == [mc.compile(fit).loss(), value]
    assert [line.split()[0] for line in lines] == list(gradient)
    for line, expected in zip(lines, gradient.values(), strict=True):
        np.testing.assert_array_equal([float.fromhex(each) for each in line.split()[1:]], expected.reshape(-1))


def test_the_library_needs_libc_and_libm_only(library: Path) -> None:
    needed = subprocess.run(["ldd", library / "libhp_fit.so"], capture_output=True, text=True, check=True).stdout
    names = {line.split()[0].rpartition("/")[2].partition(".")[0] for line in needed.splitlines()}
    assert names <= {"linux-vdso", "libm", "libc", "ld-linux-x86-64", "ld-linux-aarch64"}
    symbols = subprocess.run(["nm", "-D", library / "libhp_fit.so"], capture_output=True, text=True, check=True).stdout
    defined = {line.split()[-1] for line in symbols.splitlines() if re.search(r" [TDBRV] ", line)}
    assert defined
    assert all(each.startswith("hp_fit_") for each in defined)
    assert "Py" not in symbols


# --- the interface, through ctypes


class Info(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("unit", ctypes.c_char_p),
        ("kind", ctypes.c_int),
        ("dims", ctypes.c_int),
        ("shape", ctypes.c_void_p),
        ("copies", ctypes.c_int64),
        ("length", ctypes.c_int64),
    )


class Counts(ctypes.Structure):
    _fields_ = (
        ("t", ctypes.c_double),
        *((name, ctypes.c_int64) for name in ("steps", "rejected", "evaluations", "events")),
    )


class C:
    """A solver in memory that was not zero."""

    def __init__(self, path: Path, resize: Any = None) -> None:
        self.library = ctypes.CDLL(str(path))
        for name in ("bytes", "rows", "quantities", "find"):
            getattr(self.library, f"hp_fit_{name}").restype = ctypes.c_int64
        for name in ("message", "detail", "missing_feature"):
            getattr(self.library, f"hp_fit_{name}").restype = ctypes.c_char_p
        self.library.hp_fit_time.restype = ctypes.c_double
        size = int(self.library.hp_fit_bytes())
        self.memory = np.full(size, 0xA5, dtype=np.uint8)
        self.at = ctypes.c_void_p()
        place = ctypes.c_void_p(self.memory.ctypes.data)
        code = self.library.hp_fit_create(place, ctypes.c_size_t(size), resize, None, ctypes.byref(self.at))
        assert code == 0

    def __call__(self, name: str, *arguments: Any) -> Any:
        return getattr(self.library, f"hp_fit_{name}")(self.at, *arguments)

    def read(self, name: str) -> float:
        value = ctypes.c_double()
        assert self("read", name.encode(), ctypes.byref(value), ctypes.c_int64(1)) == 0
        return value.value

    def loss(self, name: str) -> float:
        value = ctypes.c_double()
        assert self(name, ctypes.byref(value)) == 0
        return value.value

    def set(self, name: str | None, value: float) -> int:
        text = None if name is None else name.encode()
        return int(self("set", text, ctypes.byref(ctypes.c_double(value)), ctypes.c_int64(1)))

    @property
    def detail(self) -> str:
        return str(self("detail").decode())


@pytest.fixture
def solver(library: Path) -> Iterator[C]:
    made = C(library / "libhp_fit.so")
    yield made
    made("destroy")


def test_steps_are_those_of_a_run(solver: C, fit: mc.Compilation) -> None:
    expected = mc.compile(fit).run((0.0, 0.3), save_at=[0.0, 0.3])
    assert solver("set_span", ctypes.c_double(0.0), ctypes.c_double(0.3)) == 0
    assert solver("step", ctypes.c_int64(1)) == NOT_STARTED
    assert solver("start") == RUNNING
    chunks = 0
    while (code := solver("step", ctypes.c_int64(3))) == RUNNING:
        chunks += 1
    assert code == 0
    assert chunks > 2
    assert solver("time") == 0.3
    assert solver.read("M.w") == expected["M.w"][-1]
    counts = Counts()
    solver("statistics", ctypes.byref(counts))
    assert (counts.steps, counts.evaluations) == (expected.statistics.steps, expected.nfev)
    assert solver("step_to", ctypes.c_double(0.35)) == 0
    assert solver("time") == 0.35
    assert solver("step_to", ctypes.c_double(0.1)) == WRONG_VALUE
    assert "before the time" in solver.detail


def test_a_value_that_is_set_on_the_way_holds_from_there_on(solver: C, fit: mc.Compilation) -> None:
    first = mc.compile(fit, rtol=1e-10).run((0.0, 0.1), save_at=[0.1])
    second = mc.compile(fit, rtol=1e-10).run(
        (0.1, 0.2), save_at=[0.2], initial={"M.w": first["M.w"][-1]}, parameters={"A": 2.0}
    )
    solver("set_option", 0, ctypes.c_double(1e-10))
    assert solver("start") == RUNNING
    assert solver("step_to", ctypes.c_double(0.1)) == 0
    assert solver.set("A", 2.0) == 0
    assert solver("step_to", ctypes.c_double(0.2)) == 0
    assert math.isclose(solver.read("M.w"), second["M.w"][-1], rel_tol=1e-8)


def test_stepping_allocates_nothing_and_a_run_says_when_memory_ends(library: Path) -> None:
    calls: list[int] = []

    def refuse(_context: int, _block: int, size: int) -> None:
        calls.append(size)

    resize = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)
    made = C(library / "libhp_fit.so", resize(refuse))
    assert made("start") == RUNNING
    assert made("step_to", ctypes.c_double(0.5)) == 0
    assert not calls
    assert made("run") == NO_MEMORY
    assert made("gradient", None) == NO_MEMORY
    assert calls
    made("destroy")


def test_train_steps_lower_the_loss(solver: C, fit: mc.Compilation) -> None:
    own = mc.compile(fit)
    value, gradient = own.gradient()
    names = (ctypes.c_char_p * 2)(b"M.Ron", b"M.w")
    rate = 1e-9
    loss = ctypes.c_double()
    assert solver("train_step", ctypes.c_double(rate), names, ctypes.c_int64(2), ctypes.byref(loss)) == 0
    assert loss.value == value
    values = {name: each - rate * gradient[name] for name, each in {**own.parameters, **own.initial}.items()}
    expected = own.loss(parameters={"M.Ron": values["M.Ron"]}, initial={"M.w": values["M.w"]})
    assert solver.loss("loss") == expected < value
    assert solver("reset") == 0
    assert solver.loss("gradient") == value


def test_little_memory_for_the_tape_gives_the_same_gradient(solver: C, fit: mc.Compilation) -> None:
    expected = mc.compile(fit).gradient(memory_limit=200)[1]
    solver("set_option", 6, ctypes.c_double(200.0))
    solver.loss("gradient")
    derivative = ctypes.c_double()
    for name in expected:
        index = ctypes.c_int64(solver.library.hp_fit_find(name.encode()))
        assert solver("derivative", index, ctypes.byref(derivative)) == 0
        assert derivative.value == expected[name]


def test_there_are_no_results_of_another_run(solver: C) -> None:
    """Rows end with what they were read by, and a run that does not begin has none, in memory that was not zero."""
    names = (ctypes.c_char_p * 2)(b"M.R", b"S.i")
    values, counts = (ctypes.c_double * 10_000)(), Counts()
    assert solver("values", ctypes.c_int64(0), values) == NOT_STARTED
    assert solver.set("M.w", 2.0) == 0
    assert solver("run") == OUTSIDE_BOUNDS
    solver("statistics", ctypes.byref(counts))
    assert (solver("rows"), counts.steps, counts.t) == (0, 0, 0.0)
    assert solver("reset") == 0
    assert solver("set_option", 6, ctypes.c_double(math.inf)) == 0
    assert solver("run") == 0
    assert solver("rows") > 1
    assert solver("set_signals", names, ctypes.c_int64(2)) == 0
    assert solver("rows") == 0
    assert solver("values", ctypes.c_int64(0), values) == 0


def test_null_is_no_place_for_values(solver: C) -> None:
    assert solver("loss", None) == WRONG_VALUE
    assert solver("gradient", None) == 0
    assert solver("derivative", ctypes.c_int64(0), None) == WRONG_VALUE
    assert solver("train_step", ctypes.c_double(1.0), None, ctypes.c_int64(1), None) == UNKNOWN_NAME
    assert solver("set_data", b"loop.i", None, ctypes.c_int64(3)) == WRONG_VALUE
    solver("statistics", None)
    assert solver.library.hp_fit_detail(None) == b""


def test_what_is_wrong_is_said(solver: C) -> None:
    assert solver.set("M.Rom", 1.0) == UNKNOWN_NAME
    assert "M.Rom" in solver.detail
    assert solver.set(None, 1.0) == UNKNOWN_NAME
    assert solver.set("M.Ron", math.nan) == WRONG_VALUE
    assert solver.detail == "the value of M.Ron is not a number"
    assert solver.set("M.w", math.inf) == WRONG_VALUE
    assert solver("set_span", ctypes.c_double(1.0), ctypes.c_double(0.0)) == WRONG_VALUE
    assert solver("set_method", b"rk5") == WRONG_VALUE
    assert solver.set("M.w", 2.0) == 0
    assert solver("run") == OUTSIDE_BOUNDS
    assert solver.detail == "M.w would begin at 2, outside its bounds: the nearest value inside is 1"
    assert solver("reset") == 0
    assert solver("set_option", 4, ctypes.c_double(5.0)) == 0
    assert solver("run") == 4
    assert solver.library.hp_fit_message(4).decode() == mc.Status.TOO_MANY_STEPS.value
    assert solver("rows") > 0
    none = ctypes.c_void_p()
    assert solver.library.hp_fit_create(None, ctypes.c_size_t(0), None, None, ctypes.byref(none)) == NO_MEMORY
