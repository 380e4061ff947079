"""From a loaded model to a standalone target: `build` is what users call."""

import keyword
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mcompiler.backends.cpu import checked
from mcompiler.backends.environment import package_version
from mcompiler.backends.numba import backend
from mcompiler.backends.protocols import CompileOptions
from mcompiler.driver import Compilation
from mcompiler.integrators.entries import entries_for
from mcompiler.kernel.tasks import has_tasks
from mcompiler.solver.from_network import program, term
from mcompiler.solver.options import RunOptions, with_options
from mcompiler.standalone.build import TARGETS, check, write
from mcompiler.standalone.tables import Subject

#: Words that C, C++ and their libraries have already, the files and functions of a target, and libraries that a linker looks for (`-lm`).
_WORDS = """
auto break case char const continue default do double else enum extern float for goto if inline int long register restrict return short signed sizeof static
struct switch typedef union unsigned void volatile while main
alignas alignof and and_eq asm bitand bitor bool catch char8_t char16_t char32_t class co_await co_return co_yield compl concept const_cast consteval constexpr
constinit decltype delete dynamic_cast explicit export false friend mutable namespace new noexcept not not_eq nullptr operator or or_eq private protected public
reinterpret_cast requires static_assert static_cast template this thread_local throw true try typeid typename using virtual wchar_t xor xor_eq
linux unix i386 errno stdin stdout stderr EOF FILE NULL NAN INFINITY HUGE_VAL size_t ptrdiff_t int64_t va_list
acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf erfc exp exp2 expm1 fabs fdim floor fma fmax fmin fmod frexp gamma hypot ilogb j0 j1 jn
ldexp lgamma llrint llround log log10 log1p log2 logb lrint lround modf nan nearbyint nextafter pow remainder remquo rint round scalbn signgam sin sinh sqrt tan
tanh tgamma trunc y0 y1 yn
abort abs alloca atexit atof atoi atol bsearch calloc div exit free getenv labs ldiv llabs malloc qsort rand random realloc srand strtod strtol strtoll system
fclose feof ferror fflush fgetc fgets fopen fprintf fputc fputs fread fscanf fseek ftell fwrite getc getchar getline gets perror printf putc putchar puts remove
rename rewind scanf snprintf sprintf sscanf tmpfile ungetc
bcmp bcopy bzero ffs index memchr memcmp memcpy memmove memset rindex strcat strchr strcmp strcpy strdup strlen strncmp strstr strtok
asctime clock ctime difftime gmtime localtime mktime nanosleep strftime time timer timespec tm kill raise sigaction signal
c dl gcc gcc_s libc libm m mc pthread rt util
DONE FAILED USAGE arguments base bytes choose chosen count cpu failed file forward help integrate interrupted kernels losses made memory model names numbers
prefix program resize reverse run save self solver summarise table tables threads usage with_loss
ctypes mcompiler numpy
"""
_TAKEN = frozenset((*_WORDS.split(), *keyword.kwlist, *sys.stdlib_module_names))


def build(
    model: Compilation,
    folder: str | Path,
    *,
    target: str = "shared",
    cpu: str = "native",
    name: str | None = None,
    contraction: bool = True,
    **options: Any,
) -> Path:
    """Writes the solver of a loaded model as something that needs neither mcompiler nor, but for the last, Python.

    Args:
        model: what `load` or `parse` gave; its settings and experiment are built in.
        folder: made anew, or replaced where an earlier build made it.
        target: "shared" (a library with a C header and an example), "object" (the same to link statically), "executable" (a program) or "python" (a module
            that needs numpy).
        cpu: "native", or a level that older machines have: "x86-64-v2", "x86-64-v3", "x86-64-v4".
        name: what C functions, files and the module are called by; that of the model's file by default.
        contraction: as for `compile`.
        options: defaults of a run, as for `compile`.

    Returns:
        The path of the library, object, program or module.

    Raises:
        CompileError: the network cannot be compiled; says what is missing.
        ValueError: an unknown target, CPU or option; there is no C compiler; or the folder holds something else.
    """
    if target not in TARGETS:
        raise ValueError(f"no target {target!r}: there is {', '.join(TARGETS)}")
    chosen = identifier(model.source.name) if name is None else name
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,62}", chosen) or _is_taken(chosen):
        raise ValueError(f"{chosen!r} cannot be the name of a C type and of a file: give another one, like 'my_model'")
    compiling = CompileOptions(contraction=contraction, cpu=checked(cpu))
    running = with_options(RunOptions(), model.described.options, options)
    check(Path(folder).absolute())
    subject, objects = standalone(model, chosen, compiling, running)
    with model.timed("C compiler"):
        return write(subject, objects, Path(folder), target)


def standalone(
    model: Compilation, name: str, compiling: CompileOptions, running: RunOptions
) -> tuple[Subject, Mapping[str, bytes]]:
    """What a target says of a model, and its object code by system."""
    networks = {"forward": model.network}
    if model.losses:
        networks["with_loss"] = model.elaborated(None, with_losses=True)
    lowered = {which: model.lowered(network) for which, network in networks.items()}
    objects: dict[str, bytes] = {}
    for which, (kernels, layout) in lowered.items():
        entries = entries_for(has_losses=bool(networks[which].losses))
        with model.timed("object"):
            objects[which] = backend.object_code(kernels, layout, entries, compiling, prefix=f"{name}_{which}")
    programs = {which: program(networks[which], layout, {}) for which, (_, layout) in lowered.items()}
    circuit = model.experiment.circuit
    subject = Subject(
        name=name,
        doc=circuit.doc or f"The model {circuit.name}.",
        version=package_version("mcompiler"),
        cpu=compiling.cpu,
        features=backend.needed_features(compiling.cpu),
        experiment=model.described,
        options=running,
        forward=programs["forward"],
        with_loss=programs.get("with_loss"),
        terms=tuple(map(term, model.losses)),
        data=model.data if model.losses else {},
        tasks=frozenset(which for which, (kernels, _) in lowered.items() if has_tasks(kernels)),
    )
    return subject, objects


def identifier(file: str) -> str:
    """A C identifier from the name of a file."""
    stem = "".join(each if each.isascii() and each.isalnum() else "_" for each in Path(file).stem).strip("_").lower()
    stem = stem if stem[:1].isalpha() and not stem.startswith("mc_") else f"model_{stem}"
    stem = stem[:50].rstrip("_")
    return f"{stem}_model" if _is_taken(stem) else stem


def _is_taken(name: str) -> bool:
    """Whether C, its libraries, Python or the runtime, whose names begin with ``mc_``, use this name already."""
    return name in _TAKEN or name.startswith("mc_")
