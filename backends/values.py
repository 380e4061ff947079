"""Values of kernels as Python expressions, and the lines they may need before them: temporaries."""

import keyword
import math
from dataclasses import dataclass, field
from typing import assert_never

from mcompiler.kernel.ir import Float, Integer, Load, Local, Op, Value
from mcompiler.kernel.operations import square_and_multiply

#: What the text calls, and expects to find in its namespace.
ELEMENTARY = (
    *("pow", "sqrt", "exp", "expm1", "log", "log1p", "sin", "cos", "tan", "tanh", "sinh", "cosh", "asinh", "atan"),
    *("logistic", "sinh_1", "sinh_2", "sin_20", "cos_20", "tan_20"),
    *("abs", "floor"),
)
#: What it calls besides, with the meaning that `kernel.operations` gives: who runs the text provides these too.
SELECTIONS = ("where", "min", "max", "sign", "step", "predictable", "real", "magnitude")
#: And for loops over members: a local array, and an addition in any order.
MEMBERS = ("buffer", "summed")
#: Names of two constants that Python has no literal for; like temporaries they begin with an underscore, as no name of
# a kernel does.
CONSTANTS = {"_INF": math.inf, "_NAN": math.nan}

#: Operators and how strongly Python's grammar binds them.
_INFIX = {
    "lt": ("<", 2),
    "le": ("<=", 2),
    "gt": (">", 2),
    "ge": (">=", 2),
    "eq": ("==", 2),
    "ne": ("!=", 2),
    "or": ("|", 3),
    "and": ("&", 4),
    "add": ("+", 5),
    "sub": ("-", 5),
    "mul": ("*", 6),
    "div": ("/", 6),
    "quotient": ("//", 6),
}
_PREFIX = {"not": ("not ", 1), "neg": ("-", 7)}
_COMPARISON, _QUOTIENT, _ATOM = 2, 6, 8


def one_line(text: str) -> str:
    """The text as part of a comment: one line of printable characters, whatever it was."""
    return "".join(each if each.isprintable() else "?" for each in " ".join(text.split()))


def identifier(name: str) -> str:
    """The name itself.

    Raises:
        ValueError: it is no name that a kernel may use; generated text is executed, so nothing else may get in.
    """
    if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_"):
        raise ValueError(f"{name!r} is no name for a kernel to use")
    return name


def float_text(number: float) -> str:
    """A literal that reads back as the same double; infinities and NaN are names."""
    if math.isnan(number):
        return "_NAN"
    if math.isinf(number):
        return "_INF" if number > 0 else "(-_INF)"
    text = repr(float(number))
    return f"({text})" if text.startswith("-") else text


@dataclass(slots=True)
class Writer:
    """The lines so far, how deep they stand, and how many temporaries are bound."""

    lines: list[str] = field(default_factory=list[str])
    depth: int = 0
    temporaries: int = 0

    def line(self, text: str, comment: str = "") -> None:
        """Appends a line."""
        self.lines.append("    " * self.depth + text + (f"  # {one_line(comment)}" if comment else ""))

    def bind(self, text: str) -> str:
        """A temporary with this value."""
        name = f"_{self.temporaries}"
        self.temporaries += 1
        self.line(f"{name} = {text}")
        return name


def value_text(value: Value, writer: Writer) -> str:
    """The value as an expression."""
    return _ranked(value, writer)[0]


def atom(value: Value, writer: Writer) -> str:
    """The value as a name or a literal: bound to a temporary where it is more."""
    text = value_text(value, writer)
    return text if isinstance(value, Float | Integer | Local) else writer.bind(text)


def sum_text(left: str, value: Value, writer: Writer) -> str:
    """What stands in ``left`` (an atom) plus the value, added last."""
    sign, rank = _INFIX["add"]
    return f"{left} {sign} {_bracketed(value, rank + 1, writer)}"


def _bracketed(value: Value, rank: int, writer: Writer) -> str:
    text, own = _ranked(value, writer)
    return text if own >= rank else f"({text})"


def _ranked(value: Value, writer: Writer) -> tuple[str, int]:
    """The expression, and how strongly it holds together."""
    match value:
        case Float(number):
            return float_text(number), _ATOM
        case Integer(number):
            return str(number) if number >= 0 else f"({number})", _ATOM
        case Local(name):
            return identifier(name), _ATOM
        case Load(array, index):
            return f"{identifier(array)}[{value_text(index, writer)}]", _ATOM
        case Op(name, arguments):
            return _operation(name, arguments, writer)
        case _:
            assert_never(value)


def _operation(name: str, arguments: tuple[Value, ...], writer: Writer) -> tuple[str, int]:
    if name in _INFIX:
        sign, rank = _INFIX[name]
        # Comparisons do not associate to the left, they form chains.
        left = _bracketed(arguments[0], rank + (rank == _COMPARISON), writer)
        return f"{left} {sign} {_bracketed(arguments[1], rank + 1, writer)}", rank
    if name in _PREFIX:
        sign, rank = _PREFIX[name]
        return f"{sign}{_bracketed(arguments[0], rank + 1, writer)}", rank
    if name in ELEMENTARY or name in SELECTIONS:
        return f"{name}({', '.join(value_text(argument, writer) for argument in arguments)})", _ATOM
    if name == "powi":
        return _power(arguments, writer)
    raise ValueError(f"no text for operation {name!r}")


def _power(arguments: tuple[Value, ...], writer: Writer) -> tuple[str, int]:
    base, exponent = arguments
    assert isinstance(exponent, Integer)
    square = atom(base, writer)
    if exponent.value == 0:
        return "1.0", _ATOM
    result = square
    for step in square_and_multiply(abs(exponent.value)):
        if step == "square":
            square = writer.bind(f"{square} * {square}")
        else:
            result = square if step == "take" else writer.bind(f"{result} * {square}")
    return (f"1.0 / {result}", _QUOTIENT) if exponent.value < 0 else (result, _ATOM)
