"""B4: the gradient of a recurrent network's end by all weights, through 1000 steps of the classic Runge-Kutta method; ns per synapse and stage.

    python -m benchmarks.b4 [N ...]    # cells, a multiple of 32, so N^2 weights; default 64 256 1024; jax takes part where it is installed

Every peer differentiates the same steps, so all have the same gradient but for round-off: the differences of the loss and of its derivatives by weights,
biases and initial state to numpy's, in parts of the largest, are printed. One process per size on one core, in turns, medians of CPU time.
"""

import ctypes
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import mcompiler as mc
from benchmarks.peers import Floats, Peer, State, aligned, c_library, each_size, measure, place

Run = Callable[[], State]
HERE = Path(__file__).parent
STEPS, H, STAGES = 1000, 0.01, 4000
#: Where each stage goes on from the start of the step, and its weight in the end.
TO, WEIGHT = (H / 2, H / 2, H, 0.0), (H / 6, H / 3, H / 3, H / 6)


@dataclass(frozen=True, slots=True)
class Problem:
    """Weights of the shape (post, pre), biases, targets, the state at the start; and a folder for a peer's files."""

    size: int
    folder: Path
    w: Floats
    bias: Floats
    target: Floats
    x: Floats


def problem(size: int, folder: Path) -> Problem:
    """The same numbers for everyone."""
    draw = np.random.default_rng(0)
    w = draw.standard_normal((size, size)) / np.sqrt(size)
    bias, x, target = (scale * draw.standard_normal(size) for scale in (0.1, 1.0, 0.5))
    return Problem(size, folder, w, bias, target, x)


def hand_written_c(given: Problem) -> Run:
    """`b4.c`: a tape of all stages, products with W and its transpose along rows, all dW as one product of matrices."""
    n = given.size
    function = c_library(HERE / "b4.c", given.folder, libraries=("-lmvec", "-lm")).gradient
    function.restype = ctypes.c_double
    dw, dbias, dx, tape, work = (aligned(length) for length in (n * n, n, n, 2 * STAGES * n, n * n + 6 * n))
    places = [place(each) for each in (given.w, given.bias, given.target, given.x, dw, dbias, dx, tape, work)]

    def run() -> State:
        loss = function(ctypes.c_long(n), ctypes.c_long(STEPS), ctypes.c_double(H), *places)
        return np.array([loss]), dw.reshape(n, n), dbias, dx

    return run


def ours(given: Problem) -> Run:
    """`b4.mem`, and `Solver.gradient` as a user calls it."""
    model = shutil.copy(HERE / "b4.mem", given.folder)
    np.savez(given.folder / "b4.npz", bias=given.bias, target=given.target, x=given.x, w=given.w)
    solver = mc.compile(mc.load(model, settings=[f"N = {given.size}"]))

    def run() -> State:
        value, found = solver.gradient()
        return np.array([value]), found["W.w"], found["X.bias"], found["X.x"]

    return run


def numpy_arrays(given: Problem) -> Run:
    """Array code; the reference."""
    n, w, wt = given.size, given.w, given.w.T.copy()

    def run() -> State:
        stages, slopes = np.empty((STEPS, 4, n)), np.empty((STEPS, 4, n))
        x = given.x.copy()
        for step in range(STEPS):
            start, end = x, x.copy()
            for q in range(4):
                stages[step, q] = x
                t = np.tanh(w @ x + given.bias)
                slopes[step, q] = 1 - t * t
                end += WEIGHT[q] * (t - x)
                x = start + TO[q] * (t - x)
            x = end
        m = x - given.target
        loss = 0.5 * m @ m
        for step in reversed(range(STEPS)):
            g, total = np.zeros(n), np.zeros(n)
            for q in reversed(range(4)):
                a = WEIGHT[q] * m + TO[q] * g
                slopes[step, q] *= a  # what the sum's adjoint is, in the place of the slope
                g = wt @ slopes[step, q] - a
                total += g
            m = m + total
        u = slopes.reshape(-1, n)
        return np.array([loss]), u.T @ stages.reshape(-1, n), u.sum(axis=0), m

    return run


def jax_grad(given: Problem) -> Run:
    """The forward array code, differentiated and compiled as a whole."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", val=True)
    target = jnp.asarray(given.target)

    def loss(w: Any, bias: Any, x: Any) -> Any:
        def rate(x: Any) -> Any:
            return jnp.tanh(w @ x + bias) - x

        def step(x: Any, _: Any) -> Any:
            k1 = rate(x)
            k2 = rate(x + H / 2 * k1)
            k3 = rate(x + H / 2 * k2)
            k4 = rate(x + H * k3)
            return x + H / 6 * (k1 + 2 * k2 + 2 * k3 + k4), None

        end, _ = jax.lax.scan(step, x, None, length=STEPS)
        return 0.5 * jnp.sum((end - target) ** 2)

    start = tuple(jnp.asarray(each) for each in (given.w, given.bias, given.x))
    solve = jax.jit(jax.value_and_grad(loss, argnums=(0, 1, 2))).lower(*start).compile()

    def run() -> State:
        value, found = jax.block_until_ready(solve(*start))
        return np.array([float(value)]), *(np.asarray(each) for each in found)

    return run


def numba_loops(given: Problem) -> Run:
    """Loops as one writes them; dW is added up stage by stage."""
    import numba

    @numba.njit(fastmath=True)
    def gradient(w: Any, bias: Any, target: Any, start: Any, steps: Any, to: Any, weight: Any) -> Any:
        n = len(start)
        stages, tanhs = np.empty((steps, 4, n)), np.empty((steps, 4, n))
        end, g, a, back, total = start.copy(), np.empty(n), np.empty(n), np.empty(n), np.empty(n)
        for step in range(steps):
            stages[step, 0] = end
            for q in range(4):
                for i in range(n):
                    z = bias[i]
                    for j in range(n):
                        z += w[i, j] * stages[step, q, j]
                    tanhs[step, q, i] = np.tanh(z)
                for i in range(n):
                    k = tanhs[step, q, i] - stages[step, q, i]
                    end[i] += weight[q] * k
                    if q < 3:
                        stages[step, q + 1, i] = stages[step, 0, i] + to[q] * k
        m = end - target
        loss = 0.5 * np.sum(m * m)
        dw, dbias = np.zeros((n, n)), np.zeros(n)
        for step in range(steps - 1, -1, -1):
            total[:] = 0.0
            g[:] = 0.0
            for q in range(3, -1, -1):
                back[:] = 0.0
                for i in range(n):
                    t = tanhs[step, q, i]
                    a[i] = weight[q] * m[i] + to[q] * g[i]
                    u = a[i] * (1 - t * t)
                    dbias[i] += u
                    for j in range(n):
                        back[j] += w[i, j] * u
                        dw[i, j] += u * stages[step, q, j]
                for i in range(n):
                    g[i] = back[i] - a[i]
                    total[i] += g[i]
            m += total
        return loss, dw, dbias, m

    def run(steps: int = STEPS) -> State:
        loss, *rest = gradient(given.w, given.bias, given.target, given.x, steps, np.array(TO), np.array(WEIGHT))
        return np.array([loss]), *rest

    run(1)
    return run


#: The first is what the others are compared with.
PEERS: tuple[Peer[Problem], ...] = (
    Peer("hand-written C", hand_written_c, programs=("gcc",)),
    Peer("mcompiler", ours, "mcompiler"),
    Peer("numpy", numpy_arrays, "numpy"),
    Peer("JAX", jax_grad, "jax"),
    Peer("numba", numba_loops, "numba"),
)


def rows(size: int, folder: Path) -> Iterator[str]:
    """The table of one size."""
    given = problem(size, folder)
    return measure(PEERS, given, numpy_arrays(given)(), ("loss", "W", "bias", "x"), STAGES * size**2)


if __name__ == "__main__":
    each_size("benchmarks.b4", ("64", "256", "1024"), rows)
