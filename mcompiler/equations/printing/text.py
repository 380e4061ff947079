"""Sheets as text for a terminal: an equation, its unit and the line it comes from in one row; nothing beyond ASCII but what the user wrote."""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mcompiler.equations.printing.infix import Naming, infix, terms
from mcompiler.equations.printing.naming import ascii_names
from mcompiler.equations.printing.sheet import Row, Section, Sheet

#: The widest column of equations that is kept, the longest term that is not broken, and the widest line.
_WIDEST, _LONGEST, _WIDTH = 64, 80, 120


@dataclass(frozen=True, slots=True)
class _Columns:
    """Widths of the columns of equations, units and places."""

    equation: int
    unit: int
    place: int


def to_text(sheet: Sheet) -> str:
    """The sheet, with an end of line."""
    names = [ascii_names(sheet.system, section.template) for section in sheet.sections]
    equations = [
        [_equation(row, naming) for row in section.rows] for section, naming in zip(sheet.sections, names, strict=True)
    ]
    columns = _columns(sheet, equations)
    lines = [f"{sheet.name}: {sheet.title}", *(f"  {each.text}" for each in sheet.notes)]
    for section, own in zip(sheet.sections, equations, strict=True):
        lines += ["", *_heading(section)]
        lines += [
            line for row, equation in zip(section.rows, own, strict=True) for line in _row(row, equation, columns)
        ]
    return "\n".join(lines) + "\n"


def _columns(sheet: Sheet, equations: list[list[list[str]]]) -> _Columns:
    rows = [row for section in sheet.sections for row in section.rows]
    lasts = [len(lines[-1]) for own in equations for lines in own]
    return _Columns(
        max((each for each in lasts if each <= _WIDEST), default=0),
        max((len(str(row.dimension)) for row in rows), default=0),
        max((len(_place(row)) for row in rows), default=0),
    )


def _place(row: Row) -> str:
    return f"{Path(row.origin.source.name).name}:{row.origin.line}" if row.origin else ""


def _heading(section: Section) -> Iterator[str]:
    place = f"   {section.origin}" if section.origin else ""
    yield f"{section.title}{place}"
    for note in (section.doc, *section.notes):
        yield from textwrap.wrap(note, _WIDTH - 2, initial_indent="  ", subsequent_indent="    ")


def _row(row: Row, equation: list[str], columns: _Columns) -> Iterator[str]:
    *first, last = equation
    yield from (f"  {each}" for each in first)
    line = f"  {last.ljust(columns.equation)}  {str(row.dimension).ljust(columns.unit)}  {_place(row).ljust(columns.place)}"
    room = max(_WIDTH - len(line) - 2, 30)
    pieces = textwrap.wrap(row.note, room) or [""]
    yield f"{line}  {pieces[0]}".rstrip()
    yield from (f"{' ' * len(line)}  {each}".rstrip() for each in pieces[1:])


def _equation(row: Row, naming: Naming) -> list[str]:
    """The equation in lines that fit the column where its terms and factors allow that."""
    left = infix(row.left, naming)
    if row.condition is not None:
        left = f"when {infix(row.condition, naming)} > 0: {left}"
    if row.right is None:
        return [left]
    lines = [f"{left} {row.relation}"]
    indent = " " * min(len(lines[0]) + 1, 12)
    for term in terms(row.right, naming):
        first, *others = _factors(term, _LONGEST)
        if len(lines[-1]) + len(first) < _WIDEST or lines[-1].strip().endswith(row.relation):
            lines[-1] += f" {first}"
        else:
            lines.append(f"{indent}{first}")
        lines += [f"{indent}  {each}" for each in others]
    return lines


def _factors(term: str, width: int) -> list[str]:
    """A term in lines of about so many characters, broken before the outermost operators there are."""
    lines: list[str] = []
    while len(term) > width:
        breaks = [(_depth(term, place), -place) for place in range(width // 3, width) if _is_break(term, place)]
        if not breaks:
            break
        place = -min(breaks)[1]
        lines.append(term[:place])
        term = term[place:].strip()
    return [*lines, term]


def _is_break(term: str, place: int) -> bool:
    return term[place] in "*/" or term[place : place + 3] in (" + ", " - ")


def _depth(term: str, place: int) -> int:
    return term.count("(", 0, place) - term.count(")", 0, place)
