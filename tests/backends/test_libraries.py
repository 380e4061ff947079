"""The three backends on one network and one integrator, and what a library offers."""

import numpy as np
import pytest

from mcompiler.backends import BACKENDS, get_backend
from mcompiler.backends.protocols import CompileOptions, Compiles, Library, Runs
from mcompiler.kernel.abi import INITIAL
from mcompiler.kernel.ir import Accumulate, Integer, Kernel, KernelModule, Load, Op
from tests.backends.models import ENTRIES, LAYOUT, Run, network

NAMES = tuple(BACKENDS)
PLAIN = CompileOptions(contraction=False)


def library(name: str, options: CompileOptions = PLAIN) -> Library:
    backend = get_backend(name)
    if isinstance(backend, Runs):
        return backend.open(network(), ENTRIES)
    assert isinstance(backend, Compiles)
    return backend.load(backend.compile(network(), LAYOUT, ENTRIES, options))


@pytest.fixture(scope="module")
def libraries(shared_cache: object) -> dict[str, Library]:
    return {name: library(name) for name in NAMES}


def test_an_integrator_gives_the_same_bits(libraries: dict[str, Library]) -> None:
    """The machine code's tanh is ours, in a loop: it agrees to round-off, Python and the interpreter to the bit."""
    runs = {name: Run() for name in NAMES}
    ends = {name: run.advance(libraries[name]) for name, run in runs.items()}
    assert ends["interpreter"] > 0.4
    assert set(ends.values()) == {ends["interpreter"]}
    assert np.array_equal(runs["python"].y, runs["interpreter"].y)
    assert np.array_equal(runs["python"].K, runs["interpreter"].K)
    np.testing.assert_allclose(runs["numba"].y, runs["interpreter"].y, rtol=1e-14)
    np.testing.assert_allclose(runs["numba"].K, runs["interpreter"].K, rtol=1e-13, atol=1e-14)


def test_contraction_stays_near() -> None:
    fused, plain = Run(), Run()
    fused.advance(library("numba", CompileOptions(contraction=True)))
    plain.advance(library("interpreter"))
    np.testing.assert_allclose(fused.y, plain.y, rtol=1e-13)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_added_is_added_last(name: str) -> None:
    """y += (a if a > b else b), and y += a + b with the sum first: neither may be taken apart."""
    a, b = Load("p", Integer(0)), Load("p", Integer(1))
    chosen = Op("where", (Op("gt", (a, b)), a, b))
    body = (Accumulate("y", Integer(0), chosen), Accumulate("y", Integer(1), Op("add", (a, b))))
    module = KernelModule("sums", (Kernel(INITIAL, body),))
    backend, z, w = get_backend(name), np.zeros(12, dtype=np.int64), np.zeros(1)
    if isinstance(backend, Runs):
        offered: Library = backend.open(module)
    else:
        assert isinstance(backend, Compiles)
        offered = backend.load(backend.compile(module, LAYOUT, (), PLAIN))
    initial = offered["initial"]
    y = np.array([1.0, 0.0])
    initial(np.array([0.25, 0.5]), z, w, y)
    assert y.tolist() == [1.5, 0.75]
    y[1] = 1.0
    initial(np.array([1e16, -1e16]), z, w, y)
    assert y[1] == 1.0


@pytest.mark.parametrize("name", NAMES)
def test_results_have_their_types(name: str, libraries: dict[str, Library]) -> None:
    run, offered = Run(), libraries[name]
    run.y[:] = [2.0, -3.0, 0.5, 1.0, -1.0, 1.5, 0.0]
    assert offered["project"](run.y, run.p, run.z, run.w) == 3
    assert run.y.tolist() == [1.0, -1.0, 0.5, 1.0, -1.0, 1.0, 0.0]
    assert offered["breakpoint"](2.5, run.p, run.z, run.w) == 3.0
    data = np.ones(9)
    assert offered["loss"](0, 0.0, run.y, run.p, run.z, run.w, data, 2) == 4.0 + 0.25 + 4.0 + 1.0
    assert offered["loss"](1, 0.0, run.y, run.p, run.z, run.w, data, 2) == 2.0
    assert offered["loss"](2, 0.0, run.y, run.p, run.z, run.w, data, 2) == 0.0
    assert offered["nothing"](run.y) is None


@pytest.mark.parametrize("name", NAMES)
def test_names_and_binding(name: str, libraries: dict[str, Library]) -> None:
    offered, run, again = libraries[name], Run(), Run()
    assert tuple(offered.names) == ("sweep", "project", "breakpoint", "loss", "advance", "nothing")
    step = offered.bind("advance", 0.0, 0.01, 10, run.a, run.y, run.K, run.p, run.z, run.w)
    assert [step(), step()] == [again.advance(offered, 10), again.advance(offered, 10)]
    assert np.array_equal(run.y, again.y)
    with pytest.raises(KeyError):
        offered["count_clipped"]


@pytest.mark.parametrize("name", NAMES)
def test_wrong_number_of_arguments(name: str, libraries: dict[str, Library]) -> None:
    with pytest.raises(TypeError, match="breakpoint takes 4 arguments, not 1"):
        libraries[name]["breakpoint"](1.0)


def test_numpy_scalars_are_arguments(libraries: dict[str, Library]) -> None:
    run = Run()
    assert libraries["numba"]["breakpoint"](np.float64(0.5), run.p, run.z, run.w) == 1.0
    assert libraries["numba"]["loss"](np.int64(2), 0, run.y, run.p, run.z, run.w, run.p, np.int32(0)) == 0.0


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ([0.0], "not list"),
        (np.zeros(3, dtype=np.float32), "not float32"),
        (np.zeros(6)[::2], "contiguous"),
        (np.zeros(3, dtype=np.int64), "not int64"),
    ],
)
def test_wrong_arrays_are_refused(wrong: object, message: str, libraries: dict[str, Library]) -> None:
    run = Run()
    with pytest.raises(TypeError, match=f"argument p of breakpoint.*{message}"):
        libraries["numba"]["breakpoint"](0.5, wrong, run.z, run.w)


def test_complex_steps_through_the_interpreter() -> None:
    """The interpreter takes complex arrays: the derivative of a run with respect to one weight, exact to rounding."""
    offered = library("interpreter")

    def final(weight: complex) -> np.complex128:
        run = Run(n=3, edges=4)
        y, K, w = (each.astype(complex) for each in (run.y, run.K, run.w))
        p = run.p.astype(complex)
        p[0] = weight
        offered["advance"](0.0, 0.01, 3, run.a, y, K, p, run.z, w)
        return np.complex128(y.sum())

    weight = Run(n=3, edges=4).p[0]
    exact = final(weight + 1e-30j).imag / 1e-30
    difference = (final(weight + 1e-6) - final(weight - 1e-6)).real / 2e-6
    assert exact == pytest.approx(difference, rel=1e-8)
    assert exact != 0.0


@pytest.mark.parametrize(("wrong", "hint"), [("nunba", "did you mean 'numba'"), ("c", "numba, python, interpreter")])
def test_unknown_backend(wrong: str, hint: str) -> None:
    with pytest.raises(ValueError, match=hint):
        get_backend(wrong)
