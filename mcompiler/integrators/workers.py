"""Pieces of work in threads: numbered, started in order, ended by Ctrl-C. Compiled code runs without Python's lock."""

import threading
from collections.abc import Callable
from typing import TypeAlias

from mcompiler.integrators.pace import PERIOD

#: Does the piece with this number; looks now and then whether it is to stop.
Work: TypeAlias = Callable[[int, Callable[[], bool]], None]


def in_threads(count: int, threads: int, work: Work, look: Callable[[], None] = lambda: None) -> bool:
    """Every piece of work, ``threads`` of them at a time; whether all were done.

    Args:
        count: of the pieces.
        threads: how many there are besides this one, which waits; 1 for this one alone.
        work: does one piece. What it raises is raised here, that of the piece with the lowest number, when the others have stopped.
        look: called now and then by this thread. KeyboardInterrupt from it, or at any time, stops all.
    """
    if threads == 1:
        return _alone(count, work, look)
    stopped, lock = threading.Event(), threading.Lock()
    numbers = iter(range(count))
    raised: dict[int, BaseException] = {}

    def take() -> None:
        while not stopped.is_set():
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            try:
                work(number, stopped.is_set)
            except BaseException as error:  # noqa: BLE001 - raised again by who waits
                raised[number] = error
                stopped.set()

    workers = [threading.Thread(target=take) for _ in range(min(threads, count))]
    interrupted = False
    for each in workers:
        each.start()
    while any(each.is_alive() for each in workers):
        try:
            for each in workers:
                each.join(PERIOD / len(workers))
            look()
        except KeyboardInterrupt:
            interrupted = True
            stopped.set()
    if raised:
        raise raised[min(raised)]
    return not interrupted


def _alone(count: int, work: Work, look: Callable[[], None]) -> bool:
    try:
        for number in range(count):
            work(number, lambda: False)
            look()
    except KeyboardInterrupt:
        return False
    return True
