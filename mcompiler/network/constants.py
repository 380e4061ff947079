"""The circuit's own sizes, parameters and inputs: numbers, and what follows from what."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from mcompiler.diagnostics import Problems
from mcompiler.model.balance import sized
from mcompiler.model.evaluate import evaluate, whole
from mcompiler.model.expression import TIME_NAME, Expression, Name, Number, name_set, substitute
from mcompiler.model.faults import circular
from mcompiler.model.model import (
    Assignment,
    Circuit,
    Distribution,
    Experiment,
    Input,
    Parameter,
    State,
    Value,
    expressions_of,
)
from mcompiler.model.scope import ordered
from mcompiler.network.draw import draw
from mcompiler.network.network import Floats, GlobalParameter, global_name
from mcompiler.source import Span
from mcompiler.units import DIMENSIONLESS, Dimension

Key = tuple[str, str, str]
#: A place in the source, with what is said of it.
Place = Span | tuple[Span, str]


@dataclass(slots=True)
class Constants:
    """What is known of a circuit before its elements.

    Attributes:
        assignments: what the experiment gives, by kind, element and name.
        seed: of distributions.
        batch: number of copies of the cells of a network.
        numbers: values of sizes, parameters and inputs that do not depend on time, and columns of data.
        leaves: parameters and inputs with a number of their own, which a run can change.
        formulas: what the others are, sizes included, in terms of leaves and time.
    """

    assignments: Mapping[Key, Assignment]
    seed: int
    batch: int = 1
    numbers: dict[str, Floats] = field(default_factory=dict[str, Floats])
    leaves: dict[str, GlobalParameter] = field(default_factory=dict[str, GlobalParameter])
    formulas: dict[str, Expression] = field(default_factory=dict[str, Expression])

    def marked(self) -> dict[str, Expression]:
        """For every leaf its name in templates."""
        return {
            name: Name(global_name(name), each.dimension, each.origin)
            for name, each in self.leaves.items()
            if each.origin
        }


def resolve_constants(circuit: Circuit, experiment: Experiment | None, problems: Problems) -> Constants:
    """The circuit's constants; what is wrong with them is in ``problems``."""
    given = experiment.assignments if experiment else ()
    assignments: dict[Key, Assignment] = {(each.kind, each.element, each.name): each for each in given}
    constants = Constants(assignments, experiment.seed, experiment.batch) if experiment else Constants({}, 0)
    for data in experiment.data if experiment else ():
        columns = {f"{data.name}.{name}": values for name, values in data.columns.items()}
        constants.numbers |= {
            name: values.reshape(()) if values.size == 1 else values for name, values in columns.items()
        }
    entries: dict[str, Parameter | Input] = {each.name: each for each in (*circuit.sizes, *circuit.parameters)}
    entries |= {each.name: each for each in circuit.inputs}
    values = {name: _value(circuit, each, constants, problems) for name, each in entries.items()}
    order, circle = ordered({name: name_set(*expressions_of(value)) for name, value in values.items()})
    if circle:
        places = [value.span if value is not None else None for value in map(values.get, circle)]
        circular(problems, "these values need each other", circle, places)
        return constants
    sizes = {each.name for each in circuit.sizes}
    broken: set[str] = set()
    for name in order:
        value = values[name]
        if (
            value is None
            or name_set(*expressions_of(value)) & broken
            or not _is_single(name, value, constants, problems)
        ):
            broken.add(name)
            continue
        _resolve(circuit, entries[name], value, constants, problems, is_size=name in sizes)
        if any(each.code == "too-deep" for each in problems.errors):
            break  # what follows from it would be too
    return constants


def _value(circuit: Circuit, each: Parameter | Input, constants: Constants, problems: Problems) -> Value | None:
    kind = "input" if isinstance(each, Input) else "set"
    given = constants.assignments.get((kind, "", each.name))
    value = given.value if given else each.default
    if value is None:
        headline = f"{each.name} of {circuit.name} has no value"
        hints = (f"give it one where it is declared, or write {kind} {each.name} = ... in the experiment",)
        problems.error("missing-argument", headline, each.span, hints=hints)
    return value


def _is_single(name: str, value: Value, constants: Constants, problems: Problems) -> bool:
    """Whether columns of data in the value hold one number each."""
    for column in name_set(*expressions_of(value)):
        if "." in column and constants.numbers[column].size != 1:
            headline = f"{name} needs one number, but {column} has the shape {constants.numbers[column].shape}"
            problems.error("data-shape", headline, value.span)
            return False
    return True


def _resolve(
    circuit: Circuit, each: Parameter | Input, value: Value, constants: Constants, problems: Problems, *, is_size: bool
) -> None:
    name = each.name
    known = constants.numbers
    formula = None if isinstance(value, Distribution) else inserted(value, constants, problems)
    if formula is not None and TIME_NAME in name_set(formula):
        constants.formulas[name] = formula
        return
    number = draw(value, known, (), f"{circuit.name}.{name}", constants.seed)
    constants.numbers[name] = number
    span = _span(name, each, constants)
    if is_size:
        _check_size(name, float(number), value.span, problems)
        constants.formulas[name] = Number(float(number), DIMENSIONLESS, each.span)
        return
    if follows_from_numbers(value, known):
        check_number(problems, f"the value of {name}", number, span)
    if isinstance(each, Parameter):
        check_bounds(problems, f"the value of {name}", number, each, known, span)
    if formula is not None and name_set(formula) & constants.leaves.keys():
        constants.formulas[name] = formula
    else:
        constants.leaves[name] = GlobalParameter(name, each.dimension, float(number), each.doc, each.span)


def inserted(value: Expression, constants: Constants, problems: Problems) -> Expression:
    """A value in terms of leaves; one that becomes too large or too deep is noted and stays as it is."""
    expression = substitute(value, constants.formulas)
    return sized(problems, expression) or value


def _span(name: str, each: Parameter | Input, constants: Constants) -> Span:
    given = constants.assignments.get(("input" if isinstance(each, Input) else "set", "", name))
    return given.value.span if given else each.default.span if each.default else each.span


def _check_size(name: str, number: float, span: Span, problems: Problems) -> None:
    if whole(number) is None or number < 1:
        code = "size-zero" if number == 0 else "bad-size"
        headline = f"the size {name} is {number:g}; a size is a whole number, one or more"
        problems.error(code, headline, span)


def follows_from_numbers(value: Value, known: Mapping[str, Floats]) -> bool:
    """Whether nothing that a value reads is NaN, which would have been told."""
    return not any(np.any(np.isnan(known[name])) for name in name_set(*expressions_of(value)) if name in known)


def check_number(problems: Problems, what: str, number: Floats, *places: Place) -> None:
    """Numbers are numbers; infinities are allowed, they mean "never" or "without limit"."""
    if np.any(np.isnan(number)):
        headline = f"{what} is not a number (NaN)"
        hints = ("look for 0/0, or the root of a negative number",)
        problems.error("not-a-value", headline, *places, hints=hints)


def check_bounds(
    problems: Problems,
    what: str,
    number: Floats,
    each: Parameter | State,
    known: Mapping[str, Floats],
    *places: Place,
    code: str = "value-out-of-bounds",
) -> None:
    """Numbers lie within bounds that are known; of several, the one that is furthest outside is told."""
    for bound, below in ((each.lower, True), (each.upper, False)):
        if bound is None or not name_set(bound) <= known.keys():
            continue
        limit = evaluate(bound, known)
        excess = np.asarray(limit - number if below else number - limit)
        if np.any(excess > 0):
            worst = int(np.nanargmax(excess))
            value = float(np.broadcast_to(number, excess.shape).reshape(-1)[worst])
            side = "below its lower" if below else "above its upper"
            limited = float(np.broadcast_to(limit, excess.shape).reshape(-1)[worst])
            headline = f"{what}, {shown(value, each.dimension)}, lies {side} bound {shown(limited, each.dimension)}"
            problems.error(code, headline, *places, (bound.span, "the bound"))


def shown(value: float, dimension: Dimension) -> str:
    """A number with its unit."""
    return f"{value:g}" if dimension == DIMENSIONLESS else f"{value:g} {dimension}"
