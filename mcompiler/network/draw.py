"""Values of parameters and initial states, drawn where the model gives a distribution."""

from collections.abc import Mapping

import numpy as np

from mcompiler.model.evaluate import evaluate
from mcompiler.model.model import Distribution, Value
from mcompiler.network.network import Floats


def draw(value: Value, known: Mapping[str, Floats], shape: tuple[int, ...], name: str, seed: int) -> Floats:
    """The value in SI; of a distribution, independent numbers of ``shape``.

    They depend on ``seed`` and ``name`` only, so that the order of statements does not matter. ``lognormal(m, s)`` has the median m and the
    coefficient of variation s (its standard deviation is s times its mean); a spread of ``normal`` without a unit is relative to the mean.

    Raises:
        KeyError: a name has no value.
    """
    if not isinstance(value, Distribution):
        return evaluate(value, known)
    first, second = (evaluate(each, known) for each in value.arguments)
    random = np.random.default_rng([seed, *name.encode()])
    with np.errstate(all="ignore"):
        match value.kind:
            case "lognormal":
                return np.asarray(first * np.exp(np.sqrt(np.log1p(second**2)) * random.standard_normal(shape)))
            case "normal":
                relative = value.arguments[1].dimension != value.dimension
                spread = second * np.abs(first) if relative else second
                return np.asarray(first + spread * random.standard_normal(shape))
            case "uniform":
                return np.asarray(first + (second - first) * random.random(shape))
