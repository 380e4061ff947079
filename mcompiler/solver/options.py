"""How a run is integrated: method, tolerances, steps, memory."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from mcompiler.integrators.methods import method_named

#: From this relative tolerance on the method of order 8 costs less.
_TIGHT = 1e-8
_THREADS = 1024
#: Tolerances of a step by which nothing may move in a run until steady: a stiff unknown that rests keeps an error of about one.
_STEADY = 100.0


@dataclass(frozen=True, slots=True)
class RunOptions:
    """Options of a run.

    Attributes:
        method: "auto" (tsit5, or dop853 for tight tolerances and smooth models), or a name of `integrators.methods.METHODS`.
        rtol: relative tolerance per step.
        atol: absolute tolerance per step, in units of every unknown's scale; 0 for that of ``rtol``.
        step: step size in seconds of a fixed-step method; the first step of an adaptive one (0: chosen).
        max_step: no step is longer, in seconds.
        max_steps: accepted and rejected steps in all.
        steady_tol: of a run until steady, how far nothing may move, in units of every unknown's scale and value; 0 for a hundred times ``rtol``.
        memory_limit: bytes for the states that a gradient keeps, beyond which steps are taken again, and for the values that a run saves, beyond which it ends.
        threads: how many threads share the runs of an ensemble, or the work on the synapses of large dense classes; the results are the same to the bit.
    """

    method: str = "auto"
    rtol: float = 1e-6
    atol: float = 0.0
    step: float = 0.0
    max_step: float = float("inf")
    max_steps: int = 1 << 62
    steady_tol: float = 0.0
    memory_limit: int = 1 << 31
    threads: int = 1

    @property
    def absolute(self) -> float:
        """The absolute tolerance in units of the scales."""
        return self.atol or self.rtol

    @property
    def steady(self) -> float:
        """How far nothing may move in a run until steady, in tolerances of a step."""
        return self.steady_tol / self.rtol if self.steady_tol else _STEADY

    def chosen(self, *, is_smooth: bool) -> str:
        """The method: "auto" is tsit5, or dop853 for tight tolerances where the model is smooth (its error estimate can miss a kink)."""
        if self.method != "auto":
            return self.method
        return "dop853" if is_smooth and self.rtol <= _TIGHT else "tsit5"


def with_options(options: RunOptions, *several: Mapping[str, object]) -> RunOptions:
    """The options with changes, the last first; None leaves one as it is.

    Raises:
        ValueError: an option is unknown or makes no sense.
    """
    known = {each.name for each in fields(RunOptions)}
    changes = {name: value for each in several for name, value in each.items() if value is not None}
    unknown = sorted({name for each in several for name in each} - known)
    if unknown:
        raise ValueError(f"unknown option {', '.join(unknown)}; there are {', '.join(sorted(known))}")
    made = replace(options, **changes)  # type: ignore[arg-type]
    _check(made)
    return made


def _check(options: RunOptions) -> None:
    method = method_named(options.chosen(is_smooth=False))
    for name in ("rtol", "absolute", "max_step"):
        if not getattr(options, name) > 0:
            raise ValueError(f"{name} must be positive, not {getattr(options, name)!r}")
    if not 0 <= options.steady_tol < float("inf"):
        raise ValueError(f"steady_tol must be positive, not {options.steady_tol!r}")
    if options.rtol < 1e-15:
        raise ValueError(f"rtol = {options.rtol!r} is below the precision of double numbers; use 1e-14 or more")
    if not 0 <= options.step < float("inf"):
        raise ValueError(f"step must be a positive number of seconds, not {options.step!r}")
    if (
        isinstance(options.threads, bool)
        or not isinstance(options.threads, int)  # pyright: ignore[reportUnnecessaryIsInstance]  (a caller of Python may give anything)
        or not 1 <= options.threads <= _THREADS
    ):
        raise ValueError(f"threads must be a whole number from 1 to {_THREADS}, not {options.threads!r}")
    if not method.adaptive and options.step == 0:
        raise ValueError(
            f"{method.name} takes steps of one size: give it, step=1e-6 (in seconds) or `method {method.name}(step = 1[us])` in the model"
        )
