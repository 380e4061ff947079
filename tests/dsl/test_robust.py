"""No text whatsoever makes the parser raise anything but CompileError, take long, or lose what it accepts."""

import random
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcompiler.diagnostics import CompileError
from mcompiler.dsl import LIBRARY, format_module, parse_text, syntax
from tests.dsl.trees import tokens

ROOT = Path(__file__).parents[2]
PATHS = [
    *sorted(LIBRARY.glob("*.mem")),
    *sorted(ROOT.glob("examples/*/*.mem")),
    Path(__file__).with_name("chapters.mem"),
]
TEXTS = [path.read_text("utf-8") for path in PATHS]
FRAGMENTS = (
    "{", "}", "(", ")", "[", "]", '"', ";", "\n", ",", ".", "..", "=", ":=", "+=", "~", ":", "+", "-", "*", "^", "#", "not", "and", "in",
    "when", "device", "circuit", "experiment", "set", "param", "1e999", "5%", "[V]", "t", "dt", "dw/dt", "\0", "é", "\N{MULTIPLICATION SIGN}", "“", "\ud800",
    "inf",
)  # fmt: skip
LONGEST = 2.0  # s, for one text of a few kilobytes on a busy machine; most take a few milliseconds


def parsed(text: str) -> tuple[syntax.Module | None, set[str]]:
    """The tree of a text, or the codes of what is wrong with it, which can be shown."""
    try:
        return parse_text(text), set()
    except CompileError as error:
        str(error)
        return None, {each.code for each in error.diagnostics}


def judged(text: str) -> syntax.Module | None:
    """The tree of a text, or None where it is refused; what is accepted keeps its meaning when it is printed."""
    start = time.process_time()
    module, codes = parsed(text)
    assert time.process_time() - start < LONGEST
    if module is None:
        assert codes
        return None
    assert parse_text(format_module(module)) == module
    return module


@settings(deadline=None, max_examples=300)
@given(st.text(st.characters()))
def test_any_text(text: str) -> None:
    judged(text)


@settings(deadline=None, max_examples=300)
@given(st.lists(tokens, max_size=60))
def test_any_row_of_tokens(row: list[str]) -> None:
    judged(" ".join(row))


@settings(deadline=None, max_examples=200)
@given(
    st.lists(tokens, max_size=30),
    st.sampled_from(["device D(p, n)", "circuit C", "experiment e on C", "learning l on C"]),
)
def test_any_row_of_tokens_in_a_block(row: list[str], header: str) -> None:
    judged(f"{header} {{\n{' '.join(row)}\n}}\n")


@pytest.mark.parametrize("seed", range(8))
def test_mutations_of_valid_models(seed: int) -> None:
    choose = random.Random(seed)
    refused = 0
    for _ in range(100):
        text = choose.choice(TEXTS)
        for _ in range(choose.choice([1, 1, 2, 5])):
            text = mutated(text, choose)
        refused += judged(text) is None
    assert 20 < refused < 100


def mutated(text: str, choose: random.Random) -> str:
    """The text with something deleted, doubled, exchanged or put in."""
    first = choose.randrange(len(text) + 1)
    last = min(len(text), first + choose.choice([1, 1, 3, 10, 100]))
    match choose.randrange(4):
        case 0:
            return text[:first] + text[last:]
        case 1:
            return text[:last] + text[first:last] + text[last:]
        case 2:
            other = choose.randrange(len(text) + 1)
            return text[:first] + text[other : other + last - first] + text[last:]
        case _:
            return text[:first] + choose.choice(FRAGMENTS) + text[first:]


@pytest.mark.parametrize("count", [50, 99, 101, 199, 201, 20_000])
@pytest.mark.parametrize(
    ("before", "middle", "after"),
    [
        ("(", "w", ")"), ("f(", "w", ")"), ("a[", "w", "]"), ("-", "w", ""), ("not ", "w", ""), ("w^", "w", ""), ("w + ", "w", ""),
        ("", "w", " - w"), ("", "w", "*w"), ("w and ", "w", ""), ("sum(k in 2: ", "w", ")"), ("where(w > 0, 1, ", "w", ")"), ("1/(1 + ", "w", ")"),
        ("((", "w", "))^2"), ("f(x = ", "w", ")"),
    ],
)  # fmt: skip
def test_depth_is_bounded(before: str, middle: str, after: str, count: int) -> None:
    text = f"device D(p, n) {{\n  x = {before * count}{middle}{after * count}\n}}\n"
    module, codes = parsed(text)
    if module is None:
        assert codes == {"too-deep"}
        assert count > 40
        return
    assert count < 200
    assert parse_text(format_module(module)) == module
    assert module == parse_text(text)
    assert repr(module)
    assert len({*module.items}) == 1


@pytest.mark.parametrize(
    "piece",
    ["(", "[", "{", "}", ")", '"', '"\n', "a ", "a = ", "a.", "1[", "@ ", "device D {\n", "when x {", "x, ", "- ", "d", "d_", "#", "\n", ";", "1e",
     "device D(p, n)\n", "set a { b = ", "(]", "({", "é", "\N{MULTIPLICATION SIGN}", "“", "a(b[c]) ", "1..", "x = 1 +\n", "}\ndevice D {\n"],
)  # fmt: skip
def test_long_rows_are_read_in_linear_time(piece: str) -> None:
    """What takes time that grows with the square of the length would take minutes here."""
    start = time.process_time()
    with pytest.raises(CompileError):
        parse_text(f"{piece * (100_000 // len(piece))}\n@")
    assert time.process_time() - start < 10


def test_a_model_of_a_megabyte_is_read_in_linear_time() -> None:
    text = next(text for path, text in zip(PATHS, TEXTS, strict=True) if path.stem == "vteam")
    seconds: list[float] = []
    for copies in (20, 200):
        start = time.process_time()
        parse_text(text * copies)
        seconds.append(time.process_time() - start)
    assert seconds[1] < 20 * seconds[0] + 0.5
