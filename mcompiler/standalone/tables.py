"""What is known of a model, as C source of constant tables, and one file of numbers beside it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mcompiler.backends.cpu import CPUID
from mcompiler.integrators.methods import METHODS
from mcompiler.integrators.workspace import method_arrays
from mcompiler.place import Place
from mcompiler.solver.description import Description, Experiment, Floats, Formula, Integers, Step, Term, Wanted
from mcompiler.solver.losses import Data
from mcompiler.solver.names import Target, initial, initial_names, parameter, parameter_names
from mcompiler.solver.options import RunOptions
from mcompiler.solver.program import Program
from mcompiler.solver.saving import experiment_signals
from mcompiler.solver.signals import all_signals, rows_of
from mcompiler.solver.solve import losses_place
from mcompiler.standalone.interface import FORMULA_FUNCTIONS, function_table, messages, prototypes, quoted

_ALIGNED = 64
#: The runtime works formulas out in an array of so many numbers.
_LONGEST_FORMULA = 256
_KINDS = {"end": "MC_AT_END", "at": "MC_AT", "over": "MC_OVER"}


@dataclass(frozen=True, slots=True)
class Subject:
    """What a standalone target is made of.

    Attributes:
        name: a C identifier, the prefix of everything that the outside sees.
        doc: a line on the model.
        version: of mcompiler.
        cpu: whom the code is for; ``features`` are what it needs.
        experiment: what is run.
        options: of runs.
        forward: the program without losses.
        with_loss: the program with them, or None.
        terms: of the loss.
        data: that the terms read.
        tasks: the systems, "forward" or "with_loss", whose kernels have tasks for several threads.
    """

    name: str
    doc: str
    version: str
    cpu: str
    features: tuple[str, ...]
    experiment: Experiment
    options: RunOptions
    forward: Program
    with_loss: Program | None
    terms: tuple[Term, ...]
    data: Data
    tasks: frozenset[str]


@dataclass(slots=True)
class Numbers:
    """The file of numbers: arrays one behind the other, referred to by their place."""

    symbol: str
    parts: list[bytes] = field(default_factory=list[bytes])
    size: int = 0

    def floats(self, values: Floats) -> str:
        """A C expression for an array of doubles."""
        return self._add("const double *", np.ascontiguousarray(values, dtype=np.float64))

    def integers(self, values: Integers) -> str:
        """A C expression for an array of integers."""
        return self._add("const int64_t *", np.ascontiguousarray(values, dtype=np.int64))

    def places(self, values: Integers) -> str:
        """An initialiser of ``mc_places``."""
        flat = np.asarray(values, dtype=np.int64).reshape(-1)
        if len(flat) == 0:
            return "{0, 0, 0, 0}"
        by = int(flat[1] - flat[0]) if len(flat) > 1 else 0
        if bool((np.diff(flat) == by).all()):
            return f"{{0, {flat[0]}, {by}, {len(flat)}}}"
        return f"{{{self.integers(flat)}, 0, 0, {len(flat)}}}"

    def _add(self, kind: str, values: NDArray[np.float64] | NDArray[np.int64]) -> str:
        if not values.size:
            return "0"
        place = self.size
        content = values.tobytes()
        padding = -len(content) % _ALIGNED
        self.parts += [content, bytes(padding)]
        self.size += len(content) + padding
        return f"({kind})({self.symbol} + {place})"

    def content(self) -> bytes:
        """The file's bytes; never empty."""
        return b"".join(self.parts) or bytes(_ALIGNED)


def tables(subject: Subject, numbers: Numbers) -> str:
    """The C source of all tables; arrays go to ``numbers``."""
    forward, with_loss = subject.forward, subject.with_loss
    names = [*parameter_names(forward), *initial_names(forward)]
    systems = {"forward": forward} | ({"with_loss": with_loss} if with_loss is not None else {})
    signals = list(all_signals(forward))
    formulas = _Formulas(forward, names)
    model = _model_fields(subject, numbers, signals, formulas)
    events = _events(forward, numbers)
    fields = model.fields | {"n_events": len(events)}
    lines = [
        messages(),
        *(_system(subject, which, each, names, numbers) for which, each in systems.items()),
        *(_signal(forward, place, each, numbers) for place, each in enumerate(signals)),
        _table("mc_signal", "mc_signals", [f"MC_SIGNAL_{place}" for place, _ in enumerate(signals)]),
        _table("mc_saved", "mc_usual_signals", _saved(subject, signals)),
        _table("mc_quantity", "mc_events", events),
        _table("mc_method", "mc_methods", [_method(name, numbers) for name in METHODS]),
        *formulas.lines,
        _table("mc_formula", "mc_formulas", formulas.rows),
        *model.lines,
        _table("char *const", "mc_gradient_units", _gradient_units(with_loss, names)),
        f"static const mc_model mc_the_model = {{{', '.join(f'.{name} = {value}' for name, value in fields.items())}}};",
    ]
    return "\n".join(lines) + "\n"


def _table(kind: str, name: str, rows: Sequence[str]) -> str:
    """A constant table; C has no empty ones."""
    return f"static const {kind} {name}[] = {{{', '.join(rows) or '{0}' if kind != 'char *const' else ', '.join(rows) or '0'}}};"


def number(value: float) -> str:
    """A double as C writes it, exactly."""
    if np.isnan(value):
        return "NAN"
    if np.isinf(value):
        return "INFINITY" if value > 0 else "-INFINITY"
    return float(value).hex()


# --- systems


def _system(subject: Subject, which: str, of: Program, names: Sequence[str], numbers: Numbers) -> str:
    own = f"{subject.name}_{which}"
    with_loss, has_tasks = which == "with_loss", which in subject.tasks
    parameters = set(parameter_names(of))
    targets = [parameter(of, name) if name in parameters else initial(of, name) for name in names]
    rows = [_quantity(of, each, numbers) for each in targets]
    first, last = losses_place(of)
    fields = {
        "functions": function_table(own, with_loss=with_loss, has_tasks=has_tasks),
        "z": numbers.integers(of.z),
        "p": numbers.floats(of.p),
        "given": numbers.floats(of.given),
        "z_count": len(of.z),
        "n_quantities": len(rows),
        "quantities": f"mc_quantities_{which}",
        "unwatched": first,
        "unwatched_end": last,
    }
    return "\n".join(
        [
            prototypes(own, with_loss=with_loss, has_tasks=has_tasks),
            _table("mc_quantity", f"mc_quantities_{which}", rows),
            f"static const mc_system mc_{which} = {{{', '.join(f'.{name} = {value}' for name, value in fields.items())}}};",
        ]
    )


def _quantity(of: Program, target: Target, numbers: Numbers) -> str:
    place = _place(of.description, target.name)
    shape = () if target.shared or place is None else place.shape
    origin = () if not shape or place is None else place.first or (0,) * len(shape)
    copies, members = (1, 1) if target.shared else target.places.shape
    inert = place.inert if place is not None and target.kind == "initial" else np.empty(0, dtype=np.int64)
    fields = {
        "name": quoted(target.name),
        "unit": quoted(target.unit),
        "kind": "MC_PARAMETER" if target.kind == "parameter" else "MC_INITIAL",
        "shared": int(target.shared),
        "by_copy": int(target.extents != target.shape),
        "dims": len(shape),
        "shape": _list(shape),
        "origin": _list(origin),
        "copies": copies,
        "members": members,
        "places": numbers.places(target.places),
        "inert": numbers.places(inert),
        "suffix": '""',
    }
    return f"{{{', '.join(f'.{name} = {value}' for name, value in fields.items())}}}"


def _list(values: Sequence[int]) -> str:
    return f"(const int64_t[]){{{', '.join(map(str, values))}}}" if values else "0"


def _place(of: Description, name: str) -> Place | None:
    """Where the element or node of a quantity is; None of the circuit's own parameters."""
    element, dot, _ = name.partition(".")
    return of.place(element) if dot else None


# --- signals and events


def _signal(of: Program, number_: int, wanted: Wanted, numbers: Numbers) -> str:
    place = of.description.place(wanted.owner)
    column = rows_of(of, [wanted]).columns[0]
    size = int(np.prod(place.shape, dtype=np.int64))
    copies = np.arange(place.copies, dtype=np.int64)[:, None]
    parts: list[str] = []
    for part in place.parts:
        owner = of.layout.of(part.owner)
        is_node = wanted.owner in of.description.nodes
        name = of.description.classes[part.owner].voltage if is_node else wanted.quantity
        observable = next(each for each in owner.observables if each.name == name)
        offsets, positions = part.members * place.copies + copies, part.positions + size * copies
        width = int(of.z[owner.count_slot])
        parts.append(f"{{{observable.number}, {width}, {numbers.places(offsets)}, {numbers.places(positions)}}}")
    fields = {
        "name": quoted(wanted.name),
        "unit": quoted(column.unit),
        "is_unknown": int(column.is_unknown),
        "dims": len(place.shape),
        "shape": _list(place.shape),
        "origin": _list(place.first or (0,) * len(place.shape)),
        "copies": place.copies,
        "members": size,
        "n_parts": len(parts),
        "parts": f"mc_parts_{number_}",
        "inert": numbers.places(place.inert),
    }
    text = ", ".join(f".{name} = {value}" for name, value in fields.items())
    return f"{_table('mc_part', f'mc_parts_{number_}', parts)}\n#define MC_SIGNAL_{number_} {{{text}}}"


def _saved(subject: Subject, signals: Sequence[Wanted]) -> list[str]:
    """The signals that the experiment saves, by their number; where it names none and the model is large, none."""
    whole = {(each.owner, each.quantity): place for place, each in enumerate(signals)}
    rows: list[str] = []
    for each in _wanted(subject) or ():
        member = subject.forward.description.place(each.owner).position(each.indices) if each.indices else -1
        assert member is not None
        rows.append(f"{{{whole[each.owner, each.quantity]}, {member}, {quoted(each.name)}}}")
    return rows


def _wanted(subject: Subject) -> list[Wanted] | None:
    try:
        return experiment_signals(subject.experiment, subject.forward)
    except ValueError:
        return None


def _events(of: Program, numbers: Numbers) -> list[str]:
    """The events of every element (or node) whose class has some, by their numbers."""
    rows: list[str] = []
    for owner in of.layout.classes:
        is_node = of.description.is_node(owner.name)
        table = of.description.nodes if is_node else of.description.elements
        for guard_number, guard in enumerate(owner.guards):
            for name, place in table.items():
                own = [part for part in place.parts if part.owner == owner.name]
                found = np.full((place.copies, int(np.prod(place.shape, dtype=np.int64))), -1, dtype=np.int64)
                for part in own:
                    copies = np.arange(place.copies, dtype=np.int64)[:, None]
                    found[:, part.positions] = int(of.z[guard.slot]) + part.members * place.copies + copies
                if own:
                    suffix = f", event {guard_number}" if len(owner.guards) > 1 else ""
                    rows.append(_event(name, place, found, suffix, numbers))
    return rows


def _event(name: str, place: Place, found: Integers, suffix: str, numbers: Numbers) -> str:
    fields = {
        "name": quoted(name),
        "unit": '""',
        "kind": "MC_EVENT",
        "dims": len(place.shape),
        "shape": _list(place.shape),
        "origin": _list(place.first or (0,) * len(place.shape)),
        "copies": found.shape[0],
        "members": found.shape[1],
        "places": numbers.places(found),
        "suffix": quoted(suffix),
    }
    return f"{{{', '.join(f'.{name} = {value}' for name, value in fields.items())}}}"


def _method(name: str, numbers: Numbers) -> str:
    tab, mi = method_arrays(name)
    return f"{{{quoted(name)}, {numbers.floats(tab)}, {numbers.integers(mi)}}}"


def _gradient_units(with_loss: Program | None, names: Iterable[str]) -> list[str]:
    units: Mapping[str, str] = {} if with_loss is None else with_loss.description.gradient_units
    return [quoted(units.get(name, "")) for name in names]


# --- formulas


class _Formulas:
    """Formulas as tables, each worked out for the model's own values."""

    def __init__(self, of: Program, names: Sequence[str]) -> None:
        self.of = of
        self.lines: list[str] = []
        self.rows: list[str] = []
        self._places = {name: place for place, name in enumerate(names)}
        slots = {each.name: int(of.z[each.slot]) for each in of.layout.parameters}
        own = {name: np.asarray(of.p[slots[inside]]) for name, inside in of.description.parameters.items()}
        self._values = {**own, **{name: each.value(own) for name, each in of.description.derived.items()}}

    def add(self, formula: Formula | None) -> int:
        """The number of the formula; -1 of none."""
        if formula is None:
            return -1
        steps: list[Step] = []
        _inline(formula, self.of.description.derived, steps)
        unknown = sorted({each[0] for each in steps if isinstance(each, tuple) and each[0] not in FORMULA_FUNCTIONS})
        error = "0"
        if unknown or len(steps) > _LONGEST_FORMULA:
            why = f"uses {', '.join(unknown)}" if unknown else "is very long"
            error = quoted(f"a time in the model {why}, which this library knows for the model's own values only")
            reads: list[Step] = [each for each in steps if isinstance(each, str)]
            steps = reads[:_LONGEST_FORMULA]
        place = len(self.rows)
        self.lines.append(_table("mc_step", f"mc_steps_{place}", [self._step(each) for each in steps]))
        usual = number(float(formula.value(self._values)))
        self.rows.append(f"{{{len(steps)}, mc_steps_{place}, {usual}, {error}}}")
        return place

    def _step(self, step: Step) -> str:
        match step:
            case str():
                return f"{{MC_FORMULA_QUANTITY, 0.0, {{{self._places[step]}}}}}"
            case (function, arguments):
                return f"{{MC_FORMULA_{function.upper()}, 0.0, {{{', '.join(map(str, arguments))}}}}}"
            case _:
                return f"{{MC_FORMULA_NUMBER, {number(step)}, {{0}}}}"


def _inline(formula: Formula, derived: Mapping[str, Formula], steps: list[Step]) -> int:
    """Adds the formula's steps with those of what it reads that follows from parameters; where its value is among them."""
    places: list[int] = []
    for step in formula.steps:
        match step:
            case str() if step in derived:
                places.append(_inline(derived[step], derived, steps))
                continue
            case (function, arguments) if function in {"min", "max"} and len(arguments) > 2:
                last = places[arguments[0]]
                for each in arguments[1:]:
                    steps.append((function, (last, places[each])))
                    last = len(steps) - 1
            case (function, arguments):
                steps.append((function, tuple(places[each] for each in arguments)))
            case _:
                steps.append(step)
        places.append(len(steps) - 1)
    return places[-1]


# --- the model


@dataclass(frozen=True, slots=True)
class _Model:
    lines: list[str]
    fields: dict[str, str | int]


def _model_fields(subject: Subject, numbers: Numbers, signals: Sequence[Wanted], formulas: _Formulas) -> _Model:
    experiment, options = subject.experiment, subject.options
    columns = {f"{owner}.{name}": values for owner, own in subject.data.items() for name, values in own.items()}
    read = list(dict.fromkeys(name for each in subject.terms for name in (each.column, *each.data) if name))
    terms = [_term(place, each, read, formulas) for place, each in enumerate(subject.terms)]
    every = [formulas.add(each.every) for each in experiment.saves if each.every is not None]
    end = formulas.add(experiment.until)
    wanted = _wanted(subject)
    rows = [
        f"{{{quoted(name)}, {numbers.floats(columns.get(name, np.empty(0)))}, {len(columns.get(name, ()))}}}"
        for name in read
    ]
    refused = refused_names(subject)
    lines = [
        *(line for line, _ in terms),
        _table("mc_term", "mc_terms", [row for _, row in terms]),
        _table("mc_column", "mc_columns_of_data", rows),
        f"static const int mc_every[] = {{{', '.join(map(str, every)) or '0'}}};",
        _table("mc_refused", "mc_refused_names", [f"{{{quoted(a)}, {quoted(b)}}}" for a, b in refused.items()]),
        _table("mc_feature", "mc_features", [_feature(name) for name in subject.features]),
    ]
    limits = (options.rtol, options.atol, options.step, options.max_step, float(options.max_steps), options.steady_tol)
    fields: dict[str, str | int] = {
        "name": quoted(subject.name),
        "doc": quoted(subject.doc),
        "version": quoted(subject.version),
        "cpu": quoted(subject.cpu),
        "forward": "&mc_forward",
        "with_loss": "0" if subject.with_loss is None else "&mc_with_loss",
        "n_signals": len(signals),
        "signals": "mc_signals",
        "n_saved": -1 if wanted is None else len(wanted),
        "saved": "mc_usual_signals",
        "events": "mc_events",
        "n_methods": len(METHODS),
        "methods": "mc_methods",
        "method": quoted(options.method),
        "options": f"{{{', '.join(map(number, (*limits, float(options.memory_limit), float(options.threads))))}}}",
        "is_smooth": int(subject.forward.is_smooth),
        "end": end,
        "is_steady": int(experiment.is_steady),
        "n_every": len(every),
        "every": "mc_every",
        "n_formulas": len(formulas.rows),
        "formulas": "mc_formulas",
        "n_terms": len(terms),
        "terms": "mc_terms",
        "n_columns": len(read),
        "columns": "mc_columns_of_data",
        "n_refused": len(refused),
        "refused": "mc_refused_names",
        "n_features": len(subject.features),
        "features": "mc_features",
    }
    return _Model(lines, fields)


def _term(place: int, of: Term, columns: Sequence[str], formulas: _Formulas) -> tuple[str, str]:
    data = [columns.index(name) for name in of.data]
    at, start, stop = (formulas.add(each) for each in (of.at, of.start, of.stop))
    column = columns.index(of.column) if of.column else -1
    line = f"static const int mc_data_{place}[] = {{{', '.join(map(str, data)) or '0'}}};"
    row = f"{{{_KINDS[of.kind]}, {quoted(of.where)}, {at}, {start}, {stop}, {column}, {len(data)}, mc_data_{place}}}"
    return line, row


def refused_names(subject: Subject) -> dict[str, str]:
    """Names of the model that cannot be set in a target, and why."""
    description, again = subject.forward.description, "build the model again with --set"
    found: dict[str, str] = {}
    for name, formula in description.derived.items():
        reads = (
            f"is an expression of {', '.join(formula.names)} in the model: set these, or"
            if formula.names
            else "is a size:"
        )
        found[name] = f"{name} {reads} {again} {name}=..."
    for element, place in description.elements.items():
        given = description.classes[place.parts[0].owner].given if place.parts else {}
        for own, reads_ in given.items():
            name = f"{element}.{own}"
            found[name] = (
                f"{name} is an expression of {', '.join(reads_)} in the model: set these, or {again} {name}=..."
            )
    for name in set(subject.experiment.inputs) - set(description.parameters):
        found[name] = f"{name} is an expression of time in the model: {again} {name}=..."
    return dict(sorted(found.items()))


def _feature(name: str) -> str:
    leaf, subleaf, word, bit, _ = CPUID[name]
    return f"{{{quoted(name)}, {leaf:#x}u, {subleaf}, {word}, {bit}}}"
