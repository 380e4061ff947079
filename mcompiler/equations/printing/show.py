"""The one door for whoever shows equations: what to derive, and how to write it."""

from collections.abc import Callable, Mapping
from typing import Final

from mcompiler.equations.adjoint import adjoint
from mcompiler.equations.jacobian import jacobian
from mcompiler.equations.printing.adjoint import adjoint_sheet
from mcompiler.equations.printing.block import to_block
from mcompiler.equations.printing.forward import forward_sheet
from mcompiler.equations.printing.gradient import gradient_sheet
from mcompiler.equations.printing.jacobian import jacobian_sheet
from mcompiler.equations.printing.model import model_text
from mcompiler.equations.printing.sheet import Sheet
from mcompiler.equations.printing.tex import to_latex
from mcompiler.equations.printing.text import to_text
from mcompiler.equations.system import System
from mcompiler.equations.tangent import tangent
from mcompiler.model.model import Model
from mcompiler.network.network import Network

#: What can be shown of a forward system.
DERIVATIONS: Final[Mapping[str, Callable[[System], Sheet]]] = {
    "forward": forward_sheet,
    "tangent": lambda system: forward_sheet(tangent(system)),
    "jacobian": lambda system: jacobian_sheet(system, jacobian(system)),
    "adjoint": lambda system: adjoint_sheet(adjoint(system)),
    "gradient": lambda system: gradient_sheet(adjoint(system)),
}
#: How it can be written.
FORMATS: Final = ("text", "latex", "mem")


def show(system: System, network: Network, model: Model, derivation: str, form: str) -> str:
    """The equations of a forward system, or those derived from them, as text that ends with a line end.

    Args:
        system: derived from the network.
        network: of the model; the model language needs both for the wiring.
        model: where it came from.
        derivation: one of `DERIVATIONS`.
        form: one of `FORMATS`.

    Raises:
        KeyError: there is no such derivation.
        ValueError: there is no such format.
    """
    if form == "mem":
        return (
            model_text(system, network, model)
            if derivation == "forward"
            else to_block(_explicit(system, derivation), derivation)
        )
    sheet = DERIVATIONS[derivation](system)
    match form:
        case "text":
            return to_text(sheet)
        case "latex":
            return to_latex(sheet)
        case _:
            raise ValueError(f"there is no format {form}; there are {', '.join(FORMATS)}")


def _explicit(system: System, derivation: str) -> Sheet:
    """The sheet with conditions of bounds written out."""
    return (
        adjoint_sheet(adjoint(system), is_explicit=True) if derivation == "adjoint" else DERIVATIONS[derivation](system)
    )
