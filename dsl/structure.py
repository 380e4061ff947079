"""Where statements end: which ends of lines count."""

from collections.abc import Sequence

from mcompiler.dsl.tokens import CONTINUES, CONTINUING_WORDS, NAME, NEWLINE, STATEMENT_END, TEXT_END, Token


def end_statements(tokens: Sequence[Token], length: int) -> list[Token]:
    """The tokens with one ``_END`` between statements and ``$END`` last; other ends of lines are dropped."""
    result: list[Token] = []
    depths = [0]
    last = STATEMENT_END
    goes_on = False
    for token in tokens:
        kind = token.kind
        if kind == NEWLINE or kind == STATEMENT_END:
            if last != STATEMENT_END and not (kind == NEWLINE and (goes_on or depths[-1])):
                result.append(Token(STATEMENT_END, token.text, token.start, token.end))
                last = STATEMENT_END
            continue
        if kind == "LPAR" or kind == "LSQB":
            depths[-1] += 1
        elif kind == "RPAR" or kind == "RSQB":
            depths[-1] -= 1
        elif kind == "LBRACE":
            depths.append(0)
        elif kind == "RBRACE" and len(depths) > 1:
            depths.pop()
        result.append(token)
        last = kind
        goes_on = kind in CONTINUES or (kind == NAME and token.text in CONTINUING_WORDS)
    result.append(Token(TEXT_END, "", length, length))
    return result
