"""The front end as one function, and texts to feed it."""

import random
import re
from pathlib import Path

from mcompiler.diagnostics import CompileError, Diagnostic, render
from mcompiler.dsl import LIBRARY, read
from mcompiler.model.model import Experiment, Model
from mcompiler.model.resolve import resolve
from mcompiler.network.elaborate import elaborate
from mcompiler.network.network import Network
from mcompiler.source import Source
from tests.solver.networks import DENSE, LAYERS, SPARSE, SPIKES

ROOT = Path(__file__).resolve().parents[2]
ERRORS = ROOT / "tests" / "errors"


def model(text: str, folder: Path | None = None) -> Model:
    """The model of a text."""
    return resolve(read(Source("model.mem", text, folder)))


def network(text: str, experiment: str | None = None, folder: Path | None = None) -> Network:
    """The network of a text's experiment (of the first one where none is named), else of its first circuit."""
    found = model(text, folder)
    chosen: Experiment | None = next(iter(found.experiments.values()), None)
    return elaborate(found, found.experiments[experiment] if experiment is not None else chosen)


def told(text: str, folder: Path | None = None) -> tuple[Diagnostic, ...]:
    """All that the front end says against a text: nothing where every network is made. Anything but CompileError comes through."""
    try:
        found = model(text, folder)
        for experiment in found.experiments.values():
            elaborate(found, experiment)
        for circuit in () if found.experiments else found.circuits.values():
            elaborate(found, None, circuit)
    except CompileError as error:
        for each in error.diagnostics:
            assert render(each)
        return error.diagnostics
    return ()


def codes(text: str, folder: Path | None = None) -> list[str]:
    """The codes of all problems of a text."""
    return [each.code for each in told(text, folder)]


def texts() -> list[str]:
    """Models of all kinds: the library, the examples, and all that is wrong in its own way."""
    paths = [*LIBRARY.glob("*.mem"), *(ROOT / "examples").glob("*/*.mem"), *ERRORS.glob("*.mem")]
    found = [path.read_text("utf-8").partition("# expect:")[0] for path in sorted(paths)]
    networks = [DENSE, SPARSE, LAYERS, SPIKES]
    return [text for text in found if len(text) < 20_000] + [CROSSBAR] * 10 + networks * 3


CROSSBAR = """
function twice(x) = 2*x
device Own(p, n) {
  param G = 1[mS]
  param b = twice(G)
  state w in [0, 1] = 0.5 scale 1
  state q: C = 0[C] scale 1[uC]
  i = (G + b*w)*v
  dw/dt = i/1[C]
  dq/dt = i
  set small { G = 1[uS], w = 0.1 }
  when w > 0.9 { w := 0.1; q := 0 }
}
circuit X {
  size M = 3
  size N = M + 1
  param A = 1[V]
  param B = 2*A
  param w0 ~ uniform(0.2, 0.4)
  input drive: V = B*sin(2*pi*1[Hz]*t)
  node row[M], col[N]
  feed[i in M]: VoltageSource(row[i], ground, V = drive + i*A)
  sense[j in N]: Capacitor(col[j], ground, C = 1[pF])
  cell[i in M, j in N]: VTEAM.biolek2021(row[i], col[j], Ron ~ lognormal(2[kohm], 10%), w = w0)
  own[j in N]: Own.small(col[j], ground, G = A/1[kohm]/1[V]*j/10)
}
learning L on X {
  data d = "parts/loop.csv"
  loss at d.t = ((cell[0, 1].i - d.i)/1[uA])^2
  loss at 1[s] = (col[0].v/A)^2
}
experiment e on X {
  seed 3
  set M = 2
  set own.G = 1[mS]
  initial cell.w = w0
  initial col.v = A
  run to 1[s]
  save every 1[ms]: cell[1, 2].w, own.q
  plot own[0].i against col[0].v
}
"""

_TOKENS = re.compile(r"\w+|\S|\s+")
_NUMBERS = ["0", "1", "2", "1e308", "1e-300", "1e12", "0.5", "3", "1e6", "200", "9" * 25, "5%", "inf"]
_WORDS = [
    "t",
    "i",
    "v",
    "pi",
    "sin",
    "min",
    "ground",
    "Capacitor",
    "HP",
    "where",
    "pulse",
    "a",
    "M",
    "w",
    "C",
    "s",
    "ohm",
]
_SIGNS = ["+", "-", "*", "/", "^", "<", "==", "(", ")", "[", "]", "{", "}", "~", "=", ",", ":", "..", "\n", " "]


def mutated(text: str, chance: random.Random, pool: list[str]) -> str:
    """The text with one to six random edits: most keep the kind of a word, so that many still parse."""
    tokens = _TOKENS.findall(text)
    for _ in range(chance.choice([1, 1, 1, 2, 3, 6])):
        place = chance.randrange(len(tokens)) if tokens else 0
        kind, own = chance.random(), tokens[place] if tokens else ""
        if not tokens:
            break
        if kind < 0.1:
            del tokens[place]
        elif kind < 0.2:
            tokens.insert(place, chance.choice([*_SIGNS, chance.choice(pool)]))
        elif kind < 0.25:
            lines = "".join(tokens).split("\n")
            lines.insert(chance.randrange(len(lines)), chance.choice(lines))
            tokens = _TOKENS.findall("\n".join(lines))
        elif own[0].isdigit():
            tokens[place] = chance.choice(_NUMBERS)
        elif own[0].isalpha():
            tokens[place] = chance.choice(_WORDS) if kind < 0.5 else chance.choice(pool)
        elif not own.isspace():
            tokens[place] = chance.choice(_SIGNS[:7])
    return "".join(tokens)


def words(found: list[str]) -> list[str]:
    """All words of some texts, as often as they occur."""
    return [word for text in found for word in re.findall(r"[^\W\d]\w*", text)]
