"""The pages of the documentation as blocks of code, with what each block's first line says of it.

```mem                    a model: checked, and run where it has an experiment
```mem bench.mem          likewise, and a file beside the page's other files
```mem wrong: a-code      a model that is refused, with exactly these codes
```csv loop.csv           a file
```python                 run, all of one page in the order of the text and with the same names; with ``>>>`` its output is compared
```sh                     every line that begins with ``mcompiler`` or ``python`` is run; ``# exit code 1`` says how it ends
```text output            exactly what the last command above printed
```text printed           exactly what the refused model above prints
```text demo              what ``mcompiler demo`` prints first, but for times; tests/examples/test_demo.py compares
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.architecture.test_imports import ROOT

PAGES = (*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md")
_FENCE = re.compile(r"^ {0,3}(?P<fence>`{3,}|~{3,})[ \t]*(?P<kind>[\w+-]*)[ \t]*(?P<about>[^\n`]*)$")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, what else its first line says, its text, and the line of the page where the text begins."""

    page: Path
    kind: str
    about: str
    text: str
    line: int

    @property
    def place(self) -> str:
        """``docs/language.md:12``."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def file(self) -> str:
        """The file that the block is, or nothing."""
        return self.about if re.fullmatch(r"[\w.-]+\.\w+", self.about) else ""

    @property
    def wrong(self) -> list[str]:
        """The codes with which a model is refused."""
        before, colon, codes = self.about.partition(":")
        return [each.strip() for each in codes.split(",")] if colon and before == "wrong" else []


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page in order."""
    return list(_blocks(page, page.read_text("utf-8").split("\n")))


def _blocks(page: Path, lines: list[str]) -> Iterator[Block]:
    opened: re.Match[str] | None = None
    start = 0
    for number, line in enumerate(lines):
        if opened is None:
            opened, start = _FENCE.match(line), number + 1
        elif line.strip() == opened["fence"]:
            text = "".join(f"{each}\n" for each in lines[start:number])
            yield Block(page, opened["kind"], opened["about"].strip(), text, start + 1)
            opened = None
    if opened is not None:
        raise ValueError(f"{page}:{start}: this block is never closed")


def of_kind(*kinds: str) -> list[Block]:
    """All blocks of these languages, page by page."""
    return [each for page in PAGES for each in blocks(page) if each.kind in kinds]
