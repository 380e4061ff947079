"""Backends: each turns kernels into code that runs, behind the same small protocols.

`protocols` says how they are used. The only rooms that import numba and llvmlite. No equations enter here: kernels and
their layout are all a backend sees.
"""

import difflib
from importlib import import_module
from typing import TYPE_CHECKING, Any

from mcompiler.backends.protocols import Compiles, Runs

if TYPE_CHECKING:
    from mcompiler.backends import interpreter, python
    from mcompiler.backends.numba import backend as numba

    _CONFORM: tuple[Compiles, Runs, Runs] = (numba, python, interpreter)

#: Where each backend is; it is imported when it is asked for.
BACKENDS = {
    "numba": "mcompiler.backends.numba.backend",
    "python": "mcompiler.backends.python",
    "interpreter": "mcompiler.backends.interpreter",
}


def get_backend(name: str) -> Compiles | Runs:
    """The backend of this name.

    ``numba`` makes an artifact (`Compiles`); ``python`` and ``interpreter`` run kernels as they are (`Runs`).

    Raises:
        ValueError: there is none of this name; the message says what there is.
    """
    if name not in BACKENDS:
        near = difflib.get_close_matches(name, BACKENDS, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"no backend {name!r}: there is {', '.join(BACKENDS)}{hint}")
    backend: Any = import_module(BACKENDS[name])
    assert isinstance(backend, Compiles | Runs)
    return backend
