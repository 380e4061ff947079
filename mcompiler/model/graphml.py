"""Graphs of GraphML files (graphml.graphdrawing.org) as tables: a row per synapse with the columns ``source`` and ``target`` and what the edges carry.

A file is read as a stream, so that rows keep its order and messages have lines. No other file is opened and no document type is
accepted, so that no entity can multiply what is there.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

import numpy as np

from mcompiler.model.columns import MAXIMUM_BYTES, MOST_COLUMNS, Floats, Table, TableError, split_name

#: Elements one inside the other.
DEEPEST = 100
#: Most numbers of a table: as many as a CSV file of the largest size could hold.
MOST_NUMBERS = MAXIMUM_BYTES // 2
#: The columns that every graph has.
ENDS = ("source", "target")

_NAMESPACE = "http://graphml.graphdrawing.org/xmlns "
_WHOLE = re.compile("0|[1-9][0-9]*")
_HINT = "networkx.write_graphml(graph, file) writes such files"
_WORDS = {"true": 1.0, "false": 0.0}


@dataclass(slots=True)
class _Column:
    """What the edges carry under one name: the values of those that have one."""

    unit: str | None
    default: float | None = None
    edges: list[int] = field(default_factory=list[int])
    values: list[float] = field(default_factory=list[float])
    wrong: str = ""


@dataclass(slots=True)
class _Graph:
    """What of a file has been read so far; ``path`` are the elements that are open, ``text`` what stands in the innermost."""

    parser: expat.XMLParserType
    path: list[str] = field(default_factory=list[str])
    text: list[str] = field(default_factory=list[str])
    key: str = ""
    columns: dict[str, _Column] = field(default_factory=dict[str, _Column])
    keys: dict[str, str] = field(default_factory=dict[str, str])
    graphs: int = 0
    is_directed: bool = True
    nodes: dict[str, int] = field(default_factory=dict[str, int])
    ends: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    directed: list[bool] = field(default_factory=list[bool])
    lines: list[int] = field(default_factory=list[int])

    def wrong(self, message: str, hint: str = "") -> TableError:
        """An error at the line that is being read."""
        return TableError(f"line {self.parser.CurrentLineNumber} {message}", hint)

    def start(self, name: str, given: Mapping[str, str]) -> None:
        """An element begins."""
        self.path.append(name.removeprefix(_NAMESPACE))
        if len(self.path) > DEEPEST:
            raise self.wrong(f"is inside more than {DEEPEST} elements")
        self.text = []
        match self.path:
            case [root] if root != "graphml":
                raise self.wrong(f"begins with <{root[:40]}>, not with <graphml>", _HINT)
            case ["graphml", "key"]:
                self._declare(given)
            case ["graphml", "graph"]:
                self._open(given)
            case ["graphml", "graph", "node"]:
                self._add_node(self._of(given, "id"))
            case ["graphml", "graph", "edge"]:
                self._join(given)
            case ["graphml", "graph", "edge", "data"]:
                self.key = self._of(given, "key")
            case ["graphml", "graph", "node" | "edge", "graph"]:
                raise self.wrong("holds a graph inside a graph, which is not read")
            case ["graphml", "graph", "hyperedge"]:
                raise self.wrong("holds a hyperedge; a synapse joins two cells")
            case _:
                pass

    def end(self, _name: str) -> None:
        """An element ends."""
        match self.path:
            case ["graphml", "key", "default"] if self.key in self.keys:
                column = self.columns[self.keys[self.key]]
                column.default = self._number(column)
            case ["graphml", "graph", "edge", "data"]:
                self._carry()
            case _:
                pass
        self.text = []
        self.path.pop()

    def add(self, text: str) -> None:
        """Text is read."""
        self.text.append(text)

    def refuse(self, *_declared: object) -> None:
        """A document type is declared."""
        raise self.wrong("declares a document type, which is not read", "delete <!DOCTYPE ...>")

    def _of(self, given: Mapping[str, str], name: str) -> str:
        if name not in given:
            raise self.wrong(f"has a <{self.path[-1]}> without {name}")
        return given[name]

    def _declare(self, given: Mapping[str, str]) -> None:
        self.key = self._of(given, "id")
        if given.get("for", "all") not in ("edge", "all"):
            return
        text = given.get("attr.name", self.key)
        found = split_name(text)
        if found is None:
            raise self.wrong(f"names what the edges carry {text[:40]!r}", "a name is like: g [uS]")
        name, unit = found
        if name in ENDS:
            raise self.wrong(f"names what the edges carry {name}, which is an end of an edge", "choose another name")
        column = self.columns.setdefault(name, _Column(unit))
        if column.unit != unit:
            raise self.wrong(f"gives {name} a second time, with another unit")
        if len(self.columns) > MOST_COLUMNS:
            raise self.wrong(f"is one more than {MOST_COLUMNS} quantities that edges may carry")
        self.keys[self.key] = name

    def _open(self, given: Mapping[str, str]) -> None:
        self.graphs += 1
        if self.graphs > 1:
            raise self.wrong("begins a second graph; one is read from a file", "write the other to a file of its own")
        self.is_directed = self._direction(given, "edgedefault", {"directed": True, "undirected": False})

    def _add_node(self, name: str) -> None:
        if name in self.nodes:
            raise self.wrong(f"declares the node {name[:40]!r} again")
        self.nodes[name] = len(self.nodes)

    def _join(self, given: Mapping[str, str]) -> None:
        self.ends.append((self._of(given, "source"), self._of(given, "target")))
        has = "directed" in given
        self.directed.append(
            self._direction(given, "directed", {"true": True, "false": False}) if has else self.is_directed
        )
        self.lines.append(self.parser.CurrentLineNumber)

    def _direction(self, given: Mapping[str, str], name: str, meanings: Mapping[str, bool]) -> bool:
        word = self._of(given, name)
        if word not in meanings:
            raise self.wrong(f"has {name} {word[:40]!r}; it is {' or '.join(meanings)}")
        return meanings[word]

    def _carry(self) -> None:
        if self.key not in self.keys:
            raise self.wrong(f"uses the key {self.key[:40]!r}, which no <key> for edges declares")
        column = self.columns[self.keys[self.key]]
        number = self._number(column)
        if number is not None:
            column.edges.append(len(self.ends) - 1)
            column.values.append(number)

    def _number(self, column: _Column) -> float | None:
        """The number that has been read; None where it is none, which the column notes."""
        text = "".join(self.text).strip()
        try:
            return _WORDS[word] if (word := text.lower()) in _WORDS else float(text)
        except ValueError:
            holds = f"{text[:40]!r}, which is no number" if text else "nothing there"
            column.wrong = column.wrong or f"line {self.parser.CurrentLineNumber} holds {holds}"
            return None


def read_graph(content: bytes) -> Table:
    """The synapses of a graph in the order of its edges: one per directed edge and per loop, two, there and back, per undirected edge.

    Nodes that are called 0, 1, ... are the cells of these numbers; others are numbered as they appear.

    Raises:
        TableError: it is no GraphML, or no graph that synapses can have.
    """
    parser = expat.ParserCreate(namespace_separator=" ")
    graph = _Graph(parser)
    parser.buffer_text = True
    parser.StartElementHandler = graph.start
    parser.EndElementHandler = graph.end
    parser.CharacterDataHandler = graph.add
    parser.StartDoctypeDeclHandler = graph.refuse
    try:
        parser.Parse(content, True)  # noqa: FBT003 - the interface of expat
    except expat.ExpatError as error:
        raise TableError(f"line {error.lineno} is no XML: {expat.ErrorString(error.code)}", _HINT) from error
    except (LookupError, ValueError) as error:
        raise TableError(f"its encoding cannot be read: {error}", "save it as UTF-8", "not-utf8") from error
    return _table(graph)


def _table(graph: _Graph) -> Table:
    if not graph.graphs:
        raise TableError("it holds no graph", _HINT)
    if not graph.ends:
        raise TableError("its graph has no edges")
    if len(graph.columns) * 2 * len(graph.ends) > MOST_NUMBERS:
        message = f"its {len(graph.ends):,} edges carry {len(graph.columns)} quantities; all together may have {MOST_NUMBERS:,} numbers"
        raise TableError(message, "leave out what is not used", "too-large")
    number = _numbered(graph.nodes)
    source, target = (_cells(graph, number, end) for end in (0, 1))
    both = ~np.array(graph.directed) & (source != target)
    rows = np.repeat(np.arange(len(source)), 1 + both)
    back = np.zeros(len(rows), dtype=bool)
    back[1:] = rows[1:] == rows[:-1]
    columns = {
        "source": np.where(back, target[rows], source[rows]),
        "target": np.where(back, source[rows], target[rows]),
    }
    wrong: dict[str, str] = {}
    for name, column in graph.columns.items():
        fault = column.wrong or _missing(column, graph)
        if fault:
            wrong[name] = fault
        else:
            columns[name] = _values(column, len(source))[rows]
    units = {name: each.unit for name, each in graph.columns.items() if each.unit is not None}
    return Table(columns, units, wrong, len(number))


def _numbered(nodes: Mapping[str, int]) -> Mapping[str, int]:
    """The number of the cell that every node is: its name where all names are whole numbers, else its place in the file."""
    if not all(_WHOLE.fullmatch(name) for name in nodes):
        return nodes
    missing = next((number for number in range(len(nodes)) if str(number) not in nodes), None)
    if missing is not None:
        message = f"its {len(nodes):,} nodes have numbers for names, but there is no node {missing}"
        raise TableError(message, "number the nodes from 0 without a gap, or give them other names: n1, n2")
    return {name: int(name) for name in nodes}


def _cells(graph: _Graph, number: Mapping[str, int], end: int) -> Floats:
    """The cells at one end of all edges."""
    found = np.empty(len(graph.ends))
    for edge, names in enumerate(graph.ends):
        if names[end] not in number:
            raise TableError(f"the {ENDS[end]} {names[end][:40]!r} of line {graph.lines[edge]} is no node of the graph")
        found[edge] = number[names[end]]
    return found


def _missing(column: _Column, graph: _Graph) -> str:
    """The first edge that carries nothing, where there is no default."""
    if column.default is not None:
        return ""
    has = np.zeros(len(graph.ends), dtype=bool)
    has[column.edges] = True
    return "" if has.all() else f"the edge of line {graph.lines[int(np.argmin(has))]} has none, and there is no default"


def _values(column: _Column, count: int) -> Floats:
    """What every edge carries."""
    values = np.full(count, column.default or 0.0)
    values[column.edges] = column.values
    return values
