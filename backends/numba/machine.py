"""Kernels and entries to optimised code and an object.

Small kernels become part of the integrators that call them: one module. Kernels with loops are a module of their own, beside the integrators' object, which
is the same for all of them.
"""

from collections.abc import Callable, Mapping, Sequence

import llvmlite.binding as llvm

from mcompiler.backends.artifact import INTEGRATORS_OBJECT, KERNELS_OBJECT, symbol
from mcompiler.backends.llvm.emit import emit
from mcompiler.backends.llvm.lines import Lines
from mcompiler.backends.numba import integrators, link
from mcompiler.backends.numba.shared import shared_library
from mcompiler.backends.protocols import CompileOptions
from mcompiler.integrators.entries import Entry
from mcompiler.kernel.abi import WORK, Signature
from mcompiler.kernel.ir import KernelModule

#: Says that a stage is over.
Lap = Callable[[str], None]


def files(
    kernels: KernelModule,
    entries: Sequence[Entry],
    options: CompileOptions,
    exported: Mapping[str, Signature],
    lap: Lap,
) -> dict[str, bytes]:
    """The objects of all exported functions by suffix, and the shared library where there is a linker, under "so"."""
    made: dict[str, bytes] = {}
    if kernels.z or not entries:
        module = optimised(kernels, entries, options, exported, lap)
    else:
        beside = integrators.linked(entries, options)
        link.check_symbols(each for each in beside.calls if each not in exported)
        made[INTEGRATORS_OBJECT] = beside.object_code
        lap("integrators")
        module = _kernels(kernels, options, exported, lap)
    made[KERNELS_OBJECT] = link.emit_object(module, options.cpu)
    lap("object")
    library = shared_library(list(made.values()))
    lap("shared library")
    return made | ({} if library is None else {"so": library})


def optimised(
    kernels: KernelModule,
    entries: Sequence[Entry],
    options: CompileOptions,
    exported: Mapping[str, Signature],
    lap: Lap,
) -> llvm.ModuleRef:
    """The optimised module of all exported functions."""
    if not kernels.z:
        module = _kernels(kernels, options, exported, lap)
        return _with_integrators(module, integrators.linked(entries, options), exported) if entries else module
    others = [integrators.linked(entries, options).simplified] if entries else []
    lap("integrators")
    text, *functions = _emitted(kernels, options, lap)
    module = link.link([text, *others, *functions], exported, kernels.z, options.cpu)
    lap("link and optimise")
    return module


def _emitted(kernels: KernelModule, options: CompileOptions, lap: Lap, lines: Lines | None = None) -> list[str | bytes]:
    """The kernels' text, and the elementary functions of ours that they call."""
    emitted = emit(kernels, contraction=options.contraction, lines=lines)
    lap("kernels")
    functions = integrators.elementary(options) if emitted.calls_ours else []
    lap("integrators")
    return [emitted.text, *functions]


def _kernels(
    kernels: KernelModule, options: CompileOptions, exported: Mapping[str, Signature], lap: Lap
) -> llvm.ModuleRef:
    names = [symbol(each.signature.name) for each in kernels.kernels] + [symbol(WORK.name)]
    own = {name: exported[name] for name in names if name in exported}
    module = link.link(_emitted(kernels, options, lap), own, cpu=options.cpu)
    lap("link and optimise")
    return module


def optimised_kernels(kernels: KernelModule, options: CompileOptions, lines: Lines) -> llvm.ModuleRef:
    """The optimised kernels alone, their instructions marked with the statements that they come from."""
    exported = {symbol(each.signature.name): each.signature for each in kernels.kernels}
    return link.link(_emitted(kernels, options, lambda _stage: None, lines), exported, kernels.z, options.cpu)


def _with_integrators(
    module: llvm.ModuleRef, beside: integrators.Linked, exported: Mapping[str, Signature]
) -> llvm.ModuleRef:
    whole = link.joined([bytes(module.as_bitcode()), beside.optimised], exported)
    link.check_symbols(link.missing_symbols(whole))
    return whole
