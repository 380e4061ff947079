"""Writes errors.md: what every code means, with an example of what it prints.

The examples are those of tests/errors, whose texts are tested to be what is printed. ``python docs/make_errors.py`` after a code or a text has changed.
"""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from mcompiler.diagnostics import CompileError, render
from mcompiler.driver import load, parse
from mcompiler.files import write_bytes
from mcompiler.source import MAXIMUM_BYTES

HERE = Path(__file__).parent
EXAMPLES = HERE.parent / "tests" / "errors"
PAGE = HERE / "errors.md"
MARK = "# expect:"

#: By chapter, what each code means.
CODES: Mapping[str, Mapping[str, str]] = {
    "Files": {
        "file-not-found": "There is no file of this name: the model itself, a file it uses, or one with data.",
        "not-a-file": "The path is that of a folder or a device.",
        "unreadable": "The file is there, but the system does not let it be read.",
        "not-utf8": "The file is in another encoding than UTF-8; the message says at which byte.",
        "too-large": "The file, an expression once its functions are put in place, or a set of data is larger than the limit that the message names.",
        "path-outside": "A model reads files in its own folder and below, never beside or above it.",
        "circular-use": "Files use each other in a circle.",
        "unknown-module": "`use NAME` names no module of the library.",
        "empty-model": "The file holds no block, function or use.",
    },
    "Signs and words": {
        "unknown-character": "A sign that the language does not have; typographic ones are read as what they stand for, and reported.",
        "unclosed-string": 'A text in quotes ends with `"` on its own line.',
        "unclosed-bracket": "A `(` or `[` without its partner.",
        "unclosed-block": "A block without its `}`; the place is where it was opened.",
        "unexpected-closing": "A closing bracket without an opening one, or of another kind.",
        "too-deep": "Brackets, or operations, lie one inside the other beyond the limit. Parts of an expression can have names of their own.",
        "number-too-long": "A literal with more digits than any double has.",
        "number-too-large": "A literal beyond the largest double, in SI units.",
        "number-too-small": "A literal that is not 0 and would become 0 in SI units.",
        "reserved-word": "A word that has a fixed meaning where a name is needed.",
        "unknown-operator": "An operator of another language.",
    },
    "Statements": {
        "unknown-block": "A file holds devices, circuits, experiments, learning blocks (and cells, synapses, networks), functions and uses.",
        "outside-block": "A statement that stands in no block.",
        "nested-block": "Blocks do not stand inside blocks.",
        "block-header": "The first line of a block lacks its name, or what it runs on.",
        "missing-brace": "The first line of a block ends without `{`.",
        "missing-line-end": "Something follows a closing brace on its line.",
        "unknown-statement": "The first word begins no statement.",
        "incomplete-statement": "The statement ends before it is complete.",
        "unexpected-token": "Something cannot stand where it does; the message lists what could.",
        "declaration-order": "The parts of a declaration have one order: unit, bounds, value, scale, documentation.",
        "missing-operator": "Two quantities stand side by side. Units without their brackets are a common cause.",
        "missing-expression": "An operator, `=` or comma without a value.",
        "misplaced-equals": "An `=` too many, or one that should be `==` or `:=`.",
        "no-equation": "An expression or a comparison where an equation is needed.",
        "bad-reset": "An event sets states with `state := value`.",
        "bad-name": "A name with dots or indices where one word is needed.",
        "bad-index": "An index behind something that has none.",
        "wrong-place": "The statement is right, but belongs somewhere else.",
        "duplicate-option": "An option is given twice.",
    },
    "Quantities and units": {
        "unknown-unit": "No unit has this name, with or without a prefix.",
        "unit-on-non-literal": "Only a literal takes a unit in brackets; everything else is multiplied by one.",
        "unit-mismatch": "Units do not agree: of an equation's sides, a sum's terms, an argument, a value. The message says which unit each has, and why.",
        "unit-too-large": "Exponents of a unit, its factor or its text are beyond all use.",
        "unit-zero": "A unit with the factor 0.",
        "not-a-number": "A condition or a text stands where a number is needed.",
        "not-a-condition": "A number stands where a condition is needed.",
        "argument-count": "A function with too many or too few arguments.",
        "unknown-function": "No function has this name.",
        "not-a-value": "A value comes out as NaN.",
    },
    "Devices": {
        "unknown-name": "No quantity has this name here; the nearest one is suggested.",
        "duplicate-name": "Two things have one name.",
        "missing-equation": "A state has no rate, or the port no relation.",
        "duplicate-equation": "A state, a definition or the port has two.",
        "equation-left": "An equation has a name, a derivative, or a factor times a derivative on its left.",
        "state-without-derivative": "A state has an equation `w = ...`, where its rate `dw/dt = ...` is needed.",
        "derivative-here": "A derivative inside an expression, or of something that is not a state.",
        "derivative-of-parameter": "A parameter does not move.",
        "assignment-to-time": "`t` is time.",
        "time-in-parameter": "A parameter, or another value that is constant, depends on `t`.",
        "not-constant": "A value that is constant in time depends on something that moves.",
        "circular-definition": "Definitions, parameters, sets or functions need each other in a circle.",
        "empty-bounds": "No number lies between the bounds.",
        "initial-out-of-bounds": "A state starts outside its bounds.",
        "value-out-of-bounds": "A parameter, or what an event sets, lies outside its bounds.",
        "missing-scale": "Nothing says how large a state usually is: neither a scale, nor finite bounds, nor an initial value other than 0.",
        "missing-state": "An inductor carries its current as a state.",
        "constant-event": "A condition of an event that never changes.",
        "event-condition": "A condition of an event that has no moment at which it becomes true, such as `==`.",
        "reset-of-non-state": "An event sets something else than a state.",
        "unknown-distribution": "After `~` stands `normal`, `lognormal` or `uniform`.",
        "bad-distribution": "Arguments from which nothing can be drawn.",
        "unused-state": "A warning: nothing depends on a state.",
    },
    "Circuits": {
        "empty-circuit": "A circuit without elements.",
        "unknown-device": "Neither the file nor the library has a device of this name.",
        "unknown-set": "The device has no parameter set of this name.",
        "unknown-node": "A terminal is joined to something that is not a node.",
        "unknown-argument": "The device, circuit or method has no parameter, state, input or option of this name.",
        "missing-argument": "A parameter or input without a value of its own gets none.",
        "terminal-count": "An element with more nodes than its device has terminals, or a device with fewer than two.",
        "unconnected-terminal": "An element with fewer nodes than its device has terminals.",
        "index-count": "A name with too many or too few indices.",
        "index-out-of-range": "An index beyond its array, or one that is no whole number.",
        "size-zero": "A size, or the range of an index, with no members.",
        "bad-size": "A size that is no whole number.",
        "size-too-large": "A circuit that would not fit into memory; said before anything is allocated.",
        "floating-node": "A node that no element is joined to.",
        "no-ground": "A part of the circuit that has no path to ground.",
        "source-loop": "Voltage sources in parallel, in a loop, or short-circuited.",
        "undriven-node": "A node with neither a voltage source nor a capacitor to ground.",
        "unsupported": "Part of the language, or a circuit, that this version does not compile; the message says what is missing.",
    },
    "Networks": {
        "unknown-cell": "The file has no cell of this name.",
        "unknown-synapse": "The file has no synapse of this name.",
        "unknown-cells": "Synapses join classes of cells of their network; this is none.",
        "unknown-wiring": "After `by` stands `one_to_one`, `ring`, `lattice`, `graph` or the name of a random graph.",
        "unreachable-cells": "A note: no synapse begins or ends at these cells; this is fine for cells that are only driven.",
        "not-readable": "Of the cells at its ends a synapse reads states and outputs, nothing else.",
        "input-collects": "An input that synapses contribute to is the sum of what arrives: it is given no value.",
        "algebraic-loop": "What synapses read depends on what they add in the same moment, and that on what they read.",
    },
    "Experiments": {
        "unknown-circuit": "An experiment or learning block runs on something that is no circuit or network.",
        "missing-run": "An experiment does not say how long it runs.",
        "duplicate-run": "An experiment runs once.",
        "empty-run": "A time span, or a distance of saved times, that is zero, negative or endless.",
        "unknown-signal": "Nothing that can be saved, drawn or compared has this name.",
        "unknown-method": "No integration method has this name.",
        "bad-option": "An option of a method with a value that makes no sense.",
        "bad-seed": "A seed is a whole number, zero or more.",
        "bad-batch": "A batch is a whole number of copies, one or more, of the cells of a network.",
        "initial-of-driven": "A node at a voltage source has no initial value of its own.",
        "constant-loss": "A loss that depends on nothing the run computes.",
        "bad-data": "A data file or a graph that cannot be read, or a column that holds something else than numbers.",
        "missing-column": "A data file without this column.",
        "data-shape": "Data of another shape than what they are given to.",
        "data-without-times": "A loss compares data at times other than their own.",
        "bad-times": "Times of data that do not ascend, or begin before the run.",
        "nan-in-data": "A column with a gap, NaN or infinity.",
    },
    "Command line and Python": {
        "unknown-experiment": "The file has no experiment of this name.",
        "nothing-to-run": "The file has no circuit.",
        "bad-setting": "A `--set` that is no assignment.",
    },
}

_BENCH = """circuit Bench {
  node top
  S: VoltageSource(top, ground, V = 1[V])
  M: HP(top, ground)
}

experiment loop on Bench { run to 1[s] }
"""
_INTRODUCTION = """# What errors mean

<!-- Written by make_errors.py from tests/errors; change those. -->

Everything that is wrong with a model is told at once, with a code in brackets, the place, and where there is one a hint. In Python it is the exception
`mc.CompileError`; its `diagnostics` hold codes, places, notes and hints, and `str` is the text that is shown here. Errors of signs and statements hide those of
names and units, since nobody knows what was meant; an unknown unit hides the mismatches that may come from it. All of these hide what is wrong
with the wiring.

"""


def page() -> str:
    """The text of errors.md."""
    chapters = [f"- {chapter}: {', '.join(map(_link, codes))}" for chapter, codes in CODES.items()]
    parts = [_INTRODUCTION, "\n".join(chapters), "\n"]
    examples = {**_of_files(), **_of_calls()}
    for chapter, codes in CODES.items():
        parts.append(f"\n\n## {chapter}\n")
        parts += [_entry(code, meaning, examples.get(code, "")) for code, meaning in codes.items()]
    return "".join(parts)


def _link(code: str) -> str:
    return f"[{code}](#{code})"


def _entry(code: str, meaning: str, printed: str) -> str:
    example = f"\n```text\n{printed}\n```\n" if printed else ""
    return f"\n### {code}\n\n{meaning}\n{example}"


def _of_files() -> dict[str, str]:
    """The first example of each code: of ``code.mem`` where there is one."""
    found: dict[str, str] = {}
    for path in sorted(EXAMPLES.glob("*.mem"), key=lambda path: (len(path.suffixes), path.name)):
        code = path.name.partition(".")[0]
        found.setdefault(code, _first(code, path.read_text("utf-8").partition(MARK)[2]))
    return found


def _first(code: str, expected: str) -> str:
    """The first diagnostic with this code among those that a file expects."""
    lines = [line.removeprefix("#").removeprefix(" ") for line in expected.strip("\n").split("\n")]
    return next(each for each in "\n".join(lines).split("\n\n") if f"[{code}]" in each.partition("\n")[0])


def _of_calls() -> dict[str, str]:
    """Examples that no model shows by itself."""
    with TemporaryDirectory() as folder:
        calls = (
            lambda: load(folder),
            lambda: parse("#" * (MAXIMUM_BYTES + 1), name="large.mem"),
            lambda: parse(_BENCH, name="bench.mem", experiment="lop"),
            lambda: parse("device D(p, n) { i = v/1[ohm] }", name="device.mem").experiment,
            lambda: parse(_BENCH, name="bench.mem", settings=["M.Ron"]),
        )
        found: dict[str, str] = {}
        for call in calls:
            try:
                call()
            except CompileError as error:
                (only,) = error.diagnostics
                found[only.code] = render(only).replace(folder, "models")
        return found


def main() -> None:
    """Write the page."""
    write_bytes(PAGE, page().encode())


if __name__ == "__main__":
    main()
