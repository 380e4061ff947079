"""``python -m mcompiler`` is the command line."""

from mcompiler.cli import main

main()
