"""The kernel that gives observables, which computes what is asked for and no more than its kind needs.

An unknown costs a load; a definition the definitions of its class; what an edge makes of its ends, the vertices' outputs besides; and what a vertex
collects, a pass over all edges. Each of these four kinds of a class has loops of its own.
"""

from collections.abc import Sequence
from functools import reduce

import sympy

from mcompiler.equations.reverse import needed
from mcompiler.kernel import abi
from mcompiler.kernel.build import Block, KernelBuilder, Member, Sum, add
from mcompiler.kernel.from_equations.evaluate import Environment, load_from
from mcompiler.kernel.from_equations.forward import prepare
from mcompiler.kernel.from_equations.graph import Class, Graph, shown_by
from mcompiler.kernel.from_equations.passes import Body
from mcompiler.kernel.from_equations.visit import visit
from mcompiler.kernel.ir import Integer, Kernel, Load, Local, Op, Value
from mcompiler.kernel.layout import Observable

_UNKNOWN, _OWN, _READING, _COLLECTED = range(4)


def observe(graph: Graph) -> Kernel:
    """The wanted observables of all members."""
    kernel = KernelBuilder(abi.OBSERVE)
    for kind in (_UNKNOWN, _OWN, _READING, _COLLECTED):
        chosen = [(owner, _of_kind(owner, kind)) for owner in graph.classes]
        bodies = {owner.name: _body(owner, pairs) for owner, pairs in chosen if pairs}
        inner = Block(kernel)
        environment = prepare(inner, Environment(graph, load_from("y")), list(bodies.values()))
        for owner, pairs in chosen:
            if pairs:
                own = Block(kernel)
                visit(own, environment, bodies[owner.name])
                inner.when(_any_wanted([each for each, _ in pairs]), own, f"{_KINDS[kind]} of {owner.name}")
        everything = [each for _, pairs in chosen for each, _ in pairs]
        if kind in (_UNKNOWN, _OWN):
            kernel.top.statements += inner.statements
        elif everything:
            kernel.top.when(_any_wanted(everything), inner)
    return kernel.finish()


_KINDS = ("unknowns", "definitions", "what depends on the ends", "what is collected")


def _of_kind(owner: Class, kind: int) -> list[tuple[Observable, sympy.Symbol]]:
    pairs = zip(owner.layout.observables, shown_by(owner.template), strict=True)
    return [(each, shown.symbol) for each, shown in pairs if _kind(owner, shown.symbol) == kind]


def _kind(owner: Class, symbol: sympy.Symbol) -> int:
    """What must be computed before this observable can be."""
    if symbol in {each.symbol for each in owner.template.unknowns}:
        return _UNKNOWN
    wanted = needed(owner.program.steps, [symbol])
    if any(each.symbol in wanted for each in owner.template.accumulators):
        return _COLLECTED
    return _READING if any(each.symbol in wanted for each in owner.template.reads) else _OWN


def _any_wanted(observables: Sequence[Observable]) -> Value:
    return reduce(_either, [_wanted(each) for each in observables])


def _either(a: Value, b: Value) -> Value:
    return Op("or", (a, b))


def _wanted(observable: Observable) -> Value:
    return Op("ge", (Load("want", Integer(observable.number)), Integer(0)))


def _body(owner: Class, pairs: Sequence[tuple[Observable, sympy.Symbol]]) -> Body:
    def consume(block: Block, member: Member, values: Sequence[Value]) -> Sequence[Sum]:
        for (each, _), value in zip(pairs, values, strict=True):
            inner = Block(block.kernel)
            start = Op("add", (Local("out0"), Load("want", Integer(each.number))))
            inner.store("out", add(start, member.index), value, f"{owner.name}.{each.name}")
            block.when(_wanted(each), inner)
        return ()

    return Body(owner, owner.program.steps, tuple(symbol for _, symbol in pairs), consume)
