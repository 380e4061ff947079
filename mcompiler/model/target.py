"""What experiments find in the circuit that they run on."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

from mcompiler.diagnostics import Problems
from mcompiler.model.check import Checker
from mcompiler.model.model import Circuit, Input, Node, Parameter, Placed
from mcompiler.model.scope import Functions, Known, Scope


@dataclass
class Target:
    """The circuit that experiments run on, by names.

    Attributes:
        circuit: the circuit.
        broken: names in it with which something is wrong, so that nothing is said of who reads them.
        functions: what expressions may call.
        check: resolves expressions.
    """

    circuit: Circuit
    broken: Collection[str]
    functions: Functions
    check: Checker

    @property
    def problems(self) -> Problems:
        """Where problems are noted."""
        return self.check.problems

    @cached_property
    def elements(self) -> dict[str, Placed]:
        """Elements, cells and synapses by name."""
        return {each.name: each for each in self.circuit.placed}

    @cached_property
    def nodes(self) -> dict[str, Node]:
        """The nodes by name."""
        return {each.name: each for each in self.circuit.nodes}

    @cached_property
    def own(self) -> dict[str, Known]:
        """Parameters, sizes and inputs of the circuit."""
        circuit = self.circuit
        return {
            **{each.name: self._known(each, "parameter") for each in circuit.parameters},
            **{each.name: self._known(each, "size") for each in circuit.sizes},
            **{each.name: self._known(each, "input") for each in circuit.inputs},
        }

    def _known(self, each: Parameter | Input, what: str) -> Known:
        return Known(each.dimension, each.span, what, each.name in self.broken)

    @cached_property
    def constants(self) -> dict[str, Known]:
        """Those of them that are constant in time."""
        return {name: known for name, known in self.own.items() if known.what != "input"}

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        """The circuit's parameters by name."""
        return {each.name: each for each in self.circuit.parameters}

    def scope(self, place: str) -> Scope:
        """What values that are constant in time may use."""
        return Scope(self.constants, self.functions, place, time=False, elsewhere=self.own)
