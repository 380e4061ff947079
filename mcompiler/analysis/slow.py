"""Eigenvalues of large systems whose edges have states that are slow against the vertices.

Arnoldi's method sees a cluster of slow eigenvalues beside fast ones as one point. So it is applied to (M^-1 J - sigma)^-1 too, with sigma to the right of the
edges' own rates. An edge's states couple to themselves and to its ends only, so their block is known from a few products and solved edge by edge; what is
left is a system in the unknowns of vertices (the elimination of an implicit step):

    (A - sigma - B (D - sigma)^-1 C) x_v = r_v - B (D - sigma)^-1 r_e,    x_e = (D - sigma)^-1 (r_e - C x_v)

with A and D the blocks of vertices and edges, B and C those between. Every block acts by a product with M^-1 J.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mcompiler.analysis.iterative import Complex, eigenpairs, solution
from mcompiler.analysis.linear import Linear, Mask, Point, at_edges
from mcompiler.analysis.spectrum import Spectrum, ordered, residual_of, spectrum
from mcompiler.solver.program import Floats, Integers, members

#: Eigenvalues near sigma that are looked for, the basis, the restarts and the accuracies, relative to the distance from sigma.
_COUNT = 4
_BASIS = 24
_RESTARTS = 6
_ACCURACIES = (1e-5, 1e-2)
#: Up to so many unknowns of vertices the system that is left is made and inverted; beyond it is solved by GMRES.
_ELIMINATED = 2000
#: How far sigma lies to the right of the edges' own rates, in parts of these.
_RIGHT = 0.1


@dataclass(frozen=True, slots=True)
class _Blocks:
    """The system in blocks: which unknowns are free vertices', and by edge class the places (member, state) and own blocks (member, state, state)."""

    jacobian: Linear
    free: Mask
    vertices: Integers
    places: tuple[Integers, ...]
    own: tuple[Floats, ...]

    def of_edges(self, shift: float) -> Callable[[Floats], Floats]:
        """(D - shift)^-1 times the part of edges; 0 elsewhere."""
        inverses = [np.linalg.inv(block - shift * np.eye(block.shape[1])) for block in self.own]

        def times(right: Floats) -> Floats:
            found = np.zeros_like(right)
            for at, inverse in zip(self.places, inverses, strict=True):
                found[at] = np.einsum("mij,mj->mi", inverse, right[at])
            return found * self.free

        return times

    def of_vertices(self, part: Floats) -> Floats:
        """All unknowns, with these of vertices and 0 for the others."""
        found = np.zeros(self.jacobian.size)
        found[self.vertices] = part
        return found

    def rates(self) -> Complex:
        """Eigenvalues of the edges' own blocks, of members that move."""
        return np.concatenate(
            [
                np.linalg.eigvals(block[self.free[at].all(axis=1)]).astype(complex).ravel()
                for at, block in zip(self.places, self.own, strict=True)
            ]
        )


def slow_spectrum(point: Point, jacobian: Linear, places: Integers) -> Spectrum:
    """The leading eigenvalues of the block of these unknowns: those near the edges' own rates, and the first with the states of edges held where it leads.

    Raises:
        FloatingPointError: none is found.
    """
    blocks = _blocks(point, jacobian, places)
    fast = spectrum(jacobian.on(blocks.vertices))
    own = blocks.rates()
    size = float(np.max(np.abs(own), initial=0.0))
    sigma = float(np.max(own.real, initial=-size)) + _RIGHT * max(size, 1e-9 * abs(fast.largest))
    values, vectors = _near(blocks, sigma)
    if len(blocks.vertices) and fast.rate > np.max(values.real):  # then the states of edges hardly follow
        lifted = blocks.of_vertices(fast.mode.real) + 1j * blocks.of_vertices(fast.mode.imag)
        values, vectors = np.append(values, fast.leading[0]), np.column_stack([vectors, lifted])
    place = int(np.argmax(np.real(values)))
    accuracy = residual_of(jacobian.on(places), values[place], vectors[places, place])
    everything = np.append(values, fast.largest) if len(blocks.vertices) else values
    return ordered(len(places), values, vectors[places], everything, is_complete=False, accuracy=accuracy)


def _near(blocks: _Blocks, sigma: float) -> tuple[Complex, Complex]:
    """Eigenvalues next to sigma, and their vectors over all unknowns."""
    n = blocks.jacobian.size
    of_edges = blocks.of_edges(sigma)
    solve = _schur(blocks, of_edges, sigma)

    def inverse(given: Floats) -> Floats:
        right = np.ravel(given) * blocks.free
        by_edges = of_edges(right)
        reduced = right[blocks.vertices] - blocks.jacobian.times(by_edges)[blocks.vertices]
        at_vertices = blocks.of_vertices(solve(reduced))
        found: Floats = at_vertices + of_edges(right - blocks.jacobian.times(at_vertices))
        return found

    start = np.random.default_rng(0).normal(size=n) * blocks.free
    for accuracy in _ACCURACIES:  # many slow eigenvalues lie close together: then fewer digits of the first
        values, vectors, _ = eigenpairs(
            inverse, start, which="LM", count=_COUNT, basis=_BASIS, restarts=_RESTARTS, accuracy=accuracy
        )
        if len(values):
            return sigma + 1.0 / values, vectors
    raise FloatingPointError("Arnoldi's method found no eigenvalue of edge states: they lie too close together")


def _schur(blocks: _Blocks, of_edges: Callable[[Floats], Floats], sigma: float) -> Callable[[Floats], Floats]:
    """Solves for the unknowns of vertices, the states of edges eliminated."""

    def product(part: Floats) -> Floats:
        column = blocks.jacobian.times(blocks.of_vertices(part))
        back = blocks.jacobian.times(of_edges(column))
        found: Floats = column[blocks.vertices] - sigma * part - back[blocks.vertices]
        return found

    n = len(blocks.vertices)
    if n <= _ELIMINATED:
        inverse = np.linalg.inv(np.stack([product(unit) for unit in np.eye(n)], axis=1)) if n else np.empty((0, 0))
        return lambda right: np.asarray(inverse @ right, dtype=np.float64)
    return lambda right: solution(product, right, basis=80, restarts=2)


def _blocks(point: Point, jacobian: Linear, chosen: Integers) -> _Blocks:
    """The edges' own blocks, by one product per state of a class: of all its members at once, since none reads another's."""
    program = point.program
    free = np.zeros(jacobian.size, dtype=bool)
    free[chosen] = True
    every = np.arange(jacobian.size, dtype=np.int64)
    places: list[Integers] = []
    own: list[Floats] = []
    for owner in program.layout.classes:
        if owner.kind == "edge" and owner.unknowns:
            at = np.stack([every[members(program.z, owner, each)] for each in owner.unknowns], axis=1)
            block = np.zeros((*at.shape, at.shape[1]))
            for state in range(at.shape[1]):
                direction = np.zeros(jacobian.size)
                direction[at[:, state]] = free[at[:, state]]
                block[:, :, state] = jacobian.times(direction)[at] * free[at]
            places.append(at)
            own.append(block)
    vertices: Integers = np.flatnonzero(free & ~at_edges(program))
    return _Blocks(jacobian, free, vertices, tuple(places), tuple(own))
