"""One cache folder for all tests of the solver, and models that several of them run."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import mcompiler as mc

RC = """
circuit RC {
  param R0 = 2[kohm]
  node a
  C1: Capacitor(a, ground, C = 1[uF])
  R1: Resistor(a, ground, R = R0)
}
experiment discharge on RC {
  initial a.v = 1[V]
  run to 4[ms]
  save every 1[ms]: a.v, R1.i
}
"""

ARRAY = """
circuit Bank {
  size N = 3
  param A = 1[V]
  node top, out[N]
  S: VoltageSource(top, ground, V = A*sin(2*pi*10[Hz]*t))
  C[k in N]: Capacitor(out[k], ground, C = 1[uF]*(k + 1))
  R[k in N]: Resistor(top, out[k], R ~ lognormal(1[kohm], 10%))
  M[k in N]: SinhRate(out[k], ground, w = 0.2 + 0.1*k)
}
experiment wave on Bank {
  seed 4
  run to 0.1[s]
  save every 1[ms]: out.v, M.w, M[1].i
}
"""

BOUNCE = """
device Integrator(p, n) {
  param Vth = 1[V]
  param gain = 2[1/s]
  state x: V = 0[V] scale 1[V]
  i = 1[nS]*v
  dx/dt = gain*v
  when x > Vth { x := 0[V] }
}
circuit Bench {
  node top
  S: VoltageSource(top, ground, V = 1[V])
  M: Integrator(top, ground)
}
experiment saw on Bench {
  run to 1.2[s]
  save every 0.1[s]: M.x
}
learning Fit on Bench {
  loss = (M.x/1[V] - 0.1)^2
}
"""


@pytest.fixture(scope="session", autouse=True)
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MCOMPILER_CACHE_DIR", str(folder))
        yield folder


@pytest.fixture(scope="session")
def rc() -> mc.Solver:
    return mc.compile(mc.parse(RC), rtol=1e-10)


@pytest.fixture(scope="session")
def bank() -> mc.Solver:
    return mc.compile(mc.parse(ARRAY), rtol=1e-9)


@pytest.fixture(scope="session")
def saw() -> mc.Solver:
    return mc.compile(mc.parse(BOUNCE), rtol=1e-9)
