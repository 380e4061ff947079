"""Sizes and index arrays fit the derived system, and are made without sympy."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from mcompiler.network.binding import bindings
from tests.equations.benches import BENCHES, EXAMPLES
from tests.equations.models import made


@pytest.mark.parametrize("name", [*BENCHES, *EXAMPLES, "crossbar", "net"])
def test_every_class_has_a_size_and_every_end_its_members(name: str) -> None:
    model = made(name)
    sizes, indices = bindings(model.network)
    assert sizes.keys() == {each.name for each in model.system.classes}
    ends = {(edge.name, place): vertex for edge in model.system.edges for place, vertex in enumerate(edge.ends)}
    assert indices.keys() == ends.keys()
    for (edge, place), members in indices.items():
        assert members.shape == (sizes[edge],)
        assert np.all((members >= 0) & (members < sizes[ends[edge, place]]))


def test_a_warm_process_binds_without_sympy() -> None:
    script = "import mcompiler.network.binding, sys; print('sympy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
