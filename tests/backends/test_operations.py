"""Every operation on edge values: machine code and Python text against the interpreter, to the bit or within 2 ulp."""

import math
import random
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mcompiler.backends import get_backend
from mcompiler.backends.protocols import CompileOptions, Compiles, Library, Runs
from mcompiler.kernel.abi import F64, I64, OBSERVE
from mcompiler.kernel.ir import Float, For, Integer, Kernel, KernelModule, Let, Load, Local, Op, Statement, Store, Value
from mcompiler.kernel.layout import Layout
from mcompiler.kernel.operations import BOOL, OPERATIONS, RANGES
from mcompiler.kernel.verify import verify

BIG = (710.0, -745.2, 1e16, -1e22, 1e300, math.inf)
SMALL = (0.0, 5e-324, 1e-300, 1e-9)
EDGES = (*SMALL, 0.5, 1.0, math.pi / 2, 2.0, 3.0, 20.0, *BIG)
VALUES = (*EDGES, *(-value for value in EDGES), math.nan)
PAIRS = tuple(product(VALUES, VALUES))
WHOLE = (0, 2, -1, 7, 1 << 40)
WHOLE_PAIRS = ((0, -1), (2, 2), (7, -1), (1 << 40, 7))
EXPONENTS = (0, 1, 2, 3, 5, 17, -1, -2, -7)
LIBM = {"pow", "exp", "expm1", "log", "log1p", "sin", "cos", "tan", "tanh", "sinh", "cosh", "asinh", "atan", "logistic"}
#: Operations for arguments of a range only: tests/backends/test_elementary.py.
NARROW = {each.name for level in RANGES for each in level.values()}
EXACT = sorted(set(OPERATIONS) - LIBM - NARROW - {"powi", "magnitude"})

A, B, M = Local("a"), Local("b"), Local("m")


def observe(values: list[Value], rows: int) -> Kernel:
    """Row q of ``out`` is values[q] for all pairs: a from the first ``rows`` of y, b from the next."""
    stores = [Store("out", Op("add", (Integer(q * rows), M)), value) for q, value in enumerate(values)]
    loads: list[Statement] = [Let("a", Load("y", M)), Let("b", Load("y", Op("add", (Integer(rows), M))))]
    return Kernel(OBSERVE, (For("m", Integer(rows), (*loads, *stores)),))


def as_number(value: Value, kind: str) -> Value:
    return Op("where", (value, Float(1.0), Float(0.0))) if kind == BOOL else value


def operations() -> dict[str, Value]:
    """Every operation on f64 as a value of a and b, by name."""
    found: dict[str, Value] = {}
    for operation in OPERATIONS.values():
        for types, result in operation.overloads:
            if I64 in (*types, result) or operation.name in NARROW:
                continue
            conditions = [Op("lt", (A, B)), Op("le", (Float(0.0), A))]
            numbers = [A, B]
            arguments = tuple(conditions.pop(0) if kind == BOOL else numbers.pop(0) for kind in types)
            found[operation.name] = as_number(Op(operation.name, arguments), result)
    for exponent in EXPONENTS:
        found[f"powi {exponent}"] = Op("powi", (A, Integer(exponent)))
    for literal in (math.inf, -math.inf, math.nan, -0.0, 1e-320, 0.1):
        found[f"literal {literal}"] = Op("mul", (Float(literal), A))
        found[f"division of {literal}"] = Op("div", (Float(literal), Float(0.0)))
    return found


OPERATED = operations()


def libraries(kernel: Kernel) -> dict[str, Library]:
    module = verify(KernelModule("operations", (kernel,)))
    made: dict[str, Library] = {}
    for name in ("interpreter", "python", "numba"):
        backend = get_backend(name)
        if isinstance(backend, Runs):
            made[name] = backend.open(module)
        else:
            assert isinstance(backend, Compiles)
            layout = Layout("operations", (), (), (), 8)
            made[name] = backend.load(backend.compile(module, layout, (), CompileOptions(contraction=False)))
    return made


def evaluate(library: Library, pairs: tuple[tuple[float, float], ...], count: int) -> NDArray[np.float64]:
    y = np.array(pairs).T.ravel().copy()
    out = np.zeros(count * len(pairs))
    none, want = np.zeros(1), np.zeros(1, dtype=np.int64)
    library["observe"](0.0, y, none, np.zeros(8, dtype=np.int64), none, want, out, 0)
    return out.reshape(count, len(pairs))


@pytest.fixture(scope="module")
def results(shared_cache: object) -> dict[str, dict[str, NDArray[np.float64]]]:
    made = libraries(observe(list(OPERATED.values()), len(PAIRS)))
    return {
        name: dict(zip(OPERATED, evaluate(library, PAIRS, len(OPERATED)), strict=True))
        for name, library in made.items()
    }


def distance(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Units in the last place; infinite where only one is NaN or infinite, or the signs of zeros or numbers differ."""
    same = (a.view(np.int64) == b.view(np.int64)) | (np.isnan(a) & np.isnan(b))
    comparable = np.isfinite(a) & np.isfinite(b) & (np.signbit(a) == np.signbit(b))
    away = np.abs(a.view(np.int64) - b.view(np.int64)).astype(float)
    return np.where(same, 0.0, np.where(comparable, away, np.inf))


@pytest.mark.parametrize("backend", ["python", "numba"])
@pytest.mark.parametrize("operation", OPERATED)
def test_operation(operation: str, backend: str, results: dict[str, dict[str, NDArray[np.float64]]]) -> None:
    found, expected = results[backend][operation], results["interpreter"][operation]
    away = distance(found, expected)
    worst = int(np.argmax(away))
    limit = 2 if operation in LIBM else 0
    assert away[worst] <= limit, f"{operation}{PAIRS[worst]} = {found[worst]}, not {expected[worst]}"


def test_meaning_is_c(results: dict[str, dict[str, NDArray[np.float64]]]) -> None:
    at = {value: PAIRS.index((value, 1.0)) for value in (0.0, -1.0, 710.0)}
    for found in results.values():
        assert found["exp"][at[710.0]] == math.inf
        assert found["log"][at[0.0]] == -math.inf
        assert np.isnan(found["log"][at[-1.0]])
        assert np.isnan(found["sqrt"][at[-1.0]])
        assert found["div"][PAIRS.index((-1.0, 0.0))] == -math.inf
        assert np.isnan(found["div"][PAIRS.index((0.0, 0.0))])


def test_whole_numbers() -> None:
    """No operation turns i64 into f64, so results are compared with what Python says, inside the kernel."""
    python: dict[str, Callable[..., Any]] = {
        "add": lambda a, b: a + b,
        "sub": lambda a, b: a - b,
        "mul": lambda a, b: a * b,
        "quotient": lambda a, b: a // b if b else 0,
        "neg": lambda a: -a,
        "real": float,
        "min": min,
        "max": max,
        "where": lambda a, b: a if a < b else b,
        "lt": lambda a, b: a < b,
        "le": lambda a, b: a <= b,
        "gt": lambda a, b: a > b,
        "ge": lambda a, b: a >= b,
        "eq": lambda a, b: a == b,
        "ne": lambda a, b: a != b,
    }
    expected, values = [], []
    for a, b in WHOLE_PAIRS:
        given: tuple[Value, ...] = tuple(Load("z", Integer(WHOLE.index(each))) for each in (a, b))
        for name, meaning in python.items():
            kinds = [types for types, _ in OPERATIONS[name].overloads if types[-1] == I64]
            arguments = (Op("lt", given), *given) if name == "where" else given[: len(kinds[0])]
            result = meaning(*(a, b)[: 1 if name in {"neg", "real"} else 2])
            value = Op(name, arguments)
            if name == "quotient" and (a < 0 or b <= 0):
                continue
            equal = Float(result) if isinstance(result, float) else Integer(result)
            wanted = value if isinstance(result, bool) else Op("eq", (value, equal))
            values.append(as_number(wanted, BOOL))
            expected.append(float(result) if isinstance(result, bool) else 1.0)
    covered = {name for name, each in OPERATIONS.items() if any(types[-1] == I64 for types, _ in each.overloads)}
    assert covered - {"powi"} == set(python)
    body = tuple(Store("out", Integer(place), value) for place, value in enumerate(values))
    for library in libraries(Kernel(OBSERVE, body)).values():
        out, none = np.full(len(values), -1.0), np.zeros(1)
        z = np.array(WHOLE, dtype=np.int64)
        library["observe"](0.0, none, none, z, none, z, out, 0)
        assert out.tolist() == expected


def tree(rng: random.Random, kind: str, depth: int) -> Value:
    """A random value of exact operations."""
    if kind == F64 and (depth == 0 or rng.random() < 0.15):
        leaves: list[Value] = [A, B, Float(rng.choice(VALUES))]
        return rng.choice(leaves)
    choices = [
        (name, types)
        for name in EXACT
        for types, result in OPERATIONS[name].overloads
        if result == kind and I64 not in types and (depth > 1 or BOOL not in types)
    ]
    name, types = rng.choice(choices)
    return Op(name, tuple(tree(rng, each, max(depth - 1, 0)) for each in types))


def test_random_expressions_are_equal_to_the_bit() -> None:
    rng = random.Random(5)
    values = [tree(rng, F64, 4) for _ in range(60)]
    made = {name: evaluate(each, PAIRS, len(values)) for name, each in libraries(observe(values, len(PAIRS))).items()}
    for name in ("python", "numba"):
        assert np.max(distance(made[name], made["interpreter"])) == 0, name
