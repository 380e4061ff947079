"""Elementary functions without branches, so that loops which call them are vectorised: numba's subset of Python over doubles and their bits.

Each is within 2 units in the last place of the exact value over the whole range that it is for (docs/elementary.md has the measured errors), exact at 0, and
right at infinities, NaN, subnormal numbers and the edges of overflow. Machine code with loops calls these; what is not here is libm's, and so is most where
there are no loops (one call of libm's exp or log takes half the time), and everything in Python and in the reference interpreter.

Products are fused with sums where the CPU can, which makes no result worse: where a rounding error is computed, the product before it is exact. Whole numbers
become doubles and back by their bits, since not every vector unit has a conversion. Polynomials come from benchmarks/coefficients.py.
"""

from collections.abc import Iterable
from functools import cache

from mcompiler.backends.elementary import exponential, hyperbolic, logarithm, power, trigonometric
from mcompiler.integrators.entries import Entry

#: Each after those that it is made of.
ELEMENTARY: tuple[Entry, ...] = (
    *exponential.ENTRIES,
    *hyperbolic.ENTRIES,
    *logarithm.ENTRIES,
    *trigonometric.ENTRIES,
    *power.ENTRIES,
)
#: Faster than libm's also where there are no loops, one value at a time (benchmarks/elementary.py).
ALONE = frozenset({"expm1", "sinh", "tanh"})


def needed(operations: Iterable[str]) -> tuple[Entry, ...]:
    """The entries behind these operations, where they are ours, and behind those all that they are made of."""
    names, waiting = set[str](), set(operations)
    while waiting:
        names |= waiting
        waiting = {part for each in ELEMENTARY if each.signature.name in waiting for part in _parts(each)} - names
    return tuple(each for each in ELEMENTARY if each.signature.name in names)


class _Asked(dict[str, object]):
    """Remembers what it is asked for."""

    def __missing__(self, name: str) -> None:
        self[name] = None


@cache
def _parts(entry: Entry) -> frozenset[str]:
    """The names of the functions that an entry is made of."""
    asked = _Asked()
    entry.make(asked)  # type: ignore[arg-type]
    return frozenset(asked)
