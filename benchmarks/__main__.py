"""All problems against their peers, one after the other: ``python -m benchmarks``. What it prints stands in results.md."""

import subprocess
import sys

PROBLEMS = ("b1", "b2", "b4", "b5", "b7")

for problem in PROBLEMS:
    print(f"## {problem.upper()}\n", flush=True)
    subprocess.run([sys.executable, "-m", f"benchmarks.{problem}"], check=True)
    print(flush=True)
