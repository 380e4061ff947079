"""What a run keeps: the signals that a user names, as columns of the rows that the kernels write, and back."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from mcompiler.place import Place
from mcompiler.solver.description import Wanted
from mcompiler.solver.program import Floats, Integers, Program

__all__ = ["Column", "Rows", "Wanted", "all_signals", "rows_of", "values_of"]


@dataclass(frozen=True, slots=True)
class Column:
    """Where the values of a signal are in a row, in the order of the user's array, the copies of a batch first.

    ``inert`` are those of members that are not there: shown as NaN.
    """

    name: str
    unit: str
    columns: Integers
    shape: tuple[int, ...]
    is_unknown: bool
    inert: Integers = field(default_factory=lambda: np.empty(0, dtype=np.int64))


@dataclass(frozen=True, slots=True)
class Rows:
    """How rows are laid out: ``want`` and the number of columns for the kernels, and the columns of every signal."""

    want: Integers
    width: int
    columns: tuple[Column, ...]


def rows_of(program: Program, signals: Sequence[Wanted]) -> Rows:
    """The rows for these signals.

    Raises:
        ValueError: a signal is not there.
    """
    want = np.full(max(1, int(program.z[4])), -1, dtype=np.int64)
    width = 0
    columns: list[Column] = []
    for each in signals:
        place = program.description.place(each.owner)
        first: dict[str, int] = {}
        unit, is_unknown = "1", False
        for part in place.parts:
            owner = program.layout.of(part.owner)
            is_node = each.owner in program.description.nodes
            name = program.description.classes[part.owner].voltage if is_node else each.quantity
            observable = next(one for one in owner.observables if one.name == name)
            if want[observable.number] < 0:
                want[observable.number] = width
                width += int(program.z[owner.count_slot])
            first[part.owner] = int(want[observable.number])
            unit = observable.dimension
            is_unknown = any(one.name == name for one in owner.unknowns)
        columns.append(_column(each, place.numbers(first), place, unit, is_unknown=is_unknown))
    return Rows(want, width, tuple(columns))


def _column(each: Wanted, numbers: Integers, place: Place, unit: str, *, is_unknown: bool) -> Column:
    if not each.indices:
        return Column(each.name, unit, numbers.reshape(-1), place.extents, is_unknown, place.inert)
    position = place.position(each.indices)
    if position is None:
        reach = ", ".join(f"{low}..{high}" for low, high in place.ranges)
        raise ValueError(f"{each.name} lies outside the array: {each.owner} runs over {reach or 'no index'}")
    inert = np.zeros(int(position in place.inert), dtype=np.int64)
    return Column(each.name, unit, numbers[:, position], place.extents[: -len(place.shape)], is_unknown, inert)


def values_of(column: Column, rows: Floats) -> Floats:
    """The signal's values, time first."""
    values = np.ascontiguousarray(rows[:, column.columns])
    values[:, column.inert] = np.nan
    return values.reshape(len(rows), *column.shape)


def all_signals(program: Program) -> Iterator[Wanted]:
    """Every signal that can be observed, nodes first."""
    for node in program.description.nodes:
        yield Wanted(node, "v")
    for name, place in program.description.elements.items():
        if place.parts:
            owner = program.layout.of(place.parts[0].owner)
            own = program.description.classes[place.parts[0].owner].signals
            yield from (Wanted(name, each.name) for each in owner.observables if each.name in own)
