"""What the builders of one parse share: where they report, and what can be judged only when the whole file is known."""

from dataclasses import dataclass, field

from mcompiler import units
from mcompiler.diagnostics import Problems
from mcompiler.dsl import syntax
from mcompiler.dsl.tokens import TIME
from mcompiler.source import Span


@dataclass(slots=True)
class Notes:
    """Problems, names declared anywhere in the file, and indices that look like units."""

    problems: Problems
    declared: set[str] = field(default_factory=set[str])
    indexed: list[tuple[syntax.Part, bool]] = field(default_factory=list[tuple[syntax.Part, bool]])

    def declare(self, span: Span, name: str) -> None:
        """Note a declared name; time is not one."""
        self.declared.add(name)
        if name == TIME:
            place = Span(span.source, span.start, span.start + len(name))
            self.problems.error(
                "reserved-word", "t is time and cannot be declared", place, hints=("choose another name",)
            )

    def index(self, part: syntax.Part, *, is_declared: bool = False) -> None:
        """Note a name with one index: it may be a unit."""
        if len(part.indices) == 1:
            self.indexed.append((part, is_declared))

    def forget_indices(self, span: Span) -> None:
        """Drop what was noted in a block that may use the sizes of a block in another file."""
        while self.indexed and self.indexed[-1][0].span.start >= span.start:
            self.indexed.pop()


def check_indices(notes: Notes) -> None:
    """Report indices that can only be units, now that all names of the file are known."""
    for part, is_declared in notes.indexed:
        words = _unit_words(part.indices[0])
        if words and not words & notes.declared:
            unit = part.indices[0].span.text.strip()
            hint = f"write {part.name}: {unit}" if is_declared else f"multiply: {part.name}*1[{unit}]"
            what = "the unit of a declaration follows a colon" if is_declared else "only a literal number takes a unit"
            notes.problems.error("unit-on-non-literal", what, part.span, hints=(hint,))


def _unit_words(node: syntax.Expression) -> frozenset[str]:
    """The names of an expression that could be a unit; none where it could not."""
    words: set[str] = set()
    for each in syntax.walk(node):
        match each:
            case syntax.Name() if each.is_simple and units.named(each.text) is not None:
                words.add(each.text)
            case (
                syntax.Number(unit=None)
                | syntax.Unary(operator="-")
                | syntax.Binary(operator="*" | "/" | "^")
                | syntax.Part()
            ):
                pass
            case _:
                return frozenset()
    return frozenset(words)
