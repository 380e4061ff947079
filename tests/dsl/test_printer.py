"""What is printed is parsed as the same tree, and printed again as the same text."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mcompiler.dsl import LIBRARY, format_module, parse, parse_text, read_source, syntax
from tests.dsl.trees import modules

ROOT = Path(__file__).parents[2]
FILES = [
    *sorted(LIBRARY.glob("*.mem")),
    *sorted(ROOT.glob("examples/*/*.mem")),
    *sorted(Path(__file__).parent.glob("*.mem")),
]


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(modules)
def test_printed_trees_are_parsed_as_they_were(module: syntax.Module) -> None:
    text = format_module(module)
    parsed = parse_text(text)
    assert parsed == module
    assert format_module(parsed) == text


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_files_keep_their_meaning_and_comments(path: Path) -> None:
    module = parse(read_source(path))
    printed = parse_text(format_module(module))
    assert printed == module
    assert [each.text for each in printed.comments] == [each.text for each in module.comments]
    assert format_module(printed) == format_module(module)
    assert all(len(line) <= 120 or '"' in line or "#" in line for line in format_module(module).split("\n"))


TEXTS = [path.read_text("utf-8") for path in FILES]


@settings(deadline=None)
@given(st.data())
def test_comments_stay_wherever_they_are(data: st.DataObject) -> None:
    """Comments at ends of lines, on lines of their own and inside brackets are all printed, and the text is stable."""
    text = data.draw(st.sampled_from(TEXTS))
    for number in range(data.draw(st.integers(1, 6))):
        places = [at for at, sign in enumerate(text) if sign in "\n," and _is_code(text, at)]
        at = data.draw(st.sampled_from(places))
        text = _with_comment(text, at, f"# note {number}", alone=data.draw(st.booleans()))
    module = parse_text(text)
    printed = format_module(module)
    again = parse_text(printed)
    assert again == module
    assert sorted(each.text for each in again.comments) == sorted(each.text for each in module.comments)
    assert format_module(again) == printed


def test_a_comment_that_moves_before_its_statement_parts_the_columns_at_once() -> None:
    text = TEXTS[next(number for number, each in enumerate(TEXTS) if "a[e.target],)" in each)]
    once = format_module(parse_text(_with_comment(text, text.index("a[e.target],)") + 11, "# note", alone=False)))
    assert format_module(parse_text(once)) == once


def _is_code(text: str, at: int) -> bool:
    """Whether a place is outside of comments and texts."""
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return line.count('"') % 2 == 0 and "#" not in line


def _with_comment(text: str, at: int, comment: str, *, alone: bool) -> str:
    after = at + (text[at] == ",")
    lead = "\n" if alone else "  "
    tail = "" if text[after : after + 1] == "\n" else "\n"
    return f"{text[:after]}{lead}{comment}{tail}{text[after:]}"


SHORT = """use windows

device D(p,n) "x" {   # head


  # first
  param a=1[V] ;  param bb =  2   # last
  set fast{a=1[V],bb=3}
  i = (((a)))*(v+(-bb))-(a-(bb-a))^(2^3)^-1 # why

  when v>a or not(bb<1) and a==bb{ w:=0;q:=1 }
  # end
} # tail
circuit C(out[N]) { M : D( p , # here
  n, a = 3 ); x[i in 0 .. N - 1]: D(row[i , j - 1], ground, a ~ lognormal(1 , 5%)) }
"""
PRINTED = """use windows

device D(p, n) "x" {  # head
  # first
  param a  = 1[V]
  param bb = 2  # last
  set fast { a = 1[V], bb = 3 }
  i = a*(v + -bb) - (a - (bb - a))^(2^3)^-1  # why

  when v > a or not bb < 1 and a == bb { w := 0; q := 1 }
  # end
}  # tail

circuit C(out[N]) {
  M: D(p,  # here
    n, a = 3)
  x[i in 0..N-1]: D(row[i, j-1], ground, a ~ lognormal(1, 5%))
}
"""


def test_canonical_form() -> None:
    assert format_module(parse_text(SHORT)) == PRINTED


def test_long_statements_are_wrapped_at_commas_and_operators() -> None:
    terms = " + ".join(f"a{number}*b{number}" for number in range(30))
    given = ", ".join(f"parameter{number} = {number}[kohm]" for number in range(12))
    text = f"circuit C {{\n  x = {terms}\n  M: HP({given})\n}}\n"
    printed = format_module(parse_text(text))
    lines = printed.split("\n")
    assert max(map(len, lines)) <= 120
    assert len(lines) < 12
    assert parse_text(printed) == parse_text(text)


@example("device D(p, n) {}\n")
@example("")
@example("# only a comment\n")
@given(st.sampled_from(["", "\n\n\n", "# a\n\n\n# b", "function f() = 1", 'use "x.mem" # why']))
def test_small_texts(text: str) -> None:
    printed = format_module(parse_text(text))
    assert format_module(parse_text(printed)) == printed
    assert parse_text(printed) == parse_text(text)
    assert [each.text for each in parse_text(printed).comments] == [each.text for each in parse_text(text).comments]
