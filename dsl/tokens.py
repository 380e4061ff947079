"""Tokens, and the words of the language that have a meaning of their own."""

from typing import NamedTuple


class Token(NamedTuple):
    """A word, literal or sign; ``kind`` is a terminal of the grammar. ``start`` and ``end`` are places in the text."""

    kind: str
    text: str
    start: int
    end: int


NAME, NUMBER, STRING, DERIVATIVE = "NAME", "NUMBER", "STRING", "DERIVATIVE"
#: The end of a line, before it is known whether a statement ends there.
NEWLINE = "NEWLINE"
#: The end of a statement, and of the text.
STATEMENT_END, TEXT_END = "_END", "$END"
#: Something that has been complained about: the statement around it is dropped without another word.
ERROR = "ERROR"

#: Words that are never names.
RESERVED = frozenset({"and", "dt", "every", "in", "inf", "not", "or", "when"})
#: The name of time: never declared, never given a value.
TIME = "t"
#: First words of blocks: what a circuit is made of, and what is done with it.
TEMPLATE_KINDS = ("device", "circuit", "cell", "synapse", "network")
EXPERIMENT_KINDS = ("experiment", "learning")
BLOCK_KINDS = (*TEMPLATE_KINDS, *EXPERIMENT_KINDS)

OPENING = {"LPAR": "RPAR", "LSQB": "RSQB", "LBRACE": "RBRACE"}
CLOSING = {close: opening for opening, close in OPENING.items()}
#: A statement goes on after a line that ends with one of these: operators with two operands, and the comma.
CONTINUES = frozenset({
    "PLUS", "MINUS", "STAR", "SLASH", "CIRCUMFLEX", "LESSTHAN", "MORETHAN", "COMMA",
    "__ANON_2", "__ANON_3", "__ANON_4", "__ANON_5", "__ANON_6",
})  # fmt: skip
CONTINUING_WORDS = frozenset({"and", "or"})
#: What an operand can begin with.
OPERAND_STARTS = frozenset({NAME, NUMBER, STRING, DERIVATIVE})
