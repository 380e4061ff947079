"""Values of parameters and initial states, drawn where the model gives a distribution."""

from collections.abc import Mapping

import numpy as np

from mcompiler.model.evaluate import evaluate
from mcompiler.model.model import Distribution, Value
from mcompiler.network.network import Floats


def draw(
    value: Value, known: Mapping[str, Floats], shape: tuple[int, ...], name: str, seed: int, repeats: int = 1
) -> Floats:
    """The value in SI; of a distribution, independent numbers of ``shape``, and the same again where they are repeated.

    They depend on ``seed`` and ``name`` only, so that the order of statements does not matter. ``lognormal(m, s)`` has the median m and the
    coefficient of variation s (its standard deviation is s times its mean); a spread of ``normal`` without a unit is relative to the mean.

    Raises:
        KeyError: a name has no value.
    """
    if not isinstance(value, Distribution):
        return evaluate(value, known)
    first, second = (evaluate(each, known) for each in value.arguments)
    random = np.random.default_rng([seed, *name.encode()])
    uniform = value.kind == "uniform"
    numbers = random.random(shape) if uniform else random.standard_normal(shape)
    numbers = np.tile(numbers, repeats) if repeats > 1 else numbers
    with np.errstate(all="ignore"):
        match value.kind:
            case "lognormal":
                return np.asarray(first * np.exp(np.sqrt(np.log1p(second**2)) * numbers))
            case "normal":
                relative = value.arguments[1].dimension != value.dimension
                spread = second * np.abs(first) if relative else second
                return np.asarray(first + spread * numbers)
            case "uniform":
                return np.asarray(first + (second - first) * numbers)
