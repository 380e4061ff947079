"""Collects what is wrong during a stage, so that a user hears of everything at once."""

import difflib
from collections.abc import Iterable
from itertools import islice
from typing import Literal

from mcompiler.diagnostics.diagnostic import CompileError, Diagnostic, Label
from mcompiler.source import Span

#: A stage stops collecting here: what follows is rarely news.
MOST = 100
#: Finding near names takes time that grows with their number and length.
_MOST_CANDIDATES, _LONGEST_NAME = 500, 60


class Problems:
    """The diagnostics of one stage, in the order they were found; the same one is kept once."""

    def __init__(self) -> None:
        self.found: list[Diagnostic] = []

    def error(
        self,
        code: str,
        headline: str,
        *labels: Span | tuple[Span, str],
        notes: Iterable[str] = (),
        hints: Iterable[str] = (),
        severity: Literal["error", "warning"] = "error",
    ) -> None:
        """Note one problem; the first label is its place."""
        places = tuple(Label(*each) if isinstance(each, tuple) else Label(each) for each in labels)
        diagnostic = Diagnostic(code, headline, places, tuple(notes), tuple(hints), severity)
        if not self.is_full and diagnostic not in self.found:
            self.found.append(diagnostic)

    @property
    def is_full(self) -> bool:
        """Whether there are so many that the rest is left out."""
        return len(self.found) >= MOST

    def suggest(self, name: str, names: Iterable[str]) -> tuple[str, ...]:
        """A hint with the nearest of ``names``, or none; finding one takes time, so that a full collection has none."""
        return () if self.is_full else did_you_mean(name, names)

    def warn(self, code: str, headline: str, *labels: Span | tuple[Span, str], hints: Iterable[str] = ()) -> None:
        """Note something that is odd, but not wrong."""
        self.error(code, headline, *labels, hints=hints, severity="warning")

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """What is wrong."""
        return tuple(each for each in self.found if each.severity == "error")

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """What is odd."""
        return tuple(each for each in self.found if each.severity == "warning")

    def raise_errors(self) -> None:
        """Raise CompileError with all errors, if there are any, file by file in the order of the text."""
        if self.errors:
            files = list(dict.fromkeys(_file(each) for each in self.errors))
            raise CompileError(sorted(self.errors, key=lambda each: (files.index(_file(each)), _start(each))))


def _file(diagnostic: Diagnostic) -> str:
    return diagnostic.labels[0].span.source.name if diagnostic.labels else ""


def _start(diagnostic: Diagnostic) -> int:
    return diagnostic.labels[0].span.start if diagnostic.labels else -1


def did_you_mean(name: str, names: Iterable[str]) -> tuple[str, ...]:
    """A hint with the nearest of ``names``, or none; of very many names only the first are looked at."""
    own = name.lower()
    lowered = {each.lower(): each for each in islice(names, _MOST_CANDIDATES) if abs(len(each) - len(own)) <= len(own)}
    near = difflib.get_close_matches(own, lowered, n=2, cutoff=0.6) if len(own) < _LONGEST_NAME else []
    return (f"did you mean {' or '.join(lowered[each] for each in near)}?",) if near else ()
