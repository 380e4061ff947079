"""A statement as pieces of text, and the places between them where a line may end."""

from dataclasses import dataclass, field
from itertools import pairwise

#: How bad it is to end a line: after a comma, a loose operator, a tight operator; within a bracket it is worse by a `LEVEL`.
COMMA, LOOSE, TIGHT = 0, 100, 1_500
LEVEL = 1_000
#: A place where a comment can stand, and no line ends otherwise.
COMMENT_ONLY = 1_000_000


@dataclass(slots=True)
class Piece:
    """Some text of a statement.

    Attributes:
        start: where it begins in the source; -1 where that is not known.
        cost: how bad it is to end the line after it; None where that is not possible.
        may_stick_out: whether it may go beyond the width, since a line cannot end before it: a documentation.
    """

    text: str
    start: int = -1
    cost: int | None = None
    may_stick_out: bool = False

    @property
    def width(self) -> int:
        """The length that counts."""
        return 0 if self.may_stick_out else len(self.text)


@dataclass(slots=True)
class Writer:
    """Pieces of one statement; ``stops`` are the numbers of the pieces that begin a column."""

    pieces: list[Piece] = field(default_factory=list[Piece])
    stops: list[int] = field(default_factory=list[int])
    depth: int = 0

    def write(self, text: str, start: int = -1) -> None:
        """Add text."""
        self.pieces.append(Piece(text, start))

    def may_break(self, cost: int) -> None:
        """Allow the line to end here."""
        self.pieces[-1].cost = cost + LEVEL * self.depth

    def stop(self) -> None:
        """Begin a column."""
        self.stops.append(len(self.pieces))

    def open(self, text: str) -> None:
        """Write an opening bracket."""
        self.write(text)
        self.depth += 1
        self.may_break(COMMENT_ONLY)

    def close(self, text: str) -> None:
        """Write a closing bracket."""
        self.depth -= 1
        self.write(text)

    def comma(self) -> None:
        """Write what stands between two of a list."""
        self.write(", ")
        self.may_break(COMMA)

    def relation(self, text: str) -> None:
        """Write a sign like ``=``; outside of brackets the line cannot end after it."""
        self.write(f" {text} ")
        if self.depth:
            self.may_break(COMMENT_ONLY)

    @property
    def text(self) -> str:
        """All of it on one line."""
        return "".join(piece.text for piece in self.pieces)

    @property
    def width(self) -> int:
        """The length of that line, as far as it counts."""
        return sum(piece.width for piece in self.pieces)

    @property
    def columns(self) -> list[str]:
        """The text cut at the stops."""
        edges = [0, *self.stops, len(self.pieces)]
        return ["".join(piece.text for piece in self.pieces[first:last]) for first, last in pairwise(edges)]
