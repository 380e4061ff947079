"""The command line. Only words and files here: every command calls the rooms below; what is slow to import is imported when it is needed.

Exit codes: 0 done, 1 the model or its run failed, 2 wrong usage.
"""

import os
import sys
import time
import warnings
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

if TYPE_CHECKING:
    from mcompiler.backends.inspect import Form
    from mcompiler.diagnostics import Diagnostic
    from mcompiler.driver import Compilation
    from mcompiler.equations.shown import Derivation
    from mcompiler.solution import Solution
    from mcompiler.solver.solver import Solver

#: When the command line began: the interpreter itself has taken some 20 ms by then.
_BEGAN = time.perf_counter()

_FILE = click.argument("file", metavar="FILE")
_EXPERIMENT = click.option("--experiment", metavar="NAME", help="Which experiment of the file; the first by default.")
_SET = click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="Set a parameter or size, for instance M.Ron=150ohm or N=128; may be repeated.",
)
#: Kinds of blocks that are counted.
_COUNTED = ("device", "circuit", "experiment")
_COUNTED_OF_NETWORKS = ("device", "cell", "synapse", "network", "experiment")
_DERIVATIONS = ("forward", "jacobian", "adjoint", "gradient", "tangent", "error-network", "nudged", "steady")
_SOURCES = ("kernel", "python", "llvm", "asm", "report")
_FORMATS = ("text", "latex", "mem")


_HELP = """Compile models of memristor networks: check them, read their derived equations, run them as machine code.

\b
A first look:
  mcompiler demo
  mcompiler devices HP
  mcompiler equations FILE --of adjoint
  mcompiler run FILE --plot picture.png
"""


@click.group(help=_HELP, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="mcompiler")
def main() -> None:
    """The command line; each command is a function below."""


@main.command()
@_FILE
def check(file: str) -> None:
    """Say everything that is wrong with a model."""
    with _told():
        model = _load(file)
        _elaborate_all(model)
        kinds = _COUNTED_OF_NETWORKS if model.count("network") else _COUNTED
        counts = {kind: model.count(kind) for kind in kinds}
        counts |= {"learning block": count} if (count := model.count("learning")) else {}
        held = ", ".join(f"{count} {kind}{'s' * (count != 1)}" for kind, count in counts.items())
        click.echo(f"{file}: no errors ({held})")


@main.command()
@_FILE
@_EXPERIMENT
@_SET
@click.option(
    "--of", "derivation", type=click.Choice(_DERIVATIONS), default="forward", show_default=True, help="Which equations."
)
@click.option(
    "--format", "form", type=click.Choice(_FORMATS), default="text", show_default=True, help="How they are written."
)
@click.option(
    "--scale", default="1", show_default=True, help="What the errors of an error network are measured in, like 1V*A."
)
@click.option(
    "--speed", default="1", show_default=True, help="How much faster its errors are than the forward equations."
)
def equations(
    file: str,
    experiment: str | None,
    settings: Sequence[str],
    derivation: "Derivation",
    form: str,
    scale: str,
    speed: str,
) -> None:
    """Show the equations of a model and those derived from them."""
    with _told():
        shown = _load(file, experiment, settings).equations(derivation)
        click.echo((shown.error_network(scale, speed) if derivation == "error-network" else shown).to(form), nl=False)


@main.command()
@_FILE
@_EXPERIMENT
@_SET
@click.option("--of", "form", type=click.Choice(_SOURCES), default="kernel", show_default=True, help="Which text.")
@click.option(
    "--kernel",
    "names",
    multiple=True,
    metavar="NAME",
    help="Which kernel, like sweep; all by default; may be repeated.",
)
def source(file: str, experiment: str | None, settings: Sequence[str], form: "Form", names: Sequence[str]) -> None:
    """Show what becomes of a model: kernels, Python text, LLVM, assembly; or a report of its loops."""
    with _told():
        model = _load(file, experiment, settings)
        click.echo(model.source_text(form, names), nl=False)


@main.command()
@_FILE
@_EXPERIMENT
@_SET
@click.option("--t-end", metavar="TIME", help="End of the run, for instance 5ms, in place of the experiment's.")
@click.option("--steady-within", metavar="TIME", help="Run until nothing moves, for instance 5ms at most.")
@click.option("--method", help="auto, euler, heun, rk4, bs3, tsit5 or dop853, in place of the model's.")
@click.option("--rtol", type=float, help="Relative tolerance per step.")
@click.option("--step", metavar="TIME", help="Step size of a fixed-step method, for instance 1us.")
@click.option("--save", "save_to", metavar="FILE", help="Write the run to a .npz or .csv file.")
@click.option(
    "--plot", "plot_to", metavar="FILE", help="Draw the experiment's plots into a picture (.png, .pdf, .svg)."
)
@click.option("--timings", is_flag=True, help="Say how long each stage took.")
def run(
    file: str,
    experiment: str | None,
    settings: Sequence[str],
    t_end: str | None,
    steady_within: str | None,
    method: str | None,
    rtol: float | None,
    step: str | None,
    save_to: str | None,
    plot_to: str | None,
    timings: bool,  # noqa: FBT001 - a flag of the command line
) -> None:
    """Run an experiment of a model."""
    _check_targets(save_to, plot_to)
    if t_end is not None and steady_within is not None:
        raise click.UsageError("a run has an end (--t-end), or ends when nothing moves (--steady-within): give one")
    os.environ.setdefault(
        "OPENBLAS_NUM_THREADS", "1"
    )  # numpy starts threads for linear algebra, of which a run has none
    with _told():
        model = _load(file, experiment, settings)
        solver = _compiled(model, method=method, rtol=rtol, step=_seconds(step, "--step"))
        end = _seconds(t_end, "--t-end")
        within = _seconds(steady_within, "--steady-within")
        solution = solver.run(None if end is None else (0.0, end), steady_within=within)
        _keep(model, solution, save_to, plot_to)
        if timings:
            _show_timings(model, solution)
    if not solution.success:
        _fail(f"{solution.message}")


@main.command()
@_FILE
@_EXPERIMENT
@_SET
@click.option(
    "--target",
    type=click.Choice(("shared", "object", "executable", "python")),
    default="shared",
    show_default=True,
    help="A library, an object to link statically, a program, or a module that needs numpy.",
)
@click.option(
    "-o", "--output", required=True, metavar="DIR", help="The folder; replaced where an earlier build made it."
)
@click.option(
    "--cpu",
    type=click.Choice(("native", "x86-64-v2", "x86-64-v3", "x86-64-v4")),
    default="native",
    show_default=True,
    help="The least that the machines have on which it runs.",
)
@click.option("--name", metavar="NAME", help="What it is called, a C identifier; the model's file by default.")
@click.option("--method", help="auto, euler, heun, rk4, bs3, tsit5 or dop853, in place of the model's.")
@click.option("--rtol", type=float, help="Relative tolerance per step.")
@click.option("--step", metavar="TIME", help="Step size of a fixed-step method, for instance 1us.")
def build(
    file: str,
    experiment: str | None,
    settings: Sequence[str],
    target: str,
    output: str,
    cpu: str,
    name: str | None,
    method: str | None,
    rtol: float | None,
    step: str | None,
) -> None:
    """Write the solver of a model for use without mcompiler: as a C library, an object, a program or a Python module."""
    from mcompiler.standalone.from_model import build as build_model

    with _told():
        model = _load(file, experiment, settings)
        for each in model.network.warnings:
            _show(each)
        seconds = _seconds(step, "--step")
        made = build_model(model, output, target=target, cpu=cpu, name=name, method=method, rtol=rtol, step=seconds)
        click.echo(f"wrote {made}")


@main.command()
@_FILE
@_EXPERIMENT
@_SET
@click.option("--steady-within", metavar="TIME", help="The longest run in search of the fixed point, for instance 5ms.")
@click.option("--method", help="The method whose storage and steps are told, in place of the model's.")
@click.option("--rtol", type=float, help="Relative tolerance per step.")
@click.option("--step", metavar="TIME", help="Step size of a fixed-step method, for instance 1us.")
@click.option(
    "--format",
    "form",
    type=click.Choice(("text", "json")),
    default="text",
    show_default=True,
    help="How it is written.",
)
def analyse(
    file: str,
    experiment: str | None,
    settings: Sequence[str],
    steady_within: str | None,
    method: str | None,
    rtol: float | None,
    step: str | None,
    form: str,
) -> None:
    """Find the fixed point of a model; say whether it is stable, how stiff it is, and what the model weighs."""
    import json

    from mcompiler.analysis.analysis import analyse as analyse_solver

    with _told():
        model = _load(file, experiment, settings)
        solver = _compiled(model, method=method, rtol=rtol, step=_seconds(step, "--step"))
        found = analyse_solver(solver, steady_within=_seconds(steady_within, "--steady-within"))
        click.echo(str(found) if form == "text" else json.dumps(found.to_json(), indent=1))


@main.command(name="format")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--check", "only_check", is_flag=True, help="Change nothing; exit with 1 where a file would change.")
def format_(files: Sequence[str], only_check: bool) -> None:  # noqa: FBT001 - a flag of the command line
    """Rewrite models in the canonical form; comments stay."""
    from mcompiler.dsl import format_module, parse, read_source
    from mcompiler.files import write_bytes

    changed: list[str] = []
    with _told():
        texts = {file: (source := read_source(Path(file)), format_module(parse(source))) for file in files}
        for file, (source, text) in texts.items():
            if source.text != text:
                changed.append(file)
                if not only_check:
                    write_bytes(Path(file), text.encode())
    for file in changed:
        click.echo(f"{file}: {'would change' if only_check else 'formatted'}")
    if only_check and changed:
        sys.exit(1)


@main.command()
@click.argument("name", required=False)
def devices(name: str | None) -> None:
    """List the devices of the library, or show one: equations, parameters, parameter sets, source."""
    from mcompiler.report.devices import describe_device, list_devices

    with _told():
        click.echo(list_devices() if name is None else describe_device(name))


@main.command()
@click.option("-o", "--output", default="demo.png", show_default=True, metavar="FILE", help="The picture.")
def demo(output: str) -> None:
    """One memristor and a memory of 9,900 pairs of them in one picture, and the commands that show their equations."""
    _check_targets(None, output)
    from mcompiler.demo import demo as run_demo

    with _told():
        run_demo(Path(output), click.echo)


@main.group()
def cache() -> None:
    """List or empty the folder of compiled models: $MCOMPILER_CACHE_DIR, or else mcompiler in the user's cache folder."""


@cache.command(name="path")
def cache_path() -> None:
    """Say where compiled models are kept."""
    from mcompiler.backends.cache import folder

    click.echo(folder())


@cache.command(name="list")
def cache_list() -> None:
    """List what is kept: model, when, size, what."""
    from mcompiler.backends.cache import folder
    from mcompiler.backends.shelf import kept, total
    from mcompiler.report.cache import table

    with _told():
        click.echo(table(kept(folder()), total(folder()), folder()))


@cache.command(name="clear")
def cache_clear() -> None:
    """Remove everything that is kept; the next run of a model compiles it again."""
    from mcompiler.backends.cache import folder
    from mcompiler.backends.shelf import clear
    from mcompiler.report.cache import size_text

    with _told():
        cleared = clear(folder())
        click.echo(f"{folder()}: removed {cleared.files} files, {size_text(cleared.size)}")
        if cleared.left:
            shown = ", ".join(cleared.left[:5]) + (", ..." if len(cleared.left) > 5 else "")
            click.echo(f"left, since they are no entries of the cache: {shown}", err=True)


# --- what commands share


def _load(file: str, experiment: str | None = None, settings: Sequence[str] = ()) -> "Compilation":
    from mcompiler.driver import load

    model = load(file, experiment=experiment, settings=settings)
    _warn(model.warnings)
    return model


def _warn(warnings: "Sequence[Diagnostic]") -> None:
    for each in warnings:
        _show(each)


def _elaborate_all(model: "Compilation") -> None:
    """Builds the network of every experiment, and of every circuit that none runs on; what is wrong with any of them is told together."""
    from mcompiler.diagnostics import CompileError
    from mcompiler.network.elaborate import elaborate

    experiments, circuits = model.model.experiments.values(), model.model.circuits.values()
    used = {each.circuit.name for each in experiments}
    found: list[Diagnostic] = []
    warnings: list[Diagnostic] = []
    for experiment, circuit in [
        *((each, None) for each in experiments),
        *((None, each) for each in circuits if each.name not in used),
    ]:
        try:
            warnings += [each for each in elaborate(model.model, experiment, circuit).warnings if each not in warnings]
        except CompileError as error:
            found += [each for each in error.diagnostics if each not in found]
    _warn(warnings)
    if found:
        raise CompileError(found)


def _compiled(model: "Compilation", **options: object) -> "Solver":
    from mcompiler.driver import compile as compile_model

    _warn(model.network_warnings)
    return compile_model(model, **options)  # type: ignore[arg-type]


def _keep(model: "Compilation", solution: "Solution", save_to: str | None, plot_to: str | None) -> None:
    """Write what was asked for; a run that nobody keeps is told in a table."""
    from mcompiler.report.runs import summary

    if save_to:
        solution.save(save_to)
        click.echo(f"wrote {save_to}")
    if plot_to:
        from mcompiler.report.plot import plot_experiment, save_figure

        save_figure(plot_experiment(model.described, solution), plot_to)
        click.echo(f"wrote {plot_to}")
    if not save_to and not plot_to:
        click.echo(summary(solution))


def _show_timings(model: "Compilation", solution: "Solution") -> None:
    stages = {**model.seconds, "run": solution.statistics.seconds}
    whole = time.perf_counter() - _BEGAN
    stages |= {"imports and the rest": whole - sum(stages.values()), "whole": whole}
    for stage, seconds in stages.items():
        click.echo(f"{stage:>20}  {seconds * 1e3:9.2f} ms")


def _seconds(text: str | None, option: str) -> float | None:
    """A time as a user writes it, ``5ms`` or ``5[ms]``, in seconds."""
    if text is None:
        return None
    from mcompiler.model.override import quantity
    from mcompiler.units import TIME

    value = quantity(text, TIME)
    if value is None or not value > 0:
        raise click.BadParameter(f"{text!r} is not a positive time; write 5ms or 0.005s", param_hint=option)
    return value


def _check_targets(save_to: str | None, plot_to: str | None) -> None:
    """Refuse before the work what could not be written after it."""
    for target, suffixes, option in (
        (save_to, (".npz", ".csv"), "--save"),
        (plot_to, (".png", ".pdf", ".svg"), "--plot"),
    ):
        if target is None:
            continue
        if Path(target).suffix not in suffixes:
            raise click.BadParameter(f"{target!r} must end in {' or '.join(suffixes)}", param_hint=option)
        if not Path(target).absolute().parent.is_dir():
            raise click.BadParameter(f"there is no folder {Path(target).absolute().parent}", param_hint=option)


@contextmanager
def _told() -> Generator[None, None, None]:
    """Shows what is wrong with a model or a run, and ends with exit code 1; what Python warns of is told in one line."""
    from mcompiler.diagnostics import CompileError

    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            yield
    except CompileError as error:
        for each in error.diagnostics:
            _show(each)
        _fail(f"{len(error.diagnostics)} error{'s' * (len(error.diagnostics) != 1)}")
    except (ValueError, FloatingPointError, OSError) as error:
        _fail(str(error))


def _show(diagnostic: "Diagnostic") -> None:
    from mcompiler.diagnostics import render

    click.echo(render(diagnostic, color=sys.stderr.isatty()) + "\n", err=True)


def _show_warning(message: Warning | str, *_where: object, **_named: object) -> None:
    click.echo(click.style("warning: ", fg="yellow", bold=True) + str(message), err=True)


def _fail(message: str) -> NoReturn:
    click.echo(click.style("error: ", fg="red", bold=True) + message, err=True)
    sys.exit(1)


if __name__ == "__main__":
    main()
