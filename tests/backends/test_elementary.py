"""Our elementary functions against mpmath over the whole range of doubles, as machine code with and without contraction and as Python."""

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import mpmath
import numpy as np
import pytest
from numpy.typing import NDArray

from mcompiler.backends.elementary import ELEMENTARY
from mcompiler.backends.numba import backend, link
from mcompiler.backends.protocols import CompileOptions
from mcompiler.integrators.doubles import OPERATIONS
from mcompiler.kernel.abi import OBSERVE
from mcompiler.kernel.ir import For, Integer, Kernel, KernelModule, Load, Local, Op, Store
from mcompiler.kernel.layout import Layout
from mcompiler.kernel.operations import RANGES

Floats = NDArray[np.float64]
Exact = Any

#: The largest error in units in the last place that any argument below showed, rounded up in the second digit.
MEASURED = {"exp": 1.0, "expm1": 1.4, "sinh": 1.9, "cosh": 1.5, "tanh": 1.9, "sinh_1": 1.0, "sinh_3": 2.0}
#: Where a function is meant for a range only.
LIMITS = {name: limit.limit for limit in RANGES for name in limit.variants.values()}
BACKENDS = {"numba": True, "numba, no contraction": False, "python": None}
SMALLEST, LARGEST = 2.0**-1022, np.finfo(float).max


@cache
def arguments() -> Floats:
    """Dense where something changes: near 0, at halves of ln 2, at the edges of overflow and underflow; and from every binade."""
    rng = np.random.default_rng(0)
    halves = rng.integers(-60, 60, 800) * math.log(2) / 2 * (1 + rng.uniform(-1, 1, 800) * 1e-4)
    binades = np.ldexp(rng.uniform(1, 2, 2100), np.repeat(np.arange(-1060, -10), 2)) * rng.choice([-1, 1], 2100)
    edges = [0.0, 5e-324, SMALLEST, 1e-9, 0.99e-9, 1.01e-9, 709.78, 709.79, 710.4758, 710.476, 745.13, 745.14, 1e300]
    parts = [rng.uniform(-3, 3, 800), rng.uniform(-745, 711, 800), rng.uniform(-40, 40, 800), halves, binades]
    return np.concatenate([*parts, edges, np.negative(edges)])


#: Gives the values of all functions, by name.
Evaluate = Callable[[Floats], dict[str, Floats]]


@pytest.fixture(scope="module", params=BACKENDS)
def evaluate(request: pytest.FixtureRequest, shared_cache: object) -> Evaluate:
    contraction = BACKENDS[request.param]
    return in_python if contraction is None else machine_code(contraction=contraction)


def in_python(x: Floats) -> dict[str, Floats]:
    functions: dict[str, Callable[..., Any]] = {**OPERATIONS}
    for each in ELEMENTARY:
        functions[each.signature.name] = each.make(functions)
    with np.errstate(all="ignore"):
        return {name: np.array([functions[name](each) for each in x]) for name in MEASURED}


def machine_code(*, contraction: bool) -> Evaluate:
    n = len(arguments())
    stores = tuple(
        Store("out", Op("add", (Integer(q * n), Local("m"))), Op(name, (Load("y", Local("m")),)))
        for q, name in enumerate(MEASURED)
    )
    module = KernelModule("elementary", (Kernel(OBSERVE, (For("m", Integer(n), stores),)),))
    layout = Layout("elementary", (), (), (), 8)
    library = backend.load(backend.compile(module, layout, (), CompileOptions(contraction=contraction)))

    def values(x: Floats) -> dict[str, Floats]:
        out, none, slots = np.zeros(len(MEASURED) * n), np.zeros(1), np.zeros(8, dtype=np.int64)
        library["observe"](0.0, x, none, slots, none, slots, out, 0)
        return dict(zip(MEASURED, out.reshape(len(MEASURED), -1), strict=True))

    return values


@cache
def exact(name: str) -> tuple[Exact, ...]:
    function: Callable[[Exact], Exact] = getattr(mpmath, name.partition("_")[0])
    with mpmath.workprec(140):
        return tuple(function(mpmath.mpf(x)) for x in arguments().tolist())


@pytest.mark.parametrize("name", MEASURED)
def test_errors(name: str, evaluate: Evaluate) -> None:
    found = evaluate(arguments())[name]
    meant = np.abs(arguments()) <= LIMITS.get(name, math.inf)
    with mpmath.workprec(140):
        errors = [
            _error(value, wanted) if inside else 0.0
            for value, wanted, inside in zip(found.tolist(), exact(name), meant.tolist(), strict=True)
        ]
    assert max(errors) <= MEASURED[name], arguments()[int(np.argmax(errors))]


def _error(value: float, wanted: Exact) -> float:
    """In units in the last place of the exact value; a subnormal one has those of the smallest normal double's."""
    if abs(wanted) >= LARGEST * (1 + mpmath.mpf(2) ** -54):
        return 0.0 if math.isinf(value) and (value > 0) == (wanted > 0) else math.inf
    unit = math.ulp(max(float(abs(wanted)), SMALLEST))
    return float(abs(mpmath.mpf(value) - wanted) / unit)


def test_special_values(evaluate: Evaluate) -> None:
    x = arguments().copy()
    x[:5] = [0.0, -0.0, math.inf, -math.inf, math.nan]
    found = {name: each[:5].tolist() for name, each in evaluate(x).items()}
    wanted = {
        "exp": [1.0, 1.0, math.inf, 0.0],
        "expm1": [0.0, -0.0, math.inf, -1.0],
        "sinh": [0.0, -0.0, math.inf, -math.inf],
        "cosh": [1.0, 1.0, math.inf, math.inf],
        "tanh": [0.0, -0.0, 1.0, -1.0],
        "sinh_1": [0.0, -0.0],
        "sinh_3": [0.0, -0.0],
    }
    for name, each in wanted.items():
        assert [value.hex() for value in found[name][: len(each)]] == [value.hex() for value in each], name
        assert math.isnan(found[name][4])


def test_loops_are_vectorised() -> None:
    """The assembly of a loop over sinh has vector instructions and no call."""
    body = Store("out", Local("m"), Op("sinh", (Load("y", Local("m")),)))
    kernel = Kernel(OBSERVE, (For("m", Load("z", Integer(0)), (body,)),))
    module = backend.optimised(KernelModule("loop", (kernel,)))
    text = str(module)
    assert "x double>" in text
    assert not {name for name in link.undefined_symbols(module) if name in link.C_FUNCTIONS}
