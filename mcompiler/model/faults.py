"""The problems that several parts of this room find, by what they mean."""

from collections.abc import Iterable, Sequence
from itertools import islice

from mcompiler.diagnostics import Problems, did_you_mean
from mcompiler.model.scope import Known
from mcompiler.source import Span
from mcompiler.units import DIMENSIONLESS, Dimension

#: So many names of a circle are told.
_MOST_TOLD = 8
#: So many names of a list are told.
_MOST_LISTED = 20


def duplicate(problems: Problems, headline: str, again: Span, first: Span | None) -> None:
    """Something is said twice."""
    if first is not None and first.source is again.source and first.start > again.start:
        again, first = first, again  # whichever was read first: the later one in the text is to be changed
    before = [(first, "first here")] if first is not None and first != again else []
    problems.error("duplicate-name", headline, (again, "again here"), *before)


def unknown(
    problems: Problems,
    code: str,
    headline: str,
    span: Span,
    name: str,
    candidates: Iterable[str],
    otherwise: str = "",
    note: str = "",
) -> None:
    """A name means nothing here; the hint is a near one of ``candidates``, else ``otherwise``."""
    if problems.is_full:
        return
    hints = did_you_mean(name, candidates) or ((otherwise,) if otherwise else ())
    problems.error(code, headline, span, hints=hints, notes=(note,) if note else ())


def unsupported(problems: Problems, what: str, span: Span, *hints: str) -> None:
    """Part of the language that is not compiled yet."""
    headline = f"{what} part of the language, but this version does not compile them"
    problems.error("unsupported", headline, span, hints=hints)


def circular(problems: Problems, headline: str, circle: Sequence[str], places: Iterable[Span | None]) -> None:
    """Names that need each other, in a circle; ``places`` are where each is given. Of a long circle the first names are told."""
    names = [*circle, circle[0]] if len(circle) <= _MOST_TOLD else [*circle[:_MOST_TOLD], "...", circle[0]]
    following = [*circle[1:], circle[0]]
    labels = [
        (place, f"{name} needs {other}")
        for name, other, place in islice(zip(circle, following, places, strict=True), _MOST_TOLD)
        if place is not None
    ]
    problems.error("circular-definition", f"{headline}: {' -> '.join(names)}", *labels)


def unbalanced(
    problems: Problems, left: tuple[Span, Dimension], right: tuple[Span, Dimension], since: str = ""
) -> None:
    """The two sides of an equation have different units; ``since`` says where the left one's comes from."""
    factor = left[1] / right[1]
    problems.error(
        "unit-mismatch",
        "the two sides of this equation have different units",
        (left[0], f"{named(left[1])}{since}"),
        (right[0], named(right[1])),
        hints=(f"the right side lacks a factor in {factor}",),
    )


def listed(names: Iterable[str]) -> str:
    """Names in a row; of many the first."""
    first = list(islice(names, _MOST_LISTED + 1))
    return ", ".join(first[:_MOST_LISTED] + ["..."] * (len(first) > _MOST_LISTED)) or "none"


def in_words(dimension: Dimension) -> str:
    """A unit after "is": "in V", "dimensionless"."""
    return "dimensionless" if dimension == DIMENSIONLESS else f"in {dimension}"


def named(dimension: Dimension) -> str:
    """A unit by itself: "V", "dimensionless"."""
    return "dimensionless" if dimension == DIMENSIONLESS else str(dimension)


def described(known: Known) -> str:
    """The unit of a quantity, in words and with the line of its declaration."""
    return in_words(known.dimension) + (f" (line {known.span.line})" if known.span else "")
