"""The model of benchmark B5, whose synapses add to both of their cells, against the array code that the benchmark compares everyone with."""

from pathlib import Path

from benchmarks.b5 import numpy_arrays, ours, problem
from benchmarks.peers import ROUND_OFF, errors


def test_network_error_network_and_memristors_are_those_of_numpy(tmp_path: Path) -> None:
    given = problem(8, tmp_path)
    assert max(errors(ours(given)(), numpy_arrays(given)())) < ROUND_OFF
