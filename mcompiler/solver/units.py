"""Units of derivatives: the loss's by the quantity's."""

from mcompiler.model.model import Loss
from mcompiler.solver.names import Target
from mcompiler.solver.program import Program, groups
from mcompiler.units import DIMENSIONLESS, TIME, VOLTAGE, Dimension


def gradient_unit(program: Program, loss: Loss, target: Target) -> str:
    """The unit of d loss / d target."""
    value = loss.value.dimension * (TIME if loss.kind == "over" else DIMENSIONLESS)
    return str(value / dimension_of(program, target.name))


def dimension_of(program: Program, name: str) -> Dimension:
    """The dimension of a parameter, constant input or state."""
    for each in program.network.parameters:
        if each.name == name:
            return each.dimension
    element, _, own = name.partition(".")
    if element in program.network.nodes:
        return VOLTAGE
    device = groups(program.network)[program.network.elements[element].parts[0].owner].device
    dimensions = {each.name: each.dimension for each in device.parameters}
    dimensions |= {each.name: each.dimension for each in device.inputs}
    dimensions |= {each.name: each.dimension for each in device.states}
    return dimensions[own]
