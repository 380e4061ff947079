"""No text whatsoever makes the front end raise anything but `CompileError`, or take long, or take much memory."""

import inspect
import random
import resource
import time
import tracemalloc
from collections import Counter

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mcompiler.model.balance import DEEPEST
from tests.network.front import CROSSBAR, ERRORS, codes, model, mutated, texts, told, words

TEXTS = texts()
WORDS = words(TEXTS)


def test_the_texts_are_what_they_should_be() -> None:
    assert told(CROSSBAR, ERRORS) == ()
    assert len(TEXTS) > 50


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text())
@example("\x00")
@example("\ud800")
@example("device D(p, n) { i = v/1[ohm] }\x0c")
def test_any_text(text: str) -> None:
    told(text)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.sampled_from(["\n", " ", *WORDS, *"+-*/^()[]{}=~:,.;<>", "1", "0", "1e9", '"x"', "..", ":=", "dw/dt"]))
)
def test_any_words(parts: list[str]) -> None:
    told(" ".join(parts))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_any_statements(data: st.DataObject) -> None:
    """Lines of models, shuffled into blocks: nearly all of it parses."""
    lines = [
        line
        for text in TEXTS
        for line in text.split("\n")
        if line.startswith("  ") and line.count("{") == line.count("}")
    ]
    body = data.draw(st.lists(st.sampled_from(lines), max_size=12))
    header = data.draw(st.sampled_from(["device D(p, n)", "circuit C", "experiment e on Bench", "learning l on Bench"]))
    bench = "circuit Bench {\n  node top\n  S: DCSource(top, ground)\n  M: HP(top, ground)\n}\n"
    told(f"{bench}{header} {{\n" + "\n".join(body) + "\n}\n", ERRORS)


@pytest.mark.parametrize("seed", range(8))
def test_models_with_random_edits(seed: int) -> None:
    chance = random.Random(seed)
    found: Counter[str] = Counter()
    for _ in range(250):
        text = mutated(chance.choice(TEXTS), chance, WORDS)
        start = time.perf_counter()
        found.update({each.code for each in told(text, ERRORS)} or {"none"})
        assert time.perf_counter() - start < 20, text
    assert len(found) > 30  # the edits reach far into the stages
    assert found["none"] > 3


# --- limits


def device(body: str) -> str:
    return f"device D(p, n) {{\n{body}\n}}\n"


def circuit(body: str) -> str:
    return f"circuit C {{\n  node a\n  S: DCSource(a, ground)\n{body}\n}}\n"


SINES = "+".join(["sin(k)"] * 90)
DOUBLED = "\n".join(f"  param q{k} = {f'q{k - 1} + q{k - 1}' if k else '1[V]'}" for k in range(60))
N = 4000
LARGE = {
    "definitions in a chain": device("\n".join(f"a{k} = a{k + 1}" for k in range(N)) + f"\na{N} = 1[mS]\ni = a0*v"),
    "parameters in a circle": device("\n".join(f"param a{k} = a{(k + 1) % N}" for k in range(N)) + "\ni = v/1[ohm]"),
    "many circles": device("\n".join(f"a{k} = b{k}\nb{k} = a{k}" for k in range(N)) + "\ni = v/1[ohm]"),
    "unknown names": device("\n".join(f"a{k} = b{k}" for k in range(N)) + "\ni = v/1[ohm]"),
    "states": device("\n".join(f"state x{k} = 1\ndx{k}/dt = 1[1/s]" for k in range(N)) + "\ni = v/1[ohm]"),
    "events": device(
        "state x = 1\ndx/dt = 1[1/s]\ni = v/1[ohm]\n"
        + "\n".join(f"d{k} = x + {k}\nwhen d{k} > 1 {{ x := 0 }}" for k in range(N))
    ),
    "sets": device("param R = 1[ohm]\ni = v/R\n" + "\n".join(f"set s{k} {{ R = {k}[ohm] }}" for k in range(N))),
    "devices": "".join(f"device D{k}(p, n) {{ i = v/1[ohm] }}\n" for k in range(N)),
    "functions": "".join(f"function g{k}(x) = g{(k + 1) % N}(x) + y\n" for k in range(N)),
    "parameters of a circuit": circuit("\n".join(f"  param q{k} = {f'2*q{k - 1}' if k else '1'}" for k in range(N))),
    "elements": circuit("\n".join(f"  R{k}: Resistor(a, ground, R = {k + 1}[ohm])" for k in range(N))),
    "structures": circuit("  param A = 1[V]\n" + "\n".join(f"  R{k}: Resistor(a, ground, R = {k}[ohm]*A/1[V])" for k in range(1, N))),
    "nodes": circuit("\n".join(f"  node a{k}" for k in range(N))),
    "assignments": circuit("\n".join(f"  param q{k} = 1" for k in range(N)))
    + "experiment e on C {\n  run to 1[s]\n" + "\n".join(f"  set q{k} = 2" for k in range(N)) + "\n}\n",
    "wrong assignments": circuit("\n".join(f"  param q{k} = 1" for k in range(N)))
    + "experiment e on C {\n  run to 1[s]\n" + "\n".join(f"  set z{k} = 2" for k in range(N)) + "\n}\n",
    "losses": circuit("") + "learning l on C {\n" + "\n".join(f"  loss at {k}[us] = S.v^2" for k in range(N)) + "\n}\n",
    "experiments": circuit("") + "".join(f"experiment e{k} on C {{ run to 1[s] }}\n" for k in range(N)),
    "corners": device("i = 1[mA]*pwl(t" + "".join(f", {k}[s], {k % 7}" for k in range(N)) + ")"),
    "doubled functions": "function f0(x) = x + x\n"
    + "".join(f"function f{k}(x) = f{k - 1}(x) + f{k - 1}(x)\n" for k in range(1, 40))
    + device("i = f39(v)/1[ohm]"),
    "functions in functions": "function f0(x) = x + x\n"
    + "".join(f"function f{k}(x) = f{k - 1}(f{k - 1}(x))\n" for k in range(1, 40))
    + device("i = f39(v)/1[ohm]"),
    "doubled parameters": circuit(DOUBLED + "\n  T: DCSource(a, ground, V0 = q59)"),
}  # fmt: skip


@pytest.mark.parametrize("name", LARGE)
def test_large_texts_take_a_time_that_grows_with_their_length(name: str) -> None:
    start = time.perf_counter()
    told(LARGE[name])
    assert time.perf_counter() - start < 20  # under a second on an idle machine; quadratic work would take minutes


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (circuit("  size N = 1e12\n  R[k in N]: Resistor(a, ground)"), "size-too-large"),
        (circuit("  size N = 1e300\n  node b[N, N, N, N, N, N, N, N]\n"), "size-too-large"),
        (circuit("  R[k in 1e6, l in 1e6, m in 1e6]: Resistor(a, ground)"), "size-too-large"),
        (circuit("  R[k in 1e15..1e15 + 1e9]: Resistor(a, ground)"), "size-too-large"),
        (circuit(f"  size N = 40000000\n  R[k in N]: Resistor(a, ground, R = 1[ohm]*({SINES}))"), "size-too-large"),
        (circuit("  size N = 30000000\n" + "\n".join(f"  R{n}[k in N]: Resistor(a, ground)" for n in range(2))), "size-too-large"),
    ],
)  # fmt: skip
def test_what_would_not_fit_is_refused_before_it_is_made(text: str, code: str) -> None:
    tracemalloc.start()
    try:
        assert codes(text) == [code]
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_expression() -> None:
    """A million members with an expression of 270 parts: no array per part is kept."""
    text = circuit(
        "  size N = 1000000\n  R[k in N]: Resistor(a, ground, R = 1[ohm]*(" + "+".join(["sin(k)"] * 90) + "))"
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert codes(text) == []
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400_000  # kilobytes


def called_deep(frames: int, text: str) -> list[str]:
    return called_deep(frames - 1, text) if frames else codes(text)


@pytest.mark.parametrize(
    "inner",
    [
        "sin(" * (DEEPEST // 2 - 5) + "v/1[V]" + ")" * (DEEPEST // 2 - 5),
        "+".join(["v/1[V]"] * (DEEPEST - 10)),
        "-" * (DEEPEST - 10) + "1",
        "where(v > 0, 1, " * (DEEPEST // 2 - 5) + "0" + ")" * (DEEPEST // 2 - 5),
    ],
)
def test_the_deepest_expression_fits_on_the_stack(inner: str) -> None:
    """Also where the caller has used some of it. A call is two levels of the text."""
    used = len(inspect.stack())
    text = device(f"i = 1[mA]*({inner})") + "circuit C {\n  node a\n  S: DCSource(a, ground)\n  M: D(a, ground)\n}\n"
    assert called_deep(max(0, 250 - used), text) == []


def test_functions_that_call_each_other_deeply() -> None:
    chain = "function f0(x) = sin(x)\n" + "".join(f"function f{k}(x) = f{k - 1}(x)\n" for k in range(1, 200))
    assert codes(chain + device("i = 1[mA]*f199(v/1[V])")) == ["too-deep"]
    nested = "function f(x) = " + "sin(" * 40 + "x" + ")" * 40 + "\n"
    assert codes(nested + device("i = 1[mA]*f(f(f(v/1[V])))")) == ["too-deep"]
    assert model(nested + device("i = 1[mA]*f(v/1[V])")).devices["D"].law is not None
