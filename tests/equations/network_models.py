"""Networks with a loss at a fixed point, for what is derived from them; and one that asks for everything that a file can say of a network."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import numpy as np

from tests.equations.benches import NETWORKS
from tests.equations.models import ROOT
from tests.solver import networks

#: Parameter sets, devices in place of others, a relation that gives v, graphs, conditions on indices, data, values of time and of indices, bounds of cells,
#: outputs that depend on what is collected, and names that derived ones must step aside for.
MANY = """
device Switch(p, n) {
  param Ron = 1[kohm]
  param Vth = 0.01[V]
  state x in [0, 1] = 0.2
  R = Ron*(2 - x)
  v = R*i
  dx/dt = (i*Ron/Vth - x)/1[ms]
  set stiff { Ron = 2[kohm], x = 0.3 }
}
device Linear(p, n) {
  param g = 1[mS]
  input bias: A = 0
  i = g*v + bias
}
cell Cell {
  param R = 1[kohm]
  param gain = 2
  param error_u = 3
  param back_r = 0.1
  param Loss = 1[V]
  input j: A
  input k: A = 0[A]
  input drive: V = 0[V]
  state u: V in [-1[V], 1[V]] = 0.1[V]
  state error_scale in [0, 2*gain] = 0.3 scale 1
  total = R*(j + k)*gain
  output r: V = tanh(u/1[V])*Loss + 0.01*back_r*u
  output s: V = tanh(total/1[V])*1[V]
  1[ms]*du/dt = -u + tanh(total/1[V])*1[V] + 0.1*drive
  1[ms]*derror_scale/dt = 0.5*error_u - error_scale + u/1[V]
  set strong { gain = 3, R = 2[kohm] }
}
synapse Post "two devices, one of which gives its voltage" {
  param w = 1
  device D = Switch
  device E = Linear(g = 0.2[mS]*w)
  D.i = w*pre.r/10[kohm]
  E.v = pre.r
  post.j += D.v/10[kohm] + E.i
}
synapse Watch "reads an output that depends on what is collected" {
  param w = 0.5
  post.k += w*pre.s/1[kohm]
}
network Many "with everything" {
  size N = 3
  param error_speed = 2
  param V0 = 0.05[V]
  param tau = 1[ms]
  cells X[N]: Cell.strong(R = 1.5[kohm]) "in a row"
  cells Y[2, 2]: Cell(u = 2*V0, drive = V0*sin(t/tau))
  cells Z: Cell(j = 0)
  synapses A: Post from X to X by graph("edges.csv")
  synapses B: Post(D = Switch.stiff(Vth = 0.02[V]), E = Linear, w = 0.1 + 0.2*pre + post) from X to X where pre != post by erdos_renyi(0.9, seed = 4)
  synapses C: Post from X to Y where post[0] == 1 or pre == 2
  synapses D: Watch(w = 0.1*(1 + post[0] + 2*post[1])) from X to Y
  synapses F: Watch from Y to Z
}
experiment run on Many {
  data goal = "goal.npz"
  initial X.u = 2*V0
  set A.D.Ron = 2[kohm]*error_speed
  set A.w ~ normal(1, 10%)
  input X.drive = V0*goal.noisy*cos(t/tau)
  input B.E.bias = 1[uA]*sin(t/tau)
  run to 1[ms]
  save every 0.1[ms]: X.u
  loss = 0.5*sum(m in X: (X[m].r/1[V] - goal.clean[m])^2)*(1 + (Y[1, 0].u/V0)^2) + sum(k in B: B[k].D.x)*X[1].u/1[V] + (A[2].D.v/1[V])^2
}
"""


#: Functions, letters of other scripts, parameters of parameters, inputs of the network, sets, distributions of several members, two experiments.
MISCELLANY = """
function gate(x, w) = where(x > w and not (x > 2*w or x == w), x, min(x, w, 0.5))
cell Unit "with ψ" {
  param τ = 1[ms] "time"
  param a = 2
  param b in [0, inf] = 2*a
  param c ~ normal(1, 5%)
  input Δj
  input drive = 0.1*t/τ
  state ψ in [0, inf] = b/8 scale a
  state n = 0 scale 1
  output φ = gate(ψ, a)*c
  τ*dψ/dt = -ψ + clip(Δj, -1, b) + drive
  τ*dn/dt = abs(ψ) - n*max(ψ, 0.1)
  set small { a = 1, b = 3*a }
}
synapse Edge {
  param g = 1
  param h = g^2
  input x = 0
  state s = h scale 1 "a state"
  y = s*(pre.φ - post.ψ)^2
  1[s]*ds/dt = -s*h + x + y
  post.Δj += y*sqrt(abs(pre.φ) + 1)
  pre.Δj += -0.1*tanh(pre.ψ)/(1 + s^2)
  set strong { g = 2 }
}
network Net "all of it" {
  size N = 3
  size M = 2*N
  param base = 0.3
  param twice = 2*base
  param T = 1[ms]
  input drive = base*sin(2*pi*t/T)
  cells X[M + 1]: Unit.small(drive = drive + twice, c = 1 + base) "x"
  cells Y[N, 2]: Unit(ψ ~ uniform(0.1, 0.4))
  synapses W: Edge.strong(h = 0.1 + twice) from X to X by barabasi_albert(2, 3)
  synapses V: Edge(g = 0.1 + 0.01*pre, x = base*cos(t/T)*(1 + post[0])) from X to Y where pre <= post[0]
  synapses U: Edge(x = drive) from Y to Y by lattice(1)
}
experiment one on Net {
  set N = 4
  seed 5
  run to 1[ms]
  save every 0.1[ms]: X.ψ
}
experiment two on Net {
  set base = 0.4
  initial W.s = 0.2*base
  method rk4(step = 1[us])
  run to 2*T
  plot X[1].ψ against X[2].ψ
  loss = sum(k in X: (X[k].ψ - X[k].φ)^2)*Y[1, 1].n + X[0].n + U[3].y*base + sum(k in V: V[k].y^2)
}
"""


def with_loss(text: str, loss: str) -> str:
    """The text, of which the experiment comes last, with another loss."""
    return re.sub(r"  loss.*\n", "", text).rstrip().removesuffix("}") + f"  loss = {loss}\n}}\n"


#: Losses for the examples with networks.
_LOSSES: Final = {
    "hopfield_memory": "0.5*sum(k in X: (X[k].r/X[k].U0 - 0.9)^2)",
    "short_term_plasticity": "sum(k in P: P[k].u^2/1[V^2]) + sum(k in AP: AP[k].M.w^2)",
    "small_world": "sum(k in X: X[k].u^2/1[V^2]) + (X[30].u/1[V] - 0.1)^3*sum(k in W: W[k].M.i^2/1[uA^2])",
    "cellular_network": "0.5*sum(k in X: (X[k].y/X[k].U0 - 1)^2)",
    "coupled_oscillators": "(A.v/1[V] - B.v/1[V])^2*K.M.w",
}


def example(name: str) -> str:
    """An example with a loss."""
    text = (ROOT / NETWORKS[name]).read_text("utf-8")
    network = re.findall(r"^network (\w+)", text, re.MULTILINE)[0]
    return f"{text}\nlearning Aim on {network} {{\n  loss = {_LOSSES[name]}\n}}\n"


#: Networks by name; those whose loss is a plain sum need no cell that collects it.
WITH_LOSS: Final = {
    **{name: example(name) for name in NETWORKS},
    "dense": with_loss(networks.DENSE, "0.5*sum(k in X: (X[k].r/X[k].U0 - 0.9)^2)"),
    "dense_bent": with_loss(
        networks.DENSE,
        "log1p(0.5*sum(k in X: (X[k].r/X[k].U0 - 0.9)^2)) + (X[4].u/50[mV])^2*W[2, 5].P.i/1[uA]"
        " + sum(s in W: W[s].P.w^2 - I0/1[uA]*W[s].Q.w)*X[1].r/1[V]",
    ),
    "sparse": with_loss(networks.SPARSE, "(X[3].u/50[mV])^2 + W[7].Q.w*X[2].r/1[V] + sum(k in X: X[k].u^2/1[V^2])^2"),
    "layers": with_loss(networks.LAYERS, "(Y[2].u/50[mV] - 1)^2 + (G.a/50[mV])^2*sum(k in H: H[k].m^2) + X[1].u/1[V]"),
    "odd": with_loss(
        networks.ODD,
        "sum(k in X: X[k].u^2/1[V^2])*sum(s in W: W[s].x) + (Z.u/1[V])^2 + sum(z in Z: Z[z].q/1[V])^3 + X[1, 1].q^2/1[V^2]"
        " + W[1, 0, 2, 1].M.i/1[A]*X[0, 0].u/1[V] + L[3].M.i/1[A]",
    ),
    "spikes": networks.SPIKES,
    "many": MANY,
    "miscellany": MISCELLANY,
    "shared": networks.SHARED,
}


def write_files(folder: Path) -> Path:
    """The files that `MANY` names."""
    (folder / "edges.csv").write_text("source,target\n0,1\n1,2\n2,0\n2,1\n", "utf-8")
    np.savez(folder / "goal.npz", clean=np.array([0.1, -0.2, 0.3]), noisy=np.array([1.0, 2.0, 3.0]))
    return folder
