"""From text to tokens. A character that has no meaning is reported here, once, and never again."""

import re
from functools import cache

from mcompiler.diagnostics import Problems
from mcompiler.dsl import syntax, tables
from mcompiler.dsl.tokens import DERIVATIVE, ERROR, NAME, NEWLINE, NUMBER, STATEMENT_END, STRING, Token
from mcompiler.source import Source, Span

#: Characters that editors and papers put in the place of those of the language.
TYPOGRAPHIC = {
    "×": "*", "·": "*", "∙": "*", "⋅": "*", "−": "-", "–": "-", "—": "-", "÷": "/", "∕": "/", "≤": "<=", "≥": ">=", "≠": "!=",
    "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": '"', "’": '"', "\u00a0": " ", "\u2009": " ", "\u202f": " ", "…": "..", "²": "^2", "³": "^3",
    "＝": "=", "（": "(", "）": ")", "，": ",", "：": ":", "；": ";",
}  # fmt: skip
#: What other languages write, and how it is said here.
FOREIGN = {"&": "and", "|": "or", "!": "not", "'": '"', "{": "{"}


@cache
def _pattern() -> re.Pattern[str]:
    """One expression for all tokens; signs are tried longest first."""
    patterns = tables.load().patterns
    signs = sorted((each for each in tables.load().literals if not each[0].isalpha()), key=len, reverse=True)
    parts = {
        "SPACE": r"[ \t\r\f]+",
        DERIVATIVE: patterns[DERIVATIVE] + r"(?!\w)",
        NAME: patterns[NAME],
        NUMBER: patterns[NUMBER],
        "SIGN": "|".join(map(re.escape, signs)),
        NEWLINE: r"\n",
        STRING: patterns[STRING],
        "COMMENT": r"#[^\n]*",
        STATEMENT_END: ";",
        "OPEN_STRING": r'"[^\n]*',
        "OTHER": ".",
    }
    return re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in parts.items()), re.DOTALL)


def tokenize(source: Source, problems: Problems) -> tuple[list[Token], tuple[syntax.Comment, ...]]:
    """The tokens of a text, ends of lines among them, and its comments."""
    tokens: list[Token] = []
    comments: list[syntax.Comment] = []
    literals = tables.load().literals
    for match in _pattern().finditer(source.text):
        kind, text = match.lastgroup or "", match[0]
        if kind == "SPACE":
            continue
        if kind == "SIGN":
            kind = literals[text]
        elif kind == "COMMENT":
            text = text.rstrip()
            comments.append(syntax.Comment(Span(source, match.start(), match.start() + len(text)), text))
            continue
        elif kind == "OTHER":
            kind = ERROR
        elif kind == "OPEN_STRING":
            kind = STRING
        tokens.append(Token(kind, text, match.start(), match.end()))
    return tokens, tuple(comments)
