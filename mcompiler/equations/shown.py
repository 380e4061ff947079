"""Equations of one derivation, to be looked at: text, LaTeX, model language, and what a notebook shows."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeAlias, final

from mcompiler.diagnostics import CompileError, InternalError
from mcompiler.dsl import syntax
from mcompiler.equations.adjoint import adjoint
from mcompiler.equations.error_network import error_network, measures
from mcompiler.equations.jacobian import jacobian
from mcompiler.equations.nudged import nudged
from mcompiler.equations.printing.adjoint import adjoint_sheet
from mcompiler.equations.printing.block import to_block
from mcompiler.equations.printing.derived import derived_text
from mcompiler.equations.printing.forward import forward_sheet
from mcompiler.equations.printing.gradient import gradient_sheet
from mcompiler.equations.printing.jacobian import jacobian_sheet
from mcompiler.equations.printing.model import model_text
from mcompiler.equations.printing.picks import UnsayableError
from mcompiler.equations.printing.sheet import Sheet
from mcompiler.equations.printing.tangent import obstacle, tangent_text
from mcompiler.equations.printing.tex import to_latex
from mcompiler.equations.printing.text import to_text
from mcompiler.equations.steady import steady
from mcompiler.equations.system import Parameter, System
from mcompiler.equations.tangent import tangent
from mcompiler.equations.verify import BrokenSystemError, verify
from mcompiler.model.check import written
from mcompiler.model.model import Model
from mcompiler.model.override import literal
from mcompiler.network.network import Network
from mcompiler.units import DIMENSIONLESS

Derivation: TypeAlias = Literal[
    "forward", "tangent", "jacobian", "adjoint", "gradient", "error-network", "nudged", "steady"
]


#: What the language of this version lacks, by what is derived; of errors and nudges, for circuits.
_LACKING: Final[Mapping[Derivation, str]] = {
    "error-network": "the errors of node voltages would need devices with four terminals, which this version does not compile",
    "nudged": "the slopes of the loss would need devices with four terminals, which this version does not compile",
    "steady": "constraints, 0 = ..., are not compiled in this version",
}


def _sound(system: System) -> System:
    """A derived system whose units and other invariants have been checked: nobody shall read a wrong equation."""
    try:
        return verify(system)
    except BrokenSystemError as error:
        raise InternalError(f"a derived equation is wrong: {error}") from error


def _positive(text: str, what: str) -> syntax.Number:
    """The literal that measures something of an error network."""
    value = literal(text)
    if value is None or not value.value > 0:
        raise ValueError(f"the {what} {text!r} of an error network is no positive number; write 1 or 1[V*A]")
    return value


@final
@dataclass(frozen=True, slots=True)
class Equations:
    """The equations of a model: ``print`` shows them, ``adjoint()`` and its like derive others from them.

    Attributes:
        system: the forward system, losses included.
        network: what it was derived from, and ``model``, where that came from: the model language needs both for the wiring.
        derivation: what is shown.
        scale, speed: what the errors of an error network are measured in, and how fast they are: literals of the language.
    """

    system: System
    network: Network = field(repr=False)
    model: Model = field(repr=False)
    derivation: Derivation = "forward"
    scale: str = "1"
    speed: str = "1"

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

    def error_network(self, scale: str = "1", speed: str = "1") -> "Equations":
        """The adjoint of the fixed point as a relaxation beside the forward equations.

        Args:
            scale: what the errors are measured in, a literal like "1[V*A]"; an error times a rate has the unit of the scale times the loss.
            speed: how much faster than the forward equations they are.

        Raises:
            ValueError: the model has no loss at the end of the run, or cells that jump; or these are no literals, or not positive, or the speed has a unit.
        """
        made = replace(self, derivation="error-network", scale=scale, speed=speed)
        made.derived()
        return made

    def nudged(self) -> "Equations":
        """The forward equations with a force down the slope of the loss.

        Raises:
            ValueError: the model has no loss at the end of the run, or one that pushes unknowns of different units.
        """
        made = replace(self, derivation="nudged")
        made.derived()
        return made

    def steady(self) -> "Equations":
        """The equations of the fixed point: every unknown's rate is 0."""
        return replace(self, derivation="steady")

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

    def derived(self) -> System:
        """The system that is shown.

        Raises:
            ValueError: the model has none such.
        """
        match self.derivation:
            case "forward" | "jacobian":
                return self.system
            case "tangent":
                return _sound(tangent(self.system))
            case "adjoint" | "gradient":
                return _sound(adjoint(self.system))
            case "error-network":
                return self._with_errors(*self._measures())
            case "nudged":
                return _sound(nudged(self.system))
            case "steady":
                return _sound(steady(self.system))

    def _with_errors(self, scale: Parameter, speed: Parameter) -> System:
        adjustable = replace(self.system, parameters=(*self.system.parameters, scale, speed))
        return _sound(error_network(adjustable, scale.symbol, speed.symbol))

    def _measures(self) -> tuple[Parameter, Parameter]:
        """Scale and speed as parameters."""
        scale, speed = _positive(self.scale, "scale"), _positive(self.speed, "speed")
        if speed.dimension != DIMENSIONLESS:
            raise ValueError(f"the speed of an error network is a number; {self.speed} is in {speed.dimension}")
        return measures(self.system, scale.dimension)

    def _sheet(self) -> Sheet:
        made = self.derived()
        match self.derivation:
            case "jacobian":
                return jacobian_sheet(made, jacobian(made))
            case "adjoint":
                return adjoint_sheet(made)
            case "gradient":
                return gradient_sheet(made)
            case _:
                return forward_sheet(made)

    def _in_the_language(self) -> str:
        match self.derivation:
            case "forward":
                return model_text(self.system, self.network, self.model)
            case "tangent" | "error-network" | "nudged" if self._is_network:
                return self._derived_network()
            case "tangent":
                return self._tangent()
            case "adjoint":
                return to_block(adjoint_sheet(self.derived(), is_explicit=True), "adjoint")
            case "error-network" | "nudged" | "steady":
                return self._block(_LACKING[self.derivation])
            case _:
                return to_block(self._sheet(), self.derivation)

    @property
    def _is_network(self) -> bool:
        return any(each.kind == "cell" for each in self.network.vertices)

    def _derived_network(self) -> str:
        """A model, or where the language lacks something, a block to read that says what."""
        values: dict[str, str] = {}
        if self.derivation == "error-network":
            given = (_positive(self.scale, "scale"), _positive(self.speed, "speed"))
            values = {each.symbol.name: written(one) for each, one in zip(self._measures(), given, strict=True)}
        try:
            return derived_text(self.derived(), self.network, self.model, values)
        except UnsayableError as error:
            return self._block(str(error))
        except CompileError as error:
            return self._block(error.diagnostics[0].headline)

    def _block(self, missing: str) -> str:
        """What is for reading only, since the language lacks something."""
        return f"# not a model file: {missing}\n{to_block(self._sheet(), self.derivation)}"

    def _tangent(self) -> str:
        """A model where the language can say it, else a block to read that says why it cannot."""
        reason = obstacle(self.system, self.network)
        if not reason:
            try:
                return tangent_text(self.system, self.network, self.model)
            except CompileError as error:
                reason = f"what is made for directions meets something of the model: {error.diagnostics[0].headline}"
        return self._block(reason)

    def __str__(self) -> str:
        return self.to("text")

    def _repr_html_(self) -> str:
        """What a notebook shows: the text, as it stands."""
        escaped = self.to("text").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        return f"<pre>{escaped}</pre>"
