"""Relations solved for what a template needs. Today: the current of a device that gives its voltage, where the relation is linear in the current."""

from collections.abc import Sequence
from typing import Any

import sympy

from mcompiler.diagnostics import CompileError, Diagnostic, Label
from mcompiler.equations.reverse import symbols_of
from mcompiler.equations.system import ZERO, Definition
from mcompiler.equations.translate import in_order, symbol, translate
from mcompiler.model.model import Device
from mcompiler.units import CURRENT

# sympy carries few types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false


def solved_for_current(device: Device, definitions: Sequence[Definition]) -> sympy.Expr:
    """``i`` in terms of ``v`` and of what the definitions say, for a device whose law gives ``v`` in terms of ``i``.

    Raises:
        CompileError: the law is not linear in ``i``.
    """
    assert device.law is not None
    i, v = symbol("i"), symbol("v")
    value: Any = translate(device.law.value)  # sympy says less of what it returns
    for each in reversed(in_order([*definitions, Definition(i, CURRENT, ZERO)])):
        if each.symbol not in (i, v) and _reaches(each.symbol, i, definitions):
            value = value.xreplace({each.symbol: each.value})
    slope = value.diff(i)
    if i in symbols_of(slope) or v in symbols_of(value):
        raise CompileError([_not_linear(device)])
    return (v - value.xreplace({i: ZERO})) / slope


def _reaches(name: sympy.Symbol, target: sympy.Symbol, definitions: Sequence[Definition]) -> bool:
    table = {each.symbol: symbols_of(each.value) for each in definitions}
    pending, seen = [name], set[sympy.Symbol]()
    while pending:
        each = pending.pop()
        if each == target:
            return True
        if each not in seen:
            seen.add(each)
            pending += table.get(each, ())
    return False


def _not_linear(device: Device) -> Diagnostic:
    assert device.law is not None
    return Diagnostic(
        "unsupported",
        f"{device.name} gives v as a nonlinear function of i; this version compiles current-controlled devices that are linear in i",
        (Label(device.law.span),),
        hints=("solve the relation for i, if that can be done",),
    )
