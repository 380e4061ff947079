"""Eigenvalues of a `Linear`: all of them where it is small, else the leading and the largest by Arnoldi's method."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from mcompiler.analysis.iterative import Complex, eigenpairs
from mcompiler.analysis.linear import Linear
from mcompiler.integrators.methods import Method

#: Up to this size all eigenvalues are computed.
DENSE = 400
#: Eigenvalues that are told.
_LEADING = 6
#: Basis of Arnoldi's method, its restarts, and the accuracy that is asked for, relative to each eigenvalue.
_BASIS = 48
_RESTARTS = 60
_ACCURACY = 1e-6
#: Of the largest eigenvalue only the size is told.
_ROUGH = 1e-2
#: A real part that is smaller than this part of the largest eigenvalue is round-off.
_ROUND_OFF = 1e-11

Stability = Literal["stable", "unstable", "marginal"]


@dataclass(frozen=True, slots=True)
class Spectrum:
    """What is known of the eigenvalues of M^-1 J, in 1/s.

    Attributes:
        size: how many eigenvalues there are.
        leading: those with the largest real parts, largest first.
        largest: the one with the largest absolute value (of the found, where ``is_complete``).
        mode: the eigenvector of the first, in units of scales, the largest component 1.
        is_complete: whether all were computed.
        accuracy: what the real part of the first is known to, in 1/s.
    """

    size: int
    leading: tuple[complex, ...]
    largest: complex
    mode: Complex
    is_complete: bool
    accuracy: float

    @property
    def rate(self) -> float:
        """The largest real part: how fast the slowest deviation decays (negative) or the fastest grows."""
        return self.leading[0].real if self.leading else -np.inf

    @property
    def stability(self) -> Stability:
        """By the sign of the largest real part, where it is known."""
        if not self.leading or self.rate < -self.accuracy:
            return "stable"
        return "unstable" if self.rate > self.accuracy else "marginal"

    @property
    def time_constant(self) -> float:
        """1/|rate| in seconds."""
        return 1.0 / abs(self.rate) if self.rate else np.inf

    @property
    def stiffness(self) -> float:
        """The largest absolute value over that of the largest real part."""
        return abs(self.largest) / abs(self.rate) if self.rate else np.inf


def spectrum(linear: Linear) -> Spectrum:
    """The eigenvalues of a linear map.

    Raises:
        FloatingPointError: a product is not finite, or Arnoldi's method finds nothing.
    """
    if linear.size == 0:
        return Spectrum(0, (), 0j, np.empty(0, dtype=complex), is_complete=True, accuracy=0.0)
    return _dense(linear) if linear.size <= DENSE else _arnoldi(linear)


def _dense(linear: Linear) -> Spectrum:
    matrix = linear.matrix()
    if not np.isfinite(matrix).all():
        raise FloatingPointError("a derivative is infinite or not a number here")
    values, vectors = np.linalg.eig(matrix)
    return ordered(linear.size, values, vectors, values, is_complete=True, accuracy=0.0)


def _arnoldi(linear: Linear) -> Spectrum:
    leading, modes, is_sharp = _eigenvalues(linear, "LR", _LEADING, (_ACCURACY, 1e-3))
    largest, _, _ = _eigenvalues(linear, "LM", 1, (_ROUGH,))
    place = int(np.argmax(leading.real))
    accuracy = 0.0 if is_sharp else residual_of(linear, leading[place], modes[:, place])
    both = np.concatenate([largest, leading])
    return ordered(linear.size, leading, modes, both, is_complete=False, accuracy=accuracy)


def residual_of(linear: Linear, value: complex, mode: Complex) -> float:
    """How far an eigenvalue and its vector are from being one."""
    away = linear.times(mode.real) + 1j * linear.times(mode.imag) - value * mode
    return float(np.linalg.norm(away) / np.linalg.norm(mode))


def _eigenvalues(
    linear: Linear, which: str, count: int, accuracies: tuple[float, ...]
) -> tuple[Complex, Complex, bool]:
    """Eigenvalues, eigenvectors, and whether they are as accurate as was asked for; else what there is."""
    start = np.random.default_rng(0).normal(size=linear.size)  # the same every time
    for accuracy in accuracies:
        values, vectors, is_found = eigenpairs(
            linear.times, start, which=which, count=count, basis=_BASIS, restarts=_RESTARTS, accuracy=accuracy
        )
        if len(values):
            return values, vectors, is_found and accuracy == accuracies[0]
    raise FloatingPointError("Arnoldi's method found no eigenvalue: they lie too close together")


def ordered(
    n: int, values: Complex, vectors: Complex, all_found: Complex, *, is_complete: bool, accuracy: float
) -> Spectrum:
    """The spectrum that these eigenvalues and vectors make; the largest is taken from ``all_found``."""
    order = np.lexsort((-values.imag, -values.real))[:_LEADING]
    first = vectors[:, order[0]]
    largest = complex(all_found[int(np.argmax(np.abs(all_found)))])
    known = max(accuracy, _ROUND_OFF * abs(largest))
    leading = tuple(complex(values[place]) for place in order)
    return Spectrum(n, leading, largest, first / first[int(np.argmax(np.abs(first)))], is_complete, known)


def longest_step(method: Method, eigenvalue: complex) -> float:
    """The longest step in seconds with which a method damps this eigenvalue: where |R(h lambda)| <= 1 ends. inf where it does not decay."""
    if not eigenvalue.real < 0:
        return np.inf
    stages = len(method.b)
    a = np.array([[float(each) for each in row] + [0.0] * (stages - len(row)) for row in method.a[:stages]])
    b = np.array([float(each) for each in method.b])
    direction = eigenvalue / abs(eigenvalue)

    def is_damped(size: float) -> bool:
        z = size * direction
        return bool(abs(1 + z * (b @ np.linalg.solve(np.eye(stages) - z * a, np.ones(stages)))) <= 1.0)

    sizes = np.linspace(0.0, 20.0, 2001)[1:]
    ends = next((size for size in sizes if not is_damped(float(size))), np.inf)
    return float(ends) / abs(eigenvalue)
