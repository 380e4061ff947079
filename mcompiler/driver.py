"""The whole way from a text to a solver, on one screen; `Compilation` keeps what each stage made.

    text -> syntax -> model -> network -> equations -> kernel -> artifact -> solution

A stage is made when it is first asked for. Where the cache holds the machine code of a network of this structure, equations and kernels are never made, and
neither sympy nor a compiler is imported; where it knows this text with these settings, it is not even parsed (`start`).
"""

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

from mcompiler.diagnostics.diagnostic import CompileError, Diagnostic
from mcompiler.dsl import read_source
from mcompiler.files import Readings, noted
from mcompiler.source import Source

if TYPE_CHECKING:
    from mcompiler.backends.artifact import Artifact
    from mcompiler.backends.inspect import Form
    from mcompiler.backends.protocols import CompileOptions
    from mcompiler.dsl import syntax
    from mcompiler.equations.shown import Derivation, Equations
    from mcompiler.equations.system import System
    from mcompiler.integrators.entries import Entry
    from mcompiler.kernel.ir import KernelModule
    from mcompiler.kernel.layout import Layout
    from mcompiler.model.model import Experiment, Loss, Model
    from mcompiler.network.network import Network
    from mcompiler.solver import description
    from mcompiler.solver.program import Program
    from mcompiler.solver.solver import Beside, Solver


def load(path: str | Path, *, experiment: str | None = None, settings: Sequence[str] = ()) -> "Compilation":
    """The model in a file, checked.

    Args:
        path: of the ``.mem`` file.
        experiment: which of its experiments; the first by default.
        settings: what to set differently, as text: ``"M.Ron = 150[ohm]"``, ``"N = 128"``.

    Raises:
        CompileError: with everything that is wrong, and where.
    """
    return Compilation(read_source(Path(path)), experiment, settings)


def parse(
    text: str, *, name: str = "<text>", experiment: str | None = None, settings: Sequence[str] = ()
) -> "Compilation":
    """The model in a text, checked. Arguments and errors as for `load`; files that it uses cannot be found."""
    return Compilation(Source(name, text), experiment, settings)


def compile(  # noqa: A001 - the verb of the whole
    model: "Compilation",
    *,
    backend: str = "numba",
    contraction: bool = True,
    cached: bool = True,
    cpu: str = "native",
    **options: Any,
) -> "Solver":
    """A solver for a loaded model.

    Args:
        model: what `load` or `parse` gave.
        backend: "numba" (machine code), "python" (the same text in CPython, to be stepped through) or "interpreter" (the reference).
        contraction: whether a product and a sum may become one fused operation.
        cached: whether machine code may come from the disk cache.
        cpu: "native", or a level that this machine has, such as "x86-64-v2": the bits are those of a target that is built for it.
        options: defaults for `Solver.run`: those of `RunOptions`.

    Raises:
        CompileError: the network cannot be compiled; says what is missing.
        ValueError: an unknown backend or option.
    """
    from mcompiler.backends.cpu import check_runs_here, checked
    from mcompiler.backends.protocols import CompileOptions
    from mcompiler.solver.options import RunOptions, with_options
    from mcompiler.solver.solver import Solver

    check_runs_here(checked(cpu))
    compiler = Compiler(model, backend, CompileOptions(contraction=contraction, cached=cached, cpu=cpu))
    compiler.program()
    experiment = model.described
    return Solver(experiment, compiler, with_options(RunOptions(), experiment.options, options))


@final
class Compilation:
    """A model on its way to machine code: every stage's result by the stage's name, made when first asked for; ``seconds`` says how long each took."""

    def __init__(self, source: Source, experiment: str | None = None, settings: Sequence[str] = ()) -> None:
        self.source = source
        self.seconds: dict[str, float] = {}
        self._asked = experiment, tuple(settings)
        self._readings = Readings()
        with self.timed("cache"):
            from mcompiler import start

            self.start: start.Start | None = start.find(source, *self._asked)
        if self.start is None:
            _ = self._experiment  # everything that is wrong is told now

    def __repr__(self) -> str:
        chosen = self._experiment if self.start is None else self.start.experiment
        return f"<Model {self.source.name}{f', experiment {chosen.name}' if chosen is not None else ''}>"

    @cached_property
    def syntax(self) -> "syntax.Module":
        """The tree of the text."""
        with self.timed("syntax"):
            from mcompiler.dsl.parser import read

            return read(self.source)

    @cached_property
    def model(self) -> "Model":
        """Names resolved and units checked."""
        module = self.syntax
        with self.timed("model"), noted(self._readings):
            from mcompiler.model.resolve import resolve

            return resolve(module)

    @cached_property
    def _experiment(self) -> "Experiment | None":
        name, settings = self._asked
        chosen = _chosen(self.model, name)
        if chosen is not None and settings:
            with self.timed("model"), noted(self._readings):
                from mcompiler.model.override import override

                chosen = override(self.model, chosen, settings)
        elif settings:
            raise CompileError([_nothing_to_run(self.source)])
        if self.start is not None and not self._readings.is_part_of(self.start.readings):
            raise ValueError(f"files that {self.source.name} uses have changed since it was loaded: load it again")
        return chosen

    @property
    def experiment(self) -> "Experiment":
        """The experiment that is run. Raises CompileError where the file has no circuit."""
        if self._experiment is None:
            raise CompileError([_nothing_to_run(self.source)])
        return self._experiment

    @cached_property
    def described(self) -> "description.Experiment":
        """The experiment as a solver knows it."""
        if self.start is not None:
            return self.start.experiment
        from mcompiler.solver.from_network import experiment

        return experiment(self.experiment)

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """What is doubtful in the model."""
        return self.start.warnings if self.start is not None else self.model.warnings

    @property
    def network_warnings(self) -> tuple[Diagnostic, ...]:
        """What is doubtful in its network."""
        return self.start.network_warnings if self.start is not None else self.network.warnings

    def keep(self, program: "Program", fingerprint: str) -> None:
        """Let later processes begin with a compiled program; nothing where this one did."""
        if self.start is not None:
            return
        from mcompiler import start

        values = program.z, program.p, program.given
        warnings = self.warnings, self.network_warnings
        kept = start.Start(self.described, program.description, fingerprint, *values, *warnings, self._readings)
        with self.timed("store"):
            start.keep(self.source, *self._asked, kept)

    @property
    def losses(self) -> "tuple[Loss, ...]":
        """The experiment's losses, else those of the first learning block on the same circuit."""
        return self.experiment.losses or (self._learning.losses if self._learning else ())

    @property
    def _learning(self) -> "Experiment | None":
        others = (each for each in self.model.experiments.values() if each.circuit.name == self.experiment.circuit.name)
        return next((each for each in others if each.losses), None)

    def count(self, kind: str) -> int:
        """How many blocks of this kind the file itself has."""
        from mcompiler.dsl import syntax

        return sum(isinstance(each, syntax.Block) and each.kind == kind for each in self.syntax.items)

    @cached_property
    def data(self) -> Mapping[str, Mapping[str, Any]]:
        """The columns of the data files that the experiment and its loss name."""
        from mcompiler.model.data import read_data

        sets = {each.name: each for each in (*(self._learning.data if self._learning else ()), *self.experiment.data)}
        return read_data(self.model, tuple(sets.values()))

    @cached_property
    def network(self) -> "Network":
        """Who is joined to whom, without losses."""
        return self.elaborated(None, with_losses=False)

    def elaborated(self, seed: int | None, *, with_losses: bool) -> "Network":
        """The network with another seed for its distributions, or with the losses."""
        experiment = replace(self.experiment, losses=self.losses if with_losses else ())
        if with_losses and self._learning is not None and not self.experiment.losses:
            sets = {each.name: each for each in (*self._learning.data, *experiment.data)}
            experiment = replace(experiment, data=tuple(sets.values()))
        model = self.model
        with self.timed("network"), noted(self._readings):
            from mcompiler.network.elaborate import elaborate

            return elaborate(model, experiment if seed is None else replace(experiment, seed=seed))

    @cached_property
    def system(self) -> "System":
        """The forward equations, losses included."""
        return self.derived(self.elaborated(None, with_losses=bool(self.losses)))

    def equations(self, derivation: "Derivation" = "forward") -> "Equations":
        """The equations to be looked at: "forward", or what is derived, like "adjoint" or "tangent"; ``str``, ``to_latex`` and ``to`` write them."""
        from mcompiler.equations.shown import Equations

        network = self.elaborated(None, with_losses=bool(self.losses))
        return Equations(self.derived(network), network, self.model, derivation)

    def derived(self, network: "Network") -> "System":
        """The equations of a network."""
        with self.timed("import sympy"):
            from mcompiler.equations.from_network import derive
        with self.timed("equations"):
            return derive(network)

    def lowered(
        self, network: "Network", beside: "Beside | None" = None, lanes: str = ""
    ) -> "tuple[KernelModule, Layout]":
        """The kernels of a network; without loops where it is small, and without derivatives where it has no loss, or is derived from one.

        ``lanes`` is the method whose steps the members of an ensemble take side by side.
        """
        system = self.derived(network)
        if beside is not None:
            with self.timed("equations"):
                system = _with_beside(system, beside)
        with self.timed("kernel"):
            from mcompiler.kernel.blocks import blocked
            from mcompiler.kernel.from_equations import lower
            from mcompiler.kernel.layout import bind
            from mcompiler.kernel.scalarise import scalarise
            from mcompiler.kernel.tasks import tasked
            from mcompiler.network.binding import bindings
            from mcompiler.network.structure import is_scalar

            origin = f"model {network.name} of {self.source.name}"
            backward = bool(network.losses) and beside is None
            kernels, layout = lower(system, (origin,), backward=backward, batched=network.batch > 1)
            if lanes:
                from mcompiler.integrators.methods import method_named, tableau
                from mcompiler.kernel.lanes import laned

                return laned(kernels, layout, bind(layout, *bindings(network)), tableau(method_named(lanes))), layout
            if is_scalar(network):
                return scalarise(kernels, layout, bind(layout, *bindings(network))), layout
            kernels = blocked(kernels)
            return tasked(kernels, layout) if network.batch == 1 else (kernels, layout)

    def source_text(self, form: "Form" = "kernel", names: Sequence[str] = ()) -> str:
        """The kernels, losses included, as text: "kernel", "python", "llvm", "asm", or a "report" of loops; all of them, or those of these names."""
        from mcompiler.backends.inspect import source

        network = self.elaborated(None, with_losses=bool(self.losses))
        return source(self.lowered(network)[0], form, names)

    @contextmanager
    def timed(self, stage: str) -> Generator[None, None, None]:
        """Adds the time spent inside to the stage."""
        start = time.perf_counter()
        yield
        self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - start


@final
class Compiler:
    """Programs of one model through one backend; networks of the same structure share machine code."""

    def __init__(self, model: Compilation, backend: str, options: "CompileOptions") -> None:
        from mcompiler.backends import get_backend

        self.model = model
        self.backend = get_backend(backend)
        self.options = options
        self._made: dict[str, tuple[Layout, Any]] = {}
        self._programs: dict[bool, Program] = {}
        self._beside: dict[Beside, Program] = {}

    @property
    def losses(self) -> "tuple[description.Term, ...]":
        """The terms of the model's loss."""
        from mcompiler.solver.from_network import term

        return tuple(map(term, self.model.losses))

    @property
    def data(self) -> Mapping[str, Mapping[str, Any]]:
        """The columns that the loss mentions."""
        return self.model.data

    def program(self, *, seed: int | None = None, with_losses: bool = False) -> "Program":
        """The program with this seed (None: the experiment's own)."""
        if seed is None and with_losses in self._programs:
            return self._programs[with_losses]
        plain = seed is None and not with_losses
        made = self._started() if plain else None
        if made is None:
            network = self.model.network if plain else self.model.elaborated(seed, with_losses=with_losses)
            from mcompiler.solver.from_network import program

            made = program(network, *self._compiled(network))
            if plain and self._is_kept:
                self.model.keep(made, self._fingerprint(network, None))
        if seed is None:
            self._programs[with_losses] = made
        return made

    @property
    def _is_kept(self) -> bool:
        """Whether programs come from the cache and go there."""
        from mcompiler.backends.protocols import Compiles

        return self.options.cached and isinstance(self.backend, Compiles)

    def _started(self) -> "Program | None":
        """The program that an earlier process kept, if its machine code is there."""
        from mcompiler.backends.protocols import Compiles

        start = self.model.start
        if start is None or not self._is_kept:
            return None
        assert isinstance(self.backend, Compiles)
        with self.model.timed("cache"):
            artifact = self.backend.find(start.fingerprint, self.options)
        if artifact is None:
            return None
        from mcompiler.solver.program import Program

        with self.model.timed("load"):
            made = artifact.manifest.layout, self.backend.load(artifact)
        self._made[start.fingerprint] = made
        return Program(start.description, *made, start.z, start.p, start.given)

    def beside(self, which: "Beside") -> "Program":
        """The kernels of a system with its tangent or its error network beside it; nothing integrates them."""
        if which not in self._beside:
            from mcompiler.solver.from_network import program

            with_losses = which == "error network"
            network = self.model.elaborated(None, with_losses=with_losses) if with_losses else self.model.network
            self._beside[which] = program(network, *self._compiled(network, which))
        return self._beside[which]

    def _fingerprint(self, network: "Network", beside: "Beside | None") -> str:
        from mcompiler.network.structure import structure

        return structure(network) + (f"\nbeside it {beside}" if beside else "")

    def lanes(self, method: str) -> Any:
        """The functions that run members of an ensemble side by side by this method's steps."""
        from mcompiler.integrators.entries import SIDE_BY_SIDE

        start = self.model.start
        fingerprint = self._fingerprint(self.model.network, None) if start is None else start.fingerprint

        def lowered() -> "tuple[KernelModule, Layout]":
            return self.model.lowered(self.model.network, lanes=method)

        return self._functions(f"{fingerprint}\nside by side by {method}", lowered, SIDE_BY_SIDE)[1]

    def _compiled(self, network: "Network", beside: "Beside | None" = None) -> "tuple[Layout, Any]":
        def lowered() -> "tuple[KernelModule, Layout]":
            return self.model.lowered(network, beside)

        return self._functions(self._fingerprint(network, beside), lowered, _entries(network, beside))

    def _functions(
        self, fingerprint: str, lowered: "Callable[[], tuple[KernelModule, Layout]]", entries: "tuple[Entry, ...]"
    ) -> "tuple[Layout, Any]":
        """The layout and the functions of this fingerprint, made once."""
        from mcompiler.backends.protocols import Compiles

        if fingerprint not in self._made:
            if isinstance(self.backend, Compiles):
                artifact = self._artifact(fingerprint, lowered, entries)
                with self.model.timed("load"):
                    self._made[fingerprint] = artifact.manifest.layout, self.backend.load(artifact)
            else:
                kernels, layout = lowered()
                self._made[fingerprint] = layout, self.backend.open(kernels, entries)
        return self._made[fingerprint]

    def _artifact(
        self, fingerprint: str, lowered: "Callable[[], tuple[KernelModule, Layout]]", entries: "tuple[Entry, ...]"
    ) -> "Artifact":
        from mcompiler.backends.protocols import Compiles

        assert isinstance(self.backend, Compiles)
        with self.model.timed("cache"):
            found = self.backend.find(fingerprint, self.options) if self.options.cached else None
        if found is not None:
            return found
        kernels, layout = lowered()
        made = self.backend.compile(kernels, layout, entries, self.options, fingerprint=fingerprint)
        for stage, seconds in made.seconds.items():
            self.model.seconds[stage] = self.model.seconds.get(stage, 0.0) + seconds
        return made


def _with_beside(system: "System", which: "Beside") -> "System":
    from mcompiler.equations.error_network import error_network
    from mcompiler.equations.tangent import tangent

    return tangent(system, ()) if which == "tangent" else error_network(system)


def _entries(network: "Network", beside: "Beside | None") -> "tuple[Entry, ...]":
    from mcompiler.integrators.entries import entries_for

    return () if beside is not None else entries_for(has_losses=bool(network.losses))


def _chosen(model: "Model", name: str | None) -> "Experiment | None":
    """The experiment of this name, else the first that runs, else the first circuit as it is."""
    if name is not None:
        if name not in model.experiments:
            known = ", ".join(model.experiments) or "none"
            headline = f"there is no experiment {name}"
            hints = (f"there are: {known}",)
            raise CompileError([Diagnostic("unknown-experiment", headline, hints=hints, file=model.source.name)])
        return model.experiments[name]
    for each in model.experiments.values():
        if each.until is not None:
            return each
    from mcompiler.model.model import Experiment

    circuit = next(iter(model.circuits.values()), None)
    return None if circuit is None else Experiment(circuit.name, circuit, circuit.span)


def _nothing_to_run(source: Source) -> Diagnostic:
    hint = "write circuit Bench { ... } and experiment loop on Bench { ... }"
    return Diagnostic("nothing-to-run", f"{source.name} has no circuit to run", hints=(hint,), file=source.name)
