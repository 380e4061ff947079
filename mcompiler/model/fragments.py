"""Pieces of model text that come from outside a file: a unit in a table's header, a value of the command line."""

import re
from dataclasses import fields, replace
from typing import Any, TypeVar

from mcompiler.diagnostics import CompileError, Diagnostic, Label
from mcompiler.dsl import parse, syntax
from mcompiler.source import Source, Span
from mcompiler.units import Unit

Node = TypeVar("Node", bound=syntax.Node)

#: Longest text of either kind, in characters.
LONGEST = 1000
_UNIT = re.compile(r"[\w*/^(). +-]+")
#: A number with its unit right behind it, as in 150ohm.
_GLUED = re.compile(r"\s*([-+]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?)\s*(?![eE][-+]?\d)([^\W\d][\w*/^().-]*)\s*")


def parse_unit(text: str) -> Unit | None:
    """The unit that ``text`` means, or None."""
    if len(text) > LONGEST or not _UNIT.fullmatch(text):
        return None
    try:
        module = parse(Source("<unit>", f"device D(p, n) {{\nparam x: {text}\n}}"))
    except CompileError:
        return None
    match module.items:
        case (syntax.Block(body=(syntax.Declaration(unit=syntax.UnitText() as unit, value=None, bounds=None),)),):
            return unit.unit
        case _:
            return None


def parse_setting(text: str, kind: str) -> syntax.Assignment:
    """The statement that ``M.Ron = 150[ohm]`` is in an experiment, as one of ``kind``; ``150ohm`` is read too.

    Raises:
        CompileError: it is not an assignment; places are in the text itself.
    """
    name, equals, value = text.partition("=")
    hint = "write it like M.Ron=150[ohm], in quotes, since a shell takes brackets for something else"
    if not equals or not name.strip() or not value.strip() or len(text) > LONGEST or "\n" in text:
        raise CompileError([_refusal(f"{text[:60]!r} does not set anything", hint)])
    glued = _GLUED.fullmatch(value)
    shown = Source("--set", f"{name}= {glued[1].removeprefix('+')}[{glued[2]}]" if glued else text)
    prefix = f"experiment Setting on Circuit {{\n{kind} "
    try:
        module = parse(Source("--set", f"{prefix}{shown.text}\n}}\n"))
    except CompileError as error:
        raise CompileError([_moved(each, shown, len(prefix)) for each in error.diagnostics]) from error
    match module.items:
        case (syntax.Block(body=(syntax.Assignment() as found,)),):
            return _placed(found, shown, len(prefix))
        case _:
            raise CompileError([_refusal(f"{text[:60]!r} says more than one thing", "give each a --set of its own")])


def _refusal(headline: str, hint: str) -> Diagnostic:
    return Diagnostic("bad-setting", headline, hints=(hint,), file="--set")


def _moved(diagnostic: Diagnostic, source: Source, shift: int) -> Diagnostic:
    """The diagnostic with its places in the text that the user gave."""
    labels = tuple(Label(_span(each.span, source, shift), each.text) for each in diagnostic.labels)
    return replace(diagnostic, labels=labels)


def _span(span: Span, source: Source, shift: int) -> Span:
    end = len(source.text)
    return Span(source, min(max(span.start - shift, 0), end), min(max(span.end - shift, 0), end))


def _placed(node: Node, source: Source, shift: int) -> Node:
    """The tree with its places in the text that the user gave."""
    parts: dict[str, Any] = {each.name: _inside(getattr(node, each.name), source, shift) for each in fields(node)}
    return replace(node, **parts)


def _inside(value: object, source: Source, shift: int) -> object:
    """A field of a node, likewise."""
    if isinstance(value, Span):
        return _span(value, source, shift)
    if isinstance(value, syntax.Node):
        return _placed(value, source, shift)
    if isinstance(value, tuple):
        return tuple(_inside(each, source, shift) for each in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return value
