"""Elementary functions without branches, so that loops which call them are vectorised: numba's subset of Python over doubles and their bits.

Each is within 2 units in the last place of the exact value over the whole range that it is for (docs/elementary.md has the measured errors), exact at
0, and right at infinities, NaN, subnormal numbers and the edges of overflow. Machine code with loops calls these; what is not here is libm's. So is
all that libm has where there are no loops: one call of its exp or log takes half the time, and code of ours makes small kernels too large to become
part of integrators. In Python and in the reference interpreter everything is libm's.

Products may be fused with sums or not: where a rounding error is computed, the product before it is exact. Whole numbers
become doubles and back by their bits, since not every vector unit has a conversion. Polynomials come from benchmarks/coefficients.py.
"""

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
_NAMES = frozenset(each.signature.name for each in ELEMENTARY)
#: What kernels without loops leave to libm.
_OF_LIBM = frozenset({"exp", "expm1", "sinh", "cosh", "tanh", "log", "log1p", "asinh", "atan", "pow"})


def is_ours(name: str, *, in_loops: bool) -> bool:
    """Whether the operation of this name is one of these functions, in a kernel with or without loops."""
    return name in _NAMES and (in_loops or name not in _OF_LIBM)
