"""B7: a dense recurrent network x' = -x + tanh(W x + b), from the model to its first solution at t = 1, imports left out; seconds of CPU.

    python -m benchmarks.b7 [N ...]    # cells; default 16 256 1024; peers take part where they are installed

Every peer has a process of its own per run, so that nothing is compiled already: what it imports is not counted, everything after that is, and the work
of compilers that it starts. Errors are those against SciPy at tolerances of 1e-12; everybody was asked for 1e-6.
"""

import ctypes
import importlib.util
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp

from benchmarks.peers import C_FLAGS, ONE_CORE, Floats, cpu, on_one_core, place

HERE = Path(__file__).parent
ROUNDS, TOLERANCE = 3, 1e-6
Weights = tuple[Floats, Floats, Floats]

C_SOURCE = r"""
#include <math.h>
#include <string.h>
static void rates(long n, const double *restrict w, const double *restrict b, const double *restrict x, double *restrict k) {
    for (long i = 0; i < n; i++) {
        double sum = b[i];
        for (long j = 0; j < n; j++) sum += w[i * n + j] * x[j];
        k[i] = -x[i] + tanh(sum);
    }
}
/* The classic Runge-Kutta method. */
void run(long n, long steps, double h, const double *w, const double *b, double *x, double *work) {
    double *k = work, *y = k + n, *sum = y + n;
    for (long step = 0; step < steps; step++) {
        memset(sum, 0, n * sizeof *sum);
        memcpy(y, x, n * sizeof *y);
        for (int stage = 0; stage < 4; stage++) {
            rates(n, w, b, y, k);
            double weight = stage == 0 || stage == 3 ? h / 6 : h / 3, to = stage == 2 ? h : h / 2;
            for (long i = 0; i < n; i++) sum[i] += weight * k[i], y[i] = x[i] + to * k[i];
        }
        for (long i = 0; i < n; i++) x[i] += sum[i];
    }
}
"""


def weights(size: int) -> Weights:
    """The same numbers for everyone."""
    draw = np.random.default_rng(0)
    return (
        draw.standard_normal((size, size)) / np.sqrt(size),
        0.1 * draw.standard_normal(size),
        draw.standard_normal(size),
    )


# --- peers: each imports, tells that it has, and gives the state at the end


def ours(given: Weights, folder: Path, ready: Callable[[], None]) -> Floats:
    """Model text to solution; the integrators of this version are in the cache, nothing of this model is."""
    import mcompiler as mc

    w, bias, x = given
    model = shutil.copy(HERE / "b7.mem", folder)
    np.savez(folder / "b7.npz", w=w, bias=bias, x=x)
    ready()
    return np.asarray(mc.compile(mc.load(model, settings=[f"N = {len(x)}"])).run()["X.x"][-1])


def gcc(given: Weights, folder: Path, ready: Callable[[], None]) -> Floats:
    """C by hand, with steps that give the error asked for."""
    ready()
    w, bias, x = given
    state, work = x.copy(), np.zeros(3 * len(x))
    (folder / "b7.c").write_text(C_SOURCE)
    library = folder / "b7.so"
    subprocess.run(["gcc", *C_FLAGS, "-fPIC", "-shared", str(folder / "b7.c"), "-o", str(library), "-lm"], check=True)
    where = [place(each) for each in (w, bias, state, work)]
    ctypes.CDLL(str(library)).run(ctypes.c_long(len(x)), ctypes.c_long(20), ctypes.c_double(0.05), *where)
    return state


def numpy_and_scipy(given: Weights, _folder: Path, ready: Callable[[], None]) -> Floats:
    """Array code, which has nothing to compile."""
    ready()
    w, bias, x = given
    return _solved(lambda _t, y: np.tanh(w @ y + bias) - y, x, TOLERANCE)


def numba_and_scipy(given: Weights, _folder: Path, ready: Callable[[], None]) -> Floats:
    """A compiled right-hand side in SciPy's solver."""
    import numba

    ready()
    w, bias, x = given
    rates: Any = numba.njit(fastmath=True)(lambda _t, y, w, bias: np.tanh(np.dot(w, y) + bias) - y)
    return _solved(lambda t, y: rates(t, y, w, bias), x, TOLERANCE)


def casadi(given: Weights, _folder: Path, ready: Callable[[], None]) -> Floats:
    """CVODES on matrix expressions."""
    import casadi

    ready()
    w, bias, x = given
    y = casadi.MX.sym("x", len(x))
    ode = casadi.tanh(casadi.mtimes(casadi.DM(w), y) + casadi.DM(bias)) - y
    options = {"abstol": TOLERANCE, "reltol": TOLERANCE}
    solve = casadi.integrator("solve", "cvodes", {"x": y, "ode": ode}, 0.0, 1.0, options)
    return np.asarray(solve(x0=x)["xf"]).ravel()


def _solved(rates: Callable[[float, Floats], Floats], x: Floats, tolerance: float) -> Floats:
    solution = solve_ivp(rates, (0.0, 1.0), x, method="DOP853", rtol=tolerance, atol=tolerance)
    return np.asarray(solution.y[:, -1])


@dataclass(frozen=True, slots=True)
class Peer:
    """A way to solve the problem, and what must be there for it."""

    name: str
    solve: Callable[[Weights, Path, Callable[[], None]], Floats]
    package: str = ""
    program: str = ""

    @property
    def is_there(self) -> bool:
        """Whether it can take part."""
        return (not self.package or importlib.util.find_spec(self.package) is not None) and (
            not self.program or shutil.which(self.program) is not None
        )


PEERS = (
    Peer("hand-written C", gcc, program="gcc"),
    Peer("mcompiler", ours),
    Peer("numpy", numpy_and_scipy),
    Peer("numba", numba_and_scipy, package="numba"),
    Peer("CasADi", casadi, package="casadi"),
)


def one(number: int, size: int) -> None:
    """One peer in this process: prints its CPU seconds and its error."""
    on_one_core()
    given, since = weights(size), [0.0]
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        found = PEERS[number].solve(given, Path(folder), lambda: since.__setitem__(0, cpu()))
        took = cpu() - since[0]
    w, bias, x = given
    exact = _solved(lambda _t, y: np.tanh(w @ y + bias) - y, x, 1e-12)
    print(took, float(np.abs(found - exact).max()))


def fill_cache(cache: str) -> None:
    """Compiles another network, so that the integrators of this version are in the cache."""
    import mcompiler as mc

    os.environ["MCOMPILER_CACHE_DIR"] = cache
    text = (HERE / "b7.mem").read_text().split("experiment")[0].replace("tanh(sum + bias)", "sum + bias")
    mc.compile(mc.parse(text + "experiment go on Recurrent { run to 1[s] }")).run()


def main() -> None:
    if sys.argv[1:2] == ["--here"]:
        one(int(sys.argv[2]), int(sys.argv[3]))
        return
    with tempfile.TemporaryDirectory(prefix="benchmark-") as filled:
        fill_cache(filled)
        for size in sys.argv[1:] or ("16", "256", "1024"):
            print(f"N = {size}\n{'peer':<16}{'s':>10}{'ratio':>10}{'error':>12}")
            taken: dict[int, list[tuple[float, float]]] = {each: [] for each, peer in enumerate(PEERS) if peer.is_there}
            for _ in range(ROUNDS):
                for number, times in taken.items():
                    times.append(_in_a_process(number, size, filled))
            base = statistics.median(time for time, _ in taken.get(0, [(float("nan"), 0.0)]))
            for number, times in taken.items():
                median = statistics.median(time for time, _ in times)
                print(f"{PEERS[number].name:<16}{median:>10.3f}{median / base:>10.2f}{times[0][1]:>12.1e}")
            for peer in PEERS:
                if not peer.is_there:
                    print(f"{peer.name:<16}absent")
            print(flush=True)


def _in_a_process(number: int, size: str, filled: str) -> tuple[float, float]:
    """CPU seconds and error, with a cache that holds the integrators and nothing else that would help."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        cache = shutil.copytree(filled, Path(folder, "cache"))
        environment = {**os.environ, **ONE_CORE, "MCOMPILER_CACHE_DIR": str(cache)}
        command = [sys.executable, "-m", "benchmarks.b7", "--here", str(number), size]
        said = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
    took, error = map(float, said.split())
    return took, error


if __name__ == "__main__":
    main()
