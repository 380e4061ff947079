"""After an error: where to go on, so that the next error is one of the user's and not one of ours.

A statement with an error is dropped; of a block or event with an error before its brace, what stands between the braces is still read.
"""

import difflib
from collections.abc import Sequence

from mcompiler.dsl.driver import Driver
from mcompiler.dsl.tokens import BLOCK_KINDS, CONTINUES, EXPERIMENT_KINDS, NAME, STATEMENT_END, TEXT_END, Token

#: What may begin where the parse can go on, by the nonterminal that stands for it; the first that fits counts.
LEVELS = {
    "template_statement": "template",
    "experiment_statement": "experiment",
    "reset": "event",
    "_item": "file",
}


#: A name for a block whose own is not known.
_ANY = "_"


def level(driver: Driver, *, is_last: bool = False) -> tuple[int, str]:
    """How much of the stack to keep, and what begins there: the innermost place where a statement may begin; at the end of the text, an item."""
    gotos = driver.tables.gotos
    for height in range(len(driver.states), 0, -1):
        places = gotos[driver.states[height - 1]]
        if is_last and "_item" not in places:
            continue
        for symbol, name in LEVELS.items():
            if symbol in places:
                return height, name
        if "named_value" in places and "positional" not in places:
            return height, "set"
    raise AssertionError("the start state begins an item")


def recover(driver: Driver, position: int) -> int:
    """Drop the statement around the token at ``position``; the place of the next token to take, which is a later one or the brace of a body."""
    is_brace_next = position + 1 < len(driver.tokens) and driver.tokens[position + 1].kind == "LBRACE"
    if is_brace_next and driver.tokens[position].kind in (STATEMENT_END, "COLON") and driver.accepts("LBRACE"):
        return position + 1
    if is_after_block(driver):
        driver.feed(STATEMENT_END, driver.tokens[position]._replace(kind=STATEMENT_END), position)
        return position
    if (line := _next_line(driver, position)) is not None:
        driver.drop_to(level(driver)[0])
        return line
    height, name = level(driver, is_last=driver.tokens[position].kind == TEXT_END)
    begin = driver.firsts[height] if height < len(driver.states) else position
    driver.drop_to(height)
    brace = _brace(driver.tokens, position)
    header = _header(driver, begin, name) if brace is not None else ()
    if brace is None or not header:
        return _skip(driver.tokens, position, name)
    for text in header:
        kind = driver.words.get(text, NAME)
        driver.feed(kind, driver.tokens[begin]._replace(kind=kind, text=text), begin)
    return brace


def is_after_block(driver: Driver) -> bool:
    """Whether a brace was closed just now, so that only the end of the line is missing."""
    last = driver.values[-1]
    return isinstance(last, Token) and last.kind == "RBRACE" and driver.accepts(STATEMENT_END)


def seeming_kind(tokens: Sequence[Token], begin: int) -> str | None:
    """The kind of block that seems to begin there: by its first word, else by what follows; the kind itself may be missing."""
    first, second, third = (tokens[min(begin + number, len(tokens) - 1)] for number in range(3))
    is_run = "on" in (second.text, third.text)
    near = difflib.get_close_matches(first.text.lower(), EXPERIMENT_KINDS if is_run else BLOCK_KINDS, n=1)
    if near:
        return near[0]
    return EXPERIMENT_KINDS[0] if is_run else "device" if second.kind == "LPAR" else None


def _header(driver: Driver, begin: int, name: str) -> tuple[str, ...]:
    """The words of the shortest header of what seems to begin there: with it the body can be read."""
    first = driver.tokens[begin]
    if first.kind != NAME:
        return ()
    if name == "template":
        return (first.text, _ANY) if first.text in ("when", "set") else ()
    kind = seeming_kind(driver.tokens, begin) if name == "file" else None
    if kind is None:
        return ()
    return (kind, _ANY, "on", _ANY) if kind in EXPERIMENT_KINDS else (kind, _ANY)


def _next_line(driver: Driver, position: int) -> int | None:
    """Where the next statement begins if the one before runs into it, because its line ends with an operator: at the name before ``=``."""
    height = level(driver)[0]
    begin = driver.firsts[height] if height < len(driver.states) else position
    tokens, line = driver.tokens, position - 1
    if tokens[position].kind != "EQUAL" or line <= begin or tokens[line - 1].kind not in CONTINUES:
        return None
    return line if "\n" in driver.source.text[tokens[line - 1].end : tokens[line].start] else None


def _brace(tokens: Sequence[Token], position: int) -> int | None:
    """The opening brace that comes before the end of the statement."""
    while (kind := tokens[position].kind) not in (STATEMENT_END, TEXT_END, "RBRACE"):
        if kind == "LBRACE":
            return position
        position += 1
    return None


def _skip(tokens: Sequence[Token], position: int, name: str) -> int:
    """Where the next statement begins: after the end of this one, or at the brace that closes the block around it."""
    depth = 0
    while (kind := tokens[position].kind) != TEXT_END:
        if kind in ("LBRACE", "LPAR", "LSQB"):
            depth += 1
        elif kind in ("RBRACE", "RPAR", "RSQB"):
            if depth == 0 and kind == "RBRACE" and name != "file":
                return position
            depth = max(0, depth - 1)
        elif depth == 0 and (kind == STATEMENT_END or (kind == "COMMA" and name == "set")):
            return position + 1
        position += 1
    return position
