"""A cellular network of 144,400 memristors fills the holes of an image; programmed anew, it finds the edges."""

import time
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import mcompiler as mc

HERE = Path(__file__).parent
N = 64
NEIGHBOURS = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0)]
#: Templates A and B (Chua and Roska, Cellular Neural Networks and Visual Computing, Cambridge 2002); both have the bias -1.
FILL = [[0, 1, 0], [1, 3, 1], [0, 1, 0]], [[0, 0, 0], [0, 4, 0], [0, 0, 0]]
EDGE = [[0, 0, 0], [0, 1, 0], [0, 0, 0]], [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]]
LETTERS = ("0f10100e01011e", "0e11111111110e", "1010101010101f", "0e04040404040e", "1e11111111111e")  # rows of 5 bits
ERRORS = (0.0, 0.05, 0.1)  # relative, of every programmed conductance
SHOWN = (5, 15)  # frames of the transient


def draw() -> np.ndarray:
    """Letters, a spiral, rings of which one has a gap and one is cut by the border, and a line closed across corners only."""
    y, x = np.mgrid[:N, :N]
    black = np.zeros((N, N), dtype=bool)
    for number, rows in enumerate(LETTERS):
        bits = [[byte >> bit & 1 for bit in (4, 3, 2, 1, 0)] for byte in bytes.fromhex(rows)]
        black[4:18, 3 + 12 * number : 13 + 12 * number] = np.kron(bits, np.ones((2, 2)))
    radius, turn = np.hypot(y - 43, x - 16), np.arctan2(y - 43, x - 16) / (2 * np.pi)
    black |= (abs((radius - 5 * turn + 2.5) % 5 - 2.5) < 0.8) & (radius < 11.5)
    for row, column, outer in ((35, 45, 11), (35, 45, 5), (54, 36, 6), (52, 63, 6)):
        black |= abs(np.hypot(y - row, x - column) - outer) < 1
    black[52:56, 39:45] = False
    return black | (abs(y - 54) + abs(x - 51) == 4)


def programmed(solver: mc.Solver, templates: tuple, error: float = 0.0) -> dict[str, np.ndarray]:
    """States of all devices: one of a pair holds the weight, the other is off."""
    value, rng = solver.parameters, np.random.default_rng(1)
    largest = value["X.R"] * (value["A.P.Gmax"] - value["A.P.Gmin"])
    i, j = np.mgrid[:N, :N]
    inside = np.stack([(i + k >= 0) & (i + k < N) & (j + m >= 0) & (j + m < N) for k, m in NEIGHBOURS], axis=-1)
    states: dict[str, np.ndarray] = {}
    for name, template in zip("AB", np.array(templates), strict=True):
        around = np.broadcast_to(np.delete(template, 4), inside.shape)[inside]  # the synapses by post, then by pre
        for synapses, weights in ((name, around), (f"{name}0", np.full((N, N), template[1, 1]))):
            for device, sign in (("P", 1), ("Q", -1)):
                exact = np.maximum(sign * weights, 0) / largest
                states[f"{synapses}.{device}.w"] = np.minimum(exact * rng.lognormal(0, error, exact.shape), 1)
    return states


def without_holes(black: np.ndarray) -> np.ndarray:
    """All but the white pixels that a walk over white pixels, side by side, reaches from beyond the border."""
    white = np.pad(~black, 1, constant_values=True)
    reached = np.pad(np.zeros_like(black), 1, constant_values=True)
    while True:
        sides = [np.roll(reached, step, axis) for step in (-1, 1) for axis in (0, 1)]
        further = reached | (white & np.any(sides, axis=0))
        if (further == reached).all():
            return ~reached[1:-1, 1:-1]
        reached = further


def edges(black: np.ndarray) -> np.ndarray:
    """Black pixels with a white one among their eight neighbours; all is white beyond the border."""
    white = np.pad(~black, 1, constant_values=True)
    return black & np.any([white[1 + k : 1 + k + N, 1 + m : 1 + m + N] for k, m in NEIGHBOURS], axis=0)


def show(axes: Axes, black: np.ndarray, title: str, wrong: np.ndarray | None = None) -> None:
    axes.imshow(black, cmap="gray_r", interpolation="nearest")
    if wrong is not None:
        axes.plot(*np.nonzero(wrong)[::-1], "r.", markersize=1.5)
    axes.set_title(title, fontsize="medium")
    axes.set_xticks([])
    axes.set_yticks([])


def main() -> None:
    start = time.perf_counter()
    solver = mc.compile(mc.load(HERE / "cellular_network.mem"))
    print(f"compiled in {time.perf_counter() - start:.1f} s")

    def settled(black: np.ndarray, begin: np.ndarray, states: dict[str, np.ndarray], times: np.ndarray) -> mc.Solution:
        """The network from its beginning in black (1) and white (-1) on."""
        given = {"U.black": np.where(black, 1.0, -1.0), "X.z": -1.0}
        initial = {**states, "X.x": begin * solver.parameters["X.U0"]}
        return solver.run((0, times[-1]), parameters=given, initial=initial, save=["X.y"], save_at=times)

    figure = Figure(figsize=(9.2, 5.2), layout="constrained", dpi=100)
    (image, *course, filled), (outline, *spoilt, curve) = figure.subplots(2, 4)
    black = draw()
    show(image, black, "image")
    begin = np.pad(np.ones((N - 2, N - 2)), 1, constant_values=-1)  # black, but a white border lets the background in
    begin[black] = 1
    for error in ERRORS:
        run = settled(black, begin, programmed(solver, FILL, error), np.linspace(0, 9e-4, 46))
        frames = run["X.y"] > 0
        wrong = frames != without_holes(black)
        print(
            f"holes, programming error {error:3.0%}: {1 - wrong[-1].mean():7.2%} of {N * N} pixels right;",
            f"{run.statistics.steps} steps in {run.statistics.seconds:.1f} s",
        )
        curve.plot(run.t * 1e3, wrong.sum(axis=(1, 2)), linewidth=1.2, label=f"{error:.0%}")
        if error:
            show(spoilt.pop(0), frames[-1], f"programming error {error:.0%}", wrong[-1])
            continue
        for axes, frame in zip(course, SHOWN, strict=True):
            show(axes, frames[frame], f"{run.t[frame] * 1e3:.1f} ms")
        show(filled, frames[-1], "holes filled", wrong[-1])
        result = frames[-1]

    run = settled(result, np.zeros((N, N)), programmed(solver, EDGE), np.array([0, 1e-4]))
    wrong = (run["X.y"][-1] > 0) != edges(result)
    print(f"edges of the result: {1 - wrong.mean():.2%} right; {run.statistics.seconds:.1f} s")
    show(outline, run["X.y"][-1] > 0, "edges of the result", wrong)
    curve.set(xlabel="time t [ms]", ylabel="wrong pixels", title="filling", yscale="symlog", box_aspect=1)
    curve.title.set_fontsize("medium")
    curve.yaxis.tick_right()
    curve.yaxis.set_label_position("right")
    curve.legend(frameon=False, fontsize="small", title="error")
    figure.savefig(HERE / "cellular_network.png")


if __name__ == "__main__":
    main()
