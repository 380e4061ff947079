"""Threads that wait for tasks of kernels while a run lasts."""

from collections.abc import Generator
from contextlib import contextmanager
from threading import Thread

import numpy as np

from mcompiler.integrators.interface import Functions
from mcompiler.integrators.tape import Integers
from mcompiler.integrators.workspace import zeros
from mcompiler.kernel.abi import N_POOL, POOL_SIZE, POOL_STOP, WORK


@contextmanager
def waiting_threads(functions: Functions, z: Integers, threads: int) -> Generator[Integers, None, None]:
    """The layout array for kernels that share their tasks with this many threads in all, the caller's among them.

    Backends that run Python, and models whose kernels have no tasks, need no more than the caller's.
    """
    if threads < 2 or WORK.name not in getattr(functions, "names", ()):
        yield z
        return
    pool = zeros(POOL_SIZE, np.int64)
    with_pool = z.copy()
    with_pool[N_POOL] = pool.ctypes.data
    others = [Thread(target=functions[WORK.name], args=(pool,), daemon=True) for _ in range(threads - 1)]
    for each in others:
        each.start()
    try:
        yield with_pool
    finally:
        pool[POOL_STOP] = 1
        for each in others:
            each.join()
