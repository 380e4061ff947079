"""Bitcode and machine code of the entries: made by numba once per version and CPU, then from the cache.

Small kernels are optimised together with the integrators that call them. Kernels with loops are a module of their own, since a call costs nothing beside a
loop: integrators for them are an object that no model compiles again. numba is imported only where something is missing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mcompiler.backends import cache
from mcompiler.backends.artifact import INTEGRATORS_OBJECT, symbol
from mcompiler.backends.elementary import ELEMENTARY
from mcompiler.backends.environment import environment
from mcompiler.backends.numba import link
from mcompiler.backends.numba.describe import described
from mcompiler.backends.protocols import CompileOptions
from mcompiler.integrators.entries import Entry
from mcompiler.kernel.abi import KERNELS, LANED

if TYPE_CHECKING:
    from mcompiler.backends.numba.compile import Frontend


#: Suffix of the optimised bitcode of integrators that call kernels of another object.
_OPTIMISED = "optimised.bc"


@dataclass(frozen=True, slots=True)
class Linked:
    """Integrators in both ways.

    Attributes:
        simplified: bitcode to be optimised with small kernels.
        optimised: bitcode to be linked with the optimised kernels of a network, where there is no linker.
        object_code: machine code beside the object of a network's kernels.
        calls: the symbols of kernels that the object calls.
    """

    simplified: bytes
    optimised: bytes
    object_code: bytes
    calls: tuple[str, ...]


def linked(entries: Sequence[Entry], options: CompileOptions) -> Linked:
    """The entries in one module; what the exported ones do not need is gone. Both ways are made at once, so that no later model waits for either."""
    key = _key("linked", entries, options)
    stored = cache.find(key) if options.cached else None
    if stored is None or not {"bc", _OPTIMISED, INTEGRATORS_OBJECT} <= set(stored.content):
        exported = {symbol(each.signature.name) for each in entries if each.exported}
        module = link.joined([*_groups(entries, entries, options), *elementary(options)], exported)
        link.drop_unused(module)
        link.simplify(module, options.cpu)  # across functions, which saves a quarter of what each model takes
        content = {"bc": bytes(module.as_bitcode())}
        link.optimise(module, options.cpu)
        content |= {_OPTIMISED: bytes(module.as_bitcode()), INTEGRATORS_OBJECT: link.emit_object(module, options.cpu)}
        facts = {"calls": list(link.missing_symbols(module))}
        stored = cache.store(key, facts, content, _about("linked", options))
    content = dict(stored.content)
    return Linked(content["bc"], content[_OPTIMISED], content[INTEGRATORS_OBJECT], tuple(stored.facts["calls"]))


def elementary(options: CompileOptions) -> list[bytes]:
    """Bitcode of our elementary functions, those that call others first: only what was called before is linked."""
    return _groups(ELEMENTARY, (), options)[::-1]


def _groups(entries: Sequence[Entry], callable_entries: Sequence[Entry], options: CompileOptions) -> list[bytes]:
    """Bitcode of the entries, those of one Python module together."""
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(getattr(entry.make, "__module__", ""), []).append(entry)
    keys = {name: _key("group", group, options) for name, group in groups.items()}
    stored = {name: cache.find(key) if options.cached else None for name, key in keys.items()}
    found = {name: each.content["bc"] for name, each in stored.items() if each is not None and "bc" in each.content}
    missing = [name for name in groups if name not in found]
    if missing:
        from mcompiler.backends.numba import compile as frontend

        making = frontend.Frontend(contraction=options.contraction, cpu=options.cpu)
        signatures = (*KERNELS, *LANED, *(entry.signature for entry in callable_entries))
        given: dict[str, Any] = frontend.elementary_functions()
        given |= {each.name: frontend.external(each, symbol(each.name)) for each in signatures}
        for name in missing:
            found[name] = _compiled(making, groups[name], given)
            cache.store(keys[name], {}, {"bc": found[name]}, _about(name, options))
    return [found[name] for name in groups]


def _compiled(making: "Frontend", entries: Sequence[Entry], given: Mapping[str, Any]) -> bytes:
    named = {symbol(each.signature.name): each for each in entries}
    made = [
        making.compile(each.make(given), each.signature, name, inlined=each in ELEMENTARY)
        for name, each in named.items()
    ]
    return link.together(made, named, on_demand=entries[0] in ELEMENTARY)


def _about(of: str, options: CompileOptions) -> cache.About:
    return cache.About("integrators", of if options.contraction else f"{of}, without contraction")


def _key(part: str, entries: Sequence[Entry], options: CompileOptions) -> str:
    """What an entry calls is external to it; the signatures of what it calls are among the sources of the environment."""
    parts = {"part": part, **options.parts, "entries": described(entries)}
    return cache.key_of({**environment(), **parts})
