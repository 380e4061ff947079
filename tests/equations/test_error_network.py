"""Error networks against the fixed-point adjoint of a hand-written network, finite differences, its spectrum, and the trajectory adjoint (MATH 3a, 3c)."""

# pytest.approx carries no types.
# pyright: reportUnknownMemberType=false
from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import sympy
from numpy.typing import NDArray

from mcompiler.equations.error_network import error_network
from mcompiler.equations.fixed_point import frozen
from mcompiler.equations.levels import levels
from mcompiler.equations.system import LOSS, Accumulator, Event, Parameter, PointLoss, System
from mcompiler.equations.verify import verify
from mcompiler.integrators.run import Losses, reverse
from mcompiler.kernel.layout import parameter_slice
from mcompiler.units import DIMENSIONLESS as ONE
from mcompiler.units import TIME as SECONDS
from tests.equations.tanh_networks import (
    ENDS,
    Floats,
    Form,
    Key,
    Numbers,
    Running,
    numbers,
    places,
    running,
    sweep_jacobian,
    symbol,
    system,
)

FORMS: tuple[Form, ...] = ("A", "B")
WEIGHTS = ("XX", "XY", "YX", "YY")
EVERY = {"A": ("I", "b"), "B": ("I",)}


def by_formula(given: Numbers) -> dict[Key, Floats]:
    """dC/dp of every weight and drive: lam_i sigma(x_j) in form B, delta_i x_j with delta = D lam in form A."""
    at, lam = given.fixed_point(), given.adjoint()
    at_sum = lam if given.form == "B" else lam * (1 - np.tanh(given.matrix @ at + given.both("b")) ** 2)
    shown = np.tanh(at) if given.form == "B" else at
    found = {("X", "I"): lam[:4], ("Y", "I"): lam[4:]}
    if given.form == "A":
        found |= {("X", "b"): at_sum[:4], ("Y", "b"): at_sum[4:]}
    found["XX", "W"] = np.outer(at_sum[:4], shown[:4]).ravel() * given.values["XX", "on"]
    found["XY", "W"] = np.outer(at_sum[4:], shown[:4]).ravel()
    for name, post, pre in (("YX", 0, 4), ("YY", 4, 4)):
        found[name, "W"] = at_sum[np.array(ENDS[name, "1"]) + post] * shown[np.array(ENDS[name, "0"]) + pre]
    return found


# --- the fixed point


@pytest.mark.parametrize("sees", ["x", "r"])
@pytest.mark.parametrize("bends", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_the_error_network_rests_at_the_fixed_point_adjoint(form: Form, sees: str, *, bends: bool) -> None:
    given = numbers(form, sees=sees, bends=bends)
    both = running(verify(error_network(system(form, sees=sees, bends=bends))), given.values)
    run = both.settle(both.on("python"))
    assert both.of(run.y, "x") == pytest.approx(given.fixed_point(), abs=1e-13)
    assert both.of(run.y, "error x") == pytest.approx(given.adjoint(), abs=1e-13)


def scaled(form: Form) -> System:
    """With scale and speed as parameters of the network."""
    made = replace(system(form), parameters=(Parameter(symbol("g.scale"), ONE), Parameter(symbol("g.speed"), ONE)))
    return verify(error_network(made, symbol("g.scale"), symbol("g.speed")))


@pytest.mark.parametrize("form", FORMS)
def test_time_constants_speed_and_scale_do_not_move_it(form: Form) -> None:
    """Different time constants per neuron reach the same lam; the scale multiplies it, and nothing else."""
    given = numbers(form)
    both = running(scaled(form), given.values).with_numbers({("", "g.scale"): 1.0, ("", "g.speed"): 1.0})
    library = both.on("python")
    for factor, scale, speed in ((1.0, 3.0, 1.0), (0.3, 1.0, 0.5), (1.7, -2.0, 2.0)):
        taus = {(name, "tau"): given.values[name, "tau"][::-1] * factor for name in ("X", "Y")}
        other = both.with_numbers({**taus, ("", "g.scale"): scale, ("", "g.speed"): speed})
        run = other.settle(library, end=300.0, step=0.2)
        assert other.of(run.y, "error x") == pytest.approx(scale * given.adjoint(), abs=1e-13)


def test_both_forms_are_one_model() -> None:
    """Activations as states, or potentials that show activations, without drive beside a bias: delta of form A is lam of form B."""
    given = numbers("B", sees="r")
    potentials = running(error_network(system("B", sees="r")), given.values)
    biases = {(name, "b"): given.values[name, "I"] for name in ("X", "Y")}
    idle = {(name, "I"): np.zeros(len(given.values[name, "I"])) for name in ("X", "Y")}
    activations = running(error_network(system("A")), {**given.values, **biases, **idle})
    one, other = potentials.on("python"), activations.on("python")
    rest, same = potentials.settle(one).y, activations.settle(other).y
    assert np.tanh(potentials.of(rest, "x")) == pytest.approx(activations.of(same, "x"), abs=1e-14)
    delta = np.concatenate([activations.observed(other, same, name, "back a") for name in ("X", "Y")])
    assert delta == pytest.approx(potentials.of(rest, "error x"), abs=1e-14)


# --- gradients


@pytest.mark.parametrize("form", FORMS)
def test_gradients_are_products_of_errors_and_activities(form: Form) -> None:
    """As definitions of the system, by formula, and by finite differences of the relaxed forward network in machine code."""
    given = numbers(form)
    wanted = [f"{each}.W" for each in WEIGHTS] + [f"{cells}.{each}" for cells in ("X", "Y") for each in EVERY[form]]
    both = running(verify(error_network(system(form), gradients=wanted)), given.values)
    library = both.on("python")
    run = both.settle(library)
    formula = by_formula(given)
    free = running(system(form), given.values)
    compiled = free.on("numba")
    for owner, name in formula:
        found = both.observed(library, run.y, owner, f"back {name}")
        assert found == pytest.approx(formula[owner, name], abs=1e-12)
        differences = [slope_by_running(free, compiled, (owner, name), place) for place in range(len(found))]
        assert found == pytest.approx(np.array(differences), abs=1e-9)


def slope_by_running(free: Running, library: Any, key: Key, place: int) -> float:
    """(C(p + h) - C(p - h)) / 2h of runs until rest."""
    step, values = 1e-5, free.p[parameter_slice(free.layout, free.z, *key)]
    costs: list[float] = []
    for change in (step, -step):
        moved = values.copy()
        moved[place] += change
        costs.append(free.with_numbers({key: moved}).settle(library, losses=at_the_end(120.0)).loss)
    return (costs[0] - costs[1]) / (2 * step)


def at_the_end(end: float) -> Losses:
    return Losses(np.array([end]), np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64))


@pytest.mark.parametrize("form", FORMS)
def test_the_trajectory_adjoint_ends_up_there(form: Form) -> None:
    """MATH 3c "Limits": the exact gradient of a long run is the gradient of recurrent backpropagation."""
    given = numbers(form)
    free = running(system(form), given.values)
    library, losses = free.on("numba"), at_the_end(120.0)
    run = free.settle(library, losses=losses, record=True)
    value, by_p, by_y = reverse(library, free.z, free.p, run, method="rk4", losses=losses)
    assert value == pytest.approx(given.loss(given.fixed_point()), rel=1e-13)
    for (owner, name), gradient in by_formula(given).items():
        assert by_p[parameter_slice(free.layout, free.z, owner, name)] == pytest.approx(gradient, abs=1e-12)
    assert np.max(np.abs(by_y)) < 1e-15  # where it started does not matter


# --- stability


def spectra(both: Running, y: Floats) -> tuple[NDArray[Any], NDArray[Any], float]:
    """The spectra of x and of e, by real part, and how much x depends on e."""
    whole, own, errors = sweep_jacobian(both, y), places(both, "x"), places(both, "error x")
    forward, side = (np.sort_complex(np.linalg.eigvals(whole[np.ix_(each, each)])) for each in (own, errors))
    return forward, side, float(np.max(np.abs(whole[np.ix_(own, errors)])))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("gain", [0.5, 4.0])
def test_the_error_network_is_as_stable_as_the_fixed_point(form: Form, gain: float) -> None:
    """Equal spectra; with a gain of 4 the fixed point at 0 is unstable, and the error beside it grows without limit."""
    given = numbers(form, gain=gain)
    idle = {(name, each): np.zeros(len(given.values[name, each])) for name in ("X", "Y") for each in EVERY[form]}
    both = running(error_network(system(form)), {**given.values, **idle})
    library = both.on("python")
    y = both.start(library)  # x = 0 is the fixed point of a network without drive
    forward, side, mixed = spectra(both, y)
    assert side == pytest.approx(forward, abs=1e-12)
    assert mixed == 0.0
    assert (float(np.max(np.real(forward))) > 0.0) == (gain > 1.0)
    run = both.settle(library, end=60.0)
    largest = float(np.max(np.abs(both.of(run.y, "error x"))))
    assert np.all(both.of(run.y, "x") == 0.0)
    assert largest > 1e6 if gain > 1.0 else largest < 10.0


# --- states of edges, bounds, data


@pytest.mark.parametrize("form", FORMS)
def test_states_of_edges_move_as_they_are_or_are_held(form: Form) -> None:
    """Weights that decay to W while the networks relax; the same held at W; the derivative by them is that by a weight."""
    given, made = numbers(form), system(form, has_state=True)
    moving = verify(error_network(made, gradients=["XX.w", "YY.w"]))
    both = running(moving, given.values).with_numbers({(name, "tau"): 3.0 for name in ("XX", "YY")})
    library = both.on("python")
    run = both.settle(library, end=400.0)
    held = verify(error_network(frozen(made), gradients=["XX.w", "YY.w"]))
    weights = {(name, "w"): given.values[name, "W"] for name in ("XX", "YY")}
    still = running(held, {**given.values, **weights})
    other = still.on("python")
    rest = still.settle(other)
    for each, where, found in ((both, library, run.y), (still, other, rest.y)):
        assert each.of(found, "error x") == pytest.approx(given.adjoint(), abs=1e-13)
        for owner in ("XX", "YY"):
            assert each.observed(where, found, owner, "back w") == pytest.approx(
                by_formula(given)[owner, "W"], abs=1e-13
            )
    assert len(rest.y) == 2 * 7
    assert len(run.y) == 2 * 7 + 16 + 4
    (decaying,) = (each.template.unknowns for each in moving.edges if each.name == "XX")
    assert [each.symbol.name for each in decaying] == ["w"]  # states of edges have no error


@pytest.mark.parametrize("form", FORMS)
def test_a_held_cell_passes_no_error(form: Form) -> None:
    """Cells within bounds: those at a bound are constants of the fixed point."""
    given, bound = numbers(form, gain=0.9), 0.25
    both = running(verify(error_network(system(form, bound=bound), gradients=["X.I", "Y.I"])), given.values)
    library = both.on("python")
    run = both.settle(library, end=300.0)
    at = both.of(run.y, "x")
    free = np.abs(at) < bound
    assert 0 < np.count_nonzero(free) < 7
    lam = np.zeros(7)
    lam[free] = -np.linalg.solve(given.jacobian(at)[np.ix_(free, free)].T, given.slope(at)[free])
    assert both.of(run.y, "error x")[free] == pytest.approx(lam[free], abs=1e-13)
    by_drive = np.concatenate([both.observed(library, run.y, name, "back I") for name in ("X", "Y")])
    assert by_drive == pytest.approx(lam, abs=1e-13)


def test_columns_of_data_are_parameters_while_the_network_settles() -> None:
    """A loss that reads what is presented."""
    given, made = numbers("B", bends=False), system("B", bends=False)
    fit = PointLoss("loss 0", symbol("gain") * symbol("cost"), ONE, (symbol("gain"),), data_dimensions=(ONE,))
    both = running(verify(error_network(replace(made, losses=(fit,)))), {**given.values, (LOSS, "gain"): 2.5})
    library = both.on("python")
    run = both.settle(library)
    assert both.of(run.y, "error x") == pytest.approx(2.5 * given.adjoint(), abs=1e-13)


def test_the_slope_of_a_product_of_sums_is_a_sum() -> None:
    """Each of two costs is the slope by the other, which edges read under a name of its own."""
    given, made = numbers("B", bends=False), system("B", bends=False)
    second = replace(made.edges[-1].template.contributions[0], accumulator="cost of Y")
    watch = replace(made.edges[-1], template=replace(made.edges[-1].template, contributions=(second,)))
    (*cells, loss) = made.vertices
    collector = replace(
        loss,
        template=replace(
            loss.template, accumulators=(*loss.template.accumulators, Accumulator(symbol("cost of Y"), ONE))
        ),
    )
    product = PointLoss("loss 0", symbol("cost") * symbol("cost of Y"), ONE)
    multiplied = replace(made, vertices=(*cells, collector), edges=(*made.edges[:-1], watch), losses=(product,))
    both = running(verify(error_network(multiplied)), given.values)
    run = both.settle(both.on("python"))
    at = given.fixed_point()
    away = at - given.targets
    costs = np.repeat([0.5 * np.sum(away[4:] ** 2), 0.5 * np.sum(away[:4] ** 2)], [4, 3])
    lam = -np.linalg.solve(given.jacobian(at).T, costs * away)
    assert both.of(run.y, "error x") == pytest.approx(lam, abs=1e-13)


# --- how it is computed


def test_one_pass_over_the_edges_where_the_cell_allows_it() -> None:
    """In form B with a loss that is a sum the forward and the transposed contribution go together; a gain behind a sum costs a pass."""
    assert levels(error_network(system("B", bends=False))).last == 0
    assert levels(error_network(system("B", bends=True))).last == 1
    assert levels(error_network(system("A", bends=False))).last == 1
    assert [loops_over("XX", form) for form in FORMS] == [2, 1]


def loops_over(edge: str, form: Form) -> int:
    """Loops of the stage derivative over the members of an edge class."""
    kernels = running(error_network(system(form, bends=False)), numbers(form).values).module.kernels
    (sweep,) = (each for each in kernels if each.signature.name == "sweep")
    return repr(sweep).count(f"index='{edge}_end1")


@pytest.mark.parametrize("form", FORMS)
def test_all_backends_compute_the_same(form: Form) -> None:
    given = numbers(form)
    both = running(error_network(system(form)), given.values)
    runs = [both.settle(both.on(backend), end=0.3).y for backend in ("interpreter", "python", "numba")]
    assert np.array_equal(runs[0], runs[1])
    assert runs[2] == pytest.approx(runs[0], abs=1e-15)


# --- what makes no sense


def changed(made: System, **fields: Any) -> System:
    return replace(made, losses=(replace(made.losses[0], **fields),))


def spiking(made: System) -> System:
    first, *rest = made.vertices
    event = Event(symbol("x") - 1, ONE, ((symbol("x"), sympy.Integer(0)),))
    return replace(made, vertices=(replace(first, template=replace(first.template, events=(event,))), *rest))


REFUSED: list[tuple[Any, dict[str, Any], str]] = [
    (lambda made: replace(made, losses=()), {}, "tanhB has no loss"),
    (lambda made: changed(made, at=sympy.Integer(2)), {}, "loss 0 of tanhB is taken at a given time"),
    (lambda made: changed(made, over=(sympy.Integer(0), sympy.Integer(2))), {}, "is taken over an interval"),
    (spiking, {}, "X of tanhB has events: it does not settle"),
    (lambda made: made, {"gradients": ["XX.w", "XX.W"]}, "tanhB has no XX.w to differentiate by; it has X.I, X.tau"),
    (lambda made: made, {"gradients": ["XX.on"]}, "has no XX.on to differentiate by"),
    (
        lambda made: replace(made, parameters=(Parameter(symbol("g.tau"), SECONDS),)),
        {"speed": symbol("g.tau")},
        "the speed of an error network is a number; g.tau is in s",
    ),
]


@pytest.mark.parametrize(("change", "options", "message"), REFUSED)
def test_what_has_no_error_network_is_refused(change: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        error_network(change(system("B")), **options)


def test_only_edges_that_there_are_can_be_held() -> None:
    with pytest.raises(ValueError, match="tanhB has no edges ZZ; it has XX, XY, YX, YY, observe X, observe Y"):
        frozen(system("B"), ["XX", "ZZ"])
