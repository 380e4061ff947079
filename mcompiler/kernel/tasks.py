"""Loops over the rows of dense classes as tasks that may run at the same time: `tasked`, after `blocks`.

The rows are dealt to at most `TASKS` tasks of at least `GRAIN` members each. How many depends on sizes only, each task adds up what its rows give to the
columns by itself, and these sums are added task by task: the bits do not depend on who runs which task, or when.
"""

from collections.abc import Iterable, Mapping, Sequence
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
        task, tasks, first, start = (names.fresh(wish) for wish in ("task", "tasks", "first_row", "partials"))
        most = Op("min", (Integer(TASKS), Op("quotient", (members, Integer(grain)))))
        ahead = [
            Let(start, Load("z", Integer(N_PARTIALS)), "where w has sums of tasks"),
            Let(tasks, Op("max", (Integer(1), most))),
        ]
        mine = [names.fresh("partial") for _ in self.columns]
        places = [
            add(Local(start), mul(add(Integer(number * TASKS), Local(task)), self.width)) for number in range(len(mine))
        ]
        end = Op("quotient", (mul(add(Local(task), Integer(1)), rows), Local(tasks)))
        inside: list[Statement] = [
            Let(first, Op("quotient", (mul(Local(task), rows), Local(tasks)))),
            *(Let(name, place) for name, place in zip(mine, places, strict=True)),
            *(self._cleared(name, names) for name in mine),
        ]
        row = names.fresh("row")
        own = _redirected(self.loop.body, self.loop, dict(zip(self.columns, mine, strict=True)))
        turn = (Let(self.loop.index, add(Local(first), Local(row))), *own)
        totals = self.loop.totals if isinstance(self.loop, Reduce) else ()
        kept = add(Local(start), mul(Integer(len(mine) * TASKS), self.width))
        after: list[Statement] = []
        count = Op("sub", (end, Local(first)))
        if totals:
            part = [replace(total, name=names.fresh(total.name), initial=Float(0.0)) for total in totals]
            inside.append(Reduce(tuple(part), row, count, turn, self.loop.comment))
            inside += [
                Store("w", _total_place(kept, number, Local(task)), Local(total.name))
                for number, total in enumerate(part)
            ]
            after.append(self._joined(totals, kept, Local(tasks), names))
        else:
            inside.append(For(row, count, turn, self.loop.comment))
        whole = For(task, Local(tasks), tuple(inside), "rows, at the same time", at_once=True)
        added = [
            self._added(place, array, name, Local(tasks), Local(start), names)
            for name, (place, array) in enumerate(self.columns.items())
        ]
        return [*ahead, whole, *added, *after]

    def _cleared(self, start: str, names: Names) -> For:
        k = names.fresh("k")
        return For(k, self.width, (Store("w", add(Local(start), Local(k)), Float(0.0)),))

    def _added(self, place: str, array: str, number: int, tasks: Value, start: Value, names: Names) -> For:
        """Adds what all tasks have for one sum."""
        task, row, k = (names.fresh(wish) for wish in ("task", "partial", "k"))
        begin = Let(row, add(start, mul(add(Integer(number * TASKS), Local(task)), self.width)))
        each = Accumulate(array, add(Local(place), Local(k)), Load("w", add(Local(row), Local(k))))
        return For(task, tasks, (begin, For(k, self.width, (each,))), "what the tasks have for each column")

    def _joined(self, totals: Sequence[Total], kept: Value, tasks: Value, names: Names) -> Reduce:
        task = names.fresh("task")
        whole = tuple(
            replace(total, value=Load("w", _total_place(kept, number, Local(task))))
            for number, total in enumerate(totals)
        )
        return Reduce(whole, task, tasks)


def _total_place(kept: Value, number: int, task: Value) -> Value:
    return add(kept, add(Integer(number * TASKS), task))


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
    bound = {each.name: each.value for each in walk(loop.body) if isinstance(each, Let)}
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


def _expanded(value: Value, bound: Mapping[str, Value]) -> Value:
    """The value without names that a body binds, but for those of loops."""
    while any(name in bound for name in names_in(value)):
        value = substitute(value, bound)
    return value


def _redirected(body: Iterable[Statement], loop: For | Reduce, places: Mapping[str, str]) -> tuple[Statement, ...]:
    """The statements with sums over columns going to a task's own places."""
    bound = {each.name: each.value for each in walk(loop.body) if isinstance(each, Let)}

    def changed(statement: Statement) -> Statement:
        match statement:
            case For() | Reduce() | If():
                return replace(statement, body=tuple(changed(each) for each in statement.body))
            case Accumulate(_, index, _, _):
                match _expanded(index, bound):
                    case Op("add", (Local(start), _)) if start in places:
                        own = add(Op("sub", (index, Local(start))), Local(places[start]))
                        return replace(statement, array="w", index=own)
                    case _:
                        return statement
            case _:
                return statement

    return tuple(changed(each) for each in body)
