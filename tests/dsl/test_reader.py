"""What can be wrong with a file before anything in it is read."""

from pathlib import Path

import pytest

from mcompiler.diagnostics import CompileError, Diagnostic
from mcompiler.dsl import parse, read_source
from mcompiler.source import MAXIMUM_BYTES


def refusal(path: Path) -> Diagnostic:
    with pytest.raises(CompileError) as caught:
        read_source(path)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.file == str(path)
    return diagnostic


def test_a_file_is_a_source(tmp_path: Path) -> None:
    path = tmp_path / "a.mem"
    path.write_bytes("\ufeffuse windows\r\n# größe\n".encode())
    source = read_source(path)
    assert (source.name, source.folder, source.text) == (str(path), tmp_path, "use windows\r\n# größe\n")
    assert len(parse(source).items) == 1


def test_missing(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.mem").code == "file-not-found"
    assert refusal(tmp_path / ("x" * 5000)).code in {"file-not-found", "unreadable"}
    assert refusal(tmp_path / "nul\0.mem").code in {"file-not-found", "unreadable"}


def test_a_folder(tmp_path: Path) -> None:
    assert refusal(tmp_path).code == "not-a-file"


def test_other_encodings(tmp_path: Path) -> None:
    path = tmp_path / "latin.mem"
    path.write_bytes("# one\n# größe\n".encode("latin-1"))
    diagnostic = refusal(path)
    assert diagnostic.code == "not-utf8"
    assert "byte 10 is 0xf6" in diagnostic.headline
    assert diagnostic.notes == ("this is in line 2",)


def test_size_is_checked_before_reading(tmp_path: Path) -> None:
    path = tmp_path / "large.mem"
    with path.open("wb") as stream:
        stream.truncate(50 * MAXIMUM_BYTES)
    assert refusal(path).code == "too-large"
    with path.open("wb") as stream:
        stream.truncate(MAXIMUM_BYTES)
    assert len(read_source(path).text) == MAXIMUM_BYTES
