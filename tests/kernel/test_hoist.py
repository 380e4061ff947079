"""What depends on one end of an edge is computed once per vertex, and changes nothing but that."""

import math
from dataclasses import replace

import numpy as np
import pytest

from mcompiler.equations.functions import gt, sinh, tanh, where
from mcompiler.equations.system import (
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
from mcompiler.kernel.from_equations import lower
from mcompiler.kernel.from_equations.hoist import hoisted
from mcompiler.kernel.ir import For, Op, Reduce
from mcompiler.kernel.print import print_module
from mcompiler.kernel.verify import verify
from mcompiler.kernel.walk import parts_of, values_of, walk
from mcompiler.units import DIMENSIONLESS as ONE
from tests.kernel.cases import Case, assert_close, case_of, in_blocks, jacobian
from tests.kernel.systems import symbol

pre, post, s, beta, gain, x, i, v = map(symbol, ("pre", "post", "s", "beta", "gain", "x", "i", "v"))


def product() -> System:
    """ds/dt = 3 beta sinh(pre/beta) sinh(post gain) s, with the argument of one behind a definition, and a gain per edge that must stay there."""
    cell = Template(
        "cell",
        unknowns=(Unknown(x, ONE, rate=i - x),),
        definitions=(Definition(symbol("r"), ONE, tanh(x)),),
        accumulators=(Accumulator(i, ONE),),
    )
    synapse = Template(
        "synapse",
        parameters=(Parameter(beta, ONE), Parameter(gain, ONE), Parameter(symbol("own"), ONE, varies=True)),
        unknowns=(Unknown(s, ONE, rate=3 * beta * sinh(v) * sinh(post * gain) * s),),
        definitions=(Definition(v, ONE, pre / beta),),
        reads=(Read(pre, 0, "r", ONE), Read(post, 1, "x", ONE)),
        contributions=(Contribution(1, "i", s * pre * sinh(symbol("own") * pre), ONE),),
    )
    return System("product", (VertexClass("X", cell),), (EdgeClass("W", synapse, ("X", "X"), topology="dense"),))


def case() -> Case:
    module, layout = lower(product())
    made = case_of(module, layout, {"X": 3}, {})
    return made.at({"W.beta": 0.7, "W.gain": 1.3})


def test_inner_loop_keeps_what_is_the_edges_own() -> None:
    module, layout = lower(product())
    verify(module)
    sweep = next(each for each in module.kernels if each.signature.name == "sweep")
    loops = [each for each in walk(sweep.body) if isinstance(each, (For, Reduce)) and "W_end0" in each.index]
    inside = [
        each for loop in loops for inner in walk(loop.body) for value in values_of(inner) for each in parts_of(value)
    ]
    assert sum(isinstance(each, Op) and each.name == "sinh" for each in inside) == 1  # sinh(own*pre)
    assert not any(isinstance(each, Op) and each.name == "div" for each in inside)
    assert {each.name for each in layout.of("X").observables} == {"x", "r", "i"}
    assert "v" in {each.name for each in layout.of("W").observables}


def test_rates() -> None:
    made = case()
    u, w = (made.unknown(made.y, owner, name) for owner, name in (("X", "x"), ("W", "s")))
    own = made.parameter("W", "own").reshape(3, 3)
    r, w = np.tanh(u), w.reshape(3, 3)
    wanted = 3 * 0.7 * np.sinh(r / 0.7)[None, :] * np.sinh(1.3 * u)[:, None] * w
    found = made.rates()
    assert_close(made.unknown(found, "W", "s"), wanted.ravel(), 1e-14)
    assert_close(made.unknown(found, "X", "x"), (w * r * np.sinh(own * r)).sum(axis=1) - u, 1e-14)


def test_gradients_reach_what_the_vertices_borrow() -> None:
    made = case()
    J = jacobian(made, "sweep", len(made.y), "K")
    lam, Yb, pb = np.random.default_rng(0).normal(size=len(made.y)), np.zeros(len(made.y)), np.zeros(len(made.p))
    made.call("pullback", lam=lam, Yb=Yb, pb=pb)
    assert_close(Yb, J.y.T @ lam)
    assert_close(pb, J.p.T @ lam)


def test_conditions_and_what_costs_nothing_stay() -> None:
    system = product()
    rate = where(gt(sinh(pre), pre), 2 * pre + post, post) * s
    template = replace(
        system.edges[0].template, unknowns=(Unknown(s, ONE, rate=rate),), contributions=(), definitions=()
    )
    made = hoisted(replace(system, edges=(replace(system.edges[0], template=template),)))
    (lifted,) = made.vertices[0].template.definitions[1:]
    assert lifted.value == sinh(symbol("r"))
    assert made.edges[0].template.unknowns[0].rate.has(gt)
    cheap = replace(template, unknowns=(Unknown(s, ONE, rate=(2 * pre + post) * s),))
    plain = replace(system, edges=(replace(system.edges[0], template=cheap),))
    assert hoisted(plain) == plain


@pytest.mark.parametrize("gain", [0.3, 2.0, 9.0, math.nan, math.inf])
def test_ranges(gain: float) -> None:
    """Arguments of the one sinh that is left are small, middling, large or no numbers: other loops run, and their results are the same."""
    made = case()
    made = made.at({"W.own": [gain * each for each in np.linspace(0.2, 1, 9)]})
    blocks = in_blocks(made)
    text = print_module(blocks.module)
    assert all(name in text for name in ("sinh_1(", "sinh_2(", " sinh("))
    assert_close(blocks.rates(), made.rates(), 1e-15)
