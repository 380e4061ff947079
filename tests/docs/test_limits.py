"""The limits and the lists that pages name are those of the program."""

import re

from mcompiler import source, units
from mcompiler.diagnostics import problems
from mcompiler.dsl import structure, tokens
from mcompiler.dsl.build import quantities
from mcompiler.integrators.methods import METHODS, method_named
from mcompiler.model import balance, circuits, columns, functions, graphml, modules, tables
from mcompiler.network import structure as networks
from mcompiler.network import wiring
from mcompiler.solution import Status
from mcompiler.solver import options
from tests.architecture.test_imports import ROOT

LANGUAGE = (ROOT / "docs" / "language.md").read_text("utf-8")
SOLVER = (ROOT / "docs" / "solver.md").read_text("utf-8")


def section(page: str, heading: str) -> str:
    """The text of a chapter."""
    return page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def rows(text: str) -> dict[str, str]:
    """The rows of a table: first cell to the rest."""
    cells = [line.strip("|").split(" | ") for line in text.split("\n") if line.startswith("|")]
    return {first.strip(): " | ".join(rest).strip() for first, *rest in cells}


def test_limits() -> None:
    found = rows(section(LANGUAGE, "Limits"))
    numbers = {
        what: [int(each.replace(",", "")) for each in re.findall(r"\d[\d,]*\b", text)] for what, text in found.items()
    }
    assert numbers["a model file"][0] == source.MAXIMUM_BYTES
    assert numbers["files of a model"] == [modules.MOST_FILES, modules.DEEPEST_USE]
    assert numbers["brackets one inside the other"] == [structure.MAXIMUM_NESTING]
    levels = "levels of an expression, and operations one inside the other"
    assert numbers[levels] == [structure.MAXIMUM_DEPTH] == [balance.DEEPEST]
    assert numbers["parts of an expression, functions put in place"] == [balance.LARGEST]
    assert numbers["exponents"] == [quantities.LARGEST_POWER, balance.HIGHEST]
    assert numbers["indices of an array"] == [circuits.MOST_INDICES]
    assert numbers["a data file"] == [columns.MAXIMUM_BYTES, columns.MOST_COLUMNS, tables.MAXIMUM_TOTAL]
    assert numbers["what the edges of a GraphML file carry"] == [graphml.MOST_NUMBERS]
    assert numbers["nodes and elements of a circuit"] == [wiring.MOST]
    assert numbers["errors that are told at once"] == [problems.MOST]
    assert f"more than {networks.SCALAR_MEMBERS} members" in LANGUAGE


def test_units_and_prefixes() -> None:
    found = rows(section(LANGUAGE, "Quantities and units"))
    words = {what: text.strip("`").split() for what, text in found.items()}
    assert sorted(words["take a prefix"]) == sorted(set(units.PREFIXED) - {"\u2126"})
    assert sorted(words["take none"]) == sorted(units.PLAIN)
    assert sorted(words["prefixes"]) == sorted(set(units.PREFIXES) - {"\u03bc"})


def test_functions_constants_and_words() -> None:
    chapter = section(LANGUAGE, "Expressions and functions")
    named = set(re.findall(r"[a-z_]\w*", "".join(re.findall(r"`[^`]*`", "".join(rows(chapter))))))
    assert set(functions.FUNCTIONS) <= named
    assert all(f"`{name}`" in chapter for name in functions.CONSTANTS)
    never = re.search(r"Never a name: (.*?)\. Always", section(LANGUAGE, "Text"), re.DOTALL)
    assert never is not None
    assert set(re.findall(r"`(\w+)`", never[1])) == tokens.RESERVED


def test_methods_options_and_statuses() -> None:
    found = rows(section(SOLVER, "Methods and tolerances"))
    for name in METHODS:
        method = method_named(name)
        order, dense = found[f"`{name}`"].split(" | ")[:2]
        assert int(order[0]) == method.order
        assert ("adaptive" in order) == method.adaptive
        assert int(dense.split()[0]) == method.dense_order
    assert {f"`{each}`" for each in options.RunOptions.__slots__} - {"`method`"} <= set(found)
    assert set(rows(section(SOLVER, "How a run ends"))) >= {f"`{each.name}`" for each in Status}
