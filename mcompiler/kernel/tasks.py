"""Loops over the rows of dense classes as tasks that may run at the same time: `tasked`, after `blocks`.

The rows are dealt to at most `TASKS` tasks of at least `GRAIN` members each. How many depends on sizes only, each task adds up what its rows give to the
columns by itself, and these sums are added task by task: the bits do not depend on who runs which task, or when.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mcompiler.kernel.abi import N_PARTIALS
from mcompiler.kernel.build import Names, add, mul
from mcompiler.kernel.ir import (
    Accumulate,
    Buffer,
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
    Reduce,
    Statement,
    Store,
    Total,
    Value,
)
from mcompiler.kernel.layout import TASK_TOTALS, TASKS, Layout
from mcompiler.kernel.simplify import simplify_kernel
from mcompiler.kernel.walk import bound_names, loads_in, names_in, substitute, walk

#: Members that are worth a task of their own: a few microseconds of work.
GRAIN = 4096


def has_tasks(module: KernelModule) -> bool:
    """Whether anything in it can run at the same time."""
    return any(isinstance(each, For) and each.at_once for kernel in module.kernels for each in walk(kernel.body))


def tasked(module: KernelModule, layout: Layout, grain: int = GRAIN) -> tuple[KernelModule, Layout]:
    """The module with its loops over rows as tasks where they can be, and the layout with room for their sums."""
    made = [_tasked(kernel, grain) for kernel in module.kernels]
    partials = max((count for _, count in made), default=0)
    return replace(module, kernels=tuple(kernel for kernel, _ in made)), replace(layout, partials=partials)


def _tasked(kernel: Kernel, grain: int) -> tuple[Kernel, int]:
    """The kernel, and the number of sums per column that its tasks keep."""
    names = Names([*(argument.name for argument in kernel.signature.arguments), *bound_names(kernel.body)])
    buffers = frozenset(each.name for each in kernel.body if isinstance(each, Buffer))
    body: list[Statement] = []
    partials = 0
    for each in kernel.body:
        rows = _rows_of(each, buffers)
        if rows is None:
            body.append(each)
        else:
            body += rows.statements(names, grain)
            partials = max(partials, len(rows.columns), 1)  # one at least: totals have their places behind these
    return simplify_kernel(replace(kernel, body=tuple(body))) if partials else kernel, partials


@dataclass(frozen=True, slots=True)
class _Rows:
    """A loop over rows whose turns meet in sums over columns only.

    Attributes:
        loop: over the rows.
        width: columns of a row.
        columns: for every place where sums over columns begin, the array that they are in.
    """

    loop: For | Reduce
    width: Value
    columns: Mapping[str, str]

    def statements(self, names: Names, grain: int) -> list[Statement]:
        """The same as tasks, and the sums of what they give."""
        rows, members = self.loop.count, mul(self.loop.count, self.width)
        task, tasks, start = (names.fresh(wish) for wish in ("task", "tasks", "partials"))
        most = Op("min", (Integer(TASKS), Op("quotient", (members, Integer(grain)))))
        first, end = (
            Op("quotient", (mul(number, rows), Local(tasks))) for number in (Local(task), add(Local(task), Integer(1)))
        )
        mine = {place: names.fresh("partial") for place in self.columns}
        places = [self.sums(Local(start), number, Local(task)) for number, _ in enumerate(mine)]
        totals = self.loop.totals if isinstance(self.loop, Reduce) else ()
        part = tuple(replace(total, name=names.fresh(total.name), initial=Float(0.0)) for total in totals)
        inside = [
            *(Let(name, place) for name, place in zip(mine.values(), places, strict=True)),
            *(self.cleared(name, names) for name in mine.values()),
            *self.turns(names, first, end, mine, part),
            *(
                Store("w", self.total(Local(start), number, Local(task)), Local(total.name))
                for number, total in enumerate(part)
            ),
        ]
        return [
            Let(start, Load("z", Integer(N_PARTIALS)), "where w has sums of tasks"),
            Let(tasks, Op("max", (Integer(1), most))),
            For(task, Local(tasks), tuple(inside), "rows, at the same time", at_once=True),
            *(self.added(number, Local(start), Local(tasks), names) for number, _ in enumerate(mine)),
            *self.joined(totals, Local(start), Local(tasks), names),
        ]

    def turns(
        self, names: Names, first: Value, end: Value, mine: Mapping[str, str], totals: Sequence[Total]
    ) -> list[Statement]:
        """The rows from the first on, whose sums over columns go to a task's own places."""
        start, row = names.fresh("first_row"), names.fresh("row")
        turn = (Let(self.loop.index, add(Local(start), Local(row))), *_redirected(self.loop, mine))
        count = Op("sub", (end, Local(start)))
        if totals:
            return [Let(start, first), Reduce(tuple(totals), row, count, turn, self.loop.comment)]
        return [Let(start, first), For(row, count, turn, self.loop.comment)]

    def sums(self, start: Value, number: int, task: Value) -> Value:
        """Where a task has its sums of this number."""
        return add(start, mul(add(Integer(number * TASKS), task), self.width))

    def total(self, start: Value, number: int, task: Value) -> Value:
        """Where a task has its total of this number."""
        behind = add(start, mul(Integer(len(self.columns) * TASKS), self.width))
        return add(behind, add(Integer(number * TASKS), task))

    def cleared(self, start: str, names: Names) -> For:
        k = names.fresh("k")
        return For(k, self.width, (Store("w", add(Local(start), Local(k)), Float(0.0)),))

    def added(self, number: int, start: Value, tasks: Value, names: Names) -> For:
        """Adds what all tasks have for one sum."""
        place, array = tuple(self.columns.items())[number]
        task, row, k = (names.fresh(wish) for wish in ("task", "partial", "k"))
        begin = Let(row, self.sums(start, number, Local(task)))
        each = Accumulate(array, add(Local(place), Local(k)), Load("w", add(Local(row), Local(k))))
        return For(task, tasks, (begin, For(k, self.width, (each,))), "what the tasks have for each column")

    def joined(self, totals: Sequence[Total], start: Value, tasks: Value, names: Names) -> list[Reduce]:
        """Adds what all tasks have for the totals."""
        if not totals:
            return []
        task = names.fresh("task")
        whole = tuple(
            replace(total, value=Load("w", self.total(start, number, Local(task))))
            for number, total in enumerate(totals)
        )
        return [Reduce(whole, task, tasks)]


def _rows_of(statement: Statement, buffers: frozenset[str]) -> _Rows | None:
    """The rows of a dense class, if this is the loop over them and its turns can run at the same time."""
    if not isinstance(statement, (For, Reduce)) or not statement.body:
        return None
    totals = statement.totals if isinstance(statement, Reduce) else ()
    if len(totals) > TASK_TOTALS or any(total.op != "sum" or isinstance(total.initial, Integer) for total in totals):
        return None
    match statement.body[0]:
        case Let(_, Op("mul", (Local(index), width))) if index == statement.index:
            columns = _columns(statement, buffers)
            return None if columns is None else _Rows(statement, width, columns)
        case _:
            return None


def _columns(loop: For | Reduce, buffers: frozenset[str]) -> dict[str, str] | None:
    """Where in which array sums over columns begin; None where turns meet in anything else."""
    bound = _bindings(loop)
    inner = set(bound_names(loop.body))
    found: dict[str, str] = {}
    for each in walk(loop.body):
        if not isinstance(each, (Store, Accumulate)) or each.array in buffers:
            continue
        place = _expanded(each.index, bound)
        if loop.index in names_in(place):
            continue
        match place:
            case Op("add", (Local(start), column)) if isinstance(each, Accumulate) and start not in inner:
                if not inner & set(names_in(column)) or any(True for _ in loads_in(column)):
                    return None
                found[start] = each.array
            case _:
                return None
    return found


def _bindings(loop: For | Reduce) -> dict[str, Value]:
    return {each.name: each.value for each in walk(loop.body) if isinstance(each, Let)}


def _expanded(value: Value, bound: Mapping[str, Value]) -> Value:
    """The value without names that a body binds, but for those of loops."""
    while any(name in bound for name in names_in(value)):
        value = substitute(value, bound)
    return value


def _start(place: Value) -> str:
    """The name of where an array begins that a place is counted from."""
    match place:
        case Op("add", (Local(start), _)):
            return start
        case _:
            return ""


def _redirected(loop: For | Reduce, places: Mapping[str, str]) -> tuple[Statement, ...]:
    """The loop's body with sums over columns going to other places."""
    bound = _bindings(loop)

    def changed(statement: Statement) -> Statement:
        match statement:
            case For() | Reduce() | If():
                return replace(statement, body=tuple(changed(each) for each in statement.body))
            case Accumulate(_, index, _, _) if (start := _start(_expanded(index, bound))) in places:
                own = add(Op("sub", (index, Local(start))), Local(places[start]))
                return replace(statement, array="w", index=own)
            case _:
                return statement

    return tuple(changed(each) for each in loop.body)
