"""A solver that has a description from JSON only does and says what one does that was made from the model."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mcompiler as mc
from mcompiler.integrators.run import Functions
from mcompiler.solver.description import Term
from mcompiler.solver.losses import Data
from mcompiler.solver.program import Program
from mcompiler.solver.record import (
    Arrays,
    description_from_json,
    description_to_json,
    experiment_from_json,
    experiment_to_json,
    term_from_json,
    term_to_json,
)
from mcompiler.solver.solver import Beside, Programs
from tests.solver.networks import LAYERS, SPARSE

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


class Recalled:
    """Programs whose descriptions went through JSON."""

    def __init__(self, programs: Programs) -> None:
        self.programs = programs
        self.losses: tuple[Term, ...] = tuple(term_from_json(through(term_to_json(each))) for each in programs.losses)
        self.data: Data = programs.data

    def program(self, *, seed: int | None = None, with_losses: bool = False) -> Program:
        made = self.programs.program(seed=seed, with_losses=with_losses)
        arrays: Arrays = {}
        value = through(description_to_json(made.description, arrays))
        return replace(made, description=description_from_json(value, arrays))

    def beside(self, which: Beside) -> Program:
        return self.programs.beside(which)

    def lanes(self, method: str) -> Functions | None:
        return self.programs.lanes(method)


def through(value: Any) -> Any:
    return json.loads(json.dumps(value))


def recalled(solver: mc.Solver) -> mc.Solver:
    own: Any = solver
    experiment = experiment_from_json(through(experiment_to_json(own._experiment)))
    return mc.Solver(experiment, Recalled(own._programs), solver.options)


def same(one: object, other: object) -> None:
    np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


@pytest.mark.parametrize("name", ["hp_loop", "hp_fit", "muthuswamy_chua", "short_term_plasticity"])
def test_an_example_by_its_description(name: str) -> None:
    solver = mc.compile(mc.load(EXAMPLES / name / f"{name}.mem"))
    other = recalled(solver)
    assert other.parameters.keys() == solver.parameters.keys()
    assert other.initial.keys() == solver.initial.keys()
    for one, two in zip(solver.run().signals.items(), other.run().signals.items(), strict=True):
        assert one[0] == two[0]
        same(one[1], two[1])
    if solver.has_loss:
        (value, gradient), (same_value, same_gradient) = solver.gradient(), other.gradient()
        assert same_value == value
        assert same_gradient.units == gradient.units
        for each in gradient:
            same(gradient[each], same_gradient[each])


@pytest.mark.parametrize("text", [SPARSE, LAYERS], ids=["sparse", "layers"])
def test_a_network_by_its_description(text: str) -> None:
    solver = mc.compile(mc.parse(text))
    other = recalled(solver)
    for each in (solver, other):
        with pytest.raises(ValueError, match=r"no parameter 'X.r'.*X.R"):
            each.run(parameters={"X.r": 1.0})
    for name, values in solver.initial.items():
        same(values, other.initial[name])
    one, two = (each.run((0, 1e-5), save_at=[0, 1e-5]) for each in (solver, other))
    assert one.units == two.units
    for name, values in one.signals.items():
        same(values, two[name])


def test_a_million_members_are_a_few_numbers() -> None:
    text = SPARSE.replace("size N = 24", "size N = 20000")
    assert text != SPARSE
    solver = mc.compile(mc.parse(text))
    arrays: Arrays = {}
    value = description_to_json(solver.program.description, arrays)
    assert len(json.dumps(value)) < 4000
    assert not arrays


def test_what_runs_from_a_description_imports_no_model_and_no_compiler() -> None:
    code = "import sys, mcompiler.solver.solver, mcompiler.solver.record; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    unwanted = ("mcompiler.dsl", "mcompiler.model.model", "mcompiler.network", "sympy", "numba", "llvmlite", "lark")
    assert not [each for each in found if each.startswith(unwanted)]
