"""Values of parameters and initial states, drawn where the model gives a distribution."""

import zlib
from collections.abc import Mapping

import numpy as np

from mcompiler.model.evaluate import evaluate
from mcompiler.model.model import Distribution, Value
from mcompiler.network.network import Floats


def draw(value: Value, known: Mapping[str, Floats], shape: tuple[int, ...], name: str, seed: int) -> Floats:
    """The value in SI; of a distribution, independent numbers of ``shape`` that depend on ``seed`` and ``name`` only.

    ``lognormal(m, s)`` has the median m and the coefficient of variation s (its standard deviation is s times its mean).
    """
    if not isinstance(value, Distribution):
        return evaluate(value, known)
    first, second = (evaluate(each, known) for each in value.arguments)
    random = np.random.default_rng([seed, zlib.crc32(name.encode())])
    match value.kind:
        case "lognormal":
            return np.asarray(first * np.exp(np.sqrt(np.log1p(second**2)) * random.standard_normal(shape)))
        case "normal":
            relative = value.arguments[1].dimension != value.dimension
            return np.asarray(first + (second * np.abs(first) if relative else second) * random.standard_normal(shape))
        case "uniform":
            return np.asarray(first + (second - first) * random.random(shape))
