"""The tangent system, run forwards on a mesh, against the adjoint of the run on that mesh: two derivations, one number."""

from typing import Any

import numpy as np
import pytest

from mcompiler.equations.names import dot
from mcompiler.equations.system import LOSS
from mcompiler.equations.tangent import tangent
from mcompiler.integrators.methods import METHODS, method_named
from mcompiler.integrators.run import integrate, reverse
from mcompiler.kernel.layout import parameter_slice, unknown_slice
from tests.integrators.problems import ENEMY, enemy_losses, enemy_system
from tests.integrators.systems import Floats, Model, Options, model

OPTIONS: dict[str, Options] = {
    name: {"rtol": 1e-4} if method_named(name).adaptive else {"step": 0.05} for name in METHODS
}


def part(made: Model, y: Floats, name: str) -> Floats:
    owner = LOSS if "integral" in name else "cell"
    return y[unknown_slice(made.layout, made.z, owner, name)]


@pytest.mark.parametrize("name", METHODS)
def test_the_tangent_and_the_adjoint_agree(name: str) -> None:
    left, terms = dot_products(name)
    assert abs(left - terms.sum()) < 1e-13 * np.sum(np.abs(terms))


def dot_products(name: str) -> tuple[float, Floats]:
    """<lam, J v>, and the terms of <J^T lam, v>, through walls, pulses, point losses and a running loss; with events where steps are fixed.

    Where an event is located its instant moves with the state, which the tangent system does not know.
    """
    system = enemy_system(events=not method_named(name).adaptive)
    rng = np.random.default_rng(11)
    direction = {each: value * float(rng.normal()) for each, value in ENEMY.items()}
    forward = model(system, ENEMY)
    both = model(tangent(system), ENEMY | {dot(each).name: value for each, value in direction.items()})
    losses = enemy_losses()
    options: dict[str, Any] = {"method": name, "losses": losses, "record": True, "save_at": np.empty(0)}
    library = both.on("python")
    pushed = integrate(library, both.z, both.p, both.initial(library), 0.0, 4.0, **options, **OPTIONS[name])
    own = forward.on("python")
    run = integrate(own, forward.z, forward.p, forward.initial(own), 0.0, 4.0, mesh=pushed.tape, **options)
    names = ("x", "v", "q", "integral")
    assert [float(part(forward, run.y, each)[0]) for each in names] == [
        float(part(both, pushed.y, each)[0]) for each in names
    ]
    lam = rng.normal(size=4)
    final = np.zeros(forward.n)
    for each, value in zip(names, lam, strict=True):
        part(forward, final, each)[:] = value
    _, by_p, _ = reverse(own, forward.z, forward.p, run, method=name, losses=losses, final=final, initial=True)
    left = (
        sum(value * part(both, pushed.y, dot(each).name)[0] for each, value in zip(names, lam, strict=True))
        + pushed.loss
    )
    terms = np.array(
        [by_p[parameter_slice(forward.layout, forward.z, "cell", each)][0] * value for each, value in direction.items()]
    )
    return float(left), terms
