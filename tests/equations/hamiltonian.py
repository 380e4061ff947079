"""H = lam^T (f - M x') + running loss of a forward system, evaluated with no derivative of ours: what adjoints are compared with by complex steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import sympy

from mcompiler.equations.adjoint import adjoint
from mcompiler.equations.system import LOSS, System
from tests.equations.evaluate import Array, Key, Setting, evaluate, gradient_shares, masses, rates

STEP = 1e-30


def hamiltonian(
    t: float, lam: Mapping[Key, Array], rate: Mapping[Key, Array], mass: Mapping[Key, Array]
) -> Callable[..., Any]:
    """H at time t as a function of setting and unknowns, the derivatives x' being those of ``rate`` and ``mass``."""

    def value(at: Setting, y: Mapping[Key, Array]) -> Any:
        now = evaluate(at, t, y)
        moved, weights = rates(at, now), masses(at, now)
        running = sum(np.sum(each) for (owner, _), each in moved.items() if owner == LOSS)
        return running + sum(
            np.sum(one * (moved[key] - weights[key] * rate[key] / mass[key])) for key, one in lam.items()
        )

    return value


def by_complex_step(
    at: Setting, y: Mapping[Key, Array], value: Callable[..., Any]
) -> tuple[dict[Key, Array], dict[Key, Array]]:
    """The gradient of a function of setting and unknowns, by unknowns and by parameters (those that are real numbers of the model)."""
    unknowns: dict[Key, Array] = {}
    for key, own in y.items():
        unknowns[key] = np.array(
            [
                value(at, {**y, key: own + STEP * 1j * (np.arange(len(own)) == each)}).imag / STEP
                for each in range(len(own))
            ]
        )
    parameters: dict[Key, Array] = {}
    for key in real_parameters(at.system):
        own = at.parameters[key]
        if np.ndim(own) == 0:
            parameters[key] = np.asarray(value(at.moved({key: STEP * 1j}), y).imag / STEP)
        else:
            units = np.eye(len(own)) * STEP * 1j
            parameters[key] = np.array([value(at.moved({key: unit}), y).imag / STEP for unit in units])
    return unknowns, parameters


def real_parameters(system: System) -> list[Key]:
    """Owner and name of all parameters that a gradient is taken by."""
    own = [(owner.name, each) for owner in system.classes for each in owner.template.parameters]
    return [
        (owner, each.symbol.name)
        for owner, each in (*own, *(("", each) for each in system.parameters))
        if not each.structural
    ]


def adjoint_at(
    at: Setting,
    t: float,
    y: Mapping[Key, Array],
    lam: Mapping[Key, Array],
    system: System | None = None,
    extra: Mapping[sympy.Symbol, Array] | None = None,
) -> tuple[dict[Key, Array], dict[Key, Array]]:
    """Rates of the adjoint (or of another system that was made with it) by the forward unknowns' names, and parameter shares."""
    backward = adjoint(at.system) if system is None else system
    forward = evaluate(at, t, y)
    named = {(owner, f"lam {name}"): value for (owner, name), value in lam.items()}
    now = evaluate(at.of(backward), t, named, forward, extra)
    own = {(owner, name.removeprefix("lam ")): value for (owner, name), value in rates(at.of(backward), now).items()}
    return own, gradient_shares(at.of(backward), now)


def random_state(at: Setting, start: Mapping[Key, Array], seed: int) -> tuple[dict[Key, Array], dict[Key, Array]]:
    """Unknowns near a start and adjoints, all of a size that makes the terms of H comparable."""
    random = np.random.default_rng(seed)
    y: dict[Key, Array] = {}
    for key, value in start.items():
        size = np.where(value == 0, {"i": 1e-5}.get(key[1], 0.2), np.abs(value))
        y[key] = value + 0.3 * size * random.uniform(-1, 1, value.shape)
    now = evaluate(at, 0.0, y)
    mass = masses(at, now)
    lam = {key: random.standard_normal(value.shape) / mass[key] for key, value in y.items() if key[0] != LOSS}
    return y, lam
