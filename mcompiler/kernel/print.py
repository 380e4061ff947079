"""The kernel IR as readable text: what one reads when a kernel looks wrong, and what golden tests compare."""

from collections.abc import Iterator
from itertools import islice
from typing import assert_never

from mcompiler.kernel.ir import (
    Accumulate,
    Buffer,
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

_INFIX = {
    "add": ("+", 5),
    "sub": ("-", 5),
    "mul": ("*", 6),
    "div": ("/", 6),
    "lt": ("<", 4),
    "le": ("<=", 4),
    "gt": (">", 4),
    "ge": (">=", 4),
    "eq": ("==", 4),
    "ne": ("!=", 4),
    "and": ("and", 2),
    "or": ("or", 1),
}
_PREFIX = {"neg": ("-", 7), "not": ("not ", 3)}
_ATOM = 9


def print_module(module: KernelModule) -> str:
    """The module's text: the header as comments, then one block per kernel."""
    lines = [f"# {line}" for line in module.header]
    lines.append(f"module {module.name}")
    for kernel in module.kernels:
        lines += ["", *print_kernel(kernel)]
    return "\n".join(lines) + "\n"


def print_kernel(kernel: Kernel) -> list[str]:
    """The lines of one kernel."""
    arguments = ", ".join(f"{argument.name}: {argument.type}" for argument in kernel.signature.arguments)
    return [f"kernel {kernel.signature.name}({arguments}) -> {kernel.signature.result}:", *_block(kernel.body, "    ")]


def print_head(statement: Statement) -> str:
    """The statement's own line, without what is inside it or comes before it."""
    before = len(statement.totals) if isinstance(statement, Reduce) else 0
    return next(islice(_statement(statement, ""), before, None))


def print_value(value: Value) -> str:
    """The text of one value."""
    return _value(value)[0]


def _block(body: tuple[Statement, ...], indent: str) -> list[str]:
    lines = [line for statement in body for line in _statement(statement, indent)]
    return lines or [f"{indent}pass"]


def _statement(statement: Statement, indent: str) -> Iterator[str]:
    match statement:
        case Let(name, value, comment):
            yield f"{indent}{name} = {print_value(value)}{_comment(comment)}"
        case Buffer(name, size):
            yield f"{indent}{name} = buffer({size})"
        case Store(array, index, value, comment):
            yield f"{indent}{array}[{print_value(index)}] = {print_value(value)}{_comment(comment)}"
        case Accumulate(array, index, value, comment):
            yield f"{indent}{array}[{print_value(index)}] += {print_value(value)}{_comment(comment)}"
        case For(index, count, body, comment):
            yield f"{indent}for {index} in range({print_value(count)}):{_comment(comment)}"
            yield from _block(body, indent + "    ")
        case Reduce(totals, index, count, body, comment):
            for total in totals:
                yield f"{indent}{total.name} = {print_value(total.initial)}"
            yield f"{indent}for {index} in range({print_value(count)}):{_comment(comment)}"
            if body:
                yield from _block(body, indent + "    ")
            for total in totals:
                yield f"{indent}    {total.name} = {total.op}({total.name}, {print_value(total.value)})"
        case If(condition, body, comment):
            yield f"{indent}if {print_value(condition)}:{_comment(comment)}"
            yield from _block(body, indent + "    ")
        case Return(value):
            yield f"{indent}return {print_value(value)}"
        case _:
            assert_never(statement)


def _comment(text: str) -> str:
    return f"  # {text}" if text else ""


def _value(value: Value) -> tuple[str, int]:
    match value:
        case Float(number):
            return repr(float(number)), _ATOM
        case Integer(number):
            return str(number), _ATOM
        case Local(name):
            return name, _ATOM
        case Load(array, index):
            return f"{array}[{print_value(index)}]", _ATOM
        case Op(name, arguments):
            return _operation(name, arguments)
        case _:
            assert_never(value)


def _operation(name: str, arguments: tuple[Value, ...]) -> tuple[str, int]:
    if name in _INFIX:
        sign, rank = _INFIX[name]
        return f"{_bracketed(arguments[0], rank)} {sign} {_bracketed(arguments[1], rank + 1)}", rank
    if name in _PREFIX:
        sign, rank = _PREFIX[name]
        return f"{sign}{_bracketed(arguments[0], rank)}", rank
    return f"{name}({', '.join(print_value(argument) for argument in arguments)})", _ATOM


def _bracketed(value: Value, rank: int) -> str:
    text, own = _value(value)
    return text if own >= rank else f"({text})"
