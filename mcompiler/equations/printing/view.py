"""How the expressions of one template are shown: in which order, and by which names."""

from collections.abc import Iterable
from dataclasses import dataclass

import sympy

from mcompiler.equations.printing.from_expression import Reader
from mcompiler.equations.printing.infix import infix
from mcompiler.equations.printing.naming import Naming, ascii_names
from mcompiler.equations.printing.tree import Node, Product
from mcompiler.equations.pullback import quantities
from mcompiler.equations.system import ONE, TIME, System, Template


@dataclass(frozen=True, slots=True)
class View:
    """Shows expressions of one template of a system."""

    system: System
    template: Template
    reader: Reader
    naming: Naming

    def node(self, value: sympy.Expr) -> Node:
        """The tree of an expression."""
        return self.reader.node(value)

    def text(self, value: sympy.Expr) -> str:
        """An expression inside a remark."""
        return infix(self.node(value), self.naming)

    def mass(self, value: sympy.Expr) -> Node | None:
        """The tree of a mass; None where it is 1."""
        return None if value == ONE else self.node(value)

    def times(self, mass: sympy.Expr, quantity: Node) -> Node:
        """A mass times a quantity."""
        first = self.mass(mass)
        if first is None:
            return quantity
        return (
            Product((*first.above, quantity), first.below) if isinstance(first, Product) else Product((first, quantity))
        )


def view(system: System, template: Template) -> View:
    """How the expressions of a template of this system are shown."""
    templates = (template.forward, template) if template.forward else (template,)
    names = [each.symbol.name for one in templates for each in quantities(one)]
    constants = [each.symbol.name for each in system.parameters]
    return View(system, template, Reader(ranks([*constants, *names, TIME.name])), ascii_names(system, template))


def ranks(names: Iterable[str]) -> dict[str, int]:
    """The place of every name, the last one where it comes twice."""
    return {name: place for place, name in enumerate(names)}
