"""Machine code into this process: the shared library through ctypes, or else the object through llvmlite."""

import ctypes

from mcompiler.backends.artifact import Artifact
from mcompiler.backends.calls import NativeLibrary, native_library


def load(artifact: Artifact) -> NativeLibrary:
    """The artifact's functions; imports llvmlite only where no shared library can be opened."""
    if artifact.library is None:
        return load_object(artifact)
    try:
        opened = ctypes.CDLL(str(artifact.library))
    except OSError:  # gone from the cache by now, or on a file system that runs nothing
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


def _place(opened: ctypes.CDLL, name: str) -> int:
    place = ctypes.cast(getattr(opened, name), ctypes.c_void_p).value
    assert place is not None
    return place
