"""Where the user's arrays are found in classes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcompiler.network.network import locate
from mcompiler.place import Part, Place
from tests.network.front import network

TEXT = """
circuit C {{
  size M = {m}
  size N = {n}
  node a[M, N], b
  S[i in M, j in N]: DCSource(a[i, j], ground)
  K[i in 0..{k}]: Resistor(a[i, N-1], ground)
  R[i in M, j in N]: Resistor(a[i, j], b)
  T[j in N]: Resistor(a[0, j], b)
  B: Capacitor(b, ground)
}}
"""


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 6), st.integers(1, 6), st.data())
def test_every_member_is_in_one_class_once(m: int, n: int, data: st.DataObject) -> None:
    found = network(TEXT.format(m=m, n=n, k=data.draw(st.integers(0, m - 1))))
    sizes = found.sizes()
    taken: dict[str, list[int]] = {}
    for place in found.elements.values():
        positions = np.concatenate([part.positions for part in place.parts])
        assert sorted(positions) == list(range(int(np.prod(place.shape, dtype=int))))
        for part in place.parts:
            assert len(part.members) == len(part.positions)
            taken.setdefault(part.owner, []).extend(part.members.tolist())
    for owner, members in taken.items():
        assert sorted(members) == list(range(sizes[owner]))
    for place in found.nodes.values():
        for flat, index in enumerate(np.ndindex(place.shape)):
            owner, member = locate(place, tuple(index)) or ("", -1)
            vertex = next(each for each in found.vertices if each.name == owner)
            assert vertex.nodes[member] == flat + (m * n if place.shape == () else 0)


def test_shapes() -> None:
    found = network(TEXT.format(m=2, n=3, k=1))
    shapes = {name: place.shape for name, place in {**found.elements, **found.nodes}.items()}
    assert shapes == {"S": (2, 3), "K": (2,), "R": (2, 3), "T": (3,), "B": (), "a": (2, 3), "b": ()}


@pytest.mark.parametrize(
    ("indices", "expected"),
    [
        ((0, 0), ("x", 5)),
        ((0, 2), ("y", 7)),
        ((1, 1), ("x", 4)),
        ((2, 0), None),
        ((-1, 0), None),
        ((0,), None),
        ((), None),
        ((0, 3), None),
    ],
)
def test_one_member(indices: tuple[int, ...], expected: tuple[str, int] | None) -> None:
    place = Place(
        (2, 3),
        (Part("x", np.array([5, 4]), np.array([0, 4])), Part("y", np.array([7, 8, 9, 10]), np.array([2, 1, 3, 5]))),
    )
    assert locate(place, indices) == expected


def test_the_single_member_of_what_is_no_array() -> None:
    assert locate(Place((), (Part("x", np.array([3]), np.array([0])),)), ()) == ("x", 3)
