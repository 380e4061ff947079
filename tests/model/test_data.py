"""Data files: what is read of them, and how hostile ones are refused."""

import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mcompiler.diagnostics import CompileError
from mcompiler.model.columns import MAXIMUM_BYTES, TableError
from mcompiler.model.data import read_data
from mcompiler.model.tables import Tables, read_table
from mcompiler.units import CURRENT, DIMENSIONLESS, TIME, VOLTAGE
from tests.model.models import BENCH, codes, model

CSV = "t [ms],i [uA],v [mV],gain\n0,0,0,1\n0.5,80,-3e2,2\n\n# a remark\n1,0.25,7,3\n"
FIT = """
learning Fit on Bench {
  data loop = "loop.csv"
  loss at loop.t = ((M.i - loop.i)/1[uA])^2 + ((M.v - loop.v*loop.gain)/1[V])^2
}
"""


def test_a_table_with_units(tmp_path: Path) -> None:
    (tmp_path / "loop.csv").write_text(CSV)
    found = model(BENCH + FIT, tmp_path)
    (data,) = found.experiments["Fit"].data
    assert data.dimensions == {"t": TIME, "i": CURRENT, "v": VOLTAGE, "gain": DIMENSIONLESS}
    assert data.columns["t"] == pytest.approx([0, 0.5e-3, 1e-3], rel=1e-15)
    assert data.columns["i"] == pytest.approx([0, 80e-6, 0.25e-6], rel=1e-15)
    assert data.columns["v"] == pytest.approx([0, -0.3, 7e-3], rel=1e-15)
    loss = found.experiments["Fit"].losses[0]
    assert sorted(loss.data) == ["loop.gain", "loop.i", "loop.v"]
    assert read_data(found, found.experiments["Fit"].data)["loop"]["gain"].tolist() == [1, 2, 3]


def test_a_saved_run_is_data(tmp_path: Path) -> None:
    """The header that `Solution.save` writes is one that is read."""
    from mcompiler.solution import Solution, Status

    t = np.linspace(0, 1, 5)
    run = Solution(t, {"i": t**2, "w": t}, {"i": "A", "w": "1"}, (), Status.DONE)
    run.save(tmp_path / "run.csv")
    text = (
        BENCH
        + 'learning Fit on Bench {\n  data run = "run.csv"\n  loss at run.t = ((M.i - run.i)/1[uA])^2 + (M.w - run.w)^2\n}\n'
    )
    (data,) = model(text, tmp_path).experiments["Fit"].data
    assert np.array_equal(data.columns["i"], t**2)
    assert data.dimensions["w"] == DIMENSIONLESS


def test_arrays_of_numpy(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "start.npz",
        w=np.arange(6).reshape(2, 3)[:, ::-1] / 10,
        n=np.array([1, 2], dtype=np.int8),
        deep=np.float32(0.25),
    )
    np.savez_compressed(tmp_path / "packed.npz", w=np.asfortranarray(np.arange(6.0).reshape(2, 3)))
    table = read_table(tmp_path / "start.npz")
    assert table.columns["w"].tolist() == [[0.2, 0.1, 0.0], [0.5, 0.4, 0.3]]
    assert table.columns["n"].tolist() == [1.0, 2.0]
    assert table.columns["deep"].shape == ()
    assert read_table(tmp_path / "packed.npz").columns["w"].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_a_file_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("t\n1\n")
    tables = Tables()
    assert tables.table(tmp_path / "a.csv") is tables.table(tmp_path / "a.csv")
    assert tables.spent == 4


def npy(content: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> bytes:
    stream = io.BytesIO()
    np.save(stream, content)
    return stream.getvalue()


def header(text: str) -> bytes:
    padded = text.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(padded).to_bytes(2, "little") + padded.encode()


def archive(path: Path, **members: bytes) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)


HUGE = header("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }")
OBJECTS = header("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }") + b"cos\nsystem\n"


@pytest.mark.parametrize(
    ("write", "reason"),
    [
        (lambda path: path.write_bytes(b""), "no array|not an .npz"),
        (lambda path: path.write_bytes(b"PK\x03\x04 nonsense"), "not an .npz"),
        (lambda path: path.write_bytes(os.urandom(1000)), "not an .npz"),
        (archive, "no arrays"),
        (lambda path: path.write_bytes(npy(np.ones(3))), "not an .npz"),
    ],
)
def test_files_that_are_no_npz(tmp_path: Path, write: Callable[[Path], object], reason: str) -> None:
    path = tmp_path / "x.npz"
    write(path)
    with pytest.raises(TableError, match=reason):
        read_table(path)


@pytest.mark.parametrize(
    "content",
    [
        HUGE,
        HUGE + b"\0" * 80,
        OBJECTS,
        b"",
        b"\x93NUMPY",
        b"\x93NUMPY\x09\x00" + b"x" * 100,
        npy(np.ones(4))[:-8],
        npy(np.ones(4)) + b"more",
        header("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }"),
        header("__import__('os').system('true')"),
        header("{'descr': '<U8', 'fortran_order': False, 'shape': (1,), }") + b"\0" * 32,
    ],
)
def test_arrays_that_are_refused_before_they_are_made(tmp_path: Path, content: bytes) -> None:
    archive(tmp_path / "x.npz", bad=content, good=npy(np.ones(2)))
    table = read_table(tmp_path / "x.npz")
    assert table.columns["good"].tolist() == [1, 1]
    assert "bad" in table.wrong


def test_an_archive_that_unpacks_to_too_much(tmp_path: Path) -> None:
    archive(tmp_path / "bomb.npz", a=b"\0" * (MAXIMUM_BYTES + 1))
    assert (tmp_path / "bomb.npz").stat().st_size < MAXIMUM_BYTES / 100
    with pytest.raises(TableError, match="may have"):
        read_table(tmp_path / "bomb.npz")


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    with (tmp_path / "large.csv").open("wb") as stream:
        stream.truncate(MAXIMUM_BYTES + 1)
    with pytest.raises(TableError, match="may have"):
        read_table(tmp_path / "large.csv")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty"),
        (b"t,i\n", "no rows"),
        (b"1,2\n3,4\n", "names no columns"),
        (b"t,\n1,2\n", "is no name"),
        (b"t,t\n1,2\n", "two columns"),
        (b"t,i\n1\n", "line 2 has 1 values"),
        (b"t,i\n1,2,3\n", "line 2 has 3 values"),
        (b"t,i\n1,\xff\n", "not UTF-8"),
        (b"t [s\n1\n", "is no name"),
        (b",".join(b"a%d" % k for k in range(1001)) + b"\n", "1001 columns"),
        (b'"' + b"x" * 200_000 + b"\n1\n", "no row of a table"),
    ],
)
def test_tables_that_are_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "x.csv").write_bytes(content)
    with pytest.raises(TableError, match=reason):
        read_table(tmp_path / "x.csv")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (CSV, []),
        (CSV.replace("t [ms]", "t"), []),
        (CSV.replace("t [ms]", "t [V]"), ["bad-data"]),
        (CSV.replace("uA", "qq"), ["bad-data"]),
        (CSV.replace("uA", "A }"), ["bad-data"]),
        (CSV.replace("80", "nan"), ["nan-in-data"]),
        (CSV.replace("80", "-inf"), ["nan-in-data"]),
        (CSV.replace("80", ""), ["bad-data"]),
        (CSV.replace("0.5,", "-0.5,"), ["bad-times"]),
        (CSV.replace("t [ms]", "time [ms]"), ["missing-column"]),
        (CSV.replace("uA", "uV"), ["unit-mismatch"]),
    ],
)
def test_columns_are_checked_where_they_are_used(tmp_path: Path, content: str, expected: list[str]) -> None:
    (tmp_path / "loop.csv").write_text(content)
    assert codes(BENCH + FIT, tmp_path) == expected


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("nothing.csv", "file-not-found"),
        ("../outside.csv", "path-outside"),
        ("/etc/hostname", "path-outside"),
        ("link.csv", "path-outside"),
        (".", "file-not-found"),
        ("loop.txt", "bad-data"),
        ("a\0b.csv", "path-outside"),
        ("x" * 5000 + ".csv", "file-not-found"),
    ],
)
def test_which_files_may_be_read(tmp_path: Path, file: str, code: str) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "outside.csv").write_text(CSV)
    (folder / "link.csv").symlink_to(tmp_path / "outside.csv")
    (folder / "loop.txt").write_text(CSV)
    found = codes(BENCH + FIT.replace("loop.csv", file), folder)
    assert found in ([code], ["bad-data"] if len(file) > 1000 else [code])


def test_a_text_has_no_folder_to_read_from() -> None:
    assert codes(BENCH + FIT) == ["file-not-found"]


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "loop.csv")
    assert codes(BENCH + FIT, tmp_path) == ["file-not-found"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("initial M.w = loop.gain", []),  # shapes are known with the network
        ("set M.Ron = loop.gain*1[ohm]", []),
        ("set M.Ron = loop.gain", ["unit-mismatch"]),
        ("set M.Ron = loop.nothing", ["missing-column"]),
        ("set M.Ron = pool.gain", ["unknown-name"]),
        ("set M.Ron = loop.gain[0]*1[ohm]", ["unsupported"]),
        ("input S.V = loop.v", ["unsupported"]),
        ('data loop = "loop.csv"', ["duplicate-name"]),
        ('data M = "loop.csv"', ["duplicate-name"]),
        ("loss at loop.gain = M.w", ["unit-mismatch"]),
        ("loss at loop.t + 1[s] = M.w", ["data-without-times"]),
        ("loss = M.w - loop.gain", ["data-without-times"]),
        ("loss at 1[s] = M.w - loop.gain", ["data-without-times"]),
        ("loss over loop.t..1[s] = M.w", ["empty-run"]),
    ],
)
def test_data_in_experiments(tmp_path: Path, body: str, expected: list[str]) -> None:
    (tmp_path / "loop.csv").write_text(CSV)
    text = BENCH + f'experiment e on Bench {{\n  data loop = "loop.csv"\n  {body}\n  run to 1[ms]\n}}\n'
    assert codes(text, tmp_path) == expected


def test_columns_of_unlike_lengths(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", t=np.arange(3.0), w=np.arange(4.0), m=np.zeros((3, 2)))
    text = BENCH + 'learning e on Bench {\n  data d = "d.npz"\n  loss at d.t = M.w - d.w\n  loss at d.m*1[s] = M.w\n}\n'
    assert codes(text, tmp_path) == ["data-shape", "data-without-times"]


def test_the_rest_is_told_although_a_file_is_missing() -> None:
    with pytest.raises(CompileError) as caught:
        model(BENCH + FIT.replace("M.v", "M.q"))
    assert [each.code for each in caught.value.diagnostics] == ["file-not-found", "unknown-signal"]
