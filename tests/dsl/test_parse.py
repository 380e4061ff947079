"""Texts become the trees that they mean, and every part knows its place."""

from pathlib import Path

import pytest

from mcompiler.diagnostics import CompileError
from mcompiler.dsl import LIBRARY, parse, parse_text, read_source, syntax
from mcompiler.dsl.syntax import Argument, Binary, Block, Call, Compare, Equation, Name, Number, Part, Unary, walk
from mcompiler.source import Source
from tests.dsl.trees import NOWHERE

ROOT = Path(__file__).parents[2]
CHAPTERS = Path(__file__).with_name("chapters.mem")
FILES = [*sorted(LIBRARY.glob("*.mem")), *sorted(ROOT.glob("examples/*/*.mem")), CHAPTERS]
EXPRESSIONS = (
    syntax.Number | syntax.Text | syntax.Name | syntax.Derivative | syntax.Call | syntax.Total | syntax.Unary | syntax.Binary
    | syntax.Compare
)  # fmt: skip


def body(text: str, kind: str = "device D(p, n)") -> tuple[syntax.Statement, ...]:
    (block,) = parse_text(f"{kind} {{\n{text}\n}}\n").items
    assert isinstance(block, Block)
    return block.body


def expression(text: str) -> syntax.Expression:
    (statement,) = body(f"initial x = {text}", "experiment e on C")
    assert isinstance(statement, syntax.Assignment)
    return statement.value


def name(text: str, *indices: syntax.Expression) -> Name:
    return Name(NOWHERE, (Part(NOWHERE, text, indices),))


def number(text: str) -> Number:
    return Number(NOWHERE, text, 0.0)


a, b, c = name("a"), name("b"), name("c")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a + b*c", Binary(NOWHERE, "+", a, Binary(NOWHERE, "*", b, c))),
        ("a - b - c", Binary(NOWHERE, "-", Binary(NOWHERE, "-", a, b), c)),
        ("a/b*c", Binary(NOWHERE, "*", Binary(NOWHERE, "/", a, b), c)),
        ("a^b^c", Binary(NOWHERE, "^", a, Binary(NOWHERE, "^", b, c))),
        ("-a^b", Unary(NOWHERE, "-", Binary(NOWHERE, "^", a, b))),
        ("a^-b", Binary(NOWHERE, "^", a, Unary(NOWHERE, "-", b))),
        ("a*-b", Binary(NOWHERE, "*", a, Unary(NOWHERE, "-", b))),
        ("(a + b)*c", Binary(NOWHERE, "*", Binary(NOWHERE, "+", a, b), c)),
        ("a or b and c", Binary(NOWHERE, "or", a, Binary(NOWHERE, "and", b, c))),
        ("not a < b", Unary(NOWHERE, "not", Compare(NOWHERE, "<", a, b))),
        ("a + b < c", Compare(NOWHERE, "<", Binary(NOWHERE, "+", a, b), c)),
        ("a +\n b", Binary(NOWHERE, "+", a, b)),
        ("(a\n + b\n)", Binary(NOWHERE, "+", a, b)),
        ("a[1, b]", name("a", number("1"), b)),
        ("M.a[b].c", Name(NOWHERE, (Part(NOWHERE, "M"), Part(NOWHERE, "a", (b,)), Part(NOWHERE, "c")))),
        ("a()", Call(NOWHERE, a, ())),
        ("a(b, c = 1,)", Call(NOWHERE, a, (Argument(NOWHERE, None, b), Argument(NOWHERE, syntax.Identifier(NOWHERE, "c"), number("1"))))),
        ("dv/dt", syntax.Derivative(NOWHERE, "v")),
        ("dx/dtau", Binary(NOWHERE, "/", name("dx"), name("dtau"))),
        ("step*scale", Binary(NOWHERE, "*", name("step"), name("scale"))),
        ("inf", number("inf")),
    ],
)  # fmt: skip
def test_expressions(text: str, tree: syntax.Expression) -> None:
    assert expression(text) == tree


@pytest.mark.parametrize(
    "word", ["param", "state", "node", "set", "device", "cells", "to", "scale", "from", "step", "stop", "of"]
)
def test_words_are_names_where_no_keyword_can_stand(word: str) -> None:
    assert body(f"{word} = {word} + a.{word}")[0] == Equation(
        NOWHERE, name(word), Binary(NOWHERE, "+", name(word), Name(NOWHERE, (Part(NOWHERE, "a"), Part(NOWHERE, word))))
    )


def test_statements_end_at_lines_and_semicolons() -> None:
    assert len(body("a = 1; b = 2\n\n;; c = max(1,\n 2)\n d = 1 +\n\n # note\n 2 ;")) == 4


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_part_knows_its_place(path: Path) -> None:
    """The text at the place of an expression, parsed alone, is that expression; names stand where they are said to be."""
    module = parse(read_source(path))
    for node in (each for item in module.items for each in walk(item)):
        assert 0 <= node.span.start < node.span.end <= len(module.source.text)
        if isinstance(node, EXPRESSIONS):
            assert expression(node.span.text) == node
        elif isinstance(node, syntax.Identifier):
            assert node.span.text.split() == node.text.split()
        elif isinstance(node, syntax.Part):
            assert node.span.text.startswith(node.name)
        elif isinstance(node, syntax.UnitText):
            assert node.span.text.replace(" ", "") == node.text
        elif isinstance(node, Block):
            assert node.span.text.startswith(node.kind)
            assert node.span.text.endswith("}")
    assert all(each.span.text == each.text for each in module.comments)


def test_the_chapters_hold_every_kind_of_node() -> None:
    kinds = {kind for kind in vars(syntax).values() if isinstance(kind, type) and issubclass(kind, syntax.Node)}
    module = parse(read_source(CHAPTERS))
    found = {type(node) for item in module.items for node in walk(item)}
    assert found == kinds - {syntax.Node, syntax.Comment}


def test_places_of_statements_are_theirs_alone() -> None:
    first, second = body('param a = 1[V] "doc" # note\n  x = (a + 1)  ')
    assert first.span.text == 'param a = 1[V] "doc"'
    assert second.span.text == "x = (a + 1)"


def test_lines_may_end_as_on_any_system() -> None:
    unix = CHAPTERS.read_text("utf-8")
    assert parse_text(unix.replace("\n", "\r\n")) == parse_text(unix)


def test_all_errors_are_told_at_once_and_in_order() -> None:
    lines = [
        "device D(p, n) {",
        "  a = 1 +* 2",
        "  when a > {",
        "    b := ",
        "  }",
        "  c = 3",
        "}",
        "circuit C {",
        "  M: D(p q)",
        "}",
    ]
    with pytest.raises(CompileError) as caught:
        parse_text("\n".join(lines))
    assert [each.labels[0].span.line for each in caught.value.diagnostics] == [2, 3, 4, 9]


def test_a_file_of_many_errors_stops_at_a_hundred() -> None:
    with pytest.raises(CompileError) as caught:
        parse_text("device D(p, n) {\n" + "  a = = b\n" * 1000 + "}\n")
    assert len(caught.value.diagnostics) == 100


def test_a_text_that_is_too_large_is_refused() -> None:
    with pytest.raises(CompileError) as caught:
        parse(Source("large", "#" + "é" * 600_000))
    assert [each.code for each in caught.value.diagnostics] == ["too-large"]
