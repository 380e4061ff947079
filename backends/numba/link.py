"""Bitcode of kernels and integrators to one object: linked, all but the C interface internal, optimised for this CPU.

Contraction comes from flags on the instructions; nothing here reassociates or assumes away NaN or infinity.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

import llvmlite.binding as llvm

from mcompiler.backends.cpu import CPUID, LEVELS, NATIVE
from mcompiler.backends.numba.interface import takes_layout, with_layout
from mcompiler.kernel.abi import Signature

#: What compiled code may leave to libm and libc.
C_FUNCTIONS = frozenset(
    (
        *("pow", "sqrt", "exp", "expm1", "log", "log1p", "sin", "cos", "tan", "tanh", "sinh", "cosh", "asinh", "atan"),
        *("exp2", "exp10", "log2", "log10", "cbrt", "hypot", "acos", "asin", "acosh", "atanh", "atan2", "erf", "erfc"),
        *("ldexp", "frexp", "fmod", "fma", "fabs", "floor", "ceil", "trunc", "rint", "round", "nearbyint", "copysign"),
        *("sched_yield", "fmin", "fmax", "sincos", "memset", "memcpy", "memmove", "tgamma", "lgamma", "nextafter"),
    )
)


@cache
def _initialise() -> None:
    """LLVM for this machine. Its loop strength reduction keeps a pointer per array and loop, too many for the registers where a row has several loops."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    llvm.set_option("mcompiler", "-disable-lsr")


def new_target_machine(*, jit: bool = False, cpu: str = NATIVE) -> llvm.TargetMachine:
    """This machine's CPU with all its features, or one of `cpu.LEVELS`; position-independent, optimising fully.

    An execution engine takes its target machine for itself, so each needs a new one (``jit``).
    """
    _initialise()
    features = [llvm.get_host_cpu_features().flatten()] if cpu == NATIVE else []
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name() if cpu == NATIVE else cpu,
        features=",".join([*features, "-prefer-256-bit"]),
        opt=3,
        reloc="pic",
        codemodel="jitdefault" if jit else "default",
        jit=jit,
    )


@cache
def target_machine(cpu: str = NATIVE) -> llvm.TargetMachine:
    """The target machine of this process for everything but execution engines."""
    return new_target_machine(cpu=cpu)


def needed_features(cpu: str) -> tuple[str, ...]:
    """What a machine must have to run code for this CPU, as far as `cpu.CPUID` tells it."""
    if cpu != NATIVE:
        return LEVELS[cpu]
    return tuple(name for name, is_there in llvm.get_host_cpu_features().items() if is_there and name in CPUID)


def link(
    modules: Sequence[bytes | str], exported: Mapping[str, Signature], z: Sequence[int] = (), cpu: str = NATIVE
) -> llvm.ModuleRef:
    """One optimised module that defines the exported symbols; what they do not need is gone.

    Args:
        modules: bitcode, or LLVM's text.
        exported: signatures by C name.
        z: the layout array that the exported functions are for, where it is known.
        cpu: whom the code is for.

    Raises:
        ValueError: something is called that is neither there nor in C's library.
    """
    whole = joined(modules, exported)
    if z:
        _fix_layout(whole, exported, z)
        _internalise(whole, exported)
    whole.verify()
    optimise(whole, cpu)
    check_symbols(missing_symbols(whole))
    return whole


def joined(modules: Sequence[bytes | str], exported: Iterable[str]) -> llvm.ModuleRef:
    """The modules as one, as they are; all but the exported symbols is internal."""
    whole, kept = llvm.parse_assembly(_target_lines()), frozenset(exported)
    for each in modules:
        part = llvm.parse_bitcode(each) if isinstance(each, bytes) else llvm.parse_assembly(each)
        part.triple, part.data_layout = whole.triple, whole.data_layout
        whole.link_in(part)
    _internalise(whole, kept)
    return whole


def together(modules: Sequence[bytes], offered: Iterable[str], *, on_demand: bool = False) -> bytes:
    """The bitcode of several modules as one that offers functions of these names; on demand, only those are linked that were called before."""
    whole = joined(modules, offered)
    for each in whole.functions:
        if on_demand and each.linkage is llvm.Linkage.external and not each.is_declaration:
            each.linkage = llvm.Linkage.linkonce_odr
    return bytes(whole.as_bitcode())


def drop_unused(module: llvm.ModuleRef) -> None:
    """Removes, in place, what the exported functions do not need."""
    passes = llvm.create_new_module_pass_manager()
    passes.add_global_dead_code_eliminate_pass()
    passes.run(module, llvm.create_pass_builder(target_machine(), llvm.create_pipeline_tuning_options()))


def _target_lines() -> str:
    machine = target_machine()
    return f'target triple = "{machine.triple}"\ntarget datalayout = "{machine.target_data}"\n'


def _internalise(module: llvm.ModuleRef, exported: Iterable[str]) -> None:
    kept = frozenset(exported)
    for each in (*module.functions, *module.global_variables):
        if not each.is_declaration:
            each.linkage = llvm.Linkage.external if each.name in kept else llvm.Linkage.internal


def _fix_layout(whole: llvm.ModuleRef, exported: Mapping[str, Signature], z: Sequence[int]) -> None:
    """Puts functions that know the layout array in the place of the exported ones."""
    functions: list[tuple[Signature, str, str]] = []
    for symbol, signature in exported.items():
        if takes_layout(signature):
            inner = f"{symbol}_for_any_layout"
            whole.get_function(symbol).name = inner
            functions.append((signature, symbol, inner))
    whole.link_in(llvm.parse_assembly(with_layout(functions, z, _target_lines())))


def optimise(module: llvm.ModuleRef, cpu: str = NATIVE) -> None:
    """The standard passes at level 3, inlining and vectorisation included, in place."""
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    options.loop_vectorization = True
    options.slp_vectorization = True
    options.loop_interleaving = True
    options.loop_unrolling = True
    options.inlining_threshold = 1000  # a sweep belongs into every integrator that calls it
    builder = llvm.create_pass_builder(target_machine(cpu), options)
    builder.getModulePassManager().run(module, builder)


def simplify(module: llvm.ModuleRef, cpu: str = NATIVE) -> None:
    """Inlines and cleans up, in place, what does not depend on kernels: it halves what is left to do for each model."""
    machine = target_machine(cpu)
    module.triple, module.data_layout = machine.triple, str(machine.target_data)
    options = llvm.create_pipeline_tuning_options(speed_level=2)
    options.loop_vectorization = options.slp_vectorization = options.loop_interleaving = options.loop_unrolling = False
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)


def emit_object(module: llvm.ModuleRef, cpu: str = NATIVE) -> bytes:
    """Object code of a linked module."""
    return bytes(target_machine(cpu).emit_object(module))


def rename(module: llvm.ModuleRef, names: Mapping[str, str]) -> None:
    """Gives functions other C names, which nobody outside the program or library sees that they are linked into."""
    for name, other in names.items():
        function = module.get_function(name)
        function.name = other
        function.visibility = "hidden"


def check_symbols(names: Iterable[str]) -> None:
    """Refuse code that calls what is not there.

    Raises:
        ValueError: there are such names.
    """
    if missing := sorted(set(names)):
        raise ValueError(f"compiled code calls what is not there: {', '.join(missing)}")


def missing_symbols(module: llvm.ModuleRef) -> tuple[str, ...]:
    """Names that the module calls and that neither it nor C's library defines."""
    return tuple(each for each in undefined_symbols(module) if each not in C_FUNCTIONS)


def undefined_symbols(module: llvm.ModuleRef) -> tuple[str, ...]:
    """Names that the module calls and does not define, LLVM's intrinsics left out."""
    return tuple(
        sorted(each.name for each in module.functions if each.is_declaration and not each.name.startswith("llvm."))
    )
