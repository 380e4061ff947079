"""The grammar has no conflict, the shipped tables are those of the grammar, and no run pays for lark."""

import re
import subprocess
import sys
from pathlib import Path

from mcompiler.diagnostics import Problems
from mcompiler.dsl import build, tables
from mcompiler.dsl.complaints.statements import EXPERIMENT_WORDS, TEMPLATE_WORDS
from mcompiler.dsl.tokens import BLOCK_KINDS, CONTINUES, RESERVED


def test_the_grammar_has_no_conflict_and_the_tables_are_current() -> None:
    assert tables.generate() == tables.TABLES.read_text("utf-8")  # lark is strict: a conflict raises


def test_every_rule_has_a_function() -> None:
    rules = tables.load().rules
    functions = build.builders(rules, build.Notes(Problems()))
    silent = {
        rule.build for rule, function in zip(rules, functions, strict=True)
        if function is None and not rule.is_spliced and not (rule.is_transparent and rule.length == 1)
    }  # fmt: skip
    assert not silent


def test_words_are_those_of_the_grammar() -> None:
    states, gotos = tables.load().actions, tables.load().gotos
    literals = {name: text for text, name in tables.load().literals.items()}

    def first_words(symbol: str) -> set[str]:
        return {
            literals[kind] for actions, places in zip(states, gotos, strict=True) if symbol in places
            for kind in actions if literals.get(kind, "").isalpha()
        }  # fmt: skip

    assert first_words("_item") == {*BLOCK_KINDS, "function", "use"}
    assert first_words("template_statement") - {"inf", "not"} == set(TEMPLATE_WORDS)
    assert first_words("experiment_statement") == set(EXPERIMENT_WORDS)
    assert RESERVED - {"dt"} <= set(tables.load().literals)
    assert set(literals) >= CONTINUES


def test_no_run_imports_lark(tmp_path: Path) -> None:
    program = "import sys, mcompiler.dsl as d; d.parse_text('use windows'); d.format_module(d.parse_text('')); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "mcompiler.dsl.driver" in done.stdout.split()
    assert not {"lark", "numpy", "sympy"} & set(re.findall(r"\w+", done.stdout))
