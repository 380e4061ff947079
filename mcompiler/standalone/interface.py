"""C source of what Python and C must agree on: functions, arrays and slots of the integrators, codes and messages."""

from mcompiler.integrators import slots
from mcompiler.integrators.interface import Outcome
from mcompiler.integrators.signatures import ADVANCE, REPLAY, REVERSE
from mcompiler.kernel import abi
from mcompiler.kernel.abi import F64, F64_ARRAY, I64, I64_ARRAY, NOTHING, Signature
from mcompiler.solution import Status

_TYPES = {F64: "double", I64: "int64_t", F64_ARRAY: "double *", I64_ARRAY: "int64_t *", NOTHING: "void"}

#: What the runtime calls; the second where there is a loss, and `abi.WORK` where kernels have tasks for several threads.
FORWARD = (abi.INITIAL, abi.PROJECT, abi.SWEEP, abi.SCALE, abi.BREAKPOINT, abi.OBSERVE, ADVANCE)
WITH_LOSS = (abi.INITIAL_PULLBACK, abi.LOSS_PULLBACK, REPLAY, REVERSE)
#: Those whose arguments are the arrays of a run.
_CALLED = (ADVANCE, REPLAY, REVERSE)

_LAYOUT_SLOTS = (
    "N_UNKNOWNS",
    "N_PARAMETERS",
    "N_GUARDS",
    "N_SCRATCH",
    "N_OBSERVABLES",
    "N_POOL",
    "POOL_SIZE",
    "POOL_STOP",
)
_METHOD_SLOTS = ("STAGES", "SUMMED", "TOTAL", "FSAL", "ERROR_KIND", "DEGREE")
_RUN_SLOTS = (
    *(
        "T",
        "NEXT_BREAK",
        "RTOL",
        "MAX_STEP",
        "SPAN",
        "STEP",
        "LOSS",
        "ATOL",
        "STEADY_TOL",
        "REFERENCE_T",
        "DISTURBED_T",
    ),
    *("MOVED_BY", "MOVED_FOR", "NOT_BEFORE", "WS_SIZE", "FIRST", "STOP_I", "STOP_N", "LOSS_I", "LOSS_N", "SAVE_N"),
    *("COLUMNS", "OUT_N", "OUT_CAP", "EVENT_N", "EVENT_CAP", "RECORD", "TAPE_N", "TAPE_CAP", "MARK_N", "MARK_CAP"),
    *("STRIDE", "MESH_N", "MESH_EVENT_I", "MESH_EVENT_N", "RELOCATE", "BUDGET", "STEPS", "REJECTIONS", "EVALUATIONS"),
    *("STATUS", "STEADY", "MOVER", "UNWATCHED", "UNWATCHED_END", "IWS_SIZE", "WATCHED_INPUTS"),
    *("FINISHED", "STOPPED", "BUDGET_USED", "OUTPUT_FULL", "EVENTS_FULL", "TAPE_FULL", "MARKS_FULL", "MI_SIZE"),
)

#: Codes beside the outcomes of a run, in the runtime's words: number and message.
CODES: dict[str, tuple[int, str]] = {
    "RUNNING": (10, "the run goes on: step again"),
    "UNKNOWN_NAME": (20, "the model has nothing of this name or number"),
    "WRONG_VALUE": (21, "a value, an option or a time makes no sense"),
    "OUTSIDE_BOUNDS": (22, "a state would begin outside its bounds"),
    "NO_MEMORY": (23, "there is too little memory"),
    "WRONG_CPU": (24, "the model was compiled for another CPU: this one lacks instructions; build it for an older one"),
    "NO_LOSS": (25, "the model has no loss"),
    "NOT_STARTED": (26, "there is nothing to go on with, or to read: start, or ask for the gradient, first"),
}
#: Names of the runtime's constants where they would be those of slots.
_INSIDE = {"STEADY": "STEADY_REACHED", "NOT_STARTED": "NOT_STARTED_YET"}

#: Functions of formulas that the runtime knows, beside numbers and quantities.
FORMULA_FUNCTIONS = (
    *("add", "sub", "mul", "div", "neg", "pow", "sqrt", "abs", "exp", "log", "sin", "cos", "min", "max"),
)


def codes() -> dict[str, tuple[int, str]]:
    """All codes that a function of the library gives: number and message by name."""
    return {each.name: (each.value, Status[each.name].value) for each in Outcome} | CODES


def kernels_header() -> str:
    """``kernels.h``: slots, codes, the arrays of a run, and calls of functions that take them."""
    return "\n".join(
        [
            "/* What compiled functions take: slots of arrays, arrays, function pointers. */",
            "#include <stdint.h>",
            f"enum {{ {', '.join(f'MC_{name} = {getattr(abi, name)}' for name in _LAYOUT_SLOTS)} }};",
            f"enum {{ {', '.join(f'MC_MI_{name} = {getattr(slots, name)}' for name in _METHOD_SLOTS)} }};",
            f"enum {{ {', '.join(f'MC_{name} = {getattr(slots, name)}' for name in _RUN_SLOTS)} }};",
            f"enum {{ MC_OK = 0, {', '.join(f'MC_{_INSIDE.get(name, name)} = {number}' for name, (number, _) in codes().items())} }};",
            f"enum {{ MC_FORMULA_NUMBER, MC_FORMULA_QUANTITY, {', '.join(f'MC_FORMULA_{name.upper()}' for name in FORMULA_FUNCTIONS)} }};",
            "enum { MC_SIGNAL_OTHER = 2, MC_SIGNAL_UNKNOWN = 3 };",
            _arrays(),
            _functions(),
            *(_call(each) for each in _CALLED),
            "",
        ]
    )


def messages() -> str:
    """A table of codes and messages."""
    rows = ", ".join(f"{{{number}, {quoted(message)}}}" for number, message in codes().values())
    return f"static const struct {{ int code; const char *message; }} mc_codes[] = {{{rows}}};"


def prototypes(prefix: str, *, with_loss: bool, has_tasks: bool) -> str:
    """Declarations of a system's functions."""
    own = _functions_of(with_loss=with_loss, has_tasks=has_tasks)
    return "\n".join(f"{_TYPES[each.result]} {prefix}_{each.name}({_parameters(each)});" for each in own)


def function_table(prefix: str, *, with_loss: bool, has_tasks: bool) -> str:
    """An initialiser of ``mc_functions``."""
    own = _functions_of(with_loss=with_loss, has_tasks=has_tasks)
    return f"{{{', '.join(f'.{each.name} = {prefix}_{each.name}' for each in own)}}}"


def quoted(text: str) -> str:
    """The text as a C string."""
    safe = "".join(
        chr(each) if 32 <= each < 127 and chr(each) not in '"\\?' else f"\\{each:03o}" for each in text.encode()
    )
    return f'"{safe}"'


def _functions_of(*, with_loss: bool, has_tasks: bool) -> tuple[Signature, ...]:
    return FORWARD + (WITH_LOSS if with_loss else ()) + ((abi.WORK,) if has_tasks else ())


def _parameters(signature: Signature) -> str:
    return ", ".join(f"{_TYPES[each.type]}" for each in signature.arguments)


def _arrays() -> str:
    types = {each.name: _TYPES[each.type] for signature in _CALLED for each in signature.arguments}
    return f"typedef struct {{ {' '.join(f'{kind} {name};' for name, kind in types.items())} }} mc_arrays;"


def _functions() -> str:
    own = [f"{_TYPES[each.result]} (*{each.name})({_parameters(each)});" for each in (*FORWARD, *WITH_LOSS, abi.WORK)]
    return f"typedef struct {{ {' '.join(own)} }} mc_functions;"


def _call(signature: Signature) -> str:
    given = ", ".join(f"(a).{each.name}" for each in signature.arguments)
    return f"#define MC_CALL_{signature.name.upper()}(f, a) (f).{signature.name}({given})"
