"""Data of experiments: ``data loop = "loop.csv"`` and its columns in expressions, with units and checks at the place of use."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from mcompiler.diagnostics import Problems
from mcompiler.dsl import syntax
from mcompiler.model.columns import TableError
from mcompiler.model.expression import Expression, Name
from mcompiler.model.faults import listed, unknown
from mcompiler.model.fragments import parse_unit
from mcompiler.model.model import Data, Floats, Model
from mcompiler.model.modules import inside
from mcompiler.model.tables import Tables
from mcompiler.units import DIMENSIONLESS, TIME, Unit

#: The column of times.
TIMES = "t"


def resolve_data(each: syntax.Data, tables: Tables, problems: Problems) -> Data:
    """The columns of a file below the model's folder; none where it cannot be read, which is noted."""
    name, file = each.name.text, each.file.value
    try:
        table = tables.table(place_of(file, each.span.source.folder))
        units = {column: _unit(column, text) for column, text in table.units.items()}
    except TableError as error:
        hints = (error.hint,) if error.hint else ()
        problems.error(error.code, f'"{file}" cannot be used: {error}', each.file.span, hints=hints)
        return Data(name, file, each.span, is_broken=True)
    if TIMES not in units:
        units[TIMES] = Unit(TIME)
    columns = {
        key: values * float(units[key].factor) if key in units else values for key, values in table.columns.items()
    }
    dimensions = {key: units[key].dimension if key in units else DIMENSIONLESS for key in columns}
    return Data(name, file, each.span, columns, dimensions, table.wrong)


def place_of(file: str, folder: Path | None) -> Path:
    """A data file below the model's folder.

    Raises:
        TableError: there is no folder, or the file lies outside.
    """
    if folder is None:
        raise TableError("this text has no folder", "load the model from a file", "file-not-found")
    path = inside(folder, folder, file)
    if path is None:
        hint = "copy the file below the model's folder"
        raise TableError("it lies outside the folder of the model", hint, "path-outside")
    return path


def _unit(column: str, text: str) -> Unit:
    unit = parse_unit(text)
    if unit is None:
        raise TableError(f"{text!r} in its header is not a unit", f"write the column as {column} [V], or as {column}")
    if column == TIMES and unit.dimension != TIME:
        raise TableError(f"its column t is in {unit.dimension}, not in a unit of time", "write the column as t [s]")
    return unit


def column(node: syntax.Name, data: Mapping[str, Data], problems: Problems) -> Name | None:
    """``loop.i``: a column of numbers, all of them finite; None where that is not so, which is noted."""
    owner, name = data[node.parts[0].name], ".".join(part.name for part in node.parts[1:])
    if owner.is_broken:
        return None
    if any(part.indices for part in node.parts):
        problems.error("unsupported", f"the columns of {owner.name} are used as a whole, without an index", node.span)
        return None
    if name in owner.wrong:
        headline = f"{name} of {owner.file} cannot be used: {owner.wrong[name]}"
        problems.error("bad-data", headline, node.span, hints=("units stand in the header: i [A]",))
        return None
    if name not in owner.columns:
        headline = f"{owner.file} has no column {name or owner.name}"
        unknown(problems, "missing-column", headline, node.span, name, owner.columns, f"it has {listed(owner.columns)}")
        return None
    values = owner.columns[name]
    finite = np.isfinite(values)
    if not finite.all():
        first = np.unravel_index(int(np.argmin(finite)), values.shape)
        row = ", ".join(str(int(each)) for each in first)
        word = "not a number (NaN)" if np.isnan(values[first]) else "infinite"
        headline = f"{name} of {owner.file} is {word} at row {row}, counted from 0"
        problems.error("nan-in-data", headline, node.span, hints=("drop the row, or fill the gap",))
        return None
    return Name(f"{owner.name}.{name}", owner.dimensions[name], node.span)


def check_times(times_of: Expression, name: str, owner: Data, problems: Problems) -> bool:
    """Whether a column can be the times of a loss: one-dimensional, ascending, none before 0."""
    times = owner.columns[name.partition(".")[2]]
    wrong = ""
    if times.ndim != 1 or not len(times):
        wrong = f"have the shape {times.shape}; they are one column"
    elif times[0] < 0:
        wrong = f"begin at {times[0]:g} s, before the run, which starts at 0 s"
    elif np.any(np.diff(times) < 0):
        row = int(np.argmax(np.diff(times) < 0)) + 1
        wrong = f"do not ascend: row {row} has {times[row]:g} s after {times[row - 1]:g} s"
    if wrong:
        headline = f"the times {name} of {owner.file} {wrong}"
        problems.error(
            "bad-times", headline, times_of.span, hints=("sort the rows by time",) if "ascend" in wrong else ()
        )
    return not wrong


def read_data(model: Model, data: Iterable[Data]) -> Mapping[str, Mapping[str, Floats]]:
    """The columns by the names of the data, in SI."""
    del model
    return {each.name: each.columns for each in data}
