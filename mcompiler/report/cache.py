"""What the cache holds, as a table for a terminal."""

import time
from collections.abc import Sequence
from pathlib import Path

from mcompiler.backends.shelf import Kept


def table(entries: Sequence[Kept], total: int, folder: Path) -> str:
    """A row per entry: name, when it was written, size, what it is; and how much there is in all (entries share files)."""
    rows = [(each.name or "-", _when(each.when), size_text(each.size), each.what) for each in entries]
    widths = [max(len(row[place]) for row in rows) for place in range(3)] if rows else []
    lines = [
        f"{name.ljust(widths[0])}  {when}  {size.rjust(widths[2])}  {what}".rstrip() for name, when, size, what in rows
    ]
    return "\n".join([*lines, f"{len(rows)} entries, {size_text(total)} in {folder}"])


def size_text(size: int) -> str:
    """Bytes as people write them."""
    if size < 1000:
        return f"{size} B"
    number, unit = size / 1000, "kB"
    if number >= 1000:
        number, unit = number / 1000, "MB"
    return f"{number:.1f} {unit}"


def _when(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
