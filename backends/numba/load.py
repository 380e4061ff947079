"""Machine code into this process: the shared library through ctypes, or else the object through llvmlite."""

import ctypes

from mcompiler.backends.artifact import Artifact
from mcompiler.backends.calls import NativeLibrary, native_library


def load(artifact: Artifact) -> NativeLibrary:
    """The artifact's functions; imports llvmlite only where there is no shared library."""
    if artifact.library is None:
        return _load_object(artifact)
    opened = ctypes.CDLL(str(artifact.library))
    signatures = artifact.manifest.functions
    return native_library(signatures, lambda name: _place(opened, name), opened)


def _place(opened: ctypes.CDLL, name: str) -> int:
    place = ctypes.cast(getattr(opened, name), ctypes.c_void_p).value
    assert place is not None
    return place


def _load_object(artifact: Artifact) -> NativeLibrary:
    import llvmlite.binding as llvm

    from mcompiler.backends.numba.link import target_machine

    machine = target_machine(jit=True)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
    engine.add_object_file(llvm.ObjectFileRef.from_data(artifact.object_code))
    engine.finalize_object()
    return native_library(artifact.manifest.functions, engine.get_function_address, engine)
