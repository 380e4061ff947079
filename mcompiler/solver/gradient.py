"""The gradient of a loss by the names of parameters and initial states."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import final

import numpy as np

from mcompiler.integrators.run import Losses, Run, Tape, reverse
from mcompiler.solver.names import Target, initial, initial_names, parameter, parameter_names
from mcompiler.solver.options import RunOptions
from mcompiler.solver.program import Floats, Program, scratch


@final
@dataclass(frozen=True, slots=True, repr=False)
class Gradient(Mapping[str, Floats]):
    """Derivatives of a loss by name: ``gradient["M.Ron"]``, ``gradient["M.w"]`` (a state's name means its value at the start).

    Attributes:
        derivatives: arrays of the shapes that the model gives; () for one value.
        units: of every derivative.
        mesh: the steps that were differentiated; ``solver.loss(mesh=gradient.mesh)`` computes the same loss for other values.
        message: how the run ended.
    """

    derivatives: Mapping[str, Floats]
    units: Mapping[str, str]
    mesh: Tape
    message: str = ""
    model: str = field(default="", compare=False)

    def __getitem__(self, name: str) -> Floats:
        """The derivative by this parameter or initial state. Raises KeyError with the names there are."""
        if name not in self.derivatives:
            raise KeyError(f"no derivative by {name!r}; there are {', '.join(self.derivatives)}")
        return self.derivatives[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.derivatives)

    def __len__(self) -> int:
        return len(self.derivatives)

    def __repr__(self) -> str:
        return f"<Gradient of {self.model}'s loss by {', '.join(self.derivatives) or 'nothing'}>"


def reverse_program(
    program: Program, p: Floats, run: Run, options: RunOptions, losses: Losses, given: Floats
) -> tuple[float, Floats, Floats]:
    """The loss, its gradient by ``p`` and by the state at the start.

    Args:
        program: with losses.
        p: parameters of the run.
        run: recorded.
        options: the run's.
        losses: the run's.
        given: initial values that do not come from the templates' expressions; NaN elsewhere.
    """
    value, by_p, by_y = reverse(
        program.functions,
        program.z,
        p,
        run,
        method=options.chosen(is_smooth=program.is_smooth),
        losses=losses,
        memory_limit=options.memory_limit,
    )
    own = np.where(np.isnan(given), by_y, 0.0)
    if program.unknowns:
        program.functions["initial_pullback"](own, p, program.z, scratch(program), by_p)
    return value, by_p, by_y


def by_name(program: Program, by_p: Floats, by_y: Floats) -> tuple[dict[str, Target], dict[str, Floats]]:
    """All targets, and the gradient of each."""
    targets = {name: parameter(program, name) for name in parameter_names(program)}
    targets |= {name: initial(program, name) for name in initial_names(program)}
    arrays = {"parameter": by_p, "initial": by_y}
    return targets, {name: target.take(arrays[target.kind]) for name, target in targets.items()}
