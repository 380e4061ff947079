"""Systems evaluated with NumPy, complex numbers included: an interpreter of the equations themselves, apart from kernels and their translation."""

# sympy carries few types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import sympy
from numpy.typing import NDArray

from mcompiler.equations.levels import Levels, levels
from mcompiler.equations.literal import Literal
from mcompiler.equations.system import TIME, EdgeClass, System, VertexClass
from mcompiler.network.binding import bindings
from mcompiler.network.network import Group, Network

Array = NDArray[Any]
Values = dict[sympy.Symbol, Array]
#: A quantity of all members of a class.
Key = tuple[str, str]


def _real(x: Array) -> Array:
    return np.real(x)


def _power(base: Array, exponent: Array) -> Array:
    with np.errstate(all="ignore"):
        return np.where(
            _real(base) == 0,
            np.where(_real(exponent) > 0, 0.0, np.where(_real(exponent) == 0, 1.0, np.inf)),
            base**exponent,
        )


def _select(condition: Any, chosen: Any, other: Any) -> Any:
    return np.where(condition, chosen, other)


FUNCTIONS: dict[str, Callable[..., Array]] = {
    "where": _select,
    "lt": lambda a, b: _real(a) < _real(b),
    "le": lambda a, b: _real(a) <= _real(b),
    "gt": lambda a, b: _real(a) > _real(b),
    "ge": lambda a, b: _real(a) >= _real(b),
    "eq": lambda a, b: _real(a) == _real(b),
    "ne": lambda a, b: _real(a) != _real(b),
    "conjunction": np.logical_and,
    "disjunction": np.logical_or,
    "negation": np.logical_not,
    "sign": lambda x: np.sign(_real(x)),
    "step": lambda x: _select(_real(x) >= 0, 1.0, 0.0),
    "floor": lambda x: np.floor(_real(x)),
    "absolute": lambda x: _select(_real(x) < 0, -x, x),
    "minimum": lambda a, b: _select(_real(b) < _real(a), b, a),
    "maximum": lambda a, b: _select(_real(b) > _real(a), b, a),
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "tanh": np.tanh,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "asinh": np.arcsinh,
    "atan": np.arctan,
    "sqrt": lambda x: np.sqrt(x + 0j) if np.iscomplexobj(x) else np.sqrt(x),
    "logistic": lambda x: 1 / (1 + np.exp(-x)),
    "power": _power,
}


def value_of(expression: sympy.Basic, values: Mapping[sympy.Symbol, Array]) -> Array:
    """The value of an expression; KeyError names a symbol that has none."""
    if isinstance(expression, sympy.Symbol):
        return values[expression]
    if isinstance(expression, Literal):
        return np.asarray(expression.value)
    if isinstance(expression, sympy.Number | sympy.NumberSymbol):
        return np.asarray(float(expression))
    parts = [value_of(each, values) for each in expression.args]
    if isinstance(expression, sympy.Add):
        return functools.reduce(np.add, parts)
    if isinstance(expression, sympy.Mul):
        return functools.reduce(np.multiply, parts)
    if isinstance(expression, sympy.Pow):
        return parts[0] ** int(expression.exp) if expression.exp.is_Integer else parts[0] ** parts[1]
    with np.errstate(all="ignore"):  # branches that are not taken may divide by 0 or take its logarithm
        if hasattr(expression, "expanded"):
            places, expansion = cast("Any", expression).expanded()
            return value_of(expansion, dict(zip(places, parts, strict=True)))
        return FUNCTIONS[type(expression).__name__](*parts)


@dataclass(frozen=True)
class Setting:
    """A system with sizes, index arrays and parameters: what a run has."""

    system: System
    sizes: Mapping[str, int]
    indices: Mapping[tuple[str, int], Array]
    parameters: Mapping[Key, Array]

    def moved(self, changes: Mapping[Key, Array | complex]) -> Setting:
        """The same with something added to parameters (the owner of a global one is "")."""
        parameters = {**self.parameters}
        for key, change in changes.items():
            parameters[key] = parameters[key] + change
        return Setting(self.system, self.sizes, self.indices, parameters)

    def of(self, system: System) -> Setting:
        """The same for a system that was derived from this one."""
        return Setting(system, self.sizes, self.indices, self.parameters)


@dataclass
class State:
    """Every quantity of every class at one instant."""

    values: dict[str, Values] = field(default_factory=dict[str, Values])

    def get(self, owner: str, name: str) -> Array:
        """One quantity of all members."""
        return self.values[owner][sympy.Symbol(name, real=True)]


def setting(network: Network, system: System) -> Setting:
    """A system with the values of its network."""
    sizes, found = bindings(network)
    indices: dict[tuple[str, int], Array] = {**found, **_of_all_pairs(system, sizes)}
    parameters: dict[Key, Array] = {("", f"circuit.{each.name}"): np.asarray(each.value) for each in network.parameters}
    for name, group in _groups(network).items():
        parameters |= {(name, each): np.asarray(values) for each, values in group.values.items()}
    for edge in system.edges:
        for each in edge.template.parameters:
            if each.end is not None:
                parameters[edge.name, each.symbol.name] = indices[edge.name, each.end]
    return Setting(system, sizes, indices, parameters)


def _of_all_pairs(system: System, sizes: Mapping[str, int]) -> dict[tuple[str, int], Array]:
    """Index arrays of dense classes: an array [end 1, end 0]; further ends have one member."""
    found: dict[tuple[str, int], Array] = {}
    for edge in system.edges:
        if edge.topology == "dense":
            first, second = (sizes[end] for end in edge.ends[:2])
            found[edge.name, 0], found[edge.name, 1] = (
                np.tile(np.arange(first), second),
                np.repeat(np.arange(second), first),
            )
            found |= {(edge.name, end): np.zeros(first * second, dtype=np.int64) for end in range(2, len(edge.ends))}
    return found


def _groups(network: Network) -> dict[str, Group]:
    pairs = [
        *((each.name, each.group) for each in network.vertices),
        *((each.name, each.group) for each in network.edges),
    ]
    return {name: group for name, group in pairs if group is not None}


def evaluate(
    at: Setting,
    t: float,
    y: Mapping[Key, Array],
    forward: State | None = None,
    extra: Mapping[sympy.Symbol, Array] | None = None,
) -> State:
    """All quantities of a system at time t.

    Args:
        at: the system with its parameters (those of the forward system, for an adjoint one).
        t: time in s.
        y: unknowns by class and name, one value per member.
        forward: for an adjoint system, the quantities of the forward one.
        extra: what else equations read: columns of data.
    """
    state = State()
    for owner in at.system.classes:
        state.values[owner.name] = _inputs(at, owner, t, y, forward, extra or {})
    order = levels(at.system)
    for number in range(order.last + 1):
        _pass(at, state, order, number)
    for vertex in at.system.vertices:
        _define(vertex, state.values[vertex.name])
    return state


def _pass(at: Setting, state: State, order: Levels, number: int) -> None:
    """One pass over the edges: they read what has become known, and contribute to the sums that this pass completes."""
    sums = {
        (vertex.name, each.symbol): np.zeros(at.sizes[vertex.name], dtype=complex)
        for vertex in at.system.vertices
        for each in vertex.template.accumulators
        if order.collected[vertex.name, each.symbol.name] == number
    }
    for edge in at.system.edges:
        own, wait = state.values[edge.name], False
        for read in edge.template.reads:
            vertex = next(each for each in at.system.vertices if each.name == edge.ends[read.end])
            level = order.published[vertex.name, read.name]
            wait |= level > number
            if level == number:
                published = _lazily(sympy.Symbol(read.name, real=True), vertex, state.values[vertex.name])
                members = at.indices[edge.name, read.end]
                own[read.symbol] = np.broadcast_to(published, (at.sizes[vertex.name],))[members]
        if not wait:
            _define(edge, own)
        for each in edge.template.contributions:
            key = edge.ends[each.end], sympy.Symbol(each.accumulator, real=True)
            if key in sums:
                value = _lazily_of(each.value, edge, own) if wait else value_of(each.value, own)
                share = np.broadcast_to(value, (at.sizes[edge.name],))
                np.add.at(sums[key], at.indices[edge.name, each.end], share)
    for (name, symbol), total in sums.items():
        state.values[name][symbol] = total if np.any(np.imag(total)) else np.real(total)


def _inputs(
    at: Setting,
    owner: VertexClass | EdgeClass,
    t: float,
    y: Mapping[Key, Array],
    forward: State | None,
    extra: Mapping[sympy.Symbol, Array],
) -> Values:
    own: Values = {**(forward.values[owner.name] if forward else {}), TIME: np.asarray(t), **extra}
    own |= {each.symbol: at.parameters["", each.symbol.name] for each in at.system.parameters}
    own |= {each.symbol: at.parameters[owner.name, each.symbol.name] for each in owner.template.parameters}
    return own | {each.symbol: y[owner.name, each.symbol.name] for each in owner.template.unknowns}


def _define(owner: VertexClass | EdgeClass, own: Values) -> None:
    for each in owner.template.definitions:
        own[each.symbol] = value_of(each.value, own)


def _lazily(symbol: sympy.Symbol, owner: VertexClass, own: Values) -> Array:
    """A published quantity, before its vertex has collected anything."""
    definitions = {each.symbol: each.value for each in owner.template.definitions}
    if symbol in own:
        return own[symbol]
    value = definitions[symbol]
    needed = {each: _lazily(each, owner, own) for each in value.atoms(sympy.Symbol)}
    return value_of(value, needed)


def rates(at: Setting, state: State) -> dict[Key, Array]:
    """``mass * d unknown/dt`` (with a minus where the system runs backward) of every member."""
    return {
        (owner.name, each.symbol.name): np.broadcast_to(
            value_of(each.rate, state.values[owner.name]), (at.sizes[owner.name],)
        )
        for owner in at.system.classes
        for each in owner.template.unknowns
    }


def masses(at: Setting, state: State) -> dict[Key, Array]:
    """The factors of the derivatives."""
    return {
        (owner.name, each.symbol.name): np.broadcast_to(
            value_of(each.mass, state.values[owner.name]), (at.sizes[owner.name],)
        )
        for owner in at.system.classes
        for each in owner.template.unknowns
    }


def gradient_shares(at: Setting, state: State, moment: str = "throughout") -> dict[Key, Array]:
    """Shares of the gradient by parameter (the owner of a global one is ""), per member where the parameter varies, else summed."""
    result: dict[Key, Array] = {}
    for owner in at.system.classes:
        assert owner.template.forward is not None
        own = {each.symbol.name for each in owner.template.forward.parameters}
        for each in owner.template.gradients:
            if each.moment == moment:
                key = (owner.name if each.parameter in own else "", each.parameter)
                share = np.broadcast_to(value_of(each.value, state.values[owner.name]), (at.sizes[owner.name],))
                varies = np.ndim(at.parameters[key]) > 0
                result[key] = result.get(key, 0.0) + (share if varies else np.sum(share))
    return result


def initial(at: Setting, network: Network) -> dict[Key, Array]:
    """The state at the start: the model's expressions, or what the network says."""
    result: dict[Key, Array] = {}
    given = {name: group.initials for name, group in _groups(network).items()}
    nodes = {each.name: each.initials for each in network.vertices if each.kind == "capacitive"}
    for owner in at.system.classes:
        own: Values = {each.symbol: at.parameters["", each.symbol.name] for each in at.system.parameters}
        own |= {each.symbol: at.parameters[owner.name, each.symbol.name] for each in owner.template.parameters}
        for each in owner.template.unknowns:
            name, size = each.symbol.name, at.sizes[owner.name]
            value = np.broadcast_to(_lazily_of(each.initial, owner, own), (size,))
            known = given.get(owner.name, {}).get(name, nodes.get(owner.name) if name == "v" else None)
            result[owner.name, name] = value if known is None else np.where(np.isnan(known), value, known)
    return result


def _lazily_of(value: sympy.Expr, owner: VertexClass | EdgeClass, own: Values) -> Array:
    definitions = {each.symbol: each.value for each in owner.template.definitions}
    needed = {
        each: own[each] if each in own else _lazily_of(definitions[each], owner, own)
        for each in value.atoms(sympy.Symbol)
    }
    return value_of(value, needed)
