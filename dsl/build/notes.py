"""What the builders of one parse share: where they report, and what can be judged only when the whole file is known."""

from dataclasses import dataclass, field

from mcompiler.diagnostics import Problems
from mcompiler.dsl import syntax
from mcompiler.dsl.tokens import TIME
from mcompiler.source import Span


@dataclass(slots=True)
class Notes:
    """Problems, names declared anywhere in the file, and indices that look like units."""

    problems: Problems
    declared: set[str] = field(default_factory=set[str])
    unit_like: list[tuple[syntax.Part, Span]] = field(default_factory=list[tuple[syntax.Part, Span]])

    def declare(self, span: Span, name: str) -> None:
        """Note a declared name; time is not one."""
        self.declared.add(name)
        if name == TIME:
            place = Span(span.source, span.start, span.start + len(name))
            self.problems.error(
                "reserved-word", "t is time and cannot be declared", place, hints=("choose another name",)
            )
