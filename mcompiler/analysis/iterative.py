"""Eigenvalues and solutions from products alone: ARPACK and GMRES, the one place that imports scipy (a third of a second, for large systems only)."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcompiler.solver.program import Floats

Complex = NDArray[np.complex128]
Product = Callable[[Floats], Floats]


def eigenpairs(
    product: Product, start: Floats, *, which: str, count: int, basis: int, restarts: int, accuracy: float
) -> tuple[Complex, Complex, bool]:
    """Eigenvalues with their vectors, and whether as many as were asked for are as accurate; fewer or none where they are not.

    Args:
        product: of the matrix with a vector.
        start: the first vector of the basis.
        which: "LR" (largest real parts) or "LM" (largest absolute values).
        count: how many.
        basis: vectors that are kept.
        restarts: at most.
        accuracy: relative to each eigenvalue.
    """
    library, size = _library(), len(start)
    options: dict[str, Any] = {"v0": start, "ncv": min(basis, size - 1), "maxiter": restarts, "tol": accuracy}
    try:
        values, vectors = library.eigs(_operator(product, size), k=count, which=which, **options)
    except library.ArpackNoConvergence as failure:
        return failure.eigenvalues, failure.eigenvectors, False
    return values, vectors, True


def solution(product: Product, right: Floats, *, basis: int, restarts: int) -> Floats:
    """The vector whose product is the right side, by GMRES; as near as it comes."""
    operator = _operator(product, len(right))
    found = _library().gmres(operator, right, rtol=1e-8, restart=basis, maxiter=restarts)[0]
    return np.asarray(found, dtype=np.float64)


def _operator(product: Product, size: int) -> Any:
    return _library().LinearOperator((size, size), matvec=lambda v: product(np.ravel(v)), dtype=np.float64)


def _library() -> Any:
    import scipy.sparse.linalg

    return scipy.sparse.linalg
