"""Every function of the integrators with its C interface, in the order in which they need each other.

A backend compiles them once for all models; in Python `link` joins them with a model's kernels.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mcompiler.integrators import advance, control, events, reverse, signatures, step
from mcompiler.kernel.abi import Signature

Function = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Integrator:
    """A function of the integrators.

    Attributes:
        signature: its name and C interface.
        make: gives the function, in numba's subset of Python, when it is given the functions that it calls (kernels and others here), by name.
        exported: whether a driver calls it.
    """

    signature: Signature
    make: Callable[[Mapping[str, Function]], Function]
    exported: bool = False


INTEGRATORS: tuple[Integrator, ...] = (
    Integrator(signatures.TAKE_STEP, step.make_take_step),
    Integrator(signatures.INTERPOLATE, step.make_interpolate),
    Integrator(signatures.PLAN, control.make_plan),
    Integrator(signatures.FOLLOW, control.make_follow),
    Integrator(signatures.JUDGE, control.make_judge),
    Integrator(signatures.FIRST_STEP, control.make_first_step),
    Integrator(signatures.CROSSING, events.make_crossing),
    Integrator(signatures.GUESS, events.make_guess),
    Integrator(signatures.SCAN, events.make_scan),
    Integrator(signatures.NARROW, events.make_narrow),
    Integrator(signatures.WIDEN, events.make_widen),
    Integrator(signatures.LOCATE, events.make_locate),
    Integrator(signatures.RELOCATE_EVENT, events.make_relocate_event),
    Integrator(signatures.FIRE, events.make_fire),
    Integrator(signatures.FIRE_AGAIN, events.make_fire_again),
    Integrator(signatures.ROW, advance.make_row),
    Integrator(signatures.OCCUR, events.make_occur),
    Integrator(signatures.OCCUR_AGAIN, events.make_occur_again),
    Integrator(signatures.EMIT, advance.make_emit),
    Integrator(signatures.PAY, advance.make_pay),
    Integrator(signatures.START, advance.make_start, exported=True),
    Integrator(signatures.ROOM, advance.make_room),
    Integrator(signatures.RECORD_STEP, advance.make_record),
    Integrator(signatures.SETTLE, advance.make_settle),
    Integrator(signatures.ADVANCE, advance.make_advance, exported=True),
    Integrator(signatures.REPLAY, reverse.make_replay, exported=True),
    Integrator(signatures.STEP_BACK, reverse.make_step_back),
    Integrator(signatures.CUT_BACK, reverse.make_cut_back),
    Integrator(signatures.REVERSE, reverse.make_reverse_steps, exported=True),
)


def link(kernels: Mapping[str, Function]) -> dict[str, Function]:
    """The kernels and all integrators as Python functions, by name."""
    functions = dict(kernels)
    for each in INTEGRATORS:
        functions[each.signature.name] = each.make(functions)
    return functions
