"""Running an ensemble side by side: splits its members into chunks, calls `advance_lanes` until each is done, and hands back plain arrays.

The chunks depend on the number of members only, and a member's numbers on no other member: the bits are the same whatever the number of threads.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcompiler.integrators import slots
from mcompiler.integrators.interface import Functions, Outcome
from mcompiler.integrators.pace import fitting
from mcompiler.integrators.signatures import ADVANCE_LANES, MUSTER
from mcompiler.integrators.tape import Floats, Integers
from mcompiler.integrators.workers import in_threads
from mcompiler.integrators.workspace import LINE, Workspace, bound, method_arrays, zeros
from mcompiler.kernel.abi import LANES, N_PARAMETERS, N_SCRATCH, N_UNKNOWNS

#: Chunks that there are at least, as far as each fills its lanes twice; and members that a chunk has at most.
_CHUNKS = 8
_MOST = 4096
#: Steps of all lanes before the first look at Ctrl-C.
_FIRST_BUDGET = 1000


@dataclass(frozen=True, slots=True)
class Saved:
    """What is kept of every member: ``want`` gives the first of ``columns`` for each observable, or -1, at ascending times ``at``."""

    at: Floats
    want: Integers
    columns: int


@dataclass(frozen=True, slots=True)
class Control:
    """How steps are chosen: the arguments of `run.integrate` by the same names."""

    method: str
    rtol: float
    atol: float
    step: float = 0.0
    max_step: float = np.inf
    max_steps: int = 1 << 62


@dataclass(frozen=True, slots=True)
class Ended:
    """What an ensemble gives; the first axis is that of the members.

    Attributes:
        outcomes: how each ended, as numbers of `Outcome`.
        t: the time it reached; ``y`` the state there.
        rows: its rows, NaN from where it ended early; ``counts`` says how many there are.
        counts: see there.
        steps: accepted steps; ``rejected`` steps; ``evaluations`` of the right-hand side.
        rejected: see there.
        evaluations: see there.
        seconds: wall time of all.
    """

    outcomes: Integers
    t: Floats
    y: Floats
    rows: Floats
    counts: Integers
    steps: Integers
    rejected: Integers
    evaluations: Integers
    seconds: float


class CannotBeginError(ValueError):
    """A member that begins outside its bounds; ``member`` is its number."""

    def __init__(self, member: int) -> None:
        super().__init__(f"member {member} begins outside its bounds")
        self.member = member


def integrate_members(
    functions: Functions,
    z: Integers,
    p: Floats,
    y: Floats,
    span: tuple[float, float],
    control: Control,
    saved: Saved,
    *,
    checked: bool = True,
    threads: int = 1,
    progress: Callable[[float], None] | None = None,
) -> Ended | None:
    """Integrate all members, or as far as each gets; None where one has corners, so that members must be run one after the other.

    Args:
        functions: kernels for this method's lanes (`kernel.lanes`), and integrators.
        z: layout array of one member.
        p: parameters, a row per member.
        y: states at the start, a row per member; NaN is replaced by the kernels' own initial value.
        span: start and end in seconds.
        control: how steps are chosen.
        saved: what is kept.
        checked: whether members that begin outside their bounds are refused.
        threads: how many work at a time.
        progress: told what part of the members is done; KeyboardInterrupt from it, or at any time, ends the run with what there is.

    Raises:
        ValueError: arguments do not belong together.
        CannotBeginError: a member begins outside its bounds.
    """
    since = time.perf_counter()
    count = len(p)
    if p.shape != (count, z[N_PARAMETERS]) or y.shape != (count, z[N_UNKNOWNS]) or not count:
        raise ValueError(f"{count} members need as many rows of parameters and states, not {p.shape} and {y.shape}")
    shared: Workspace = {
        "all_p": np.ascontiguousarray(p, dtype=np.float64).reshape(-1),
        "all_y": np.array(y, dtype=np.float64).reshape(-1),
        "ends": np.full(count, span[0]),
        "ended": np.zeros(count * slots.MEMBER_SIZE, dtype=np.int64),
        "save": np.ascontiguousarray(saved.at, dtype=np.float64),
        "want": np.ascontiguousarray(saved.want, dtype=np.int64),
        "out": np.full(count * len(saved.at) * saved.columns, np.nan),
        "z": z,
    }
    shared["ended"][slots.MEMBER_STATUS :: slots.MEMBER_SIZE] = Outcome.INTERRUPTED.value
    if not _muster(functions, shared | _workspace(z, span, control, saved), count, checked=checked):
        return None
    size = chunk_size(count)
    works = [_workspace(z, span, control, saved) for _ in range(0, count, size)]
    for number, each in enumerate(works):
        each["iws"][slots.QUEUE], each["iws"][slots.QUEUE_END] = number * size, min((number + 1) * size, count)

    def tell() -> None:
        if progress is not None:
            progress(1.0 - sum(map(_left, works)) / count)

    def work(number: int, stopped: Callable[[], bool]) -> None:
        _run_chunk(functions, shared | works[number], stopped, tell if threads == 1 else _nothing)

    with np.errstate(all="ignore"):
        whole = in_threads(len(works), threads, work, tell)
    if not whole:
        for each in works:
            _leave_unfinished(shared, each)
    return _ended(shared, count, saved, time.perf_counter() - since)


def chunk_size(count: int) -> int:
    """Members of a chunk."""
    lanes = -(-count // (_CHUNKS * LANES))
    return min(max(lanes, 2) * LANES, _MOST)


def _workspace(z: Integers, span: tuple[float, float], control: Control, saved: Saved) -> Workspace:
    """The arrays of the lanes of one chunk."""
    tab, mi = method_arrays(control.method)
    n, parameters, scratch = (int(z[slot]) for slot in (N_UNKNOWNS, N_PARAMETERS, N_SCRATCH))
    of_one = {"y1": n, "v1": n, "s1": n, "K1": 2 * n, "p1": parameters, "w": scratch}
    per_lane = {
        "y": n,
        "v": n,
        "s": n,
        "u": n,
        "k": 2 * n,
        "pl": parameters,
        "wl": scratch,
        "at": 1,
        "row": saved.columns,
    }
    per_lane |= {"dense_l": int(mi[slots.DEGREE]) * n, "c": slots.LANE_ROWS}
    work = _side_by_side(of_one | {name: size * LANES for name, size in per_lane.items()})
    work |= {"m": np.zeros(slots.LANE_INTEGERS * LANES, dtype=np.int64), "tab": tab, "mi": mi}
    ws, iws = np.zeros(slots.WS_SIZE), np.zeros(slots.IWS_SIZE, dtype=np.int64)
    ws[slots.T], ws[slots.T_END], ws[slots.SPAN] = span[0], span[1], span[1] - span[0]
    ws[slots.SEGMENT_T], ws[slots.NEXT_BREAK] = span[0], np.inf
    ws[slots.RTOL], ws[slots.ATOL] = control.rtol, control.atol
    ws[slots.STEP], ws[slots.MAX_STEP] = min(control.step, control.max_step), control.max_step
    iws[slots.AFTER_BREAK], iws[slots.MAX_STEPS] = 1, control.max_steps
    iws[slots.SAVE_N], iws[slots.COLUMNS] = len(saved.at), saved.columns
    return work | {"ws": ws, "iws": iws}


def _side_by_side(sizes: Mapping[str, int]) -> Workspace:
    """Arrays of these sizes in one piece of memory, each from a cache line on."""
    places = np.cumsum([0, *(-(-size // LINE) * LINE for size in sizes.values())]).tolist()
    whole = zeros(places[-1])
    return {name: whole[place : place + size] for (name, size), place in zip(sizes.items(), places, strict=False)}


def _muster(functions: Functions, work: Workspace, count: int, *, checked: bool) -> bool:
    """Whether all members can begin and none has corners."""
    iws = work["iws"]
    iws[slots.QUEUE_END], iws[slots.CHECKED] = count, checked
    reason = bound(functions, MUSTER, work)()
    if reason == slots.OUT_OF_BOUNDS:
        raise CannotBeginError(int(iws[slots.QUEUE]))
    return bool(reason != slots.HAS_CORNERS)


def _run_chunk(functions: Functions, work: Workspace, stopped: Callable[[], bool], look: Callable[[], None]) -> None:
    """The members of the queue, until they are done or all is to stop."""
    iws = work["iws"]
    advance = bound(functions, ADVANCE_LANES, work)
    budget, asked = _FIRST_BUDGET, time.perf_counter()
    while not stopped():
        iws[slots.BUDGET] = budget
        if advance() == slots.FINISHED:
            return
        now = time.perf_counter()
        budget, asked = fitting(budget, now - asked), now
        look()


def _left(work: Workspace) -> int:
    """How many members of a chunk are not done."""
    return int(work["iws"][slots.QUEUE_END] - work["iws"][slots.QUEUE] + work["iws"][slots.LIVE])


def _nothing() -> None:
    pass


def _leave_unfinished(shared: Workspace, work: Workspace) -> None:
    """Members that an interrupt found in their lanes: where they were; what was half written is not there."""
    c, m = work["c"].reshape(-1, LANES), work["m"].reshape(-1, LANES)
    n, columns = len(work["y1"]), int(work["iws"][slots.COLUMNS])
    rows = shared["out"].reshape(len(shared["ends"]), -1)
    for lane in np.flatnonzero(m[slots.LANE_MEMBER] >= 0) if work["iws"][slots.PHASE] else ():
        member = int(m[slots.LANE_MEMBER, lane])
        there = shared["ended"][member * slots.MEMBER_SIZE :][: slots.MEMBER_SIZE]
        if there[slots.MEMBER_STATUS] == Outcome.INTERRUPTED.value:
            there[slots.MEMBER_ROWS] = m[slots.LANE_SAVED, lane]
            rows[member, m[slots.LANE_SAVED, lane] * columns :] = np.nan
            shared["ends"][member] = c[slots.LANE_T, lane]
            shared["all_y"][member * n : (member + 1) * n] = work["y"].reshape(-1, LANES)[:, lane]


def _ended(shared: Workspace, count: int, saved: Saved, seconds: float) -> Ended:
    numbers: NDArray[np.int64] = shared["ended"].reshape(count, slots.MEMBER_SIZE)
    return Ended(
        outcomes=numbers[:, slots.MEMBER_STATUS],
        t=shared["ends"],
        y=shared["all_y"].reshape(count, -1),
        rows=shared["out"].reshape(count, len(saved.at), saved.columns),
        counts=numbers[:, slots.MEMBER_ROWS],
        steps=numbers[:, slots.MEMBER_STEPS],
        rejected=numbers[:, slots.MEMBER_REJECTIONS],
        evaluations=numbers[:, slots.MEMBER_EVALUATIONS],
        seconds=seconds,
    )
