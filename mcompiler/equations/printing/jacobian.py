"""The sheet of the Jacobian: per class, the derivatives of its outputs by its inputs."""

from collections.abc import Iterable

from mcompiler.equations.jacobian import Block, Entry
from mcompiler.equations.printing.classes import Owner, definition_row, is_plumbing, terminal, title
from mcompiler.equations.printing.legends import JACOBIAN
from mcompiler.equations.printing.sheet import Row, Section, Sheet
from mcompiler.equations.printing.tree import Name, Node, Partial, Rate, Text
from mcompiler.equations.printing.view import View, view
from mcompiler.equations.system import EdgeClass, System
from mcompiler.equations.translate import symbol


def jacobian_sheet(system: System, blocks: Iterable[Block]) -> Sheet:
    """All entries that do not vanish identically."""
    sections = tuple(
        _section(view(system, each.owner.template), each)
        for each in blocks
        if each.entries and not is_plumbing(each.owner)
    )
    return Sheet(system.name, "Jacobian", sections, JACOBIAN, system)


def _section(of: View, block: Block) -> Section:
    template = block.owner.template
    rows = [
        *(definition_row(of, each) for each in block.definitions),
        *(_entry(of, block.owner, each) for each in block.entries),
    ]
    return Section(title(block.owner), tuple(rows), "", template.origin, template=template)


def _entry(of: View, owner: Owner, entry: Entry) -> Row:
    left = Partial(_output(of, owner, entry), Name(entry.variable))
    return Row(left, of.node(entry.value), entry.dimension, "", entry.output.origin)


def _output(of: View, owner: Owner, entry: Entry) -> Node:
    output = entry.output
    if output.kind == "rate":
        return _rate(of, output.name)
    if output.kind == "output" or not isinstance(owner, EdgeClass):
        return Name(symbol(output.name))
    name = output.name.replace(" ", "_")
    at = terminal(owner, output.end)
    return Text(f"({name} at {at})" if at else f"({name} of the loss)")


def _rate(of: View, name: str) -> Rate:
    unknown = next(each for each in of.template.unknowns if each.symbol.name == name)
    return Rate(unknown.symbol, of.mass(unknown.mass))
