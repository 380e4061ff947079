"""What a file is made of: blocks, functions and uses, each with the function for its rule of the grammar."""

from collections.abc import Callable, Mapping

from mcompiler.dsl import syntax
from mcompiler.dsl.build.expressions import gather, string, word
from mcompiler.dsl.build.notes import Notes
from mcompiler.dsl.tokens import Token
from mcompiler.source import Span

Body = tuple[syntax.Statement, ...]


def _use_module(span: Span, name: syntax.Identifier) -> syntax.Use:
    return syntax.Use(span, name.text)


def _use_file(span: Span, file: Token) -> syntax.Use:
    return syntax.Use(span, string(file), is_file=True)


def _function(
    notes: Notes,
    span: Span,
    name: syntax.Identifier,
    parameters: tuple[syntax.Identifier, ...] | None,
    body: syntax.Expression,
    doc: Token | None,
) -> syntax.Function:
    for each in parameters or ():
        notes.declare(each.span, each.text)
    return syntax.Function(span, name, parameters or (), body, string(doc))


def _block(
    notes: Notes,
    span: Span,
    kind: syntax.BlockKind,
    name: syntax.Identifier,
    ports: tuple[syntax.Part, ...] | None,
    doc: Token | None,
    body: Body,
) -> syntax.Block:
    for port in ports or ():
        notes.declare(port.span, port.name)
    return syntax.Block(span, kind, name, ports or (), None, string(doc), body)


def _experiment(
    notes: Notes,
    span: Span,
    kind: syntax.BlockKind,
    name: syntax.Identifier,
    on: syntax.Identifier,
    doc: Token | None,
    body: Body,
) -> syntax.Block:
    notes.forget_indices(span)
    return syntax.Block(span, kind, name, (), on, string(doc), body)


RULES: Mapping[str, Callable[..., object]] = {
    "use_module": _use_module, "use_file": _use_file,  "template_kind": word,
    "experiment_kind": word, "template_body": gather, "experiment_body": gather, "start": gather,
}  # fmt: skip
NOTING: Mapping[str, Callable[..., object]] = {"function": _function, "block": _block, "experiment": _experiment}
