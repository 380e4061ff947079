"""A progress bar for long work on a terminal; silent in a pipe, and for work that is over before anybody wonders."""

import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

#: Told how far the work is, between 0 and 1.
Report = Callable[[float], None]

_PATIENCE = 0.5  # s: shorter work shows nothing


@contextmanager
def progress_bar(label: str) -> Generator[Report | None, None, None]:
    """Gives what to report to, or None where nobody would see it."""
    if not sys.stderr.isatty():
        yield None
        return
    bar = _Bar(label)
    try:
        yield bar.report
    finally:
        bar.close()


class _Bar:
    """rich is imported when the bar is first drawn."""

    def __init__(self, label: str) -> None:
        self.label = label
        self.since = time.perf_counter()
        self.advance: Report | None = None
        self.stop: Callable[[], None] | None = None

    def report(self, fraction: float) -> None:
        if self.advance is None:
            if time.perf_counter() - self.since < _PATIENCE:
                return
            self.open()
        assert self.advance is not None
        self.advance(fraction)

    def open(self) -> None:
        from rich.console import Console
        from rich.progress import Progress

        shown = Progress(console=Console(stderr=True), transient=True)
        task = shown.add_task(self.label, total=1.0)
        self.stop = shown.stop  # before it starts: an interrupt may come at any time
        shown.start()

        def advance(fraction: float) -> None:
            shown.update(task, completed=fraction)

        self.advance = advance

    def close(self) -> None:
        if self.stop is not None:
            self.stop()
