"""The data of a diagnostic, and the two errors that carry them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mcompiler.source import Span


@dataclass(frozen=True, slots=True)
class Label:
    """A place and what is to be said about it (possibly nothing)."""

    span: Span
    text: str = ""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing that is wrong. The first label is the place; notes are facts, hints are things to do."""

    code: str
    headline: str
    labels: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    severity: Literal["error", "warning"] = "error"
    file: str = ""


class CompileError(Exception):
    """The model is wrong: all that was found, in the user's terms. ``str()`` renders it."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        super().__init__(diagnostics)
        self.diagnostics: tuple[Diagnostic, ...] = tuple(diagnostics)

    def __str__(self) -> str:
        from mcompiler.diagnostics.render import render  # the renderer needs this module

        return "\n\n".join(render(each) for each in self.diagnostics)


class InternalError(Exception):
    """mcompiler is wrong, not the model. Notes carry the text of the stage where it was noticed."""
