"""Descriptions as JSON values beside arrays, and back. Members that follow each other are told as a range, so that a million of them are two numbers."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mcompiler.place import Part, Place
from mcompiler.solver.description import (
    Description,
    Experiment,
    Facts,
    Formula,
    Integers,
    Plot,
    Save,
    Step,
    Term,
    Wanted,
)

#: Large arrays by the names that the JSON values mention.
Arrays: TypeAlias = dict[str, NDArray[Any]]
Json: TypeAlias = Any

#: Longer arrays of integers stand beside the JSON values, unless they are ranges.
_SHORT = 16


def description_to_json(of: Description, arrays: Arrays) -> Json:
    """The description as values for JSON; large arrays are added to ``arrays`` under names of their own."""
    return {
        "name": of.name,
        "batch": of.batch,
        "members": of.members,
        "is_smooth": of.is_smooth,
        "is_scalar": of.is_scalar,
        "parameters": dict(of.parameters),
        "derived": {name: formula_to_json(each) for name, each in of.derived.items()},
        "nodes": {name: _place_to_json(each, arrays) for name, each in of.nodes.items()},
        "elements": {name: _place_to_json(each, arrays) for name, each in of.elements.items()},
        "classes": {
            name: [each.is_node, each.voltage, each.inputs, each.signals, dict(each.given)]
            for name, each in of.classes.items()
        },
        "losses": of.losses,
        "gradient_units": dict(of.gradient_units),
    }


def description_from_json(value: Json, arrays: Mapping[str, NDArray[Any]]) -> Description:
    """The description that `description_to_json` gave, also after a trip through JSON text."""
    return Description(
        name=value["name"],
        batch=value["batch"],
        members=value["members"],
        is_smooth=value["is_smooth"],
        is_scalar=value["is_scalar"],
        parameters=value["parameters"],
        derived={name: formula_from_json(each) for name, each in value["derived"].items()},
        nodes={name: _place_from_json(each, arrays) for name, each in value["nodes"].items()},
        elements={name: _place_from_json(each, arrays) for name, each in value["elements"].items()},
        classes={name: _facts_from_json(*each) for name, each in value["classes"].items()},
        losses=value["losses"],
        gradient_units=value["gradient_units"],
    )


def experiment_to_json(of: Experiment) -> Json:
    """The experiment as values for JSON."""
    return {
        "name": of.name,
        "until": _optional(of.until),
        "is_steady": of.is_steady,
        "inputs": of.inputs,
        "saves": [[[_wanted_to_json(one) for one in each.signals], _optional(each.every)] for each in of.saves],
        "plots": [
            [[_wanted_to_json(one) for one in each.signals], each.against and _wanted_to_json(each.against)]
            for each in of.plots
        ],
        "options": dict(of.options),
    }


def experiment_from_json(value: Json) -> Experiment:
    """The experiment that `experiment_to_json` gave."""
    return Experiment(
        name=value["name"],
        until=_optional_formula(value["until"]),
        is_steady=value["is_steady"],
        inputs=tuple(value["inputs"]),
        saves=tuple(Save(_signals_from_json(each), _optional_formula(every)) for each, every in value["saves"]),
        plots=tuple(
            Plot(_signals_from_json(each), against and _wanted_from_json(*against)) for each, against in value["plots"]
        ),
        options=value["options"],
    )


def term_to_json(of: Term) -> Json:
    """The term of a loss as values for JSON."""
    formulas = [_optional(each) for each in (of.at, of.start, of.stop)]
    return [of.kind, of.where, of.column, *formulas, of.data]


def term_from_json(value: Json) -> Term:
    """The term that `term_to_json` gave."""
    kind, where, column, at, start, stop, data = value
    formulas = map(_optional_formula, (at, start, stop))
    at, start, stop = formulas
    return Term(kind, where, at, column, start, stop, tuple(data))


def formula_to_json(of: Formula) -> Json:
    """A number, a name, or ``[function, places of earlier steps...]`` per step."""
    return [[each[0], *each[1]] if isinstance(each, tuple) else each for each in of.steps]


def formula_from_json(value: Json) -> Formula:
    """The formula that `formula_to_json` gave."""
    return Formula(tuple(map(_step_from_json, value)))


def _step_from_json(value: Json) -> Step:
    if isinstance(value, list):
        return value[0], tuple(value[1:])
    return value if isinstance(value, str) else float(value)


def _optional(of: Formula | None) -> Json:
    return None if of is None else formula_to_json(of)


def _optional_formula(value: Json) -> Formula | None:
    return None if value is None else formula_from_json(value)


def _wanted_to_json(of: Wanted) -> Json:
    return [of.owner, of.quantity, of.indices]


def _wanted_from_json(owner: str, quantity: str, indices: Sequence[int]) -> Wanted:
    return Wanted(owner, quantity, tuple(indices))


def _signals_from_json(value: Json) -> tuple[Wanted, ...]:
    return tuple(_wanted_from_json(*each) for each in value)


def _facts_from_json(
    is_node: bool,  # noqa: FBT001 - as it stands in JSON
    voltage: str,
    inputs: Sequence[str],
    signals: Sequence[str],
    given: Mapping[str, Sequence[str]],
) -> Facts:
    reads = {name: tuple(each) for name, each in given.items()}
    return Facts(is_node, voltage, tuple(inputs), tuple(signals), reads)


def _place_to_json(of: Place, arrays: Arrays) -> Json:
    parts = [
        [each.owner, _integers_to_json(each.members, arrays), _integers_to_json(each.positions, arrays)]
        for each in of.parts
    ]
    return [of.shape, parts, of.first, _integers_to_json(of.inert, arrays), of.copies]


def _place_from_json(value: Json, arrays: Mapping[str, NDArray[Any]]) -> Place:
    shape, parts, first, inert, copies = value
    found = tuple(
        Part(owner, _integers_from_json(members, arrays), _integers_from_json(positions, arrays))
        for owner, members, positions in parts
    )
    return Place(tuple(shape), found, tuple(first), _integers_from_json(inert, arrays), copies)


def _integers_to_json(of: Integers, arrays: Arrays) -> Json:
    """A list, ``{"from": first, "by": distance, "count": n}``, or the name of an array."""
    if len(of) <= 2:
        return of.tolist()
    distance = int(of[1] - of[0])
    if bool((np.diff(of) == distance).all()):
        return {"from": int(of[0]), "by": distance, "count": len(of)}
    if len(of) <= _SHORT:
        return of.tolist()
    name = f"integers{len(arrays)}"
    arrays[name] = of
    return name


def _integers_from_json(value: Json, arrays: Mapping[str, NDArray[Any]]) -> Integers:
    match value:
        case str():
            return np.asarray(arrays[value], dtype=np.int64)
        case dict():
            first, by, count = value["from"], value["by"], value["count"]
            return np.asarray(first + by * np.arange(count, dtype=np.int64))
        case _:
            return np.array(value, dtype=np.int64)
