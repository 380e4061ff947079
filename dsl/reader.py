"""Model files as sources. Nothing is read before its size is known."""

from pathlib import Path

from mcompiler.diagnostics import CompileError, Diagnostic
from mcompiler.files import read_bytes
from mcompiler.source import MAXIMUM_BYTES, Source


def read_source(path: Path | str) -> Source:
    """The text of a file, known by the path as it was given.

    Raises:
        CompileError: ``file-not-found``, ``not-a-file``, ``unreadable``, ``too-large`` or ``not-utf8``.
    """
    path = Path(path)
    try:
        if not path.exists():
            raise _refusal("file-not-found", f"there is no file {path}", path)
        if not path.is_file():
            raise _refusal("not-a-file", f"{path} is not a file", path)
        check_size(path.stat().st_size, str(path))
        content = read_bytes(path, MAXIMUM_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _refusal("unreadable", f"{path} cannot be read: {reason}", path) from error
    check_size(len(content), str(path))
    return Source(str(path), _decoded(content, path), path.parent)


def check_size(size: int, name: str) -> None:
    """Refuse a text of ``size`` bytes that is longer than a source may be."""
    if size > MAXIMUM_BYTES:
        headline = f"{name} has {size:,} bytes; a model may have {MAXIMUM_BYTES:,}"
        raise CompileError(
            [
                Diagnostic(
                    "too-large",
                    headline,
                    hints=('split it: use "part.mem"; keep tables of numbers in data files',),
                    file=name,
                )
            ]
        )


def _decoded(content: bytes, path: Path) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        headline = f"{path} is not UTF-8: byte {error.start} is 0x{content[error.start]:02x}"
        notes = (f"this is in line {line}",)
        raise _refusal("not-utf8", headline, path, notes, ("save the file with the encoding UTF-8",)) from error


def _refusal(
    code: str, headline: str, path: Path, notes: tuple[str, ...] = (), hints: tuple[str, ...] = ()
) -> CompileError:
    return CompileError([Diagnostic(code, headline, notes=notes, hints=hints, file=str(path))])
