"""B5: a network, its error network and the memristors that both write, 200 steps of the classic Runge-Kutta method; ns per synapse and right-hand side.

    python -m benchmarks.b5 [N ...]    # cells, so N^2 synapses; default 128 512 1024; jax and brian2 take part where they are installed

Every peer takes the same steps, so all have the same error but for round-off: the difference to numpy, in parts of the largest value, is printed. Each size has
a process of its own, on one core, and in it all peers take turns (A B C A B C ...); medians of CPU time, that of child processes included.
"""

import ctypes
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import mcompiler as mc
from benchmarks.peers import C_FLAGS, Floats, Peer, State, aligned, c_library, each_size, measure, place

Run = Callable[[], State]
HERE = Path(__file__).parent
STEPS, H, EVALUATIONS = 200, 0.01, 800
TAU, A, BETA, GON, GOFF = 1.0, 0.2, 2.0, 1e-4, 1e-6


@dataclass(frozen=True, slots=True)
class Problem:
    """What is given: inputs, the state at the start (``s`` of the shape (post, pre)), the resistance of the amplifiers; and a folder for a peer's files."""

    size: int
    folder: Path
    rf: float
    bias: Floats
    force: Floats
    x: Floats
    y: Floats
    s: Floats


def problem(size: int, folder: Path) -> Problem:
    """The same numbers for everyone."""
    draw = np.random.default_rng(0)
    s = draw.uniform(0.2, 0.8, (size, size))
    bias, force, x, y = (0.5 * draw.standard_normal(size) for _ in range(4))
    return Problem(size, folder, 2.0 / (size * GON), bias, force, x, y, s)


# --- peers


def hand_written_c(given: Problem) -> Run:
    """`b5.c`: one sweep over the synapses per stage, sinh as a polynomial of the degree that a row needs."""
    folder, n = given.folder, given.size
    function = c_library(HERE / "b5.c", folder).run
    constants = np.array([TAU, A, BETA, GON, GOFF, given.rf])
    x, y, s, work = (aligned(length) for length in (n, n, n * n, 2 * n * n + 9 * n))
    places = [place(each) for each in (constants, given.bias, given.force, x, y, s, work)]

    def run() -> State:
        x[:], y[:], s[:] = given.x, given.y, given.s.reshape(-1)
        function(ctypes.c_long(n), ctypes.c_long(STEPS), ctypes.c_double(H), *places)
        return x, y, s.reshape(n, n)

    return run


def ours(given: Problem) -> Run:
    """`b5.mem`, and `Solver.run` as a user calls it."""
    model = shutil.copy(HERE / "b5.mem", given.folder)
    np.savez(given.folder / "b5.npz", bias=given.bias, force=given.force, x=given.x, y=given.y, s=given.s)
    solver = mc.compile(mc.load(model, settings=[f"N = {given.size}"]))

    def run() -> State:
        found = solver.run()
        return found["X.x"][-1], found["X.y"][-1], found["W.s"][-1]

    return run


def numpy_arrays(given: Problem) -> Run:
    """Array code; the reference."""

    def rates(x: Floats, y: Floats, s: Floats) -> State:
        r = np.tanh(x)
        conductance = GOFF + (GON - GOFF) * s
        dx = (-x + given.rf * (conductance @ r) + given.bias) / TAU
        dy = (-y + given.rf * (y @ conductance) * (1 - r * r) + given.force) / TAU
        ds = np.sinh(np.outer(BETA * y, r))
        ds *= s
        ds *= (4 * A) * (1 - s)
        return dx, dy, ds

    def moved(state: State, h: float, rate: State) -> State:
        return tuple(each + h * slope for each, slope in zip(state, rate, strict=True))

    def run() -> State:
        state: State = (given.x, given.y, given.s)
        for _ in range(STEPS):
            k1 = rates(*state)
            k2 = rates(*moved(state, H / 2, k1))
            k3 = rates(*moved(state, H / 2, k2))
            k4 = rates(*moved(state, H, k3))
            total = tuple(a + 2 * b + 2 * c + d for a, b, c, d in zip(k1, k2, k3, k4, strict=True))
            state = moved(state, H / 6, total)
        return state

    return run


def jax_jit(given: Problem) -> Run:
    """The same array code, compiled by XLA as a whole."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", val=True)
    bias, force = jnp.asarray(given.bias), jnp.asarray(given.force)

    def rates(state: Any) -> Any:
        x, y, s = state
        r = jnp.tanh(x)
        conductance = GOFF + (GON - GOFF) * s
        dx = (-x + given.rf * (conductance @ r) + bias) / TAU
        dy = (-y + given.rf * (y @ conductance) * (1 - r * r) + force) / TAU
        return dx, dy, 4 * A * jnp.sinh(BETA * y[:, None] * r[None, :]) * s * (1 - s)

    def moved(state: Any, h: float, rate: Any) -> Any:
        return jax.tree.map(lambda each, slope: each + h * slope, state, rate)

    def step(_number: Any, state: Any) -> Any:
        k1 = rates(state)
        k2 = rates(moved(state, H / 2, k1))
        k3 = rates(moved(state, H / 2, k2))
        k4 = rates(moved(state, H, k3))
        return moved(state, H / 6, jax.tree.map(lambda a, b, c, d: a + 2 * b + 2 * c + d, k1, k2, k3, k4))

    start = tuple(jnp.asarray(each) for each in (given.x, given.y, given.s))
    solve = jax.jit(lambda *state: jax.lax.fori_loop(0, STEPS, step, state)).lower(*start).compile()

    def run() -> State:
        x, y, s = (np.asarray(each) for each in jax.block_until_ready(solve(*start)))
        return x, y, s

    return run


def numba_loops(given: Problem) -> Run:
    """Loops as one writes them; sinh is libm's."""
    import numba

    @numba.njit(fastmath=True)
    def rates(x: Any, y: Any, s: Any, bias: Any, force: Any, rf: Any, r: Any, dx: Any, dy: Any, ds: Any) -> None:
        n = len(x)
        for j in range(n):
            r[j] = np.tanh(x[j])
            dy[j] = 0.0
        for i in range(n):
            forward = 0.0
            for j in range(n):
                conductance = GOFF + (GON - GOFF) * s[i, j]
                forward += conductance * r[j]
                dy[j] += conductance * y[i]
                ds[i, j] = 4 * A * np.sinh(BETA * y[i] * r[j]) * s[i, j] * (1 - s[i, j])
            dx[i] = (-x[i] + rf * forward + bias[i]) / TAU
        for j in range(n):
            dy[j] = (-y[j] + rf * dy[j] * (1 - r[j] * r[j]) + force[j]) / TAU

    @numba.njit(fastmath=True)
    def add(to: Any, h: Any, rate: Any, result: Any) -> None:
        for i in range(to.size):
            result[i] = to[i] + h * rate[i]

    @numba.njit(fastmath=True)
    def solve(x: Any, y: Any, s: Any, bias: Any, force: Any, rf: Any, steps: Any) -> Any:
        x, y, s = x.copy(), y.copy(), s.copy()
        r, dx, dy, ds = np.empty_like(x), np.empty_like(x), np.empty_like(y), np.empty_like(s)
        for _ in range(steps):
            x0, y0, s0 = x.copy(), y.copy(), s.copy()
            xs, ys, ss = x.copy(), y.copy(), s.copy()
            for to, weight in ((H / 2, H / 6), (H / 2, H / 3), (H, H / 3), (0.0, H / 6)):
                rates(xs, ys, ss, bias, force, rf, r, dx, dy, ds)
                add(x, weight, dx, x)
                add(y, weight, dy, y)
                add(s.ravel(), weight, ds.ravel(), s.ravel())
                add(x0, to, dx, xs)
                add(y0, to, dy, ys)
                add(s0.ravel(), to, ds.ravel(), ss.ravel())
        return x, y, s

    def run(steps: int = STEPS) -> State:
        found: State = solve(given.x, given.y, given.s, given.bias, given.force, given.rf, steps)
        return found

    run(1)
    return run


CELLS = """
x : 1
y : 1
xs : 1
ys : 1
dx : 1
dy : 1
r : 1
forward : 1
backward : 1
bias : 1 (constant)
force : 1 (constant)
"""
CELL_STAGE = """
kx = (-xs + rf*forward + bias)/tau
ky = (-ys + rf*backward*(1 - r*r) + force)/tau
dx = dx + weight(t)*kx
dy = dy + weight(t)*ky
x = x + last(t)*dx
y = y + last(t)*dy
dx = (1 - last(t))*dx
dy = (1 - last(t))*dy
xs = x + to(t)*kx
ys = y + to(t)*ky
r = tanh(xs)
"""
SYNAPSES = """
s : 1
ss : 1
ds : 1
forward_post = (goff + (gon - goff)*ss)*r_pre : 1 (summed)
backward_pre = (goff + (gon - goff)*ss)*ys_post : 1 (summed)
"""
SYNAPSE_STAGE = """
k = 4*a*sinh(beta*ys_post*r_pre)*ss*(1 - ss)
ds = ds + weight(t)*k
s = s + last(t)*ds
ds = (1 - last(t))*ds
ss = s + to(t)*k
"""


def brian2_standalone(given: Problem) -> Run:
    """A C++ program of Brian2. Its own Runge-Kutta methods freeze the sums over synapses within a step, so every stage is a step of its clock here."""
    import brian2

    folder = str(given.folder / "brian2")
    brian2.set_device("cpp_standalone", directory=folder, build_on_run=False)
    brian2.prefs["codegen.cpp.extra_compile_args_gcc"] = ["-w", *C_FLAGS[:3]]
    tick = brian2.defaultclock.dt = H / 4 * brian2.second
    tables = {"to": (H / 2, H / 2, H, 0.0), "weight": (H / 6, H / 3, H / 3, H / 6), "last": (0.0, 0.0, 0.0, 1.0)}
    names: dict[str, Any] = {
        name: brian2.TimedArray(np.tile(values, STEPS), dt=tick, name=name) for name, values in tables.items()
    }
    names |= {"rf": given.rf, "tau": TAU, "a": A, "beta": BETA, "gon": GON, "goff": GOFF}
    cells = brian2.NeuronGroup(given.size, CELLS, namespace=names)
    synapses = brian2.Synapses(cells, cells, SYNAPSES, namespace=names)
    synapses.run_regularly(SYNAPSE_STAGE, dt=tick, when="synapses")
    cells.run_regularly(CELL_STAGE, dt=tick, when="end")
    synapses.connect()
    cells.x = cells.xs = given.x
    cells.y = cells.ys = given.y
    cells.r, cells.bias, cells.force = np.tanh(given.x), given.bias, given.force
    synapses.s = synapses.ss = given.s.T.reshape(-1)  # the first index is that of the cell before the synapse
    network = brian2.Network(cells, synapses)
    network.run(STEPS * H * brian2.second)
    brian2.device.build(directory=folder, compile=True, run=False)

    def run() -> State:
        brian2.device.run(folder, with_output=False)
        s = np.asarray(synapses.s[:]).reshape(given.size, given.size)
        return np.asarray(cells.x[:]), np.asarray(cells.y[:]), s.T

    return run


#: The first is what the others are compared with.
PEERS: tuple[Peer[Problem], ...] = (
    Peer("hand-written C", hand_written_c, programs=("gcc",)),
    Peer("mcompiler", ours, "mcompiler"),
    Peer("numpy", numpy_arrays, "numpy"),
    Peer("JAX", jax_jit, "jax"),
    Peer("numba", numba_loops, "numba"),
    Peer("Brian2", brian2_standalone, "brian2", ("g++", "make")),
)


def rows(size: int, folder: Path) -> Iterator[str]:
    """The table of one size."""
    given = problem(size, folder)
    return measure(PEERS, given, numpy_arrays(given)(), ("x", "y", "s"), EVALUATIONS * size**2)


if __name__ == "__main__":
    each_size("benchmarks.b5", ("128", "512", "1024"), rows)
