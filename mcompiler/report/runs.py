"""A run as a table for a terminal: how it ended, and for each signal where it began, its range and where it ended."""

from collections.abc import Iterator

import numpy as np

from mcompiler.solution import Solution

_MOST = 40


def summary(run: Solution) -> str:
    """Several lines: status and cost, then a row per signal (arrays as a whole)."""
    return "\n".join(_lines(run))


def _lines(run: Solution) -> Iterator[str]:
    counts = run.statistics
    until = f"t = {run.t[0]:g} ... {run.t[-1]:g} s" if len(run.t) else "no time"
    yield f"{run.model}: {until}, {len(run.t)} times saved; {run.message}"
    events = f", {counts.events} events" if counts.events else ""
    yield f"{counts.steps} steps, {counts.rejected} rejected, {counts.evaluations} evaluations{events}, {counts.seconds * 1e3:.3g} ms"
    rows = [_row(run, name) for name in list(run)[:_MOST]]
    head = ("signal", "unit", "start", "least", "greatest", "end")
    widths = [max(len(row[place]) for row in [head, *rows]) for place in range(len(head))]
    for row in [head, *rows] if rows else []:
        names = "  ".join(cell.ljust(width) for cell, width in zip(row[:2], widths[:2], strict=True))
        yield f"  {names}  " + "  ".join(cell.rjust(width) for cell, width in zip(row[2:], widths[2:], strict=True))
    if len(run.signals) > _MOST:
        yield f"  and {len(run.signals) - _MOST} more signals"


def _row(run: Solution, name: str) -> tuple[str, ...]:
    values = run[name]
    shape = "x".join(map(str, values.shape[1:]))
    label = f"{name} ({shape})" if shape else name
    if not values.size:
        return label, run.units[name], "", "", "", ""
    ends = (values[0], values[-1]) if values.ndim == 1 else (np.nan, np.nan)
    numbers = (ends[0], np.nanmin(values), np.nanmax(values), ends[1])
    return label, run.units[name], *(f"{number:.6g}" if np.isfinite(number) else "" for number in numbers)
