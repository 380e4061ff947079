"""What users run: a compiled model with its experiment."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol, final

import numpy as np

from mcompiler.integrators.run import Functions, Losses, Tape
from mcompiler.progress import progress_bar
from mcompiler.solution import Solution, Status
from mcompiler.solver import names
from mcompiler.solver.description import Experiment, Formula, Term
from mcompiler.solver.ensemble import Members, check_room, join, members_of, run_one_by_one
from mcompiler.solver.gradient import Gradient, by_name, reverse_program
from mcompiler.solver.lanes import Starts, fits_lanes, run_side_by_side
from mcompiler.solver.losses import Data, schedule
from mcompiler.solver.options import RunOptions, with_options
from mcompiler.solver.program import Floats, Integers, Program, check_bounds, own_initials
from mcompiler.solver.saving import checked_times, experiment_signals, experiment_times, named_signals
from mcompiler.solver.signals import Rows, rows_of
from mcompiler.solver.solve import Report, Span, Start, run_program, solution_of

#: Values by the names of the model: numbers, or arrays of the shape that the model gives.
Values = Mapping[str, object]
_NONE: Values = {}


#: A derivation that is compiled together with the system it is of.
Beside = Literal["tangent", "error network"]


class Programs(Protocol):
    """Where a solver gets its programs, each compiled when first needed, and the losses that `gradient` differentiates, with their data."""

    @property
    def losses(self) -> tuple[Term, ...]:
        """The terms of the loss."""
        ...

    @property
    def data(self) -> Data:
        """The columns that the terms mention."""
        ...

    def program(self, *, seed: int | None = None, with_losses: bool = False) -> Program:
        """The program with this seed for its distributions (None: the experiment's own)."""
        ...

    def beside(self, which: Beside) -> Program:
        """The kernels of the system with what is derived from it beside it."""
        ...

    def lanes(self, method: str) -> Functions | None:
        """Kernels and integrators for runs of a small system side by side; None where nothing can be compiled."""
        ...


@dataclass(frozen=True, slots=True)
class _Set:
    """A program with its values set for one run; ``given`` holds the initial values that are numbers, NaN elsewhere."""

    program: Program
    p: Floats
    y: Floats
    given: Floats


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a caller says about the times of a run, and what is saved, in place of the experiment's."""

    t: tuple[float, float] | None
    steady_within: float | None
    save_at: Sequence[float] | Floats | None = None
    save: Sequence[str] | None = None


@final
class Solver:
    """A compiled model, to be run as often as one likes: values change from run to run, nothing is compiled again.

    Times are in seconds, all values in SI; arrays have the shapes that the model gives.
    """

    def __init__(self, experiment: Experiment, programs: Programs, options: RunOptions) -> None:
        self._experiment = experiment
        self._programs = programs
        self._options = options
        self._usual: tuple[Program, Rows] | None = None

    def __repr__(self) -> str:
        program = self.program
        return f"<Solver of {program.description.name}: {program.unknowns} unknowns, {len(self.parameters)} parameters>"

    @property
    def program(self) -> Program:
        """The compiled network: functions, layout, values."""
        return self._programs.program()

    @property
    def parameters(self) -> dict[str, Floats]:
        """Every parameter that has a number, with its value in SI: what ``run(parameters=...)`` can set."""
        program = self.program
        targets = (names.parameter(program, name) for name in names.parameter_names(program))
        return {each.name: each.value(program.p) for each in targets}

    @property
    def initial(self) -> dict[str, Floats]:
        """Every state with its initial value in SI: what ``run(initial=...)`` can set."""
        ready = self._set(self.program, _NONE, _NONE)
        targets = (names.initial(ready.program, name) for name in names.initial_names(ready.program))
        return {each.name: each.value(ready.y) for each in targets}

    @property
    def options(self) -> RunOptions:
        """The options of a run where it gives none."""
        return self._options

    @property
    def has_loss(self) -> bool:
        """Whether the model has a loss."""
        return bool(self._programs.losses)

    def beside(self, which: Beside) -> Program:
        """The compiled kernels of the system with its tangent, or its error network, beside it.

        Raises:
            ValueError: there is no error network: the model has no loss at the end of a run, or its cells jump.
        """
        return self._programs.beside(which)

    def start(
        self, parameters: Values = _NONE, initial: Values = _NONE, inputs: Values = _NONE
    ) -> tuple[Floats, Floats]:
        """Parameters and state of all members at the start of a run with these values, as arrays of the program."""
        ready = self._set(self.program, {**dict(parameters), **dict(inputs)}, initial)
        return ready.p, ready.y

    def longest(self, steady_within: float | None = None) -> float:
        """The seconds that a run until steady has at most; those of the experiment by default."""
        span = self._span(_Asked(None, steady_within), None)
        return span.t1 - span.t0

    def run(
        self,
        t: tuple[float, float] | None = None,
        *,
        parameters: Values = _NONE,
        initial: Values = _NONE,
        inputs: Values = _NONE,
        save_at: Sequence[float] | Floats | None = None,
        save: Sequence[str] | None = None,
        ensemble: Mapping[str, Sequence[float] | Floats] | None = None,
        record: bool = False,
        mesh: Tape | None = None,
        steady_within: float | None = None,
        **options: Any,
    ) -> Solution:
        """Run the model's experiment.

        Args:
            t: start and end in seconds, in place of the experiment's.
            parameters: values by name (``"A"``, ``"M.Ron"``) in SI.
            initial: initial values of states and of nodes with a capacitor (``"M.w"``, ``"a.v"``).
            inputs: values of constant inputs.
            save_at: times of the saved values, in place of the experiment's.
            save: signals to save (``"M.v"``), in place of the experiment's.
            ensemble: several runs: for each name one value per run (``"seed"`` draws distributions anew). The result has the runs as first axis.
            record: keep the mesh (`Solution.mesh`), so that it can be run again.
            mesh: steps of an earlier run, taken again.
            steady_within: run until the model is steady, for so many seconds at most, in place of a given end.
            options: those of `RunOptions`: method, rtol, atol, step, max_step, max_steps, steady_tol, threads, memory_limit.

        Returns:
            The solution; one that ended early says so in ``status`` and holds what there is.

        Raises:
            ValueError: a name, value or time makes no sense; says what there is.
        """
        chosen = with_options(self._options, options)
        given = {**dict(parameters), **dict(inputs)}
        if ensemble is not None:
            return self._ensemble(_Asked(t, steady_within, save_at, save), given, initial, ensemble, chosen)
        ready = self._set(self.program, given, initial)
        with progress_bar(self._experiment.name) as report:
            asked = _Asked(t, steady_within, save_at, save)
            return self._planned(ready, asked, chosen, record=record, mesh=mesh)(report)

    def gradient(
        self,
        t: tuple[float, float] | None = None,
        *,
        parameters: Values = _NONE,
        initial: Values = _NONE,
        inputs: Values = _NONE,
        data: Data | None = None,
        mesh: Tape | None = None,
        steady_within: float | None = None,
        **options: Any,
    ) -> tuple[float, Gradient]:
        """The model's loss and its exact derivatives by every parameter and initial value: those of the numbers that the run computes.

        Args:
            t: as for `run`.
            parameters: as for `run`; ``initial`` and ``inputs`` too.
            initial: initial values.
            inputs: values of constant inputs.
            data: columns of the data that the loss mentions, in place of the model's files: ``{"loop": {"t": ..., "i": ...}}``.
            mesh: steps to take again, in place of chosen ones.
            steady_within: as for `run`; a loss at the end is then that at the time at which the model is steady.
            options: those of `RunOptions`.

        Raises:
            ValueError: the model has no loss, or as for `run`.
            FloatingPointError: the run failed, so that there is no loss; says why.
        """
        chosen = with_options(self._options, options)
        ready = self._with_loss(parameters, initial, inputs)
        span, losses = self._schedule(ready, data, self._span(_Asked(t, steady_within), ready, mesh))
        with progress_bar("forward") as report:
            run = run_program(
                ready.program,
                Start(ready.p, ready.y, span),
                chosen,
                losses=losses,
                record=True,
                mesh=mesh,
                report=report,
            )
        if not Status[run.outcome.name].is_success:
            raise FloatingPointError(f"no gradient: {Status[run.outcome.name].value} (at t = {run.t:.6g} s)")
        assert run.tape is not None
        losses = replace(losses, t=np.minimum(losses.t, run.t))
        value, by_p, by_y = reverse_program(ready.program, ready.p, run, chosen, losses, ready.given)
        targets, values = by_name(ready.program, by_p, by_y)
        units = {name: ready.program.description.gradient_units[name] for name in targets}
        return value, Gradient(values, units, run.tape, Status[run.outcome.name].value, ready.program.description.name)

    def loss(
        self,
        t: tuple[float, float] | None = None,
        *,
        parameters: Values = _NONE,
        initial: Values = _NONE,
        inputs: Values = _NONE,
        data: Data | None = None,
        mesh: Tape | None = None,
        steady_within: float | None = None,
        **options: Any,
    ) -> float:
        """The model's loss alone; on the ``mesh`` of a gradient it is the very function that was differentiated. Arguments as for `gradient`."""
        chosen = with_options(self._options, options)
        ready = self._with_loss(parameters, initial, inputs)
        span, losses = self._schedule(ready, data, self._span(_Asked(t, steady_within), ready, mesh))
        run = run_program(ready.program, Start(ready.p, ready.y, span), chosen, losses=losses, mesh=mesh)
        return run.loss if Status[run.outcome.name].is_success else float("nan")

    # --- one run

    def _planned(
        self, ready: _Set, asked: _Asked, options: RunOptions, *, record: bool = False, mesh: Tape | None = None
    ) -> Callable[[Report | None], Solution]:
        """A run that only needs to be told whom to report to."""
        span = self._span(asked, ready, mesh)
        rows = self._rows(ready.program, asked.save)
        times = self._save_times(ready, asked, self._span(asked, ready))
        if times is not None and mesh is not None and self._is_until_steady(asked):
            times = np.append(times[times < span.t1], span.t1)
        start = Start(ready.p, ready.y, span)

        def run(report: Report | None) -> Solution:
            found = run_program(
                ready.program, start, options, rows=rows, save_at=times, record=record, mesh=mesh, report=report
            )
            return solution_of(ready.program, ready.p, found, rows)

        return run

    def _ensemble(
        self,
        asked: _Asked,
        given: Values,
        initial: Values,
        ensemble: Mapping[str, Sequence[float] | Floats],
        options: RunOptions,
    ) -> Solution:
        members = members_of(self.program, ensemble)
        span = self._span(asked, None)
        times = self._save_times(None, asked, span)
        if times is None:
            if not span.until_steady:
                raise ValueError(
                    "the runs of an ensemble need common times: give save_at, or `save every` in the model"
                )
            asked, times = replace(asked, save_at=[span.t0]), np.array([span.t0])
        check_room(members.count, len(times), self._rows(self.program, asked.save).width, options.memory_limit)
        with progress_bar(self._experiment.name) as report:
            joined = self._side_by_side(asked, given, initial, members, options, ensemble, report)
            if joined is not None:
                return joined

            together = min(options.threads, members.count)
            inside = replace(options, threads=options.threads // together)

            def planned(number: int) -> Callable[[Report | None], Solution]:
                each = members[number]
                program = self._programs.program(seed=each.seed)
                ready = self._set(program, {**given, **each.parameters}, {**initial, **each.initial})
                return self._planned(ready, asked, inside)

            return join(run_one_by_one(members.count, planned, together, report), ensemble)

    def _side_by_side(
        self,
        asked: _Asked,
        given: Values,
        initial: Values,
        members: Members,
        options: RunOptions,
        ensemble: Mapping[str, Sequence[float] | Floats],
        report: Report | None,
    ) -> Solution | None:
        """The runs of an ensemble all at once, where they fit lanes and have their times in common."""
        span = self._span(asked, None)
        if not fits_lanes(self.program, members.count, span, options) or self._times_differ(asked, members):
            return None
        starts = self._starts(given, initial, members)
        times = self._save_times(None, asked, span)
        if starts is None or times is None:
            return None
        functions = self._programs.lanes(options.chosen(is_smooth=self.program.is_smooth))
        if functions is None:
            return None
        rows = self._rows(self.program, asked.save)
        return run_side_by_side(starts, functions, span, times, rows, options, ensemble, report)

    def _starts(self, given: Values, initial: Values, members: Members) -> Starts | None:
        """Parameters and given initial values of all runs; None where a seed changes more than values."""
        base = self.program
        programs = [self._programs.program(seed=each) for each in members.seeds] or [base]
        if any(each.functions is not base.functions or not np.array_equal(each.z, base.z) for each in programs):
            return None
        pairs = [self._given(each, given, initial) for each in programs]
        p, y = (
            np.array(each) if members.seeds else np.tile(each[0], (members.count, 1))
            for each in zip(*pairs, strict=True)
        )
        self._refuse_moving(members.parameters)
        for name, values in members.parameters.items():
            names.parameter(base, name).put_each(p, _number(name, values))
        for name, values in members.initial.items():
            names.initial(base, name).put_each(y, _finite(name, values, names.inert(base, name), runs=True))
        return Starts(base, p, y, checked=bool(given or initial or members.parameters or members.initial))

    def _times_differ(self, asked: _Asked, members: Members) -> bool:
        """Whether the end or the saved times may differ from run to run: they depend on something, and the circuit's own parameters vary."""
        until = self._experiment.until if asked.t is None and asked.steady_within is None else None
        every = [each.every for each in self._experiment.saves] if asked.save_at is None else []
        depend = any(each.names for each in (until, *every) if each is not None)
        own = set(self.program.description.parameters)
        return depend and (bool(members.seeds) or not own.isdisjoint(members.parameters))

    # --- values

    def _set(self, program: Program, parameters: Values, initial: Values) -> _Set:
        p, given = self._given(program, parameters, initial)
        own = own_initials(program, p)
        y = np.where(np.isnan(given), own, given)
        if parameters or initial:
            check_bounds(program, p, y)
        return _Set(program, p, y, given)

    def _given(self, program: Program, parameters: Values, initial: Values) -> tuple[Floats, Floats]:
        """Parameters, and initial values where they are given, NaN elsewhere."""
        self._refuse_moving(parameters)
        p, given = program.p.copy(), program.given.copy()
        for name, value in parameters.items():
            names.parameter(program, name).put(p, _number(name, value))
        for name, value in initial.items():
            names.initial(program, name).put(given, _finite(name, value, names.inert(program, name)))
        return p, given

    def _refuse_moving(self, parameters: Values) -> None:
        moving = set(self._experiment.inputs) - set(self.program.description.parameters)
        for name in parameters.keys() & moving:
            raise ValueError(f"{name} is an expression of time in the model: load it with settings=['{name} = ...']")

    def _with_loss(self, parameters: Values, initial: Values, inputs: Values) -> _Set:
        if not self._programs.losses:
            raise ValueError(
                "the model has no loss: write one in the experiment or in a learning block, `loss at 1[s] = ...`"
            )
        return self._set(self._programs.program(with_losses=True), {**dict(parameters), **dict(inputs)}, initial)

    def _schedule(self, ready: _Set, data: Data | None, span: Span) -> tuple[Span, Losses]:
        """The losses, and the span with the last time that they ask for, which a run until steady must reach."""
        merged = {**self._programs.data, **(data or {})}
        losses = schedule(self._programs.losses, self._values(ready), merged, span.t0, span.t1)
        at_end = [each.kind == "end" for each in self._programs.losses]
        fixed = losses.t[~np.array(at_end, dtype=bool)[losses.terms]]
        return replace(span, not_before=float(fixed.max(initial=-np.inf))), losses

    def _values(self, ready: _Set | None) -> dict[str, Floats]:
        """The circuit's own parameters and sizes as this run has them, for times in the experiment."""
        program = ready.program if ready is not None else self.program
        p = ready.p if ready is not None else program.p
        slots = {each.name: int(program.z[each.slot]) for each in program.layout.parameters}
        description = program.description
        own = {name: np.asarray(p[slots[inside]]) for name, inside in description.parameters.items()}
        return {**own, **{name: formula.value(own) for name, formula in description.derived.items()}}

    def _is_until_steady(self, asked: _Asked) -> bool:
        return asked.steady_within is not None or (asked.t is None and self._experiment.is_steady)

    def _span(self, asked: _Asked, ready: _Set | None, mesh: Tape | None = None) -> Span:
        """From when to when; a run until steady that is taken again on its mesh ends where that does."""
        until_steady = self._is_until_steady(asked)
        t = asked.t
        if asked.steady_within is not None:
            if t is not None:
                raise ValueError(
                    "a run has an end, t=(0, 1e-3), or ends when it is steady, steady_within=1e-3: give one"
                )
            t = (0.0, asked.steady_within)
        if t is None:
            if self._experiment.until is None:
                raise ValueError(
                    "the model does not say how long to run: write `run to 1[ms]` in an experiment, or give t=(0, 1e-3) in seconds (--t-end 1ms)"
                )
            t = (0.0, self._value_of(self._experiment.until, ready))
        if np.shape(t) != (2,):
            raise ValueError(f"t is the start and the end of the run in seconds, t=(0, 1e-3), not {t!r}")
        t0, t1 = float(t[0]), float(t[1])
        if not (np.isfinite(t0) and np.isfinite(t1) and t0 < t1):
            raise ValueError(f"a run needs a finite start before a finite end, not {t0!r} to {t1!r} s")
        if until_steady and mesh is not None:
            return Span(float(mesh.t[0]), float(mesh.t[-1]))
        return Span(t0, t1, until_steady)

    def _value_of(self, formula: Formula, ready: _Set | None) -> float:
        return float(formula.value(self._values(ready)))

    # --- what is saved

    def _save_times(self, ready: _Set | None, asked: _Asked, span: Span) -> Floats | None:
        if asked.save_at is not None:
            return checked_times(asked.save_at, span.t0, span.t1)
        return experiment_times(self._experiment, self._values(ready), span.t0, span.t1)

    def _rows(self, program: Program, save: Sequence[str] | None) -> Rows:
        if save is not None:
            return rows_of(program, named_signals(save, program))
        if self._usual is None or self._usual[0] is not program:
            self._usual = program, rows_of(program, experiment_signals(self._experiment, program))
        return self._usual[1]


def _number(name: str, value: object) -> Floats:
    number = np.asarray(value, dtype=np.float64)
    if np.any(np.isnan(number)):
        raise ValueError(f"the value of {name} is not a number")
    return number


def _finite(name: str, value: object, inert: Integers, *, runs: bool = False) -> Floats:
    number = np.asarray(value, dtype=np.float64)
    rows = number.reshape(len(number), -1) if runs else number.reshape(1, -1)
    held = np.delete(rows, inert[inert < rows.shape[1]], axis=1) if number.ndim > runs else rows
    if not np.all(np.isfinite(held)):
        raise ValueError(f"the initial value of {name} is not finite")
    return number
