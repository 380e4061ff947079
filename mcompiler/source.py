"""Source texts and places in them. Everything that can be wrong with a file before it is parsed is found here."""

from dataclasses import dataclass
from pathlib import Path

#: Longest source text, in bytes.
MAXIMUM_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Source:
    """A text with the name that users know it by (a path as they gave it, or ``<text>``)."""

    name: str
    text: str
    folder: Path | None = None

    def line_of(self, offset: int) -> int:
        """The line, from 1, that holds the character at ``offset``."""
        return self.text.count("\n", 0, offset) + 1

    def line_start(self, offset: int) -> int:
        """The offset of the first character of that line."""
        return self.text.rfind("\n", 0, offset) + 1

    def line_text(self, offset: int) -> str:
        """The text of that line, without its end."""
        start = self.line_start(offset)
        end = self.text.find("\n", start)
        return self.text[start : end if end >= 0 else len(self.text)].rstrip("\r")


@dataclass(frozen=True, slots=True)
class Span:
    """The characters ``start`` up to ``end`` (not included) of a source."""

    source: Source
    start: int
    end: int

    @property
    def line(self) -> int:
        """The line, from 1, where the span starts."""
        return self.source.line_of(self.start)

    @property
    def column(self) -> int:
        """The column, from 1, where the span starts."""
        return self.start - self.source.line_start(self.start) + 1

    @property
    def text(self) -> str:
        """The characters themselves."""
        return self.source.text[self.start : self.end]

    def __str__(self) -> str:
        return f"{self.source.name}:{self.line}"

    def to(self, other: "Span") -> "Span":
        """The span from here to the end of ``other``."""
        return Span(self.source, min(self.start, other.start), max(self.end, other.end))
