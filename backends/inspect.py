"""What becomes of kernels, as text: kernel IR, Python, LLVM, assembly, and which loops take how many doubles at a time."""

import difflib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from mcompiler.backends.artifact import symbol
from mcompiler.backends.llvm.lines import Lines
from mcompiler.backends.llvm.loops import Loop, innermost_loops
from mcompiler.backends.llvm.reading import readable_assembly, readable_llvm
from mcompiler.backends.protocols import CompileOptions
from mcompiler.backends.text import module_text
from mcompiler.backends.values import one_line
from mcompiler.kernel.costs import Cost, loop_costs
from mcompiler.kernel.ir import Kernel, KernelModule
from mcompiler.kernel.print import print_head, print_module

if TYPE_CHECKING:
    import llvmlite.binding as llvm

#: What there is to see.
Form = Literal["kernel", "python", "llvm", "asm", "report"]


def source(kernels: KernelModule, form: Form, names: Sequence[str] = (), options: CompileOptions | None = None) -> str:
    """The kernels of these names (all by default) in a form.

    Args:
        kernels: of a model.
        form: "kernel" for the kernel IR, "python" for the text that the Python backend runs, "llvm" for optimised LLVM, "asm" for assembly, "report" for
            the loops that became vector code and what a turn of them costs.
        names: of kernels.
        options: of the compiler.

    Raises:
        ValueError: there is no kernel of such a name.
    """
    chosen = _chosen(kernels, names)
    match form:
        case "kernel":
            return print_module(chosen)
        case "python":
            return module_text(chosen)
        case "report":
            return "\n".join(_report(chosen, options or CompileOptions())) + "\n"
        case "llvm" | "asm":
            return _machine_text(chosen, form, options or CompileOptions())


def _chosen(kernels: KernelModule, names: Sequence[str]) -> KernelModule:
    known = [each.signature.name for each in kernels.kernels]
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ValueError(f"there is no kernel {name}: there are {', '.join(known)}{hint}")
    kept = tuple(each for each in kernels.kernels if not names or each.signature.name in names)
    return replace(kernels, kernels=kept)


def _machine_text(kernels: KernelModule, form: Literal["llvm", "asm"], options: CompileOptions) -> str:
    from mcompiler.backends.numba.link import target_machine

    module, lines = _marked(kernels, options)
    head = "".join(f"{'; ' if form == 'llvm' else '# '}{one_line(each)}\n" for each in kernels.header)
    if form == "llvm":
        return head + readable_llvm(str(module), lines.texts)
    return head + readable_assembly(target_machine().emit_assembly(module), lines.texts)


def _marked(kernels: KernelModule, options: CompileOptions) -> "tuple[llvm.ModuleRef, Lines]":
    """The optimised kernels with a mark at every instruction."""
    from mcompiler.backends.numba import machine

    lines = Lines()
    return machine.optimised_kernels(kernels, options, lines), lines


# --- the report


def _report(kernels: KernelModule, options: CompileOptions) -> Iterator[str]:
    module, lines = _marked(kernels, options)
    found = innermost_loops(str(module))
    for kernel in kernels.kernels:
        costs = loop_costs(kernel)
        yield f"{kernel.signature.name}: {len(costs)} innermost loop{'s' * (len(costs) != 1)}"
        name = kernel.signature.name
        loops = [loop for each, own in found.items() if _is_part_of(each, name) for loop in own]
        own = _by_loop(kernel, costs, lines, loops)
        for cost, loops in zip(costs, own, strict=True):
            around = f"  # in: {cost.said}" if cost.said and not cost.loop.comment else ""
            yield f"  {print_head(cost.loop)}{around}"
            yield f"      {_width(cost, loops)}; {_text(cost)}"


def _is_part_of(function: str, kernel: str) -> bool:
    """Whether a function of machine code is the kernel, or one of its tasks."""
    return function == symbol(kernel) or function.partition(".")[0] == kernel


def _by_loop(kernel: Kernel, costs: Sequence[Cost], lines: Lines, found: Sequence[Loop]) -> list[list[Loop]]:
    """The loops of machine code that come from each of the kernel's: those most of whose instructions do."""
    owner: dict[int, int] = {}
    for number, cost in enumerate(costs):
        owner |= dict.fromkeys(lines.numbers(kernel.signature.name, cost.loop), number)
    made: list[list[Loop]] = [[] for _ in costs]
    for loop in found:
        counts = Counter(owner[line] for line in loop.lines if line in owner)
        if counts:
            made[counts.most_common(1)[0][0]].append(loop)
    return made


def _width(cost: Cost, loops: Sequence[Loop]) -> str:
    width = max((each.width for each in loops), default=0)
    if width > 1:
        return f"{width} doubles at a time"
    if not loops:
        return "no loop is left: unrolled, or a single fill or copy"
    return "one by one, since two turns may add to one place" if cost.scatters else "one by one"


def _text(cost: Cost) -> str:
    counted = Counter(cost.functions)
    parts = [f"{cost.read} bytes read, {cost.written} written", f"{cost.flops} flops"]
    parts += [f"{cost.divisions} division{'s' * (cost.divisions != 1)} or roots"] if cost.divisions else []
    parts += [f"{count} {name}" for name, count in sorted(counted.items())]
    return "a turn: " + ", ".join(parts)
