"""Names of derived quantities in the model language, and what templates need from outside: both as a file spells them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import sympy

from mcompiler.equations.bounds import is_bounded, pushed
from mcompiler.equations.cells import TERMINALS, unmasked
from mcompiler.equations.printing.declarations import DATA
from mcompiler.equations.printing.naming import parts_of
from mcompiler.equations.printing.picks import IS, UnsayableError, picked, picking
from mcompiler.equations.printing.view import View, view
from mcompiler.equations.pullback import quantities
from mcompiler.equations.reverse import symbols_of
from mcompiler.equations.system import LOSS, TIME, EdgeClass, System, Template, VertexClass
from mcompiler.equations.translate import symbol
from mcompiler.model.model import Circuit, Definition, Input, Parameter, Placed, State
from mcompiler.model.scope import RESERVED
from mcompiler.network.elaborate import global_name
from mcompiler.network.network import Network

_GLOBAL, _INDEX = global_name(""), "index "


@dataclass(slots=True)
class Names:
    """How the quantities of one class are spelled.

    Attributes:
        taken: names that mean something.
        spelled: every quantity's name.
        outer: those of them that come from outside the template, and become parameters of it.
    """

    taken: set[str]
    spelled: dict[sympy.Symbol, str] = field(default_factory=dict[sympy.Symbol, str])
    outer: dict[sympy.Symbol, str] = field(default_factory=dict[sympy.Symbol, str])

    def of(self, each: sympy.Symbol) -> str:
        """The name of a quantity."""
        return each.name if each == TIME else self.spelled[each]

    def spell(self, each: sympy.Symbol) -> str:
        """A name for what is derived: ``error_u``, with ``_`` behind it where the user has one like it."""
        if each not in self.spelled:
            self.spelled[each] = self.fresh(_identifier(each))
        return self.spelled[each]

    def fresh(self, name: str) -> str:
        """A name that nothing else has."""
        while name in self.taken or name in RESERVED:
            name += "_"
        self.taken.add(name)
        return name


def _identifier(each: sympy.Symbol) -> str:
    """``error_u`` of ``error u``, ``back_P_i`` of ``back P.i``, ``dot_A`` of ``dot circuit.A``."""
    parts = parts_of(each)
    name = "_".join((*parts.kinds, parts.quantity.removeprefix(_GLOBAL)))
    return re.sub(r"\W+", "_", name).strip("_")


@dataclass(slots=True)
class Spelling:
    """A derived network as a file spells it.

    Attributes:
        system: what is written, where pairs that are inert are taken for the others.
        network, circuit: of the forward system.
        shared: names of the network's parameters, cells and synapses.
        names: those in each class.
        loss: the cells that collect what the loss is made of.
        arguments: what members are given beside what the model gives them, by class and name.
        joined: the global cell of synapses that need the loss, by class.
        columns: columns of data by the path of the parameter that holds them.
    """

    system: System
    network: Network
    circuit: Circuit
    shared: Names
    loss: str
    names: dict[str, Names] = field(default_factory=dict[str, Names])
    arguments: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    joined: dict[str, str] = field(default_factory=dict[str, str])
    columns: dict[str, str] = field(default_factory=dict[str, str])

    def view(self, owner: VertexClass | EdgeClass) -> View:
        """Shows expressions of a class in this spelling."""
        return replace(view(self.system, owner.template), naming=self.names[owner.name].of)

    def given(self, owner: str) -> set[str]:
        """What the members of a class are given as expressions: that stands where the network is put together."""
        group = self.network.group(owner)
        return set() if group is None else set(group.given)

    def is_derived(self, owner: VertexClass | EdgeClass, each: sympy.Symbol) -> bool:
        """Whether a quantity was not declared by the model; all of the loss was not."""
        return owner.name == LOSS or " " in each.name

    def outputs(self, owner: VertexClass | EdgeClass) -> set[sympy.Symbol]:
        """Definitions that synapses may read, or do."""
        read = {
            symbol(each.name)
            for edge in self.system.edges
            for each in edge.template.reads
            if edge.ends[each.end] == owner.name
        }
        population = next((each for each in self.circuit.cells if each.name == owner.name), None)
        return read if population is None else read | {symbol(name) for name in population.device.outputs}

    def added(self, edge: str) -> str:
        """The name of synapses that bring something to the loss."""
        return self.shared.spell(symbol(edge))


def spelling(system: System, network: Network, circuit: Circuit) -> Spelling:
    """The names of everything.

    Raises:
        UnsayableError: something needs what the language does not have.
    """
    system = replace(
        system,
        vertices=tuple(replace(each, template=_prepared(each.template)) for each in system.vertices),
        edges=tuple(replace(each, template=_prepared(each.template)) for each in system.edges),
    )
    declared: tuple[Parameter | Input | Placed, ...] = (*circuit.sizes, *circuit.parameters, *circuit.inputs)
    own = {each.name for each in (*declared, *circuit.placed)}
    shared = Names(own)
    for each in system.parameters:
        name = each.symbol.name.removeprefix(_GLOBAL)
        if name in own and each.symbol.name.startswith(_GLOBAL):
            shared.spelled[each.symbol] = name
        else:
            shared.spell(each.symbol)
    to = Spelling(system, network, circuit, shared, shared.fresh("Loss"))
    for vertex in system.vertices:
        _name_vertex(to, vertex)
    for edge in system.edges:
        _name_edge(to, edge)
    return to


def _prepared(template: Template) -> Template:
    """The template where pairs are not inert, with what the rates of bounded states would be without the bounds, where something is held with them."""
    beside = {each.along for each in template.unknowns}
    defined = {each.symbol for each in template.definitions}
    pushes = [pushed(each) for each in template.unknowns if each.symbol in beside and is_bounded(each)]
    more = tuple(each for each in pushes if each.symbol not in defined)
    return picking(unmasked(replace(template, definitions=(*template.definitions, *more))))


def _name_vertex(to: Spelling, vertex: VertexClass) -> None:
    own = _declared(to, vertex.name)
    to.names[vertex.name] = Names(set(own))
    _name(to, vertex, own)


def _name_edge(to: Spelling, edge: EdgeClass) -> None:
    own = _declared(to, edge.name)
    names = to.names[edge.name] = Names(own | {name.partition(".")[0] for name in own} | set(TERMINALS))
    if own and LOSS in edge.ends:
        if edge.ends.index(LOSS) != 2:
            raise UnsayableError(
                f"the synapses {edge.name} would have to join the loss beside the global cell that they join already"
            )
        to.joined[edge.name] = to.loss
    for each in edge.template.reads:
        names.spelled[each.symbol] = f"{TERMINALS[each.end]}.{to.names[edge.ends[each.end]].of(symbol(each.name))}"
    _name(to, edge, own)


def _declared(to: Spelling, owner: str) -> set[str]:
    """What the model calls its own in a class; nothing in what only the loss is made of."""
    group = to.network.group(owner)
    if group is None:
        return set()
    model = group.device
    declared: tuple[Parameter | Input | State | Definition, ...] = (*model.parameters, *model.inputs, *model.states)
    return {each.name for each in (*declared, *model.definitions)}


def _name(to: Spelling, owner: VertexClass | EdgeClass, own: set[str]) -> None:
    names = to.names[owner.name]
    names.spelled |= {symbol(name): name for name in own}
    known = [each.symbol for each in quantities(owner.template)]
    structural = {each.symbol for each in owner.template.parameters if each.structural}
    shared = {each.symbol for each in to.system.parameters}
    for each in known:
        if each not in structural:
            names.spell(each)
    given = {symbol(name) for name in to.given(owner.name)}
    written = tuple(each for each in owner.template.definitions if each.symbol not in given)
    used = dict.fromkeys(
        name for value in expressions(replace(owner.template, definitions=written)) for name in symbols_of(value)
    )
    for each in used:
        if each in structural or each in shared:
            names.outer[each] = names.spell(each)
            _pass(to, owner.name, each, names.outer[each])


def _pass(to: Spelling, owner: str, each: sympy.Symbol, name: str) -> None:
    """Where a parameter that stands for something outside gets its value."""
    if each.name.startswith(DATA):
        to.columns[f"{owner}.{name}"] = each.name.removeprefix(DATA)
        return
    arguments = to.arguments.setdefault(owner, {})
    if each.name.startswith(_INDEX):
        arguments[name] = each.name.removeprefix(_INDEX)
    elif each.name.startswith(IS):
        arguments[name] = picked(to.network, to.circuit, each.name.removeprefix(IS))
    else:
        arguments[name] = to.shared.of(each)


def expressions(template: Template) -> Iterator[sympy.Expr]:
    """Everything that is written of a template; what states begin with stands in the model's own declarations."""
    for each in template.unknowns:
        yield from (value for value in (each.rate, each.mass, each.lower, each.upper) if value is not None)
        if " " in each.symbol.name:
            yield from (each.initial, each.scale)
    yield from (each.value for each in template.definitions)
    yield from (each.value for each in template.contributions)
    for event in template.events:
        yield from (event.margin, *(new for _, new in event.assignments))
