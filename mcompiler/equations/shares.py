"""What each template adds to the gradient by a parameter: throughout the run, at its start, and where a bound is reached."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import sympy

from mcompiler.equations.derivative import partials
from mcompiler.equations.names import lam
from mcompiler.equations.reverse import symbols_of
from mcompiler.equations.system import Definition, Gradient, Parameter, System, Template
from mcompiler.units import Dimension

# sympy carries few types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false


def gradients(
    template: Template, adjoints: Mapping[sympy.Symbol, sympy.Expr], system: System, unit: Dimension
) -> tuple[Gradient, ...]:
    """The adjoint of every parameter that has one."""
    return tuple(
        Gradient(each.symbol.name, adjoints[each.symbol], unit / each.dimension)
        for each in _real(template, system)
        if each.symbol in adjoints
    )


def starts_and_bounds(template: Template, system: System, loss: Dimension) -> tuple[Gradient, ...]:
    """lam^T M dx/dp where x is an expression of parameters: at the start, and at a bound when it is reached."""
    return tuple(_fixed(template, system, loss))


def _fixed(template: Template, system: System, loss: Dimension) -> Iterator[Gradient]:
    parameters = _real(template, system)
    for unknown in template.unknowns:
        weight = lam(unknown.symbol.name) * unknown.mass
        moments: tuple[tuple[Literal["start", "lower", "upper"], sympy.Expr | None], ...] = (
            ("start", unknown.initial),
            ("lower", unknown.lower),
            ("upper", unknown.upper),
        )
        for moment, value in moments:
            if value is None:
                continue
            slopes = partials(substituted(value, template.definitions), {each.symbol for each in parameters})
            for each in parameters:
                if each.symbol in slopes:
                    share = weight * slopes[each.symbol]
                    yield Gradient(each.symbol.name, share, loss / each.dimension, moment, unknown.symbol.name)


def substituted(value: sympy.Expr, definitions: tuple[Definition, ...]) -> sympy.Expr:
    """The expression with definitions put in their places: for initial values and bounds, which are short."""
    resolved: Any = value
    for each in reversed(definitions):
        if each.symbol in symbols_of(resolved):
            resolved = resolved.xreplace({each.symbol: each.value})
    return resolved


def _real(template: Template, system: System) -> list[Parameter]:
    return [each for each in (*template.parameters, *system.parameters) if not each.structural]
