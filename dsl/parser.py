"""Text to tree: tokens, brackets, statements, reductions; all errors of a text at once."""

from typing import cast

from mcompiler.diagnostics import CompileError, Diagnostic, Problems
from mcompiler.diagnostics.problems import MOST
from mcompiler.dsl import brackets, build, reader, structure, syntax
from mcompiler.dsl.complaints import explain, explain_depth
from mcompiler.dsl.driver import Driver
from mcompiler.dsl.lexer import tokenize
from mcompiler.dsl.recovery import recover
from mcompiler.source import MAXIMUM_BYTES, Source


def parse(source: Source) -> syntax.Module:
    """The tree of a text.

    Raises:
        CompileError: with all errors of syntax, in the order of the text.
    """
    if len(source.text) * 4 > MAXIMUM_BYTES:
        reader.check_size(len(source.text.encode("utf-8", "surrogatepass")), source.name)
    problems = Problems()
    tokens, comments = tokenize(source, problems)
    structure.check_depth(tokens, source, problems)
    if not structure.is_balanced(tokens):
        tokens = brackets.mend(tokens, source, problems)
    notes = build.Notes(problems)
    driver = Driver(source, structure.end_statements(tokens, len(source.text)), notes)
    items = _items(driver, problems)
    build.check_indices(notes)
    if problems.errors:
        raise CompileError(sorted(problems.errors, key=_place))
    return syntax.Module(source, items, comments)


def _items(driver: Driver, problems: Problems) -> tuple[syntax.Item, ...]:
    """What the text holds; after an error what could still be read."""
    position = 0
    while not driver.is_done and len(problems.found) < MOST:
        outcome = driver.take(position)
        if outcome == "taken":
            position += 1
            continue
        diagnostic = explain(driver, position) if outcome == "refused" else explain_depth(driver)
        if diagnostic is not None and diagnostic not in problems.found:
            problems.found.append(diagnostic)
        position = recover(driver, position)
    return cast("tuple[syntax.Item, ...]", driver.values[-1]) if driver.is_done else ()


def _place(diagnostic: Diagnostic) -> int:
    return diagnostic.labels[0].span.start
