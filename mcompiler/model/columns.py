"""What a file of numbers holds: named columns; what is wrong with a file is a sentence. Nothing here knows the model or a format."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

#: Largest file, and largest content of an .npz once unpacked, in bytes; most columns of a table.
MAXIMUM_BYTES = 50_000_000
MOST_COLUMNS = 1000

Floats = NDArray[np.float64]
_NAME = re.compile(r"^\s*(?P<name>[^\[\]]*?)\s*(?:\[(?P<unit>[^\[\]]*)\])?\s*$")


class TableError(Exception):
    """What is wrong with a file, in a sentence; ``hint`` says what to do, where there is something; ``code`` is a diagnostic's."""

    def __init__(self, message: str, hint: str = "", code: str = "bad-data") -> None:
        super().__init__(message)
        self.hint = hint
        self.code = code


@dataclass(frozen=True, slots=True)
class Table:
    """Named columns.

    ``units`` holds the texts in brackets after names; ``wrong`` says of other columns why they are no numbers. ``nodes`` is the number of nodes of a
    graph, whose columns have a row per synapse.
    """

    columns: Mapping[str, Floats]
    units: Mapping[str, str] = field(default_factory=dict[str, str])
    wrong: Mapping[str, str] = field(default_factory=dict[str, str])
    nodes: int = 0


def split_name(text: str) -> tuple[str, str | None] | None:
    """The name of a column and its unit, of ``i [A]``; None where the text is no name."""
    match = _NAME.match(text)
    if match is None or not match["name"]:
        return None
    return match["name"], None if match["unit"] is None else match["unit"].strip()
