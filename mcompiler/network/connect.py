"""Who is joined to whom: connected nodes, on arrays (no Python loop over members)."""

import numpy as np

from mcompiler.network.network import Integers


def components(count: int, first: Integers, second: Integers) -> Integers:
    """For each of ``count`` vertices the smallest vertex that it is connected to by the edges (first[k], second[k]).

    Each round hangs every root below the smallest root that an edge leads to and flattens the trees, so that long chains take
    a number of rounds that grows with the logarithm of their length.
    """
    label = np.arange(count, dtype=np.int64)
    while True:
        left, right = label[first], label[second]
        apart = left != right
        if not np.any(apart):
            return label
        low, high = np.minimum(left, right)[apart], np.maximum(left, right)[apart]
        np.minimum.at(label, high, low)
        while True:
            above = label[label]
            if np.array_equal(above, label):
                break
            label = above
