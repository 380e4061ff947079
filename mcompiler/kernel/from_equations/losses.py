"""Kernels of point losses: their values and transposed derivatives, one term at a time, at the one member of the loss vertex."""

from collections.abc import Callable, Sequence

import sympy

from mcompiler.equations.system import LOSS, PointLoss
from mcompiler.kernel import abi
from mcompiler.kernel.build import Block, KernelBuilder, Member, Sum, add
from mcompiler.kernel.from_equations.backward import Seed, Seeds, Target, pull_back
from mcompiler.kernel.from_equations.evaluate import Environment, Source, load_from
from mcompiler.kernel.from_equations.forward import prepare
from mcompiler.kernel.from_equations.graph import Class, Graph
from mcompiler.kernel.from_equations.passes import Body
from mcompiler.kernel.from_equations.visit import visit
from mcompiler.kernel.ir import Float, Integer, Kernel, Load, Local, Op, Value
from mcompiler.kernel.layout import RESULT

_RESULT = Integer(RESULT)
_ONLY = Member(Integer(0))

#: Does something for one term: block, loss class, term, where inputs are found.
Act = Callable[[Block, Class, PointLoss, Environment], None]


def loss(graph: Graph) -> Kernel:
    """The value of one point-loss term."""

    def value(block: Block, owner: Class, term: PointLoss, environment: Environment) -> None:
        body = Body(owner, owner.program.steps, (term.value,), _keep)
        visit(block, prepare(block, environment, [body]), body, member=_ONLY)

    return _per_loss(KernelBuilder(abi.LOSS), graph, value)


def _keep(block: Block, _member: Member, values: Sequence[Value]) -> Sequence[Sum]:
    block.store("w", _RESULT, values[0])
    return ()


def loss_pullback(graph: Graph) -> Kernel:
    """The derivative of one point-loss term."""

    def gradient(block: Block, owner: Class, term: PointLoss, environment: Environment) -> None:
        seed = Seed(term.value, sympy.Symbol("given seed", real=True), _given)
        time = pull_back(block, environment, [Seeds(owner, (seed,), _ONLY)], Target("yb"))
        block.store("w", _RESULT, time)

    return _per_loss(KernelBuilder(abi.LOSS_PULLBACK), graph, gradient)


def _given(_block: Block, _member: Member) -> Value:
    return Local("seed")


def _per_loss(kernel: KernelBuilder, graph: Graph, act: Act) -> Kernel:
    """A kernel that does something for loss ``term``: one `If` per term."""
    terms = graph.system.losses
    if not terms:
        return kernel.finish(Float(0.0))
    kernel.top.store("w", _RESULT, Float(0.0))
    for number, term in enumerate(terms):
        columns = {column: Source(_column(place)) for place, column in enumerate(term.data)}
        inner = Block(kernel)
        act(inner, graph.of(LOSS), term, Environment(graph, load_from("y"), extra={LOSS: columns}))
        said = term.name + (f" ({term.origin})" if term.origin else "")
        kernel.top.when(Op("eq", (Local("term"), Integer(number))), inner, said)
    return kernel.finish(Load("w", _RESULT))


def _column(place: int) -> Callable[[Block], Value]:
    return lambda _block: Load("d", add(Local("d0"), Integer(place)))
