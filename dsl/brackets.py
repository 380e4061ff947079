"""Brackets without a partner: found before parsing, reported where they open, and mended so that the rest can be read.

What is wrong with brackets is judged by the layout: a line that begins a block cannot be inside one, and a closing brace at the beginning
of a line belongs to the line with the same indentation.
"""

from collections.abc import Sequence

from mcompiler.diagnostics import Problems
from mcompiler.dsl.lexer import is_open
from mcompiler.dsl.tokens import BLOCK_KINDS, CLOSING, ERROR, NAME, NEWLINE, OPENING, STATEMENT_END, STRING, Token
from mcompiler.source import Source, Span

_ROUND = frozenset({"LPAR", "LSQB"})
_ENDS = frozenset({NEWLINE, STATEMENT_END})
_EDGES = _ENDS | {"LBRACE", "RBRACE"}


def mend(tokens: Sequence[Token], source: Source, problems: Problems) -> list[Token]:
    """The tokens with every bracket paired: those without a partner become errors, missing braces are put in."""
    mender = _Mender(source, problems)
    for position, token in enumerate(tokens):
        if mender.begins_line and _is_header(tokens, position):
            mender.begin_block(token)
        if token.kind in _ENDS and mender.begins_body and not _is_next(tokens, position, "LBRACE"):
            mender.open_block(token)
        mender.take(token)
    mender.close_round(None)
    mender.close_blocks(0, len(source.text))
    return mender.result


def _is_header(tokens: Sequence[Token], position: int) -> bool:
    """Whether a block, a function or a use begins here: ``device HP(`` does, ``device P = ...`` and ``cell[i in M]`` do not."""
    words = [*tokens[position : position + 3], Token("", "", 0, 0), Token("", "", 0, 0)]
    first, second, third = words[0], words[1], words[2]
    if first.kind != NAME or second.kind not in (NAME, STRING):
        return False
    if first.text in BLOCK_KINDS:
        return third.kind in ("LPAR", "LBRACE", "COLON", STRING, NEWLINE) or third.text == "on"
    return (first.text == "function" and third.kind == "LPAR") or (first.text == "use" and third.kind in _ENDS)


def _is_next(tokens: Sequence[Token], position: int, kind: str) -> bool:
    rest = (each for each in tokens[position : position + 20] if each.kind not in _ENDS)
    return getattr(next(rest, None), "kind", "") == kind


class _Mender:
    """The mended tokens so far; ``stack`` holds the places in ``result`` of the brackets that are open."""

    def __init__(self, source: Source, problems: Problems) -> None:
        self.source = source
        self.problems = problems
        self.result: list[Token] = []
        self.stack: list[int] = []
        self.header: Token | None = None

    @property
    def begins_line(self) -> bool:
        return not self.result or self.result[-1].kind in _ENDS

    @property
    def begins_body(self) -> bool:
        """Whether a block was begun on this line and its brace is missing."""
        return self.header is not None and not self.stack and not self.begins_line

    def take(self, token: Token) -> None:
        """Take the next token."""
        kind = token.kind
        if kind in _ENDS or kind == "LBRACE":
            self.header = None
        if kind == "LBRACE":
            self.close_round(token)
        if kind in OPENING:
            self.stack.append(len(self.result))
        if kind == "RBRACE":
            self.close_brace(token)
        elif kind in CLOSING:
            self.close_bracket(token)
        else:
            self.result.append(token)

    def begin_block(self, token: Token) -> None:
        """Before a line that begins a block nothing is left open, if its indentation says so."""
        opened = [at for at in self.stack if self.result[at].kind == "LBRACE"]
        if not opened or self.indentation(token.start) <= self.indentation(self.result[opened[0]].start):
            self.close_round(token)
            self.close_blocks(0, token.start)
            self.header = token if token.text in BLOCK_KINDS else None

    def open_block(self, token: Token) -> None:
        """Put in the brace that the header of a block lacks."""
        assert self.header is not None
        last = self.result[-1]
        place = self.span(last)
        if last.kind == "COLON":
            self.problems.error("missing-brace", "a body begins with {, not with :", place)
            self.header = None
            self.stack.append(len(self.result) - 1)
            self.result[-1] = last._replace(kind="LBRACE", text="{")
            return
        self.problems.error(
            "missing-brace",
            f"the {self.header.text} has no body: {{ is missing",
            (Span(self.source, place.end, place.end), "expected {"),
        )
        self.header = None
        self.stack.append(len(self.result))
        self.result.append(Token("LBRACE", "{", token.start, token.start))

    def close_round(self, token: Token | None) -> None:
        """Report what is open of ( and [ since the last brace."""
        while self.stack and self.result[self.stack[-1]].kind in _ROUND:
            at = self.stack.pop()
            self._unclosed_bracket(at, token)

    def _unclosed_bracket(self, at: int, token: Token | None) -> None:
        opening = self.result[at]
        first, end = _line(self.result, at)
        if not any(is_open(each) for each in self.result[at:end]):
            self.problems.error("unclosed-bracket", f"this {opening.text} is never closed", self.span(opening))
        is_header = _is_header(self.result, first)
        self.result[at] = opening._replace(kind=ERROR)
        if is_header and not self.stack and token is not None and token.kind == "RBRACE":
            self.result.insert(end, Token("LBRACE", "{", opening.end, opening.end))
            self.stack.append(end)

    def close_blocks(self, kept: int, place: int) -> None:
        """Report the braces above ``kept`` open brackets, and close them."""
        while len(self.stack) > kept:
            at = self.stack.pop()
            opening, header = self.result[at], self.result[_line(self.result, at)[0] : at]
            is_named = len(header) > 1 and header[0].text in BLOCK_KINDS
            kinds = {"when": "this event", "set": "this set"}
            what = (
                f"the {header[0].text} {header[1].text}"
                if is_named
                else kinds.get(header[0].text if header else "", "this block")
            )
            self.problems.error(
                "unclosed-block", f"{what} is never closed: }} is missing", (self.span(opening), "opened here")
            )
            end = self._body_end(at) if self.stack else len(self.result)
            place = self.result[end].start if end < len(self.result) else place
            self.result[end:end] = [Token("RBRACE", "}", place, place), Token(NEWLINE, "", place, place)]

    def _body_end(self, at: int) -> int:
        """Where the body behind an opening brace ends, by its layout: at the line that is indented as the line of the brace, or less."""
        column = self.indentation(self.result[at].start)
        for position in range(at + 1, len(self.result)):
            token = self.result[position]
            begins_line = self.result[position - 1].kind == NEWLINE and token.kind != NEWLINE
            if begins_line and self.indentation(token.start) <= column:
                return position
        return len(self.result)

    def close_brace(self, token: Token) -> None:
        self.close_round(token)
        if not self.stack:
            self.problems.error("unexpected-closing", "this } closes nothing", self.span(token))
            return
        if self.begins_line:
            column = self.indentation(token.start)
            fitting = [n for n, at in enumerate(self.stack) if self.indentation(self.result[at].start) == column]
            if fitting and column < self.indentation(self.result[self.stack[-1]].start):
                self.close_blocks(fitting[-1] + 1, token.start)
        self.stack.pop()
        self.result.append(token)

    def close_bracket(self, token: Token) -> None:
        """A closing ) or ]: its partner is the nearest one, unless a brace lies between."""
        opened = self.stack[-1] if self.stack and self.result[self.stack[-1]].kind in _ROUND else None
        if opened is None:
            self.problems.error("unexpected-closing", f"this {token.text} closes nothing", self.span(token))
            self.result.append(token._replace(kind=ERROR))
        elif self.result[opened].kind == CLOSING[token.kind]:
            self.stack.pop()
            self.result.append(token)
        else:
            self._mismatch(token)

    def _mismatch(self, token: Token) -> None:
        """``(a]``: both are errors; ``(a[0)``: the one within is never closed."""
        round_ones = self.stack[self._first_round() :]
        if any(self.result[at].kind == CLOSING[token.kind] for at in round_ones):
            while self.result[self.stack[-1]].kind != CLOSING[token.kind]:
                self._unclosed_bracket(self.stack.pop(), token)
            self.stack.pop()
            self.result.append(token)
            return
        at = self.stack.pop()
        opening = self.result[at]
        self.result[at] = opening._replace(kind=ERROR)
        self.problems.error(
            "unexpected-closing",
            f"{token.text} cannot close {opening.text}",
            (self.span(token), "closed here"),
            (self.span(opening), "opened here"),
        )
        self.result.append(token._replace(kind=ERROR))

    def _first_round(self) -> int:
        first = len(self.stack)
        while first and self.result[self.stack[first - 1]].kind in _ROUND:
            first -= 1
        return first

    def indentation(self, offset: int) -> int:
        """The column, from 0, of the first sign on the line."""
        line = self.source.line_text(offset)
        return len(line) - len(line.lstrip())

    def span(self, token: Token) -> Span:
        return Span(self.source, token.start, token.end)


def _line(tokens: Sequence[Token], at: int) -> tuple[int, int]:
    """Where the line of a token, or the part of it within the same braces, begins and ends."""
    first, end = at, at
    while first and tokens[first - 1].kind not in _EDGES:
        first -= 1
    while end < len(tokens) and tokens[end].kind not in _ENDS:
        end += 1
    return first, end
