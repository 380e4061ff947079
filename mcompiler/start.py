"""What a checked model needs to run again without being read again, kept in the cache under its text, its settings and the versions of everything.

An entry names the files that were read besides, with hashes of their content, and where links led: it is used only while all of that is as it was. Nothing that
parses, derives or compiles is imported here.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcompiler.backends import cache
from mcompiler.backends.environment import environment, whole_compiler
from mcompiler.diagnostics.diagnostic import Diagnostic, Label
from mcompiler.files import Readings
from mcompiler.solver.description import Description, Experiment, Floats, Integers
from mcompiler.solver.record import (
    Arrays,
    description_from_json,
    description_to_json,
    experiment_from_json,
    experiment_to_json,
)
from mcompiler.source import Source, Span

#: Larger models are read anew: what reading them costs is little beside what running them costs.
MOST_BYTES = 1 << 26


@dataclass(frozen=True, slots=True)
class Start:
    """A model and its experiment as a solver knows them.

    Attributes:
        experiment: what is run.
        description: what values are called and where they are.
        fingerprint: of the machine code.
        z: layout, ``p`` parameters and ``given`` initial values, as in `solver.program.Program`.
        p: parameters.
        given: initial values.
        warnings: of the model.
        network_warnings: of its network.
        readings: the files that were read.
    """

    experiment: Experiment
    description: Description
    fingerprint: str
    z: Integers
    p: Floats
    given: Floats
    warnings: tuple[Diagnostic, ...]
    network_warnings: tuple[Diagnostic, ...]
    readings: Readings


def find(source: Source, experiment: str | None, settings: Sequence[str]) -> Start | None:
    """What an earlier process kept of this model, or None."""
    stored = cache.find(_key(source, experiment, settings))
    if stored is None:
        return None
    try:
        readings = Readings(dict(stored.facts["content"]), dict(stored.facts["places"]))
        return _start(stored.facts, stored.content["arrays"], readings) if readings.is_as_it_was() else None
    except (KeyError, ValueError, TypeError, IndexError, AttributeError):
        return None  # a record of another shape: the model is read anew


def keep(source: Source, experiment: str | None, settings: Sequence[str], start: Start) -> None:
    """Keep it for later processes."""
    arrays: Arrays = {"z": start.z, "p": start.p, "given": start.given}
    facts = {
        "experiment": experiment_to_json(start.experiment),
        "description": description_to_json(start.description, arrays),
        "fingerprint": start.fingerprint,
        "warnings": _diagnostics_to_json(start.warnings),
        "network warnings": _diagnostics_to_json(start.network_warnings),
        "content": start.readings.content,
        "places": start.readings.places,
    }
    if sum(each.nbytes for each in arrays.values()) > MOST_BYTES:
        return
    facts["arrays"], content = _packed(arrays)
    title = f"{start.description.name}, experiment {start.experiment.name}"
    cache.store(
        _key(source, experiment, settings), facts, {"arrays": content}, cache.About(title, f"model {source.name}")
    )


def _key(source: Source, experiment: str | None, settings: Sequence[str]) -> str:
    """The name stands in messages, and the folder says where files are looked for."""
    folder = "" if source.folder is None else str(source.folder.absolute())
    chosen = json.dumps([experiment, *settings])
    own = {"part": "start", "name": source.name, "folder": folder, "text": source.text, "chosen": chosen}
    return cache.key_of({**environment(), "compiler": whole_compiler(), **own})


def _start(facts: Mapping[str, Any], content: bytes, readings: Readings) -> Start:
    arrays = _unpacked(facts["arrays"], content)
    return Start(
        experiment_from_json(facts["experiment"]),
        description_from_json(facts["description"], arrays),
        facts["fingerprint"],
        arrays["z"],
        arrays["p"],
        arrays["given"],
        _diagnostics_from_json(facts["warnings"]),
        _diagnostics_from_json(facts["network warnings"]),
        readings,
    )


# --- arrays one after the other


def _packed(arrays: Arrays) -> tuple[dict[str, tuple[str, tuple[int, ...]]], bytes]:
    index = {name: (each.dtype.str, each.shape) for name, each in arrays.items()}
    return index, b"".join(np.ascontiguousarray(each).tobytes() for each in arrays.values())


def _unpacked(index: Mapping[str, tuple[str, Sequence[int]]], content: bytes) -> dict[str, NDArray[Any]]:
    found: dict[str, NDArray[Any]] = {}
    place = 0
    for name, (dtype, shape) in index.items():
        count = int(np.prod(shape, dtype=np.int64))
        found[name] = np.frombuffer(content, dtype, count, place).reshape(shape).copy()
        place += found[name].nbytes
    return found


# --- warnings with the texts that they point into


def _diagnostics_to_json(diagnostics: Sequence[Diagnostic]) -> dict[str, Any]:
    sources: list[Source] = []
    rows: list[Any] = []
    for each in diagnostics:
        labels: list[Any] = []
        for label in each.labels:
            if label.span.source not in sources:
                sources.append(label.span.source)
            labels.append([sources.index(label.span.source), label.span.start, label.span.end, label.text])
        rows.append([each.code, each.headline, labels, each.notes, each.hints, each.severity, each.file])
    return {"sources": [[each.name, each.text] for each in sources], "diagnostics": rows}


def _diagnostics_from_json(value: Mapping[str, Any]) -> tuple[Diagnostic, ...]:
    sources = [Source(name, text) for name, text in value["sources"]]
    return tuple(
        Diagnostic(
            code,
            headline,
            tuple(Label(Span(sources[place], start, end), text) for place, start, end, text in labels),
            tuple(notes),
            tuple(hints),
            severity,
            file,
        )
        for code, headline, labels, notes, hints, severity, file in value["diagnostics"]
    )
