"""Machine code into this process: the shared library through ctypes, or else the objects through llvmlite."""

import ctypes
import itertools
import os
import tempfile
from pathlib import Path

from mcompiler.backends.artifact import Artifact
from mcompiler.backends.calls import NativeLibrary, native_library

_NUMBERS = itertools.count(1)


def load(artifact: Artifact) -> NativeLibrary:
    """The artifact's functions; imports llvmlite only where no shared library can be opened."""
    if artifact.shared is None:
        return load_object(artifact)
    try:
        opened = _opened(artifact.shared)
    except OSError:  # a system that runs nothing from where this process can write
        return load_object(artifact)
    return native_library(artifact.manifest.functions, lambda name: _place(opened, name), opened)


def load_object(artifact: Artifact) -> NativeLibrary:
    """The functions of the artifact's objects, linked in memory by LLVM."""
    import llvmlite.binding as llvm

    from mcompiler.backends.numba.link import new_target_machine

    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), new_target_machine(jit=True))
    for each in artifact.objects:
        engine.add_object_file(llvm.ObjectFileRef.from_data(each))
    engine.finalize_object()
    return native_library(artifact.manifest.functions, engine.get_function_address, engine)


def _opened(content: bytes) -> ctypes.CDLL:
    """A shared library from verified bytes: never from the cache folder, where another process may have written since."""
    if not hasattr(os, "memfd_create"):
        return _opened_from_disk(content)
    try:
        handle = os.memfd_create("mcompiler", os.MFD_CLOEXEC)
    except OSError:
        return _opened_from_disk(content)
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
        stream.flush()
        try:
            return ctypes.CDLL(_new_name(handle))
        except OSError:  # no /proc, or memory that may not be executed
            return _opened_from_disk(content)


def _new_name(handle: int) -> str:
    """A path to an open file that no library was opened by: the system's loader takes libraries of one path for one, and handles are given again."""
    number = "".join("/." if bit == "1" else "/" for bit in f"{next(_NUMBERS):b}")
    return f"/proc/self/fd{number}/{handle}"


def _opened_from_disk(content: bytes) -> ctypes.CDLL:
    """From a folder of this process alone, which is gone when the library is open."""
    with tempfile.TemporaryDirectory(prefix="mcompiler-") as folder:
        path = Path(folder, "model.so")
        path.write_bytes(content)
        return ctypes.CDLL(str(path))


def _place(opened: ctypes.CDLL, name: str) -> int:
    place = ctypes.cast(getattr(opened, name), ctypes.c_void_p).value
    assert place is not None
    return place
