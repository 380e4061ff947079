"""A bench for every device of the library: at a voltage source, or, where the device drives or stores, with what it needs around it."""

from __future__ import annotations

from typing import Final

#: Arguments of each memristor or resistor on a bench whose voltage is the circuit's parameter A, by the name of its golden texts.
ONE_PORT: Final = {
    "resistor": "Resistor(top, ground, R = 3[kohm])",
    "hp": "HP(top, ground)",
    "hp_joglekar": "HPJoglekar.biolek2009(top, ground, k = 2)",
    "hp_biolek": "HPBiolek(top, ground)",
    "hp_prodromakis": "HPProdromakis(top, ground, k = 2)",
    "vteam_biolek": "VTEAM(top, ground)",
    "vteam_memtorch": "VTEAM.memtorch_default(top, ground)",
    "sinh_rate": "SinhRate(top, ground)",
    "chang": "Chang(top, ground)",
    "volatile": "Volatile(top, ground)",
    "pershin": "PershinDiVentra(top, ground)",
    "cubic": "CubicMemristor.unit(top, ground)",
    "mott": "Mott(top, ground)",
}

_NODE = """
circuit Bench {
  param A = 1[V]
  node top
  C1: Capacitor(top, ground, C = 2[uF])
  R1: Resistor(top, ground, R = 5[kohm])
  %s
}
"""
_DRIVEN = """
circuit Bench {
  node top, out
  S: %s
  R1: Resistor(top, out)
  C1: Capacitor(out, ground)
}
"""

#: Other elements, each in a circuit of its own.
CIRCUITS: Final = {
    "capacitor": _NODE % "C2: Capacitor(ground, top)",
    "inductor": _NODE % "L1: Inductor(top, ground, L = 5[H])",
    "current_source": _NODE % "S: CurrentSource(ground, top, I = 1[mA]*sin(2*pi*50[Hz]*t))",
    "dc_current_source": _NODE % "S: DCCurrentSource(ground, top)",
    "sine_current_source": _NODE % "S: SineCurrentSource(ground, top, f = 50[Hz])",
    "pulse_current_source": _NODE % "S: PulseCurrentSource(ground, top)",
    "pwl_current_source": _NODE % "S: PWLCurrentSource(ground, top)",
    "compliance_source": _NODE
    % "S: ComplianceSource(top, ground, V = 2*A*sin(2*pi*50[Hz]*t), Rout = 10[ohm], Ic = 100[uA])",
    "compliance_current_source": _NODE % "S: ComplianceCurrentSource(ground, top, I = 1[mA]*sin(2*pi*50[Hz]*t))",
    "dc_source": _DRIVEN % "DCSource(top, ground, V0 = 2[V])",
    "reversed_source": _DRIVEN % "DCSource(ground, top, V0 = 2[V])",
    "sine_source": _DRIVEN % "SineSource(top, ground, f = 50[Hz], phase = 0.3)",
    "pulse_source": _DRIVEN % "PulseSource(top, ground, delay = 1[ms])",
    "pwl_source": _DRIVEN % "PWLSource(top, ground)",
    "sweep_source": _DRIVEN % "SweepSource(top, ground)",
}


def bench(element: str) -> str:
    """The text of a device at a voltage source."""
    return (
        f"circuit Bench {{\n  param A = 1[V]\n  node top\n  S: VoltageSource(top, ground, V = A)\n  M: {element}\n}}\n"
    )


#: Texts of all benches by name.
BENCHES: Final = {**{name: bench(element) for name, element in ONE_PORT.items()}, **CIRCUITS}

EXAMPLES: Final = {
    "hp_loop": "examples/hp_loop/hp_loop.mem",
    "hp_fit": "examples/hp_fit/hp_fit.mem",
    "volatile_decay": "examples/volatile_decay/volatile_decay.mem",
    "muthuswamy_chua": "examples/muthuswamy_chua/muthuswamy_chua.mem",
}

#: Examples with cells and synapses; tests/solver/test_networks.py integrates their like against NumPy.
NETWORKS: Final = {
    "hopfield_memory": "examples/hopfield_memory/hopfield_memory.mem",
    "short_term_plasticity": "examples/short_term_plasticity/short_term_plasticity.mem",
    "small_world": "examples/small_world/small_world.mem",
    "cellular_network": "examples/cellular_network/cellular_network.mem",
    "coupled_oscillators": "examples/coupled_oscillators/coupled_oscillators.mem",
}
