"""Two parameters of the HP device from a noisy current-voltage loop: exact gradients and L-BFGS, beside a search without derivatives."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from scipy.optimize import minimize

import mcompiler as mc

HERE = Path(__file__).parent
NAMES = ("M.Ron", "M.mu")
UNITS = ("ohm", "m^2/(V s)")
TRUE = (10e3, 1e-14)  # ohm, m^2/(V s)
NOISE = 0.3e-6  # A


def exact_current(t: np.ndarray, ron: float, mu: float) -> np.ndarray:
    """Current under a 1 V sine of 1 Hz: without walls the state is a quadratic in the flux."""
    roff, w0, d = 100e3, 0.8, 27e-9
    a, flux = (roff - ron) / 2, (np.cos(2 * np.pi * t) - 1) / (2 * np.pi)
    w = (roff - np.sqrt(roff**2 - 4 * a * (roff * w0 - a * w0**2 + mu * ron / d**2 * flux))) / (2 * a)
    return -np.sin(2 * np.pi * t) / (ron * w + roff * (1 - w))


def make_data() -> None:
    """Writes loop.csv: a loop in closed form, independent of the solver, with noise of a fixed seed."""
    t = np.linspace(0.0, 1.0, 401)
    i = exact_current(t, *TRUE) + NOISE * np.random.default_rng(1971).standard_normal(len(t))
    rows = (f"{when:.4f},{current:.3e}" for when, current in zip(t, i, strict=True))
    (HERE / "loop.csv").write_text("\n".join(["t [s],i [A]", *rows, ""]))


@dataclass
class Search:
    """The loss in the logarithms of the parameters, and what was paid for it."""

    solver: mc.Solver
    losses: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def loss(self, z: Sequence[float]) -> float:
        """Chi squared alone."""
        since = time.perf_counter()
        value = self.solver.loss(parameters=dict(zip(NAMES, np.exp(z), strict=True)))
        return self._paid(value, since)

    def loss_and_gradient(self, z: Sequence[float]) -> tuple[float, np.ndarray]:
        """Chi squared and its derivatives by the logarithms."""
        since, values = time.perf_counter(), np.exp(z)
        value, gradient = self.solver.gradient(parameters=dict(zip(NAMES, values, strict=True)))
        return self._paid(value, since), np.array([gradient[name] for name in NAMES]) * values

    def _paid(self, value: float, since: float) -> float:
        self.seconds += time.perf_counter() - since
        self.losses.append(value)
        return value


def standard_errors(search: Search, z: np.ndarray) -> np.ndarray:
    """Relative errors of the parameters: the inverse of half the second derivatives of chi squared, from differences of gradients."""
    step = 1e-3
    rows = [
        search.loss_and_gradient(z + step * e)[1] - search.loss_and_gradient(z - step * e)[1] for e in np.eye(len(z))
    ]
    hessian = np.array(rows) / (2 * step)
    return np.sqrt(np.diag(np.linalg.inv(hessian / 2)))


def draw(solver: mc.Solver, fitted: np.ndarray, gradients: Search, simplex: Search) -> None:
    data = np.loadtxt(HERE / "loop.csv", delimiter=",", skiprows=1)
    figure = Figure(figsize=(9.0, 3.8), layout="constrained", dpi=110)
    left, right = figure.subplots(1, 2)
    left.plot(-np.sin(2 * np.pi * data[:, 0]), data[:, 1] * 1e6, ".", markersize=3, color="0.6", label="data")
    for label, values, style in (("start", None, "--"), ("fit", fitted, "-")):
        run = solver.run(parameters={} if values is None else dict(zip(NAMES, values, strict=True)))
        left.plot(run["M.v"], run["M.i"] * 1e6, style, linewidth=1.2, label=label)
    left.set(
        xlabel="voltage M.v [V]",
        ylabel="current M.i [µA]",
        title="Fit of Ron and mu to a noisy loop",
        xticks=(-1, -0.5, 0, 0.5, 1),
    )
    least = min(*gradients.losses, *simplex.losses)
    for label, search in (("L-BFGS with exact gradients", gradients), ("Nelder-Mead", simplex)):
        excess = np.minimum.accumulate(search.losses) - least
        right.semilogy(
            np.arange(1, len(excess) + 1), np.maximum(excess, 1e-6), ".-", linewidth=1.0, markersize=3, label=label
        )
    right.set(
        xlabel="evaluations",
        ylabel="lowest $\\chi^2$ so far, above the least",
        title="What the searches cost",
        ylim=(1e-6, None),
    )
    for axes in (left, right):
        axes.grid(visible=True, linewidth=0.3, alpha=0.6)
        axes.legend(frameon=False, fontsize="small")
    figure.savefig(HERE / "hp_fit.png")


def main() -> None:
    make_data()
    solver = mc.compile(mc.load(HERE / "hp_fit.mem"), rtol=1e-8)
    solver.gradient()  # compiles the loss too, so that the times below are those of the searches
    start = np.log([float(solver.parameters[name]) for name in NAMES])
    gradients, simplex = Search(solver), Search(solver)
    found = minimize(
        gradients.loss_and_gradient, start, jac=True, method="L-BFGS-B", options={"ftol": 1e-14, "gtol": 1e-3}
    )
    without = minimize(simplex.loss, start, method="Nelder-Mead", options={"xatol": 1e-5, "fatol": 1e-6})
    errors = standard_errors(Search(solver), found.x)
    freedom = len(solver.run().t) - len(NAMES)
    print(
        f"chi squared {gradients.losses[0]:.0f} at the start, {found.fun:.1f} in the end, for {freedom} degrees of freedom"
    )
    for name, unit, value, error, true in zip(NAMES, UNITS, np.exp(found.x), errors, TRUE, strict=True):
        away = abs(value / true - 1) / error
        print(
            f"{name:>6} / true value = {value / true:.3f} +- {error:.3f}, {away:.1f} standard errors away; true value {true:g} {unit}"
        )
    for name, search, result in (("L-BFGS with exact gradients", gradients, found), ("Nelder-Mead", simplex, without)):
        each = search.seconds / len(search.losses) * 1e3
        print(
            f"{name:<28} chi squared {result.fun:.6f} after {len(search.losses):3} evaluations of {each:.2f} ms, {search.seconds * 1e3:.0f} ms in all"
        )
    draw(solver, np.exp(found.x), gradients, simplex)


if __name__ == "__main__":
    main()
