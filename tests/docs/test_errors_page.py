"""The page of errors is what its script makes of tests/errors, and names every code that there is."""

import re
import runpy
from pathlib import Path
from typing import Any

from tests.architecture.test_imports import FOLDERS, ROOT

MADE: dict[str, Any] = runpy.run_path(str(ROOT / "docs" / "make_errors.py"))
DESCRIBED = {code for codes in MADE["CODES"].values() for code in codes}
#: Rooms that speak to users about their models.
ROOMS = (FOLDERS["mcompiler.dsl"], *(ROOT / "mcompiler" / room for room in ("model", "network", "driver.py")))


def test_the_page_is_current() -> None:
    assert (ROOT / "docs" / "errors.md").read_text("utf-8") == MADE["page"](), "run python docs/make_errors.py"


def test_every_example_has_its_code_on_the_page() -> None:
    assert {path.name.partition(".")[0] for path in MADE["EXAMPLES"].glob("*.mem")} <= DESCRIBED


def test_every_code_of_the_program_is_on_the_page() -> None:
    assert codes() - {"utf-8", "utf-8-sig"} <= DESCRIBED


def test_nothing_on_the_page_is_without_a_place_in_the_program() -> None:
    texts = "".join(path.read_text("utf-8") for room in ROOMS for path in paths(room))
    assert [code for code in sorted(DESCRIBED) if f'"{code}"' not in texts] == []


def codes() -> set[str]:
    """Words with hyphens in quotes: nothing else in these rooms is written so."""
    return {
        each
        for room in ROOMS
        for path in paths(room)
        for each in re.findall(r'"([a-z]+(?:-[a-z0-9]+)+)"', path.read_text("utf-8"))
    }


def paths(room: Path) -> list[Path]:
    return [room] if room.is_file() else sorted(room.rglob("*.py"))
