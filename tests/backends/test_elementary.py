"""Our elementary functions against mpmath over the whole range of doubles, as machine code and as Python; and loops that use them.

The limits are the largest errors of a longer search, in the table of docs/elementary.md.
"""

import math
import platform
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mcompiler.backends.elementary import ELEMENTARY, is_ours
from mcompiler.backends.numba import backend, link
from mcompiler.backends.protocols import CompileOptions
from mcompiler.integrators.doubles import OPERATIONS
from mcompiler.integrators.entries import INTEGRATORS
from mcompiler.kernel import operations
from mcompiler.kernel.abi import OBSERVE
from mcompiler.kernel.blocks import blocked
from mcompiler.kernel.ir import Kernel, KernelModule
from mcompiler.kernel.layout import Layout
from mcompiler.kernel.operations import ANGLES, RANGES
from tests.architecture.test_imports import ROOT
from tests.backends.accuracy import FUNCTIONS, SAMPLE, Evaluate, Floats, Measured, loop, machine_code, worst

INF, NAN = math.inf, math.nan
LARGEST = float(np.finfo(float).max)
BACKENDS = ("numba", "python")
#: What unfused products may add to an error, in Python as on CPUs without fused operations.
UNFUSED = 0.2
NAMES = {each.signature.name for each in ELEMENTARY}
NARROW = {each.name for level in RANGES for each in level.values()}


def documented() -> dict[str, float]:
    """Function to largest error, from the table of the page."""
    rows = re.findall(
        r"^\| `(\w+)` \| [^|]+ \| ([\d.]+) \|", (ROOT / "docs" / "elementary.md").read_text("utf-8"), re.M
    )
    return {name: float(error) for name, error in rows}


@pytest.fixture(scope="module", params=BACKENDS)
def evaluate(request: pytest.FixtureRequest, shared_cache: object) -> dict[str, Evaluate]:
    return in_python() if request.param == "python" else machine_code()


def in_python() -> dict[str, Evaluate]:
    functions: dict[str, Callable[..., Any]] = {**OPERATIONS}
    for each in ELEMENTARY:
        functions[each.signature.name] = each.make(functions)

    def values(each: Measured) -> Evaluate:
        function = functions[each.name]

        def evaluate(x: Floats, y: Floats) -> Floats:
            with np.errstate(all="ignore"):
                given = zip(x, y, strict=True) if each.name == "pow" else ((one,) for one in x)
                return np.array([function(*one) for one in given])

        return evaluate

    return {each.name: values(each) for each in FUNCTIONS}


def test_the_page_has_all_functions() -> None:
    assert set(documented()) == {each.name for each in FUNCTIONS}
    assert set(documented()) == set(operations.OPERATIONS) & NAMES
    assert max(documented().values()) <= 2.0


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda each: each.name)
def test_errors(function: Measured, evaluate: dict[str, Evaluate], request: pytest.FixtureRequest) -> None:
    python = request.node.callspec.params["evaluate"] == "python"
    error, place = worst(function, evaluate[function.name], 20 if python else SAMPLE)
    assert error <= documented()[function.name] + UNFUSED * python, place


#: Values at 0.0, -0.0, inf, -inf.
SPECIAL: dict[str, tuple[float, ...]] = {
    "exp": (1.0, 1.0, INF, 0.0),
    "expm1": (0.0, -0.0, INF, -1.0),
    "logistic": (0.5, 0.5, 1.0, 0.0),
    "sinh": (0.0, -0.0, INF, -INF),
    "sinh_1": (0.0, -0.0),
    "sinh_2": (0.0, -0.0),
    "cosh": (1.0, 1.0, INF, INF),
    "tanh": (0.0, -0.0, 1.0, -1.0),
    "log": (-INF, -INF, INF, NAN),
    "log1p": (0.0, -0.0, INF, NAN),
    "asinh": (0.0, -0.0, INF, -INF),
    "atan": (0.0, -0.0, math.pi / 2, -math.pi / 2),
    "sin_20": (0.0, -0.0),
    "cos_20": (1.0, 1.0),
    "tan_20": (0.0, -0.0),
}


@pytest.mark.parametrize("name", SPECIAL)
def test_special_values(name: str, evaluate: dict[str, Evaluate]) -> None:
    wanted = SPECIAL[name]
    found = evaluate[name](np.array([0.0, -0.0, INF, -INF, NAN][: len(wanted)]), np.zeros(5)[: len(wanted)])
    assert list(map(spelled, found.tolist())) == list(map(spelled, wanted))
    assert math.isnan(evaluate[name](np.array([NAN]), np.zeros(1))[0])


def spelled(value: float) -> str:
    """The number with its sign, to the bit."""
    return "nan" if math.isnan(value) else value.hex()


EXACT: dict[str, dict[float, float]] = {
    "exp": {709.7827128933841: INF, -745.1332191019411: 5e-324, -745.1332191019412: 0.0},
    "log": {1.0: 0.0, 5e-324: -744.4400719213812, LARGEST: 709.782712893384, -5e-324: NAN},
    "log1p": {-1.0: -INF, -1.0000000000000002: NAN, 5e-324: 5e-324, LARGEST: 709.782712893384},
    "tanh": {5e-324: 5e-324, 20.0: 1.0, LARGEST: 1.0},
    "sinh": {5e-324: 5e-324, -5e-324: -5e-324, LARGEST: INF},
    "expm1": {5e-324: 5e-324, -40.0: -1.0, -LARGEST: -1.0},
    "asinh": {5e-324: 5e-324, LARGEST: 710.4758600739439},
    "atan": {5e-324: 5e-324, LARGEST: math.pi / 2, 1.0: math.pi / 4},
    "logistic": {-745.2: 0.0, -740.0: math.exp(-740.0), 40.0: 1.0},
    "sin_20": {5e-324: 5e-324, -5e-324: -5e-324},
    "tan_20": {5e-324: 5e-324},
}


@pytest.mark.parametrize("name", EXACT)
def test_exact_values(name: str, evaluate: dict[str, Evaluate]) -> None:
    x = np.array(list(EXACT[name]))
    found = evaluate[name](x, np.zeros(len(x)))
    assert list(map(spelled, found.tolist())) == list(map(spelled, EXACT[name].values()))


def test_powers_are_those_of_c(evaluate: dict[str, Evaluate]) -> None:
    """Every pair of special values; what they give is exact in C."""
    values = [0.0, 1.0, 0.5, 2.0, 3.0, 1e300, 2.0**53, 2.0**53 + 2, 2.5, 5e-324, INF, NAN]
    values += [-value for value in values]
    x, y = (each.ravel().copy() for each in np.meshgrid(values, values))
    with np.errstate(all="ignore"):
        wanted = np.power(x, y)
    found = evaluate["pow"](x, y)
    certain = (
        ~np.isfinite(wanted) | np.isin(np.abs(wanted), [0, 1]) | ((np.abs(x) == 2) & np.isin(np.abs(y), [1, 2, 3]))
    )
    for a, b, one, other in zip(x[certain], y[certain], found[certain], wanted[certain], strict=True):
        assert spelled(one) == spelled(other), (a, b)
    assert np.allclose(found, wanted, rtol=1e-15, equal_nan=True)


def test_angles_of_any_size(shared_cache: object) -> None:
    """A block is one of small angles or goes to libm as a whole; both are right."""
    assert {each.name for each in ANGLES.values()} <= NARROW
    kernel = Kernel(OBSERVE, (loop("sin"),))
    module = blocked(KernelModule("angles", (kernel,)))
    made = backend.compile(module, Layout("angles", (), (), (), 8), (), CompileOptions())
    run = backend.load(made)["observe"]
    rng = np.random.default_rng(3)
    x = rng.uniform(-(2.0**20), 2.0**20, 5 * 256 + 7)
    x[300], x[700:710], x[-1] = 2.0**20 + 1, [1e22, -1e300, INF, NAN, 0.0, -0.0, 5e-324, 2.0**1023, 1e16, -INF], -1e15
    out, none, size = np.zeros(len(x)), np.zeros(1), np.full(8, len(x))
    run(0.0, x, none, size, none, size, out, 0)
    with np.errstate(invalid="ignore"):
        wanted = np.sin(x.astype(np.longdouble)).astype(float)
    assert np.allclose(out, wanted, rtol=3e-16, atol=0, equal_nan=True)
    assert out[705].hex() == "-0x0.0p+0"


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda each: each.name)
def test_loops_are_vectorised(function: Measured) -> None:
    """In the assembly of a loop most arithmetic is on vectors, and nothing is called."""
    module = backend.optimised(KernelModule("loop", (Kernel(OBSERVE, (loop(function.name),)),)))
    assert not link.undefined_symbols(module)
    assert not re.search(r"call [^@]*@(?!llvm\.)", str(module))
    if platform.machine() != "x86_64":
        pytest.skip("the names of vector instructions are those of x86-64")
    packed, single = in_assembly(link.target_machine().emit_assembly(module))
    assert packed >= 8
    assert packed >= 0.8 * single  # as many as in the loop for the members that are left


def in_assembly(text: str) -> tuple[int, int]:
    """Arithmetic instructions on several doubles, and on one."""
    found = re.findall(r"^\tv?f?n?m?(?:add|sub|mul|div|sqrt|min|max)(?:sub|add)?(?:\d*)(pd|sd)\b", text, re.M)
    return found.count("pd"), found.count("sd")


def test_names_are_nobody_elses() -> None:
    assert len(NAMES) == len(ELEMENTARY)
    assert not NAMES & {each.signature.name for each in INTEGRATORS}


def test_kernels_without_loops_have_what_libm_has() -> None:
    assert is_ours("logistic", in_loops=False)
    assert is_ours("exp", in_loops=True)
    assert not is_ours("exp", in_loops=False)
    assert not is_ours("sin", in_loops=True)
    assert not is_ours("sqrt", in_loops=True)
    assert {name for name in NAMES if hasattr(math, name)} == {
        name for name in NAMES if not is_ours(name, in_loops=False)
    }
