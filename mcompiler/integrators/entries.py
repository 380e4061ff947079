"""Every function of the integrators with its C interface, in the order in which they need each other.

A backend compiles them once for all models; in Python `link` joins them with a model's kernels.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from mcompiler.integrators import advance, control, events, lanes, locate, output, reverse, signatures, steady, step
from mcompiler.integrators.doubles import OPERATIONS
from mcompiler.kernel.abi import Signature

#: A compiled, interpreted or Python function; arguments are floats, ints and contiguous float64 or int64 arrays, as its signature says.
Function: TypeAlias = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """A hand-written function of a compiled library, such as an integrator's ``advance``.

    Attributes:
        signature: its name and C interface.
        make: gives the function, in numba's subset of Python, when it is given the functions that it calls: kernels, other entries and the operations of
            `doubles`, by name. Compiled, those are external symbols, so an entry is compiled once for all models. Apart from them it may use ``math``,
            arithmetic, loops and the tuples, numbers and booleans of its own module and of the scope around it. No call is given keywords or fewer arguments.
        exported: whether the library offers it; otherwise only other entries call it.
    """

    signature: Signature
    make: Callable[[Mapping[str, Function]], Function]
    exported: bool = True


def _internal(signature: Signature, make: Callable[[Mapping[str, Function]], Function]) -> Entry:
    return Entry(signature, make, exported=False)


INTEGRATORS: tuple[Entry, ...] = (
    _internal(signatures.STAGE_TIME, step.make_stage_time),
    _internal(signatures.STAGES, step.make_stages),
    _internal(signatures.COMBINE, step.make_combine),
    _internal(signatures.WEIGH, step.make_weigh),
    _internal(signatures.COMBINE_MANY, step.make_combine_many),
    _internal(signatures.ENDS_IN_LAST_STAGE, step.make_ends_in_last_stage),
    _internal(signatures.TAKE_WHOLE_STEP, step.make_take_whole_step),
    _internal(signatures.TAKE_STEP, step.make_take_step),
    _internal(signatures.INTERPOLATE, step.make_interpolate),
    _internal(signatures.PLAN, control.make_plan),
    _internal(signatures.FOLLOW, control.make_follow),
    _internal(signatures.JUDGE, control.make_judge),
    _internal(signatures.FIRST_STEP, control.make_first_step),
    _internal(signatures.CROSSING, locate.make_crossing),
    _internal(signatures.GUESS, locate.make_guess),
    _internal(signatures.MARGINS, locate.make_margins),
    _internal(signatures.SCAN, locate.make_scan),
    _internal(signatures.NARROW, locate.make_narrow),
    _internal(signatures.WIDEN, locate.make_widen),
    _internal(signatures.LOCATE, locate.make_locate),
    _internal(signatures.RELOCATE_EVENT, locate.make_relocate_event),
    _internal(signatures.FIRE, events.make_fire),
    _internal(signatures.FIRE_AGAIN, events.make_fire_again),
    _internal(signatures.ROW, output.make_row),
    _internal(signatures.DUE, events.make_due),
    _internal(signatures.OCCUR, events.make_occur),
    _internal(signatures.OCCUR_AGAIN, events.make_occur_again),
    _internal(signatures.EMIT, output.make_emit),
    _internal(signatures.PAY, output.make_pay),
    _internal(signatures.START, advance.make_start),
    _internal(signatures.ROOM, advance.make_room),
    _internal(signatures.RECORD_STEP, output.make_record),
    _internal(signatures.SETTLE, advance.make_settle),
    _internal(signatures.ATTEMPT, advance.make_attempt),
    _internal(signatures.INPUTS_REST, steady.make_inputs_rest),
    _internal(signatures.WATCH, steady.make_watch),
    _internal(signatures.COMMIT, advance.make_commit),
    _internal(signatures.PUT_BACK, advance.make_put_back),
    Entry(signatures.ADVANCE, advance.make_advance),
    Entry(signatures.REPLAY, reverse.make_replay),
    _internal(signatures.STEP_BACK, reverse.make_step_back),
    _internal(signatures.CUT_BACK, reverse.make_cut_back),
    Entry(signatures.REVERSE, reverse.make_reverse_steps),
)

#: Those of a model whose gradient nobody asks for.
FORWARD: tuple[Entry, ...] = tuple(each for each in INTEGRATORS if each.make.__module__ != reverse.__name__)


#: Those of members side by side.
SIDE_BY_SIDE: tuple[Entry, ...] = (
    _internal(signatures.FIRST_STEP, control.make_first_step),
    Entry(signatures.MUSTER, lanes.make_muster),
    _internal(signatures.NEAR_LOG, lanes.make_near_log),
    _internal(signatures.NEAR_EXP, lanes.make_near_exp),
    _internal(signatures.PLAN_LANES, lanes.make_plan_lanes),
    _internal(signatures.MARCH_LANES, lanes.make_march_lanes),
    _internal(signatures.JUDGE_LANES, lanes.make_judge_lanes),
    _internal(signatures.ACCEPT_LANES, lanes.make_accept_lanes),
    _internal(signatures.COMMIT_LANES, lanes.make_commit_lanes),
    _internal(signatures.PLACE_LANES, lanes.make_place_lanes),
    _internal(signatures.PUT_LANES, lanes.make_put_lanes),
    _internal(signatures.EMIT_LANES, lanes.make_emit_lanes),
    _internal(signatures.BOARD, lanes.make_board),
    _internal(signatures.LEAVE, lanes.make_leave),
    Entry(signatures.ADVANCE_LANES, lanes.make_advance_lanes),
)


def entries_for(*, has_losses: bool) -> tuple[Entry, ...]:
    """What a program needs, which has a gradient where it has losses."""
    return INTEGRATORS if has_losses else FORWARD


def link(kernels: Mapping[str, Function]) -> dict[str, Function]:
    """The kernels and all integrators as Python functions, by name."""
    functions = {**OPERATIONS, **kernels}
    for each in INTEGRATORS:
        functions[each.signature.name] = each.make(functions)
    return functions
