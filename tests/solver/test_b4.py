"""The model of benchmark B4 against the array code that the benchmark compares everyone with: gradients by weights, biases and the initial state."""

from pathlib import Path

from benchmarks.b4 import numpy_arrays, ours, problem
from benchmarks.peers import ROUND_OFF, errors


def test_gradients_are_those_of_numpy(tmp_path: Path) -> None:
    given = problem(8, tmp_path)
    assert max(errors(ours(given)(), numpy_arrays(given)())) < ROUND_OFF
