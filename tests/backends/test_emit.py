"""Kernels as LLVM's text against the same kernels as Python text through numba: equal to the bit.

Contraction is the optimiser's choice: where it packs straight-line code into vectors, or takes in elementary functions of ours, it may fuse other products, so
kernels without loops, and those that call many functions, are compared without.
"""

from dataclasses import replace
from typing import Any

import llvmlite.binding as llvm
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcompiler.backends.artifact import symbol
from mcompiler.backends.calls import NativeLibrary, native_library
from mcompiler.backends.llvm.emit import emit
from mcompiler.backends.llvm.lines import Lines
from mcompiler.backends.numba import integrators, link
from mcompiler.backends.protocols import CompileOptions
from mcompiler.backends.text import module_text
from mcompiler.kernel.abi import F64_ARRAY, I64, I64_ARRAY, INITIAL, LANED, Argument
from mcompiler.kernel.blocks import blocked
from mcompiler.kernel.ir import For, If, Integer, Kernel, KernelModule, Let, Load, Local, Op, Statement, Store
from mcompiler.kernel.layout import bind
from mcompiler.kernel.scalarise import scalarise
from mcompiler.kernel.verify import verify
from mcompiler.network.binding import bindings
from tests.backends.models import Run, network
from tests.backends.test_operations import OPERATED, PAIRS, evaluate, observe
from tests.kernel.cases import Case, everything_case, hp_case
from tests.kernel.programs import INPUTS, OUTPUTS, Z, modules
from tests.solver.networks import SPARSE


def library(module: KernelModule, options: CompileOptions, *, through_numba: bool) -> NativeLibrary:
    """The kernels alone, compiled from the one text or the other."""
    own = numba_bitcode(module, options) if through_numba else [emit(module, contraction=options.contraction).text]
    parts: list[bytes | str] = [*own, *integrators.elementary(options)]
    signatures = {kernel.signature.name: kernel.signature for kernel in module.kernels}
    whole = link.link(parts, {symbol(name): each for name, each in signatures.items()}, module.z)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), link.new_target_machine(jit=True))
    engine.add_object_file(llvm.ObjectFileRef.from_data(link.emit_object(whole)))
    engine.finalize_object()
    return native_library(signatures, engine.get_function_address, engine)


def numba_bitcode(module: KernelModule, options: CompileOptions) -> list[bytes]:
    from mcompiler.backends.numba import compile as frontend

    making = frontend.Frontend(contraction=options.contraction)
    compiled: list[bytes] = []
    for signature in (kernel.signature for kernel in module.kernels):
        given = frontend.elementary_functions(in_loops=not module.z or signature in LANED)
        function = frontend.functions_of(module_text(module), module.name, given)[signature.name]
        compiled.append(making.compile(function, signature, symbol(signature.name), apart=True))
    return compiled


def both(module: KernelModule, *, contraction: bool = True) -> tuple[NativeLibrary, NativeLibrary]:
    options = CompileOptions(contraction=contraction)
    return library(module, options, through_numba=False), library(module, options, through_numba=True)


def assert_same(found: list[Any], wanted: list[Any], where: str) -> None:
    """Equal to the bit, NaNs alike."""
    for place, (a, b) in enumerate(zip(found, wanted, strict=True)):
        first, second = np.asarray(a), np.asarray(b)
        same = (first == second) & (np.signbit(first) == np.signbit(second)) | (np.isnan(first) & np.isnan(second))
        assert np.all(same), f"{where}, array {place}: {first[~same][:3]} is not {second[~same][:3]}"


def arguments(kernel: Kernel, case: Case, draw: np.random.Generator) -> list[Any]:
    """Numbers for every argument: unknowns and parameters of the case, anything for the rest."""
    z, rows = case.z, 3
    n = int(z[0])
    sizes = {"K": rows * n, "p": int(z[1]), "pb": int(z[1]), "w": int(z[3]), "out": 40 * (n + 1), "d": 64, "a": rows}
    numbers = {"t": case.t, "h": 0.01, "stage": 2, "seed": 1.3}
    given: dict[str, Any] = {"y": case.y.copy(), "Y": case.y.copy(), "p": case.p.copy(), "z": z}
    given["want"] = np.arange(max(1, int(z[4])), dtype=np.int64) * (n + 1)

    def made(argument: Argument) -> Any:
        if argument.name in given:
            return given[argument.name]
        if argument.type in {F64_ARRAY, I64_ARRAY}:
            return draw.uniform(0.5, 1.5, max(sizes.get(argument.name, 0), n, int(z[2]), 1))
        return numbers.get(argument.name, 0 if argument.type == I64 else 1.0)

    return [made(argument) for argument in kernel.signature.arguments]


def compare(case: Case, *, contraction: bool = True) -> None:
    """Every kernel of the case on the same arrays, for several values of its index where it has one."""
    ours, numbas = both(case.module, contraction=contraction)
    for kernel in case.module.kernels:
        name = kernel.signature.name
        places = [i for i, each in enumerate(kernel.signature.arguments) if each.name in {"e", "term"}]
        for number in range(3 if places else 1):
            runs: list[list[Any]] = []
            for offered in (ours, numbas):
                taken = arguments(kernel, case, np.random.default_rng(7))
                for place in places:
                    taken[place] = number
                result = offered[name](*taken)
                runs.append([*(each for each in taken if isinstance(each, np.ndarray)), result or 0.0])
            assert_same(runs[0], runs[1], f"{case.module.name}, {name} {number}")


def scalar(case: Case) -> Case:
    return replace(case, module=scalarise(case.module, case.layout, case.z))


def only(case: Case, *names: str) -> Case:
    """The case with these kernels; numba takes half a second for a large one."""
    kept = tuple(each for each in case.module.kernels if each.signature.name in names)
    return replace(case, module=replace(case.module, kernels=kept))


def test_kernels_of_a_system_that_has_everything() -> None:
    case = everything_case(dense=False)
    case = replace(case, module=blocked(case.module, 2))
    names = ("sweep", "guards", "reset_pullback", "breakpoint", "observe", "loss", "project_pullback", "scale")
    compare(only(case, *names), contraction=False)


def test_kernels_without_loops() -> None:
    compare(only(scalar(hp_case()), "sweep", "pullback", "breakpoint"), contraction=False)
    case = scalar(everything_case(dense=False))
    compare(only(case, "sweep", "guard_pullback", "reset_pullback", "loss", "project"), contraction=False)


def test_kernels_of_a_network() -> None:
    """Blocks, ranges, our own elementary functions, scattered sums, derivatives."""
    import mcompiler as mc

    model = mc.parse(SPARSE)
    elaborated = model.elaborated(None, with_losses=True)
    module, layout = model.lowered(elaborated)
    z = bind(layout, *bindings(elaborated))
    draw = np.random.default_rng(3)
    p = draw.uniform(0.5, 1.5, int(z[1]))
    case = Case(module, layout, z, p, draw.uniform(0.1, 0.9, int(z[0])))
    compare(only(case, "sweep", "pullback"))


@pytest.mark.parametrize("contraction", [True, False])
def test_operations(contraction: bool) -> None:
    """Every operation on edge values, infinities and NaN among them."""
    kernel = observe(list(OPERATED.values()), len(PAIRS))
    ours, numbas = both(KernelModule("operations", (kernel,)), contraction=contraction)
    found, wanted = (evaluate(each, PAIRS, len(OPERATED)) for each in (ours, numbas))
    assert_same([found], [wanted], "operations")


def test_kernels_written_by_hand() -> None:
    ours, numbas = both(network())
    runs = [Run(), Run()]
    for run, offered in zip(runs, (ours, numbas), strict=True):
        for stage in (0, 1):
            offered["sweep"](stage, 0.3, 0.1, run.a, 0, run.y, run.K, run.p, run.z, run.w)
        run.w[-1] = offered["loss"](1, 0.0, run.y, run.p, run.z, run.w, run.p, 0)
    assert_same([runs[0].K, runs[0].w], [runs[1].K, runs[1].w], "network")


@given(modules(), st.integers(0, 2**32))
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_kernels(module: KernelModule, seed: int) -> None:
    ours, numbas = both(module)
    results: list[list[Any]] = []
    for offered in (ours, numbas):
        draw = np.random.default_rng(seed)
        arrays = {each: draw.choice([0.0, -0.0, 1.0, -1.5, 0.3, 7.0], 64) for each in (*INPUTS, *OUTPUTS)}
        taken = [arrays["y"], arrays["lam"], arrays["p"], Z_ARRAY, arrays["w"], arrays["pb"]]
        results.append([offered["reset_pullback"](1, 0.7, *taken), *taken])
    assert_same(results[0], results[1], "random")


Z_ARRAY = np.asarray(Z, dtype=np.int64)


def test_the_same_module_gives_the_same_text() -> None:
    assert emit(network()) == emit(network())
    assert emit(network()).calls_ours  # tanh, in a loop
    assert not emit(replace(network(), z=(0,))).calls_ours


def test_marked_lines_change_nothing_but_marks() -> None:
    lines = Lines()
    marked = emit(network(), lines=lines).text
    assert "for m in range(n):  # every unit" in lines.texts
    plain = [each.partition(", !dbg")[0].partition(" !dbg")[0].removesuffix(" {") for each in marked.splitlines()]
    wanted = [each.removesuffix(" {") for each in emit(network()).text.splitlines()]
    assert [each for each in plain if not each.startswith("!")] == wanted
    llvm.parse_assembly(marked).verify()


def test_names_of_a_model_are_not_taken_for_labels() -> None:
    """An index called like a label of ours, and values called like the first block."""
    names = ("after", "entry", "endif")
    body: tuple[Statement, ...] = (Store("y", Local("after"), Op("add", (Local("entry"), Local("endif")))),)
    lets = (Let("entry", Load("p", Integer(0))), Let("endif", Load("p", Integer(1))))
    whole = (*lets, For("after", Integer(3), (If(Op("eq", (Local("after"), Integer(1))), body),)))
    for at_once in (False, True):
        made = (*whole[:-1], replace(whole[-1], at_once=at_once))
        module = KernelModule("named", (Kernel(INITIAL, made),))
        text = emit(verify(module)).text
        assert all(name in str(module) for name in names)
        llvm.parse_assembly(text).verify()
