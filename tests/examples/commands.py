"""Commands as a user types them, and the numbers in what they print."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np

NUMBER = r"([-+]?\d+\.?\d*(?:e[-+]?\d+)?)"


def run(command: str, folder: Path, cache: Path) -> str:
    """What the command prints; it may complain of nothing."""
    program, *arguments = shlex.split(command, comments=True)
    words = [sys.executable, *(("-m", "mcompiler") if program == "mcompiler" else ()), *arguments]
    environment = {**os.environ, "MCOMPILER_CACHE_DIR": str(cache), "PYTHONWARNINGS": "error"}
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), command
    return done.stdout


def numbers(pattern: str, text: str) -> np.ndarray:
    """All numbers that stand where the pattern has ``#``."""
    found = re.findall(re.escape(pattern).replace(r"\#", NUMBER), text)
    assert found, pattern
    return np.array(found, dtype=float)
