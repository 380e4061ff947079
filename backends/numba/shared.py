"""Objects to a shared library, by the system's linker where there is one."""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

_LINK_SECONDS = 60.0


def shared_library(objects: Sequence[bytes]) -> bytes | None:
    """The shared library of objects, by ``$CC`` or else ``cc``; None where there is no linker, no room for its files, or it fails."""
    try:
        command = shlex.split(os.environ.get("CC") or "cc")
        return _linked(command, objects) if command and shutil.which(command[0]) else None
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def _linked(command: Sequence[str], objects: Sequence[bytes]) -> bytes:
    bound = [] if sys.platform == "darwin" else ["-nostartfiles", "-Wl,-Bsymbolic", "-Wl,--build-id=none"]
    with tempfile.TemporaryDirectory(prefix="mcompiler-") as folder:
        made = Path(folder, "model.so")
        given = [Path(folder, f"{place}.o") for place in range(len(objects))]
        for path, content in zip(given, objects, strict=True):
            path.write_bytes(content)
        subprocess.run(  # noqa: S603 - the user's own linker
            [*command, "-shared", *bound, "-o", str(made), *map(str, given), "-lm"],
            check=True,
            capture_output=True,
            timeout=_LINK_SECONDS,
        )
        return made.read_bytes()
