"""What every method promises against what runs show: order, order of the dense output, and gradients through everything that can happen.

    python -m benchmarks.accuracy            # from the root of the repository; the problems are those of tests/integrators

The order is that of the error on a Kepler orbit between two step sizes. Gradients are those of a run with walls, events that set each other off, a pulse,
point losses and a running loss: the disagreement of <lam, J v> and <J^T lam, v> between the discrete adjoint and (a) a complex step through the same recorded
steps, (b) the derived tangent system on the same mesh, in parts of the sum of what is added up. By name: `Solver.gradient` against differences of sixth
order on the mesh of the gradient, relative, the worst of five parameters and an initial state.
"""

from typing import Any

import numpy as np

import mcompiler as mc
from mcompiler.integrators.methods import METHODS, method_named
from mcompiler.integrators.run import reverse
from tests.integrators.problems import enemy, enemy_losses, kepler_exact
from tests.integrators.recorded_map import push_forward
from tests.integrators.systems import python
from tests.integrators.test_gradient import disagreement, recorded
from tests.integrators.test_methods import ORDERS, ends, order
from tests.integrators.test_tangent import dot_products
from tests.solver.test_gradient import FIT, difference


def observed_order(name: str) -> float:
    """Between two step sizes."""
    eccentricity, *sizes = ORDERS[name]
    exact = kepler_exact(eccentricity, np.array([6.0]))
    return order([float(np.linalg.norm(ends(name, eccentricity, h, 6.0) - exact)) for h in sizes], sizes)


def complex_step(name: str) -> float:
    """The adjoint of the recorded map against its derivative along a random direction by complex step."""
    made, library = python(enemy)
    losses = enemy_losses()
    run = recorded(made, library, name, 4.0, losses)
    assert run.tape is not None
    rng = np.random.default_rng(7)
    lam = rng.normal(size=made.n)
    _, by_p, by_y = reverse(library, made.z, made.p, run, method=name, losses=losses, final=lam)
    dp, dy = made.p * rng.normal(size=len(made.p)), rng.normal(size=made.n)
    pushed, pushed_loss = push_forward(made, name, run.tape, dp, dy, losses)
    terms = np.concatenate([by_p * dp, by_y * dy])
    return disagreement(float(lam @ pushed) + pushed_loss, float(terms.sum()), terms)


def tangent_system(name: str) -> float:
    """The same against the tangent system."""
    left, terms = dot_products(name)
    return disagreement(left, float(terms.sum()), terms)


def by_name(solver: mc.Solver, name: str) -> float:
    """`Solver.gradient` against differences."""
    options: dict[str, Any] = {"method": name}
    options |= {} if method_named(name).adaptive else {"step": 2e-3}
    _, gradient = solver.gradient(**options)
    worst = 0.0
    for parameter in ("A", "R.R", "C.C", "M.mu", "M.Roff"):
        found = difference(
            lambda value, parameter=parameter: solver.loss(
                parameters={parameter: value}, mesh=gradient.mesh, **options
            ),
            float(solver.parameters[parameter]),
        )
        worst = max(worst, abs(float(gradient[parameter]) / found - 1))
    found = difference(lambda value: solver.loss(initial={"M.w": value}, mesh=gradient.mesh, **options), 0.3)
    return max(worst, abs(float(gradient["M.w"]) / found - 1))


def main() -> None:
    solver = mc.compile(mc.parse(FIT), rtol=1e-5)
    print(f"{'method':<8}{'order':>6}{'observed':>10}{'complex step':>14}{'tangent system':>16}{'by name':>10}")
    for name in METHODS:
        numbers = f"{observed_order(name):>10.3f}{complex_step(name):>14.1e}{tangent_system(name):>16.1e}{by_name(solver, name):>10.1e}"
        print(f"{name:<8}{method_named(name).order:>6}{numbers}")


if __name__ == "__main__":
    main()
