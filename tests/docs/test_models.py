"""Every model in the documentation is checked, built and run; those that are shown as wrong are wrong as the page says."""

from itertools import pairwise
from pathlib import Path

import pytest

import mcompiler as mc
from mcompiler.diagnostics import CompileError, render
from mcompiler.dsl import format_module, parse
from mcompiler.source import Source
from tests.docs.conftest import Folder
from tests.docs.pages import Block, blocks, of_kind
from tests.errors.test_errors import diagnostics

MODELS = of_kind("mem")
RIGHT = [each for each in MODELS if not each.about or each.file]
WRONG = [each for each in MODELS if each.wrong]


def source(block: Block, folder: Path) -> Source:
    return Source(block.file or "model.mem", block.text, folder)


def test_every_model_is_one_of_these() -> None:
    assert [each.place for each in MODELS if each not in (*RIGHT, *WRONG)] == []


@pytest.mark.parametrize("block", RIGHT, ids=lambda each: each.place)
def test_model(block: Block, folder_of: Folder) -> None:
    text = source(block, folder_of(block.page))
    assert [each.headline for each in diagnostics(text)] == []
    model = mc.Compilation(text)
    for name, experiment in model.model.experiments.items():
        if experiment.until is not None:
            run(mc.Compilation(text, name))


@pytest.mark.parametrize("block", MODELS, ids=lambda each: each.place)
def test_model_is_as_the_formatter_writes_it(block: Block) -> None:
    assert block.text == format_module(parse(Source("model.mem", block.text)))


def run(model: mc.Compilation) -> None:
    """In CPython, which needs no compiler: what machine code computes is tested elsewhere."""
    solver = mc.compile(model, backend="python")
    solution = solver.run()
    assert solution.success, solution.message
    if model.losses:
        value, gradient = solver.gradient()
        assert value == value
        assert len(gradient)


@pytest.mark.parametrize("block", WRONG, ids=lambda each: each.place)
def test_model_that_is_refused(block: Block, folder_of: Folder) -> None:
    found = diagnostics(source(block, folder_of(block.page)))
    assert [each.code for each in found] == block.wrong
    following = next((each for each in blocks(block.page) if each.line > block.line), None)
    if following is not None and (following.kind, following.about) == ("text", "printed"):
        assert following.text == "\n\n".join(map(render, found)) + "\n"


def test_what_is_printed_follows_what_is_refused() -> None:
    for page in {each.page for each in MODELS}:
        for before, after in pairwise(blocks(page)):
            assert (after.kind, after.about) != ("text", "printed") or before.wrong, after.place


def test_a_wrong_model_is_found_out(tmp_path: Path) -> None:
    with pytest.raises(CompileError):
        mc.Compilation(Source("x", "circuit C { node a }", tmp_path))
