"""Readable Python from kernels: one function per kernel, in the subset that numba and CPython share.

The text imports nothing. It calls C's elementary functions and selections by the names of `kernel.operations`; whoever
runs it provides them. Arrays are indexed as they are (numpy arrays, any sequence, or C pointers). Every argument is
evaluated, as the operations demand: nothing branches but what the kernel branches on.
"""

from typing import assert_never

from mcompiler.backends.values import Writer, atom, identifier, one_line, sum_text, value_text
from mcompiler.kernel.ir import (
    Accumulate,
    Buffer,
    For,
    If,
    Kernel,
    KernelModule,
    Let,
    Local,
    Op,
    Reduce,
    Return,
    Statement,
    Store,
    Total,
)


def module_text(module: KernelModule, version: str = "") -> str:
    """The text of all kernels, each a function; the same module gives the same bytes."""
    head = [f"Kernels of {module.name}, written by mcompiler {version}".rstrip(), *module.header]
    blocks = ["\n".join(f"# {one_line(line)}".rstrip() for line in head)]
    blocks += ["\n".join(kernel_lines(kernel)) for kernel in module.kernels]
    return "\n\n\n".join(blocks) + "\n"


def kernel_lines(kernel: Kernel) -> list[str]:
    """The lines of one kernel's function."""
    names = ", ".join(identifier(argument.name) for argument in kernel.signature.arguments)
    writer = Writer()
    _block(kernel.body, writer)
    head = [f"def {identifier(kernel.signature.name)}({names}):", f'    """{kernel.signature.doc}"""']
    return [*head, *(f"    {line}" for line in writer.lines)]


def _block(body: tuple[Statement, ...], writer: Writer) -> None:
    for statement in body:
        _statement(statement, writer)
    if not body:
        writer.line("pass")


def _nested(head: str, body: tuple[Statement, ...], comment: str, writer: Writer) -> None:
    writer.line(head, comment)
    writer.depth += 1
    _block(body, writer)
    writer.depth -= 1


def _statement(statement: Statement, writer: Writer) -> None:
    match statement:
        case Let(name, value, comment):
            writer.line(f"{identifier(name)} = {value_text(value, writer)}", comment)
        case Buffer(name, size):
            writer.line(f"{identifier(name)} = buffer({size})")
        case Store(array, index, value, comment):
            writer.line(f"{identifier(array)}[{value_text(index, writer)}] = {value_text(value, writer)}", comment)
        case Accumulate(array, index, value, comment):
            place = atom(index, writer)
            added = sum_text(f"{identifier(array)}[{place}]", value, writer)
            writer.line(f"{array}[{place}] = {added}", comment)
        case For(index, count, body, comment):
            _nested(f"for {identifier(index)} in range({value_text(count, writer)}):", body, comment, writer)
        case Reduce():
            _reduce(statement, writer)
        case If(condition, body, comment):
            _nested(f"if {value_text(condition, writer)}:", body, comment, writer)
        case Return(value):
            writer.line(f"return {value_text(value, writer)}")
        case _:
            assert_never(statement)


def _reduce(statement: Reduce, writer: Writer) -> None:
    for total in statement.totals:
        writer.line(f"{identifier(total.name)} = {value_text(total.initial, writer)}")
    writer.line(
        f"for {identifier(statement.index)} in range({value_text(statement.count, writer)}):", statement.comment
    )
    writer.depth += 1
    for inner in statement.body:
        _statement(inner, writer)
    for total in statement.totals:
        writer.line(f"{total.name} = {_joined(total, writer)}")
    if not statement.totals and not statement.body:
        writer.line("pass")
    writer.depth -= 1


def _joined(total: Total, writer: Writer) -> str:
    """A total with one more value."""
    if total.op == "sum":
        return f"summed({total.name}, {value_text(total.value, writer)})"
    return value_text(Op(total.op, (Local(total.name), total.value)), writer)
