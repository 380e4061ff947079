"""Tables of numbers from files, read without running or trusting anything in them: CSV with a header, .npz, and the graphs of `graphml`.

Nothing here knows the model; what is wrong with a file is a `TableError`, a sentence.
"""

import csv
import io
import lzma
import math
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mcompiler.files import read_bytes
from mcompiler.model.columns import MAXIMUM_BYTES, MOST_COLUMNS, Floats, Table, TableError, split_name
from mcompiler.model.graphml import read_graph

#: Largest files of one model, together.
MAXIMUM_TOTAL = 200_000_000


@dataclass(slots=True)
class Tables:
    """The tables that a model reads, each file once; ``spent`` is what their files had in bytes."""

    read: dict[Path, Table] = field(default_factory=dict[Path, Table])
    spent: int = 0

    def table(self, path: Path) -> Table:
        """The columns of a file whose name ends in .csv, .npz or .graphml.

        Raises:
            TableError: it cannot be read, or all files together are too large.
        """
        if path not in self.read:
            found = read_table(path)
            self.spent += path.stat().st_size
            if self.spent > MAXIMUM_TOTAL:
                raise TableError(f"the data of this model have more than {MAXIMUM_TOTAL:,} bytes", code="too-large")
            self.read[path] = found
        return self.read[path]


def read_table(path: Path) -> Table:
    """The columns of a file whose name ends in .csv, .npz or .graphml.

    Raises:
        TableError: it cannot be read.
    """
    try:
        if not path.is_file():
            message = "it is not a file" if path.exists() else "there is no such file"
            raise TableError(message, "the path starts at the folder of the model", "file-not-found")
        if path.stat().st_size > MAXIMUM_BYTES:
            raise TableError(_too_large(path.stat().st_size), "keep only the rows that are needed", "too-large")
        if path.suffix.lower() == ".csv":
            return _csv(read_bytes(path))
        if path.suffix.lower() == ".npz":
            return _npz(read_bytes(path))
        if path.suffix.lower() == ".graphml":
            return read_graph(read_bytes(path))
    except OSError as error:
        raise TableError(f"it cannot be read: {error.strerror or error}") from error
    raise TableError("data are read from .csv, .npz and .graphml", "save the data as one of these")


def _too_large(size: int) -> str:
    return f"it has {size:,} bytes; data may have {MAXIMUM_BYTES:,}"


# --- CSV


def _csv(content: bytes) -> Table:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TableError(
            f"it is not UTF-8: byte {error.start} is 0x{content[error.start]:02x}", code="not-utf8"
        ) from error
    lines = _rows(text)
    header = next(lines, None)
    if header is None:
        raise TableError("it is empty", "the first line names the columns: t [s], i [A]")
    names, units = _columns(header[1])
    rows = list(lines)
    if not rows:
        raise TableError("it has a header, but no rows")
    for line, row in rows:
        if len(row) != len(names):
            message = f"line {line} has {len(row)} values, but the header names {len(names)} columns"
            raise TableError(message, "give every row as many values as the header has names", "data-shape")
    columns: dict[str, Floats] = {}
    wrong: dict[str, str] = {}
    for place, name in enumerate(names):
        try:
            columns[name] = np.array([float(row[place]) for _, row in rows])
        except ValueError:
            wrong[name] = _first_text(rows, place)
    return Table(columns, units, wrong)


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Rows with the numbers of their lines; empty lines and those that begin with # are left out."""
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        for row in reader:
            if any(cell.strip() for cell in row) and not row[0].lstrip().startswith("#"):
                yield reader.line_num, row
    except csv.Error as error:
        raise TableError(f"line {reader.line_num} is no row of a table: {error}") from error


def _columns(header: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Names of the columns, and the units of those that have one."""
    names: list[str] = []
    units: dict[str, str] = {}
    if len(header) > MOST_COLUMNS:
        raise TableError(f"it has {len(header)} columns; data may have {MOST_COLUMNS}")
    for cell in header:
        found = split_name(cell)
        if found is None:
            raise TableError(f"{cell.strip()[:40]!r} in the header is no name", "a column is named like: i [A]")
        name, unit = found
        if name in names:
            raise TableError(f"two columns have the name {name}")
        if _is_number(name):
            raise TableError("the first line names no columns: it holds numbers", "write a header: t [s], i [A]")
        names.append(name)
        if unit is not None:
            units[name] = unit
    return names, units


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _first_text(rows: Sequence[tuple[int, Sequence[str]]], place: int) -> str:
    """Where the first cell of a column is that holds no number."""
    for line, row in rows:
        try:
            float(row[place])
        except ValueError:
            cell = row[place].strip()
            return (
                f"line {line} holds {cell[:40]!r}, which is no number" if cell else f"line {line} holds nothing there"
            )
    raise AssertionError(place)


# --- .npz


def _npz(content: bytes) -> Table:
    columns: dict[str, Floats] = {}
    wrong: dict[str, str] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            infos = [each for each in archive.infolist() if each.filename.endswith(".npy")]
            total = sum(each.file_size for each in infos)
            if total > MAXIMUM_BYTES or len(infos) > MOST_COLUMNS:
                raise TableError(f"unpacked, {_too_large(total)} in at most {MOST_COLUMNS} arrays", code="too-large")
            for each in infos:
                name = each.filename.removesuffix(".npy")
                try:
                    columns[name] = _array(archive.read(each))
                except ValueError as error:
                    wrong[name] = str(error)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError) as error:
        raise TableError(f"it is not an .npz file: {error}", "numpy.savez writes such files") from error
    if not columns and not wrong:
        raise TableError("it holds no arrays", "numpy.savez writes such files")
    return Table(columns, {}, wrong)


def _array(content: bytes) -> Floats:
    """An array of numbers; its header is checked against what is there, before anything is allocated."""
    stream = io.BytesIO(content)
    version = np.lib.format.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"it has the unknown format {version}")
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, column_major, dtype = read(stream)
    if dtype.kind not in "biuf":
        raise ValueError(f"it holds {dtype}, not real numbers")
    count = math.prod(shape)
    if count * dtype.itemsize != len(content) - stream.tell():
        raise ValueError("it is cut off")
    values = np.frombuffer(content, dtype, count, stream.tell())
    return np.asarray(values.reshape(shape, order="F" if column_major else "C"), dtype=np.float64)
