"""Where the members of an element or of an array of nodes are: plain arrays, for whoever has the model's names and needs numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Part:
    """Where some members of an element or node array are: ``members`` of class ``owner`` are ``positions`` of the flat array."""

    owner: str
    members: Integers
    positions: Integers


@dataclass(frozen=True, slots=True)
class Place:
    """Where an element or a node is found: its shape, its parts, and the index that it begins at along each axis (0 where ``first`` is empty).

    ``inert`` are positions of members that are there for the shape of the array only. Of cells in a batch there are ``copies``: ``members`` are those
    of one copy, and member m of copy b is number m*copies + b of its class.
    """

    shape: tuple[int, ...]
    parts: tuple[Part, ...]
    first: tuple[int, ...] = ()
    inert: Integers = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    copies: int = 1

    @property
    def extents(self) -> tuple[int, ...]:
        """The shape of an array with a value for every copy of every member: the copies, where there are several, come first."""
        return (self.copies, *self.shape) if self.copies > 1 else self.shape

    def numbers(self, first: Mapping[str, int]) -> Integers:
        """Where values are, as an array (copies, members), if those of class ``owner`` begin at ``first[owner]``."""
        found = np.empty((self.copies, prod(self.shape)), dtype=np.int64)
        copies = np.arange(self.copies, dtype=np.int64)[:, None]
        for part in self.parts:
            found[:, part.positions] = first[part.owner] + part.members * self.copies + copies
        return found

    @property
    def ranges(self) -> tuple[tuple[int, int], ...]:
        """The first and the last index along each axis."""
        first = self.first or (0,) * len(self.shape)
        return tuple((low, low + extent - 1) for low, extent in zip(first, self.shape, strict=True))

    def position(self, indices: tuple[int, ...]) -> int | None:
        """The place in the flat array of the member with these indices; None where there is none."""
        if len(indices) != len(self.shape):
            return None
        if any(not low <= index <= high for index, (low, high) in zip(indices, self.ranges, strict=True)):
            return None
        inside = tuple(index - low for index, (low, _) in zip(indices, self.ranges, strict=True))
        return int(np.ravel_multi_index(inside, self.shape)) if indices else 0

    def indices(self, position: int) -> tuple[int, ...]:
        """The indices of the member at this place of the flat array."""
        inside = np.unravel_index(position, self.shape) if self.shape else ()
        return tuple(int(index) + low for index, (low, _) in zip(inside, self.ranges, strict=True))
