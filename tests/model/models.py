"""Model texts to resolve, and what goes wrong with them."""

from pathlib import Path

from mcompiler.diagnostics import CompileError, Problems
from mcompiler.dsl import parse, syntax
from mcompiler.model.check import Checker
from mcompiler.model.expression import Expression
from mcompiler.model.library import library_functions
from mcompiler.model.model import Device, Model
from mcompiler.model.resolve import resolve
from mcompiler.model.scope import Known, Scope
from mcompiler.source import Source
from mcompiler.units import Dimension

BENCH = """
circuit Bench {
  param A = 1[V]
  node top
  S: VoltageSource(top, ground, V = A*sin(2*pi*1[Hz]*t))
  M: HP(top, ground)
}
"""


def model(text: str, folder: Path | None = None) -> Model:
    """The resolved model of a text."""
    return resolve(parse(Source("model.mem", text, folder)))


def device(body: str) -> Device:
    """The device D(p, n) with these statements."""
    return model(f"device D(p, n) {{\n{body}\n}}\n").devices["D"]


def codes(text: str, folder: Path | None = None) -> list[str]:
    """The codes of all errors of a text, in order."""
    try:
        model(text, folder)
    except CompileError as error:
        return [each.code for each in error.diagnostics]
    return []


def codes_in(body: str) -> list[str]:
    """The codes of all errors of the device D(p, n) with these statements."""
    return codes(f"device D(p, n) {{\n{body}\n}}\n")


def expression(text: str, **names: Dimension) -> Expression:
    """An expression of quantities with these units. Raises CompileError."""
    module = parse(Source("expression", f"function f() = {text}\n"))
    (function,) = module.items
    assert isinstance(function, syntax.Function)
    check = Checker(Problems())
    known = {name: Known(dimension, None, "quantity") for name, dimension in names.items()}
    found = check.any(function.body, Scope(known, library_functions(), "the test"))
    check.problems.raise_errors()
    assert found is not None
    return found
