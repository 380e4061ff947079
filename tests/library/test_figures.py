"""The numbers that devices are known by, within what is known of them."""

# SciPy and pytest.approx carry no types.
# pyright: reportUnknownMemberType=false
from __future__ import annotations

import pytest

from tests.library.cases import CASES
from tests.library.figures import FIGURES, Figure

#: Sets without a number of their own: the first are illustrative, the last has none printed but its stimulus.
WITHOUT = {"PershinDiVentra.ngspice_example"}


@pytest.mark.parametrize("figure", FIGURES, ids=lambda each: f"{each.device}, {each.quantity}, {each.source}")
def test_figure(figure: Figure) -> None:
    assert figure.ours() == pytest.approx(figure.known, rel=figure.tolerance)


def test_every_published_set_has_a_figure() -> None:
    assert {each.device for each in FIGURES} == {name for name in CASES if "." in name} - WITHOUT
