"""B1: one driven HP memristor, 100 cycles, 10,001 samples; time at equal achieved error against hand-written C and compiled peers.

    python benchmarks/b1.py            # one core is used; numbalsoda and heyoka take part where they are installed

Every peer solves the same equation at several tolerances. The error is the largest difference to a reference of full precision (the state is a function of the
flux, so the reference is a quadrature). The ratio compares our time with the peer's time at our error, between the peer's points on log-log lines.
"""

import ctypes
import importlib.util
import math
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

import mcompiler as mc

Floats = NDArray[np.float64]
HERE = Path(__file__).parent
RON, ROFF, W0, K, END = 100.0, 16e3, 0.1, 1e4, 100.0
TIMES = np.linspace(0.0, END, 10001)
Case = tuple[str, Callable[[float], Callable[[], Floats]], tuple[float, ...]]

C_SOURCE = r"""
#include <math.h>
/* Dormand and Prince 5(4) with its dense output of order 4 (Hairer, Norsett, Wanner, Solving ODEs I, II.5 and II.6). */
static double f(double t, double w) {
    double m = 2 * w - 1; m *= m;
    return 1e4 * sin(6.283185307179586 * t) / (100 * w + 16000 * (1 - w)) * (1 - m * m);
}
long run(double w, double end, double tol, long count, double every, double *out) {
    double t = 0, h = 1e-3, k1 = f(0, w); long steps = 0, next = 0;
    out[next++] = w;
    while (t < end && next < count) {
        if (t + h > end) h = end - t;
        double k2 = f(t + h / 5, w + h * k1 / 5);
        double k3 = f(t + 3 * h / 10, w + h * (3. / 40 * k1 + 9. / 40 * k2));
        double k4 = f(t + 4 * h / 5, w + h * (44. / 45 * k1 - 56. / 15 * k2 + 32. / 9 * k3));
        double k5 = f(t + 8 * h / 9, w + h * (19372. / 6561 * k1 - 25360. / 2187 * k2 + 64448. / 6561 * k3 - 212. / 729 * k4));
        double k6 = f(t + h, w + h * (9017. / 3168 * k1 - 355. / 33 * k2 + 46732. / 5247 * k3 + 49. / 176 * k4 - 5103. / 18656 * k5));
        double v = w + h * (35. / 384 * k1 + 500. / 1113 * k3 + 125. / 192 * k4 - 2187. / 6784 * k5 + 11. / 84 * k6), k7 = f(t + h, v);
        double e = h * (71. / 57600 * k1 - 71. / 16695 * k3 + 71. / 1920 * k4 - 17253. / 339200 * k5 + 22. / 525 * k6 - k7 / 40);
        e = fabs(e) / (tol + tol * fmax(fabs(w), fabs(v))) + 1e-30;
        steps++;
        if (e <= 1) {
            double d = v - w, b = h * k1 - d, r = d - h * k7 - b;
            double q = h * (-12715105075. / 11282082432 * k1 + 87487479700. / 32700410799 * k3 - 10690763975. / 1880347072 * k4
                            + 701980252875. / 199316789632 * k5 - 1453857185. / 822651844 * k6 + 69997945. / 29380423 * k7);
            while (next < count && next * every <= t + h + 1e-12) {
                double s = (next * every - t) / h, z = 1 - s;
                out[next++] = w + s * (d + z * (b + s * (r + z * q)));
            }
            t += h; w = v; k1 = k7;
        }
        h *= fmin(5, fmax(0.2, 0.9 * pow(e, -0.2)));
    }
    return steps;
}
"""


def reference() -> Floats:
    """The state at the sample times, as a function of the flux."""
    flux = (1 - np.cos(2 * np.pi * TIMES)) / (2 * np.pi)
    ordered = np.unique(flux)

    def rate(_flux: float, w: Floats) -> Floats:
        return K * (1 - (2 * w - 1) ** 4) / (RON * w + ROFF * (1 - w))

    found = solve_ivp(rate, (0.0, ordered[-1]), [W0], method="DOP853", rtol=1e-13, atol=1e-15, t_eval=ordered)
    values: Floats = found.y[0][np.searchsorted(ordered, flux)]
    return values


def hand_written_c(tolerance: float) -> Callable[[], Floats]:
    """Dormand and Prince 5(4), compiled by gcc -O3 -march=native -ffast-math."""
    function, out = _c_function(), np.empty(len(TIMES))
    place = out.ctypes.data_as(ctypes.POINTER(ctypes.c_double))

    def run() -> Floats:
        function(W0, END, tolerance, len(TIMES), 0.01, place)
        return out

    return run


def _c_function() -> Callable[..., int]:
    folder = Path(tempfile.mkdtemp(prefix="b1-"))
    (folder / "b1.c").write_text(C_SOURCE)
    flags = ["-O3", "-march=native", "-ffast-math", "-shared", "-fPIC"]
    subprocess.run(["gcc", *flags, str(folder / "b1.c"), "-o", str(folder / "b1.so"), "-lm"], check=True)
    function = ctypes.CDLL(str(folder / "b1.so")).run
    double = ctypes.c_double
    function.argtypes = [double, double, double, ctypes.c_long, double, ctypes.POINTER(double)]
    function.restype = ctypes.c_long
    return function  # type: ignore[no-any-return]


def ours(method: str) -> Callable[[float], Callable[[], Floats]]:
    """`Solver.run` as a user calls it."""
    solver = mc.compile(mc.load(HERE / "hp_driven.mem"), method=method)
    return lambda tolerance: lambda: solver.run(rtol=tolerance)["M.w"]


def numbalsoda(tolerance: float) -> Callable[[], Floats]:
    """dop853 of numbalsoda with a right-hand side compiled by numba."""
    import numba
    from numbalsoda import dop853, lsoda_sig

    @numba.cfunc(lsoda_sig, fastmath=True)  # type: ignore[untyped-decorator]
    def rate(t, u, du, _p):  # type: ignore[no-untyped-def]
        m = 2 * u[0] - 1
        m *= m
        du[0] = K * math.sin(2 * math.pi * t) / (RON * u[0] + ROFF * (1 - u[0])) * (1 - m * m)

    address, start = rate.address, np.array([W0])

    @numba.njit  # type: ignore[untyped-decorator]
    def solve(tol):  # type: ignore[no-untyped-def]
        return dop853(address, start, TIMES, rtol=tol, atol=tol)[0]

    return lambda: solve(tolerance)[:, 0]


def heyoka(tolerance: float) -> Callable[[], Floats]:
    """Adaptive Taylor method."""
    import heyoka as hy

    w = hy.make_vars("w")
    m = (2.0 * w - 1.0) * (2.0 * w - 1.0)
    rate = K * hy.sin(2 * np.pi * hy.time) / (RON * w + ROFF * (1.0 - w)) * (1.0 - m * m)
    integrator = hy.taylor_adaptive([(w, rate)], [W0], tol=tolerance)

    def run() -> Floats:
        integrator.time = 0.0
        integrator.state[:] = [W0]
        return np.asarray(integrator.propagate_grid(TIMES)[-1])[:, 0]

    return run


def cases() -> Iterator[Case]:
    """Name, maker and tolerances of every peer that is there; the first is what the others are compared with."""
    yield "hand-written C dopri5", hand_written_c, (1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12, 1e-13)
    yield "mcompiler tsit5", ours("tsit5"), (1e-5, 1e-6, 1e-7, 1e-8, 1e-9)
    yield "mcompiler dop853", ours("dop853"), (1e-6, 1e-7, 1e-8, 1e-9, 1e-10)
    if importlib.util.find_spec("numbalsoda"):
        yield "numbalsoda dop853", numbalsoda, (1e-6, 1e-9)
    if importlib.util.find_spec("heyoka"):
        yield "heyoka Taylor", heyoka, (1e-6, 1e-9)


def seconds(run: Callable[[], Floats]) -> float:
    """The median of many calls after a warm-up."""
    run()
    times: list[float] = []
    while len(times) < 20 or (sum(times) < 1.0 and len(times) < 2000):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def at_error(points: list[tuple[float, float]], error: float) -> float:
    """The time at this error between points (error, time), on straight lines in logarithms."""
    ordered = sorted(points)
    logs = np.log([[e, t] for e, t in ordered])
    return float(np.exp(np.interp(np.log(error), logs[:, 0], logs[:, 1], left=np.nan, right=np.nan)))


def main() -> None:
    exact = reference()
    base: list[tuple[float, float]] = []
    print(f"{'peer':<24}{'tolerance':>10}{'error':>11}{'ms':>9}{'C at this error, ms':>21}{'ratio':>8}")
    for name, make, tolerances in cases():
        for tolerance in tolerances:
            run = make(tolerance)
            error, took = float(np.abs(run() - exact).max()), seconds(run)
            if name.startswith("hand"):
                base.append((error, took))
            there = at_error(base, error) if not name.startswith("hand") else took
            print(
                f"{name:<24}{tolerance:>10.0e}{error:>11.1e}{took * 1e3:>9.3f}{there * 1e3:>21.3f}{took / there:>8.2f}"
            )


if __name__ == "__main__":
    main()
