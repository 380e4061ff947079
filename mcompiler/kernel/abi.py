"""The contract between integrators and the kernels of a model: names, arguments, and what each kernel does.

A *kernel* is what the compiler generates per model; an *integrator* is hand-written once and calls kernels. Both are straight Python over flat,
caller-owned arrays, so that they run in CPython (any indexable sequence), in the reference interpreter (complex numbers too) and as machine code
(``double*`` and ``int64_t*``). Nothing here allocates, raises or holds state.

Arrays shared by all kernels
    ``y``   unknowns, ``n = z[N_UNKNOWNS]`` of them, class by class, unknown by unknown, members contiguous
    ``K``   stage derivatives, row after row of length ``n``
    ``p``   parameters, class by class: one value where uniform, one per member where it varies
    ``z``   int64 layout: the slots below, then what the kernel module's ``Layout`` puts there (class sizes, offsets, end-point indices)
    ``w``   scratch of ``z[N_SCRATCH]`` values: vertex outputs, accumulators
    ``d``   data row of a loss term (measured values at that sample), possibly empty

Bounds: ``sweep`` and ``pullback`` clip every bounded unknown to its bounds before use and mask an outward rate of an unknown that is at (or beyond)
its bound; ``project`` clips the state at the end of a step. ``pullback`` is the exact transposed derivative of that masked, clipped function.
"""

from dataclasses import dataclass

# Slots of the layout array ``z``.
N_UNKNOWNS = 0
N_PARAMETERS = 1
N_GUARDS = 2
N_SCRATCH = 3
N_OBSERVABLES = 4
N_COPIES = 5  # of all vertices, of a system whose edges are shared
N_PARTIALS = 6  # where the scratch array has room for the sums of tasks
N_POOL = 7  # address of the control block of waiting threads, or 0
FIRST_FREE_SLOT = 8

# The control block of waiting threads: its length, and the place that tells them to stop.
POOL_SIZE, POOL_STOP = 32, 24

F64 = "f64"
I64 = "i64"
F64_ARRAY = "f64*"
I64_ARRAY = "i64*"
NOTHING = "void"


@dataclass(frozen=True, slots=True)
class Argument:
    """A kernel's argument: its name and one of ``f64``, ``i64``, ``f64*``, ``i64*``."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Signature:
    """A kernel's name, arguments, result type and meaning."""

    name: str
    arguments: tuple[Argument, ...]
    result: str
    doc: str


def _signature(name: str, arguments: str, result: str, doc: str) -> Signature:
    pairs = (text.strip().rsplit(" ", 1) for text in arguments.split(","))
    return Signature(name, tuple(Argument(argument, kind) for kind, argument in pairs), result, doc)


SWEEP = _signature(
    "sweep",
    "i64 stage, f64 t, f64 h, f64* a, i64 a0, f64* y, f64* K, f64* p, i64* z, f64* w",
    NOTHING,
    "Stage derivative: Y = y + h * sum_{j < stage} a[a0 + j] * K[j*n :], K[stage*n :] = f(t, Y). `t` is the stage's own time.",
)
FINISH = _signature(
    "finish",
    "i64 stage, f64 t, f64 h, f64* a, i64 a0, i64 b0, f64* y, f64* K, f64* v, f64* p, i64* z, f64* w",
    F64,
    "A step's last stage and its end: v = y + h * (sum_{j < stage} a[b0 + j] * K[j*n :] + a[b0 + stage] * f(t, Y)), Y as in `sweep`; no row of K is "
    "written. The result is 0, or not a number where a v is not finite.",
)
PULLBACK = _signature(
    "pullback",
    "f64 t, f64* Y, f64* lam, i64 lam0, f64* p, i64* z, f64* w, f64* Yb, i64 Yb0, f64* pb",
    F64,
    "Transposed derivative of f at (t, Y): Yb[Yb0 + k] += (f_y^T lam)_k, pb += f_p^T lam with lam read from lam0 on; the result is lam^T f_t.",
)
INITIAL = _signature(
    "initial", "f64* p, i64* z, f64* w, f64* y", NOTHING, "Initial values by the model's own expressions: y = y0(p)."
)
INITIAL_PULLBACK = _signature(
    "initial_pullback", "f64* lam, f64* p, i64* z, f64* w, f64* pb", NOTHING, "pb += (dy0/dp)^T lam."
)
PROJECT = _signature(
    "project",
    "f64* y, f64* p, i64* z, f64* w",
    I64,
    "Clip y to its bounds in place; the result counts the clipped unknowns.",
)
PROJECT_PULLBACK = _signature(
    "project_pullback",
    "f64* y, f64* lam, f64* p, i64* z, f64* w, f64* pb",
    NOTHING,
    "With y before `project`: lam of a clipped unknown moves to its bound's parameters (pb) and becomes 0.",
)
SCALE = _signature(
    "scale",
    "f64* p, i64* z, f64* w, f64* s",
    NOTHING,
    "Positive scale of every unknown, s[k]: absolute tolerance = tolerance * s[k].",
)
GUARDS = _signature(
    "guards",
    "f64 t, f64* y, f64* p, i64* z, f64* w, f64* g",
    NOTHING,
    "Event margins g[e]; event e happens where g[e] crosses zero upward.",
)
GUARD_PULLBACK = _signature(
    "guard_pullback",
    "i64 e, f64 seed, f64 t, f64* y, f64* p, i64* z, f64* w, f64* yb, f64* pb",
    F64,
    "yb += seed * dg_e/dy, pb += seed * dg_e/dp; the result is seed * dg_e/dt.",
)
RESET = _signature(
    "reset",
    "i64 e, f64 t, f64* y, f64* p, i64* z, f64* w",
    NOTHING,
    "Apply event e's assignments to y in place (all right sides first).",
)
RESET_PULLBACK = _signature(
    "reset_pullback",
    "i64 e, f64 t, f64* y, f64* lam, f64* p, i64* z, f64* w, f64* pb",
    F64,
    "With y before the reset: lam = (dy+/dy-)^T lam in place, pb += (dy+/dp)^T lam; the result is lam^T dy+/dt.",
)
BREAKPOINT = _signature(
    "breakpoint",
    "f64 t, f64* p, i64* z, f64* w",
    F64,
    "The first breakpoint of a pwl or pulse source (or extreme of a sine, where the model has thresholds) strictly after t, or +inf.",
)
OBSERVE = _signature(
    "observe",
    "f64 t, f64* y, f64* p, i64* z, f64* w, i64* want, f64* out, i64 out0",
    NOTHING,
    "For each observable q with want[q] >= 0, members contiguous: out[out0 + want[q] + m] = its value for member m.",
)
LOSS = _signature(
    "loss",
    "i64 term, f64 t, f64* y, f64* p, i64* z, f64* w, f64* d, i64 d0",
    F64,
    "Value of point-loss term `term` at (t, y) for the data row at d0.",
)
LOSS_PULLBACK = _signature(
    "loss_pullback",
    "i64 term, f64 seed, f64 t, f64* y, f64* p, i64* z, f64* w, f64* d, i64 d0, f64* yb, f64* pb",
    F64,
    "yb += seed * dl/dy, pb += seed * dl/dp; the result is seed * dl/dt.",
)

WORK = _signature(
    "work",
    "i64* pool",
    NOTHING,
    "For waiting threads: takes part in the tasks of kernels whose ``z`` has the address of this block, until it says stop.",
)

#: Every kernel of a compiled model. A model without events, losses or breakpoints has the kernels all the same (they do nothing).
KERNELS: tuple[Signature, ...] = (
    SWEEP,
    FINISH,
    PULLBACK,
    INITIAL,
    INITIAL_PULLBACK,
    PROJECT,
    PROJECT_PULLBACK,
    SCALE,
    GUARDS,
    GUARD_PULLBACK,
    RESET,
    RESET_PULLBACK,
    BREAKPOINT,
    OBSERVE,
    LOSS,
    LOSS_PULLBACK,
)

#: Members side by side: four of the widest vector registers, so that one's arithmetic hides the latency of the others'.
LANES = 32
# Rows of the array ``c`` of such kernels.
LANE_TIME = 0
LANE_SIZE = 1
LANE_NORM = 2

LEAP = _signature(
    "leap",
    "f64 rtol, f64* c, f64* y, f64* k, f64* s, f64* p, i64* z, f64* w, f64* v",
    NOTHING,
    "A step of every lane: v = y + h * sum_i b_i k_i. c has the rows t, h, and receives the squared error norm, not finite where v is not. "
    "k has the rates at (t, y), where the method knows them, and receives those at (t + h, v). s: absolute tolerances.",
)
DENSE = _signature(
    "dense",
    "f64* c, f64* y, f64* k, f64* p, i64* z, f64* w, f64* d",
    NOTHING,
    "The dense output of that step: y(t + theta*h) = y + sum_q theta^(q + 1) * d[q*n :].",
)
PROJECT_LANES = _signature(
    "project_lanes", "f64* y, f64* p, i64* z, f64* w", NOTHING, "Clip y to its bounds in place, in every lane."
)
OBSERVE_LANES = _signature(
    "observe_lanes",
    "f64* t, f64* y, f64* p, i64* z, f64* w, i64* want, f64* out",
    NOTHING,
    "What `observe` gives, in every lane, from out[0] on.",
)

#: Kernels for members of an ensemble side by side: quantity k of a lane is at place k*lanes + lane of an array (`kernel.lanes`).
LANED: tuple[Signature, ...] = (LEAP, DENSE, PROJECT_LANES, OBSERVE_LANES)


@dataclass(frozen=True, slots=True)
class Tableau:
    """The numbers of an explicit method, as `integrators.methods` has them.

    Attributes:
        name: of the method.
        times: of the stages.
        rows: row i has the coefficients of stage i.
        weights: of the solution.
        error: weights of the error, ``error_low`` those of a second one that it is combined with; empty where there is none.
        error_low: see there.
        dense: row i has the coefficients of the dense output for stage i.
        fsal: whether the stage behind those of the solution is at the new state.
    """

    name: str
    times: tuple[float, ...]
    rows: tuple[tuple[float, ...], ...]
    weights: tuple[float, ...]
    error: tuple[float, ...]
    error_low: tuple[float, ...]
    dense: tuple[tuple[float, ...], ...]
    fsal: bool
