"""From pieces to lines: long statements are wrapped, comments inside a statement stay where they are, neighbours are aligned."""

from collections.abc import Sequence
from dataclasses import dataclass

from mcompiler.dsl.printer.pieces import COMMENT_ONLY, Piece, Writer

#: Longest line.
WIDTH = 120
#: One step of indentation: of bodies, and of the second and further lines of a statement.
STEP = "  "


@dataclass(frozen=True, slots=True)
class Note:
    """A comment: its text, its place, and whether it has a line of its own."""

    text: str
    start: int
    is_alone: bool


def lines(out: Writer, indentation: str, notes: Sequence[Note] = (), widths: Sequence[int] = ()) -> list[str]:
    """The lines of a statement: one, with its columns padded to the widths, if it fits and has no comment inside."""
    if not notes and len(indentation) + out.width <= WIDTH:
        return [indentation + _padded(out, widths)]
    before, after = placed(out.pieces, notes)
    result = [indentation + note.text for note in before]
    first = 0
    for last in (*after, len(out.pieces)):
        lead = indentation if first == 0 else indentation + STEP
        result += _wrapped(out.pieces[first:last], lead, indentation + STEP)
        for number, note in enumerate(after.get(last, ())):
            if note.is_alone or number:
                result.append(indentation + STEP + note.text)
            else:
                result[-1] = f"{result[-1]}  {note.text}"
        first = last
    return result


def column_widths(writers: Sequence[Writer], room: int) -> list[list[int]]:
    """For each of some neighbours the widths of its columns but the last: the same as far as the first words are the same.

    One more space stands before the last of three columns. Where there is one statement, or not room enough for all, there are no widths.
    """
    columns = [out.columns for out in writers]
    heads: dict[tuple[str, int], int] = {}
    for each in columns:
        for number, text in enumerate(each[:-1]):
            key = (_first_word(each), number)
            heads[key] = max(heads.get(key, 0), len(text))
    result = [[heads[_first_word(each), number] for number in range(len(each) - 1)] for each in columns]
    total = max(map(sum, result)) + 1
    filled = [[*each[:-1], total - sum(each[:-1])] if len(each) > 1 else each for each in result]
    lasts = (out.width - sum(map(len, each[:-1])) for out, each in zip(writers, columns, strict=True))
    fits = all(sum(each) + last <= room for each, last in zip(filled, lasts, strict=True))
    return filled if fits and len(writers) > 1 else [[] for _ in writers]


def _first_word(columns: Sequence[str]) -> str:
    """What tells kinds of declarations apart; elements are all of one kind."""
    return columns[0].partition(" ")[0] if len(columns) > 2 else ""


def _padded(out: Writer, widths: Sequence[int]) -> str:
    *columns, last = out.columns
    filled = [text.ljust(width) for text, width in zip(columns, widths, strict=False)] if widths else columns
    return ("".join(filled) + last).rstrip()


def placed(pieces: Sequence[Piece], notes: Sequence[Note]) -> tuple[list[Note], dict[int, list[Note]]]:
    """Comments that go before the statement, and for the numbers of pieces those that go before the piece.

    A comment stands where the line may end last before what follows it in the source; behind the last such place there is none.
    """
    before: list[Note] = []
    after: dict[int, list[Note]] = {}
    places = [number for number, piece in enumerate(pieces[:-1], 1) if piece.cost is not None]
    starts = [_next_start(pieces, number) for number in places]
    at = 0
    for note in notes:
        while at < len(places) and starts[at] <= note.start:
            at += 1
        if at < len(places):
            after.setdefault(places[at], []).append(note)
        else:
            before.append(note)
    return before, after


def _next_start(pieces: Sequence[Piece], number: int) -> int:
    """Where in the source the pieces from there on begin."""
    return next((piece.start for piece in pieces[number:] if piece.start >= 0), -1)


def _wrapped(pieces: Sequence[Piece], lead: str, continuation: str) -> list[str]:
    """Lines no longer than the width where that is possible, each ended at the best place that it has."""
    result: list[str] = []
    first = 0
    while first < len(pieces):
        last = _line_end(pieces, first, WIDTH - len(lead))
        result.append((lead + "".join(piece.text for piece in pieces[first:last]).lstrip()).rstrip())
        lead = continuation
        first = last
    return result


def _line_end(pieces: Sequence[Piece], first: int, room: int) -> int:
    """The number of the piece that begins the next line."""
    best, best_cost = len(pieces), COMMENT_ONLY
    used = 0
    for number in range(first, len(pieces)):
        piece = pieces[number]
        used += piece.width
        is_over = used - (len(piece.text) - len(piece.text.rstrip())) > room and not piece.may_stick_out
        if is_over and best < len(pieces):
            return best
        if (
            piece.cost is not None
            and piece.cost <= best_cost
            and piece.cost < COMMENT_ONLY
            and number + 1 < len(pieces)
        ):
            best, best_cost = number + 1, piece.cost
    return best if used > room and best_cost < COMMENT_ONLY else len(pieces)
