"""What the names of an expression mean, and names in order of use."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import TypeAlias

from mcompiler.dsl import syntax
from mcompiler.model.expression import TIME_NAME, Expression
from mcompiler.model.functions import CONSTANTS
from mcompiler.source import Span
from mcompiler.units import DIMENSIONLESS, Dimension

#: Names that mean the same everywhere and cannot be declared.
RESERVED: Mapping[str, str] = {
    TIME_NAME: "time",
    "dt": "part of a derivative",
    "ground": "the reference node",
    **dict.fromkeys(CONSTANTS, "a constant"),
}


@dataclass(frozen=True, slots=True)
class Known:
    """A name that an expression may use.

    Attributes:
        dimension: of its value.
        span: where it is declared.
        what: what it is in words: "parameter", "state".
        is_broken: whether something is wrong with its declaration, so that nothing more is said of what reads it.
    """

    dimension: Dimension
    span: Span | None
    what: str
    is_broken: bool = False

    @property
    def article(self) -> str:
        """``what`` with its article."""
        return f"{'an' if self.what[0] in 'aeiou' else 'a'} {self.what}"


def broken(span: Span | None, what: str) -> Known:
    """A name of which only its place is known."""
    return Known(DIMENSIONLESS, span, what, is_broken=True)


Functions: TypeAlias = Mapping[str, syntax.Function]
#: Resolves a name with dots or indices; None says that the problem is noted.
Dotted: TypeAlias = Callable[[syntax.Name], Expression | None]
#: Resolves ``sum(k in X: ...)``, likewise.
Total: TypeAlias = Callable[[syntax.Total], Expression | None]


@dataclass(slots=True)
class Scope:
    """What the names of an expression mean.

    Attributes:
        names: quantities by name.
        functions: the user's and the library's functions.
        place: what the expression stands in, for messages: "the device HP", "the value of Ron".
        time: whether ``t`` may be used.
        dotted: resolves names with dots or indices (``M.v``); None where there are none.
        total: resolves sums over members; None where there are none.
        elsewhere: names that exist but cannot be used here, since they move in time.
        bound: arguments of the function that is being put in place.
        active: functions being put in place, outermost first.
    """

    names: Mapping[str, Known]
    functions: Functions
    place: str
    time: bool = True
    dotted: Dotted | None = None
    total: Total | None = None
    elsewhere: Mapping[str, Known] = field(default_factory=dict[str, Known])
    bound: Mapping[str, Expression] = field(default_factory=dict[str, Expression])
    active: tuple[str, ...] = ()


def simple_names(*nodes: syntax.Expression | None) -> list[str]:
    """The plain names in these expressions, each once."""
    found = (each for node in nodes if node is not None for each in syntax.walk(node))
    return list(dict.fromkeys(each.text for each in found if isinstance(each, syntax.Name) and each.is_simple))


def ordered(reads: Mapping[str, Iterable[str]]) -> tuple[list[str], list[str]]:
    """Names in order of use, each after those it reads, else as given; and one circle (empty where there is none).

    Where there is a circle its names come before what reads them, so that the rest can still be looked at.
    """
    missing = {name: {each for each in read if each in reads} for name, read in reads.items()}
    readers: dict[str, list[str]] = {name: [] for name in reads}
    for name, read in missing.items():
        for each in read:
            readers[each].append(name)
    place = {name: number for number, name in enumerate(reads)}
    ready = [place[name] for name, read in missing.items() if not read]
    names, done, circle, first = list(reads), dict[str, None](), list[str](), 0
    while len(done) < len(names):
        if not ready:
            while names[first] in done:
                first += 1
            found = _circle(names[first], missing, place)
            circle = circle or found
            ready = sorted(place[name] for name in found)
        name = names[heappop(ready)]
        if name in done:
            continue
        done[name] = None
        for reader in readers[name]:
            missing[reader].discard(name)
            if not missing[reader] and reader not in done:
                heappush(ready, place[reader])
    return list(done), circle


def _circle(start: str, missing: Mapping[str, set[str]], place: Mapping[str, int]) -> list[str]:
    path: dict[str, int] = {}
    name = start
    while name not in path:
        path[name] = len(path)
        name = min(missing[name], key=place.__getitem__)
    return [each for each, position in path.items() if position >= path[name]]
