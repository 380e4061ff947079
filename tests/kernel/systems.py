"""Systems built by hand, small enough to be checked by formula."""

import sympy

from mcompiler.equations.functions import (
    raised,
    sin,
)
from mcompiler.equations.system import (
    TIME,
    Accumulator,
    Contribution,
    Definition,
    EdgeClass,
    Parameter,
    Read,
    System,
    Template,
    Unknown,
    VertexClass,
)
from mcompiler.units import DIMENSIONLESS as ONE_


def symbols(names: str) -> tuple[sympy.Symbol, ...]:
    return sympy.symbols(names, real=True, seq=True)


def parameters(names: str, varying: str = "") -> tuple[Parameter, ...]:
    uniform = [Parameter(symbol, ONE_) for symbol in (symbols(names) if names else ())]
    return (*uniform, *(Parameter(symbol, ONE_, varies=True) for symbol in (symbols(varying) if varying else ())))


def hp_device() -> System:
    """One memristor with linear drift and a window, between a driven node and ground."""
    A, f, v = symbols("A f v")
    w, Ron, Roff, mu, k, p, w0, v0, v1, i = symbols("w Ron Roff mu k p w0 v0 v1 i")
    node = Template(
        "driven",
        parameters=parameters("A f"),
        definitions=(Definition(v, ONE_, A * sin(2 * sympy.pi * f * TIME)),),
        accumulators=(Accumulator(symbols("i")[0], ONE_),),
    )
    ground = Template(
        "ground",
        definitions=(Definition(v, ONE_, sympy.Integer(0)),),
        accumulators=(Accumulator(symbols("i")[0], ONE_),),
    )
    device = Template(
        "HP",
        parameters=parameters("Ron Roff mu k p w0"),
        unknowns=(
            Unknown(
                w,
                ONE_,
                rate=mu * i * (1 - raised(2 * w - 1, 2 * p)),
                initial=w0,
                scale=sympy.Integer(1),
                lower=sympy.Integer(0),
                upper=sympy.Integer(1),
            ),
        ),
        definitions=(Definition(v, ONE_, v0 - v1), Definition(i, ONE_, v / (Ron * w + Roff * (1 - w)))),
        reads=(Read(v0, 0, "v", ONE_), Read(v1, 1, "v", ONE_)),
        contributions=(Contribution(0, "i", -i, ONE_), Contribution(1, "i", i, ONE_)),
    )
    return System(
        "hp",
        (VertexClass("top", node), VertexClass("ground", ground)),
        (EdgeClass("M", device, ("top", "ground")),),
    )
