"""Volatile memristors on the edges of a small world: a current between two cells finds the shortest path."""

from io import BytesIO
from pathlib import Path

import networkx as nx
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from PIL import Image

import mcompiler as mc

HERE = Path(__file__).parent
CELLS, ENTRANCE, EXIT = 60, 0, 30
GRAPH = nx.watts_strogatz_graph(CELLS, 4, 0.1, seed=3)  # that of the model
EDGES = [(pre, post) for post, pre in sorted((max(edge), min(edge)) for edge in GRAPH.edges)]  # in the model's order
COLOURS = LogNorm(0.1, 50)  # uS
STARTS = 10


def conductance(w: np.ndarray, solver: mc.Solver) -> np.ndarray:
    """Conductances [uS] of devices in these states."""
    low, high = (1e6 * solver.parameters[f"W.M.{name}"] for name in ("Gmin", "Gmax"))
    return low + (high - low) * w


def draw(axes: Axes, g: np.ndarray, title: str) -> LineCollection:
    """The cells on a circle, every other one a little outside; the edges in the colour and width of their conductances, the best ones on top."""
    cells = np.arange(CELLS)
    angle, radius = np.pi / 2 + 2 * np.pi * cells / CELLS, 1 + 0.1 * (cells % 2)
    place = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    order = np.argsort(g)
    lines = LineCollection(
        place[np.array(EDGES)[order]], linewidths=0.5 + 2 * COLOURS(g[order]), cmap="YlGnBu", norm=COLOURS
    )
    lines.set_array(g[order])
    axes.add_collection(lines)
    for cell, word, away in ((ENTRANCE, "1 µA in", "bottom"), (EXIT, "out", "top")):
        axes.plot(*place[cell], "o", color="black", markersize=6)
        axes.annotate(word, 1.15 * place[cell], ha="center", va=away, fontsize="small")
    axes.set(xlim=(-1.2, 1.2), ylim=(-1.4, 1.4), aspect="equal")
    axes.set_title(title, fontsize="medium")
    axes.set_axis_off()
    return lines


def joined(w: np.ndarray) -> list[int]:
    """The cells along the path of devices that are more than half on; nothing where there is none."""
    strong = nx.Graph(edge for edge, state in zip(EDGES, w, strict=True) if state > 0.5)
    strong.add_nodes_from((ENTRANCE, EXIT))
    return nx.shortest_path(strong, ENTRANCE, EXIT) if nx.has_path(strong, ENTRANCE, EXIT) else []


def main() -> None:
    solver = mc.compile(mc.load(HERE / "small_world.mem"))
    runs = {alpha: solver.run(parameters={"W.M.alpha": alpha}) for alpha in (0.5, 1.0)}
    path = nx.shortest_path(GRAPH, ENTRANCE, EXIT)
    found = joined(runs[1.0]["W.M.w"][-1])
    print(f"the shortest path in the graph: {path}")
    print(f"the path that the current left: {found}")

    on_path = np.array([{a, b} <= set(found) and abs(found.index(a) - found.index(b)) == 1 for a, b in EDGES])
    for alpha, run in runs.items():
        g = conductance(run["W.M.w"][-1], solver)
        current = 1e6 * np.abs(run["W.M.i"][-1])
        print(
            f"alpha = {alpha}: on this path {g[on_path].min():.1f} uS or more, elsewhere {g[~on_path].max():.1f} uS or less; ",
            end="",
        )
        print(f"the path carries {current[on_path].min():.2f} of 1 uA")

    for alpha in (1.0, 2.0):
        lengths = []
        for start in range(STARTS):
            drawn = np.random.default_rng(start).uniform(0.02, 0.3, len(EDGES))
            run = solver.run(parameters={"W.M.alpha": alpha}, initial={"W.M.w": drawn}, save=["W.M.w"], save_at=[8.0])
            lengths.append(len(joined(run["W.M.w"][-1])) - 1)
        shortest = sum(each == len(path) - 1 for each in lengths)
        print(
            f"alpha = {alpha}: {shortest} of {STARTS} random starts end on a path of the least length, {len(path) - 1} junctions"
        )

    figure = Figure(figsize=(9.0, 5.4), layout="constrained", dpi=110)
    above, below = figure.subfigures(2, 1, height_ratios=(3, 2))
    start, spread, end = above.subplots(1, 3)
    draw(start, conductance(runs[1.0]["W.M.w"][0], solver), "at the start")
    draw(spread, conductance(runs[0.5]["W.M.w"][-1], solver), "after 8 s, alpha = 0.5")
    lines = draw(end, conductance(runs[1.0]["W.M.w"][-1], solver), "after 8 s, alpha = 1")
    above.colorbar(lines, ax=[start, spread, end], shrink=0.8, label="conductance [µS]", format="%g")
    g, course = conductance(runs[1.0]["W.M.w"], solver), below.subplots()
    others = course.semilogy(runs[1.0].t, g[:, ~on_path], color="0.65", linewidth=0.4)
    best = course.semilogy(runs[1.0].t, g[:, on_path], color="tab:blue", linewidth=1.2)
    course.set(xlabel="time t [s]", ylabel="conductance [µS]", xlim=(0, 5), ylim=(0.08, 80))
    course.set_title("alpha = 1: how the devices part", fontsize="medium")
    course.legend(
        [best[0], others[0]],
        ["on the shortest path", "elsewhere"],
        frameon=False,
        fontsize="small",
        ncols=2,
        loc=(0.6, 0.64),
    )
    course.grid(visible=True, linewidth=0.3, alpha=0.6)
    with BytesIO() as page:
        figure.savefig(page)
        Image.open(page).convert("RGB").quantize(256).save(HERE / "small_world.png")  # a palette keeps the file small


if __name__ == "__main__":
    main()
