"""The canonical text of a module: what is parsed from it is the same module, and printing that gives the same text.

Comments stay where they are, of several blank lines one is kept, columns of neighbouring declarations and elements are aligned.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from mcompiler.dsl import syntax
from mcompiler.dsl.printer.expressions import argument, quoted, write
from mcompiler.dsl.printer.layout import STEP, WIDTH, Note, column_widths, lines, placed
from mcompiler.dsl.printer.pieces import Writer
from mcompiler.dsl.printer.places import Entry, Places, Printed
from mcompiler.dsl.printer.statements import doc, parts, reset, set_header, when_header, write_statement


def format_module(module: syntax.Module) -> str:
    """The text of a module in canonical form."""
    places = Places(module)
    _, entries = places.entries(module.items, 0, len(places.text))
    result: list[str] = []
    before: Entry | None = None
    for entry in entries:
        is_apart = isinstance(entry.node, syntax.Block) and before is not None and before.node is not None
        if before is not None and (entry.has_blank_before or is_apart or isinstance(before.node, syntax.Block)):
            result.append("")
        result += _with_trailing(_item(entry, places), entry.trailing)
        before = entry
    return "".join(f"{line}\n" for line in result)


def _item(entry: Entry, places: Places) -> list[str]:
    node = entry.node
    out = Writer()
    match node:
        case None:
            return [entry.text]
        case syntax.Block():
            return _block(node, places)
        case syntax.Use():
            out.write(f"use {quoted(node.target) if node.is_file else node.target}", node.span.start)
        case syntax.Function():
            out.write(f"function {node.name.text}", node.span.start)
            out.open("(")
            for number, each in enumerate(node.parameters):
                if number:
                    out.comma()
                out.write(each.text, each.span.start)
            out.close(")")
            out.relation("=")
            write(out, node.body)
            doc(out, node.doc)
        case _:
            raise AssertionError(f"{type(node).__name__} is no item")
    return lines(out, "", entry.inside)


def _block(node: syntax.Block, places: Places) -> list[str]:
    out = Writer()
    out.write(f"{node.kind} {node.name.text}", node.span.start)
    if node.ports:
        out.open("(")
        parts(out, node.ports)
        out.close(")")
    if node.on is not None:
        out.write(f" on {node.on.text}", node.on.span.start)
    doc(out, node.doc)
    out.write(" {")
    return _braced(out, node, node.body, "", places)


def _braced(out: Writer, node: syntax.Node, body: Sequence[Printed], indentation: str, places: Places) -> list[str]:
    """A header that ends with a brace, the lines of the body, and the closing brace."""
    brace = places.brace(node)
    trailing, entries = places.entries(body, brace, node.span.end)
    header = lines(out, indentation, places.within(node.span.start, brace))
    if not entries and not trailing:
        return [*header[:-1], header[-1] + "}"]
    return [*_with_trailing(header, trailing), *_body(entries, indentation + STEP, places), indentation + "}"]


def _body(entries: Sequence[Entry], indentation: str, places: Places) -> Iterator[str]:
    """The lines of statements and comments, neighbours of one kind aligned."""
    group = 0
    numbered: list[tuple[int, Entry]] = []
    entries = list(_apart(entries))
    for before, entry in zip([None, *entries], entries, strict=False):
        group += before is None or entry.has_blank_before or _alignment(before) != _alignment(entry)
        numbered.append((group, entry))
    for _, members in groupby(numbered, key=lambda pair: pair[0]):
        neighbours = [entry for _, entry in members]
        if neighbours[0].has_blank_before:
            yield ""
        yield from _neighbours(neighbours, indentation, places)


def _apart(entries: Iterable[Entry]) -> Iterator[Entry]:
    """The entries, and as entries of their own the comments inside a statement that have no place there and so go before it."""
    for entry in entries:
        if not entry.inside or entry.node is None or isinstance(entry.node, syntax.When | syntax.ParameterSet):
            yield entry
            continue
        before, _ = placed(_statement(entry.node).pieces, entry.inside)
        has_blank_before = entry.has_blank_before
        for note in before:
            yield Entry(None, note.text, has_blank_before)
            has_blank_before = False
        inside = [note for note in entry.inside if note not in before]
        yield replace(entry, has_blank_before=has_blank_before, inside=inside)


def _alignment(entry: Entry) -> object:
    """What a statement is aligned with."""
    return type(entry.node) if isinstance(entry.node, syntax.Declaration | syntax.Element) else None


def _neighbours(entries: Sequence[Entry], indentation: str, places: Places) -> Iterator[str]:
    writers = [_statement(entry.node) for entry in entries]
    columns = column_widths(writers, WIDTH - len(indentation))
    for out, entry, widths in zip(writers, entries, columns, strict=True):
        match entry.node:
            case None:
                printed = [indentation + entry.text]
            case syntax.When() if _is_spread(entry.node, entry.inside, out, indentation, places):
                header = Writer()
                when_header(header, entry.node)
                header.write("{")
                printed = _braced(header, entry.node, entry.node.resets, indentation, places)
            case syntax.ParameterSet() if _is_spread(entry.node, entry.inside, out, indentation, places):
                header = Writer()
                set_header(header, entry.node)
                header.write("{")
                printed = _braced(header, entry.node, entry.node.values, indentation, places)
            case _:
                printed = lines(out, indentation, entry.inside, widths)
        yield from _with_trailing(printed, entry.trailing)


def _statement(node: Printed | None) -> Writer:
    out = Writer()
    match node:
        case None:
            pass
        case syntax.Reset():
            reset(out, node)
        case syntax.Argument():
            argument(out, node)
        case syntax.Block() | syntax.Function() | syntax.Use():
            raise AssertionError("blocks hold statements only")
        case _:
            write_statement(out, node)
    return out


def _is_spread(
    node: syntax.When | syntax.ParameterSet, inside: Sequence[Note], out: Writer, indentation: str, places: Places
) -> bool:
    """Whether an event or set has a line for each of its parts: where it was written so, has comments, or (an event) is long."""
    brace = places.brace(node)
    parts_of = node.resets if isinstance(node, syntax.When) else node.values
    end = parts_of[0].span.start if parts_of and isinstance(node, syntax.ParameterSet) else node.span.end
    is_long = isinstance(node, syntax.When) and len(indentation) + out.width > WIDTH and bool(parts_of)
    return is_long or places.has_newline(brace, end) or any(note.start >= brace for note in inside)


def _with_trailing(printed: list[str], comment: str) -> list[str]:
    return [*printed[:-1], f"{printed[-1]}  {comment}"] if comment else printed
