"""Diagnostics as text: places, carets, bars, several files, odd characters."""

import pytest

from mcompiler.diagnostics import CompileError, Diagnostic, Label, Problems, did_you_mean, render
from mcompiler.diagnostics.problems import MOST
from mcompiler.source import Source, Span

TEXT = "first line\n  dw/dt = mu*Ron/D * i\nthird\n" + "x\n" * 8 + "twelfth line\n"


def source(text: str = TEXT, name: str = "hp.mem") -> Source:
    return Source(name, text)


def span(part: str, where: Source | None = None) -> Span:
    own = where or source()
    start = own.text.index(part)
    return Span(own, start, start + len(part))


def shown(*labels: Label, **rest: str) -> list[str]:
    return render(Diagnostic("some-code", "a headline", labels, **rest)).split("\n")  # type: ignore[arg-type]


def test_two_places_on_one_line() -> None:
    text = render(
        Diagnostic(
            "unit-mismatch",
            "the two sides of this equation have different units",
            (Label(span("dw/dt"), "1/s, since w is dimensionless"), Label(span("mu*Ron/D * i"), "m/s")),
            notes=("a fact",),
            hints=("divide by D",),
        )
    )
    assert text.split("\n") == [
        "error[unit-mismatch]: the two sides of this equation have different units",
        " --> hp.mem:2:3",
        "  |",
        "2 |   dw/dt = mu*Ron/D * i",
        "  |   ^^^^^   ^^^^^^^^^^^^ m/s",
        "  |   |",
        "  |   1/s, since w is dimensionless",
        "  |",
        "  = note: a fact",
        "  = hint: divide by D",
    ]


def test_three_places_on_one_line() -> None:
    labels = (Label(span("dw"), "one"), Label(span("mu"), "two"), Label(span("Ron"), "three"))
    assert shown(*labels)[4:8] == [
        "  |   ^^      ^^ ^^^ three",
        "  |   |       |",
        "  |   |       two",
        "  |   |",
    ]
    assert shown(*labels)[8] == "  |   one"


def test_places_on_several_lines() -> None:
    lines = shown(Label(span("twelfth"), "here"), Label(span("third"), "there"))
    assert lines[1:] == [
        "  --> hp.mem:12:1",
        "   |",
        " 3 | third",
        "   | ^^^^^ there",
        "..",
        "12 | twelfth line",
        "   | ^^^^^^^ here",
        "   |",
    ]


def test_places_in_other_files() -> None:
    other = source("a\nb\nthe device\n", "library/hp.mem")
    lines = shown(Label(span("third"), "here"), Label(span("device", other), "declared here"))
    assert lines[1:] == [
        " --> hp.mem:3:1",
        "  |",
        "3 | third",
        "  | ^^^^^ here",
        "  ::: library/hp.mem:3",
        "3 | the device",
        "  |     ^^^^^^ declared here",
        "  |",
    ]


def test_without_a_place() -> None:
    assert shown(file="x.mem") == ["error[some-code]: a headline", " --> x.mem"]
    assert shown() == ["error[some-code]: a headline"]
    assert shown(severity="warning")[0].startswith("warning[")


@pytest.mark.parametrize(
    ("text", "part", "line", "carets"),
    [
        ("\tR = x\n", "x", " R = x", "     ^"),
        ("a\x1b[31m = b\n", "b", "a [31m = b", "         ^"),
        ("電圧 = 電流*x\n", "電流", "電圧 = 電流*x", "       ^^^^"),
        ("x = 1 +", "1 +", "x = 1 +", "    ^^^"),
        ("if {\r\n", "{", "if {", "   ^"),
        ("a = (b\n + c)\n", "(b\n + c)", "a = (b", "    ^^"),
        ("e\u0301x = y\n", "y", "e\u0301x = y", "     ^"),
    ],
)
def test_carets_stand_below_what_they_mean(text: str, part: str, line: str, carets: str) -> None:
    own = source(text)
    lines = shown(Label(span(part, own)))
    assert lines[3] == f"1 | {line}"
    assert lines[4] == f"  | {carets}"


def test_an_end_of_text_has_a_caret() -> None:
    own = source("abc")
    assert shown(Label(Span(own, 3, 3), "expected }"))[4] == "  |    ^ expected }"


def test_long_lines_are_cut() -> None:
    own = source("x" * 500)
    lines = shown(Label(Span(own, 10, 490), "all of it"))
    assert max(map(len, lines)) < 260


def test_colours_change_no_text() -> None:
    diagnostic = Diagnostic("c", "h", (Label(span("third"), "here"),), ("n",), ("h",))
    colored = render(diagnostic, color=True)
    assert "\x1b[" in colored
    for code in ("\x1b[31m", "\x1b[33m", "\x1b[34m", "\x1b[1m", "\x1b[0m"):
        colored = colored.replace(code, "")
    assert colored == render(diagnostic)


# --- collections


def test_problems_are_told_in_the_order_of_the_text() -> None:
    problems = Problems()
    other = source("z", "other.mem")
    problems.error("b", "second", span("third"))
    problems.error("o", "elsewhere", span("z", other))
    problems.error("a", "first", span("first"))
    problems.warn("w", "only odd", span("first"))
    problems.error("a", "first", span("first"))
    with pytest.raises(CompileError) as caught:
        problems.raise_errors()
    assert [each.code for each in caught.value.diagnostics] == ["a", "b", "o"]
    assert [each.code for each in problems.warnings] == ["w"]
    assert str(caught.value).count("error[") == 3


def test_nothing_is_raised_for_warnings() -> None:
    problems = Problems()
    problems.warn("w", "odd")
    problems.raise_errors()


def test_a_collection_is_full_at_some_point() -> None:
    problems = Problems()
    for number in range(MOST + 20):
        problems.error("c", f"number {number}")
    assert len(problems.found) == MOST
    assert problems.is_full
    assert problems.suggest("abd", ["abc"]) == ()


def test_near_names() -> None:
    assert did_you_mean("Rof", ["Ron", "Roff", "x"]) == ("did you mean Roff or Ron?",)
    assert did_you_mean("ROFF", ["Roff"]) == ("did you mean Roff?",)
    assert did_you_mean("nothing", ["Ron", "Roff"]) == ()
    assert did_you_mean("x" * 1000, ["x" * 999]) == ()
