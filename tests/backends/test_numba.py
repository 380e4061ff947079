"""What machine code looks like: its symbols, what was inlined and vectorised, how it is loaded, what is refused."""

import math
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mcompiler.backends.numba import backend
from mcompiler.backends.numba.load import load_object
from mcompiler.backends.protocols import CompileOptions, Function
from mcompiler.backends.text import module_text
from mcompiler.backends.values import float_text
from mcompiler.integrators.entries import Entry
from mcompiler.kernel.abi import BREAKPOINT, INITIAL, PROJECT, Signature
from mcompiler.kernel.ir import Float, For, Integer, Kernel, KernelModule, Load, Local, Op, Return, Store
from tests.backends.models import ADVANCE, ENTRIES, LAYOUT, Run, midpoint, network

LIBM = {"cos"}
PLAIN = CompileOptions(contraction=False)


@pytest.mark.skipif(shutil.which("nm") is None, reason="needs nm of binutils")
def test_symbols() -> None:
    artifact = backend.compile(network(), LAYOUT, ENTRIES, PLAIN)
    if artifact.library is None:
        pytest.skip("no linker made a library")
    lines = [line.split() for line in subprocess.check_output(["nm", artifact.library], text=True).splitlines()]
    undefined = {line[-1].partition("@")[0] for line in lines if line[-2] in "Uw"}
    offered = {line[-1] for line in lines if line[-2] == "T"}
    assert undefined == LIBM
    assert offered == {"mc_sweep", "mc_project", "mc_breakpoint", "mc_loss", "mc_advance", "mc_nothing"}


def calls_in(function: str) -> set[str]:
    """Our functions, and numba's, that the function calls."""
    return set(re.findall(r"call .*?@(mc_\w+|_Z\w+)\(", function))


@pytest.fixture(scope="module")
def assembly(shared_cache: Path) -> dict[str, str]:
    """LLVM text of every function after optimisation."""
    return functions_of(str(backend.optimised(network(), ENTRIES)))


def functions_of(text: str) -> dict[str, str]:
    """LLVM text by function."""
    functions = re.findall(r"^define .*?^}", text, re.MULTILINE | re.DOTALL)
    return {match.group(1): each for each in functions if (match := re.search(r"@(\w+)\(", each))}


def test_integrators_call_kernels_with_loops(assembly: dict[str, str]) -> None:
    assert calls_in(assembly["mc_advance"]) == {"mc_sweep", "mc_project"}
    assert not calls_in(assembly["mc_sweep"])
    assert set(assembly) == {f"mc_{name}" for name in ("sweep", "project", "breakpoint", "loss", "advance", "nothing")}


def test_small_kernels_are_inlined() -> None:
    """A layout array makes a system small: its kernels become part of the integrator."""
    z = tuple(int(each) for each in Run(n=2, edges=3).z)
    functions = functions_of(str(backend.optimised(replace(network(), z=z), ENTRIES)))
    assert not calls_in(functions["mc_advance"])


def test_contraction_is_an_option(assembly: dict[str, str]) -> None:
    assert "contract" in assembly["mc_sweep"]
    assert "contract" not in str(backend.optimised(network(), ENTRIES, PLAIN))
    assert not re.search(r"\b(fast|nnan|ninf|nsz)\b", "\n".join(assembly.values()))


def test_loops_over_members_vectorise() -> None:
    """Arrays do not overlap, so no check of addresses stands before the loop."""
    value = Op("mul", (Load("p", Local("m")), Load("w", Local("m"))))
    loop = For("m", Load("z", Integer(0)), (Store("y", Local("m"), value),))
    text = str(backend.optimised(KernelModule("vectors", (Kernel(INITIAL, (loop,)),))))
    assert re.search(r"fmul .*<\d+ x double>", text)
    assert "vector.memcheck" not in text


def test_object_loads_without_a_linker(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "no-such-compiler-here")
    artifact = backend.compile(network(), LAYOUT, ENTRIES, PLAIN)
    assert artifact.library is None
    run, expected = Run(), Run()
    run.advance(backend.load(artifact))
    monkeypatch.delenv("CC")
    linked = backend.compile(network(), LAYOUT, ENTRIES, CompileOptions(contraction=False, cached=False))
    expected.advance(backend.load(linked))
    assert np.array_equal(run.y, expected.y)
    again = Run()
    again.advance(load_object(linked))
    assert np.array_equal(again.y, expected.y)


def test_a_linker_that_fails_is_no_failure(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "false")
    artifact = backend.compile(network(), LAYOUT)
    assert artifact.library is None
    assert backend.load(artifact)["breakpoint"](0.5, np.zeros(1), np.zeros(8, dtype=np.int64), np.zeros(1)) == 1.0


def test_missing_kernels_are_refused() -> None:
    nothing = KernelModule("nothing", (Kernel(BREAKPOINT, (Return(Float(math.inf)),)),))
    with pytest.raises(ValueError, match=r"compiled code calls what is not there: mc_project, mc_sweep"):
        backend.compile(nothing, LAYOUT, ENTRIES)


def test_python_calls_are_refused() -> None:
    def make(_functions: Mapping[str, Function]) -> Function:
        def printing(t, h, steps, a, y, K, p, z, w):  # type: ignore[no-untyped-def]
            print(t)
            return t

        return printing

    with pytest.raises(ValueError, match="calls what is not there"):
        backend.compile(network(), LAYOUT, (Entry(ADVANCE, make),))


def test_one_name_twice_is_refused() -> None:
    signature = Signature("sweep", ADVANCE.arguments, ADVANCE.result, "")
    with pytest.raises(ValueError, match="two functions have one name: sweep"):
        backend.compile(network(), LAYOUT, (Entry(signature, midpoint),))


def test_text_is_readable_and_the_same() -> None:
    text = module_text(network(), "1.2.3")
    assert text == module_text(network(), "1.2.3")
    assert text.startswith(
        "# Kernels of network, written by mcompiler 1.2.3\n# leaky units\n# tanh synapses in two lines\n"
    )
    assert "    for m in range(n):  # every unit\n" in text
    assert "        w[m] = tanh(Y)\n" in text
    assert backend.compile(network(), LAYOUT, ENTRIES, PLAIN).text.partition("\n")[2] == text.partition("\n")[2]


@pytest.mark.parametrize("number", [0.1, -0.0, 1e-320, 1.7976931348623157e308, 1 / 3])
def test_literals_read_back(number: float) -> None:
    assert float(float_text(number).strip("()")).hex() == number.hex()


def test_a_comment_cannot_leave_its_line() -> None:
    """What a model says may stand in comments and headers only; whatever it holds, it is no code."""
    evil = 'x"""\nimport os\r\x0c\u2028os.abort()\x00'
    module = KernelModule("evil\nimport os", (Kernel(BREAKPOINT, (Return(Float(1.0)),)),), (evil,))
    assert [line for line in module_text(module).splitlines() if "os" in line and not line.startswith("#")] == []
    library = backend.load(backend.compile(module, LAYOUT))
    assert library["breakpoint"](0.0, np.zeros(1), np.zeros(8, dtype=np.int64), np.zeros(1)) == 1.0


@pytest.mark.parametrize("name", ["x; import os", "import", "_INF", "", "x\ny"])
def test_what_is_no_name_is_refused(name: str) -> None:
    module = KernelModule("names", (Kernel(BREAKPOINT, (Return(Local(name)),)),))
    with pytest.raises(ValueError, match="is no name for a kernel"):
        module_text(module)


def test_a_layout_that_is_known_is_part_of_the_code() -> None:
    """Functions of a small system are compiled for its layout array, so that sizes are constants everywhere; what is passed is not looked at."""
    kernel = Kernel(PROJECT, (Return(Load("z", Integer(8))),))
    for z, wanted in (((), 3), ((0,) * 8 + (7,), 7)):
        library = backend.load(backend.compile(KernelModule("fixed", (kernel,), z=z), LAYOUT))
        given = np.full(9, 3, dtype=np.int64)
        assert library["project"](np.zeros(1), np.zeros(1), given, np.zeros(1)) == wanted
