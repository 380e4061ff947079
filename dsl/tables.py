"""The grammar as tables: ``grammar.lark`` becomes ``tables.json``, which is shipped, so that no run pays for lark.

``python -m mcompiler.dsl`` writes the file again after the grammar has changed; a test shows that it is current.
lark is imported for that only, and nothing is ever unpickled.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

GRAMMAR = Path(__file__).with_name("grammar.lark")
TABLES = Path(__file__).with_name("tables.json")


@dataclass(frozen=True, slots=True)
class Rule:
    """A production and how its children are gathered."""

    #: Left side, a nonterminal.
    origin: str
    #: Name of the function that builds the value.
    build: str
    #: Number of symbols on the right side.
    length: int
    #: Children in order: the position of a symbol, or None for an absent optional part.
    keep: tuple[int | None, ...]
    #: The children are spliced into those of the rule above.
    is_spliced: bool
    #: A single child stands for the whole.
    is_transparent: bool


@dataclass(frozen=True, slots=True)
class Tables:
    """LALR(1) tables: an action is the state to go to, or ``-1 - rule`` to reduce."""

    patterns: Mapping[str, str]
    literals: Mapping[str, str]
    rules: tuple[Rule, ...]
    actions: tuple[Mapping[str, int], ...]
    gotos: tuple[Mapping[str, int], ...]
    start: int
    accept: int


@cache
def load() -> Tables:
    """The shipped tables."""
    data = json.loads(TABLES.read_text("utf-8"))
    rules = (Rule(origin, build, length, tuple(keep), *flags) for origin, build, length, keep, *flags in data["rules"])
    return Tables(
        data["patterns"],
        data["literals"],
        tuple(rules),
        tuple(data["actions"]),
        tuple(data["gotos"]),
        data["start"],
        data["accept"],
    )


def generate() -> str:
    """The text of the tables of the grammar file; raises lark's ``GrammarError`` where the grammar has a conflict."""
    from hashlib import sha256

    text = GRAMMAR.read_text("utf-8")
    lark = _lark(text)
    table = lark.parser.parser._parse_table  # noqa: SLF001  (lark shows its tables nowhere else)
    rules = {rule: number for number, rule in enumerate(lark.rules)}
    # lark numbers rules and states from sets in places; the order of the text and of first use is ours
    order = _numbering(table)
    actions: list[dict[str, int]] = [{} for _ in order]
    gotos: list[dict[str, int]] = [{} for _ in order]
    for state, number in order.items():
        for symbol, (action, argument) in sorted(table.states[state].items(), key=lambda pair: str(pair[0])):
            if action.name == "Reduce":
                actions[number][symbol] = -1 - rules[argument]
            else:
                (actions if symbol in _terminals(lark) else gotos)[number][symbol] = order[argument]
    data = {
        "grammar": sha256(text.encode()).hexdigest(),
        "patterns": {each.name: each.pattern.value for each in lark.terminals if each.pattern.type == "re"},
        "literals": {each.pattern.value: each.name for each in lark.terminals if each.pattern.type == "str"},
        "start": order[table.start_states["start"]],
        "accept": order[table.end_states["start"]],
        "rules": [_rule(each) for each in lark.rules],
        "actions": actions,
        "gotos": gotos,
    }
    return (
        json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("],[", "],\n[").replace("},{", "},\n{")
        + "\n"
    )


def _lark(text: str) -> Any:
    from lark import Lark

    return Lark(text, parser="lalr", strict=True, maybe_placeholders=True)


def _terminals(lark: Any) -> set[str]:
    return {each.name for each in lark.terminals} | {"_END", "$END"}


def _numbering(table: Any) -> dict[Any, int]:
    """States in the order in which they are met from the start."""
    order: dict[Any, int] = {table.start_states["start"]: 0}
    for state in order_as_it_grows(order):
        for _, (action, argument) in sorted(table.states[state].items(), key=lambda pair: str(pair[0])):
            if action.name == "Shift":
                order.setdefault(argument, len(order))
    return order


def order_as_it_grows(order: dict[Any, int]) -> Any:
    """The keys of a dictionary that may grow while they are visited."""
    visited = 0
    while visited < len(order):
        fresh = list(order)[visited:]
        visited += len(fresh)
        yield from fresh


def _rule(rule: Any) -> list[Any]:
    """One rule as data: which children are kept follows what lark documents for filtered tokens and ``[ ]``."""
    keep: list[int | None] = []
    empty = rule.options.empty_indices or (False,) * len(rule.expansion)
    position = 0
    for is_absent in empty:
        if is_absent:
            keep.append(None)
            continue
        symbol = rule.expansion[position]
        if rule.options.keep_all_tokens or not (symbol.is_term and symbol.filter_out):
            keep.append(position)
        position += 1
    origin = str(rule.origin.name)
    is_transparent = bool(rule.options.expand1 and not rule.alias)
    return [origin, rule.alias or origin, len(rule.expansion), keep, origin.startswith("_"), is_transparent]
