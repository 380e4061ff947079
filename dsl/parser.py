"""The LALR(1) driver: tokens and tables to the tree."""

from collections.abc import Callable, Mapping, Sequence

from mcompiler.diagnostics import Problems
from mcompiler.dsl import build, reader, syntax, tables
from mcompiler.dsl.lexer import tokenize
from mcompiler.dsl.structure import end_statements
from mcompiler.dsl.tokens import NAME, OPERAND_STARTS, RESERVED, TEXT_END, Token
from mcompiler.source import MAXIMUM_BYTES, Source, Span


def parse(source: Source) -> syntax.Module:
    """The tree of a text.

    Raises:
        CompileError: with all errors of syntax.
    """
    if len(source.text) * 4 > MAXIMUM_BYTES:
        reader.check_size(len(source.text.encode("utf-8", "surrogatepass")), source.name)
    problems = Problems()
    tokens, comments = tokenize(source, problems)
    driver = Driver(source, end_statements(tokens, len(source.text)), problems)
    items = driver.run()
    problems.raise_errors()
    return syntax.Module(source, items, comments)


class Driver:
    """The state of one parse: a stack of states, and beside it the values and their places."""

    def __init__(self, source: Source, tokens: Sequence[Token], problems: Problems) -> None:
        self.source = source
        self.tokens = tokens
        self.problems = problems
        self.tables = tables.load()
        self.builders: tuple[Callable[..., object] | None, ...] = build.builders(
            self.tables.rules, build.Notes(problems)
        )
        self.words: Mapping[str, str] = self.tables.literals
        self.states = [self.tables.start]
        self.values: list[object] = [()]
        self.starts = [0]
        self.ends = [0]

    def run(self) -> tuple[syntax.Item, ...]:
        """The items of the module."""
        actions = self.tables.actions
        for position, token in enumerate(self.tokens):
            kind = self.kind(token, position)
            while (action := actions[self.states[-1]].get(kind)) is not None and action < 0:
                self.reduce(-1 - action)
                if kind == TEXT_END and self.states[-1] == self.tables.accept:
                    return self.values[-1]  # type: ignore[return-value]
            if action is None:
                self.problems.error(
                    "unexpected-token", f"unexpected {token.text!r}", Span(self.source, token.start, token.end)
                )
                return ()
            self.states.append(action)
            self.values.append(token)
            self.starts.append(token.start)
            self.ends.append(token.end)
        return ()

    def kind(self, token: Token, position: int) -> str:
        """The terminal: a word is a keyword where it can be one, and where it could be a name too, before an operand."""
        if token.kind != NAME:
            return token.kind
        keyword = self.words.get(token.text)
        if keyword is None:
            return NAME
        actions = self.tables.actions[self.states[-1]]
        if token.text in RESERVED:
            return keyword
        if keyword not in actions:
            return NAME
        if NAME not in actions or self.tokens[position + 1].kind in OPERAND_STARTS:
            return keyword
        return NAME

    def reduce(self, number: int) -> None:
        """Replace the right side of a rule by its value."""
        rule = self.tables.rules[number]
        length = rule.length
        states = self.states
        if length == 1 and rule.is_transparent:
            states[-1] = self.tables.gotos[states[-2]][rule.origin]
            return
        base = len(states) - length
        start, end = (self.starts[base], self.ends[-1]) if length else (self.ends[-1], self.ends[-1])
        children: list[object] = []
        for position in rule.keep:
            value = None if position is None else self.values[base + position]
            if isinstance(value, list):
                if rule.is_spliced and not children:
                    children = value
                else:
                    children.extend(value)
            else:
                children.append(value)
        build = self.builders[number]
        value = children if build is None else build(Span(self.source, start, end), *children)
        del states[base:], self.values[base:], self.starts[base:], self.ends[base:]
        states.append(self.tables.gotos[states[-1]][rule.origin])
        self.values.append(value)
        self.starts.append(start)
        self.ends.append(end)
