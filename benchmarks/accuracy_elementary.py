"""The largest error of every elementary function that a long search finds, as the table of docs/elementary.md.

    python -m benchmarks.accuracy_elementary [ROUNDS [COUNT]] [--write]    # default 4 rounds of 1,000,000 arguments of each kind; --write puts it into the page

Other random arguments in every round; `tests/backends/accuracy.py` says which, and how errors are measured.
"""

import math
import os
import re
import sys
import tempfile
from pathlib import Path

from mcompiler.files import write_bytes
from tests.backends.accuracy import FUNCTIONS, SAMPLE, Evaluate, Measured, machine_code, worst

PAGE = Path(__file__).parent.parent / "docs" / "elementary.md"
HEAD = "| function | arguments | largest error, ulp | at |\n|---|---|---|---|\n"
_TABLE = re.compile(r"^\| function \| arguments .*?\n\n", re.MULTILINE | re.DOTALL)


def row(function: Measured, evaluate: Evaluate, rounds: int, count: int) -> str:
    """The line of a function, its error rounded up."""
    found = [worst(function, evaluate, SAMPLE), *(worst(function, evaluate, count, seed) for seed in range(rounds))]
    error, place = max(found)
    limit = function.limit
    kinds = "all" if math.isinf(limit) else f"up to {'2^20' if limit == 2.0**20 else f'{limit:g}'}"
    at = ", ".join(map(repr, place))
    return f"| `{function.name}` | {kinds} | {math.ceil(error * 100) / 100:.2f} | {at} |\n"


def main() -> None:
    numbers = [int(each) for each in sys.argv[1:] if each.isdigit()]
    rounds, count = (*numbers, *(4, 1_000_000)[len(numbers) :])
    with tempfile.TemporaryDirectory(prefix="accuracy-") as folder:
        os.environ["MCOMPILER_CACHE_DIR"] = folder
        code = machine_code()
        table = HEAD
        for each in FUNCTIONS:
            line = row(each, code[each.name], rounds, count)
            print(line, end="", flush=True)
            table += line
    if "--write" in sys.argv:
        text = PAGE.read_text("utf-8")
        write_bytes(PAGE, _TABLE.sub(lambda _: f"{table}\n", text, count=1).encode())


if __name__ == "__main__":
    main()
