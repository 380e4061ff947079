"""Order conditions of Runge-Kutta methods by rooted trees, in whatever numbers the method is written.

A method of order q has sum_i b_i Phi_i(t) = 1 / gamma(t) for every rooted tree t of up to q nodes, where Phi_i of the single node is 1 and of a tree with
children t_1, t_2, ... it is the product of sum_j a_ij Phi_j(t_k). Source: J. C. Butcher, Numerical Methods for Ordinary Differential Equations, chapter 3.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cache
from typing import TypeAlias

#: A tree is the sorted tuple of its root's subtrees.
Tree: TypeAlias = tuple["Tree", ...]
Number: TypeAlias = Fraction | float
Matrix: TypeAlias = Sequence[Sequence[Number]]


@cache
def trees(size: int) -> tuple[Tree, ...]:
    """All rooted trees of ``size`` nodes."""
    return tuple(sorted({tuple(sorted(forest)) for forest in _forests(size - 1, size - 1)}))


def _forests(nodes: int, largest: int) -> Iterator[Tree]:
    if nodes == 0:
        yield ()
    for size in range(min(nodes, largest), 0, -1):
        for tree in trees(size):
            for rest in _forests(nodes - size, size):
                yield (tree, *rest)


@cache
def nodes(tree: Tree) -> int:
    """The number of nodes."""
    return 1 + sum(nodes(child) for child in tree)


@cache
def density(tree: Tree) -> int:
    """Gamma: the product of the sizes of all subtrees."""
    product = nodes(tree)
    for child in tree:
        product *= density(child)
    return product


def weights(a: Matrix, order: int) -> dict[Tree, list[Number]]:
    """Phi_i of every tree of up to ``order`` nodes; row i of ``a`` may be shorter than the number of stages."""
    found: dict[Tree, list[Number]] = {}
    sums: dict[Tree, list[Number]] = {}
    for size in range(1, order + 1):
        for tree in trees(size):
            phi: list[Number] = [Fraction(1)] * len(a)
            for child in tree:
                phi = [left * right for left, right in zip(phi, sums[child], strict=True)]
            found[tree] = phi
            if size < order:
                sums[tree] = [sum(map(_product, row, phi), Fraction(0)) for row in a]
    return found


def worst(
    phi: dict[Tree, list[Number]], b: Sequence[Number], order: int, *, power: int | None = None, exact: bool = True
) -> float:
    """The largest relative violation of sum_i b_i Phi_i = 1/gamma over trees of up to ``order`` nodes.

    Args:
        phi: weights of the trees.
        b: weights of the stages.
        order: how far to look.
        power: only trees of this size must give 1/gamma, all others 0 (a coefficient of theta^power in a dense output).
        exact: False where all must give 0 (the difference of two solutions).
    """
    found = 0.0
    for tree, values in phi.items():
        if nodes(tree) <= order:
            due = Fraction(1, density(tree)) if exact and power in {None, nodes(tree)} else Fraction(0)
            terms = [left * right for left, right in zip(b, values, strict=False)]
            size = max(1.0, sum(abs(float(term)) for term in terms))
            found = max(found, abs(float(sum(terms, Fraction(0)) - due)) / size)
    return found


def _product(left: Number, right: Number) -> Number:
    return left * right
