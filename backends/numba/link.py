"""Bitcode of kernels and integrators to one object: linked, all but the C interface internal, optimised for this CPU.

Contraction comes from flags on the instructions; nothing here reassociates or assumes away NaN or infinity.
"""

from collections.abc import Mapping, Sequence
from functools import cache

import llvmlite.binding as llvm

from mcompiler.backends.numba.interface import takes_layout, with_layout
from mcompiler.kernel.abi import Signature

#: What compiled code may leave to libm and libc.
C_FUNCTIONS = frozenset(
    (
        *("pow", "sqrt", "exp", "expm1", "log", "log1p", "sin", "cos", "tan", "tanh", "sinh", "cosh", "asinh", "atan"),
        *("exp2", "exp10", "log2", "log10", "cbrt", "hypot", "acos", "asin", "acosh", "atanh", "atan2", "erf", "erfc"),
        *("ldexp", "frexp", "fmod", "fma", "fabs", "floor", "ceil", "trunc", "rint", "round", "nearbyint", "copysign"),
        *("fmin", "fmax", "sincos", "memset", "memcpy", "memmove", "tgamma", "lgamma", "nextafter"),
    )
)


def new_target_machine(*, jit: bool = False) -> llvm.TargetMachine:
    """This machine's CPU with all its features, position-independent, optimising fully.

    An execution engine takes its target machine for itself, so each needs a new one (``jit``).
    """
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=f"{llvm.get_host_cpu_features().flatten()},-prefer-256-bit",
        opt=3,
        reloc="pic",
        codemodel="jitdefault" if jit else "default",
        jit=jit,
    )


@cache
def target_machine() -> llvm.TargetMachine:
    """The target machine of this process for everything but execution engines."""
    return new_target_machine()


def link(modules: Sequence[bytes], exported: Mapping[str, Signature], z: Sequence[int] = ()) -> llvm.ModuleRef:
    """One optimised module that defines the exported symbols; what they do not need is gone.

    Args:
        modules: bitcode.
        exported: signatures by C name.
        z: the layout array that the exported functions are for, where it is known.

    Raises:
        ValueError: something is called that is neither there nor in C's library.
    """
    machine = target_machine()
    target = f'target triple = "{machine.triple}"\ntarget datalayout = "{machine.target_data}"\n'
    whole = llvm.parse_assembly(target)
    for each in modules:
        part = llvm.parse_bitcode(each)
        part.triple, part.data_layout = machine.triple, str(machine.target_data)
        whole.link_in(part)
    if z:
        _fix_layout(whole, exported, z, target)
    for each in (*whole.functions, *whole.global_variables):
        if not each.is_declaration and each.name not in exported:
            each.linkage = llvm.Linkage.internal
    whole.verify()
    optimise(whole)
    _check_undefined(whole)
    return whole


def _fix_layout(whole: llvm.ModuleRef, exported: Mapping[str, Signature], z: Sequence[int], target: str) -> None:
    """Puts functions that know the layout array in the place of the exported ones."""
    functions: list[tuple[Signature, str, str]] = []
    for symbol, signature in exported.items():
        if takes_layout(signature):
            inner = f"{symbol}_for_any_layout"
            whole.get_function(symbol).name = inner
            functions.append((signature, symbol, inner))
    whole.link_in(llvm.parse_assembly(with_layout(functions, z, target)))


def optimise(module: llvm.ModuleRef) -> None:
    """The standard passes at level 3, inlining and vectorisation included, in place."""
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    options.loop_vectorization = True
    options.slp_vectorization = True
    options.loop_interleaving = True
    options.loop_unrolling = True
    options.inlining_threshold = 1000  # a sweep belongs into every integrator that calls it
    builder = llvm.create_pass_builder(target_machine(), options)
    builder.getModulePassManager().run(module, builder)


def simplify(module: llvm.ModuleRef) -> None:
    """Inlines and cleans up, in place, what does not depend on kernels: it halves what is left to do for each model."""
    machine = target_machine()
    module.triple, module.data_layout = machine.triple, str(machine.target_data)
    options = llvm.create_pipeline_tuning_options(speed_level=2)
    options.loop_vectorization = options.slp_vectorization = options.loop_interleaving = options.loop_unrolling = False
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)


def emit_object(module: llvm.ModuleRef) -> bytes:
    """Object code of a linked module."""
    return bytes(target_machine().emit_object(module))


def _check_undefined(module: llvm.ModuleRef) -> None:
    unknown = [name for name in undefined_symbols(module) if name not in C_FUNCTIONS]
    if unknown:
        raise ValueError(f"compiled code calls what is not there: {', '.join(unknown)}")


def undefined_symbols(module: llvm.ModuleRef) -> tuple[str, ...]:
    """Names that the module calls and does not define, LLVM's intrinsics left out."""
    return tuple(
        sorted(each.name for each in module.functions if each.is_declaration and not each.name.startswith("llvm."))
    )
