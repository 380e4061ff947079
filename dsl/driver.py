"""The LALR(1) driver: tokens and tables to values, a function of `build` for each rule."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, cast

from mcompiler.dsl import build, tables
from mcompiler.dsl.structure import MAXIMUM_DEPTH
from mcompiler.dsl.tokens import NAME, OPERAND_STARTS, RESERVED, TEXT_END, Token
from mcompiler.source import Source, Span

#: Rules whose value is a level deeper than its deepest child; a name with indices is two.
DEEPENING = frozenset({
    "arithmetic", "either", "both", "power", "negated", "minus", "compare", "call", "total", "range", "binding", "positional", "named_value",
})  # fmt: skip

Outcome = Literal["taken", "refused", "too deep"]


class Driver:
    """The state of one parse: a stack of states, and beside it values, depths, and the places of first and last tokens."""

    def __init__(self, source: Source, tokens: Sequence[Token], notes: build.Notes) -> None:
        self.source = source
        self.tokens = tokens
        self.tables = tables.load()
        self.builders: Sequence[Callable[..., object] | None] = build.builders(self.tables.rules, notes)
        self.deepening = tuple(
            2 if rule.build == "part" and rule.length > 1 else int(rule.build in DEEPENING)
            for rule in self.tables.rules
        )
        #: For rules with one symbol that is passed on as it is: what it is called then.
        self.renaming = tuple(
            rule.origin if rule.length == 1 and rule.is_transparent else None for rule in self.tables.rules
        )
        self.words: Mapping[str, str] = self.tables.literals
        self.states = [self.tables.start]
        self.values: list[object] = [()]
        self.depths = [0]
        self.firsts = [0]
        self.ends = [0]
        #: Tokens that were taken as keywords, by position.
        self.keywords: dict[int, str] = {}
        self.is_done = False
        #: The place behind the last statement that stood outside of blocks.
        self.outside: int | None = None

    def take(self, position: int) -> Outcome:
        """Take the token at this position, if it can stand here."""
        token = self.tokens[position]
        kind = self.kind(token, position)
        return self.feed(kind, token, position)

    def feed(self, kind: str, token: Token, position: int) -> Outcome:
        """Take a token as a terminal ``kind``: reduce, then shift."""
        actions, gotos, states = self.tables.actions, self.tables.gotos, self.states
        while (action := actions[states[-1]].get(kind)) is not None and action < 0:
            if renamed := self.renaming[-1 - action]:
                states[-1] = gotos[states[-2]][renamed]
            elif not self._reduce(-1 - action):
                return "too deep"
            elif kind == TEXT_END and states[-1] == self.tables.accept:
                self.is_done = True
                return "taken"
        if action is None:
            return "refused"
        if kind != token.kind:
            self.keywords[position] = kind
        self.states.append(action)
        self.values.append(token)
        self.depths.append(0)
        self.firsts.append(position)
        self.ends.append(token.end)
        return "taken"

    def kind(self, token: Token, position: int) -> str:
        """The terminal: a word is a keyword where it can be one, and where it could be a name too, before an operand."""
        if token.kind != NAME:
            return token.kind
        keyword = self.words.get(token.text)
        if token.text in RESERVED:
            return keyword or token.text
        actions = self.tables.actions[self.states[-1]]
        if keyword is None or keyword not in actions:
            return NAME
        if NAME not in actions or self.tokens[position + 1].kind in OPERAND_STARTS:
            return keyword
        return NAME

    def drop_to(self, height: int) -> None:
        """Forget all but the lowest ``height`` entries of the stack."""
        del self.states[height:], self.values[height:], self.depths[height:], self.firsts[height:], self.ends[height:]

    def accepts(self, kind: str) -> bool:
        """Whether a terminal could be taken now."""
        states = list(self.states)
        while (action := self.tables.actions[states[-1]].get(kind)) is not None and action < 0:
            rule = self.tables.rules[-1 - action]
            del states[len(states) - rule.length :]
            states.append(self.tables.gotos[states[-1]][rule.origin])
            if kind == TEXT_END and states[-1] == self.tables.accept:
                return True
        return action is not None

    def expected(self) -> frozenset[str]:
        """The terminals that could be taken now."""
        return frozenset(kind for kind in self.tables.actions[self.states[-1]] if self.accepts(kind))

    def _reduce(self, number: int) -> bool:
        """Replace the right side of a rule by its value; False where the tree has grown too deep."""
        rule = self.tables.rules[number]
        length, states, end = rule.length, self.states, self.ends[-1]
        base = len(states) - length
        first = self.firsts[base] if length else self.firsts[-1]
        depth = max(self.depths[base:], default=0) + self.deepening[number]
        value = self._value(number, base, Span(self.source, self.tokens[first].start if length else end, end))
        if length == 1:
            states[-1] = self.tables.gotos[states[-2]][rule.origin]
            self.values[-1] = value
            self.depths[-1] = depth
            return depth <= MAXIMUM_DEPTH
        self.drop_to(base)
        states.append(self.tables.gotos[states[-1]][rule.origin])
        self.values.append(value)
        self.depths.append(depth)
        self.firsts.append(first)
        self.ends.append(end)
        return depth <= MAXIMUM_DEPTH

    def _value(self, number: int, base: int, span: Span) -> object:
        """What the function of the rule makes of the children; lists are those of rules that are spliced in."""
        rule, values = self.tables.rules[number], self.values
        children = [None if position is None else values[base + position] for position in rule.keep]
        if list in map(type, children):
            children = _spliced(children, grows=rule.is_spliced)
        build_value = self.builders[number]
        return children if build_value is None else build_value(span, *children)


def _spliced(children: list[object], *, grows: bool) -> list[object]:
    """The children with lists spliced in; one that grows does so in place, so that a long list costs no more than its length."""
    result: list[object] = []
    for child in children:
        if not isinstance(child, list):
            result.append(child)
        elif result or not grows:
            result.extend(cast("list[object]", child))
        else:
            result = cast("list[object]", child)
    return result
