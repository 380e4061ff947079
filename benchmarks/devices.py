"""The device library against what is known of its devices, and against SciPy with right-hand sides written by hand from the papers.

    python -m benchmarks.devices            # from the root of the repository; the laws and numbers are those of tests/oracle and tests/library

The first table has a row for every published figure, other simulator, closed form or independent run; the second one for every device and parameter set:
the largest deviation of its state (in parts of its scale) and current (in parts of the peak) from SciPy's DOP853 at a tolerance of 1e-12, which stops at every
wall, threshold and corner, over some periods of a sine.
"""

from collections.abc import Iterator

import numpy as np

from tests.library.bench import bench, run_sine, state_name
from tests.library.cases import CASES, Case
from tests.library.figures import FIGURES
from tests.oracle.reference import currents, trajectory

Deviation = tuple[float, float, int]


def figures() -> Iterator[str]:
    """A row for every number that is known."""
    yield f"{'device and set':<32}{'quantity':<52}{'known':>12}{'ours':>14}{'deviation':>11}{'known to':>10}  source"
    for each in FIGURES:
        ours = each.ours()
        deviation = ours / each.known - 1
        mark = "" if abs(deviation) <= each.tolerance else "  OUTSIDE"
        yield f"{each.device:<32}{each.quantity:<52}{each.known:>12.6g}{ours:>14.8g}{deviation:>11.1e}{each.tolerance:>10.0e}  {each.source}{mark}"


def deviations(name: str, case: Case) -> tuple[Deviation, Deviation]:
    """State, current and steps, with the default options and with tight ones."""
    solver, times = bench(name), np.linspace(0, case.periods / case.frequency, 801)
    states = trajectory(case.law, case.drive, times, case.corners())
    flow = currents(case.law, case.drive, times, states)

    def compared(rtol: float, method: str) -> Deviation:
        run = run_sine(solver, case.amplitude, case.frequency, times, rtol=rtol, method=method)
        state = float(np.abs(run[state_name(solver)] - states).max() / case.law.scale)
        return state, float(np.abs(run["M.i"] - flow).max() / np.abs(flow).max()), run.statistics.steps

    return compared(1e-6, "auto"), compared(1e-12, "tsit5")


def against_scipy() -> Iterator[str]:
    """A row for every device and set."""
    heads = "".join(f"{head:>11}" for head in ("state", "current", "steps"))
    yield f"{'':<32}{'default, 1e-6':>33}{'tsit5, 1e-12':>33}"
    yield f"{'device and set':<32}{heads}{heads}"
    worst = np.zeros(2)
    for name, case in CASES.items():
        usual, tight = deviations(name, case)
        worst = np.maximum(worst, tight[:2])
        yield f"{name:<32}" + "".join(
            f"{state:>11.1e}{current:>11.1e}{steps:>11}" for state, current, steps in (usual, tight)
        )
    yield f"largest with tight options: state {worst[0]:.1e}, current {worst[1]:.1e}"


def main() -> None:
    for line in figures():
        print(line)
    print()
    for line in against_scipy():
        print(line)


if __name__ == "__main__":
    main()
