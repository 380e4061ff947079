"""Python and commands of a page, in the order of the text, in a folder of its own."""

import doctest
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mcompiler.cli import main
from mcompiler.files import write_bytes
from tests.architecture.test_imports import ROOT
from tests.docs.conftest import Folder
from tests.docs.pages import PAGES, Block, blocks

_EXIT = re.compile(r"#.*\bexit code (?P<code>\d)")
#: Lines that set up an environment: this one is there already, and no test installs anything.
_SET_UP = re.compile(r"python3? -m (venv|pip)\b")
_OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_page(page: Path, folder_of: Folder, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    monkeypatch.chdir(folder_of(page))
    names: dict[str, Any] = {"__name__": page.stem}
    printed = ""
    found: list[tuple[Block, str]] = []
    for block in blocks(page):
        match block.kind, block.about:
            case "python", "":
                python(block, names)
            case "sh", "":
                printed = "".join(command(line, block) for line in commands(block))
            case "text", "output":
                found.append((block, printed.rstrip("\n") + "\n"))
            case _:
                pass
    if request.config.getoption("--update-golden"):
        write_outputs(page, found)
        return
    for block, output in found:
        assert output == block.text, block.place


def write_outputs(page: Path, found: list[tuple[Block, str]]) -> None:
    """Put what was printed in the place of what the page says, from the bottom up."""
    lines = page.read_text("utf-8").split("\n")
    for block, output in reversed(found):
        lines[block.line - 1 : block.line - 1 + block.text.count("\n")] = output.split("\n")[:-1]
    write_bytes(page, "\n".join(lines).encode())


def python(block: Block, names: dict[str, Any]) -> None:
    if ">>>" not in block.text:
        exec(compile("\n" * (block.line - 1) + block.text, str(block.page), "exec"), names)
        return
    examples = doctest.DocTestParser().get_doctest(block.text, names, block.place, str(block.page), block.line - 1)
    told: list[str] = []
    doctest.DocTestRunner(optionflags=_OPTIONS).run(examples, out=told.append, clear_globs=False)
    assert not told, "".join(told)
    names |= examples.globs


def commands(block: Block) -> list[str]:
    """The lines that are run; one that ends with a backslash goes on."""
    lines = block.text.replace("\\\n", " ").split("\n")
    plain = [line.strip().removeprefix(".venv/bin/") for line in lines]
    return [line for line in plain if re.match(r"(mcompiler|python3?)\b", line) and not _SET_UP.match(line)]


def command(line: str, block: Block) -> str:
    """What the command prints; it ends as the line says."""
    program, *arguments = shlex.split(line, comments=True)
    expected = _EXIT.search(line)
    if program == "mcompiler":
        done = CliRunner().invoke(main, arguments)
        code, output, told = done.exit_code, done.stdout, done.output
    else:
        ran = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)
        code, output, told = ran.returncode, ran.stdout, ran.stdout + ran.stderr
    assert code == (int(expected["code"]) if expected else 0), f"{block.place}: {line}\n{told}"
    return output
