"""Text to tree: tokens, brackets, statements, reductions; all errors of a text at once."""

from typing import cast

from mcompiler.diagnostics import CompileError, Problems
from mcompiler.dsl import build, reader, structure, syntax
from mcompiler.dsl.driver import Driver, Outcome
from mcompiler.dsl.lexer import tokenize
from mcompiler.source import MAXIMUM_BYTES, Source

#: What is wrong with a literal or a unit and leaves the tree as it is.
_OF_QUANTITIES = frozenset(
    {"unknown-unit", "unit-too-large", "unit-zero", "number-too-long", "number-too-large", "number-too-small"}
)


def parse(source: Source) -> syntax.Module:
    """The tree of a text.

    Raises:
        CompileError: with all errors of syntax, in the order of the text.
    """
    module = read(source)
    if module.faults:
        raise CompileError(module.faults)
    return module


def read(source: Source) -> syntax.Module:
    """The tree of a text whose shape is right; what is wrong with its numbers and units is in ``faults``, for the next stage to add to.

    Raises:
        CompileError: the shape is wrong; with all errors of syntax, in the order of the text.
    """
    if len(source.text) * 4 > MAXIMUM_BYTES:
        reader.check_size(len(source.text.encode("utf-8", "surrogatepass")), source.name)
    problems = Problems()
    tokens, comments = tokenize(source, problems)
    structure.check_depth(tokens, source, problems)
    if not structure.is_balanced(tokens):
        from mcompiler.dsl import brackets  # not needed for a text without errors

        tokens = brackets.mend(tokens, source, problems)
    notes = build.Notes(problems)
    driver = Driver(source, structure.end_statements(tokens, len(source.text)), notes)
    items = _items(driver, problems)
    build.check_indices(notes)
    if any(each.code not in _OF_QUANTITIES for each in problems.errors):
        problems.raise_errors()
    return syntax.Module(source, items, comments, problems.errors)


def _items(driver: Driver, problems: Problems) -> tuple[syntax.Item, ...]:
    """What the text holds; after an error what could still be read."""
    position = 0
    while not driver.is_done:
        outcome = driver.take(position)
        if outcome == "taken":
            position += 1
            continue
        position = _report(driver, position, outcome, problems)
        if problems.is_full:
            return ()
    return cast("tuple[syntax.Item, ...]", driver.values[-1]) if driver.is_done else ()


def _report(driver: Driver, position: int, outcome: Outcome, problems: Problems) -> int:
    """Say what is wrong with the token, unless that has been said; the place of the token to go on with."""
    from mcompiler.dsl import complaints, recovery  # not needed for a text without errors

    is_deep = outcome == "too deep"
    diagnostic = complaints.explain_depth(driver) if is_deep else complaints.explain(driver, position)
    is_outside = diagnostic is not None and diagnostic.code == "outside-block"
    is_told = is_outside and position == driver.outside  # of statements outside of blocks the first of a row is enough
    if diagnostic is not None and not is_told and diagnostic not in problems.found:
        problems.found.append(diagnostic)
    resumed = recovery.recover(driver, position)
    driver.outside = resumed if is_outside else None
    return resumed
