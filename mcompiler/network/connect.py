"""Who is joined to whom: connected nodes, by label propagation on arrays (no Python loop over members)."""

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


def components(count: int, first: Integers, second: Integers) -> Integers:
    """For each of ``count`` vertices the smallest vertex that it is connected to by the edges (first[k], second[k])."""
    label = np.arange(count, dtype=np.int64)
    while True:
        before = label.copy()
        low = np.minimum(label[first], label[second])
        np.minimum.at(label, first, low)
        np.minimum.at(label, second, low)
        label = label[label]
        if np.array_equal(before, label):
            return label
