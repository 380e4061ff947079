"""Statements as text. Columns are marked where neighbours are aligned: the value and the documentation of declarations, the template of elements."""

from typing import assert_never

from mcompiler.dsl import syntax
from mcompiler.dsl.printer.expressions import (
    argument,
    arguments,
    bindings,
    indices,
    listed,
    name,
    over,
    quoted,
    signals,
    write,
)
from mcompiler.dsl.printer.pieces import Writer
from mcompiler.dsl.syntax import Expression


def write_statement(out: Writer, node: syntax.Statement) -> None:
    """Write a statement of any block on one line."""
    match node:
        case syntax.Declaration():
            _declaration(out, node)
        case syntax.Nodes():
            out.write("node ", node.span.start)
            parts(out, node.nodes)
            doc(out, node.doc)
        case syntax.Equation():
            write(out, node.left)
            out.relation("+=" if node.adds else "=")
            write(out, node.right)
            doc(out, node.doc)
        case syntax.Element():
            _element(out, node)
        case syntax.ParameterSet():
            set_header(out, node)
            out.open("{ " if node.values else "{")
            listed(out, node.values)
            out.close(" }" if node.values else "}")
        case syntax.When():
            when_header(out, node)
            out.open("{ " if node.resets else "{")
            _resets(out, node.resets)
            out.close(" }" if node.resets else "}")
        case syntax.Member():
            _member(out, node)
        case syntax.Synapses():
            _synapses(out, node)
        case _:
            _experiment_statement(out, node)


def _declaration(out: Writer, node: syntax.Declaration) -> None:
    out.write(f"{node.kind} {node.name.text}", node.span.start)
    indices(out, node.shape)
    if node.unit is not None:
        out.write(f": {node.unit.text}", node.unit.span.start)
    if node.bounds is not None:
        out.write(" in [", node.bounds.span.start)
        signals(out, (node.bounds.lower, node.bounds.upper))
        out.write("]")
    out.stop()
    if node.value is not None:
        out.relation("~" if node.is_distribution else "=")
        write(out, node.value)
    _word(out, "scale", node.scale)
    out.stop()
    doc(out, node.doc)


def _element(out: Writer, node: syntax.Element) -> None:
    out.write(node.name.text, node.span.start)
    if node.bindings:
        out.open("[")
        bindings(out, node.bindings)
        out.close("]")
    out.write(":")
    out.stop()
    out.write(" ")
    template(out, node.template, node.arguments)
    doc(out, node.doc)


def _member(out: Writer, node: syntax.Member) -> None:
    out.write(f"{node.kind} {node.name.text}", node.span.start)
    indices(out, node.shape)
    out.write(" = " if node.kind == "device" else ": ")
    template(out, node.template, node.arguments)
    doc(out, node.doc)


def _synapses(out: Writer, node: syntax.Synapses) -> None:
    out.write(f"synapses {node.name.text}: ", node.span.start)
    template(out, node.template, node.arguments)
    out.write(" from ")
    name(out, node.source)
    out.write(" to ")
    name(out, node.target)
    _word(out, "with", node.shared)
    _word(out, "where", node.where)
    _word(out, "by", node.topology)
    doc(out, node.doc)


def _resets(out: Writer, nodes: tuple[syntax.Reset, ...]) -> None:
    for number, node in enumerate(nodes):
        if number:
            out.write("; ")
        reset(out, node)


def reset(out: Writer, node: syntax.Reset) -> None:
    """``x := e``."""
    name(out, node.name)
    out.relation(":=")
    write(out, node.value)


def set_header(out: Writer, node: syntax.ParameterSet) -> None:
    """``set fast`` and a space."""
    out.write(f"set {node.name.text}", node.span.start)
    doc(out, node.doc)
    out.write(" ")


def when_header(out: Writer, node: syntax.When) -> None:
    """``when v > Vth`` and a space."""
    out.write("when ", node.span.start)
    write(out, node.condition)
    out.write(" ")


def _experiment_statement(out: Writer, node: syntax.ExperimentStatement) -> None:
    start = node.span.start
    match node:
        case syntax.Assignment():
            _assigned(out, node.kind, node.name, node.value, "~" if node.is_distribution else "=", start)
        case syntax.Data():
            out.write(f"data {node.name.text} = {quoted(node.file.value)}", start)
        case syntax.Run():
            out.write("run", start)
            _word(out, "to", node.until)
            _word(out, "until steady within", node.steady)
        case syntax.Save():
            _save(out, node)
        case syntax.Plot():
            out.write("plot ", start)
            signals(out, node.signals)
            _word(out, "against", node.against)
            if node.form is not None:
                out.write(" as ")
                template(out, node.form.function, node.form.arguments)
        case syntax.Seed():
            out.write("seed ", start)
            write(out, node.value)
        case syntax.Batch():
            out.write("batch ", start)
            write(out, node.value)
        case syntax.Sweep():
            out.write("sweep ", start)
            name(out, node.name)
            out.write(" in ")
            over(out, node.values)
        case syntax.Method():
            out.write(f"method {node.name.text}", start)
            if node.options:
                arguments(out, node.options)
        case _:
            _learning_statement(out, node)


def _learning_statement(
    out: Writer, node: syntax.Loss | syntax.Present | syntax.ErrorState | syntax.Drive | syntax.Train
) -> None:
    start = node.span.start
    match node:
        case syntax.Loss():
            out.write("loss", start)
            _word(out, "at", node.at)
            _word(out, "over", node.over)
            out.relation("=")
            write(out, node.value)
        case syntax.Present():
            _present(out, node)
        case syntax.ErrorState():
            out.write(f"error {node.name.text}: {node.unit.text} of ", start)
            name(out, node.of)
            _options(out, node.options)
        case syntax.Drive():
            _assigned(out, "drive", node.name, node.value, "=", start)
            _options(out, node.options)
        case syntax.Train():
            _train(out, node)
        case _:
            assert_never(node)


def _assigned(out: Writer, kind: str, target: syntax.Name, value: Expression, relation: str, start: int) -> None:
    out.write(f"{kind} ", start)
    name(out, target)
    out.relation(relation)
    write(out, value)


def _save(out: Writer, node: syntax.Save) -> None:
    out.write("save ", node.span.start)
    if node.every is not None:
        out.write("every ")
        write(out, node.every)
        out.write(": ")
    if node.reduction is not None:
        out.write(f"{node.reduction.text} of ")
    signals(out, node.signals)


def _present(out: Writer, node: syntax.Present) -> None:
    if node.form == "input":
        _assigned(out, "present", node.name, node.value, "=", node.span.start)
        _word(out, "for", node.duration)
        return
    out.write("present ", node.span.start)
    write(out, node.value)
    out.write(f" as {node.form} ")
    name(out, node.name)


def _train(out: Writer, node: syntax.Train) -> None:
    out.write("train ", node.span.start)
    listed(out, node.options)
    if node.stop is not None:
        if node.options:
            out.comma()
        out.write("stop when ")
        write(out, node.stop)


def _options(out: Writer, nodes: tuple[syntax.Argument, ...]) -> None:
    for node in nodes:
        out.comma()
        argument(out, node)


def _word(out: Writer, word: str, value: Expression | None) -> None:
    """A word and its value, where there is one."""
    if value is not None:
        out.write(f" {word} ")
        write(out, value, 0)


def template(out: Writer, of: syntax.Name, given: tuple[syntax.Argument, ...]) -> None:
    """``HP(p, n)``, or ``SinhRate`` alone."""
    name(out, of)
    if given:
        arguments(out, given)


def parts(out: Writer, nodes: tuple[syntax.Part, ...]) -> None:
    """Declared names with their shapes."""
    for number, node in enumerate(nodes):
        if number:
            out.comma()
        out.write(node.name, node.span.start)
        indices(out, node.indices)


def doc(out: Writer, text: str) -> None:
    """The documentation, where there is some."""
    if text:
        out.write(f" {quoted(text)}")
        out.pieces[-1].may_stick_out = True
