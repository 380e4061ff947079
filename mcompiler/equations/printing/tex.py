"""Sheets as LaTeX for a document that uses amsmath: one ``align*`` per class, the lines they come from as comments."""

from collections.abc import Iterator

from mcompiler.equations.printing.math import latex, unit
from mcompiler.equations.printing.sheet import Row, Section, Sheet
from mcompiler.equations.printing.symbols import escaped


def to_latex(sheet: Sheet) -> str:
    """The sheet, with an end of line; it goes into the body of a document."""
    lines = ["% needs \\usepackage{amsmath}", rf"\subsection*{{{escaped(sheet.name)}: {escaped(sheet.title)}}}"]
    lines += [rf"\noindent {each.latex or escaped(each.text)}\\" for each in sheet.notes]
    for section in sheet.sections:
        lines += ["", *_section(section)]
    return "\n".join(lines) + "\n"


def _section(section: Section) -> Iterator[str]:
    yield rf"\paragraph{{{escaped(section.title)}}}" + (f" % {section.origin}" if section.origin else "")
    for note in (section.doc, *section.notes):
        if note:
            yield f"{escaped(note)}."
    equations = [row for row in section.rows if row.right is not None]
    declared = [row for row in section.rows if row.right is None]
    if declared:
        yield ", ".join(f"${latex(row.left)}$ in ${unit(row.dimension)}$" for row in declared) + "."
    if equations:
        yield r"\begin{align*}"
        yield from (_row(row, is_last=row is equations[-1]) for row in equations)
        yield r"\end{align*}"


def _row(row: Row, *, is_last: bool) -> str:
    assert row.right is not None
    relation = {"=": "=", "+=": r"\mathrel{+}=", ":=": ":="}[row.relation]
    note = [row.note] if row.note else []
    event = rf"\quad\text{{when }} {latex(row.condition)} > 0" if row.condition is not None else ""
    remark = rf"\quad\text{{{escaped('; '.join(note))}}}" if note else ""
    end = "" if is_last else r" \\"
    place = f" % {row.origin}" if row.origin else ""
    return rf"  {latex(row.left)} &{relation} {latex(row.right)}{event} && [{unit(row.dimension)}]{remark}{end}{place}"
