"""From tables and objects to a folder: the C compiler is called in a temporary folder, which becomes the result when everything in it is whole."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, get_args

from mcompiler.integrators.interface import Outcome
from mcompiler.standalone.interface import codes, kernels_header, quoted
from mcompiler.standalone.tables import Numbers, Subject, tables

Target = Literal["shared", "object", "executable", "python"]
TARGETS: tuple[Target, ...] = get_args(Target)

#: What marks a folder as one that a build may replace.
MARK = "mcompiler.json"
_RUNTIME = Path(__file__).parent / "runtime"
_SECONDS = 600.0
#: The runtime is for every machine of the family and rounds as it is written; only what is compiled from the model uses more.
_FLAGS = ("-std=c11", "-O1", "-pthread", "-fPIC", "-fvisibility=hidden", "-ffp-contract=off")
_INSTALL = "install a C compiler, for instance the package gcc or clang (`apt-get install gcc`, `xcode-select --install`), or name one in $CC"


def write(subject: Subject, objects: Mapping[str, bytes], folder: Path, target: Target) -> Path:
    """Writes a target into a folder, and gives the path of what one would use: the library, the object, the program or the module.

    Args:
        subject: the model.
        objects: object code by system, "forward" and perhaps "with_loss", with the symbols ``NAME_forward_*`` and ``NAME_with_loss_*``.
        folder: where to; made anew or, if an earlier build made it, replaced.
        target: what is made.

    Raises:
        ValueError: the folder holds something else or cannot be written, or there is no C compiler, or it fails.
    """
    folder = folder.absolute()
    compiler = check(folder)
    try:
        return folder / _built(subject, objects, folder.resolve(), target, compiler)
    except OSError as error:
        raise ValueError(f"{folder} cannot be written: {error.strerror}") from error


def _built(
    subject: Subject, objects: Mapping[str, bytes], folder: Path, target: Target, compiler: Sequence[str]
) -> str:
    """Makes the folder beside its place, and puts it there; the name of what one would use."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".mcompiler-", dir=folder.parent) as scratch:
        work, made = Path(scratch, "work"), Path(scratch, "made")
        work.mkdir()
        made.mkdir()
        _write_sources(subject, objects, work)
        result = _MAKERS[target](compiler, subject, tuple(objects), work, made)
        facts = {
            "name": subject.name,
            "target": target,
            "cpu": subject.cpu,
            "mcompiler": subject.version,
            "files": sorted(each.name for each in made.iterdir()),
        }
        (made / MARK).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
        made.chmod(0o755)
        _put(made, folder, Path(scratch, "old"))
    return result


def check(folder: Path) -> list[str]:
    """The command of the C compiler, if a build can go to this folder.

    Raises:
        ValueError: the folder holds what no build made, or there is no C compiler.
    """
    if folder.is_dir() and not (folder / MARK).is_file() and any(folder.iterdir()):
        raise ValueError(f"{folder} holds files that no build made: choose another folder, or empty it")
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file: choose a folder")
    here = Path.cwd()
    if folder.resolve() in (here, *here.parents):
        raise ValueError(f"{folder} is the folder that you are in, which a build replaces: choose another folder")
    return _compiler()


def _put(made: Path, folder: Path, old: Path) -> None:
    """The new folder in the place of the old one, with those of its files that no build made."""
    foreign = _foreign(folder, made) if folder.exists() else []
    if folder.exists():
        folder.rename(old)
    try:
        made.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise
    if old.exists():
        for each in foreign:
            (old / each).rename(folder / each)


def _foreign(folder: Path, made: Path) -> list[str]:
    """What the user put beside the files of a build."""
    try:
        own = {*json.loads((folder / MARK).read_text(encoding="utf-8"))["files"], MARK}
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [each.name for each in folder.iterdir() if each.name not in own and not (made / each.name).exists()]


def _compiler() -> list[str]:
    try:
        command = shlex.split(os.environ.get("CC") or "cc")
    except ValueError as error:
        raise ValueError(f"$CC is no command, {os.environ['CC']}: {error}") from error
    found = shutil.which(command[0]) if command else None
    if found is None:
        named = (
            f"$CC is {command[0]!r}, which is not there"
            if command and os.environ.get("CC")
            else "there is no C compiler"
        )
        raise ValueError(f"{named}: {_INSTALL}")
    return [str(Path(found).absolute()) if os.sep in command[0] else command[0], *command[1:]]


def _call(command: Sequence[str], work: Path) -> None:
    try:
        subprocess.run(  # noqa: S603 - the user's own compiler
            command,
            check=True,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            cwd=work,
            env={**os.environ, "LC_ALL": "C"},
        )
    except subprocess.CalledProcessError as error:
        raise ValueError(f"the C compiler failed: {shlex.join(command)}\n{error.stderr[-2000:]}") from error
    except subprocess.TimeoutExpired as error:
        raise ValueError(f"the C compiler took longer than {_SECONDS:g} s") from error


# --- sources


def _write_sources(subject: Subject, objects: Mapping[str, bytes], work: Path) -> None:
    for each in (*_RUNTIME.glob("*.h"), *_RUNTIME.glob("*.c")):
        shutil.copy(each, work)
    symbol = f"{subject.name}_numbers"
    numbers = Numbers(symbol)
    text = tables(subject, numbers)
    (work / "kernels.h").write_text(kernels_header(), encoding="ascii")
    (work / "tables.h").write_text(text, encoding="ascii")
    (work / "numbers.bin").write_bytes(numbers.content())
    (work / f"{subject.name}.h").write_text(header(subject), encoding="utf-8")
    (work / f"{subject.name}.c").write_text(_unit(subject.name, symbol), encoding="ascii")
    for name, content in objects.items():
        (work / f"{name}.o").write_bytes(content)


def _unit(name: str, symbol: str) -> str:
    """The one translation unit of a model."""
    label = f"_{symbol}" if sys.platform == "darwin" else symbol
    section = ".section __TEXT,__const" if sys.platform == "darwin" else ".section .rodata"
    hidden = ".private_extern" if sys.platform == "darwin" else ".hidden"
    after = ".text" if sys.platform == "darwin" else ".previous"
    balance = ".p2align 6"
    lines = [section, balance, f".globl {label}", f"{hidden} {label}", f"{label}:", '.incbin \\"numbers.bin\\"', after]
    return "\n".join(
        [
            f"#define MC_PREFIX {name}",
            f'#include "{name}.h"',
            '#include "model.h"',
            f'extern const char {symbol}[] __attribute__((visibility("hidden")));',
            f'__asm__("{chr(92)}n{f"{chr(92)}n".join(lines)}{chr(92)}n");',
            '#include "tables.h"',
            '#include "solver.h"',
            "",
        ]
    )


def filled(template: str, subject: Subject, **more: str) -> str:
    """A template with the model's name in the place of @NAME@ and so on."""
    words = {
        "NAME": subject.name,
        "UPPER": subject.name.upper(),
        "DOC": _plain(subject.doc),
        "VERSION": subject.version,
        "CPU": "the CPU that it was compiled on" if subject.cpu == "native" else subject.cpu,
        **more,
    }
    return re.sub(r"@([A-Z_]+)@", lambda found: words.get(found[1], found[0]), template)


def _plain(doc: str) -> str:
    """A line of text that neither begins nor ends a comment of C, and ends no text of Python."""
    line = " ".join(doc.split()).replace("\\", "|").replace('"', "'").replace("??/", "?? /")
    return line.replace("*/", "* /").replace("/*", "/ *")


def header(subject: Subject) -> str:
    """The public header."""
    rows = [
        f"    {subject.name.upper()}_{name} = {number}, /* {message} */" for name, (number, message) in codes().items()
    ]
    return filled((_RUNTIME / "header.h.in").read_text(encoding="utf-8"), subject, CODES="\n".join(rows))


def _example(subject: Subject, link: str) -> str:
    return filled((_RUNTIME / "example.c.in").read_text(encoding="utf-8"), subject, LINK=link)


# --- targets


def _objects(compiler: Sequence[str], subject: Subject, systems: Sequence[str], work: Path) -> list[str]:
    """Compiles the runtime with the model's tables; all objects of the model."""
    _call([*compiler, *_FLAGS, "-c", f"{subject.name}.c", "-o", f"{subject.name}_tables.o"], work)
    return [f"{subject.name}_tables.o", *(f"{each}.o" for each in systems)]


def _library(compiler: Sequence[str], subject: Subject, systems: Sequence[str], work: Path, made: Path) -> str:
    suffix = "dylib" if sys.platform == "darwin" else "so"
    name = f"lib{subject.name}.{suffix}"
    named = (
        ["-install_name", f"@rpath/{name}"]
        if sys.platform == "darwin"
        else ["-nostartfiles", f"-Wl,-soname,{name}", "-Wl,-Bsymbolic", "-Wl,-z,noexecstack"]
    )
    objects = _objects(compiler, subject, systems, work)
    _call([*compiler, "-shared", *named, "-o", str(made / name), *objects, "-lm", "-pthread"], work)
    return name


def _make_shared(compiler: Sequence[str], subject: Subject, systems: Sequence[str], work: Path, made: Path) -> str:
    name = _library(compiler, subject, systems, work, made)
    shutil.copy(work / f"{subject.name}.h", made)
    link = f"-L. -l{subject.name} -lm -pthread -Wl,-rpath,."
    (made / "example.c").write_text(_example(subject, link), encoding="utf-8")
    return name


def _make_object(compiler: Sequence[str], subject: Subject, systems: Sequence[str], work: Path, made: Path) -> str:
    name = f"{subject.name}.o"
    _call([*compiler, "-r", "-nostdlib", "-o", str(made / name), *_objects(compiler, subject, systems, work)], work)
    shutil.copy(work / f"{subject.name}.h", made)
    (made / "example.c").write_text(_example(subject, f"{name} -lm -pthread"), encoding="utf-8")
    return name


def _make_executable(compiler: Sequence[str], subject: Subject, systems: Sequence[str], work: Path, made: Path) -> str:
    objects = _objects(compiler, subject, systems, work)
    template = (_RUNTIME / "program.c.in").read_text(encoding="utf-8")
    text = filled(template, subject, TITLE=quoted(_plain(subject.doc)))
    (work / "program.c").write_text(text, encoding="utf-8")
    _call([*compiler, *_FLAGS, "-c", "program.c", "-o", "program.o"], work)
    _call([*compiler, "-o", str(made / subject.name), "program.o", *objects, "-lm", "-pthread"], work)
    return subject.name


def _make_python(compiler: Sequence[str], subject: Subject, systems: Sequence[str], work: Path, made: Path) -> str:
    library = _library(compiler, subject, systems, work, made)
    template = (_RUNTIME / "module.py.in").read_text(encoding="utf-8")
    outcomes = {name: number for name, (number, _) in codes().items() if name in Outcome.__members__}
    text = filled(
        template,
        subject,
        LIBRARY=library,
        MODEL=repr(subject.forward.description.name),
        UNTIL_STEADY=repr(subject.experiment.is_steady),
        HAS_TIMES=repr(any(each.every is not None for each in subject.experiment.saves)),
        STATUSES="\n".join(f"    {name} = {codes()[name][1]!r}" for name in outcomes),
        NUMBERS=", ".join(f"{number}: {name!r}" for name, number in outcomes.items()),
        ERRORS=", ".join(f"{number}: {name!r}" for name, (number, _) in codes().items() if name not in outcomes),
    )
    (made / f"{subject.name}.py").write_text(text, encoding="utf-8")
    return f"{subject.name}.py"


_MAKERS = {
    "shared": _make_shared,
    "object": _make_object,
    "executable": _make_executable,
    "python": _make_python,
}
