"""Network models that several tests run: dense, sparse, two layers with two kinds of synapses, spikes."""

import numpy as np
from numpy.typing import NDArray

import mcompiler as mc

CELLS = """
cell Neuron {
  param C = 1[nF]
  param R = 10[kohm]
  param U0 = 50[mV]
  input j: A "synaptic current; contributions add up"
  input bias: A = 0[A]
  state u: V = 0[V] scale U0
  output r: V = U0*tanh(u/U0)
  C*du/dt = -u/R + j + bias
}

synapse Pair "differential pair into a virtual ground" {
  device P = SinhRate(alpha = 1[1/ms], V0 = 50[mV])
  device Q = SinhRate(alpha = 1[1/ms], V0 = 50[mV], w = 0.3)
  P.v = pre.r
  Q.v = pre.r
  post.j += P.i - Q.i
}
"""

DENSE = (
    CELLS
    + """
network Memory {
  size N = 6
  param I0 = 1[uA]
  cells X[N]: Neuron
  synapses W: Pair from X to X where pre != post
}
experiment recall on Memory {
  seed 3
  set X.R ~ lognormal(10[kohm], 10%)
  set W.P.Gmax ~ lognormal(100[uS], 10%)
  initial X.u ~ normal(10[mV], 20[mV])
  initial W.P.w ~ uniform(0.2, 0.8)
  input X.bias = I0
  run to 0.1[ms]
  save every 10[us]: X.r, X.u, W.P.w, W.Q.w, W[2, 5].P.i, W[3, 3].P.w, X.j
  loss at 50[us] = (X[1].r/50[mV] - 0.9)^2 + 0.5*sum(k in X: (X[k].r/X[k].U0 - 0.9)^2)
  loss = (W[2, 5].P.w - 0.1)^2 + (X[4].u/50[mV])^2 + 0.1*sum(s in W: W[s].P.w^2 - I0/1[uA]*W[s].Q.w)
}
"""
)

SPARSE = (
    CELLS
    + """
network Chain {
  size N = 24
  cells X[N]: Neuron
  synapses W: Pair(P = SinhRate(w = 0.2)) from X to X where abs(pre - post) <= 2 and pre != post
}
experiment wave on Chain {
  seed 5
  initial X.u ~ normal(0[mV], 30[mV])
  initial W.Q.w ~ uniform(0.2, 0.8)
  input X.bias = 2[uA]*sin(2*pi*20[kHz]*t)
  run to 0.1[ms]
  save every 10[us]: X.u, W.P.w, W.Q.w, W[3].P.v
  loss = (X[3].u/50[mV])^2 + W[7].Q.w^2
  loss over 10[us]..90[us] = sum(k in X: (X[k].u/50[mV])^2)/1[ms]*sum(s in W: W[s].P.w)
}
"""
)

LAYERS = (
    CELLS
    + """
cell Global {
  param tau = 20[us]
  input drive: V
  state a: V = 1[mV] scale 50[mV]
  output s: V = 2*a
  tau*da/dt = -a + drive
}

synapse Sum {
  param gain = 0.1
  post.drive += gain*pre.r
}

synapse Inhibit "a memristor with a state of its own that follows the cell behind it" {
  param g = 20[uS]
  state m in [0, 1] = 0.4
  weight = g*m
  dm/dt = (0.5 + pre.s/100[mV] + post.u/1[V] - m)/10[us]
  post.j += -weight*pre.s
}

network Layers {
  size M = 5
  size N = 4
  cells X[M]: Neuron
  cells Y[N]: Neuron(R = 5[kohm])
  cells G: Global
  synapses W: Pair from X to Y
  synapses S: Sum from Y to G
  synapses H: Inhibit from G to X
}
experiment run on Layers {
  seed 2
  initial X.u ~ normal(0[mV], 30[mV])
  set S.gain ~ normal(0.1, 10%)
  initial W.P.w ~ uniform(0.2, 0.8)
  input X.bias = 1[uA]
  run to 0.1[ms]
  save every 10[us]: X.u, Y.u, G.a, H.m, W.P.w, W[3, 4].Q.i
  loss = (Y[2].u/50[mV] - 1)^2 + (G.a/50[mV])^2 + H[1].m^2
}
"""
)

SPIKES = """
cell Spiking {
  param tau = 1[ms]
  param Uth = 1[V]
  input j: V
  input drive: V = 1.5[V]
  state u: V = 0[V] scale 1[V]
  state clock: s = 0[s] scale 1[ms]
  tau*du/dt = drive - u + j
  dclock/dt = 1
  when u > Uth { u := 0[V]; clock := 0[s] }
}

synapse Pulse {
  param height = 50[mV]
  state x in [0, 1] = 0.5
  dx/dt = (exp(-pre.clock/1[ms]) - x)/3[ms]
  post.j += height*x*exp(-pre.clock/0.5[ms])
}

network Population {
  size N = 20
  cells X[N]: Spiking
  synapses W: Pulse from X to X by ring(2)
}
experiment run on Population {
  seed 1
  initial X.u ~ uniform(0[V], 0.9[V])
  run to 4[ms]
  save every 0.5[ms]: X.u, X.clock, W.x
  loss = X[3].u/1[V] + W[5].x
}
"""

#: Everything at once: both ends are contributed to, a synapse that reads nothing, events in synapses, arrays of two indices, an inductor.
ODD = """
cell Osc {
  input f: V
  input g: V = 0.1[V]*sin(2*pi*1[kHz]*t)
  state u: V = 0.1[V] scale 1[V]
  state q: V = 0[V] scale 1[V]
  energy = u^2 + q^2
  output e: V^2 = energy
  1[ms]*du/dt = q + f + g
  1[ms]*dq/dt = -u
}

synapse Swap {
  param k = 0.3
  input bias: V = 0[V]
  state x = 0 scale 1
  device M = Resistor(R = 1[kohm]/k)
  M.v = post.u - pre.u
  dx/dt = post.e/1[V^2*ms] - x/1[ms]
  when x > 0.02 { x := 0.001 }
  post.f += -M.i*1[kohm] + bias
  pre.f += M.i*1[kohm]*(1 + x)
}

synapse Blind {
  param c = 0.01[V]
  post.f += c*sin(2*pi*500[Hz]*t)
  pre.f += -c
}

synapse Inductive {
  device L = Inductor(L = 1[H])
  L.v = pre.u - post.u
  post.f += L.i*0.1[kohm]
}

network Odd {
  size N = 3
  param kk = 0.4
  cells X[N, 2]: Osc
  cells Z: Osc(u = 0.2[V])
  synapses W: Swap(k ~ normal(kk, 10%)) from X to X where post != pre
  synapses B: Blind from X to X by one_to_one
  synapses C: Blind from X to Z
  synapses I: Inductive from Z to X
  synapses L: Swap from X to X by lattice(1)
}
experiment e on Odd {
  initial X.u ~ normal(0[V], 0.1[V])
  set L.k = 0.2*kk
  input W.bias = 1[mV]*cos(2*pi*300[Hz]*t)
  run to 1[ms]
  save every 0.1[ms]: X.u, W.x, X[2, 1].q, Z.u, I.L.i, W[1, 0, 2, 1].M.i, X.f
  loss = sum(k in X: X[k].u^2/1[V^2]) + sum(s in W: W[s].x) + (Z.u/1[V])^2 + sum(z in Z: Z[z].q/1[V])
}
"""

#: A cell that all synapses share, whose output is the sum of what they add to it, and indices of an array in a value.
SHARED = """
cell Neuron {
  input j: V
  state u: V = 0.1[V] scale 1[V]
  output r: V = 1[V]*tanh(u/1[V])
  1[ms]*du/dt = -u + j
}
cell Pool "what all synapses share" {
  input total: V
  input slow: V
  state a: V = 0.2[V] scale 1[V]
  output level: V = 0.1*total
  1[ms]*da/dt = slow - a
}
synapse Modulated {
  param place = 0
  state w in [0, 1] = 0.5
  1[ms]*dw/dt = 0.3 + 0.1*place - w + global.a/1[V]
  post.j += w*(pre.r + global.level)
  global.slow += w*pre.r
}
synapse Count { post.total += pre.u }
network Pooled {
  cells X[2, 2]: Neuron
  cells G: Pool
  synapses W: Modulated(place = pre[0] + 2*post[1]) from X to X with G where pre != post
  synapses L: Modulated from X to X with G by lattice(1)
  synapses C: Count from X to G
}
experiment run on Pooled {
  initial X.u ~ uniform(-0.3[V], 0.3[V])
  run to 1[ms]
  loss = sum(k in X: X[k].u^2/1[V^2]) + G.a^2/1[V^2] + 0.1*X[1, 0].u/1[V]
}
"""


def ends_of(solver: mc.Solver, place: int = 0) -> list[NDArray[np.int64]]:
    """For each end of the synapses that come at this place, the cell there of every synapse."""
    z, edges = solver.program.z, [each for each in solver.program.layout.classes if each.kind == "edge"]
    count = z[edges[place].count_slot]
    return [z[z[slot] : z[slot] + count] for slot in edges[place].index_slots]
