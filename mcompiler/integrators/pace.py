"""How long compiled code works before it is asked again: about a period, so that progress and Ctrl-C are seen."""

#: Wall time in seconds between two looks.
PERIOD = 0.1


def fitting(steps: int, seconds: float) -> int:
    """How many steps fit into a period, where so many took so long; at most ten times as many at once."""
    return max(1, int(steps * min(PERIOD / max(seconds, 1e-9), 10.0)))
