"""Chua's circuit with a cubic memristor: the attractor, its ranges, and what a small change of one resistor does."""

from pathlib import Path

import numpy as np

import mcompiler as mc

HERE = Path(__file__).parent
PHI0 = 8200 * 47e-9 / 10  # V s, the unit of the flux in the publication


def main() -> None:
    solver = mc.compile(mc.load(HERE / "muthuswamy_chua.mem"), rtol=1e-9)
    run = solver.run()
    for name, scale, unit, published in (
        ("a.v", 1.0, "V", "-2.03 ... 2.10"),
        ("b.v", 1.0, "V", "-0.71 ... 0.71"),
        ("L1.i", 1e3, "mA", "-1.53 ... 1.53"),
        ("M.phi", 1 / PHI0, "phi0", "-3.07 ... 3.07"),
    ):
        values = run[name] * scale
        print(f"{name:>5}  {values.min():6.2f} ... {values.max():5.2f} {unit:4}  (published {published})")
    near = solver.run(initial={"b.v": 0.1 * (1 + 1e-9)})
    apart = np.abs(near["a.v"] - run["a.v"]) > 0.1
    print(f"a start that differs by 1e-9 is 0.1 V away after {run.t[np.argmax(apart)] * 1e3:.1f} ms: chaos")
    narrow = solver.run(parameters={"Rs": 1900.0})
    print(f"with Rs = 1.9 kohm a.v reaches {np.abs(narrow['a.v']).max():.2f} V (published 2.30)")
    axes = run.plot("b.v", against="a.v")
    axes.figure.savefig(HERE / "muthuswamy_chua.png")


if __name__ == "__main__":
    main()
