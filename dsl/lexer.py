"""From text to tokens. A character without meaning is reported here, once, and never again."""

import re
from functools import cache
from typing import NamedTuple

from mcompiler.diagnostics import Problems
from mcompiler.dsl import syntax, tables
from mcompiler.dsl.tokens import DERIVATIVE, ERROR, NAME, NEWLINE, NUMBER, STATEMENT_END, STRING, Token
from mcompiler.source import Source, Span

#: Characters that papers and editors put in the place of those of the language: they are reported, and read as what is meant.
TYPOGRAPHIC = {
    "\N{MULTIPLICATION SIGN}": "*",
    "\N{MIDDLE DOT}": "*",
    "\N{DOT OPERATOR}": "*",
    "\N{BULLET OPERATOR}": "*",
    "\N{ASTERISK OPERATOR}": "*",
    "\N{DIVISION SIGN}": "/",
    "\N{DIVISION SLASH}": "/",
    "\N{MINUS SIGN}": "-",
    "\N{EN DASH}": "-",
    "\N{EM DASH}": "-",
    "\N{NON-BREAKING HYPHEN}": "-",
    "\N{LESS-THAN OR EQUAL TO}": "<=",
    "\N{GREATER-THAN OR EQUAL TO}": ">=",
    "\N{NOT EQUAL TO}": "!=",
    "\N{HORIZONTAL ELLIPSIS}": "..",
    "\N{TILDE OPERATOR}": "~",
    "\N{FULLWIDTH EQUALS SIGN}": "=",
    "\N{FULLWIDTH LEFT PARENTHESIS}": "(",
    "\N{FULLWIDTH RIGHT PARENTHESIS}": ")",
    "\N{FULLWIDTH COMMA}": ",",
    "\N{FULLWIDTH COLON}": ":",
}
SPACES = frozenset(
    "\N{NO-BREAK SPACE}\N{THIN SPACE}\N{NARROW NO-BREAK SPACE}\N{EN SPACE}\N{EM SPACE}\N{IDEOGRAPHIC SPACE}"
    "\N{ZERO WIDTH SPACE}\N{ZERO WIDTH NO-BREAK SPACE}\N{LINE SEPARATOR}\N{NEXT LINE}"
)
QUOTES = (
    "\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}\N{DOUBLE LOW-9 QUOTATION MARK}"
    "\N{LEFT-POINTING DOUBLE ANGLE QUOTATION MARK}\N{RIGHT-POINTING DOUBLE ANGLE QUOTATION MARK}"
)
#: What other languages write, and how it is said here.
FOREIGN = {
    "&&": "write and",
    "&": "write and",
    "||": "write or",
    "|": "write or",
    "!": "write not",
    "'": 'texts stand between double quotes: "text"',
    "%": "a percentage is one word: 5%",
    "\\": "a line goes on inside brackets and after an operator or comma; nothing marks it",
    "\N{PLUS-MINUS SIGN}": "variation is drawn: param R ~ normal(1[kohm], 5%)",
    "\N{DEGREE SIGN}": "angles are in radians",
}


class Tokens(NamedTuple):
    """What a text is made of."""

    tokens: list[Token]
    comments: tuple[syntax.Comment, ...]


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
        "CURLY_STRING": f'[{QUOTES}][^{QUOTES}"\n]*[{QUOTES}"]?',
        "OTHER": r"&&|\|\||.",
    }
    return re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in parts.items()), re.DOTALL)


def tokenize(source: Source, problems: Problems) -> Tokens:
    """The tokens of a text, ends of lines among them, and its comments."""
    tokens: list[Token] = []
    comments: list[syntax.Comment] = []
    literals = tables.load().literals
    for match in _pattern().finditer(source.text):
        kind, text = match.lastgroup or "", match[0]
        if kind == "SPACE":
            continue
        if kind == "COMMENT":
            text = text.rstrip()
            comments.append(syntax.Comment(Span(source, match.start(), match.start() + len(text)), text))
            continue
        token = Token(literals[text] if kind == "SIGN" else kind, text, match.start(), match.end())
        if kind in _CHECKED and (kind != NAME or not text.isascii()):
            kept = _CHECKED[kind](source, token, tokens, problems)
            if kept is None:
                continue
            token = kept
        tokens.append(token)
    return Tokens(tokens, tuple(comments))


def is_open(token: Token) -> bool:
    """Whether a text has no closing quote."""
    return token.kind == STRING and (len(token.text) == 1 or token.text[-1] != '"')


def _name(source: Source, token: Token, _: list[Token], problems: Problems) -> Token:
    """Some signs count as letters in a regular expression, but not in a name: superscripts, fractions."""
    if token.text.isidentifier():
        return token
    sign = next(each for each in token.text if not each.isidentifier() and not each.isdecimal())
    at = token.start + token.text.index(sign)
    hints = {"\N{SUPERSCRIPT TWO}": ("write ^2",), "\N{SUPERSCRIPT THREE}": ("write ^3",)}.get(sign, ())
    headline = f"{_shown(sign)} cannot be part of a name"
    problems.error("unknown-character", headline, Span(source, at, at + 1), hints=hints)
    return token._replace(kind=ERROR)


def _open_string(source: Source, token: Token, tokens: list[Token], problems: Problems) -> Token:
    """A text without closing quote ends with its line, but not with a brace at the end of the line, which is that of a block."""
    line = token.text.rstrip()
    text = line.removesuffix("{").rstrip()
    span = Span(source, token.start, token.start + len(text))
    problems.error(
        "unclosed-string", 'this text has no closing "', span, hints=('a text ends with " on the same line',)
    )
    string = Token(STRING, text, span.start, span.end)
    if text == line:
        return string
    tokens.append(string)
    end = token.start + len(line)
    return Token("LBRACE", "{", end - 1, end)


def _curly_string(source: Source, token: Token, _: list[Token], problems: Problems) -> Token | None:
    place = Span(source, token.start, token.start + 1)
    headline = f"{_shown(token.text[0])} is not a quote of the language"
    problems.error("unknown-character", headline, place, hints=('write "text"',))
    if len(token.text) > 1 and token.text[-1] in QUOTES + '"':
        return token._replace(kind=STRING, text=f'"{token.text[1:-1]}"')
    return token._replace(kind=ERROR)


def _other(source: Source, token: Token, tokens: list[Token], problems: Problems) -> Token | None:
    """A sign that is not part of the language; None where nothing stands for it."""
    sign = token.text
    before = tokens[-1] if tokens else None
    if sign not in TYPOGRAPHIC and before is not None and before.kind == ERROR and before.end == token.start:
        return token._replace(kind=ERROR)  # one report for a row of them
    meant = TYPOGRAPHIC.get(sign)
    hints = (f"write {meant}",) if meant else (FOREIGN[sign],) if sign in FOREIGN else ()
    if sign in SPACES:
        hints = ("write a plain space",)
    problems.error(
        "unknown-character",
        f"{_shown(sign)} is not a sign of the language",
        Span(source, token.start, token.end),
        hints=hints,
    )
    if sign in SPACES:
        return None
    return token._replace(kind=tables.load().literals[meant]) if meant else token._replace(kind=ERROR)


def _shown(sign: str) -> str:
    """A sign as it looks, with its number where it may be taken for another one."""
    if sign.isascii() and sign.isprintable():
        return sign
    number = f"U+{ord(sign[0]):04X}"
    return f"{sign} ({number})" if sign.isprintable() else number


_CHECKED = {NAME: _name, "OPEN_STRING": _open_string, "CURLY_STRING": _curly_string, "OTHER": _other}
