"""B2: a chaotic memristor circuit: one trajectory to t = 1000 (B2a), and 10,000 of them to t = 100 (B2b); CPU time on one core at equal achieved error.

    python -m benchmarks.b2            # heyoka and numba take part where they are installed

Every peer solves at several tolerances, in turns (A B C A B C ...); medians of CPU time, of ours that of `Solver.run` as a user calls it. The error of B2a
is the largest difference in t <= 30 to SciPy's DOP853 at 1e-13, since later the flow has amplified anything; that of B2b the median over the members of the
largest difference at the end to hand-written C at 1e-13, which is itself compared with SciPy for some members. The ratio compares with C's time at the same
error, between its points on log-log lines. At the end, two threads against one in wall time: that needs two idle cores.
"""

import ctypes
import importlib.util
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.integrate import solve_ivp

import mcompiler as mc
from benchmarks.peers import Floats, c_library, on_one_core, place, timed

#: Solves at a tolerance, up to a time (B2a), or all members (B2b): x, y, z of each.
Solve = Callable[[float, float], Floats]
HERE = Path(__file__).parent
START = np.array([0.1, 0.0, 0.1])
LONG, SHORT, COUNT = 1000.0, 100.0, 10_000
SAMPLES = np.linspace(0.0, 30.0, 61)
ROUNDS = 7
#: CPU seconds that a turn takes at least; shorter runs are repeated within it.
TURN = 0.05


@dataclass(frozen=True, slots=True)
class Peer:
    """A way to solve, the tolerances it is tried at, and the package that it needs."""

    name: str
    make: Callable[[], Solve]
    tolerances: tuple[float, ...]
    package: str = ""


def starts() -> Floats:
    """Where the members of B2b begin."""
    return START + np.random.default_rng(0).uniform(-0.05, 0.05, (COUNT, 3))


def rates(_t: float, u: Floats) -> list[float]:
    """The circuit: current of the inductor, voltage, state of the memristor."""
    x, y, z = u
    return [y, -(x + (z * z - 1) * y / 2) / 3, y * z - y - 0.6 * z]


# --- peers


def library() -> ctypes.CDLL:
    """`b2.cc`, compiled."""
    return c_library(HERE / "b2.cc", Path(tempfile.mkdtemp(prefix="b2-")))


def c_single() -> Solve:
    """Dormand and Prince 5(4) in C."""
    function = library().run

    def solve(tolerance: float, end: float) -> Floats:
        u = START.copy()
        function(place(u), ctypes.c_double(end), ctypes.c_double(tolerance))
        return u

    return solve


def c_lanes() -> Solve:
    """The same with members side by side in vector registers."""
    function, first = library().lanes, starts()

    def solve(tolerance: float, end: float) -> Floats:
        u = first.copy()
        function(ctypes.c_long(0), ctypes.c_long(COUNT), place(u), ctypes.c_double(end), ctypes.c_double(tolerance))
        return u

    return solve


def ours_single(method: str) -> Callable[[], Solve]:
    """`Solver.run`."""

    def make() -> Solve:
        solver = mc.compile(mc.load(HERE / "b2.mem"), method=method)

        def solve(tolerance: float, end: float) -> Floats:
            run = solver.run((0.0, end), rtol=tolerance, save_at=[end])
            return np.array([run["L1.i"][0], run["a.v"][0], run["M.z"][0]])

        return solve

    return make


def ours_ensemble(method: str, threads: int = 1) -> Callable[[], Solve]:
    """`Solver.run` of an ensemble."""

    def make() -> Solve:
        solver, first = mc.compile(mc.load(HERE / "b2.mem"), method=method), starts()
        ensemble = {"L1.i": first[:, 0], "a.v": first[:, 1], "M.z": first[:, 2]}

        def solve(tolerance: float, end: float) -> Floats:
            run = solver.run((0.0, end), ensemble=ensemble, save_at=[end], rtol=tolerance, threads=threads)
            return np.stack([run["L1.i"][:, 0], run["a.v"][:, 0], run["M.z"][:, 0]], axis=1)

        return solve

    return make


def _taylor(tolerance: float, batch: int = 0) -> object:
    import heyoka as hy

    x, y, z = hy.make_vars("x", "y", "z")
    system = [(x, y), (y, -(x + (z * z - 1.0) * y * 0.5) / 3.0), (z, -y - 0.6 * z + y * z)]
    if batch:
        return hy.taylor_adaptive_batch(system, np.zeros((3, batch)), tol=tolerance)
    return hy.taylor_adaptive(system, list(START), tol=tolerance)


def heyoka_single() -> Solve:
    """Adaptive Taylor method."""
    made: dict[float, object] = {}

    def solve(tolerance: float, end: float) -> Floats:
        integrator: object = made.setdefault(tolerance, made.get(tolerance) or _taylor(tolerance))
        integrator.time = 0.0  # type: ignore[attr-defined]
        integrator.state[:] = START  # type: ignore[attr-defined]
        integrator.propagate_until(end)  # type: ignore[attr-defined]
        return np.array(integrator.state)  # type: ignore[attr-defined]

    return solve


def heyoka_batch() -> Solve:
    """The same for eight members at a time."""
    made: dict[float, object] = {}
    first = starts()

    def solve(tolerance: float, end: float) -> Floats:
        integrator: object = made.setdefault(tolerance, made.get(tolerance) or _taylor(tolerance, 8))
        found = np.empty_like(first)
        for k in range(0, COUNT, 8):
            integrator.set_time(0.0)  # type: ignore[attr-defined]
            integrator.state[:] = first[k : k + 8].T  # type: ignore[attr-defined]
            integrator.propagate_until(end)  # type: ignore[attr-defined]
            found[k : k + 8] = integrator.state.T  # type: ignore[attr-defined]
        return found

    return solve


def numba_loop() -> Solve:
    """Dormand and Prince 5(4) in numba, member by member."""
    import numba

    quick = numba.njit(fastmath=True, inline="always")

    @quick  # type: ignore[untyped-decorator]
    def f(x, y, z):  # type: ignore[no-untyped-def]
        return y, -(x + (z * z - 1) * y * 0.5) * (1 / 3), y * z - y - 0.6 * z

    @quick  # type: ignore[untyped-decorator]
    def s4(k, l, m, n):  # type: ignore[no-untyped-def]
        return 19372 / 6561 * k - 25360 / 2187 * l + 64448 / 6561 * m - 212 / 729 * n

    @quick  # type: ignore[untyped-decorator]
    def s5(k, l, m, n, o):  # type: ignore[no-untyped-def]
        return 9017 / 3168 * k - 355 / 33 * l + 46732 / 5247 * m + 49 / 176 * n - 5103 / 18656 * o

    @quick  # type: ignore[untyped-decorator]
    def s6(k, m, n, o, p):  # type: ignore[no-untyped-def]
        return 35 / 384 * k + 500 / 1113 * m + 125 / 192 * n - 2187 / 6784 * o + 11 / 84 * p

    @quick  # type: ignore[untyped-decorator]
    def off(k, m, n, o, p, q, x, xn, tol):  # type: ignore[no-untyped-def]
        sums = 71 / 57600 * k - 71 / 16695 * m + 71 / 1920 * n - 17253 / 339200 * o + 22 / 525 * p - q / 40
        return (sums / (tol + tol * max(abs(x), abs(xn)))) ** 2

    @numba.njit(fastmath=True)  # type: ignore[untyped-decorator]
    def loop(first, found, end, tol):  # type: ignore[no-untyped-def]
        for k in range(len(first)):
            x, y, z = first[k]
            t, h = 0.0, 0.01
            a1, b1, c1 = f(x, y, z)
            while t < end:
                h = min(h, end - t)
                a2, b2, c2 = f(x + h * a1 / 5, y + h * b1 / 5, z + h * c1 / 5)
                g, i = h * 3 / 40, h * 9 / 40
                a3, b3, c3 = f(x + g * a1 + i * a2, y + g * b1 + i * b2, z + g * c1 + i * c2)
                g, i, j = h * 44 / 45, h * 56 / 15, h * 32 / 9
                a4, b4, c4 = f(x + g * a1 - i * a2 + j * a3, y + g * b1 - i * b2 + j * b3, z + g * c1 - i * c2 + j * c3)
                a5, b5, c5 = f(x + h * s4(a1, a2, a3, a4), y + h * s4(b1, b2, b3, b4), z + h * s4(c1, c2, c3, c4))
                a6, b6, c6 = f(
                    x + h * s5(a1, a2, a3, a4, a5), y + h * s5(b1, b2, b3, b4, b5), z + h * s5(c1, c2, c3, c4, c5)
                )
                xn, yn, zn = (
                    x + h * s6(a1, a3, a4, a5, a6),
                    y + h * s6(b1, b3, b4, b5, b6),
                    z + h * s6(c1, c3, c4, c5, c6),
                )
                a7, b7, c7 = f(xn, yn, zn)
                size = off(a1, a3, a4, a5, a6, a7, x, xn, tol) + off(b1, b3, b4, b5, b6, b7, y, yn, tol)
                size = h * h * (size + off(c1, c3, c4, c5, c6, c7, z, zn, tol)) / 3 + 1e-60
                if size <= 1.0:
                    t = t + h
                    x, y, z, a1, b1, c1 = xn, yn, zn, a7, b7, c7
                h = h * min(5.0, max(0.2, 0.9 * size**-0.1))
            found[k] = x, y, z

    first = starts()

    def solve(tolerance: float, end: float) -> Floats:
        found = np.empty_like(first)
        loop(first, found, end, tolerance)
        return found

    return solve


TOLERANCES = (1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-11)
SINGLE = (
    Peer("hand-written C dopri5", c_single, TOLERANCES),
    Peer("mcompiler tsit5", ours_single("tsit5"), (1e-7, 1e-9)),
    Peer("mcompiler dop853", ours_single("dop853"), (1e-7, 1e-9)),
    Peer("heyoka Taylor", heyoka_single, (1e-6, 1e-9), "heyoka"),
)
ENSEMBLE = (
    Peer("hand-written C lanes", c_lanes, TOLERANCES[:-1]),
    Peer("mcompiler tsit5", ours_ensemble("tsit5"), (2e-5, 1e-6, 2e-7)),
    Peer("mcompiler dop853", ours_ensemble("dop853"), (1e-6, 1e-8)),
    Peer("heyoka batch of 8", heyoka_batch, (1e-6,), "heyoka"),
    Peer("numba loop", numba_loop, (1e-6,), "numba"),
)


# --- measuring


def seconds(runs: Sequence[Callable[[], Floats]]) -> list[float]:
    """Median CPU seconds of each, in turns."""
    taken: list[list[float]] = [[] for _ in runs]
    once = [timed(run)[1] for run in runs]
    for _ in range(ROUNDS):
        for run, first, times in zip(runs, once, taken, strict=True):
            times.append(timed(run, max(1, round(TURN / max(first, 1e-6))))[1])
    return [statistics.median(times) for times in taken]


def at_error(points: list[tuple[float, float]], error: float) -> float:
    """The time at this error between points (error, time), on straight lines in logarithms."""
    logs = np.log(sorted(points))
    return float(np.exp(np.interp(np.log(error), logs[:, 0], logs[:, 1], left=np.nan, right=np.nan)))


def table(peers: Sequence[Peer], end: float, error_of: Callable[[Solve, float], float]) -> Iterator[str]:
    """A row for every peer and tolerance."""
    present = [each for each in peers if not each.package or importlib.util.find_spec(each.package)]
    made = {each.name: each.make() for each in present}
    cases = [(each.name, tolerance) for each in present for tolerance in each.tolerances]
    errors = [error_of(made[name], tolerance) for name, tolerance in cases]
    taken = seconds([lambda s=made[name], t=tolerance: s(t, end) for name, tolerance in cases])  # type: ignore[misc]
    base = [
        (error, took) for (name, _), error, took in zip(cases, errors, taken, strict=True) if name == present[0].name
    ]
    yield f"{'peer':<24}{'tolerance':>10}{'error':>11}{'ms':>9}{'C at this error, ms':>21}{'ratio':>8}"
    for (name, tolerance), error, took in zip(cases, errors, taken, strict=True):
        there = at_error(base, error)
        yield f"{name:<24}{tolerance:>10.0e}{error:>11.1e}{took * 1e3:>9.3f}{there * 1e3:>21.3f}{took / there:>8.2f}"
    for each in peers:
        if each not in present:
            yield f"{each.name:<24}absent: {each.package} not installed"


def main() -> None:
    cores = os.sched_getaffinity(0)
    on_one_core()
    exact = solve_ivp(rates, (0.0, SAMPLES[-1]), START, method="DOP853", rtol=1e-13, atol=1e-15, t_eval=SAMPLES).y.T

    def error_of_one(solve: Solve, tolerance: float) -> float:
        found = [solve(tolerance, t) for t in SAMPLES[1:]]
        return float(np.abs(np.stack(found) - exact[1:]).max())

    print("B2a: one trajectory to t = 1000")
    for line in table(SINGLE, LONG, error_of_one):
        print(line, flush=True)

    reference = c_lanes()(1e-13, SHORT)
    some = range(0, COUNT, COUNT // 5)
    ends = [solve_ivp(rates, (0.0, SHORT), starts()[k], method="DOP853", rtol=1e-13, atol=1e-15).y[:, -1] for k in some]
    print(
        f"\nB2b: {COUNT} members to t = 100; the reference is off by {np.abs(reference[list(some)] - ends).max():.0e}"
    )

    def error_of_all(solve: Solve, tolerance: float) -> float:
        return float(np.median(np.abs(solve(tolerance, SHORT) - reference).max(axis=1)))

    for line in table(ENSEMBLE, SHORT, error_of_all):
        print(line, flush=True)

    os.sched_setaffinity(0, cores)
    runs = [ours_ensemble("tsit5", threads)() for threads in (1, 2)]
    assert np.array_equal(runs[0](2e-5, SHORT), runs[1](2e-5, SHORT))
    walls: list[list[float]] = [[], []]
    for _ in range(3 * ROUNDS):
        for run, times in zip(runs, walls, strict=True):
            start = time.perf_counter()
            run(2e-5, SHORT)
            times.append(time.perf_counter() - start)
    one, two = map(min, walls)
    print(
        f"\ntsit5 at 2e-05, wall time, best of {3 * ROUNDS}: 1 thread {one * 1e3:.1f} ms, 2 threads {two * 1e3:.1f} ms, {one / two:.2f} x; the same bits"
    )


if __name__ == "__main__":
    main()
