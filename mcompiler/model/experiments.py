"""Experiments and the losses of learning blocks: what is set, run, kept, drawn and compared."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from mcompiler.diagnostics import Problems, did_you_mean
from mcompiler.dsl import syntax
from mcompiler.model.check import Checker, Known, Scope
from mcompiler.model.devices import resolve_value
from mcompiler.model.evaluate import constant, whole
from mcompiler.model.expression import Expression, Name, name_set
from mcompiler.model.model import Assignment, Circuit, Data, Device, Element, Experiment, Loss, Plot, Save, Signal
from mcompiler.source import Span
from mcompiler.units import CURRENT, DIMENSIONLESS, TIME, VOLTAGE, Dimension

#: Integration methods and the options each takes.
ADAPTIVE = {"rtol", "atol", "max_step"}
METHODS: dict[str, set[str]] = {
    "auto": ADAPTIVE,
    "euler": {"step"},
    "heun": {"step"},
    "rk4": {"step"},
    "bs32": ADAPTIVE,
    "tsit5": ADAPTIVE,
    "dop853": ADAPTIVE,
}
_NUMBERS = {"rtol", "atol"}


def resolve_experiment(
    block: syntax.Block, circuits: Mapping[str, Circuit], functions: Mapping[str, syntax.Function], problems: Problems
) -> Experiment | None:
    """The experiment, or None where it runs on nothing."""
    assert block.on is not None
    target = block.on.text
    if target not in circuits:
        what = "learning" if block.kind == "learning" else "experiment"
        problems.error(
            "unknown-circuit",
            f"the {what} {block.name.text} runs on {target}, but there is no such circuit",
            block.on.span,
            hints=did_you_mean(target, circuits) or ("declare it: circuit " + target + " { ... }",),
        )
        return None
    return _Resolver(block, circuits[target], functions, problems).experiment()


def quantities(device: Device) -> dict[str, Dimension]:
    """What can be observed of an element with this device."""
    if device.law is not None and device.law.kind == "capacitance":
        return {"v": VOLTAGE}
    own = {each.name: each.dimension for each in (*device.states, *device.definitions)}
    return {"v": VOLTAGE, "i": CURRENT, **own}


@dataclass(slots=True)
class _Draft:
    until: Expression | None = None
    run: Span | None = None
    assignments: list[Assignment] = field(default_factory=list[Assignment])
    saves: list[Save] = field(default_factory=list[Save])
    plots: list[Plot] = field(default_factory=list[Plot])
    losses: list[Loss] = field(default_factory=list[Loss])
    data: dict[str, Data] = field(default_factory=dict[str, Data])
    seed: int = 0
    method: str = ""
    options: dict[str, float] = field(default_factory=dict[str, float])


class _Resolver:
    def __init__(
        self, block: syntax.Block, circuit: Circuit, functions: Mapping[str, syntax.Function], problems: Problems
    ) -> None:
        self.block = block
        self.target = circuit
        self.functions = functions
        self.problems = problems
        self.check = Checker(problems)
        self.draft = _Draft()
        self.elements: dict[str, Element] = {each.name: each for each in circuit.elements}
        self.nodes = {each.name: each for each in circuit.nodes}
        self.own = {
            **{each.name: Known(each.dimension, each.span, "parameter") for each in circuit.parameters},
            **{each.name: Known(each.dimension, each.span, "size") for each in circuit.sizes},
            **{each.name: Known(each.dimension, each.span, "input") for each in circuit.inputs},
        }

    def experiment(self) -> Experiment:
        """All of it."""
        handle: dict[type[syntax.Node], Callable[..., None]] = {
            syntax.Data: self._data,
            syntax.Assignment: self._assignment,
            syntax.Run: self._run,
            syntax.Save: self._save,
            syntax.Plot: self._plot,
            syntax.Seed: self._seed,
            syntax.Method: self._method,
            syntax.Loss: self._loss,
        }
        for each in sorted(self.block.body, key=lambda node: not isinstance(node, syntax.Data)):
            if type(each) in handle:
                handle[type(each)](each)
            else:
                self._unsupported(each)
        draft = self.draft
        if draft.run is None and self.block.kind == "experiment":
            self.problems.error(
                "missing-run",
                f"the experiment {self.block.name.text} does not say how long it runs",
                self.block.name.span,
                hints=("write run to 1[s]",),
            )
        return Experiment(
            self.block.name.text, self.target, self.block.name.span, draft.until, tuple(draft.assignments), tuple(draft.saves), tuple(draft.plots),
            tuple(draft.losses), tuple(draft.data.values()), draft.seed, draft.method, draft.options, self.block.doc,
        )  # fmt: skip

    def _unsupported(self, each: syntax.Node) -> None:
        names = {
            syntax.Sweep: "sweeps",
            syntax.Present: "learning rules",
            syntax.ErrorState: "error networks",
            syntax.Drive: "drives",
            syntax.Train: "training",
        }
        what = names.get(type(each), "this statement")
        self.problems.error(
            "unsupported",
            f"{what} {'is' if what in ('training', 'this statement') else 'are'} part of the language, but this version does not compile {'it' if what == 'training' else 'them'}",
            each.span,
        )

    def _scope(self, place: str, time: bool = False) -> Scope:
        constants = {name: known for name, known in self.own.items() if known.what != "input"}
        return Scope(constants, self.functions, time, place)

    # --- statements

    def _data(self, each: syntax.Data) -> None:
        name = each.name.text
        if name in self.draft.data:
            self.problems.error(
                "duplicate-name",
                f"there are two data with the name {name}",
                (each.name.span, "again here"),
                (self.draft.data[name].span, "first here"),
            )
            return
        self.draft.data[name] = Data(name, each.file.value, each.span)

    def _run(self, each: syntax.Run) -> None:
        if self.draft.run is not None:
            self.problems.error(
                "duplicate-run", "an experiment runs once", (each.span, "again here"), (self.draft.run, "first here")
            )
            return
        self.draft.run = each.span
        if each.until is None or each.steady is not None:
            self.problems.error(
                "unsupported",
                "run until steady is part of the language, but this version does not compile it",
                each.span,
                hints=("write run to 1[s]",),
            )
            return
        until = self.check.of(each.until, self._scope("the end of a run"), TIME, "the end of a run")
        value = constant(until) if until is not None else None
        if until is not None and value is not None and not 0 < value < float("inf"):
            what = "empty" if value == 0 else "negative" if value < 0 else "endless"
            self.problems.error(
                "empty-run", f"this run is {what}: it starts at 0 s", until.span, hints=("give a positive time",)
            )
            return
        self.draft.until = until

    def _seed(self, each: syntax.Seed) -> None:
        found = self.check.of(each.value, self._scope("the seed"), DIMENSIONLESS, "the seed")
        value = constant(found) if found is not None else None
        seed = whole(value) if value is not None else None
        if found is not None and (seed is None or not 0 <= seed < 2**63):
            self.problems.error("bad-seed", "the seed is a whole number, zero or more", found.span)
        elif seed is not None:
            self.draft.seed = seed

    def _method(self, each: syntax.Method) -> None:
        name = each.name.text
        if name not in METHODS:
            self.problems.error(
                "unknown-method",
                f"there is no method {name}",
                each.name.span,
                hints=did_you_mean(name, METHODS) or (f"there are {', '.join(METHODS)}",),
            )
            return
        self.draft.method = name
        for option in each.options:
            self._option(name, option)

    def _option(self, method: str, option: syntax.Argument) -> None:
        key = option.name.text if option.name else ""
        if key not in METHODS[method]:
            self.problems.error(
                "unknown-argument",
                f"{method} has no option {key}",
                option.span,
                hints=did_you_mean(key, METHODS[method]) or (f"it has {', '.join(sorted(METHODS[method]))}",),
            )
            return
        found = self.check.of(
            option.value,
            self._scope(f"the option {key}"),
            DIMENSIONLESS if key in _NUMBERS else TIME,
            f"the option {key}",
        )
        value = constant(found) if found is not None else None
        if found is not None and (value is None or not value > 0):
            self.problems.error("bad-option", f"{key} must be a positive literal", found.span)
        elif value is not None:
            self.draft.options[key] = value

    def _assignment(self, each: syntax.Assignment) -> None:
        if each.kind == "target":
            self._unsupported(each)
            return
        target = self._assigned(each)
        if target is None:
            return
        element, name, dimension, declared = target
        before = next(
            (one for one in self.draft.assignments if (one.element, one.name, one.kind) == (element, name, each.kind)),
            None,
        )
        if before is not None:
            self.problems.error(
                "duplicate-name",
                f"{before.path} is given twice",
                (each.span, "again here"),
                (before.span, "first here"),
            )
        scope = self._scope(f"the value of {each.name.text}", time=each.kind == "input")
        if each.kind == "input":
            scope.place = f"in the input {each.name.text}"
        value = resolve_value(each.value, each.is_distribution, scope, dimension, each.name.text, self.check, declared)
        if value is not None:
            self.draft.assignments.append(
                Assignment(each.kind if each.kind != "target" else "set", element, name, value, each.span)
            )

    def _assigned(self, each: syntax.Assignment) -> tuple[str, str, Dimension, Span | None] | None:
        parts = each.name.parts
        if any(part.indices for part in parts):
            self.problems.error("unsupported", "values are given to all members of an array at once", each.name.span)
            return None
        if len(parts) == 1:
            return self._assigned_own(each, parts[0].name)
        if len(parts) > 2:
            self._unknown_signal(each.name)
            return None
        element, name = parts[0].name, parts[1].name
        if each.kind == "initial" and element in self.nodes and name == "v":
            return element, name, VOLTAGE, self.nodes[element].span
        if element not in self.elements:
            self._unknown_signal(each.name)
            return None
        device = self.elements[element].device
        tables = {"set": device.parameters, "initial": device.states, "input": device.inputs, "target": ()}
        settable = {one.name: one for one in tables[each.kind]}
        if name not in settable:
            what = {"set": "parameter", "initial": "state", "input": "input", "target": "target"}[each.kind]
            self.problems.error(
                "unknown-argument",
                f"{element} has no {what} {name}",
                each.name.span,
                hints=did_you_mean(name, settable) or (f"it has {', '.join(settable) or 'none'}",),
            )
            return None
        return element, name, settable[name].dimension, settable[name].span

    def _assigned_own(self, each: syntax.Assignment, name: str) -> tuple[str, str, Dimension, Span | None] | None:
        wanted = {"set": ("parameter", "size"), "input": ("input",)}.get(each.kind, ())
        known = self.own.get(name)
        if known is None or known.what not in wanted:
            names = [key for key, value in self.own.items() if value.what in wanted]
            what = {"set": "parameter or size", "input": "input", "initial": "state"}.get(each.kind, "quantity")
            hints = did_you_mean(name, names) or (
                ("name the element: initial M.w = ...",) if each.kind == "initial" else ()
            )
            self.problems.error(
                "unknown-argument", f"{self.target.name} has no {what} {name}", each.name.span, hints=hints
            )
            return None
        return "", name, known.dimension, known.span

    # --- signals

    def _save(self, each: syntax.Save) -> None:
        if each.reduction is not None:
            self.problems.error(
                "unsupported",
                f"save {each.reduction.text} of is part of the language, but this version does not compile it",
                each.span,
            )
            return
        every = (
            self.check.of(each.every, self._scope("the distance of saved times"), TIME, "the distance of saved times")
            if each.every
            else None
        )
        value = constant(every) if every is not None else None
        if every is not None and value is not None and not 0 < value < float("inf"):
            self.problems.error("empty-run", "the distance of saved times must be positive", every.span)
            return
        signals = [signal for node in each.signals if (signal := self._signal(node)) is not None]
        self.draft.saves.append(Save(tuple(signals), every, each.span))

    def _plot(self, each: syntax.Plot) -> None:
        if each.form is not None:
            self.problems.error(
                "unsupported", "plot ... as is part of the language, but this version does not draw it", each.form.span
            )
        against = None
        if each.against is not None and not (isinstance(each.against, syntax.Name) and each.against.text == "t"):
            against = self._signal(each.against)
        signals = [signal for node in each.signals if (signal := self._signal(node)) is not None]
        self.draft.plots.append(Plot(tuple(signals), against, each.span))

    def _signal(self, node: syntax.Expression) -> Signal | None:
        if not isinstance(node, syntax.Name):
            self.problems.error("unknown-signal", "a signal is named like M.w", node.span)
            return None
        return self._named(node)

    def _named(self, node: syntax.Name) -> Signal | None:
        if len(node.parts) != 2 or node.parts[1].indices:
            self._unknown_signal(node)
            return None
        owner, quantity = node.parts[0], node.parts[1].name
        if owner.name in self.elements:
            known = quantities(self.elements[owner.name].device)
            rank = len(self.elements[owner.name].indices)
        elif owner.name in self.nodes:
            known, rank = {"v": VOLTAGE}, len(self.nodes[owner.name].shape)
        else:
            self._unknown_signal(node)
            return None
        if quantity not in known:
            note = (
                ("the current of a capacitor is that of the other elements at its node, taken together",)
                if owner.name in self.elements and quantity == "i"
                else ()
            )
            self.problems.error(
                "unknown-signal",
                f"{owner.name} has no signal {quantity}",
                node.span,
                notes=note,
                hints=did_you_mean(quantity, known) or (f"it has {', '.join(known)}",),
            )
            return None
        indices = self._indices(owner, rank)
        return None if indices is None else Signal(owner.name, quantity, known[quantity], node.span, indices)

    def _indices(self, owner: syntax.Part, rank: int) -> tuple[int, ...] | None:
        if owner.indices and len(owner.indices) != rank:
            self.problems.error("index-count", f"{owner.name} has {rank} indices, not {len(owner.indices)}", owner.span)
            return None
        result: list[int] = []
        for each in owner.indices:
            found = self.check.of(each, self._scope("an index"), DIMENSIONLESS, "an index")
            value = constant(found) if found is not None else None
            index = whole(value) if value is not None else None
            if index is None or index < 0:
                if found is not None:
                    self.problems.error("index-out-of-range", "an index is a whole number, zero or more", each.span)
                return None
            result.append(index)
        return tuple(result)

    def _unknown_signal(self, node: syntax.Name) -> None:
        owners = {
            **{name: quantities(each.device) for name, each in self.elements.items()},
            **{name: {"v": VOLTAGE} for name in self.nodes},
        }
        every: Iterable[str] = [f"{name}.{quantity}" for name, known in owners.items() for quantity in known]
        hints = did_you_mean(node.text, every) or (f"{self.target.name} has {', '.join(owners)}",)
        self.problems.error(
            "unknown-signal", f"{node.text} is not a signal of {self.target.name}", node.span, hints=hints
        )

    # --- losses

    def _loss(self, each: syntax.Loss) -> None:
        signals: dict[str, Signal] = {}
        columns: list[str] = []
        scope = self._scope("in a loss", time=True)
        scope.names |= {name: known for name, known in self.own.items() if known.what == "input"}
        scope.dotted = lambda node: self._mentioned(node, signals, columns, allow_data=each.at is not None)
        value = self.check.value(each.value, scope)
        place = self._loss_place(each)
        if value is None or place is None:
            return
        if not signals:
            self.problems.error("constant-loss", "this loss depends on no signal", each.value.span)
            return
        kind, at, start, stop = place
        if columns and not (isinstance(at, Name) and "." in at.name):
            self.problems.error(
                "data-without-times",
                "a loss with data is taken at the times of a data column",
                each.value.span,
                hints=(f"write loss at {columns[0].split('.')[0]}.t = ...",),
            )
            return
        if any(
            loss.value.dimension
            != value.dimension * (TIME if kind == "over" and loss.kind != "over" else DIMENSIONLESS)
            for loss in self.draft.losses
            if loss.kind == kind
        ):
            self.problems.error(
                "unit-mismatch",
                "the terms of a loss must have one unit",
                (value.span, str(value.dimension)),
                (self.draft.losses[0].value.span, str(self.draft.losses[0].value.dimension)),
            )
            return
        self.draft.losses.append(
            Loss(
                "over" if kind == "over" else "at" if kind == "at" else "end",
                value,
                each.span,
                at,
                start,
                stop,
                signals,
                tuple(columns),
            )
        )

    def _loss_place(
        self, each: syntax.Loss
    ) -> tuple[str, Expression | None, Expression | None, Expression | None] | None:
        scope = self._scope("the time of a loss")
        scope.dotted = lambda node: self._mentioned(node, {}, [], allow_data=True)
        if each.at is not None:
            at = self.check.of(each.at, scope, TIME, "the time of a loss")
            if at is None:
                return None
            if not isinstance(at, Name) and any("." in name for name in name_set(at)):
                self.problems.error(
                    "data-without-times", "the times of a loss are one data column, or one time", each.at.span
                )
                return None
            return "at", at, None, None
        if each.over is not None:
            start = self.check.of(each.over.first, scope, TIME, "the start of a loss")
            stop = self.check.of(each.over.last, scope, TIME, "the end of a loss")
            if start is None or stop is None:
                return None
            first, last = constant(start), constant(stop)
            if first is not None and last is not None and not 0 <= first < last:
                self.problems.error("empty-run", "this interval is empty or begins before 0 s", each.over.span)
                return None
            return "over", None, start, stop
        return "end", None, None, None

    def _mentioned(
        self, node: syntax.Name, signals: dict[str, Signal], columns: list[str], allow_data: bool
    ) -> Expression | None:
        """A signal or a data column inside a loss, as a name with a dot."""
        owner = node.parts[0].name
        if owner in self.draft.data:
            if not allow_data or len(node.parts) != 2:
                self.problems.error(
                    "data-without-times", "data stand in losses at times: loss at data.t = ...", node.span
                )
                return None
            column = node.parts[1].name
            name = f"{owner}.{column}"
            if column != "t" and name not in columns:
                columns.append(name)
            dimension = TIME if column == "t" else DIMENSIONLESS
            return Name(name, dimension, node.span)
        signal = self._named(node)
        if signal is None:
            return None
        if not signal.indices and self._rank(signal):
            self.problems.error(
                "index-count",
                f"{signal.name} is an array; a loss needs one of its members",
                node.span,
                hints=("give the index: M[0].w",),
            )
            return None
        signals[signal.name] = signal
        return Name(signal.name, signal.dimension, node.span)

    def _rank(self, signal: Signal) -> int:
        return (
            len(self.elements[signal.element].indices)
            if signal.element in self.elements
            else len(self.nodes[signal.element].shape)
        )
