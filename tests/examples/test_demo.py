"""`mcompiler demo` as a newcomer types it: its numbers, its picture, and the commands that it names."""

# pytest.approx carries no types.
# pyright: reportUnknownMemberType=false
from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.examples.commands import numbers, run


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("demo")
    return folder, run("mcompiler demo", folder, cache)


def test_numbers_and_picture(demo: tuple[Path, str]) -> None:
    folder, said = demo
    assert numbers("peak current # µA", said)[0] == pytest.approx(119.8, abs=0.1)
    top, bottom = re.findall(r"([-+]\d\.\d+) / ([-+]\d\.\d+) mA", said)[0]
    assert (float(top), float(bottom)) == pytest.approx((1.0, -0.5805), abs=1e-3)
    assert numbers("time constant of the decay # ms", said)[0] == pytest.approx(50, abs=1e-3)
    low, high = map(float, re.findall(r"a\.v between (\S+) and (\S+) V", said)[0])
    assert (-low, high) == pytest.approx((2.1, 2.1), abs=0.15)  # chaos: extremes of a finite run
    assert (folder / "demo.png").read_bytes().startswith(b"\x89PNG")


def test_the_commands_that_it_names(demo: tuple[Path, str], cache: Path) -> None:
    folder, said = demo
    named = re.findall(r"^  (mcompiler .+)$", said, re.MULTILINE)
    assert len(named) == 4
    for command in named:
        assert run(command, folder, cache)
