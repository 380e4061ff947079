"""Members of an ensemble side by side: kernels of a small system that do for `LANES` members at once what others do for one.

Quantity k of the lane's member is at place ``k*LANES + lane`` of every array, and a kernel is one loop over lanes around straight-line code: what vector units
are made for. A whole step of a method goes into one kernel, its numbers as literals, so that stages stay in registers.

Apart from the last bits the numbers are those of the system's other kernels: a stage of weight 0 is left out, and a division by what depends on parameters only
is a product with its inverse, which all stages share.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mcompiler.kernel.abi import (
    DENSE,
    LANE_NORM,
    LANE_SIZE,
    LANE_TIME,
    LANES,
    LEAP,
    N_UNKNOWNS,
    OBSERVE_LANES,
    PROJECT_LANES,
    Signature,
    Tableau,
)
from mcompiler.kernel.build import Names, add, mul
from mcompiler.kernel.ir import (
    Accumulate,
    Float,
    For,
    If,
    Integer,
    Kernel,
    KernelModule,
    Let,
    Load,
    Local,
    Op,
    Return,
    Statement,
    Store,
    Value,
)
from mcompiler.kernel.layout import Layout
from mcompiler.kernel.prune import prune, without_dead_stores
from mcompiler.kernel.scalarise import Evaluator, scalarised, scratch_names
from mcompiler.kernel.share import fold
from mcompiler.kernel.simplify import simplify_kernel
from mcompiler.kernel.walk import parts_of, rebuilt, with_values

#: Kernels for one member that members need when they begin.
_ALONE = ("sweep", "initial", "project", "scale", "breakpoint", "observe")
#: Arrays that are the same for all members.
_SHARED = {"z", "want"}


def laned(module: KernelModule, layout: Layout, z: NDArray[np.int64], tableau: Tableau) -> KernelModule:
    """The kernels that an ensemble needs: those for one member, and those for `LANES` of them with this method's step.

    Args:
        module: kernels of the system, loops and all.
        layout: what the slots of ``z`` mean.
        z: what `layout.bind` gave for a small system (`scalarise.is_small`).
        tableau: the method.
    """
    known = tuple(z.tolist())
    scratch = scratch_names(layout, known)
    given = {each.signature.name: each for each in module.kernels}
    maker = _Maker(given["sweep"], known, scratch, tableau)
    kernels = (
        *(scalarised(given[name], known, scratch) for name in _ALONE),
        maker.leap(),
        maker.dense(),
        maker.widened(given["project"], PROJECT_LANES),
        maker.widened(given["observe"], OBSERVE_LANES),
    )
    header = (*module.header, f"{LANES} members side by side, steps of {tableau.name}")
    return replace(module, header=header, kernels=kernels, z=known)


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes kernels for lanes.

    Attributes:
        sweep: the system's stage derivative.
        z: the layout array.
        scratch: what stands at each place of ``w``.
        tableau: the method.
    """

    sweep: Kernel
    z: Sequence[int]
    scratch: Mapping[int, str]
    tableau: Tableau

    @property
    def unknowns(self) -> int:
        return int(self.z[N_UNKNOWNS])

    def leap(self) -> Kernel:
        """A step: see `abi.LEAP`."""
        solved = len(self.tableau.weights)
        made = self.evaluator(LEAP)
        self.stages(made, solved + self.tableau.fsal)
        errors: list[tuple[Value, Value]] = []
        broken: Value = Float(0.0)
        for k in range(self.unknowns):
            new = made.bound("new", self.moved(made, self.tableau.weights, k))
            made.store("v", Integer(k), new, f"unknown {k} at the end of the step")
            error, low = (self.weighed(made, weights, k) for weights in (self.tableau.error, self.tableau.error_low))
            broken = _sum(_sum(broken, new), error)
            if self.tableau.error:
                before = Load("y", Integer(k))
                allowed = add(Load("s", Integer(k)), mul(Local("rtol"), _larger(_magnitude(before), _magnitude(new))))
                inverse = made.bound("per_tolerance", Op("div", (Float(1.0), allowed)))
                errors.append((_square(made, mul(error, inverse)), _square(made, mul(low, inverse))))
        made.store("c", Integer(LANE_NORM), self.norm(made, errors, made.bound("broken", broken)), "squared error norm")
        if self.tableau.fsal:
            for k in range(self.unknowns):
                last = made.load("K", Integer(solved * self.unknowns + k))
                made.store("k", Integer(self.unknowns + k), last, f"rate of unknown {k} there")
        return self.finished(LEAP, made)

    def norm(self, made: Evaluator, errors: Sequence[tuple[Value, Value]], broken: Value) -> Value:
        """The squared error norm of the step, not finite where ``broken`` is not."""
        lost = mul(Float(0.0), broken)
        if not errors:
            return lost
        size, low = (_largest(made, values) for values in zip(*errors, strict=True))
        if self.tableau.error_low:
            both = add(size, mul(Float(0.01), low))
            size = Op("where", (Op("eq", (size, Float(0.0))), Float(0.0), mul(size, Op("div", (size, both)))))
        h = Local("h")
        return add(mul(mul(h, h), size), lost)

    def dense(self) -> Kernel:
        """The dense output's coefficients: see `abi.DENSE`."""
        made = self.evaluator(DENSE)
        self.stages(made, len(self.tableau.rows))
        for power in range(len(self.tableau.dense[0])):
            weights = [row[power] for row in self.tableau.dense]
            for k in range(self.unknowns):
                value = mul(Local("h"), self.weighed(made, weights, k))
                made.store("d", Integer(power * self.unknowns + k), value, f"unknown {k}, theta^{power + 1}")
        return self.finished(DENSE, made)

    def widened(self, kernel: Kernel, signature: Signature) -> Kernel:
        """A kernel of one member for all lanes; what it returns is left out."""
        made = self.evaluator(signature, keeps=("w",))
        if signature == OBSERVE_LANES:
            made.values["t"] = made.bound("at", Load("t", Integer(0)))
            made.values["out0"] = Integer(0)
        made.run(each for each in kernel.body if not isinstance(each, Return))
        return self.finished(signature, made)

    def evaluator(self, signature: Signature, keeps: tuple[str, ...] = ("w", "K")) -> Evaluator:
        n, count = self.unknowns, len(self.tableau.rows)
        rates = {i * n + k: f"rate_{k}_of_stage_{i}" for i in range(count) for k in range(n)}
        called = {"w": self.scratch, "K": rates}
        given: dict[str, dict[int, Value]] = {"z": dict(enumerate(map(Integer, self.z))), "a": {}}
        for i, row in enumerate(self.tableau.rows):
            given["a"] |= {i * count + j: Float(each) for j, each in enumerate(row)}
        names = Names(["lane", "h", *(argument.name for argument in signature.arguments)])
        return Evaluator(given, {array: called[array] for array in keeps}, names, alone=False, folded=_folded)

    def stages(self, made: Evaluator, count: int) -> None:
        """Rates of stages up to ``count``; those of the first are there where the method has them from the step before."""
        n = self.unknowns
        start = made.bound("start", Load("c", Integer(LANE_TIME)))
        made.statements.append(Let("h", Load("c", Integer(LANE_SIZE))))
        for k in range(n if self.tableau.fsal else 0):
            made.kept["K"][k] = made.bound(f"rate_{k}_of_stage_0", Load("k", Integer(k)))
        for i in range(int(self.tableau.fsal), count):
            made.values.clear()
            time = _folded(Op("mul", (Float(self.tableau.times[i]), Local("h"))))
            made.values |= {"stage": Integer(i), "h": Local("h"), "a0": Integer(i * len(self.tableau.rows))}
            made.values["t"] = made.bound("t", _sum(start, time))
            made.run(self.sweep.body)

    def weighed(self, made: Evaluator, weights: Sequence[float], k: int) -> Value:
        """The sum of the rates of unknown ``k`` with these weights."""
        total: Value = Float(0.0)
        for i, weight in enumerate(weights):
            rate = made.load("K", Integer(i * self.unknowns + k))
            total = made.bound("sum", _sum(total, _folded(mul(Float(weight), rate))))
        return total

    def moved(self, made: Evaluator, weights: Sequence[float], k: int) -> Value:
        return add(Load("y", Integer(k)), _folded(mul(Local("h"), self.weighed(made, weights, k))))

    def finished(self, signature: Signature, made: Evaluator) -> Kernel:
        """The statements so far as a loop over lanes."""
        arrays = {argument.name for argument in signature.arguments}
        own = [each for each in made.statements if not isinstance(each, Store) or each.array in arrays]
        inverted = tuple(_with_inverses(own))
        body = without_dead_stores(prune(inverted), "w")
        loop = For("lane", Integer(LANES), _beside(body), "members side by side")
        return simplify_kernel(Kernel(signature, (loop,) if body else ()))


def _folded(value: Value) -> Value:
    """An operation after `fold`, without what is not there where nothing is infinite: products with 0, sums with 0."""
    match fold(value) if isinstance(value, Op) else value:
        case Op("mul", (Float(0.0), _) | (_, Float(0.0))):
            return Float(0.0)
        case Op("add", (Float(0.0), other) | (other, Float(0.0))):
            return other
        case other:
            return other


def _sum(a: Value, b: Value) -> Value:
    return _folded(Op("add", (a, b)))


def _magnitude(value: Value) -> Value:
    return Op("abs", (value,))


def _larger(a: Value, b: Value) -> Value:
    """As one instruction has it: the second where one is not a number."""
    return Op("where", (Op("gt", (a, b)), a, b))


def _square(made: Evaluator, value: Value) -> Value:
    scaled = made.bound("scaled", value)
    return made.bound("square", _folded(mul(scaled, scaled)))


def _largest(made: Evaluator, values: Sequence[Value]) -> Value:
    largest = values[0]
    for each in values[1:]:
        largest = made.bound("largest", _larger(largest, each))
    return largest


def _with_inverses(body: Iterable[Statement]) -> Iterator[Statement]:
    """Straight-line statements with products in the place of divisions by what depends on parameters only."""
    steady: set[str] = set()

    def is_steady(value: Value) -> bool:
        parts = tuple(parts_of(value))
        loads = all(each.array == "p" for each in parts if isinstance(each, Load))
        return loads and all(each.name in steady for each in parts if isinstance(each, Local))

    def inverted(value: Value) -> Value:
        match value:
            case Op("div", (above, below)) if is_steady(below) and not is_steady(above):
                return _folded(Op("mul", (inverted(above), _folded(Op("div", (Float(1.0), below))))))
            case Op(name, arguments):
                return Op(name, tuple(inverted(each) for each in arguments))
            case _:
                return value

    for each in body:
        changed = with_values(each, inverted)
        if isinstance(changed, Let) and is_steady(changed.value):
            steady.add(changed.name)
        yield changed


def _beside(body: Iterable[Statement]) -> tuple[Statement, ...]:
    """The statements with every place that belongs to a member moved to that of the lane."""

    def moved(array: str, index: Value) -> Value:
        return index if array in _SHARED else add(fold(Op("mul", (index, Integer(LANES)))), Local("lane"))

    def change(value: Value) -> Value:
        return rebuilt(
            value, lambda part: Load(part.array, moved(part.array, part.index)) if isinstance(part, Load) else part
        )

    def statement(each: Statement) -> Statement:
        match each:
            case Store(array, index, value, _) | Accumulate(array, index, value, _):
                return replace(each, index=moved(array, change(index)), value=change(value))
            case If(condition, inner, _):
                return replace(each, condition=change(condition), body=_beside(inner))
            case _:
                return with_values(each, change)

    return tuple(statement(each) for each in body)
