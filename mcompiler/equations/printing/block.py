"""Sheets of derived systems in the spelling of the model language, for reading: what is taken from the forward run is ``forward.w``."""

from collections.abc import Iterator

from mcompiler.equations.printing.infix import Naming, infix
from mcompiler.equations.printing.naming import ascii_names, forward_names
from mcompiler.equations.printing.sheet import Row, Section, Sheet


def to_block(sheet: Sheet, word: str) -> str:
    """``adjoint of Bench { ... }`` with an end of line; ``word`` says what it is of the system."""
    lines = [f"{word} of {sheet.name} {{", *(f"  # {each.text}" for each in sheet.notes)]
    for section in sheet.sections:
        lines += ["", *_section(section, ascii_names(sheet.system, section.template), _naming(sheet, section))]
    return "\n".join([*lines, "}"]) + "\n"


def _naming(sheet: Sheet, section: Section) -> Naming:
    if section.template is None or section.template.forward is None:
        return ascii_names(sheet.system, section.template)
    return forward_names(sheet.system, section.template)


def _section(section: Section, own: Naming, naming: Naming) -> Iterator[str]:
    yield f"  {section.title} {{" + (f"  # {section.origin}" if section.origin else "")
    yield from (f"    # {each}" for each in (section.doc, *section.notes) if each)
    for row in section.rows:
        yield f"    {_row(row, own, naming)}"
    yield "  }"


def _row(row: Row, own: Naming, naming: Naming) -> str:
    left = infix(row.left, own)
    about = "  # " + ", ".join(part for part in (f"[{row.dimension}]", row.note, str(row.origin or "")) if part)
    if row.right is None:
        return f"{left}: {row.dimension}" + (f"  # {row.note}" if row.note else "")
    equation = f"{left} {row.relation} {infix(row.right, naming)}"
    return (
        f"when {infix(row.condition, naming)} > 0 {{ {equation} }}{about}"
        if row.condition is not None
        else f"{equation}{about}"
    )
