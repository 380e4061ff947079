"""One file for each error: a wrong model, and below the line ``# expect:`` what is printed for it, as comments.

A file is named by its code (``unit-mismatch.mem``; a second one ``unit-mismatch.sum.mem``). ``pytest --update-golden`` writes what is printed
now: read the difference before it is recorded.
"""

from pathlib import Path

import pytest

from mcompiler.diagnostics import CompileError, Diagnostic, render
from mcompiler.dsl import read
from mcompiler.files import write_bytes
from mcompiler.model.resolve import resolve
from mcompiler.network.elaborate import elaborate
from mcompiler.source import Source

HERE = Path(__file__).parent
MARK = "# expect:"
FILES = sorted(HERE.glob("*.mem"))


def diagnostics(source: Source) -> tuple[Diagnostic, ...]:
    """What the front end says: errors of the first stage that finds any, else the warnings of the model and its networks."""
    try:
        model = resolve(read(source))
        networks = [elaborate(model, experiment) for experiment in model.experiments.values()]
        networks += [elaborate(model, None, circuit) for circuit in model.circuits.values() if not model.experiments]
    except CompileError as error:
        return error.diagnostics
    return (*model.warnings, *(each for network in networks for each in network.warnings))


def split(text: str) -> tuple[str, str]:
    """The model, and what is expected of it."""
    model, _, expected = text.partition(MARK)
    lines = [line.removeprefix("#").removeprefix(" ") for line in expected.strip("\n").split("\n")]
    return model, "\n".join(lines)


def as_comments(text: str) -> str:
    return "".join(f"# {line}".rstrip() + "\n" for line in text.split("\n"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_is_printed(path: Path, request: pytest.FixtureRequest) -> None:
    model, expected = split(path.read_text("utf-8"))
    found = diagnostics(Source(path.name, model, HERE))
    printed = "\n\n".join(map(render, found))
    if request.config.getoption("--update-golden"):
        write_bytes(path, f"{model}{MARK}\n{as_comments(printed)}".encode())
    else:
        assert printed == expected
    assert path.name.partition(".")[0] in {each.code for each in found}
