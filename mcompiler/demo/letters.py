"""What the memory of the demo holds: the letters A to T as patterns of 10 x 10 elements."""

import numpy as np
from numpy.typing import NDArray

SIDE = 10
#: Row by row from the top; the first element is the highest bit.
_BITS = (
    "0c0301e078330cc7f9fec0f03",  # A
    "fe3fcc330cff3fec1b06ffbfc",  # B
    "1f0ff70f00c0300c01c33fc7c",  # C
    "fe3fcc3b06c1b06c1b0eff3f8",  # D
    "7fdff601807f9fe601807fdff",  # E
    "fffffc0300c03f8fe300c0300",  # F
    "1f9ff60300c031fc7d837fc7e",  # G
    "c0f03c0f03c0ffffff03c0f03",  # H
    "7f9fe0c0300c0300c0307f9fe",  # I
    "0fc3f0300c0300cc330c7f0f8",  # J
    "c3b1cce370f83e0dc338c730e",  # K
    "601806018060180601807fdff",  # L
    "c0f87f3f7bccf03c0f03c0f03",  # M
    "c1b86f1b66d9b36cdb1ec3b06",  # N
    "1e1fe61b03c0f03c0d867f878",  # O
    "7f9ff60d8360dff7f98060180",  # P
    "3e1fcc1b06c1b36cf31e7f8f7",  # Q
    "fe3fcc330cff3f8dc338c730e",  # R
    "3f1fec0f007f0fe00f037f8fc",  # S
    "fffff0c0300c0300c0300c030",  # T
)


def letters() -> NDArray[np.float64]:
    """A row per letter of SIDE x SIDE elements: 1 where it is black, else -1."""
    bits = [[int(bit) for bit in f"{int(each, 16):0{SIDE * SIDE}b}"] for each in _BITS]
    return 2.0 * np.array(bits) - 1.0
