"""C interfaces of the integrators' functions; the arguments have the same names and order everywhere.

Arrays
    ``ws, iws``      state of a run: the slots of `slots`
    ``tab, mi``      the method
    ``y, v, u, s``   state at the start of a step, at its end, scratch, absolute tolerances; n values each
    ``r``            the state that the run is compared with, to find whether it is steady
    ``K``            stages, row after row of n; behind them the coefficients of the dense output
    ``g0``           guards at the start of a step (0 where an event has just acted), and behind them when each event acted last
    ``gl, gr, gm``   guards left and right of a crossing, and between; behind those between how much each changes from sample to sample around it
    ``gs``           guards at the sample after a crossing, and behind them how far below zero each must go before its event can act again
    ``p, z, w``      the kernels' parameters, layout and scratch
    ``stops``        times to stop at, ascending, the last the end of the run
    ``loss_t, loss_n, loss_w, d``  point losses: times, pairs (term, place of its data row), weights; data. ``loss_v`` receives their values
    ``save, want, out, out_t``     times of rows, their columns, rows and their times
    ``ev_t, ev_n``   times of events, pairs (event, step at whose end it acts)
    ``tape, kinds``  pairs (time, step size), and after the last one the end time; what each step is
    ``marks``        states at the start of every stride-th step
    ``mesh, mesh_k, mesh_e``  a tape to follow: its `tape`, `kinds` and `ev_n`

Members of an ensemble side by side (`lanes`)
    ``c, m``         numbers and integers of every lane: the slots of `slots`
    ``k``            rates at the start of a step, and behind them those at its end
    ``y, v, u, s, pl, wl``  what y, v, u, s, p, w are, quantity by quantity with the lanes side by side; ``at`` times of rows, ``row`` rows
    ``dense_l``      coefficients of the dense output
    ``y1, v1, s1, K1, p1``  those of one member, when it begins
    ``all_p, all_y`` parameters and states of all members, one after the other; ``ends, ended`` when and how each ended
"""

from functools import cache

from mcompiler.kernel.abi import F64, I64, NOTHING, Argument, Signature

_STATE = "f64* ws, i64* iws, f64* tab, i64* mi"
_MODEL = "f64* p, i64* z, f64* w"
_BETWEEN = "f64* gl, f64* gr, f64* gm, f64* gs"
_GUARDS = f"f64* g0, {_BETWEEN}"
_EVENTS = "f64* ev_t, i64* ev_n"
_PAID = "f64* loss_t, i64* loss_n, f64* loss_w, f64* d"
_LOSSES = f"{_PAID}, f64* loss_v"
_ROWS = "i64* want, f64* out, f64* out_t"
_SAVE = f"f64* save, {_ROWS}"
_TAPE = "f64* tape, i64* kinds, f64* marks"
_MESH = "f64* mesh, i64* mesh_k, i64* mesh_e"


def _signature(name: str, arguments: str, result: str, doc: str) -> Signature:
    pairs = [text.split() for text in arguments.split(",")]
    return Signature(name, tuple(Argument(argument, kind) for kind, argument in pairs), result, doc)


STAGE_TIME = _signature(
    "stage_time",
    "f64 c, f64 t, f64 h, i64 kind, f64 t_end",
    F64,
    "The time t + c h of a stage; at a breakpoint, of its near side.",
)
STAGES = _signature(
    "stages",
    f"f64 t, f64 h, i64 first, i64 last, i64 kind, f64 t_end, f64* tab, f64* y, f64* K, {_MODEL}",
    NOTHING,
    "The stages first ... last - 1 of a step.",
)
_COMBINE = "f64 h, f64 rtol, f64* tab, i64* mi, f64* y, f64* v, f64* s, f64* K, i64* z"
COMBINE = _signature(
    "combine", _COMBINE, F64, "v = y + h sum b_i k_i; the result is the squared error norm, as that of `take_step`."
)
COMBINE_MANY = _signature(
    "combine_many", _COMBINE, F64, "What `combine` does, for many unknowns; uses rows of the dense output."
)
WEIGH = _signature(
    "weigh",
    "i64 first, i64 last, i64 count, i64 weights, f64* tab, i64 n, f64* K, f64* x, i64 start",
    NOTHING,
    "x[start + k] = sum of tab[weights + j] * K[j*n + k] over `count` stages, for the unknowns first <= k < last.",
)
_STEP = f"f64 t, f64 h, i64 first, i64 kind, f64 t_end, f64 rtol, f64* tab, i64* mi, f64* y, f64* v, f64* s, f64* K, {_MODEL}"
TAKE_STEP = _signature(
    "take_step",
    _STEP,
    F64,
    "All stages from `first` on and v = y + h sum b_i k_i; the result is the squared error norm (0 without an estimate), not finite where v is not. "
    "Where `ends_in_last_stage` says so K lacks the last stage.",
)
TAKE_WHOLE_STEP = _signature(
    "take_whole_step", _STEP, F64, "What `take_step` does, with all stages in K; v may differ by round-off."
)
ENDS_IN_LAST_STAGE = _signature(
    "ends_in_last_stage",
    "i64* mi, i64* z",
    I64,
    "Whether the last stage of a step makes v in the pass over the unknowns in which it makes their rates.",
)
INTERPOLATE = _signature(
    "interpolate",
    f"f64 theta, f64* ws, i64* iws, f64* tab, i64* mi, f64* y, f64* u, f64* K, {_MODEL}",
    NOTHING,
    "u = y(t + theta h), clipped to its bounds, by the dense output of the step being dealt with; makes the stages it needs.",
)
PLAN = _signature(
    "plan",
    "f64* ws, i64* iws, i64* mi, f64* stops",
    NOTHING,
    "Size, end and kind of the next step: as proposed, or what is left to the next stop or breakpoint.",
)
FOLLOW = _signature(
    "follow",
    "f64* ws, i64* iws, f64* mesh, i64* mesh_k",
    NOTHING,
    "Size, end and kind of the next step as the mesh has them.",
)
JUDGE = _signature(
    "judge",
    "f64 size, f64* ws, i64* iws, f64* tab",
    I64,
    "Whether a step with this squared error norm stands (1) or not (0); proposes the next size. Sets STATUS where that is too small.",
)
FIRST_STEP = _signature(
    "first_step",
    f"{_STATE}, f64* y, f64* s, f64* K, {_MODEL}",
    F64,
    "A first step size (Hairer, Norsett, Wanner I, II.4), at most what is left to the end; makes the first stage.",
)
CROSSING = _signature(
    "crossing",
    "i64 count, f64* gl, f64* gr",
    I64,
    "One more than the number of the first guard that is negative left and not negative right, or 0.",
)
GUESS = _signature(
    "guess",
    "i64 count, f64 a, f64 b, f64 weight_a, f64 weight_b, f64* gl, f64* gr",
    F64,
    "The first zero, between a and b, of the straight lines through the weighted values of all guards that cross.",
)
MARGINS = _signature(
    "margins",
    f"f64 t, f64* x, f64* gs, {_MODEL}, f64* g",
    NOTHING,
    "The guards at (t, x); 0 where one is negative by no more than round-off since its event acted.",
)
SCAN = _signature(
    "scan",
    f"{_STATE}, f64* y, f64* v, f64* u, f64* K, f64* g0, {_BETWEEN}, {_MODEL}",
    I64,
    "Whether a guard crosses zero upward in the step; then LEFT and RIGHT are the samples around the first crossing, gl and gr the guards there.",
)
NARROW = _signature(
    "narrow",
    f"i64 stepping, f64 width, {_STATE}, f64* y, f64* v, f64* u, f64* s, f64* K, {_BETWEEN}, {_MODEL}",
    NOTHING,
    "Narrows the bracket LEFT, RIGHT of the first crossing to the relative width, by dense output or by taking steps (Illinois method).",
)
WIDEN = _signature(
    "widen",
    f"{_STATE}, f64* y, f64* v, f64* s, f64* K, {_BETWEEN}, {_MODEL}",
    I64,
    "Turns the bracket LEFT, RIGHT from fractions of the step to sizes of steps, widened until these see a crossing in it; 0 where they see none.",
)
LOCATE = _signature(
    "locate",
    f"{_STATE}, f64* y, f64* v, f64* u, f64* s, f64* K, {_BETWEEN}, {_MODEL}",
    F64,
    "The step size at whose end the first event of this step happens; v, K, gl, gr belong to it. 0 where steps see no event, -1 where the guard jumps.",
)
RELOCATE_EVENT = _signature(
    "relocate_event",
    f"i64 e, {_STATE}, f64* y, f64* v, f64* s, f64* K, f64* gm, {_MODEL}",
    F64,
    "The step size near the planned one at whose end guard e is zero, by secants; v and K belong to it.",
)
FIRE = _signature(
    "fire",
    f"f64* ws, i64* iws, f64* v, {_GUARDS}, {_MODEL}, {_EVENTS}",
    NOTHING,
    "Resets of all events at the end of the step, in member order, and of those that they set off; g0 afterwards.",
)
FIRE_AGAIN = _signature(
    "fire_again",
    f"f64 t, i64 first, i64 last, i64* events, f64* v, {_MODEL}",
    NOTHING,
    "Resets of the recorded events first ... last - 1 at time t.",
)
DUE = _signature(
    "due",
    f"f64* ws, i64* iws, i64* mi, f64* v, {_GUARDS}, {_MODEL}",
    I64,
    "Whether an event is at the end of a step in which none was located: by round-off, by a jump with a source, or because steps are fixed; else g0.",
)
OCCUR = _signature(
    "occur",
    f"{_STATE}, f64* y, f64* v, f64* u, f64* s, f64* K, {_GUARDS}, {_MODEL}, {_ROWS}, {_EVENTS}",
    I64,
    "Looks for events in the step, cuts it to the first, and lets them act; the result is 0 where one is not located (STATUS).",
)
OCCUR_AGAIN = _signature(
    "occur_again",
    f"{_STATE}, f64* y, f64* v, f64* s, f64* K, f64* gm, {_MODEL}, {_ROWS}, {_EVENTS}, i64* mesh_e",
    NOTHING,
    "Lets the events act that the mesh has at the end of this step.",
)
ROW = _signature(
    "row",
    f"f64 t, i64* iws, f64* x, {_MODEL}, i64* want, f64* out, f64* out_t",
    NOTHING,
    "Appends a row for state x.",
)
EMIT = _signature(
    "emit",
    f"{_STATE}, f64* y, f64* v, f64* u, f64* K, {_MODEL}, {_SAVE}",
    I64,
    "Rows for all times up to the end of the step, or its end itself (with what is before a corner there); 0 where the output is full before that.",
)
ROOM = _signature("room", "i64* iws, i64* z", I64, "Why no step can be taken now (a reason of `slots`), or -1.")
RECORD_STEP = _signature(
    "record", f"f64* ws, i64* iws, f64* y, i64* z, {_TAPE}", NOTHING, "Appends the step being dealt with to the tape."
)
SETTLE = _signature(
    "settle",
    f"{_STATE}, f64* y, f64* s, f64* K, {_MODEL}, f64* stops, {_LOSSES}",
    NOTHING,
    "At T, where a stop, a breakpoint or an event is: what comes next, losses, a new first step.",
)
PAY = _signature("pay", f"f64* ws, i64* iws, f64* y, {_MODEL}, {_LOSSES}", NOTHING, "Adds the losses at times up to T.")
START = _signature(
    "start",
    f"{_STATE}, f64* y, f64* s, f64* K, f64* g0, {_MODEL}, {_LOSSES}, {_SAVE}",
    NOTHING,
    "Prepares a run at (T, y): tolerances, first step, guards, next breakpoint, first row, losses at the start.",
)
ATTEMPT = _signature(
    "attempt",
    f"{_STATE}, f64* y, f64* v, f64* u, f64* s, f64* K, {_GUARDS}, {_MODEL}, f64* stops, {_ROWS}, {_EVENTS}, {_MESH}",
    I64,
    "One step and its events, chosen or from the mesh; the result is 0 where it does not stand (rejected, or STATUS says why).",
)
INPUTS_REST = _signature(
    "inputs_rest",
    f"f64 last, f64 quiet, {_STATE}, f64* v, f64* s, f64* K, {_MODEL}",
    I64,
    "Whether the rates at v are the same at times up to `last`: differences times `quiet` within the tolerance. Uses the first two rows of K.",
)
WATCH = _signature(
    "watch",
    f"{_STATE}, f64* v, f64* r, f64* s, f64* K, {_MODEL}, f64* stops",
    I64,
    "Whether the run is steady at the end of the step (STEADY is 2 then); where something moves, r becomes v.",
)
COMMIT = _signature(
    "commit",
    f"{_STATE}, f64* y, f64* v, f64* r, f64* s, f64* K, {_MODEL}, f64* stops, {_LOSSES}, {_TAPE}",
    NOTHING,
    "The end of the step becomes the state, and the step goes on the tape; where the run is steady, losses at its end are at this time.",
)
PUT_BACK = _signature(
    "put_back", "i64 swapped, f64* y, f64* v, i64* z", NOTHING, "Exchanges y and v where they have changed places."
)
ADVANCE = _signature(
    "advance",
    f"{_STATE}, f64* y, f64* v, f64* u, f64* r, f64* s, f64* K, {_GUARDS}, {_MODEL}, f64* stops, {_LOSSES}, {_SAVE}, {_EVENTS}, {_TAPE}, {_MESH}",
    I64,
    "Steps until something is to be done; the result is a reason of `slots`. Called again it goes on where it was.",
)
REPLAY = _signature(
    "replay",
    f"i64 first, i64 last, i64 event, i64 stride, {_STATE}, f64* y, f64* v, f64* s, f64* K, {_MODEL}, {_MESH}, f64* rows",
    NOTHING,
    "Steps first ... last - 1 of the mesh from y; every stride-th state goes to rows. `event` is the first recorded event at or after step `first`.",
)
STEP_BACK = _signature(
    "step_back",
    f"f64 t, f64 h, i64 kind, f64 t_end, f64* ws, f64* tab, i64* mi, f64* y, f64* v, f64* u, f64* K, f64* KB, f64* lam, {_MODEL}, f64* pb",
    F64,
    "Transposed derivative of one step (K and v from `take_step`) and its projection: lam in place, pb added to; TAU = d/dt, the result is d/dh.",
)
CUT_BACK = _signature(
    "cut_back",
    "i64 e, f64 t, f64 h, i64 kind, f64 t_end, f64* ws, f64* tab, i64* mi, "
    f"f64* y, f64* v, f64* u, f64* K, f64* KB, f64* lam, f64* mu, f64* x, {_MODEL}, f64* pb, f64* scratch",
    NOTHING,
    "Transposed derivative of a step that ends where guard e is zero; TAU in place.",
)
REVERSE = _signature(
    "reverse_steps",
    f"i64 first, i64 last, {_STATE}, f64* y, f64* v, f64* u, f64* s, f64* K, f64* KB, f64* lam, f64* mu, f64* x, {_MODEL}, {_PAID}, {_MESH}, "
    "f64* rows, f64* pb, f64* scratch",
    NOTHING,
    "Steps last - 1 ... first of the mesh backwards, with their states in rows: lam and TAU in place, pb added to.",
)

_ONE = "f64* y1, f64* s1, f64* K1, f64* p1, f64* w"
_LANED_STATE = "f64* ws, i64* iws, f64* tab, i64* mi, f64* c, i64* m"
MUSTER = _signature(
    "muster",
    "f64* ws, i64* iws, f64* y1, f64* v1, f64* p1, i64* z, f64* w, f64* all_p, f64* all_y",
    I64,
    "Initial values of members QUEUE ... QUEUE_END - 1 in the place of NaN; the result is 0, or why the member at QUEUE cannot begin (a reason of `slots`).",
)
PLAN_LANES = _signature(
    "plan_lanes", "f64* ws, f64* c", NOTHING, "What `plan` does, in every lane; there are no breakpoints."
)
MARCH_LANES = _signature("march_lanes", "f64* ws, i64* iws, f64* c", NOTHING, "The same for steps of one size.")
NEAR_LOG = _signature("near_log", "f64 x", F64, "log x of a normal positive x, to about 1e-9.")
NEAR_EXP = _signature("near_exp", "f64 x", F64, "exp x of a moderate x, to about 1e-9 of it.")
JUDGE_LANES = _signature(
    "judge_lanes",
    "f64* ws, i64* iws, f64* tab, f64* c",
    NOTHING,
    "What `judge` does, in every lane; counts the lanes that are done, and those that have something to save.",
)
ACCEPT_LANES = _signature(
    "accept_lanes",
    "f64* ws, i64* iws, f64* c",
    NOTHING,
    "The same for steps of one size: they stand where they are finite.",
)
COMMIT_LANES = _signature(
    "commit_lanes",
    "f64* c, f64* y, f64* v, f64* k, i64* z",
    NOTHING,
    "Where the step stands, its end becomes the state.",
)
PLACE_LANES = _signature(
    "place_lanes",
    "i64* mi, f64* c, f64* y, f64* u, f64* dense_l, f64* at, i64* z",
    NOTHING,
    "u = the state at the next time to be saved, `at`, where it lies inside the step.",
)
PUT_LANES = _signature(
    "put_lanes",
    "i64 inside, i64* iws, f64* c, i64* m, f64* at, f64* save, f64* row, f64* out",
    I64,
    "The rows of lanes with something to save at their time `at`, inside the step or at its end; whether there is more inside.",
)
EMIT_LANES = _signature(
    "emit_lanes",
    "i64* iws, i64* mi, f64* c, i64* m, f64* y, f64* v, f64* k, f64* pl, i64* z, f64* wl, f64* u, f64* dense_l, f64* at, "
    "f64* save, i64* want, f64* row, f64* out",
    NOTHING,
    "Rows of every lane whose step stands, for all times up to its end.",
)
BOARD = _signature(
    "board",
    f"i64 lane, {_LANED_STATE}, f64* y, f64* k, f64* s, f64* pl, i64* z, {_ONE}, f64* all_p, f64* all_y, f64* save, i64* want, f64* out",
    NOTHING,
    "The next member of the queue begins in this lane; where there is none, the lane rests.",
)
LEAVE = _signature(
    "leave",
    "i64 lane, f64* ws, i64* iws, i64* mi, f64* c, i64* m, f64* y, i64* z, f64* all_y, f64* ends, i64* ended",
    I64,
    "Whether the member of this lane is done; then where it is, and what it took, is kept.",
)
ADVANCE_LANES = _signature(
    "advance_lanes",
    f"{_LANED_STATE}, f64* y, f64* v, f64* k, f64* s, f64* pl, i64* z, f64* wl, f64* u, f64* dense_l, f64* at, {_ONE}, "
    "f64* all_p, f64* all_y, f64* ends, i64* ended, f64* save, i64* want, f64* row, f64* out",
    I64,
    "Steps of all lanes until no member is left or the budget is used up (a reason of `slots`). Called again it goes on where it was.",
)


@cache
def arguments(signature: Signature) -> tuple[str, ...]:
    """The names of a function's arguments, in order."""
    return tuple(argument.name for argument in signature.arguments)
