"""The innermost loops of optimised functions: which marked lines are in them, and how many doubles one instruction takes."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

_FUNCTION = re.compile(r"^define [^\n]*?@([\w.]+)\(.*?^}", re.MULTILINE | re.DOTALL)
_LABEL = re.compile(r'^("[^"]+"|[-\w.$]+):')
_TARGET = re.compile(r'label %("[^"]+"|[-\w.$]+)')
_VECTOR = re.compile(r"<(\d+) x double>")
_MARK = re.compile(r"!dbg (!\d+)")
_LOCATION = re.compile(r"^(!\d+) = (?:distinct )?!DILocation\(line: (\d+),", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Loop:
    """An innermost loop: the lines that its instructions are marked with, each as often as it is, and the doubles of its widest instruction (1: no vectors)."""

    lines: tuple[int, ...]
    width: int


def innermost_loops(text: str) -> dict[str, list[Loop]]:
    """The loops of every function of a module's text, by the function's name."""
    lines = marked_lines(text)
    return {match.group(1): list(_loops(match.group(0), lines)) for match in _FUNCTION.finditer(text)}


def marked_lines(text: str) -> dict[str, int]:
    """The line that each mark stands for."""
    return {mark: int(line) for mark, line in _LOCATION.findall(text)}


def _loops(function: str, lines: Mapping[str, int]) -> Iterator[Loop]:
    blocks = _blocks(function)
    names = list(blocks)
    following = {name: _following(body, blocks) for name, body in blocks.items()}
    loops = _natural_loops(names, following)
    for head, members in loops.items():
        if any(other in members for other in loops if other != head):
            continue
        body = [line for name in names if name in members for line in blocks[name]]
        marks = [lines[mark] for line in body for mark in _MARK.findall(line) if mark in lines]
        width = max((int(each) for line in body for each in _VECTOR.findall(line)), default=1)
        yield Loop(tuple(each for each in marks if each), width)


def _blocks(function: str) -> dict[str, list[str]]:
    """The instructions of each block by its label, the first being the entry."""
    found: dict[str, list[str]] = {"": []}
    name = ""
    for line in function.splitlines()[1:-1]:
        label = _LABEL.match(line)
        if label is not None:
            name = label.group(1)
            found[name] = []
        else:
            found[name].append(line)
    return {name: body for name, body in found.items() if name or body}


def _following(body: Sequence[str], blocks: Mapping[str, object]) -> list[str]:
    """The labels that a block ends in: of its branch, or of a switch over several lines."""
    start = next((place for place, line in enumerate(body) if re.match(r"\s+(br|switch) ", line)), len(body))
    return [name for line in body[start:] for name in _TARGET.findall(line) if name in blocks]


def _natural_loops(names: Sequence[str], following: Mapping[str, Sequence[str]]) -> dict[str, set[str]]:
    """The blocks of each loop by the block that it begins with."""
    before: dict[str, list[str]] = {name: [] for name in names}
    for name, targets in following.items():
        for target in targets:
            before[target].append(name)
    dominating = _dominators(names, before)
    loops: dict[str, set[str]] = {}
    for name, targets in following.items():
        for head in targets:
            if head in dominating[name]:
                loops.setdefault(head, {head}).update(_reaching(name, head, before))
    return loops


def _dominators(names: Sequence[str], before: Mapping[str, Sequence[str]]) -> dict[str, set[str]]:
    """The blocks that every way to a block passes."""
    found = {name: set(names) for name in names}
    found[names[0]] = {names[0]}
    changed = True
    while changed:
        changed = False
        for name in names[1:]:
            ways = [found[each] for each in before[name]]
            now = {name, *(set.intersection(*ways) if ways else ())}
            if now != found[name]:
                found[name], changed = now, True
    return found


def _reaching(name: str, head: str, before: Mapping[str, Sequence[str]]) -> set[str]:
    """The blocks from which a block is reached without passing the head."""
    found, left = {head}, [name]
    while left:
        each = left.pop()
        if each not in found:
            found.add(each)
            left += before[each]
    return found
