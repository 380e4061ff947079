"""A volatile device is written by a pulse and forgets: the decay against its closed form."""

from pathlib import Path

import numpy as np

import mcompiler as mc

HERE = Path(__file__).parent


def main() -> None:
    solver = mc.compile(mc.load(HERE / "volatile_decay.mem"), rtol=1e-10)
    run = solver.run()
    tau = float(solver.parameters["M.tau"])
    after = run.t > 0.051
    t, w = run.t[after], run["M.w"][after]
    error = np.abs(w / (w[0] * np.exp(-(t - t[0]) / tau)) - 1).max()
    print(f"written to w = {run['M.w'].max():.4f}; decay with tau = {tau * 1e3:g} ms to a relative error of {error:.1e}")
    for tau in (0.02, 0.05, 0.2):
        slower = solver.run(parameters={"M.tau": tau})
        print(f"tau = {tau * 1e3:5g} ms: w at the end is {slower['M.w'][-1]:.4f}")
    axes = run.plot("M.w")
    axes.figure.savefig(HERE / "volatile_decay.png")


if __name__ == "__main__":
    main()
