"""The sheet of the Jacobian: per class, the derivatives of its outputs by its inputs."""

from collections.abc import Iterable

from mcompiler.equations.jacobian import Block, Entry
from mcompiler.equations.printing.classes import Owner, definition_row, is_plumbing, node, terminal, title
from mcompiler.equations.printing.legends import JACOBIAN
from mcompiler.equations.printing.sheet import Row, Section, Sheet
from mcompiler.equations.printing.tree import Name, Node, Partial, Rate, Text
from mcompiler.equations.system import ONE, EdgeClass, System, Template
from mcompiler.equations.translate import symbol


def jacobian_sheet(system: System, blocks: Iterable[Block]) -> Sheet:
    """All entries that do not vanish identically."""
    sections = tuple(_section(each) for each in blocks if each.entries and not is_plumbing(each.owner))
    return Sheet(system.name, "Jacobian", sections, JACOBIAN, system)


def _section(block: Block) -> Section:
    template = block.owner.template
    rows = [
        *(definition_row(each) for each in block.definitions),
        *(_entry(block.owner, each) for each in block.entries),
    ]
    return Section(title(block.owner), tuple(rows), "", template.origin, template=template)


def _entry(owner: Owner, entry: Entry) -> Row:
    left = Partial(_output(owner, entry), Name(entry.variable))
    return Row(left, node(entry.value, entry.output.origin), entry.dimension, "", entry.output.origin)


def _output(owner: Owner, entry: Entry) -> Node:
    output = entry.output
    if output.kind == "rate":
        return _rate(owner.template, output.name)
    if output.kind == "output" or not isinstance(owner, EdgeClass):
        return Name(symbol(output.name))
    name = output.name.replace(" ", "_")
    at = terminal(owner, output.end)
    return Text(f"({name} at {at})" if at else f"({name} of the loss)")


def _rate(template: Template, name: str) -> Rate:
    unknown = next(each for each in template.unknowns if each.symbol.name == name)
    return Rate(unknown.symbol, None if unknown.mass == ONE else node(unknown.mass, unknown.origin))
