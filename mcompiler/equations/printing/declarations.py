"""Parts of model files from the model: expressions, values, declarations, elements, experiments."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from types import MappingProxyType
from typing import cast

import sympy

from mcompiler.equations.literal import shown
from mcompiler.equations.printing.from_expression import Reader
from mcompiler.equations.printing.infix import infix
from mcompiler.equations.printing.view import ranks
from mcompiler.equations.reverse import symbols_of
from mcompiler.equations.translate import symbol, translate
from mcompiler.model.expression import TIME_NAME, Expression
from mcompiler.model.model import (
    Circuit,
    Distribution,
    Element,
    Experiment,
    Index,
    Input,
    Loss,
    Parameter,
    State,
    Sum,
    Template,
    Terminal,
    Value,
)
from mcompiler.model.sums import MEMBER
from mcompiler.units import DIMENSIONLESS, Dimension

#: In front of the names of columns of data, in sums.
DATA = "data "


@dataclass(frozen=True, slots=True)
class Words:
    """Writes expressions of a template or circuit, with the names in the order of their declarations."""

    reader: Reader

    def expression(self, value: Expression) -> str:
        """An expression of the model, in its own names."""
        return infix(self.reader.node(translate(value)), _as_it_is)

    def given(self, value: Value) -> str:
        """``= 2[kohm]`` or ``~ normal(2[kohm], 5%)``."""
        if isinstance(value, Distribution):
            return f"~ {value.kind}({', '.join(self.expression(each) for each in value.arguments)})"
        return f"= {self.expression(value)}"

    def bounds(self, lower: Expression | None, upper: Expression | None) -> str:
        """`` in [0, 1]``, or nothing."""
        if lower is None and upper is None:
            return ""
        sides = (
            "-inf" if lower is None else self.expression(lower),
            "inf" if upper is None else self.expression(upper),
        )
        return f" in [{sides[0]}, {sides[1]}]"

    def declaration(self, kind: str, each: Parameter | Input) -> str:
        """``param Ron: ohm in [0, inf] = 100[ohm] "..."``."""
        value = "" if each.default is None else f" {self.given(each.default)}"
        bounds = self.bounds(each.lower, each.upper) if isinstance(each, Parameter) else ""
        return f"{kind} {each.name}{unit(each.dimension)}{bounds}{value}{doc(each.doc)}"

    def state(self, each: State) -> str:
        """``state w in [0, 1] = 0.1 scale 1 "..."``."""
        value = "" if each.initial is None else f" {self.given(each.initial)}"
        scale = "" if each.scale is None else f" scale {self.expression(each.scale)}"
        bounds = self.bounds(each.lower, each.upper)
        return f"state {each.name}{unit(each.dimension)}{bounds}{value}{scale}{doc(each.doc)}"

    def arguments(self, values: Mapping[str, Value], more: Mapping[str, str] = MappingProxyType({})) -> list[str]:
        """``R = 1[kohm]``, ``w ~ uniform(0, 1)``; ``more`` are others as text."""
        return [
            *(f"{name} {self.given(value)}" for name, value in values.items()),
            *(f"{name} = {value}" for name, value in more.items()),
        ]


def words(owner: Template | Circuit) -> Words:
    """What writes the expressions of a template or circuit."""
    names = [*(each.name for each in owner.parameters), *(each.name for each in owner.inputs)]
    if isinstance(owner, Circuit):
        names = [*(each.name for each in owner.sizes), *names]
    else:
        names += [*(each.name for each in owner.definitions), *(each.name for each in owner.states)]
    return Words(Reader(ranks([*names, TIME_NAME])))


def _as_it_is(symbol: sympy.Symbol) -> str:
    return str(symbol.name)


def unit(dimension: Dimension) -> str:
    """``: V``, or nothing for a number."""
    return "" if dimension == DIMENSIONLESS else f": {dimension}"


def doc(text: str) -> str:
    """The documentation behind a declaration."""
    return f' "{text}"' if text else ""


def circuit(each: Circuit) -> Iterator[str]:
    """The lines of a circuit."""
    to = words(each)
    yield f"circuit {each.name}{doc(each.doc)} {{"
    yield from (f"  {one}" for one in declared(to, each))
    yield from (f"  {element(to, one, one.device.name)}" for one in each.elements)
    yield "}"


def declared(to: Words, owner: Template | Circuit) -> Iterator[str]:
    """Sizes, parameters, inputs and nodes."""
    if isinstance(owner, Circuit):
        yield from (to.declaration("size", each) for each in owner.sizes)
    yield from (to.declaration("param", each) for each in owner.parameters)
    yield from (to.declaration("input", each) for each in owner.inputs)
    if isinstance(owner, Circuit):
        for node in owner.nodes:
            shape = f"[{', '.join(to.expression(each) for each in node.shape)}]" if node.shape else ""
            yield f"node {node.name}{shape}{doc(node.doc)}"


def element(to: Words, each: Element, device: str, more: Mapping[str, str] = MappingProxyType({})) -> str:
    """An element, or an array of them; ``more`` are arguments beside its own."""
    ranges = f"[{', '.join(_range(to, one) for one in each.indices)}]" if each.indices else ""
    arguments = [*(_terminal(to, one) for one in each.terminals), *to.arguments({**each.preset, **each.values}, more)]
    return f"{each.name}{ranges}: {device}({', '.join(arguments)}){doc(each.doc)}"


def _range(to: Words, each: Index) -> str:
    return f"{each.name} in {to.expression(each.first)}..{to.expression(each.last)}"


def _terminal(to: Words, each: Terminal) -> str:
    return f"{each.node}[{', '.join(to.expression(one) for one in each.indices)}]" if each.indices else each.node


def experiment(each: Experiment, on: str, more: Iterable[str] = ()) -> Iterator[str]:
    """The lines of an experiment on the circuit ``on``, with ``more`` of them; what only has losses is a learning block."""
    to = words(each.circuit)
    yield f"{'learning' if each.until is None else 'experiment'} {each.name} on {on}{doc(each.doc)} {{"
    yield from (f'  data {one.name} = "{one.file}"' for one in each.data)
    yield from (f"  {one}" for one in more)
    if each.seed:
        yield f"  seed {each.seed}"
    if each.batch > 1:
        yield f"  batch {each.batch}"
    yield from (f"  {one.kind} {one.path} {to.given(one.value)}" for one in each.assignments)
    if each.method:
        options = ", ".join(f"{name} = {_option(name, value)}" for name, value in each.options.items())
        yield f"  method {each.method}" + (f"({options})" if options else "")
    yield from (f"  {loss(to, one, each)}" for one in each.losses)
    if each.until is not None:
        yield f"  run {'until steady within' if each.is_steady else 'to'} {to.expression(each.until)}"
    for save in each.saves:
        every = f" every {to.expression(save.every)}:" if save.every is not None else ""
        yield f"  save{every} {', '.join(one.name for one in save.signals)}"
    for plot in each.plots:
        yield f"  plot {', '.join(one.name for one in plot.signals)} against {plot.against.name if plot.against else 't'}"
    yield "}"


def _option(name: str, value: float) -> str:
    return f"{shown(value)}[s]" if name in ("step", "max_step") else shown(value)


def loss(to: Words, each: Loss, within: Experiment) -> str:
    """A term of a loss."""
    place = ""
    if each.at is not None:
        place = f" at {to.expression(each.at)}"
    elif each.start is not None and each.stop is not None:
        place = f" over {to.expression(each.start)}..{to.expression(each.stop)}"
    sums = {symbol(one.name): symbol(_sum(to, one, within)) for one in each.sums}
    value = cast("sympy.Expr", translate(each.value).xreplace(sums))
    return f"loss{place} = {infix(to.reader.node(value), _as_it_is)}"


def _sum(to: Words, each: Sum, within: Experiment) -> str:
    """``sum(k in X: (X[k].r - goal.clean[k])^2)``; the index has no name of the network's or of data."""
    taken = {*to.reader.ranks, *(one.name for one in within.circuit.placed), *(one.name for one in within.data)}
    index = next(name for name in _indices() if name not in taken)
    member, column = f"{each.element}[{index}].", f"[{index}]"
    spelled = {
        one: symbol(
            f"{member}{one.name.removeprefix(MEMBER)}"
            if one.name.startswith(MEMBER)
            else f"{one.name.removeprefix(DATA)}{column}"
        )
        for one in symbols_of(translate(each.value))
        if one.name.startswith((MEMBER, DATA))
    }
    body = cast("sympy.Expr", translate(each.value).xreplace(spelled))
    return f"sum({index} in {each.element}: {infix(to.reader.node(body), _as_it_is)})"


def _indices() -> Iterator[str]:
    yield "k"
    yield from (f"k{number}" for number in count(1))
