"""A volatile device is written by a pulse and forgets: the decay against its closed form."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import mcompiler as mc

HERE = Path(__file__).parent
END_OF_PULSE = 50.2e-3  # s


def main() -> None:
    solver = mc.compile(mc.load(HERE / "volatile_decay.mem"), rtol=1e-10)
    figure = Figure(figsize=(9.0, 3.8), layout="constrained", dpi=110)
    linear, logarithmic = figure.subplots(1, 2)
    for tau in (0.02, 0.05, 0.2):
        run = solver.run(parameters={"M.tau": tau})
        t, w = run.t * 1e3, run["M.w"]
        after = run.t > END_OF_PULSE
        exact = w[after][0] * np.exp(-(run.t[after] - run.t[after][0]) / tau)
        error = np.abs(w[after] - exact).max()
        print(
            f"tau = {tau * 1e3:3g} ms: written to w = {w.max():.4f}, {w[-1]:.2e} is left; largest error of the decay {error:.1e}"
        )
        linear.plot(t, w, linewidth=1.2, label=f"tau = {tau * 1e3:g} ms")
        logarithmic.semilogy(t[after], w[after], linewidth=1.2)
        logarithmic.semilogy(
            t[after][::50], exact[::50], "k.", markersize=3, label="closed form" if tau == 0.2 else None
        )
    linear.axvspan(10, 50, color="0.9", linewidth=0, label="1 V pulse")
    linear.set(xlabel="time t [ms]", ylabel="state M.w", title="A pulse writes, the device forgets")
    logarithmic.set(xlabel="time t [ms]", ylabel="state M.w", ylim=(1e-6, 1), title="The decay has one time constant")
    for axes in (linear, logarithmic):
        axes.grid(visible=True, linewidth=0.3, alpha=0.6)
        axes.legend(frameon=False, fontsize="small")
        axes.title.set_fontsize("medium")
    figure.savefig(HERE / "volatile_decay.png")


if __name__ == "__main__":
    main()
