"""A compiler for memristor networks: from a page of model language to derived equations and machine code.

The public names are imported when they are first used, so that ``import mcompiler`` costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcompiler.analysis.analysis import Analysis, analyse
    from mcompiler.diagnostics import CompileError, Diagnostic, InternalError
    from mcompiler.driver import Compilation, compile, load, parse  # noqa: A004 - the verb of the whole
    from mcompiler.solution import Solution, Status
    from mcompiler.solver.gradient import Gradient
    from mcompiler.solver.solver import Solver
    from mcompiler.standalone.from_model import build

__all__ = [
    "Analysis",
    "Compilation",
    "CompileError",
    "Diagnostic",
    "Gradient",
    "InternalError",
    "Solution",
    "Solver",
    "Status",
    "analyse",
    "build",
    "compile",
    "load",
    "parse",
]

_HOME = {
    "Analysis": "mcompiler.analysis.analysis",
    "Compilation": "mcompiler.driver",
    "CompileError": "mcompiler.diagnostics",
    "Diagnostic": "mcompiler.diagnostics",
    "Gradient": "mcompiler.solver.gradient",
    "InternalError": "mcompiler.diagnostics",
    "Solution": "mcompiler.solution",
    "Solver": "mcompiler.solver.solver",
    "Status": "mcompiler.solution",
    "analyse": "mcompiler.analysis.analysis",
    "build": "mcompiler.standalone.from_model",
    "compile": "mcompiler.driver",
    "load": "mcompiler.driver",
    "parse": "mcompiler.driver",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'mcompiler' has no attribute {name!r}", name=name)
    value: object = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
