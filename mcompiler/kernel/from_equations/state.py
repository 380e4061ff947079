"""Kernels of the state: its derivative stage by stage, initial values, scales and bounds, and their transposed derivatives."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import sympy

from mcompiler.kernel import abi
from mcompiler.kernel.build import ZERO, Block, KernelBuilder, Member, Sum, add, full_name, mul
from mcompiler.kernel.from_equations.backward import Seed, SeedOf, Seeds, Target, pull_back
from mcompiler.kernel.from_equations.evaluate import Environment, Stored, load_from, place_in
from mcompiler.kernel.from_equations.forward import prepare
from mcompiler.kernel.from_equations.graph import Class, Graph
from mcompiler.kernel.from_equations.passes import Body, Consume
from mcompiler.kernel.from_equations.visit import visit
from mcompiler.kernel.ir import Float, Integer, Kernel, Load, Local, Op, Reduce, Total, Value


def nothing_stored(
    _block: Block, _owner: Class, _raws: Sequence[sympy.Symbol], _member: Member
) -> dict[sympy.Symbol, Value]:
    """No unknowns: for kernels that read parameters only."""
    return {}


def sweep(graph: Graph) -> Kernel:
    """The stage derivative."""
    kernel = KernelBuilder(abi.SWEEP)
    unknowns = _unknowns(kernel)
    start = kernel.top.let("row", mul(Local("stage"), unknowns), "where K has this stage")
    _stage(graph, kernel, unknowns, lambda owner: _store("K", owner, owner.program.rate_notes, start))
    return kernel.finish()


def finish(graph: Graph) -> Kernel:
    """The last stage, and the state at the end of the step."""
    kernel = KernelBuilder(abi.FINISH)
    unknowns = _unknowns(kernel)
    weight = kernel.top.let("b", Load("a", add(Local("b0"), Local("stage"))), "weight of this stage")
    own = kernel.top.let("h_b", mul(Local("h"), weight))
    totals = _stage(graph, kernel, unknowns, lambda owner: _step_end(owner, unknowns, own))
    return kernel.finish(_sum(totals))


def _sum(values: Sequence[Value]) -> Value:
    return functools.reduce(add, values) if values else ZERO


def _unknowns(kernel: KernelBuilder) -> Value:
    return kernel.slot(abi.N_UNKNOWNS, "n", "unknowns in all: the length of a row of K")


def _stage(graph: Graph, kernel: KernelBuilder, unknowns: Value, consume: Callable[[Class], Consume]) -> list[Value]:
    """The rates of all unknowns at a stage, and what becomes of them; gives the totals."""
    bodies = [
        Body(each, each.program.steps, each.program.rates, consume(each), f"rates of {each.name}")
        for each in graph.classes
        if each.template.unknowns
    ]
    environment = Environment(graph, _stage_values(unknowns))
    vertices = [body for body in bodies if not body.owner.is_edge]
    edges = [body for body in bodies if body.owner.is_edge]
    totals: list[Value] = []
    environment = prepare(kernel.top, environment, vertices, running=edges, keeping=True, totals=totals)
    for body in vertices:
        totals += visit(kernel.top, environment, body)
    return totals


def _step_end(owner: Class, unknowns: Value, weight: Value) -> Consume:
    """Stores what the unknowns are at the end of the step, and totals 0 times that."""

    def consume(block: Block, member: Member, values: Sequence[Value]) -> Sequence[Sum]:
        names = {
            raw: f"{full_name(owner.name, raw.name.removesuffix(' stored'))} by earlier stages"
            for raw in owner.program.raw
        }
        before = _from_stages(block, owner, owner.program.raw, member, Weights("b", "b0", unknowns), names)
        sums: list[Sum] = []
        for raw, value, note in zip(owner.program.raw, values, owner.program.rate_notes, strict=True):
            end = block.let(f"end of {names[raw]}", add(before[raw], mul(weight, value)), note)
            block.store("v", place_in(block, owner, raw, member), end)
            sums.append(Sum(mul(ZERO, end), "broken"))
        return sums

    return consume


def _store(array: str, owner: Class, notes: Sequence[str], start: Value | None = None) -> Consume:
    """Stores a value per unknown."""

    def consume(block: Block, member: Member, values: Sequence[Value]) -> Sequence[Sum]:
        for raw, value, note in zip(owner.program.raw, values, notes, strict=True):
            place = place_in(block, owner, raw, member)
            block.store(array, place if start is None else add(start, place), value, note)
        return ()

    return consume


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights of earlier stages: a name for one, the argument that says where they begin in ``a``, and the length of a row of K."""

    name: str
    start: str
    unknowns: Value


def _stage_values(unknowns: Value) -> Stored:
    """Y = y + h * (a[0] K[0] + ...)."""

    def stored(block: Block, owner: Class, raws: Sequence[sympy.Symbol], member: Member) -> dict[sympy.Symbol, Value]:
        names = {raw: full_name(owner.name, raw.name) for raw in raws}
        return _from_stages(block, owner, raws, member, Weights("a", "a0", unknowns), names)

    return stored


def _from_stages(
    block: Block,
    owner: Class,
    raws: Sequence[sympy.Symbol],
    member: Member,
    weights: Weights,
    names: Mapping[sympy.Symbol, str],
) -> dict[sympy.Symbol, Value]:
    """The values y + h * (a[start] K[0] + ...), all unknowns of a member in one loop over the stages so far."""
    if not raws:
        return {}
    kernel = block.kernel
    places = {
        raw: block.let(f"place of {full_name(owner.name, raw.name)}", place_in(block, owner, raw, member))
        for raw in raws
    }
    stage, body = kernel.names.fresh("j"), Block(kernel)
    weight = body.let(f"{weights.name}_j", Load("a", Op("add", (Local(weights.start), Local(stage)))))
    row = body.let("row_j", mul(Local(stage), weights.unknowns))
    slopes = {raw: mul(weight, Load("K", add(row, places[raw]))) for raw in raws}
    totals = {
        raw: Total(kernel.names.fresh(f"slope of {names[raw]}"), "add", Float(0.0), slope)
        for raw, slope in slopes.items()
    }
    block.statements.append(
        Reduce(tuple(totals.values()), stage, Local("stage"), tuple(body.statements), "the stages before this one")
    )
    moved = {raw: add(Load("y", places[raw]), mul(Local("h"), Local(totals[raw].name))) for raw in raws}
    return {raw: block.let(names[raw], value, owner.note(raw)) for raw, value in moved.items()}


def pullback(graph: Graph) -> Kernel:
    """The transposed derivative of the rates."""
    kernel = KernelBuilder(abi.PULLBACK)
    seeded = [Seeds(each, _lam_seeds(each, each.program.rates, "lam0")) for each in graph.classes]
    target = Target("Yb", Local("Yb0"))
    time = pull_back(kernel.top, Environment(graph, load_from("Y")), seeded, target)
    return kernel.finish(time)


def _lam_seeds(owner: Class, outputs: Sequence[sympy.Expr], start: str = "") -> tuple[Seed, ...]:
    def load(raw: sympy.Symbol) -> SeedOf:
        def value(block: Block, member: Member) -> Value:
            place = place_in(block, owner, raw, member)
            return Load("lam", add(Local(start), place) if start else place)

        return value

    pairs = zip(owner.program.raw, outputs, strict=True)
    return tuple(Seed(output, lam_symbol(raw), load(raw), _lam_note(owner, raw)) for raw, output in pairs)


def _lam_note(owner: Class, raw: sympy.Symbol) -> str:
    return f"adjoint of {owner.name}.{owner.stored(raw).name}"


def lam_symbol(raw: sympy.Symbol) -> sympy.Symbol:
    """The adjoint of an unknown, by its symbol before clipping."""
    return sympy.Symbol(f"lam {raw.name.removesuffix(' stored')}", real=True)


def _without_state(graph: Graph) -> Environment:
    return Environment(graph, nothing_stored, has_time=False)


def initial(graph: Graph) -> Kernel:
    """Initial values."""
    initials = [[each.initial for each in owner.template.unknowns] for owner in graph.classes]
    return _per_unknown(graph, abi.INITIAL, "y", initials, "initial")


def scale(graph: Graph) -> Kernel:
    """The scales of the unknowns."""
    scales = [[each.scale for each in owner.template.unknowns] for owner in graph.classes]
    return _per_unknown(graph, abi.SCALE, "s", scales, "scale of")


def _per_unknown(
    graph: Graph, signature: abi.Signature, array: str, outputs: Sequence[Sequence[sympy.Expr]], said: str
) -> Kernel:
    kernel = KernelBuilder(signature)
    for owner, own in zip(graph.classes, outputs, strict=True):
        notes = [f"{said} {owner.name}.{each.symbol.name}" for each in owner.template.unknowns]
        body = Body(owner, owner.program.steps, tuple(own), _store(array, owner, notes))
        visit(kernel.top, _without_state(graph), body)
    return kernel.finish()


def initial_pullback(graph: Graph) -> Kernel:
    """The transposed derivative of the initial values by the parameters."""
    kernel = KernelBuilder(abi.INITIAL_PULLBACK)
    initials = [[each.initial for each in owner.template.unknowns] for owner in graph.classes]
    seeded = [Seeds(owner, _lam_seeds(owner, own)) for owner, own in zip(graph.classes, initials, strict=True)]
    pull_back(kernel.top, _without_state(graph), seeded, Target("lam", time=False))
    return kernel.finish()


def project(graph: Graph) -> Kernel:
    """Clips the bounded unknowns and counts those that moved."""
    kernel = KernelBuilder(abi.PROJECT)
    environment = Environment(graph, load_from("y"), has_time=False)
    total: Value = Integer(0)
    for owner in graph.classes:
        for count in visit(kernel.top, environment, _clipping(owner)):
            total = add(total, count)
    return kernel.finish(total)


@dataclass(frozen=True, slots=True)
class _Bounded:
    """A bounded unknown: its own symbol, the one before clipping, when the two differ, and whether the bounds are its own."""

    symbol: sympy.Symbol
    raw: sympy.Symbol
    outside: sympy.Expr
    counts: bool


def _bounded(owner: Class) -> list[_Bounded]:
    unknowns = zip(owner.template.unknowns, owner.program.raw, owner.program.outside, strict=True)
    return [
        _Bounded(unknown.symbol, raw, outside, unknown.along is None)
        for unknown, raw, outside in unknowns
        if outside is not None
    ]


def _clipping(owner: Class) -> Body:
    bounded = _bounded(owner)

    def consume(block: Block, member: Member, values: Sequence[Value]) -> Sequence[Sum]:
        sums: list[Sum] = []
        for each, clipped, moved in zip(bounded, values[::2], values[1::2], strict=True):
            block.store("y", place_in(block, owner, each.raw, member), clipped)
            if each.counts:
                sums.append(Sum(Op("where", (moved, Integer(1), Integer(0))), "clipped", "sum", Integer(0)))
        return sums

    outputs = tuple(output for each in bounded for output in (each.symbol, each.outside))
    return Body(owner, owner.program.steps, outputs, consume, f"bounds of {owner.name}")


def project_pullback(graph: Graph) -> Kernel:
    """The adjoint of a clipped unknown moves to its bound's parameters."""
    kernel = KernelBuilder(abi.PROJECT_PULLBACK)
    environment = Environment(graph, load_from("y"), has_time=False)
    for owner in graph.classes:
        seeds = tuple(Seed(each.symbol, lam_symbol(each.raw), take_lam(owner, each.raw)) for each in _bounded(owner))
        pull_back(kernel.top, environment, [Seeds(owner, seeds)], Target("lam", time=False))
    return kernel.finish()


def take_lam(owner: Class, raw: sympy.Symbol) -> SeedOf:
    """Loads an adjoint and puts 0 in its place."""

    def value(block: Block, member: Member) -> Value:
        place = place_in(block, owner, raw, member)
        taken = block.let(full_name(owner.name, lam_symbol(raw).name), Load("lam", place), _lam_note(owner, raw))
        block.store("lam", place, Float(0.0))
        return taken

    return value
