"""A crossbar of 9,900 differential memristor pairs restores 20 noisy patterns."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import mcompiler as mc

HERE = Path(__file__).parent
NEURONS, PATTERNS = 100, 20
NOISES = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4)  # parts of the elements that are flipped
SHOWN = 0.15
GAIN = 2.5  # factor of all weights; above 1/(1 - PATTERNS/NEURONS), so that a pattern holds itself


def programmed(patterns: np.ndarray, solver: mc.Solver) -> dict[str, np.ndarray]:
    """States of the devices whose weights project on the patterns (Personnaz, Guyon, Dreyfus, J. Phys. Lett. 46, L-359, 1985)."""
    value = solver.parameters
    swing = value["X.R"] * (
        value["W.P.Gmax"] - value["W.P.Gmin"]
    )  # the weight of a pair with one device at 1, the other at 0
    half = GAIN * np.linalg.pinv(patterns) @ patterns / swing / 2
    return {"W.P.w": 0.5 + half, "W.Q.w": 0.5 - half}


def main() -> None:
    solver = mc.compile(mc.load(HERE / "hopfield_memory.mem"))
    rng = np.random.default_rng(1)
    patterns = rng.choice([-1.0, 1.0], size=(PATTERNS, NEURONS))
    devices = programmed(patterns, solver)
    figure = Figure(figsize=(9.0, 3.8), layout="constrained", dpi=110)
    course, limits = figure.subplots(1, 2)

    wrong: list[float] = []
    for noise in NOISES:
        errors, rested = np.zeros(PATTERNS), np.zeros(PATTERNS, dtype=bool)
        for number, pattern in enumerate(patterns):
            flips = rng.permutation(NEURONS) < round(noise * NEURONS)
            start = np.where(flips, -pattern, pattern) * solver.parameters["X.U0"]
            # At rest is what moves by less than 0.1 %: the devices never stop to creep. Between patterns a recall may take 50 times the neurons' RC.
            run = solver.run(initial={**devices, "X.u": start}, save=["X.r"], steady_within=1e-3, steady_tol=1e-3)
            errors[number] = np.mean(np.sign(run["X.r"][-1]) != pattern)
            rested[number] = run.success
            if noise == SHOWN:
                course.plot(run.t * 1e6, np.sign(run["X.r"]) @ pattern / NEURONS, linewidth=1)
        wrong.append(errors.mean())
        print(
            f"{noise:4.0%} flipped: {np.sum(errors == 0):2} of {PATTERNS} patterns restored, {errors.mean():6.2%} of the elements wrong at the end,"
            f" {np.sum(rested):2} at rest within 1 ms"
        )
    states = solver.run(initial={**devices, "X.u": start}, save=["W.P.w"], save_at=[0, 1e-4])["W.P.w"]
    moved = np.nanmax(np.abs(states[1] - states[0]))  # a neuron has no pair with itself: NaN
    print(f"a recall moves the state of a device by at most {moved:.1e}")

    course.set(
        xlabel="time t [us]",
        ylabel="overlap with the pattern",
        xlim=(0, 40),
        title=f"20 patterns, {SHOWN:.0%} flipped at the start",
    )
    limits.plot([100 * noise for noise in NOISES], [100 * each for each in wrong], "o-", label="after recall")
    limits.plot([0, 40], [0, 40], "k:", linewidth=1, label="at the start")
    limits.set(
        xlabel="elements flipped at the start [%]", ylabel="elements wrong [%]", title="How much noise it undoes"
    )
    limits.legend(frameon=False, fontsize="small")
    for axes in (course, limits):
        axes.grid(visible=True, linewidth=0.3, alpha=0.6)
        axes.title.set_fontsize("medium")
    figure.savefig(HERE / "hopfield_memory.png")


if __name__ == "__main__":
    main()
