"""Readable Python from kernels: one function per kernel, in the subset that numba and CPython share.

The text imports nothing. It calls C's elementary functions by the names of `kernel.operations`; whoever runs it
provides them. Arrays are indexed as they are (numpy arrays, any sequence, or C pointers). A value that is used twice,
or only selected, is bound to a name first: every argument is evaluated, as the operations demand, and what is left
between branches is a selection of names, which LLVM turns into a select.
"""

import keyword
import math
from dataclasses import dataclass, field
from typing import assert_never

from mcompiler.kernel.ir import (
    Accumulate,
    Float,
    For,
    If,
    Integer,
    Kernel,
    KernelModule,
    Let,
    Load,
    Local,
    Op,
    Reduce,
    Return,
    Statement,
    Store,
    Value,
)
from mcompiler.kernel.operations import square_and_multiply

#: What the text calls, and expects to find in its namespace.
ELEMENTARY = (
    *("pow", "sqrt", "exp", "expm1", "log", "log1p", "sin", "cos", "tan", "tanh", "sinh", "cosh", "asinh", "atan"),
    *("abs", "floor"),
)
#: Names of two constants that Python has no literal for; like temporaries they begin with an underscore, as no name of
# a kernel does.
CONSTANTS = {"_INF": math.inf, "_NAN": math.nan}

_INFIX = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "div": "/",
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
    "eq": "==",
    "ne": "!=",
    "and": "&",
    "or": "|",
}


def module_text(module: KernelModule, version: str = "") -> str:
    """The text of all kernels, each a function; the same module gives the same bytes."""
    head = [f"Kernels of {module.name}, written by mcompiler {version}".rstrip(), *module.header]
    blocks = ["\n".join(f"# {one_line(line)}".rstrip() for line in head)]
    blocks += ["\n".join(kernel_lines(kernel)) for kernel in module.kernels]
    return "\n\n\n".join(blocks) + "\n"


def kernel_lines(kernel: Kernel) -> list[str]:
    """The lines of one kernel's function."""
    names = ", ".join(identifier(argument.name) for argument in kernel.signature.arguments)
    writer = _Writer()
    _block(kernel.body, writer)
    head = [f"def {identifier(kernel.signature.name)}({names}):", f'    """{kernel.signature.doc}"""']
    return [*head, *(f"    {line}" for line in writer.lines)]


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
class _Writer:
    """The lines so far, how deep they stand, and how many temporaries are bound."""

    lines: list[str] = field(default_factory=list[str])
    depth: int = 0
    temporaries: int = 0

    def line(self, text: str, comment: str = "") -> None:
        self.lines.append("    " * self.depth + text + (f"  # {one_line(comment)}" if comment else ""))

    def bind(self, text: str) -> str:
        name = f"_{self.temporaries}"
        self.temporaries += 1
        self.line(f"{name} = {text}")
        return name


def _block(body: tuple[Statement, ...], writer: _Writer) -> None:
    for statement in body:
        _statement(statement, writer)
    if not body:
        writer.line("pass")


def _nested(head: str, body: tuple[Statement, ...], comment: str, writer: _Writer) -> None:
    writer.line(head, comment)
    writer.depth += 1
    _block(body, writer)
    writer.depth -= 1


def _statement(statement: Statement, writer: _Writer) -> None:
    match statement:
        case Let(name, value, comment):
            writer.line(f"{identifier(name)} = {_value(value, writer)}", comment)
        case Store(array, index, value, comment):
            writer.line(f"{identifier(array)}[{_value(index, writer)}] = {_value(value, writer)}", comment)
        case Accumulate(array, index, value, comment):
            place = _atom(index, writer)
            writer.line(f"{identifier(array)}[{place}] = {array}[{place}] + {_value(value, writer)}", comment)
        case For(index, count, body, comment):
            _nested(f"for {identifier(index)} in range({_value(count, writer)}):", body, comment, writer)
        case Reduce():
            _reduce(statement, writer)
        case If(condition, body, comment):
            _nested(f"if {_value(condition, writer)}:", body, comment, writer)
        case Return(value):
            writer.line(f"return {_value(value, writer)}")
        case _:
            assert_never(statement)


def _reduce(statement: Reduce, writer: _Writer) -> None:
    for total in statement.totals:
        writer.line(f"{identifier(total.name)} = {_value(total.initial, writer)}")
    writer.line(f"for {identifier(statement.index)} in range({_value(statement.count, writer)}):", statement.comment)
    writer.depth += 1
    for inner in statement.body:
        _statement(inner, writer)
    for total in statement.totals:
        writer.line(f"{total.name} = {_value(Op(total.op, (Local(total.name), total.value)), writer)}")
    if not statement.totals and not statement.body:
        writer.line("pass")
    writer.depth -= 1


def _value(value: Value, writer: _Writer) -> str:
    match value:
        case Float(number):
            return float_text(number)
        case Integer(number):
            return str(number) if number >= 0 else f"({number})"
        case Local(name):
            return identifier(name)
        case Load(array, index):
            return f"{identifier(array)}[{_value(index, writer)}]"
        case Op(name, arguments):
            return _operation(name, arguments, writer)
        case _:
            assert_never(value)


def _atom(value: Value, writer: _Writer) -> str:
    """The value as a name or a literal: bound to a temporary where it is more."""
    text = _value(value, writer)
    return text if isinstance(value, Float | Integer | Local) else writer.bind(text)


def _operation(name: str, arguments: tuple[Value, ...], writer: _Writer) -> str:
    if name in _INFIX:
        left, right = (_value(argument, writer) for argument in arguments)
        return f"({left} {_INFIX[name]} {right})"
    if name in ELEMENTARY:
        return f"{name}({', '.join(_value(argument, writer) for argument in arguments)})"
    if name == "powi":
        return _power(arguments, writer)
    if name in {"neg", "not"}:
        return f"(-{_value(arguments[0], writer)})" if name == "neg" else f"(not {_value(arguments[0], writer)})"
    if name == "logistic":
        return f"(1.0 / (1.0 + exp(-{_value(arguments[0], writer)})))"
    return _selection(name, [_atom(argument, writer) for argument in arguments], writer)


def _selection(name: str, atoms: list[str], writer: _Writer) -> str:
    a, b, c = [*atoms, "", ""][:3]
    match name:
        case "where":
            return f"({b} if {a} else {c})"
        case "min" | "max":
            sign = "<" if name == "min" else ">"
            return f"({b} if ({b} {sign} {a}) | ({b} != {b}) else {a})"
        case "sign":
            below = writer.bind(f"(-1.0) if {a} < 0.0 else {a}")
            return f"(1.0 if {a} > 0.0 else {below})"
        case "step":
            below = writer.bind(f"0.0 if {a} < 0.0 else _NAN")
            return f"(1.0 if {a} >= 0.0 else {below})"
        case _:
            raise ValueError(f"no text for operation {name!r}")


def _power(arguments: tuple[Value, ...], writer: _Writer) -> str:
    base, exponent = arguments
    assert isinstance(exponent, Integer)
    square = _atom(base, writer)
    if exponent.value == 0:
        return "1.0"
    result = square
    for step in square_and_multiply(abs(exponent.value)):
        if step == "square":
            square = writer.bind(f"{square} * {square}")
        else:
            result = square if step == "take" else writer.bind(f"{result} * {square}")
    return f"(1.0 / {result})" if exponent.value < 0 else result
