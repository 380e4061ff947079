"""Equations of one derivation, to be looked at: text, LaTeX, model language, and what a notebook shows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeAlias, final

from mcompiler.diagnostics import CompileError, InternalError
from mcompiler.equations.adjoint import adjoint
from mcompiler.equations.error_network import error_network
from mcompiler.equations.jacobian import jacobian
from mcompiler.equations.nudged import nudged
from mcompiler.equations.printing.adjoint import adjoint_sheet
from mcompiler.equations.printing.block import to_block
from mcompiler.equations.printing.derived import derived_text
from mcompiler.equations.printing.forward import forward_sheet
from mcompiler.equations.printing.gradient import gradient_sheet
from mcompiler.equations.printing.jacobian import jacobian_sheet
from mcompiler.equations.printing.model import model_text
from mcompiler.equations.printing.sheet import Sheet
from mcompiler.equations.printing.spelling import UnsayableError
from mcompiler.equations.printing.tangent import obstacle, tangent_text
from mcompiler.equations.printing.tex import to_latex
from mcompiler.equations.printing.text import to_text
from mcompiler.equations.system import System
from mcompiler.equations.tangent import tangent
from mcompiler.equations.verify import BrokenSystemError, verify
from mcompiler.model.model import Model
from mcompiler.network.network import Network

Derivation: TypeAlias = Literal["forward", "tangent", "jacobian", "adjoint", "gradient", "error-network", "nudged"]

_SHEETS: Final[Mapping[Derivation, Callable[[System], Sheet]]] = {
    "forward": forward_sheet,
    "tangent": lambda system: forward_sheet(_SYSTEMS["tangent"](system)),
    "jacobian": lambda system: jacobian_sheet(system, jacobian(system)),
    "adjoint": lambda system: adjoint_sheet(_sound(adjoint(system))),
    "gradient": lambda system: gradient_sheet(_sound(adjoint(system))),
    "error-network": lambda system: forward_sheet(_SYSTEMS["error-network"](system)),
    "nudged": lambda system: forward_sheet(_SYSTEMS["nudged"](system)),
}
_SYSTEMS: Final[Mapping[Derivation, Callable[[System], System]]] = {
    "tangent": lambda system: _sound(tangent(system)),
    "error-network": lambda system: _sound(error_network(system)),
    "nudged": lambda system: _sound(nudged(system)),
}


def _sound(system: System) -> System:
    """A derived system whose units and other invariants have been checked: nobody shall read a wrong equation."""
    try:
        return verify(system)
    except BrokenSystemError as error:
        raise InternalError(f"a derived equation is wrong: {error}") from error


@final
@dataclass(frozen=True, slots=True)
class Equations:
    """The equations of a model: ``print`` shows them, ``adjoint()`` and its like derive others from them.

    Attributes:
        system: the forward system, losses included.
        network: what it was derived from, and ``model``, where that came from: the model language needs both for the wiring.
        derivation: what is shown.
    """

    system: System
    network: Network = field(repr=False)
    model: Model = field(repr=False)
    derivation: Derivation = "forward"

    def forward(self) -> "Equations":
        """The model's own equations."""
        return replace(self, derivation="forward")

    def tangent(self) -> "Equations":
        """The change of everything along a direction in parameters and initial values."""
        return replace(self, derivation="tangent")

    def jacobian(self) -> "Equations":
        """The derivatives of all rates and contributions, template by template."""
        return replace(self, derivation="jacobian")

    def adjoint(self) -> "Equations":
        """The backward-in-time adjoint of the loss."""
        return replace(self, derivation="adjoint")

    def gradient(self) -> "Equations":
        """The derivatives of the loss by parameters and initial values, as integrals over the adjoint."""
        return replace(self, derivation="gradient")

    def error_network(self) -> "Equations":
        """The adjoint of the fixed point as a relaxation beside the forward equations.

        Raises:
            ValueError: the model has no loss at the end of the run, or cells that jump.
        """
        error_network(self.system)
        return replace(self, derivation="error-network")

    def nudged(self) -> "Equations":
        """The forward equations with a force down the slope of the loss.

        Raises:
            ValueError: the model has no loss at the end of the run, or one that pushes unknowns of different units.
        """
        nudged(self.system)
        return replace(self, derivation="nudged")

    def to(self, form: str) -> str:
        """The equations as "text", "latex" or "mem" (the model language), with a line end.

        Raises:
            ValueError: an unknown format, or a derivation that the system does not have (see `error_network`, `nudged`).
        """
        match form:
            case "text":
                return to_text(self._sheet())
            case "latex":
                return to_latex(self._sheet())
            case "mem":
                return self._in_the_language()
            case _:
                raise ValueError(f"no format {form!r}: there are text, latex, mem")

    def to_latex(self) -> str:
        """LaTeX that needs amsmath."""
        return self.to("latex")

    def _sheet(self) -> Sheet:
        return _SHEETS[self.derivation](self.system)

    def _in_the_language(self) -> str:
        match self.derivation:
            case "forward":
                return model_text(self.system, self.network, self.model)
            case "tangent" | "error-network" | "nudged" if self._is_network:
                return self._derived()
            case "tangent":
                return self._tangent()
            case "adjoint":
                return to_block(adjoint_sheet(_sound(adjoint(self.system)), is_explicit=True), "adjoint")
            case _:
                return to_block(self._sheet(), self.derivation)

    @property
    def _is_network(self) -> bool:
        return any(each.kind == "cell" for each in self.network.vertices)

    def _derived(self) -> str:
        """A network as a model; where the language lacks something, a block to read that says what."""
        try:
            return derived_text(_SYSTEMS[self.derivation](self.system), self.network, self.model)
        except UnsayableError as error:
            return f"# not a model file: {error}\n{to_block(self._sheet(), self.derivation)}"

    def _tangent(self) -> str:
        """A model where the language can say it, else a block to read that says why it cannot."""
        reason = obstacle(self.system, self.network)
        if not reason:
            try:
                return tangent_text(self.system, self.network, self.model)
            except CompileError as error:
                reason = f"what is made for directions meets something of the model: {error.diagnostics[0].headline}"
        return f"# no model: {reason}\n{to_block(self._sheet(), 'tangent')}"

    def __str__(self) -> str:
        return self.to("text")

    def _repr_html_(self) -> str:
        """What a notebook shows: the text, as it stands."""
        escaped = self.to("text").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        return f"<pre>{escaped}</pre>"
