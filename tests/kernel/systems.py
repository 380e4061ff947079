"""Systems built by hand: one small enough to be checked by formula, one that has everything a system may have."""

import sympy

from mcompiler.equations.functions import absolute, gt, log1p, maximum, pulse, pwl, raised, sin, sinh, tanh, where
from mcompiler.equations.system import (
    LOSS,
    TIME,
    Accumulator,
    Contribution,
    Definition,
    EdgeClass,
    Event,
    Parameter,
    PointLoss,
    Read,
    System,
    Template,
    Unknown,
    VertexClass,
)
from mcompiler.source import Source, Span
from mcompiler.units import DIMENSIONLESS as ONE

HALF = sympy.Rational(1, 2)


def symbol(name: str) -> sympy.Symbol:
    return sympy.Symbol(name, real=True)


def parameters(names: str, varying: str = "") -> tuple[Parameter, ...]:
    uniform = tuple(Parameter(symbol(name), ONE) for name in names.split())
    return (*uniform, *(Parameter(symbol(name), ONE, varies=True) for name in varying.split()))


def accumulators(*names: str) -> tuple[Accumulator, ...]:
    return tuple(Accumulator(symbol(name), ONE) for name in names)


def hp_device() -> System:
    """One memristor with linear drift and a window, between a driven node and ground."""
    A, f, v, i = map(symbol, ("A", "f", "v", "i"))
    w, Ron, Roff, mu, p, w0, v0, v1 = map(symbol, ("w", "Ron", "Roff", "mu", "p", "w0", "v0", "v1"))
    source = Source("hp.mem", "i = v/(Ron*w + Roff*(1 - w))\ndw/dt = mu*i*joglekar(w, p)\n")
    node = Template(
        "driven",
        parameters=parameters("A f"),
        definitions=(Definition(v, ONE, A * sin(2 * sympy.pi * f * TIME)),),
        accumulators=accumulators("i"),
    )
    ground = Template("ground", definitions=(Definition(v, ONE, sympy.Integer(0)),), accumulators=accumulators("i"))
    state = Unknown(
        w,
        ONE,
        rate=mu * i * (1 - raised(2 * w - 1, 2 * p)),
        initial=w0,
        lower=sympy.Integer(0),
        upper=sympy.Integer(1),
        origin=Span(source, source.text.index("dw"), len(source.text) - 1),
    )
    device = Template(
        "HP",
        parameters=(Parameter(Ron, ONE, doc="fully doped"), *parameters("Roff mu p w0")),
        unknowns=(state,),
        definitions=(
            Definition(v, ONE, v0 - v1),
            Definition(i, ONE, v / (Ron * w + Roff * (1 - w)), origin=Span(source, 0, 28)),
        ),
        reads=(Read(v0, 0, "v", ONE), Read(v1, 1, "v", ONE)),
        contributions=(Contribution(0, "i", -i, ONE), Contribution(1, "i", i, ONE)),
    )
    return System(
        "hp",
        (VertexClass("top", node), VertexClass("ground", ground)),
        (EdgeClass("M", device, ("top", "ground")),),
    )


def everything(*, dense: bool) -> System:
    """Two classes of vertices with a loss vertex, edges of three kinds, events and sources; with ``dense`` also a dense class."""
    edges = [
        EdgeClass("M", _memristor(), ("nodes", "cells", LOSS)),
        EdgeClass("L", _link(), ("nodes", "nodes")),
        EdgeClass("observe v", _observer(), ("nodes", LOSS)),
    ]
    if dense:
        edges.append(EdgeClass("S", _synapse(), ("cells", "cells"), "dense"))
    return System(
        "everything",
        (VertexClass("nodes", _node()), VertexClass("cells", _cell()), VertexClass(LOSS, _loss())),
        tuple(edges),
        parameters=parameters("circuit.g circuit.unused"),
        losses=(
            PointLoss(
                "fit", (symbol("seen v") - symbol("target")) ** 2 + HALF * symbol("seen w") * TIME, ONE, _columns()
            ),
            PointLoss("integral", symbol("integral"), ONE),
        ),
    )


def _columns() -> tuple[sympy.Symbol, ...]:
    """Data columns; one has the name of a quantity of another class, which it must not replace."""
    return symbol("target"), symbol("v")


def _node() -> Template:
    v, i, c, G, V0, g = map(symbol, ("v", "i", "c", "G", "V0", "circuit.g"))
    drive = pwl(TIME + symbol("late"), 0, 0, symbol("rise"), 1, 2, symbol("top"), 3, 0)
    return Template(
        "nodes",
        parameters=parameters("G rise top", "V0 late"),
        unknowns=(Unknown(v, ONE, rate=i - G * v**3 + g * symbol("drive"), mass=c, initial=V0 * G, scale=2 * G),),
        definitions=(Definition(symbol("drive"), ONE, drive),),
        accumulators=accumulators("i", "c"),
    )


def _cell() -> Template:
    u, clock, r, j, tau, low, high, g = map(symbol, ("u", "clock", "r", "j", "tau", "low", "high", "circuit.g"))
    wave = pulse(TIME, 0, symbol("A"), symbol("delay"), 0.1, 0.2, symbol("width"), symbol("period"))
    return Template(
        "cells",
        parameters=parameters("tau A delay width period threshold", "low high"),
        unknowns=(
            Unknown(u, ONE, rate=(-u + j + symbol("wave")) / tau, initial=low / 2, scale=high, lower=low, upper=high),
            Unknown(clock, ONE, rate=1 + g * sin(TIME) * r),
        ),
        definitions=(Definition(symbol("wave"), ONE, wave), Definition(r, ONE, tanh(u * g))),
        accumulators=accumulators("j"),
        events=(
            Event(u + j / 10 - symbol("threshold") * TIME, ONE, ((u, low + r * clock), (clock, 3 * u * TIME + j))),
            Event(clock - 1, ONE, ((clock, sympy.Integer(0)),)),
        ),
    )


def _memristor() -> Template:
    w, v, i, a, b, on, off, mu, top, pick = map(symbol, ("w", "v", "i", "a", "b", "on", "off", "mu", "top", "pick"))
    g = symbol("circuit.g")
    return Template(
        "memristor",
        parameters=parameters("on mu top C vth", "off pick"),
        unknowns=(
            Unknown(
                w, ONE, rate=mu * sinh(v) * maximum(w, 1 - w) + g / 8, initial=off, lower=sympy.Integer(0), upper=top
            ),
        ),
        definitions=(
            Definition(v, ONE, a - b),
            Definition(i, ONE, (on * w + off * (1 - w)) * v * (1 + absolute(v)) + log1p(w) * TIME),
        ),
        reads=(Read(a, 0, "v", ONE), Read(b, 1, "r", ONE)),
        contributions=(
            Contribution(0, "i", -i, ONE),
            Contribution(0, "c", symbol("C"), ONE),
            Contribution(1, "j", i, ONE),
            Contribution(1, "j", w * g, ONE),
            Contribution(2, "seen w", where(gt(pick, 0), w, 0), ONE),
        ),
        events=(Event(v - symbol("vth") * TIME, ONE, ((w, w / 2 + a / 10),)),),
    )


def _link() -> Template:
    """Edges without states, between nodes."""
    a, b, R = map(symbol, ("p.v", "n.v", "R"))
    i = symbol("i")
    return Template(
        "link",
        parameters=parameters("", "R"),
        definitions=(Definition(i, ONE, (a - b) / R + raised(a, sympy.Integer(2)) / 9),),
        reads=(Read(a, 0, "v", ONE), Read(b, 1, "v", ONE)),
        contributions=(
            Contribution(0, "i", -i, ONE),
            Contribution(1, "i", i, ONE),
            Contribution(0, "c", R / 50, ONE),
        ),
    )


def _synapse() -> Template:
    s, pre, post, at, rate = map(symbol, ("s", "pre", "post", "at", "rate"))
    return Template(
        "synapse",
        parameters=parameters("limit", "rate"),
        unknowns=(Unknown(s, ONE, rate=rate * (pre * post - s * at), initial=rate),),
        reads=(Read(pre, 0, "r", ONE), Read(post, 1, "r", ONE), Read(at, 1, "u", ONE)),
        contributions=(Contribution(1, "j", s * pre, ONE),),
        events=(Event(s - symbol("limit"), ONE, ((s, s * pre * TIME),)),),
    )


def _observer() -> Template:
    v = symbol("v")
    return Template("observer", reads=(Read(v, 0, "v", ONE),), contributions=(Contribution(1, "seen v", v, ONE),))


def _loss() -> Template:
    seen = symbol("seen v")
    unknown = Unknown(symbol("integral"), ONE, rate=seen**2 * symbol("seen w"))
    return Template("loss", unknowns=(unknown,), accumulators=accumulators("seen v", "seen w"))
