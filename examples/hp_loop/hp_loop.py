"""The pinched loop of the HP device at three frequencies, compared with its closed form."""

from pathlib import Path

import numpy as np

import mcompiler as mc

HERE = Path(__file__).parent
RON, ROFF, W0, K = 100.0, 16e3, 0.1, 1e-14 * 100.0 / 10e-9**2  # ohm, ohm, -, 1/(A s)


def exact_state(t: np.ndarray, f: float) -> np.ndarray:
    """The state under a 1 V sine: a quadratic in the flux, while no wall is touched."""
    flux = (1 - np.cos(2 * np.pi * f * t)) / (2 * np.pi * f)
    a = (ROFF - RON) / 2
    return (ROFF - np.sqrt(ROFF**2 - 4 * a * (ROFF * W0 - a * W0**2 + K * flux))) / (2 * a)


def main() -> None:
    solver = mc.compile(mc.load(HERE / "hp_loop.mem"), rtol=1e-10)
    axes = None
    for f in (0.5, 1.5, 5.0):
        run = solver.run((0.0, 1 / f), parameters={"f": f}, save_at=np.linspace(0, 1 / f, 1001))
        error = np.abs(run["M.w"] - exact_state(run.t, f)).max()
        print(f"{f:3g} Hz: peak current {run['M.i'].max() * 1e6:7.2f} uA, largest error of the state {error:.1e}")
        axes = run.plot("M.i", against="M.v", axes=axes)
        axes.lines[-1].set_label(f"{f:g} Hz")
    assert axes is not None
    axes.legend(frameon=False)
    axes.figure.savefig(HERE / "hp_loop.png")


if __name__ == "__main__":
    main()
