"""What users are told when something is wrong: a code, a headline, places in the source, facts and hints.

Knows sources only. Every stage collects diagnostics and raises one ``CompileError`` with all of them at its end.
"""

from mcompiler.diagnostics.diagnostic import CompileError, Diagnostic, InternalError, Label
from mcompiler.diagnostics.problems import Problems, did_you_mean
from mcompiler.diagnostics.render import render

__all__ = ["CompileError", "Diagnostic", "InternalError", "Label", "Problems", "did_you_mean", "render"]
