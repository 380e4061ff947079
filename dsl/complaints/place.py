"""Where a parse stopped, and how tokens and terminals are called in messages."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mcompiler.diagnostics import Diagnostic, Label
from mcompiler.dsl import tables
from mcompiler.dsl.driver import Driver
from mcompiler.dsl.recovery import level
from mcompiler.dsl.tokens import BLOCK_KINDS, NAME, NUMBER, STATEMENT_END, STRING, TEXT_END, Token
from mcompiler.source import Source, Span

ENDS = frozenset({STATEMENT_END, TEXT_END, "RBRACE"})
#: Terminals that only join operands.
OPERATORS = frozenset({"PLUS", "MINUS", "STAR", "SLASH", "CIRCUMFLEX", "LESSTHAN", "MORETHAN", "AND", "OR", "DOT", "__ANON_6"}) | {
    f"__ANON_{number}" for number in range(2, 6)
}  # fmt: skip
#: What may follow any name or list.
_CONTINUATIONS = frozenset({"LSQB", "LPAR", "DOT", "COMMA"})
_OPERANDS = frozenset({NAME, NUMBER, "DERIVATIVE", "INF", "NOT", "MINUS"})


@dataclass(frozen=True, slots=True)
class Place:
    """Where the parse stopped.

    Attributes:
        begin: the position of the first token of the statement.
        position: that of the token that cannot stand there.
        where: what begins at ``begin``: a statement of a "template", of an "experiment", of an "event", a value of a "set", or an item of the "file".
        block: the kind of the block around it, or nothing.
        expected: the terminals that could stand there.
        keywords: the positions of words that were taken for keywords.
    """

    source: Source
    tokens: Sequence[Token]
    begin: int
    position: int
    where: str
    block: str
    expected: frozenset[str]
    keywords: frozenset[int]

    @property
    def token(self) -> Token:
        """The token that cannot stand there."""
        return self.tokens[self.position]

    @property
    def next(self) -> Token:
        """The one after it."""
        return self.tokens[min(self.position + 1, len(self.tokens) - 1)]

    @property
    def previous(self) -> Token | None:
        """The one before it in the statement."""
        return self.tokens[self.position - 1] if self.position > self.begin else None

    @property
    def first(self) -> Token:
        """The first one of the statement."""
        return self.tokens[self.begin]

    @property
    def after_newline(self) -> bool:
        """Whether the token is on another line than the one before it."""
        return self.previous is not None and "\n" in self.source.text[self.previous.end : self.token.start]

    def span(self, first: Token, last: Token | None = None) -> Span:
        """The place of a token, or of all from one to another."""
        return Span(self.source, first.start, (last or first).end)

    @property
    def here(self) -> Span:
        """The place of the token; for the end of a line or block that after the last token before."""
        if (
            self.previous is not None
            and self.token.kind in ENDS
            and (self.token.kind != "RBRACE" or self.after_newline)
        ):
            return Span(self.source, self.previous.end, self.previous.end)
        return self.span(self.token)

    def says(
        self, code: str, headline: str, *labels: Span | tuple[Span, str], notes: Iterable[str] = (), hints: Iterable[str] = ()
    ) -> Diagnostic:  # fmt: skip
        """A diagnostic at the token, or at the places that are given."""
        places = tuple(Label(*each) if isinstance(each, tuple) else Label(each) for each in labels or (self.here,))
        return Diagnostic(code, headline, places, tuple(notes), tuple(hints))


def place_of(driver: Driver, position: int) -> Place:
    """Where a driver stopped: the token at ``position`` is refused."""
    height, where = level(driver)
    begin = driver.firsts[height] if height < len(driver.states) else position
    kinds = [each for each in driver.values[:height] if isinstance(each, str) and each in BLOCK_KINDS]
    return Place(
        driver.source,
        driver.tokens,
        min(begin, position),
        position,
        where,
        kinds[-1] if kinds else "",
        driver.expected(),
        frozenset(driver.keywords),
    )


def described(token: Token) -> str:
    """A token as it is called in a message."""
    match token.kind:
        case "_END":
            return "the end of the line" if token.text == "\n" else "the end of the statement"
        case "$END":
            return "the end of the file"
        case "STRING":
            return "a text"
        case _:
            return token.text if len(token.text) <= 40 else f"{token.text[:37]}..."


def listed(expected: Iterable[str]) -> str:
    """Terminals in words: ``a name, = or {``."""
    kinds = set(expected)
    kinds = kinds - _CONTINUATIONS or kinds
    words: list[str] = []
    if NUMBER in kinds:
        words.append("an expression")
        kinds -= _OPERANDS | {STRING, "LPAR"}
    elif NAME in kinds:
        words.append("a name")
    if kinds - OPERATORS - {STATEMENT_END, TEXT_END, STRING}:
        kinds -= OPERATORS
    elif kinds & OPERATORS:
        words.append("an operator")
    texts = {name: text for text, name in tables.load().literals.items()}
    words += sorted(
        (texts[kind] for kind in kinds - OPERATORS if kind in texts), key=lambda text: (text[0].isalpha(), text)
    )
    words += ["a text in quotes"] if STRING in kinds else []
    words += ["the end of the statement"] if STATEMENT_END in kinds else []
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
