"""Where comments and blank lines of a source stand between the things that are printed."""

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from mcompiler.dsl import syntax
from mcompiler.dsl.printer.layout import Note

_TO_BRACE = re.compile(r'(?:#[^\n]*|"[^"\n]*"|[^{"#])*\{')


#: What has lines of its own.
Printed: TypeAlias = syntax.Item | syntax.Statement | syntax.Reset | syntax.Argument


@dataclass(slots=True)
class Entry:
    """A node or a comment with lines of its own, and what belongs to it."""

    node: Printed | None
    text: str = ""
    has_blank_before: bool = False
    inside: list[Note] = field(default_factory=list[Note])
    trailing: str = ""


class Places:
    """The text of a module and its comments in order."""

    def __init__(self, module: syntax.Module) -> None:
        self.text = module.source.text
        self.notes = [
            Note(each.text, each.span.start, not self._line_before(each.span.start).strip())
            for each in sorted(module.comments, key=lambda each: each.span.start)
        ]
        self._starts = [note.start for note in self.notes]

    def within(self, start: int, end: int) -> list[Note]:
        """The comments between two places."""
        return self.notes[bisect_left(self._starts, start) : bisect_left(self._starts, end)]

    def brace(self, node: syntax.Node) -> int:
        """The place behind the opening brace of a block, event or set."""
        found = _TO_BRACE.match(self.text, node.span.start)
        return found.end() if found else node.span.start

    def has_newline(self, start: int, end: int) -> bool:
        """Whether a line ends between two places."""
        return self.text.find("\n", start, end) >= 0

    def entries(self, nodes: Sequence[Printed], start: int, end: int) -> tuple[str, list[Entry]]:
        """The comment on the line of ``start``, and what stands between there and ``end``, in order."""
        head = Entry(None)
        entries = [head]
        place = start
        notes = self.within(start, end)
        at = 0
        for node in nodes:
            at, place = self._comments(entries, notes, at, place, node.span.start)
            entry = Entry(node, has_blank_before=self._is_blank(place, node.span.start))
            while at < len(notes) and notes[at].start < node.span.end:
                entry.inside.append(notes[at])
                at += 1
            entries.append(entry)
            place = node.span.end
        self._comments(entries, notes, at, place, end)
        if len(entries) > 1:
            entries[1].has_blank_before = False
        return head.trailing, entries[1:]

    def _comments(self, entries: list[Entry], notes: list[Note], at: int, place: int, end: int) -> tuple[int, int]:
        """Take the comments up to ``end``: on the line of what stands before, or with a line of their own."""
        while at < len(notes) and notes[at].start < end:
            note = notes[at]
            if self.has_newline(place, note.start) or entries[-1].trailing or (place == 0 and len(entries) == 1):
                entries.append(Entry(None, note.text, has_blank_before=self._is_blank(place, note.start)))
            else:
                entries[-1].trailing = note.text
            place = note.start + len(note.text)
            at += 1
        return at, place

    def _is_blank(self, start: int, end: int) -> bool:
        return self.text.count("\n", start, end) > 1

    def _line_before(self, offset: int) -> str:
        return self.text[self.text.rfind("\n", 0, offset) + 1 : offset]
