"""Derived equations as text, recorded to be read in review. Only a test that has checked the numbers may compare or record."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcompiler.equations.shown import Derivation, Equations
from tests.equations.models import Made

FOLDER = Path(__file__).resolve().parent / "golden"


def check_text(name: str, made: Made, derivation: Derivation, config: pytest.Config, form: str = "text") -> None:
    """Compare the equations with the recorded text, or record them where ``--update-golden`` says so."""
    text = Equations(made.system, made.network, made.model, derivation).to(form)
    check_file(f"{name}.{derivation}{'' if form == 'text' else f'.{form}'}.txt", text, config)


def check_file(name: str, text: str, config: pytest.Config) -> None:
    """Compare a text with the recorded file, or record it."""
    path = FOLDER / name
    if config.getoption("--update-golden"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"{path.name} is not recorded: read the equations, then run pytest --update-golden"
    assert text == path.read_text(encoding="utf-8")
