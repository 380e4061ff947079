"""What the classes of a compiled network hold: members, unknowns, parameters and the bytes of a run."""

from collections.abc import Iterator
from dataclasses import dataclass

from mcompiler.integrators import slots
from mcompiler.integrators.workspace import method_arrays
from mcompiler.kernel.layout import ClassLayout
from mcompiler.solver.program import Program

_BYTES = 8
#: States of a run besides its stages: at the start and the end of a step, scratch, the reference of a run until steady, tolerances.
_STATES = 5


@dataclass(frozen=True, slots=True)
class ClassSize:
    """A class of members with one template.

    Attributes:
        name: as the model has it.
        kind: "vertex" or "edge".
        topology: of edges, "dense" or "indexed"; "" of vertices.
        members: how many there are.
        states: unknowns of a member.
        varying: parameters with a value per member.
        state_bytes: of the state.
        parameter_bytes: of parameters.
        index_bytes: of the arrays that say which members an edge joins.
        scratch_bytes: of sums and outputs.
        stage_bytes: of the method's stages, and of the states that a step needs beside them.
    """

    name: str
    kind: str
    topology: str
    members: int
    states: int
    varying: tuple[str, ...]
    state_bytes: int
    parameter_bytes: int
    index_bytes: int
    scratch_bytes: int
    stage_bytes: int

    @property
    def total(self) -> int:
        """All bytes."""
        return self.state_bytes + self.parameter_bytes + self.index_bytes + self.scratch_bytes + self.stage_bytes


def class_sizes(program: Program, method: str) -> tuple[ClassSize, ...]:
    """All classes of a program, run with a method (its own name, not "auto")."""
    return tuple(_sizes(program, method))


def _sizes(program: Program, method: str) -> Iterator[ClassSize]:
    mi = method_arrays(method)[1]
    rows = max(2, int(mi[slots.TOTAL] + mi[slots.DEGREE])) + _STATES - 1
    for each in program.layout.classes:
        count = int(program.z[each.count_slot])
        state = _BYTES * count * len(each.unknowns)
        yield ClassSize(
            each.name,
            each.kind,
            each.topology if each.kind == "edge" else "",
            count,
            len(each.unknowns),
            tuple(one.name for one in each.parameters if one.varies),
            state,
            _BYTES * sum(count if one.varies else 1 for one in each.parameters),
            _BYTES * count * len(each.index_slots),
            _scratch(each, count),
            state * rows,
        )


def _scratch(each: ClassLayout, count: int) -> int:
    return _BYTES * sum(count if one.varies else 1 for one in each.scratch)
