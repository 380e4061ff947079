"""The kernels of `abi`, one function each."""

from collections.abc import Sequence
from dataclasses import replace

import sympy

from mcompiler.equations.functions import next_breakpoints
from mcompiler.equations.system import LOSS, PointLoss, Unknown
from mcompiler.kernel import abi
from mcompiler.kernel.build import Block, KernelBuilder, Member, Sum, add, mul, over_members
from mcompiler.kernel.from_equations.backward import Seed, Seeds, Target, pull_back
from mcompiler.kernel.from_equations.evaluate import Environment, Source, Stored, load_from, place_in
from mcompiler.kernel.from_equations.forward import Body, Consume, prepare, sizes_at, visit
from mcompiler.kernel.from_equations.graph import Class, Graph
from mcompiler.kernel.from_equations.program import is_bounded, outside
from mcompiler.kernel.ir import Float, Integer, Kernel, Load, Local, Op, Reduce, Total, Value
from mcompiler.kernel.layout import RESULT

_INFINITY = Float(float("inf"))
_RESULT = Integer(RESULT)


def _nothing_stored(
    block: Block, owner: Class, raws: Sequence[sympy.Symbol], member: Member
) -> dict[sympy.Symbol, Value]:
    return {}


def _store(array: str, raws: Sequence[sympy.Symbol], owner: Class, start: Value | None = None) -> Consume:
    """Stores a value per unknown."""

    def consume(block: Block, member: Member, values: Sequence[Value]) -> Sequence[Sum]:
        for raw, value in zip(raws, values, strict=True):
            place = place_in(block, owner, raw, member)
            block.store(array, place if start is None else add(start, place), value, f"{owner.name}.{raw.name}")
        return ()

    return consume


def sweep(graph: Graph) -> Kernel:
    """The stage derivative."""
    kernel = KernelBuilder(abi.SWEEP)
    unknowns = kernel.slot(abi.N_UNKNOWNS, "n")
    start = kernel.let("row", mul(Local("stage"), unknowns))
    bodies = [_rates(each, start) for each in graph.classes if each.template.unknowns]
    environment = Environment(graph, _stage_values(unknowns))
    vertices = [body for body in bodies if not body.owner.is_edge]
    environment = prepare(kernel, environment, vertices, running=[body for body in bodies if body.owner.is_edge])
    for body in vertices:
        visit(kernel, environment, body)
    return kernel.finish()


def _rates(owner: Class, start: Value) -> Body:
    program = owner.program
    return Body(owner, program.steps, program.rates, _store("K", program.raw, owner, start), f"rates of {owner.name}")


def _stage_values(unknowns: Value) -> Stored:
    """Y = y + h * (a[0] K[0] + ...), all unknowns of a member in one loop over the stages so far."""

    def stored(block: Block, owner: Class, raws: Sequence[sympy.Symbol], member: Member) -> dict[sympy.Symbol, Value]:
        if not raws:
            return {}
        kernel, stage = block.kernel, block.kernel.names.fresh("j")
        body = Block(kernel)
        weight = body.let("a_j", Load("a", Op("add", (Local("a0"), Local(stage)))))
        row = body.let("row_j", mul(Local(stage), unknowns))
        places = [block.let(f"k_{raw.name}", place_in(block, owner, raw, member)) for raw in raws]
        totals = [
            Total(kernel.names.fresh(f"sum_{raw.name}"), "add", Float(0.0), mul(weight, Load("K", add(row, place))))
            for raw, place in zip(raws, places, strict=True)
        ]
        block.statements.append(Reduce(tuple(totals), stage, Local("stage"), tuple(body.statements)))
        return {
            raw: block.let(raw.name, Op("add", (Load("y", place), mul(Local("h"), Local(total.name)))))
            for raw, place, total in zip(raws, places, totals, strict=True)
        }

    return stored


def pullback(graph: Graph) -> Kernel:
    """The transposed derivative of the rates."""
    kernel = KernelBuilder(abi.PULLBACK)
    seeded = [Seeds(each, _lam_seeds(each, each.program.rates, "lam0")) for each in graph.classes]
    target = Target("Yb", Local("Yb0"))
    time = pull_back(kernel, Environment(graph, load_from("Y")), seeded, target)
    return kernel.finish(time)


def _lam_seeds(owner: Class, outputs: Sequence[sympy.Expr], start: str = "") -> tuple[Seed, ...]:
    def load(raw: sympy.Symbol) -> Seed:
        def value(block: Block, member: Member) -> Value:
            place = place_in(block, owner, raw, member)
            return Load("lam", add(Local(start), place) if start else place)

        return Seed(outputs[owner.program.raw.index(raw)], _lam(raw), value)

    return tuple(load(raw) for raw in owner.program.raw)


def _lam(raw: sympy.Symbol) -> sympy.Symbol:
    return sympy.Symbol(f"lam {raw.name}", real=True)


def _without_state(graph: Graph) -> Environment:
    return Environment(graph, _nothing_stored, has_time=False)


def initial(graph: Graph) -> Kernel:
    """Initial values."""
    return _per_unknown(
        graph, abi.INITIAL, "y", [[each.initial for each in owner.template.unknowns] for owner in graph.classes]
    )


def scale(graph: Graph) -> Kernel:
    """The scales of the unknowns."""
    return _per_unknown(
        graph, abi.SCALE, "s", [[each.scale for each in owner.template.unknowns] for owner in graph.classes]
    )


def _per_unknown(graph: Graph, signature: abi.Signature, array: str, outputs: Sequence[Sequence[sympy.Expr]]) -> Kernel:
    kernel = KernelBuilder(signature)
    for owner, own in zip(graph.classes, outputs, strict=True):
        body = Body(owner, owner.program.steps, tuple(own), _store(array, owner.program.raw, owner))
        visit(kernel, _without_state(graph), body)
    return kernel.finish()


def initial_pullback(graph: Graph) -> Kernel:
    """The transposed derivative of the initial values by the parameters."""
    kernel = KernelBuilder(abi.INITIAL_PULLBACK)
    initials = [[each.initial for each in owner.template.unknowns] for owner in graph.classes]
    seeded = [Seeds(owner, _lam_seeds(owner, own)) for owner, own in zip(graph.classes, initials, strict=True)]
    pull_back(kernel, _without_state(graph), seeded, Target("lam", time=False))
    return kernel.finish()


def project(graph: Graph) -> Kernel:
    """Clips the bounded unknowns and counts those that moved."""
    kernel = KernelBuilder(abi.PROJECT)
    environment = Environment(graph, load_from("y"), has_time=False)
    total: Value = Integer(0)
    for owner in graph.classes:
        for count in visit(kernel, environment, _clipping(owner)):
            total = add(total, count)
    return kernel.finish(total)


def _bounded(owner: Class) -> list[tuple[Unknown, sympy.Symbol]]:
    pairs = zip(owner.template.unknowns, owner.program.raw, strict=True)
    return [(unknown, raw) for unknown, raw in pairs if is_bounded(unknown)]


def _clipping(owner: Class) -> Body:
    bounded = _bounded(owner)

    def consume(block: Block, member: Member, values: Sequence[Value]) -> Sequence[Sum]:
        sums: list[Sum] = []
        for (_, raw), clipped, moved in zip(bounded, values[::2], values[1::2], strict=True):
            block.store("y", place_in(block, owner, raw, member), clipped)
            sums.append(Sum(Op("where", (moved, Integer(1), Integer(0))), "count", "add", Integer(0)))
        return sums

    outputs = tuple(output for unknown, _ in bounded for output in (unknown.symbol, outside(unknown)))
    return Body(owner, owner.program.steps, outputs, consume, f"bounds of {owner.name}")


def project_pullback(graph: Graph) -> Kernel:
    """The adjoint of a clipped unknown moves to its bound's parameters."""
    kernel = KernelBuilder(abi.PROJECT_PULLBACK)
    environment = Environment(graph, load_from("y"), has_time=False)
    for owner in graph.classes:
        bounded = _bounded(owner)
        by_raw = {seed.symbol: seed for seed in _lam_seeds(owner, [each.symbol for each in owner.template.unknowns])}
        seeds = [replace(by_raw[_lam(raw)], value=_take_lam(owner, raw)) for _, raw in bounded]
        pull_back(kernel, environment, [Seeds(owner, tuple(seeds))], Target("lam", time=False))
    return kernel.finish()


def _take_lam(owner: Class, raw: sympy.Symbol):
    """Loads an adjoint and puts 0 in its place."""

    def value(block: Block, member: Member) -> Value:
        place = place_in(block, owner, raw, member)
        taken = block.let(f"lam {raw.name}", Load("lam", place))
        block.store("lam", place, Float(0.0))
        return taken

    return value


def guards(graph: Graph) -> Kernel:
    """The margins of all events."""
    kernel = KernelBuilder(abi.GUARDS)
    environment = Environment(graph, load_from("y"))
    bodies = [_margins(each) for each in graph.classes if each.template.events]
    environment = prepare(kernel, environment, bodies)
    for body in bodies:
        visit(kernel, environment, body)
    return kernel.finish()


def _margins(owner: Class) -> Body:
    def consume(block: Block, member: Member, values: Sequence[Value]) -> Sequence[Sum]:
        for guard, value in zip(owner.layout.guards, values, strict=True):
            block.store("g", add(block.kernel.slot(guard.slot, "guard"), member.index), value)
        return ()

    outputs = tuple(each.margin for each in owner.template.events)
    return Body(owner, owner.program.steps, outputs, consume, f"events of {owner.name}")


def guard_pullback(graph: Graph) -> Kernel:
    """The derivative of one event's margin."""
    kernel = KernelBuilder(abi.GUARD_PULLBACK)
    environment = Environment(graph, load_from("y"))
    symbol = sympy.Symbol("seed", real=True)

    def margin(block: Block, owner: Class, number: int, member: Member) -> None:
        seed = Seed(owner.template.events[number].margin, symbol, lambda inner, each: Local("seed"))
        time = pull_back(block, environment, [Seeds(owner, (seed,), member)], Target("yb"))
        block.store("w", _RESULT, time)

    return _per_event(kernel, graph, margin, gives=True)


def reset(graph: Graph) -> Kernel:
    """The assignments of one event."""
    kernel = KernelBuilder(abi.RESET)

    def assign(block: Block, owner: Class, number: int, member: Member) -> None:
        assignments = owner.template.events[number].assignments
        raws = [_raw_of(owner, symbol) for symbol, _ in assignments]
        outputs = tuple(value for _, value in assignments)
        body = Body(owner, owner.program.steps, outputs, _store("y", raws, owner))
        visit(block, prepare(block, Environment(graph, load_from("y")), [body]), body, member=member)

    return _per_event(kernel, graph, assign, gives=False)


def _raw_of(owner: Class, symbol: sympy.Symbol) -> sympy.Symbol:
    symbols = [each.symbol for each in owner.template.unknowns]
    return owner.program.raw[symbols.index(symbol)]


def reset_pullback(graph: Graph) -> Kernel:
    """The transposed derivative of one event's assignments."""
    kernel = KernelBuilder(abi.RESET_PULLBACK)

    def assign(block: Block, owner: Class, number: int, member: Member) -> None:
        seeds: list[Seed] = []
        for symbol, value in owner.template.events[number].assignments:
            raw = _raw_of(owner, symbol)
            taken = _take_lam(owner, raw)(block, member)
            seeds.append(Seed(value, _lam(raw), lambda inner, each, taken=taken: taken))
        environment = Environment(graph, load_from("y"))
        time = pull_back(block, environment, [Seeds(owner, tuple(seeds), member)], Target("lam"))
        block.store("w", _RESULT, time)

    return _per_event(kernel, graph, assign, gives=True)


def _per_event(kernel: KernelBuilder, graph: Graph, act, *, gives: bool) -> Kernel:
    """A kernel that does something for event ``e``: one `If` per event of a template, within a loop over members."""
    if gives:
        kernel.store("w", _RESULT, Float(0.0))
    for owner in graph.classes:
        for number, guard in enumerate(owner.layout.guards):
            first = kernel.slot(guard.slot, f"event_{owner.name}_{number}")

            def fill(
                block: Block, member: Member, owner: Class = owner, number: int = number, first: Value = first
            ) -> Sequence[Sum]:
                inner = Block(kernel)
                act(inner, owner, number, member)
                block.when(Op("eq", (Local("e"), add(first, member.index))), inner, f"event {number} of {owner.name}")
                return ()

            over_members(kernel, owner.layout, sizes_at(kernel, graph, owner), fill)
    return kernel.finish(Load("w", _RESULT) if gives else None)


def breakpoint_(graph: Graph) -> Kernel:
    """The first breakpoint after ``t``."""
    kernel = KernelBuilder(abi.BREAKPOINT)
    environment = Environment(graph, _nothing_stored)
    result: Value = _INFINITY
    for owner in graph.classes:
        for first in visit(kernel, environment, _breakpoints(graph, owner)):
            result = kernel.let("first", Op("min", (result, first)))
    return kernel.finish(result)


def _breakpoints(graph: Graph, owner: Class) -> Body:
    def consume(block: Block, member: Member, values: Sequence[Value]) -> Sequence[Sum]:
        return [Sum(value, "corner", "min", _INFINITY) for value in values]

    found = {corner for value in _expressions(owner) for corner in next_breakpoints(value)}
    outputs = sorted(found, key=sympy.default_sort_key)
    return Body(owner, owner.program.steps, tuple(outputs), consume, f"sources of {owner.name}")


def _expressions(owner: Class) -> list[sympy.Expr]:
    template = owner.template
    events = [value for each in template.events for value in (each.margin, *(v for _, v in each.assignments))]
    values = [value for _, value in owner.program.steps] + list(owner.program.rates)
    return [*values, *(each.value for each in template.contributions), *events]


def observe(graph: Graph) -> Kernel:
    """The wanted observables of all members; a class with none wanted is not visited."""
    kernel = KernelBuilder(abi.OBSERVE)
    bodies = [_observables(each) for each in graph.classes if each.layout.observables]
    environment = prepare(kernel, Environment(graph, load_from("y")), bodies)
    for body in bodies:
        inner = Block(kernel)
        visit(inner, environment, body)
        wanted = [_wanted(kernel, each.number) for each in body.owner.layout.observables]
        condition = wanted[0]
        for each in wanted[1:]:
            condition = Op("or", (condition, each))
        kernel.when(condition, inner)
    return kernel.finish()


def _wanted(kernel: KernelBuilder, number: int) -> Value:
    return Op("ge", (Load("want", Integer(number)), Integer(0)))


def _observables(owner: Class) -> Body:
    template = owner.template
    shown = (*template.unknowns, *template.definitions, *template.accumulators)

    def consume(block: Block, member: Member, values: Sequence[Value]) -> Sequence[Sum]:
        for each, value in zip(owner.layout.observables, values, strict=True):
            inner = Block(block.kernel)
            start = Op("add", (Local("out0"), Load("want", Integer(each.number))))
            inner.store("out", Op("add", (start, member.index)), value, f"{owner.name}.{each.name}")
            block.when(_wanted(block.kernel, each.number), inner)
        return ()

    return Body(
        owner, owner.program.steps, tuple(each.symbol for each in shown), consume, f"observables of {owner.name}"
    )


def loss(graph: Graph) -> Kernel:
    """The value of one point-loss term."""
    kernel = KernelBuilder(abi.LOSS)

    def value(block: Block, owner: Class, term: PointLoss, environment: Environment) -> None:
        def consume(inner: Block, member: Member, values: Sequence[Value]) -> Sequence[Sum]:
            inner.store("w", _RESULT, values[0])
            return ()

        body = Body(owner, owner.program.steps, (term.value,), consume)
        visit(block, prepare(block, environment, [body]), body, member=Member(Integer(0)))

    return _per_loss(kernel, graph, value)


def loss_pullback(graph: Graph) -> Kernel:
    """The derivative of one point-loss term."""
    kernel = KernelBuilder(abi.LOSS_PULLBACK)
    symbol = sympy.Symbol("seed", real=True)

    def gradient(block: Block, owner: Class, term: PointLoss, environment: Environment) -> None:
        seed = Seed(term.value, symbol, lambda inner, each: Local("seed"))
        time = pull_back(block, environment, [Seeds(owner, (seed,), Member(Integer(0)))], Target("yb"))
        block.store("w", _RESULT, time)

    return _per_loss(kernel, graph, gradient)


def _per_loss(kernel: KernelBuilder, graph: Graph, act) -> Kernel:
    kernel.store("w", _RESULT, Float(0.0))
    for number, term in enumerate(graph.system.losses):
        extra = {column: _column(place) for place, column in enumerate(term.data)}
        environment = Environment(graph, load_from("y"), extra=extra)
        inner = Block(kernel)
        act(inner, graph.of(LOSS), term, environment)
        kernel.when(Op("eq", (Local("term"), Integer(number))), inner, f"loss {term.name}")
    return kernel.finish(Load("w", _RESULT))


def _column(place: int) -> Source:
    return lambda block: Load("d", add(Local("d0"), Integer(place)))
