"""When a loss is taken: the model's terms as instants with weights and data, for the integrator."""

from collections.abc import Mapping

import numpy as np

from mcompiler.integrators.run import Losses
from mcompiler.solver.description import Floats, Formula, Integers, Term

#: Columns by name of every data set.
Data = Mapping[str, Mapping[str, Floats]]


def schedule(losses: tuple[Term, ...], values: Mapping[str, Floats], data: Data, t0: float, t1: float) -> Losses:
    """All terms by ascending time. A loss over an interval is the change of its running integral: plus at its end, minus at its start.

    Args:
        losses: the terms, numbered in this order in the kernels.
        values: of the circuit's parameters and sizes.
        data: columns that the terms mention.
        t0: start of the run in seconds.
        t1: its end.

    Raises:
        ValueError: a term lies outside the run, or data are missing or of unlike lengths.
    """
    times: list[Floats] = []
    terms: list[Integers] = []
    rows: list[Integers] = []
    weights: list[Floats] = []
    columns: list[Floats] = []
    for number, each in enumerate(losses):
        at, weight, own = _term(each, values, data, t1)
        _check_inside(each, at, t0, t1)
        width = own.shape[1]
        first = sum(one.size for one in columns)
        times.append(at)
        weights.append(weight)
        terms.append(np.full(len(at), number, dtype=np.int64))
        rows.append(first + width * np.arange(len(at), dtype=np.int64))
        columns.append(np.ascontiguousarray(own).reshape(-1))
    if not times:
        return Losses()
    order = np.argsort(np.concatenate(times), kind="stable")
    return Losses(
        np.concatenate(times)[order],
        np.concatenate(terms)[order],
        np.concatenate(rows)[order],
        np.concatenate(columns),
        np.concatenate(weights)[order],
    )


def _term(each: Term, values: Mapping[str, Floats], data: Data, t1: float) -> tuple[Floats, Floats, Floats]:
    """Times, weights and data rows (times, columns) of one term."""
    if each.kind == "end":
        return np.array([t1]), np.ones(1), np.empty((1, 0))
    if each.kind == "over":
        assert each.start is not None
        assert each.stop is not None
        ends = np.array([_number(each.start, values), _number(each.stop, values)])
        return ends, np.array([-1.0, 1.0]), np.empty((2, 0))
    if each.column:
        times = column(data, each.column)
        own = [column(data, name) for name in each.data]
        unlike = [name for name, values_ in zip(each.data, own, strict=True) if values_.shape != times.shape]
        if unlike:
            raise ValueError(f"{unlike[0]} and {each.column} must have one length")
        return times, np.ones(len(times)), np.column_stack(own) if own else np.empty((len(times), 0))
    assert each.at is not None
    return np.array([_number(each.at, values)]), np.ones(1), np.empty((1, 0))


def column(data: Data, name: str) -> Floats:
    """A column, ``loop.t``.

    Raises:
        ValueError: it is not there, not one-dimensional, or holds what is no number.
    """
    owner, _, own = name.partition(".")
    if owner not in data or own not in data[owner]:
        raise ValueError(f"the loss needs the data {name}: give data={{{owner!r}: {{'t': ..., {own!r}: ...}}}}")
    values = np.asarray(data[owner][own], dtype=np.float64)
    if values.ndim != 1:
        raise ValueError(f"{name} must be one column, not of shape {values.shape}")
    if not np.all(np.isfinite(values)):
        raise ValueError(f"{name} holds a value that is not a number, at place {int(np.argmin(np.isfinite(values)))}")
    return values


def _number(formula: Formula, values: Mapping[str, Floats]) -> float:
    return float(formula.value(values))


def _check_inside(each: Term, at: Floats, t0: float, t1: float) -> None:
    if len(at) and not (t0 <= at.min() and at.max() <= t1):
        outside = float(at.min() if at.min() < t0 else at.max())
        raise ValueError(
            f"the loss at {each.where} is taken at {outside:g} s, outside the run from {t0:g} s to {t1:g} s"
        )
