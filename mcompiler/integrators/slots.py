"""Places in the arrays that integrators share: constants, so that compiled code folds them."""

# Float numbers of a method, `tab` (see methods.numbers).
MAX_STAGES = 16
TIMES = 0  # c_i
WEIGHTS = 16  # b_i
ERROR = 32  # e_i
ERROR_LOW = 48  # e_i of the lower embedded solution, where two are combined
DENSE = 64  # P_i's coefficients of theta^1 ... theta^7
DEGREES = 7
ROWS = 176  # a_ij, 16 to a row
ONE = 432  # 1.0: the coefficient of an Euler step
ALPHA = 433  # exponents of the step-size controller, and the logarithms of its limits
BETA = 434
EXPONENT = 435
LOG_SHRINK = 436
LOG_GROW = 437
TAB_SIZE = 438

# Integers of a method, `mi` (see methods.integers).
STAGES = 0  # stages of a step, the one at the new state included where the method has it
SUMMED = 1  # stages that the solution sums
TOTAL = 2  # stages with those that only dense output needs
FSAL = 3  # whether the last stage is the first of the next step
ERROR_KIND = 4  # 0 no estimate (fixed step), 1 embedded solution, 2 two of them combined
ORDER = 5
DEGREE = 6  # of the dense output
MI_SIZE = 8

# Float state of a run, `ws`.
T = 0
H = 1  # size proposed for the next step
TAKEN = 2  # size of the step being dealt with
T_END = 3  # its end
NEXT_BREAK = 4
PROPOSED = 5  # size of the step before it was cut to meet a stop
LOG_ERROR = 6
RTOL = 7
MAX_STEP = 8
SPAN = 9
STEP = 10
SEGMENT_T = 11  # where the current row of equal steps began (fixed step)
LOSS = 12
LAST_EVENT_T = 13
TAU = 14  # adjoint of time
ATOL = 15
LEFT = 16  # bracket of an event
RIGHT = 17
LAST_T = 18  # the latest time that the step sees: its end, or the near side of the breakpoint there
STEADY_TOL = 19  # how far nothing may move, in tolerances of a step
REFERENCE_T = 20  # since when nothing has moved so far
DISTURBED_T = 21  # the start, or the last corner of a source
MIDWAY = 22  # how far things had moved halfway, and after how long
MIDWAY_T = 23
MOVED_BY = 24  # how far MOVER moved, in tolerances of a step, and in how long
MOVED_FOR = 25
NOT_BEFORE = 26  # a run does not end before, steady or not
WS_SIZE = 28

# Integer state of a run, `iws`.
PHASE = 0  # one of the following
FIRST = 1  # 1 where the first stage is there already
KIND = 2
AFTER_BREAK = 3
REJECTED = 4  # whether the last attempt was rejected
EXTRA = 5  # whether the stages for dense output are there
STOP_I = 6
STOP_N = 7
LOSS_I = 8
LOSS_N = 9
SAVE_I = 10
SAVE_N = 11  # -1: a row per step
COLUMNS = 12
OUT_N = 13
OUT_CAP = 14
EVENT_N = 15
EVENT_CAP = 16
RECORD = 17
TAPE_N = 18
TAPE_CAP = 19
MARK_N = 20
MARK_CAP = 21
STRIDE = 22
MESH_N = 23  # -1: no mesh
MESH_I = 24
MESH_EVENT_I = 25
MESH_EVENT_N = 26
RELOCATE = 27
BUDGET = 28
STEPS = 29
REJECTIONS = 30
EVALUATIONS = 31
EVENTS_AT_ONCE = 32
SEGMENT_I = 33
STATUS = 34
FRESH = 35  # whether events acted at the start of the step
STEADY = 36  # 0: the end is given; 1: the run ends when it is steady; 2: it is
MOVER = 37  # the unknown that kept the run from being steady, or WATCHED_INPUTS
QUIET_STEPS = 38  # steps since REFERENCE_T
UNWATCHED = 39  # unknowns from here ...
UNWATCHED_END = 40  # ... to before here may move: those of running losses
IWS_SIZE = 52

WATCHED_INPUTS = -1

NOT_STARTED = 0
BETWEEN = 1
DEALING = 2  # a step is taken, rows are still to be written

# What a step is, bit by bit.
KIND_AFTER_BREAK = 1  # it starts at a breakpoint: stages see the right-hand limit
KIND_AT_BREAK = 2  # it ends at a breakpoint: stages see the left-hand limit
KIND_FIXED_END = 4  # its end is a given time: the step size is what is left
KIND_EVENT = 8  # events act at its end
KIND_LOCATED = 16  # the step size is such that a guard is zero at its end
GUARD_SHIFT = 8  # the bits above: the number of that guard

# Why `advance` returned.
FINISHED = 0
STOPPED = 1  # STATUS says why
BUDGET_USED = 2
OUTPUT_FULL = 3
EVENTS_FULL = 4
TAPE_FULL = 5
MARKS_FULL = 6

# Numbers of run.Outcome that compiled code gives.
STEP_TOO_SMALL = 2
NOT_FINITE = 3
TOO_MANY_EVENTS = 5
EVENT_NOT_LOCATED = 6

# Rows of numbers per lane, `c`; the kernels' own are first (`kernel.abi`).
LANE_T = 0  # as abi.LANE_TIME, LANE_SIZE, LANE_NORM
LANE_TAKEN = 1
LANE_NORM = 2
LANE_H = 3
LANE_T_END = 4
LANE_LOG_ERROR = 5
LANE_STANDS = 6  # whether the last step stands
LANE_REJECTIONS = 7
LANE_FIRST = 8  # the number of the lane's steps before its member's first
LANE_LAST = 9  # the number at which it has taken all that it may
LANE_NEXT_SAVE = 10  # infinite where nothing is left to save
LANE_INTERPOLATIONS = 11
LANE_ROWS = 12

# Integers per lane, `m`.
LANE_MEMBER = 0  # or -1
LANE_SAVED = 1
LANE_INTEGERS = 2

# Integers per member, `ended`.
MEMBER_STATUS = 0
MEMBER_STEPS = 1
MEMBER_REJECTIONS = 2
MEMBER_EVALUATIONS = 3
MEMBER_ROWS = 4
MEMBER_SIZE = 5

# Integer state of members side by side, `iws`, beside those of a run that `first_step` uses.
QUEUE = 41  # the next member, and the one behind the last
QUEUE_END = 42
LIVE = 43  # lanes that have a member
MAX_STEPS = 44
TRIED = 45  # steps so far, of every lane
OVER = 46  # lanes that are done after this step
DUE = 47  # lanes with something to save in this step
CHECKED = 48  # whether a member that begins outside its bounds is refused

# Why an ensemble is not run side by side.
OUT_OF_BOUNDS = 1
HAS_CORNERS = 2

TOO_MANY_STEPS = 4
