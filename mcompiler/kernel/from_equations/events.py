"""Kernels of events: margins, assignments, and their transposed derivatives, one event of one member at a time."""

from collections.abc import Callable, Sequence

import sympy

from mcompiler.kernel import abi
from mcompiler.kernel.build import Block, KernelBuilder, Member, Sum, add, member_at, over_members
from mcompiler.kernel.from_equations.backward import Seed, Seeds, Target, pull_back
from mcompiler.kernel.from_equations.evaluate import Environment, load_from, place_in
from mcompiler.kernel.from_equations.forward import prepare
from mcompiler.kernel.from_equations.graph import Class, Graph
from mcompiler.kernel.from_equations.passes import Body
from mcompiler.kernel.from_equations.state import lam_symbol, take_lam
from mcompiler.kernel.from_equations.visit import sizes_at, visit
from mcompiler.kernel.ir import Float, Integer, Kernel, Load, Local, Op, Value
from mcompiler.kernel.layout import RESULT

_RESULT = Integer(RESULT)

#: Does something for one event of a class: block, class, number of the event in the template, member.
Act = Callable[[Block, Class, int, Member], None]


def guards(graph: Graph) -> Kernel:
    """The margins of all events."""
    kernel = KernelBuilder(abi.GUARDS)
    bodies = [_margins(each) for each in graph.classes if each.template.events]
    environment = prepare(kernel.top, Environment(graph, load_from("y")), bodies)
    for body in bodies:
        visit(kernel.top, environment, body)
    return kernel.finish()


def _margins(owner: Class) -> Body:
    def consume(block: Block, member: Member, values: Sequence[Value]) -> Sequence[Sum]:
        for number, (guard, value) in enumerate(zip(owner.layout.guards, values, strict=True)):
            place = add(_first(block.kernel, owner, number), member.index)
            origin = owner.template.events[number].origin
            block.store("g", place, value, _said(owner, number) + (f" ({origin})" if origin else ""))
            del guard
        return ()

    outputs = tuple(each.margin for each in owner.template.events)
    return Body(owner, owner.program.steps, outputs, consume, f"events of {owner.name}")


def _first(kernel: KernelBuilder, owner: Class, number: int) -> Value:
    """The number of the event of the class's first member."""
    return kernel.slot(owner.layout.guards[number].slot, f"event_{owner.name}_{number}")


def _said(owner: Class, number: int) -> str:
    return f"event {number} of {owner.name}"


def guard_pullback(graph: Graph) -> Kernel:
    """The derivative of one event's margin."""
    environment = Environment(graph, load_from("y"))

    def margin(block: Block, owner: Class, number: int, member: Member) -> None:
        seed = Seed(owner.template.events[number].margin, sympy.Symbol("given seed", real=True), _given)
        time = pull_back(block, environment, [Seeds(owner, (seed,), member)], Target("yb"))
        block.store("w", _RESULT, time)

    return _per_event(KernelBuilder(abi.GUARD_PULLBACK), graph, margin, gives=True)


def _given(_block: Block, _member: Member) -> Value:
    return Local("seed")


def reset(graph: Graph) -> Kernel:
    """The assignments of one event."""

    def assign(block: Block, owner: Class, number: int, member: Member) -> None:
        assignments = owner.template.events[number].assignments
        raws = [_raw_of(owner, symbol) for symbol, _ in assignments]

        def consume(inner: Block, each: Member, values: Sequence[Value]) -> Sequence[Sum]:
            for raw, value in zip(raws, values, strict=True):
                inner.store("y", place_in(inner, owner, raw, each), value, owner.note(raw))
            return ()

        body = Body(owner, owner.program.steps, tuple(value for _, value in assignments), consume)
        environment = prepare(block, Environment(graph, load_from("y")), [body])
        visit(block, environment, body, member=member)

    return _per_event(KernelBuilder(abi.RESET), graph, assign, gives=False)


def _raw_of(owner: Class, symbol: sympy.Symbol) -> sympy.Symbol:
    symbols = [each.symbol for each in owner.template.unknowns]
    return owner.program.raw[symbols.index(symbol)]


def reset_pullback(graph: Graph) -> Kernel:
    """The transposed derivative of one event's assignments."""
    environment = Environment(graph, load_from("y"))

    def assign(block: Block, owner: Class, number: int, member: Member) -> None:
        seeds: list[Seed] = []
        for symbol, value in owner.template.events[number].assignments:
            raw = _raw_of(owner, symbol)
            seeds.append(Seed(value, lam_symbol(raw), _constant(take_lam(owner, raw)(block, member))))
        time = pull_back(block, environment, [Seeds(owner, tuple(seeds), member)], Target("lam"))
        block.store("w", _RESULT, time)

    return _per_event(KernelBuilder(abi.RESET_PULLBACK), graph, assign, gives=True)


def _constant(value: Value) -> Callable[[Block, Member], Value]:
    return lambda _block, _member: value


def _per_event(kernel: KernelBuilder, graph: Graph, act: Act, *, gives: bool) -> Kernel:
    """A kernel that does something for event ``e``: one `If` per event of a template."""
    owners = [owner for owner in graph.classes if owner.layout.guards]
    if gives and owners:
        kernel.top.store("w", _RESULT, Float(0.0))
    for owner in owners:
        for number in range(len(owner.layout.guards)):
            if owner.layout.topology == "dense":
                _for_pair(kernel, graph, owner, number, act)
            else:
                _for_member(kernel, owner, number, act)
    result = Load("w", _RESULT) if owners else Float(0.0)
    return kernel.finish(result if gives else None)


def _for_member(kernel: KernelBuilder, owner: Class, number: int, act: Act) -> None:
    index = kernel.top.let(f"m_{owner.name}", Op("sub", (Local("e"), _first(kernel, owner, number))))
    inner = Block(kernel)
    act(inner, owner, number, member_at(inner, owner.layout, index))
    inside = Op("and", (Op("ge", (index, Integer(0))), Op("lt", (index, kernel.count(owner.layout)))))
    kernel.top.when(inside, inner, _said(owner, number))


def _for_pair(kernel: KernelBuilder, graph: Graph, owner: Class, number: int, act: Act) -> None:
    """In a dense class a loop finds the ends of the member."""

    def fill(block: Block, member: Member) -> Sequence[Sum]:
        inner = Block(kernel)
        act(inner, owner, number, member)
        place = add(_first(kernel, owner, number), member.index)
        block.when(Op("eq", (Local("e"), place)), inner, _said(owner, number))
        return ()

    over_members(kernel.top, owner.layout, sizes_at(kernel.top, graph, owner), fill)
