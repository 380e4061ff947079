"""Kernels from equations: the one part of this room that imports sympy, because the consumer owns the translation."""

from collections.abc import Callable

from mcompiler.equations.system import System
from mcompiler.equations.translate import as_written
from mcompiler.kernel.from_equations import breakpoints, events, losses, observables, state
from mcompiler.kernel.from_equations.graph import Graph, graph_of
from mcompiler.kernel.from_equations.hoist import hoisted
from mcompiler.kernel.from_equations.legend import legend
from mcompiler.kernel.ir import Kernel, KernelModule
from mcompiler.kernel.layout import Layout
from mcompiler.kernel.simplify import simplify

_KERNELS: tuple[Callable[[Graph], Kernel], ...] = (
    state.sweep,
    state.finish,
    state.pullback,
    state.initial,
    state.initial_pullback,
    state.project,
    state.project_pullback,
    state.scale,
    events.guards,
    events.guard_pullback,
    events.reset,
    events.reset_pullback,
    breakpoints.breakpoint_,
    observables.observe,
    losses.loss,
    losses.loss_pullback,
)

_BACKWARD = frozenset(
    {
        state.pullback,
        state.initial_pullback,
        state.project_pullback,
        events.guard_pullback,
        events.reset_pullback,
        losses.loss_pullback,
    }
)


@as_written
def lower(
    system: System, header: tuple[str, ...] = (), *, backward: bool = True, batched: bool = False
) -> tuple[KernelModule, Layout]:
    """The kernels of a system in forward form (a tangent, an error network and a nudged system are in it too), and where they find everything.

    Args:
        system: the equations.
        header: what the kernels' text should say of where they come from; what their names mean follows.
        backward: whether the transposed derivatives are wanted; without a gradient nobody calls them.
        batched: whether copies of the vertices share the edges: their states move at the mean of the rates that the copies ask for. Without derivatives.

    Raises:
        ValueError: the system is an adjoint, or has a constraint (an unknown with mass 0, a sum that depends on itself); or derivatives of a batch are wanted.
    """
    if batched and backward:
        raise ValueError(f"the transposed derivatives of a batch of {system.name} are not there")
    graph = graph_of(hoisted(system), batched=batched)
    wanted = [each for each in _KERNELS if backward or each not in _BACKWARD]
    module = KernelModule(system.name, tuple(kernel(graph) for kernel in wanted), (*header, *legend(graph)))
    return simplify(module), graph.layout
