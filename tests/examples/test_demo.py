"""`mcompiler demo` as a newcomer types it: its numbers, its picture, the commands that it names, and what the README says of it."""

# pytest.approx carries no types.
# pyright: reportUnknownMemberType=false
from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.architecture.test_imports import ROOT
from tests.docs.pages import blocks
from tests.examples.commands import numbers, run


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("demo")
    return folder, run("mcompiler demo", folder, cache)


def test_numbers_and_picture(demo: tuple[Path, str]) -> None:
    folder, said = demo
    assert numbers("peak current # µA", said)[0] == pytest.approx(119.8, abs=0.1)
    assert numbers("restore # of 20 letters", said)[0] == 20
    assert (folder / "demo.png").read_bytes().startswith(b"\x89PNG")


def test_the_readme_says_what_it_prints(demo: tuple[Path, str]) -> None:
    (shown,) = (each.text for each in blocks(ROOT / "README.md") if (each.kind, each.about) == ("text", "demo"))
    _, said = demo
    assert said.startswith("loop ")
    assert without_times(said).startswith(without_times(shown))
    assert (ROOT / "docs" / "demo.png").stat().st_size < 150_000


def without_times(text: str) -> str:
    return re.sub(r" +\d+\.\d s\b", " # s", text)


def test_the_commands_that_it_names(demo: tuple[Path, str], cache: Path) -> None:
    folder, said = demo
    named = re.findall(r"^  (mcompiler .+)$", said, re.MULTILINE)
    assert len(named) == 4
    for command in named:
        assert run(command, folder, cache)
