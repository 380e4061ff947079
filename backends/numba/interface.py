"""LLVM text of C functions around others: one that hides numba's calling convention, one that knows the layout array."""

from collections.abc import Sequence

from mcompiler.kernel.abi import F64, F64_ARRAY, I64, I64_ARRAY, NOTHING, Signature

# A C function without result gives 0 inside the module; C callers do not see the difference.
_TYPES = {F64: "double", I64: "i64", F64_ARRAY: "ptr", I64_ARRAY: "ptr", NOTHING: "i64"}

_LAYOUT = "z"


def around_numba(
    signature: Signature, symbol: str, inner: str, target: str, *, apart: bool, inlined: bool = False
) -> str:
    """The C function ``symbol`` around numba's ``inner``, whose return slot and exception slot stay inside.

    Args:
        signature: the function's arguments and result.
        symbol: its C name.
        inner: numba's name.
        target: lines that name triple and data layout.
        apart: promises that its arrays do not overlap.
        inlined: whether it must become part of what calls it.
    """
    kinds = [_TYPES[argument.type] for argument in signature.arguments]
    given = [f"{kind} %a{place}" for place, kind in enumerate(kinds)]
    taken = [each.replace("ptr ", "ptr noalias ") for each in given] if apart else given
    result = _TYPES[signature.result]
    back = "ret i64 0" if signature.result == NOTHING else f"%value = load {result}, ptr %slot\n  ret {result} %value"
    return f"""{target}
declare i32 @"{inner}"({", ".join(["ptr", "ptr", *kinds])})
define {result} @{symbol}({", ".join(taken)}){" alwaysinline" if inlined else ""} {{
  %slot = alloca {result}
  %status = call i32 @"{inner}"({", ".join(["ptr %slot", "ptr null", *given])})
  {back}
}}
"""


def takes_layout(signature: Signature) -> bool:
    """Whether the function has the layout array as an argument."""
    return any(argument.name == _LAYOUT for argument in signature.arguments)


def with_layout(functions: Sequence[tuple[Signature, str, str]], z: Sequence[int], target: str) -> str:
    """C functions that call others with this layout array, whatever they are given; sizes are constants for the optimiser then.

    Args:
        functions: signature, C name and name of what is called of each.
        z: the layout array.
        target: lines that name triple and data layout.
    """
    values = ", ".join(f"i64 {value}" for value in z)
    constant = f"@layout = internal constant [{len(z)} x i64] [{values}]\n"
    return target + constant + "".join(_with_layout(*each) for each in functions)


def _with_layout(signature: Signature, symbol: str, inner: str) -> str:
    kinds = [_TYPES[argument.type] for argument in signature.arguments]
    names = [f"%a{place}" for place, _ in enumerate(kinds)]
    given = [
        f"{kind} {'@layout' if argument.name == _LAYOUT else name}"
        for argument, kind, name in zip(signature.arguments, kinds, names, strict=True)
    ]
    result = _TYPES[signature.result]
    return f"""declare {result} @{inner}({", ".join(kinds)})
define {result} @{symbol}({", ".join(f"{kind} {name}" for kind, name in zip(kinds, names, strict=True))}) {{
  %value = call {result} @{inner}({", ".join(given)})
  ret {result} %value
}}
"""
