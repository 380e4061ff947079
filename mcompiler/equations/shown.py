"""Equations of one derivation, to be looked at: text, LaTeX, model language, and what a notebook shows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, final

from mcompiler.equations.adjoint import adjoint
from mcompiler.equations.jacobian import jacobian
from mcompiler.equations.printing.adjoint import adjoint_sheet
from mcompiler.equations.printing.forward import forward_sheet
from mcompiler.equations.printing.gradient import gradient_sheet
from mcompiler.equations.printing.jacobian import jacobian_sheet
from mcompiler.equations.printing.mem import to_mem
from mcompiler.equations.printing.sheet import Sheet
from mcompiler.equations.printing.tex import to_latex
from mcompiler.equations.printing.text import to_text
from mcompiler.equations.system import System

Derivation: TypeAlias = Literal["forward", "jacobian", "adjoint", "gradient"]

_SHEETS: Mapping[Derivation, Callable[[System], Sheet]] = {
    "forward": forward_sheet,
    "jacobian": lambda system: jacobian_sheet(system, jacobian(system)),
    "adjoint": lambda system: adjoint_sheet(adjoint(system)),
    "gradient": lambda system: gradient_sheet(adjoint(system)),
}
_FORMATS: Mapping[str, Callable[[Sheet], str]] = {"text": to_text, "latex": to_latex, "mem": to_mem}


@final
@dataclass(frozen=True, slots=True)
class Equations:
    """The equations of a model: ``print`` shows them, ``adjoint()`` and its like derive others from them."""

    system: System
    derivation: Derivation = "forward"

    def forward(self) -> "Equations":
        """The model's own equations."""
        return Equations(self.system)

    def jacobian(self) -> "Equations":
        """The derivatives of all rates and contributions, template by template."""
        return Equations(self.system, "jacobian")

    def adjoint(self) -> "Equations":
        """The backward-in-time adjoint of the loss."""
        return Equations(self.system, "adjoint")

    def gradient(self) -> "Equations":
        """The derivatives of the loss by parameters and initial values, as integrals over the adjoint."""
        return Equations(self.system, "gradient")

    def to(self, form: str) -> str:
        """The equations as "text", "latex" or "mem" (the model language).

        Raises:
            ValueError: an unknown format.
        """
        if form not in _FORMATS:
            raise ValueError(f"no format {form!r}: there are {', '.join(_FORMATS)}")
        return _FORMATS[form](_SHEETS[self.derivation](self.system))

    def to_latex(self) -> str:
        """LaTeX that needs amsmath."""
        return self.to("latex")

    def __str__(self) -> str:
        return self.to("text")

    def _repr_html_(self) -> str:
        """What a notebook shows: the text, as it stands."""
        escaped = self.to("text").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        return f"<pre>{escaped}</pre>"
