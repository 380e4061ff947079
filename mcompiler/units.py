"""Units as exact algebra: seven SI exponents and a rational factor.

Own code rather than pint: a check must not cost the third of a second that importing pint takes, units here carry places in a source, exponents
are rational and factors exact. Everything inside mcompiler is in SI; a unit matters where a literal is read and where a number is shown.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

BASE = ("m", "kg", "s", "A", "K", "mol", "cd")


@dataclass(frozen=True, slots=True)
class Dimension:
    """Exponents of metre, kilogram, second, ampere, kelvin, mole and candela."""

    exponents: tuple[Fraction, ...] = (Fraction(0),) * len(BASE)

    def __mul__(self, other: "Dimension") -> "Dimension":
        return Dimension(tuple(a + b for a, b in zip(self.exponents, other.exponents, strict=True)))

    def __truediv__(self, other: "Dimension") -> "Dimension":
        return Dimension(tuple(a - b for a, b in zip(self.exponents, other.exponents, strict=True)))

    def __pow__(self, power: Fraction | int) -> "Dimension":
        return Dimension(tuple(a * power for a in self.exponents))

    def __str__(self) -> str:
        return show(self)


@dataclass(frozen=True, slots=True)
class Unit:
    """``factor`` times the SI unit of ``dimension``; the factor is exact."""

    dimension: Dimension
    factor: Fraction = Fraction(1)

    def __mul__(self, other: "Unit") -> "Unit":
        return Unit(self.dimension * other.dimension, self.factor * other.factor)

    def __truediv__(self, other: "Unit") -> "Unit":
        return Unit(self.dimension / other.dimension, self.factor / other.factor)

    def __pow__(self, power: Fraction) -> "Unit":
        if power.denominator == 1:
            return Unit(self.dimension**power, self.factor ** int(power))
        return Unit(self.dimension**power, _root(self.factor**power.numerator, power.denominator))


def _root(number: Fraction, degree: int) -> Fraction:
    """The root of a factor: exact where it is a fraction, else to 64 bits."""
    whole = Fraction(_whole_root(number.numerator, degree), _whole_root(number.denominator, degree))
    if whole**degree == number:
        return whole
    bits = 65 + max(0, number.denominator.bit_length() - number.numerator.bit_length()) // degree
    return Fraction(_whole_root((number.numerator << degree * bits) // number.denominator, degree), 1 << bits)


def _whole_root(number: int, degree: int) -> int:
    """The nearest integer below the root, by bisection."""
    low, high = 0, 1 << (number.bit_length() // degree + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**degree <= number else (low, middle)
    return max(low, 1)


def _dimension(**powers: int) -> Dimension:
    return Dimension(tuple(Fraction(powers.get(name, 0)) for name in BASE))


DIMENSIONLESS = Dimension()
TIME = _dimension(s=1)
CURRENT = _dimension(A=1)
VOLTAGE = _dimension(kg=1, m=2, s=-3, A=-1)
RESISTANCE = VOLTAGE / CURRENT
CONDUCTANCE = CURRENT / VOLTAGE
CHARGE = CURRENT * TIME
FLUX = VOLTAGE * TIME
CAPACITANCE = CHARGE / VOLTAGE
INDUCTANCE = FLUX / CURRENT
POWER = VOLTAGE * CURRENT
ENERGY = POWER * TIME
LENGTH = _dimension(m=1)

#: Names that take an SI prefix, and what they are.
PREFIXED: dict[str, Unit] = {
    "m": Unit(LENGTH),
    "g": Unit(_dimension(kg=1), Fraction(1, 1000)),
    "s": Unit(TIME),
    "A": Unit(CURRENT),
    "K": Unit(_dimension(K=1)),
    "mol": Unit(_dimension(mol=1)),
    "cd": Unit(_dimension(cd=1)),
    "V": Unit(VOLTAGE),
    "ohm": Unit(RESISTANCE),
    "Ω": Unit(RESISTANCE),  # U+03A9
    "\u2126": Unit(RESISTANCE),
    "S": Unit(CONDUCTANCE),
    "F": Unit(CAPACITANCE),
    "H": Unit(INDUCTANCE),
    "W": Unit(POWER),
    "J": Unit(ENERGY),
    "N": Unit(_dimension(kg=1, m=1, s=-2)),
    "Pa": Unit(_dimension(kg=1, m=-1, s=-2)),
    "C": Unit(CHARGE),
    "Wb": Unit(FLUX),
    "T": Unit(FLUX / LENGTH**2),
    "Hz": Unit(TIME**-1),
    "eV": Unit(ENERGY, Fraction("1.602176634e-19")),
}
#: Names that take none.
PLAIN: dict[str, Unit] = {
    "min": Unit(TIME, Fraction(60)),
    "h": Unit(TIME, Fraction(3600)),
    "rad": Unit(DIMENSIONLESS),
}
PREFIXES: dict[str, Fraction] = {
    "f": Fraction(1, 10**15), "p": Fraction(1, 10**12), "n": Fraction(1, 10**9), "u": Fraction(1, 10**6), "µ": Fraction(1, 10**6),
    "μ": Fraction(1, 10**6), "m": Fraction(1, 1000), "c": Fraction(1, 100), "k": Fraction(1000), "M": Fraction(10**6),
    "G": Fraction(10**9), "T": Fraction(10**12), "a": Fraction(1, 10**18),
}  # fmt: skip


def named(name: str) -> Unit | None:
    """The unit with this name, prefix included, or None where there is none."""
    if name in PLAIN:
        return PLAIN[name]
    if name in PREFIXED:
        return PREFIXED[name]
    for prefix, factor in PREFIXES.items():
        rest = name.removeprefix(prefix)
        if rest != name and rest in PREFIXED:
            return Unit(PREFIXED[rest].dimension, PREFIXED[rest].factor * factor)
    return None


def names() -> Iterator[str]:
    """All names with and without prefix, for suggestions."""
    yield from PLAIN
    for name in PREFIXED:
        yield name
        yield from (prefix + name for prefix in PREFIXES)


#: Largest exponent, and largest part of a fraction as one, that is written.
LARGEST_POWER = 40

#: Dimensions with a name of their own, in order of preference where two share one.
_SHOWN: dict[Dimension, str] = {
    DIMENSIONLESS: "1", VOLTAGE: "V", CURRENT: "A", RESISTANCE: "ohm", CONDUCTANCE: "S", CAPACITANCE: "F", INDUCTANCE: "H", POWER: "W",
    ENERGY: "J", CHARGE: "C", FLUX: "V*s", TIME: "s", LENGTH: "m", _dimension(K=1): "K", _dimension(kg=1): "kg",
}  # fmt: skip
#: Electrical units tried in turn to make a short text of the rest, with the price of using one; a kilogram is dear.
_TRIED = tuple(
    (name, tuple(int(each) for each in PREFIXED[name].dimension.exponents))
    for name in ("V", "A", "ohm", "S", "C", "J", "F", "H")
)
_PRICE = {"V": 10, "A": 10, "s": 10, "m": 10, "K": 10, "kg": 60, "ohm": 11, "S": 11, "C": 12, "J": 13, "F": 14, "H": 14}
_POWERS = (1, -1, 2, -2, 3, -3)


@lru_cache(maxsize=1024)
def show(dimension: Dimension) -> str:
    """The plainest text in the units of the field: ``V``, ``A/s``, ``m^2/(V*s)``; "1" where there is no unit. It reads back as the same dimension."""
    return _SHOWN.get(dimension) or _text(
        min(filter(_is_plain, _decompositions(dimension)), key=_cost, default=_powers(dimension.exponents))
    )


def _is_plain(powers: dict[str, Fraction | int]) -> bool:
    """Whether the exponents are such as the language reads."""
    return all(abs(Fraction(power).numerator) <= LARGEST_POWER for power in powers.values())


def _cost(powers: dict[str, Fraction | int]) -> tuple[Fraction, int, str]:
    price = sum((_PRICE.get(name, 30) * abs(Fraction(power)) for name, power in powers.items()), Fraction(0))
    return price, len(powers), ",".join(powers)


def _decompositions(dimension: Dimension) -> Iterator[dict[str, Fraction | int]]:
    """Ways to write a dimension: in base units, or with one or two electrical units."""
    rest = tuple(int(each) if each.denominator == 1 else each for each in dimension.exponents)
    yield _powers(rest)
    for first, (name, unit) in enumerate(_TRIED):
        for power in _powers_of(rest, unit):
            without = tuple(a - power * b for a, b in zip(rest, unit, strict=True))
            yield _powers(without, (name, power))
            for second, other in _TRIED[first + 1 : 2]:
                for more in _POWERS:
                    yield _powers(
                        tuple(a - more * b for a, b in zip(without, other, strict=True)), (name, power), (second, more)
                    )


def _powers_of(rest: tuple[Fraction | int, ...], unit: tuple[int, ...]) -> Iterator[Fraction | int]:
    """Powers of a unit that are worth trying: small whole ones, and the one that leaves no kilogram."""
    yield from _POWERS
    kilogram = BASE.index("kg")
    if unit[kilogram] and Fraction(rest[kilogram]).denominator > 1:
        yield Fraction(rest[kilogram], unit[kilogram])


def _powers(rest: tuple[Fraction | int, ...], *used: tuple[str, Fraction | int]) -> dict[str, Fraction | int]:
    powers: dict[str, Fraction | int] = dict(used)
    for name, power in zip(BASE, rest, strict=True):
        if power:
            powers[name] = powers.get(name, 0) + power
    return {name: power for name, power in powers.items() if power}


def _text(powers: dict[str, Fraction | int]) -> str:
    above = [_factor(name, power) for name, power in powers.items() if power > 0]
    below = [_factor(name, -power) for name, power in powers.items() if power < 0]
    numerator = "*".join(above) or "1"
    if not below:
        return numerator
    return f"{numerator}/{below[0]}" if len(below) == 1 else f"{numerator}/({'*'.join(below)})"


def _factor(name: str, power: Fraction | int) -> str:
    if power == 1:
        return name
    return f"{name}^{power}" if power.denominator == 1 else f"{name}^({power})"
