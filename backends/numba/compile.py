"""Python functions to LLVM bitcode through numba: plain C functions, calls to others left as external symbols.

numba makes unoptimised code only; whoever links it optimises the whole. Every function gets a wrapper with its C name
and C arguments; numba's own calling convention stays inside. With numpy's error model nothing raises, so no Python
symbol is left after optimisation.
"""

from collections.abc import Callable, Mapping
from types import CodeType, FunctionType
from typing import Any

import llvmlite.binding as llvm
import numba.core.codegen  # pyright: ignore[reportUnusedImport]  (used as _core.codegen)
import numba.core.compiler  # pyright: ignore[reportUnusedImport]  (used as _core.compiler)
import numba.core.compiler_lock  # pyright: ignore[reportUnusedImport]  (used as _core.compiler_lock)
import numba.core.cpu_options  # pyright: ignore[reportUnusedImport]  (used as _core.cpu_options)
import numba.core.registry  # pyright: ignore[reportUnusedImport]  (used as _core.registry)
import numba.core.types  # pyright: ignore[reportUnusedImport]  (used as _core.types)

from mcompiler.backends.artifact import symbol as symbol_of
from mcompiler.backends.cpu import NATIVE
from mcompiler.backends.elementary import ELEMENTARY as OURS
from mcompiler.backends.elementary import is_ours
from mcompiler.backends.numba import link
from mcompiler.backends.numba.interface import around_numba
from mcompiler.backends.numba.select import RECAST, SELECTED
from mcompiler.backends.values import CONSTANTS, ELEMENTARY
from mcompiler.kernel.abi import F64, F64_ARRAY, I64, I64_ARRAY, NOTHING, Signature

# numba is typed in part only, and what it is given here at run time does not fit those parts.
_core: Any = numba.core
types: Any = _core.types

_TYPES = {
    F64: types.float64,
    I64: types.int64,
    F64_ARRAY: types.CPointer(types.float64),
    I64_ARRAY: types.CPointer(types.int64),
    # A C function without result gives 0 inside the module: numba would call it as if it gave a pointer. C callers do
    # not see the difference.
    NOTHING: types.int64,
}
_RESULTS = {F64: types.float64, I64: types.int64, NOTHING: types.void}
# LLVM knows what these do and needs no call for some of them; the rest are libm's by name.
_INTRINSICS = {"pow", "sqrt", "exp", "log", "sin", "cos", "floor"}


class _Library(_core.codegen.AOTCodeLibrary):  # type: ignore[misc]
    """numba's code library without its optimiser: the linked module is optimised once."""

    def _optimize_functions(self, ll_module: Any) -> None:
        pass

    def _optimize_final_module(self) -> None:
        pass


class _Codegen(_core.codegen.AOTCPUCodegen):  # type: ignore[misc]
    _library_class = _Library


class Frontend:
    """Compiles functions to bitcode. One per process and use: making it costs numba's start."""

    def __init__(self, *, contraction: bool = True, cpu: str = NATIVE) -> None:
        self._cpu = cpu
        # numba compiles its own overloads (min and max are such) for its one CPU target: only a subtarget finds them.
        target = _core.registry.cpu_target
        self._typing = target.typing_context
        self._target = target.target_context.subtarget(_internal_codegen=_Codegen("mcompiler"))
        self._typing.refresh()
        self._target.refresh()
        self._flags: Any = _core.compiler.Flags()
        self._flags.error_model = "numpy"
        self._flags.fastmath = _core.cpu_options.FastMathOptions({"contract"} if contraction else False)
        self._flags.no_compile = True
        self._flags.no_cpython_wrapper = True
        self._flags.no_cfunc_wrapper = True

    def compile(
        self,
        function: Callable[..., object],
        signature: Signature,
        symbol: str,
        *,
        apart: bool = False,
        inlined: bool = False,
    ) -> bytes:
        """Simplified bitcode that defines the C function ``symbol``.

        Args:
            function: in numba's subset of Python.
            signature: its C interface.
            symbol: its C name.
            apart: promises that its arrays do not overlap, as those of a kernel.
            inlined: whether it must become part of what calls it.
        """
        arguments = [_TYPES[argument.type] for argument in signature.arguments]
        with _core.compiler_lock.global_compiler_lock:
            result = _core.compiler.compile_extra(
                self._typing, self._target, function, arguments, _RESULTS[signature.result], self._flags, {}
            )
            module = llvm.parse_bitcode(result.library.emit_bitcode())
        inner = result.fndesc.llvm_func_name
        module.link_in(
            llvm.parse_assembly(
                around_numba(signature, symbol, inner, _target_lines(module), apart=apart, inlined=inlined)
            )
        )
        for each in module.functions:
            if not each.is_declaration and each.name != symbol:
                each.linkage = llvm.Linkage.internal
        for each in module.global_variables:
            if not each.is_declaration:
                each.linkage = llvm.Linkage.internal
        if not apart:
            link.simplify(module, self._cpu)
        return bytes(module.as_bitcode())


def elementary_functions(*, in_loops: bool = True) -> dict[str, object]:
    """What generated text calls: external C functions (ours, where loops are to be vectorised) and selections; and its two constants."""
    found = {each.signature.name: external(each.signature, symbol_of(each.signature.name)) for each in OURS}
    for name in ELEMENTARY:
        if not is_ours(name, in_loops=in_loops):
            symbol = "llvm.fabs.f64" if name == "abs" else f"llvm.{name}.f64" if name in _INTRINSICS else name
            found[name] = types.ExternalFunction(symbol, types.float64(*[types.float64] * (2 if name == "pow" else 1)))
    return {**CONSTANTS, **found, **SELECTED, **RECAST}


def _target_lines(module: Any) -> str:
    return f'target triple = "{module.triple}"\ntarget datalayout = "{module.data_layout}"\n'


def external(signature: Signature, symbol: str) -> object:
    """The function behind a C symbol, to be called from compiled code."""
    return types.ExternalFunction(
        symbol, _TYPES[signature.result](*[_TYPES[argument.type] for argument in signature.arguments])
    )


def functions_of(text: str, name: str, namespace: Mapping[str, object]) -> dict[str, FunctionType]:
    """The functions that a generated text defines, in this namespace."""
    code: CodeType = compile(text, f"<{name}>", "exec", dont_inherit=True)
    scope: dict[str, object] = dict(namespace)
    exec(code, scope)  # noqa: S102 - our own generated text: no user text goes in except names and comments
    return {key: value for key, value in scope.items() if isinstance(value, FunctionType)}
