"""Models for the tests of this room, from text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mcompiler.dsl import parse, read_source
from mcompiler.equations.from_network import derive
from mcompiler.equations.system import System
from mcompiler.model.model import Model
from mcompiler.model.resolve import resolve
from mcompiler.network.elaborate import elaborate
from mcompiler.network.network import Network
from mcompiler.source import Source
from tests.equations.benches import BENCHES, EXAMPLES

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Made:
    """What each stage made of a text."""

    model: Model
    network: Network
    system: System


def from_text(text: str, folder: Path | None = None) -> Made:
    """A model with its first experiment that has a loss, else its first one, else its first circuit; files that it names are in ``folder``."""
    return _made(resolve(parse(Source("model.mem", text, folder))))


def from_file(path: str) -> Made:
    """The same, of a file of the repository."""
    source = read_source(ROOT / path)
    return _made(resolve(parse(Source(path, source.text, source.folder))))


def made(name: str) -> Made:
    """A bench, an example, the crossbar or the small net, by name."""
    if name in EXAMPLES:
        return from_file(EXAMPLES[name])
    return from_text({"crossbar": CROSSBAR, "net": NET}.get(name) or BENCHES[name])


def _made(model: Model) -> Made:
    experiments = list(model.experiments.values())
    chosen = next((each for each in experiments if each.losses), experiments[0] if experiments else None)
    network = elaborate(model, chosen)
    return Made(model, network, derive(network))


CROSSBAR = """
circuit Crossbar {
  size M = 3
  size N = 2
  param Rw = 2[kohm]
  param amplitude = 0.7[V]
  param f = 3[Hz]
  node row[M], mid[M], out[N]
  feed[i in M]: VoltageSource(row[i], ground, V = amplitude*(i + 1)*sin(2*pi*f*t + i))
  line[i in M]: Resistor(row[i], mid[i], R = Rw)
  cm[i in M]: Capacitor(mid[i], ground, C = 2[uF])
  cell[i in M, j in N]: SinhRate(mid[i], out[j], w ~ uniform(0.2, 0.8), Gmax ~ lognormal(100[uS], 10%))
  co[j in N]: Capacitor(ground, out[j], C = 1[uF]*(j + 1))
  load[j in N]: Resistor(out[j], ground, R ~ lognormal(20[kohm], 5%))
  leak: Inductor(out[0], ground, L = 3[H])
  back: Coil(out[1], mid[0])
}

device Coil(p, n) "A coil whose inductance and starting current are expressions of parameters" {
  param turns = 30
  param L1 = 2[mH]
  param I0 = 3[uA]
  L0 = L1*turns^2
  state i: A = I0*(1 + turns/10) scale 1[uA]
  v = L1*turns^2*di/dt
}

learning Fit on Crossbar {
  loss over 0.01[s]..0.04[s] = (cell[1, 0].i/1[uA])^2/1[s] + (out[1].v*cell[2, 1].w/1[V])^2/1[s]
  loss at 0.02[s] = 3*(out[0].v/1[V])^2*cell[0, 1].i/1[uA] + amplitude/1[V]
  loss at 0.05[s] = (leak.i/1[uA])^3 + back.i*co[0].v/1[uW]
  loss = (cell[2, 0].w - 0.5)^2*Rw/1[kohm] + cell[2, 0].v/1[V]
}

experiment run on Crossbar {
  seed 3
  run to 0.06[s]
}
"""

EVENT = """
device Spiker(p, n) {
  param Vth = 0.5[V]
  param gain = 0.3
  state u: V = 0[V] scale 1[V]
  state n_s: 1 = 0 scale 1
  i = v/1[kohm]
  du/dt = (v - u)/1[ms]
  dn_s/dt = 0/1[s]
  when u > Vth { u := gain*v ; n_s := n_s + u/Vth }
}
circuit Bench {
  param A = 1[V]
  node top
  S: VoltageSource(top, ground, V = A)
  M: Spiker(top, ground)
}
"""

NET = """
device Coil(p, n) "A coil whose inductance and starting current are expressions of parameters" {
  param turns = 30
  param L1 = 2[mH]
  param I0 = 20[uA]
  state i: A = I0*(1 + turns/10) scale 1[uA]
  v = L1*turns^2*di/dt
}
circuit Net {
  param A = 1[V]
  param f = 20[Hz]
  node top, mid
  S: VoltageSource(top, ground, V = A*sin(2*pi*f*t))
  R1: Resistor(top, mid, R = 2[kohm])
  C1: Capacitor(mid, ground, C = 3[uF])
  M: SinhRate(mid, ground, V0 = 0.3[V], Gmax = 400[uS])
  B: Coil(mid, ground)
}
learning Fit on Net {
  loss over 0.01[s]..0.05[s] = (M.i/10[uA])^2/1[s] + mid.v*A/1[V^2*s]
  loss at 0.02[s] = (mid.v/1[V])^2*B.i/1[mA] + A^2/1[V^2]
  loss at 0.04[s] = M.w*M.v/1[V]
  loss = (M.w - 0.4)^2 + (B.i/1[mA])*(mid.v/1[V])
}
"""
