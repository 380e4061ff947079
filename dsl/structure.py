"""Where statements end: which ends of lines count, and how deep brackets go."""

from collections.abc import Sequence

from mcompiler.diagnostics import CompileError, Problems
from mcompiler.dsl.tokens import (
    CLOSING,
    CONTINUES,
    CONTINUING_WORDS,
    NAME,
    NEWLINE,
    OPENING,
    STATEMENT_END,
    TEXT_END,
    Token,
)
from mcompiler.source import Source, Span

#: Brackets inside brackets.
MAXIMUM_NESTING = 200
#: Levels of an expression's tree: every operator is one, a call with its argument two. Later stages recurse as deep, with several frames a level.
MAXIMUM_DEPTH = 100
_ROUND = frozenset({"LPAR", "LSQB"})


def check_depth(tokens: Sequence[Token], source: Source, problems: Problems) -> None:
    """Refuse brackets that are nested too deep, before anything else looks at them."""
    depth = 0
    for token in tokens:
        if token.kind in OPENING:
            depth += 1
        elif token.kind in CLOSING and depth:
            depth -= 1
        if depth > MAXIMUM_NESTING:
            place = Span(source, token.start, token.end)
            problems.error("too-deep", f"more than {MAXIMUM_NESTING} brackets are open here", place)
            raise CompileError(problems.errors)


def is_balanced(tokens: Sequence[Token]) -> bool:
    """Whether every bracket has its partner, and no block is inside ( ) or [ ]."""
    open_ones: list[str] = []
    for token in tokens:
        kind = token.kind
        if kind in OPENING:
            if kind == "LBRACE" and open_ones and open_ones[-1] in _ROUND:
                return False
            open_ones.append(kind)
        elif kind in CLOSING and (not open_ones or open_ones.pop() != CLOSING[kind]):
            return False
    return not open_ones


def end_statements(tokens: Sequence[Token], length: int) -> list[Token]:
    """The tokens with one ``_END`` between statements and ``$END`` last; other ends of lines are dropped."""
    result: list[Token] = []
    depth = 0
    last = STATEMENT_END
    goes_on = False
    for token in tokens:
        kind = token.kind
        if kind in (NEWLINE, STATEMENT_END):
            if last != STATEMENT_END and not (kind == NEWLINE and (goes_on or depth)):
                result.append(token._replace(kind=STATEMENT_END))
                last = STATEMENT_END
            continue
        if kind in ("LPAR", "LSQB"):
            depth += 1
        elif kind in ("RPAR", "RSQB"):
            depth -= 1
        result.append(token)
        last = kind
        goes_on = kind in CONTINUES or (kind == NAME and token.text in CONTINUING_WORDS)
    result.append(Token(TEXT_END, "", length, length))
    return result
