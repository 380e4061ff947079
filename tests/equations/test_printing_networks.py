"""Networks and what is derived from them as model files: they read back to the same text, and compute what the derived system computes."""

# pytest.approx carries no types.
# pyright: reportUnknownMemberType=false
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

import mcompiler as mc
from mcompiler.equations.from_network import derive
from mcompiler.equations.printing.spelling import Spelling, spelling
from mcompiler.equations.printing.trimmed import trimmed
from mcompiler.equations.shown import Derivation, Equations
from mcompiler.equations.system import LOSS, Event, System
from mcompiler.equations.translate import symbol
from mcompiler.kernel import abi
from mcompiler.kernel.from_equations import lower
from mcompiler.kernel.layout import bind, parameter_slice, unknown_slice
from mcompiler.kernel.verify import verify
from mcompiler.network.elaborate import elaborate
from tests.equations.evaluate import Array, Key, Setting, Values, evaluate, masses, rates, setting, value_of
from tests.equations.golden import check_file
from tests.equations.models import Made, from_text
from tests.equations.network_models import WITH_LOSS, write_files
from tests.equations.tanh_networks import Running
from tests.solver.networks import SHARED

DERIVED: tuple[Derivation, ...] = ("error-network", "nudged", "tangent")
#: What has no fixed point, or forces of several units.
REFUSED = {("spikes", "error-network"), ("short_term_plasticity", "error-network"), ("layers", "nudged")}
#: Error networks that are recorded: those of the examples, and one with a loss that a cell collects.
RECORDED = ("hopfield_memory", "small_world", "cellular_network", "coupled_oscillators", "layers")
CASES = [(name, each) for name in WITH_LOSS for each in DERIVED if (name, each) not in REFUSED]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_files(tmp_path_factory.mktemp("files"))


def equations(model: Made, derivation: Derivation = "forward") -> Equations:
    return Equations(model.system, model.network, model.model, derivation)


def show(model: Made, derivation: Derivation) -> str:
    return equations(model, derivation).to("mem")


def reads_back(printed: str, folder: Path) -> Made:
    """The model of a printed text, which is right in all its experiments and prints as the same text."""
    again = from_text(printed, folder)
    for each in again.model.experiments.values():
        elaborate(again.model, each)
    assert show(again, "forward") == printed
    return again


# --- texts


@pytest.mark.parametrize("name", WITH_LOSS)
def test_a_network_prints_as_a_file_that_reads_back(name: str, folder: Path) -> None:
    model = from_text(WITH_LOSS[name], folder)
    again = reads_back(show(model, "forward"), folder)
    same_rates(Spelled.plain(model), again, 1)


@pytest.mark.parametrize(("name", "derivation"), CASES)
def test_a_derived_network_prints_as_a_file_that_reads_back(
    name: str, derivation: Derivation, folder: Path, request: pytest.FixtureRequest
) -> None:
    model = from_text(WITH_LOSS[name], folder)
    printed = show(model, derivation)
    again = reads_back(printed, folder)
    same_rates(Spelled.derived(model, derivation), again, 2)
    if derivation == "error-network" and name in RECORDED:
        check_file(f"{name}.{derivation}.mem", printed, request.config)


@pytest.mark.parametrize("name", ["hopfield_memory.error-network.mem", "layers.error-network.mem"])
def test_a_recorded_file_is_a_model_that_runs(name: str) -> None:
    """What a user does with such a file: the errors of a part of the run, in other units."""
    path = Path(__file__).parent / "golden" / name
    text = path.read_text("utf-8").replace("  run to", "  save every 1[us]: X.error_u\n  run to")
    ends = []
    for scale in ("1", "3"):
        model = mc.parse(text, settings=[f"error_scale = {scale}"])
        run = mc.compile(model, backend="python").run(t=(0.0, 2e-6), method="rk4", step=1e-6)
        assert run.success
        ends.append(run["X.error_u"][-1])
    assert np.max(np.abs(ends[0])) > 0
    assert ends[1] == pytest.approx(3 * ends[0], rel=1e-12)


# --- numbers


@dataclass(frozen=True)
class Spelled:
    """A system with its model, and how its quantities are called in the printed file."""

    model: Made
    system: System
    to: Spelling

    @staticmethod
    def derived(model: Made, derivation: Derivation) -> Spelled:
        return Spelled.of(model, equations(model, derivation).derived())

    @staticmethod
    def plain(model: Made) -> Spelled:
        return Spelled.of(model, model.system)

    @staticmethod
    def of(model: Made, system: System) -> Spelled:
        circuit = next(iter(each for each in model.model.circuits.values() if each.name == model.network.name))
        return Spelled(model, system, spelling(trimmed(system, model.network), model.network, circuit))

    def name(self, owner: str, name: str) -> str:
        """The name in the file."""
        if not owner:
            return f"circuit.{self.to.shared.of(symbol(name))}"
        return self.to.names[owner].spelled.get(symbol(name), name)


def given(of: Spelled, seed: int) -> tuple[Setting, dict[Key, Array]]:
    """The system with random numbers for what was derived beside parameters."""
    random = np.random.default_rng(seed)
    at = setting(of.model.network, of.model.system)
    owners = [("", of.system.parameters), *((each.name, each.template.parameters) for each in of.system.classes)]
    added: dict[Key, Array] = {}
    for owner, parameters in owners:
        for each in parameters:
            key = owner, each.symbol.name
            if key not in at.parameters:
                like = at.parameters.get((owner, each.symbol.name.removeprefix("dot ")), np.asarray(1.0))
                added[key] = np.asarray(np.mean(like)) * random.uniform(0.5, 1.5)
    return Setting(of.system, at.sizes, at.indices, {**at.parameters, **added}), added


def somewhere(at: Setting, seed: int) -> dict[Key, Array]:
    """A random state, inside all bounds."""
    random = np.random.default_rng(seed)
    y: dict[Key, Array] = {}
    for owner in at.system.classes:
        for each in owner.template.unknowns:
            name = each.symbol.name
            size = 0.05 if " " not in name and each.lower is None else 0.9
            y[owner.name, name] = size * random.uniform(0.1, 1.0, at.sizes[owner.name])
    return y


def same_place(of: Spelled, again: Made, seed: int) -> tuple[Setting, dict[Key, Array], Setting, dict[Key, Array]]:
    """A derived system somewhere, and the system that was read back with the same numbers."""
    here, added = given(of, seed)
    y = somewhere(here, seed)
    there = setting(again.network, again.system)
    named = {(owner, of.name(owner, name)): value for (owner, name), value in added.items()}
    moved = {key: named.get(key, value) for key, value in there.parameters.items()}
    state = {(owner, of.name(owner, name)): value for (owner, name), value in y.items() if owner != LOSS}
    for owner in again.system.classes:
        for each in owner.template.unknowns:
            state.setdefault((owner.name, each.symbol.name), np.zeros(there.sizes[owner.name]))
    return here, y, Setting(again.system, there.sizes, there.indices, moved), state


def same_rates(of: Spelled, again: Made, seed: int) -> None:
    """Rates and masses of all members at a random state, of the derived system and of the one that was read back."""
    here, y, there, state = same_place(of, again, seed)
    first, second = evaluate(here, 0.3e-4, y), evaluate(there, 0.3e-4, state)
    for quantities in (rates, masses):
        wanted, found = quantities(here, first), quantities(there, second)
        for (owner, name), value in wanted.items():
            if owner != LOSS:
                assert np.all(np.isfinite(value))
                size = max(float(np.max(np.abs(value))), 1e-300)
                assert found[owner, of.name(owner, name)] == pytest.approx(value, rel=1e-13, abs=1e-13 * size), (
                    owner,
                    name,
                )


def swept(at: Setting, t: float, y: Mapping[Key, Array], backend: str) -> dict[Key, Array]:
    """The stage derivative in compiled kernels, by class and unknown."""
    module, layout = lower(at.system)
    indices = {key: each for key, each in at.indices.items() if layout.of(key[0]).topology == "indexed"}
    z = bind(layout, at.sizes, indices)
    p, values = np.zeros(int(z[abi.N_PARAMETERS])), np.zeros(int(z[abi.N_UNKNOWNS]))
    for (owner, name), value in at.parameters.items():
        quantities = layout.of(owner).parameters if owner else layout.parameters
        if name in {each.name for each in quantities}:
            p[parameter_slice(layout, z, owner, name)] = value
    for (owner, name), value in y.items():
        values[unknown_slice(layout, z, owner, name)] = value
    rows, scratch = np.zeros(len(values)), np.zeros(int(z[abi.N_SCRATCH]))
    library = Running(verify(module), layout, z, p).on(backend)
    library["sweep"](0, t, 0.0, np.zeros(1), 0, values, rows, p, z, scratch)
    return {key: rows[unknown_slice(layout, z, *key)].copy() for key in y}


def without_loss(model: Made) -> Made:
    """What is run: no kernels for a gradient."""
    experiment = next(each for each in model.model.experiments.values() if each.losses)
    network = elaborate(model.model, replace(experiment, losses=()))
    return Made(model.model, network, derive(network))


@pytest.mark.parametrize(
    ("name", "derivation", "backend"),
    [
        ("dense_bent", "error-network", "numba"),
        ("odd", "tangent", "interpreter"),
        ("odd", "error-network", "interpreter"),
        ("many", "error-network", "interpreter"),
        ("many", "tangent", "interpreter"),
        ("shared", "nudged", "numba"),
    ],
)
def test_the_file_is_compiled_to_what_was_derived(
    name: str, derivation: Derivation, backend: str, folder: Path
) -> None:
    """Kernels of what was read back against the equations of the derived system by NumPy."""
    model = from_text(WITH_LOSS[name], folder)
    of = Spelled.derived(model, derivation)
    here, y, there, state = same_place(of, without_loss(from_text(show(model, derivation), folder)), 3)
    now = evaluate(here, 0.3e-4, y)
    rate, mass = rates(here, now), masses(here, now)
    found = swept(there, 0.3e-4, state, backend)
    for (owner, key), value in rate.items():
        if owner != LOSS:
            wanted = value / mass[owner, key]
            size = max(float(np.max(np.abs(wanted))), 1e-300)
            assert found[owner, of.name(owner, key)] == pytest.approx(wanted, rel=1e-12, abs=1e-12 * size), (owner, key)


TANH = """
cell Neuron {
  param tau = 1[s]
  param I = 0
  input a
  state x = 0 scale 1
  output r = tanh(x)
  tau*dx/dt = -x + a + I
}
synapse Weight {
  param w = 0
  post.a += w*pre.r
}
network Tanh {
  size N = 6
  cells X[N]: Neuron
  synapses W: Weight from X to X where pre != post
}
experiment settle on Tanh {
  seed 2
  set X.tau ~ uniform(0.5[s], 2[s])
  set X.I ~ uniform(-0.5, 0.5)
  set W.w ~ uniform(-0.4, 0.4)
  run to 80[s]
  save every 80[s]: X.x
  loss = log1p(0.5*sum(k in X: (X[k].r - 0.3)^2)) + 0.5*X[2].x*X[4].r
}
"""


def test_the_file_rests_at_the_adjoint_of_the_fixed_point(tmp_path: Path) -> None:
    """J^T e = -scale*dC/dx by NumPy, for the numbers that the file draws; the speed does not matter."""
    model = from_text(TANH)
    for scale, speed in (("1", "1"), ("2.5", "3")):
        printed = (
            equations(model)
            .error_network(scale, speed)
            .to("mem")
            .replace("save every 80[s]: X.x", "save every 80[s]: X.x, X.error_x")
        )
        assert f"error_scale = {scale} " in printed
        (tmp_path / "tanh.mem").write_text(printed, "utf-8")
        made = mc.load(tmp_path / "tanh.mem")
        run = mc.compile(made, rtol=1e-12, atol=1e-13).run()
        x, error = run["X.x"][-1], run["X.error_x"][-1]
        values = {each.name: each.group.values for each in made.network.edges}
        weights = np.where(np.eye(6) == 1, 0.0, values["W"]["w"].reshape(6, 6))
        r = np.tanh(x)
        assert -x + weights @ r + made.network.group("X").values["I"] == pytest.approx(np.zeros(6), abs=1e-10)  # type: ignore[union-attr]
        gain = 1 - r**2
        jacobian = -np.eye(6) + weights * gain
        slope = (r - 0.3) * gain / (1 + 0.5 * np.sum((r - 0.3) ** 2))
        slope[2] += 0.5 * r[4]
        slope[4] += 0.5 * x[2] * gain[4]
        assert error == pytest.approx(-float(scale) * np.linalg.solve(jacobian.T, slope), abs=1e-9)


FIRING = """
device Fire(p, n) {
  param gain = 0.3
  state x = 0.2 scale 1
  state n_x = 0 scale 1
  i = v/1[kohm]*(1 + x)
  dx/dt = v/1[V]/1[ms] - x/3[ms]
  dn_x/dt = 0
  when x > 1 { x := gain*x*v/1[V]; n_x := n_x + x }
}
cell C {
  input j: A
  state u: V = 0.5[V] scale 1[V]
  1[uF]*du/dt = j - u/1[kohm]
}
synapse S {
  device D = Fire
  state y = 0 scale 1
  D.v = pre.u
  post.j += D.i
  dy/dt = (D.x - y)/1[ms]
  when y > 0.5 { y := 0.1*D.x }
}
network N {
  cells X[3]: C
  synapses W: S from X to X
}
"""


def test_a_direction_jumps_with_the_state_of_a_device() -> None:
    """Assignments of the derived events, and of those that were read back one after the other: what is derived is set before the device sets its own."""
    model = from_text(FIRING)
    of = Spelled.derived(model, "tangent")
    again = reads_back(show(model, "tangent"), Path())
    here, y, there, state = same_place(of, again, 4)
    first, second = evaluate(here, 0.0, y).values["W"], evaluate(there, 0.0, state).values["W"]
    (edge,), (read,) = of.system.edges, again.system.edges
    pairs = [
        (each, [one for one in read.template.events if np.array_equal(*_margins(each, one, first, second))])
        for each in edge.template.events
    ]
    assert [len(found) for _, found in pairs] == [1, 2]
    for event, found in pairs:
        wanted = {of.name("W", symbol.name): value_of(value, first) for symbol, value in event.assignments}
        now, set_ = dict(second), dict[str, Array]()
        for each in found:
            new = {symbol: value_of(value, now) for symbol, value in each.assignments}
            now |= new
            set_ |= {symbol.name: value for symbol, value in new.items()}
        assert set_.keys() == wanted.keys()
        for name, value in wanted.items():
            assert set_[name] == pytest.approx(value, rel=1e-13), name


def _margins(one: Event, other: Event, here: Values, there: Values) -> tuple[Array, Array]:
    return value_of(one.margin, here), value_of(other.margin, there)


# --- what cannot be said


LACKING = {
    "two shared cells": (
        SHARED.replace("loss = ", "loss = sum(s in W: W[s].w)^2*sum(k in X: X[k].u/1[V]) + "),
        "error-network",
        "beside the global cell",
    ),
    "derivatives of pulses": (
        (
            "cell C {\n param high = 1[V]\n input j: V\n state u: V = 0 scale 1[V]\n"
            " 1[ms]*du/dt = j - u + pulse(t, 0, high, 1[ms], 1[us], 1[us], 1[ms], 5[ms])\n}\n"
            "synapse S {\n post.j += pre.u\n}\nnetwork N {\n cells X[3]: C\n synapses W: S from X to X\n}\n"
        ),
        "tangent",
        "no function dpulse_dhigh",
    ),
    "fixed points": (TANH, "steady", "constraints, 0 = ..., are not compiled"),
}


@pytest.mark.parametrize("what", LACKING)
def test_what_the_language_lacks_is_said(what: str) -> None:
    text, derivation, reason = LACKING[what]
    first, _, block = show(from_text(text), derivation).partition("\n")  # type: ignore[arg-type]
    assert first.startswith("# not a model file: ")
    assert reason in first
    assert block.startswith(f"{derivation} of ")


def test_a_scale_is_a_positive_literal_and_a_speed_a_number() -> None:
    made = equations(from_text(TANH))
    for scale, speed, reason in (
        ("x", "1", "no positive number"),
        ("-1", "1", "no positive number"),
        ("1", "2[s]", "2\\[s\\] is in s"),
    ):
        with pytest.raises(ValueError, match=reason):
            made.error_network(scale, speed)


def test_the_fixed_point_is_shown() -> None:
    text = str(equations(from_text(TANH)).steady())
    assert "0 = I + a - x" in text
    assert "dx/dt" not in text
