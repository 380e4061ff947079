"""Statements of devices, circuits, cells, synapses and networks: a function for each rule of the grammar."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from mcompiler.dsl import syntax
from mcompiler.dsl.build.expressions import string, word
from mcompiler.dsl.build.notes import Notes
from mcompiler.dsl.syntax import Expression
from mcompiler.dsl.tokens import TIME, Token
from mcompiler.source import Span

Arguments = tuple[syntax.Argument, ...]
Bindings = tuple[syntax.Binding, ...]


class Template(NamedTuple):
    """What an element is made from: ``HP(p, n)``."""

    name: syntax.Name
    arguments: Arguments


def _template(_: Span, name: syntax.Name, arguments: Arguments | None) -> Template:
    return Template(name, arguments or ())


def _bounds(span: Span, lower: Expression, upper: Expression) -> syntax.Bounds:
    return syntax.Bounds(span, lower, upper)


def _parameter_set(
    span: Span, name: syntax.Identifier, doc: Token | None, *values: syntax.Argument
) -> syntax.ParameterSet:
    return syntax.ParameterSet(span, name, values, string(doc))


def _when(span: Span, condition: Expression, *resets: syntax.Reset) -> syntax.When:
    return syntax.When(span, condition, resets)


def _declaration(
    notes: Notes,
    span: Span,
    kind: syntax.DeclarationKind,
    part: syntax.Part,
    unit: syntax.UnitText | None,
    bounds: syntax.Bounds | None,
    relation: str | None,
    value: Expression | None,
    scale: Expression | None,
    doc: Token | None,
) -> syntax.Declaration:
    notes.declare(part.span, part.name)
    notes.index(part, is_declared=True)
    return syntax.Declaration(
        span, kind, named(part), part.indices, unit, bounds, value, relation == "~", scale, string(doc)
    )


def _nodes(notes: Notes, span: Span, parts: tuple[syntax.Part, ...], doc: Token | None) -> syntax.Nodes:
    for part in parts:
        notes.declare(part.span, part.name)
    return syntax.Nodes(span, parts, string(doc))


def _equation(
    notes: Notes, span: Span, left: Expression, relation: str, right: Expression, doc: Token | None
) -> syntax.Equation:
    if isinstance(left, syntax.Name) and left.text == TIME:
        notes.problems.error("assignment-to-time", "t is time and cannot be given a value", left.span)
    return syntax.Equation(span, left, right, relation == "+=", string(doc))


def _element(
    notes: Notes, span: Span, name: Token, bindings: Bindings | None, template: Template, doc: Token | None
) -> syntax.Element:
    place = Span(span.source, name.start, name.end)
    notes.declare(place, name.text)
    return syntax.Element(
        span, syntax.Identifier(place, name.text), bindings or (), template.name, template.arguments, string(doc)
    )


def _reset(notes: Notes, span: Span, name: syntax.Name, value: Expression) -> syntax.Reset:
    if name.text == TIME:
        notes.problems.error("assignment-to-time", "t is time and cannot be given a value", name.span)
    return syntax.Reset(span, name, value)


def _device_member(
    notes: Notes, span: Span, name: syntax.Identifier, template: Template, doc: Token | None
) -> syntax.Member:
    notes.declare(name.span, name.text)
    return syntax.Member(span, "device", name, (), template.name, template.arguments, string(doc))


def _cells(notes: Notes, span: Span, part: syntax.Part, template: Template, doc: Token | None) -> syntax.Member:
    notes.declare(part.span, part.name)
    return syntax.Member(span, "cells", named(part), part.indices, template.name, template.arguments, string(doc))


def _synapses(
    notes: Notes,
    span: Span,
    name: syntax.Identifier,
    template: Template,
    source: syntax.Name,
    target: syntax.Name,
    shared: syntax.Name | None,
    where: Expression | None,
    topology: Expression | None,
    doc: Token | None,
) -> syntax.Synapses:
    notes.declare(name.span, name.text)
    ends = source, target, shared
    return syntax.Synapses(span, name, template.name, template.arguments, *ends, where, topology, string(doc))


def named(part: syntax.Part) -> syntax.Identifier:
    """The name of a declared array, without its shape."""
    start = part.span.start
    return syntax.Identifier(Span(part.span.source, start, start + len(part.name)), part.name)


RULES: Mapping[str, Callable[..., object]] = {
    "template": _template, "bounds": _bounds, "parameter_set": _parameter_set, "when": _when, "declaration_kind": word,
}  # fmt: skip
NOTING: Mapping[str, Callable[..., object]] = {
    "declaration": _declaration, "nodes": _nodes, "equation": _equation, "element": _element, "reset": _reset,
    "device_member": _device_member, "cells": _cells, "synapses": _synapses,
}  # fmt: skip
