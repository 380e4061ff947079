"""A compiled network, ready to run: its functions, where everything lives in their arrays, and the values of the model."""

from dataclasses import dataclass

import numpy as np

from mcompiler.integrators.run import Functions
from mcompiler.kernel.abi import N_SCRATCH, N_UNKNOWNS
from mcompiler.kernel.layout import ClassLayout, Layout, Quantity
from mcompiler.solver.description import Description, Floats, Integers

__all__ = ["Floats", "Integers", "Program", "check_bounds", "members", "own_initials", "scratch"]


@dataclass(frozen=True, slots=True)
class Program:
    """A network's functions and their layout.

    Attributes:
        description: the names that users write.
        layout: where everything lives.
        functions: kernels and integrators.
        z: the layout for the network's sizes.
        p: parameters as the model gives them, not to be changed.
        given: initial values that the model gives to elements and nodes as numbers; NaN where the templates' expressions hold.
    """

    description: Description
    layout: Layout
    functions: Functions
    z: Integers
    p: Floats
    given: Floats

    @property
    def is_smooth(self) -> bool:
        """Whether no rate has a kink."""
        return self.description.is_smooth

    @property
    def unknowns(self) -> int:
        """The number of unknowns of all members."""
        return int(self.z[N_UNKNOWNS])


def members(z: Integers, owner: ClassLayout, quantity: Quantity) -> slice:
    """The places of a quantity's values in its array: one per member, or one for all."""
    start = int(z[quantity.slot])
    return slice(start, start + (int(z[owner.count_slot]) if quantity.varies else 1))


def own_initials(each: Program, p: Floats) -> Floats:
    """The state that the templates' own expressions give for these parameters."""
    y = np.zeros(each.unknowns)
    each.functions["initial"](p, each.z, scratch(each), y)
    return y


def scratch(each: Program) -> Floats:
    """A scratch array for the kernels."""
    return np.zeros(int(each.z[N_SCRATCH]))


def check_bounds(each: Program, p: Floats, y: Floats) -> None:
    """Refuse a state that begins outside its bounds.

    Raises:
        ValueError: one does; says which.
    """
    inside = y.copy()
    if each.unknowns and each.functions["project"](inside, p, each.z, scratch(each)):
        from mcompiler.solver.names import unknown_name  # names need programs

        place = int(np.argmax(inside != y))
        headline = f"{unknown_name(each, place)} would begin at {y[place]:g}, outside its bounds"
        raise ValueError(f"{headline}: the nearest value inside is {inside[place]:g}")
