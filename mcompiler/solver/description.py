"""What running and differentiating needs to know of a model, as plain data: names and where their values are, and what the experiment says.

A process that reads a description and machine code needs no model, no network and no equations: nothing here imports them. `from_network` writes descriptions,
`record` turns them into JSON and arrays and back.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mcompiler.model.arithmetic import FUNCTIONS
from mcompiler.place import Place

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

#: A number, a name, or a function with the places of its arguments among the steps before it.
Step: TypeAlias = float | str | tuple[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Formula:
    """An expression as steps, each made of steps before it; the last is its value."""

    steps: tuple[Step, ...]

    @property
    def names(self) -> list[str]:
        """The names that it reads, sorted."""
        return sorted({step for step in self.steps if isinstance(step, str)})

    def value(self, values: Mapping[str, Floats]) -> Floats:
        """Its value for given values of its names; infinities and NaN come out as they are. Raises KeyError where a name has no value."""
        done: list[Floats] = []
        with np.errstate(all="ignore"):
            for step in self.steps:
                match step:
                    case str():
                        done.append(values[step])
                    case (function, arguments):
                        done.append(np.asarray(FUNCTIONS[function](*[done[each] for each in arguments])))
                    case _:
                        done.append(np.asarray(step))
        return np.asarray(done[-1], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A signal by element (or node), quantity and, for one member of an array, its indices."""

    owner: str
    quantity: str
    indices: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """As the user writes it."""
        index = f"[{', '.join(map(str, self.indices))}]" if self.indices else ""
        return f"{self.owner}{index}.{self.quantity}"


@dataclass(frozen=True, slots=True)
class Facts:
    """What users' names need to know of a class beyond its layout.

    Attributes:
        is_node: whether its members are nodes with a capacitor to ground.
        voltage: what the voltage of a node is called among its observables.
        inputs: its inputs, which may differ from copy to copy of a batch.
        signals: which of its observables have a name for users.
        given: parameters that the model gives as expressions, and the names that those read.
    """

    is_node: bool
    voltage: str
    inputs: tuple[str, ...] = ()
    signals: tuple[str, ...] = ()
    given: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])


@dataclass(frozen=True, slots=True)
class Description:
    """A network as far as its users' names and values go.

    Attributes:
        name: of the circuit or network.
        batch: number of copies of all cells.
        members: of all classes together.
        is_smooth: whether no rate has a kink.
        is_scalar: whether it is so small that its kernels have no loops.
        parameters: the circuit's own that have a number, and what the layout calls them.
        derived: sizes and parameters that follow from ``parameters``.
        nodes: where each node is found, and ``elements`` likewise.
        classes: facts by class.
        losses: the class of what losses read; its unknowns are running losses.
        gradient_units: of the loss by each parameter and initial value; empty without a loss.
    """

    name: str
    batch: int
    members: int
    is_smooth: bool
    is_scalar: bool
    parameters: Mapping[str, str]
    derived: Mapping[str, Formula]
    nodes: Mapping[str, Place]
    elements: Mapping[str, Place]
    classes: Mapping[str, Facts]
    losses: str
    gradient_units: Mapping[str, str] = field(default_factory=dict[str, str])

    def place(self, name: str) -> Place:
        """Where a node or an element is found. Raises KeyError."""
        return self.nodes[name] if name in self.nodes else self.elements[name]

    def is_node(self, owner: str) -> bool:
        """Whether the members of a class are nodes with a capacitor to ground."""
        return owner in self.classes and self.classes[owner].is_node


@dataclass(frozen=True, slots=True)
class Save:
    """What an experiment saves, and at which distance in time (None: at every step)."""

    signals: tuple[Wanted, ...]
    every: Formula | None


@dataclass(frozen=True, slots=True)
class Plot:
    """What an experiment draws, against another signal or time (None)."""

    signals: tuple[Wanted, ...]
    against: Wanted | None


@dataclass(frozen=True, slots=True)
class Term:
    """A term of the loss: at the end, at a time or the times of a data column (``at``), or over an interval.

    ``data`` names the columns of its data rows, ``where`` its place in the source, for messages.
    """

    kind: Literal["end", "at", "over"]
    where: str
    at: Formula | None = None
    column: str = ""
    start: Formula | None = None
    stop: Formula | None = None
    data: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Experiment:
    """What an experiment says of a run.

    ``until`` is when it ends, or, where it ``is_steady``, when it ends at the latest; ``inputs`` are those of the circuit; ``options`` those of `RunOptions`.
    """

    name: str
    until: Formula | None = None
    is_steady: bool = False
    inputs: tuple[str, ...] = ()
    saves: tuple[Save, ...] = ()
    plots: tuple[Plot, ...] = ()
    options: Mapping[str, str | float] = field(default_factory=dict[str, str | float])

    @property
    def signals(self) -> Iterator[Wanted]:
        """Everything that is saved or drawn."""
        for save in self.saves:
            yield from save.signals
        for plot in self.plots:
            yield from plot.signals
            yield from (plot.against,) if plot.against else ()
