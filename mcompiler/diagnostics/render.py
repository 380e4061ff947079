"""Diagnostics as text, the way compilers show them: the source line, carets, notes and hints."""

import unicodedata
from collections.abc import Iterator

from mcompiler.diagnostics.diagnostic import Diagnostic, Label

RED, YELLOW, BLUE, BOLD, RESET = "\x1b[31m", "\x1b[33m", "\x1b[34m", "\x1b[1m", "\x1b[0m"
LONGEST_LINE = 160


def render(diagnostic: Diagnostic, *, color: bool = False) -> str:
    """The text of a diagnostic, several lines without an end of line; ``color`` adds ANSI colours for a terminal."""
    text = "\n".join(_lines(diagnostic))
    return _colored(text, diagnostic) if color else text


def _lines(diagnostic: Diagnostic) -> Iterator[str]:
    yield f"{diagnostic.severity}[{diagnostic.code}]: {diagnostic.headline}"
    width = max((len(str(label.span.line)) for label in diagnostic.labels), default=1)
    pad = " " * width
    if diagnostic.labels:
        first = diagnostic.labels[0].span
        yield f"{pad}--> {first.source.name}:{first.line}:{first.column}"
        yield f"{pad} |"
        yield from _labelled(diagnostic.labels, width)
        yield f"{pad} |"
    elif diagnostic.file:
        yield f"{pad}--> {diagnostic.file}"
    for note in diagnostic.notes:
        yield f"{pad} = note: {note}"
    for hint in diagnostic.hints:
        yield f"{pad} = hint: {hint}"


def _labelled(labels: tuple[Label, ...], width: int) -> Iterator[str]:
    """The source lines of the labels in order, each with its carets below."""
    main = labels[0].span.source
    previous = 0
    for number, each in _by_line(labels):
        source = each[0].span.source
        if source != main:
            yield f"{' ' * width} ::: {source.name}:{number}"
        elif previous and number > previous + 1:
            yield f"{'.' * min(width, 3)}"
        previous = number if source == main else 0
        line = _visible(source.line_text(each[0].span.start))
        left = _left_out(each)
        shown = ("..." if left else "") + line[left + 3 * bool(left) : left + LONGEST_LINE].rstrip()
        yield f"{number:>{width}} | {shown}"
        yield from (f"{' ' * width} | {text}".rstrip() for text in _carets(each, shown, left))


def _left_out(labels: list[Label]) -> int:
    """How much of the beginning of a long line is left out, so that the first label is seen."""
    first = labels[0].span.column - 1
    return max(0, first - LONGEST_LINE // 4) if first > LONGEST_LINE * 3 // 4 else 0


def _by_line(labels: tuple[Label, ...]) -> list[tuple[int, list[Label]]]:
    groups: dict[tuple[str, int], list[Label]] = {}
    for label in labels:
        groups.setdefault((label.span.source.name, label.span.line), []).append(label)
    main = labels[0].span.source.name
    ordered = sorted(groups, key=lambda key: (key[0] != main, key))
    return [(key[1], sorted(groups[key], key=lambda label: label.span.start)) for key in ordered]


def _carets(labels: list[Label], line: str, left: int) -> Iterator[str]:
    """One row of carets below what is shown of a line, the last text beside its own and the others below theirs, joined by bars."""
    starts = [_width(line[: label.span.column - 1 - left]) for label in labels]
    row = ""
    for label, start in zip(labels, starts, strict=True):
        first = label.span.column - 1 - left
        covered = line[first : first + label.span.end - label.span.start]
        row = row.ljust(start) + "^" * max(1, _width(covered) - max(0, len(row) - start))
    yield (row + " " + labels[-1].text).rstrip()[: LONGEST_LINE + 80]
    said = [position for position in range(len(labels) - 1) if labels[position].text]
    while said:
        yield "".join(_bars([starts[each] for each in said]))
        last = said.pop()
        yield "".join(_bars([starts[each] for each in said])).ljust(starts[last]) + labels[last].text


def _bars(starts: list[int]) -> Iterator[str]:
    at = 0
    for start in starts:
        yield " " * (start - at) + "|"
        at = start + 1


def _visible(line: str) -> str:
    return "".join(" " if each == "\t" or not each.isprintable() else each for each in line)


def _width(text: str) -> int:
    """Columns that a terminal uses: wide characters two, combining ones none."""
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else not unicodedata.combining(each) for each in text)


def _colored(text: str, diagnostic: Diagnostic) -> str:
    strong = RED if diagnostic.severity == "error" else YELLOW
    head, *rest = text.split("\n")
    lines = [f"{BOLD}{strong}{head}{RESET}"]
    lines += [
        line.replace("^", f"{strong}^{RESET}", 1) if set(line) & {"^"} and "|" in line and "=" not in line else line
        for line in rest
    ]
    return "\n".join(lines)
