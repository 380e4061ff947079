"""The disk cache: what is damaged is not there, whoever writes at once or is killed; and it is never in the way."""

import json
import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from mcompiler.backends import cache, environment
from mcompiler.backends.artifact import Artifact
from mcompiler.backends.numba import backend
from mcompiler.backends.protocols import CompileOptions
from mcompiler.integrators.entries import Entry
from mcompiler.kernel.abi import BREAKPOINT
from mcompiler.kernel.ir import Float, Kernel, KernelModule, Return
from mcompiler.kernel.layout import Layout
from tests.backends.models import ADVANCE, ENTRIES, LAYOUT, Run, clipping, midpoint, network

KEY = cache.key_of({"what": "a test"})
FILES = {"o": b"object" * 100, "py": b"text"}


def constant(value: float) -> KernelModule:
    return KernelModule("constant", (Kernel(BREAKPOINT, (Return(Float(value)),)),))


def value_of(artifact: Artifact) -> float:
    library = backend.load(artifact)
    return float(library["breakpoint"](0.0, np.zeros(1), np.zeros(8, dtype=np.int64), np.zeros(1)))


def test_what_is_stored_is_found(own_cache: Path) -> None:
    assert cache.find(KEY) is None
    made = cache.store(KEY, {"a": [1, 2.5, "x"]}, FILES)
    found = cache.find(KEY)
    assert found is not None
    assert (found.facts, found.content, found.paths) == (made.facts, FILES, made.paths)
    assert all(path.read_bytes() == FILES[suffix] for suffix, path in found.paths.items())
    assert own_cache.stat().st_mode & 0o777 == 0o700


def test_any_damage_is_noticed(own_cache: Path) -> None:
    cache.store(KEY, {"a": 1}, FILES)
    for path in list(own_cache.iterdir()):
        content = path.read_bytes()
        for damaged in (b"", content[:-1], content[: len(content) // 2], content.replace(b"t", b"u", 1), b"\xff\x00{"):
            path.write_bytes(damaged)
            assert cache.find(KEY) is None, path.name
        path.unlink()
        assert cache.find(KEY) is None
        cache.store(KEY, {"a": 1}, FILES)
        assert cache.find(KEY) is not None


@pytest.mark.parametrize(
    "record", ["[]", "null", "1", '{"key": 1}', "[" * 10000, '{"files": null, "facts": 1, "key": 2}']
)
def test_records_of_another_shape_are_not_there(record: str, own_cache: Path) -> None:
    own_cache.mkdir()
    (own_cache / f"{KEY}.json").write_text(record)
    assert cache.find(KEY) is None


def test_a_record_under_another_key_is_not_there(own_cache: Path) -> None:
    cache.store(KEY, {}, FILES)
    (own_cache / f"{'0' * 64}.json").write_bytes((own_cache / f"{KEY}.json").read_bytes())
    assert cache.find("0" * 64) is None


def write_and_read(folder: str, worker: int) -> None:
    """Stores and finds the same keys as seven others; whatever is found must be whole."""
    os.environ["MCOMPILER_CACHE_DIR"] = folder
    for turn in range(15):
        key = cache.key_of({"turn": str(turn % 3)})
        content = {"o": f"{turn % 3}".encode() * 20000, "py": f"{turn % 2} {worker % 2}".encode()}
        cache.store(key, {"by": worker}, content)
        found = cache.find(key)
        assert found is not None
        assert found.content["o"] == content["o"]


def test_eight_processes_at_once(own_cache: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=write_and_read, args=(str(own_cache), worker)) for worker in range(8)]
    for each in workers:
        each.start()
    for each in workers:
        each.join(60)
    assert [each.exitcode for each in workers] == [0] * 8
    assert not [path for path in own_cache.iterdir() if path.name.startswith(".")]


KILLED = """
import os, signal, sys
from mcompiler import files
from mcompiler.backends import cache

after = int(sys.argv[1])
writes = 0

def die(path, content):
    global writes
    if writes == after:  # in the middle of a file, as a killed process leaves it
        (path.parent / f".{path.name}.half_way").write_bytes(content[: len(content) // 2])
        os.kill(os.getpid(), signal.SIGKILL)
    writes += 1
    files.write_bytes(path, content)

cache.write_bytes = die
cache.store(sys.argv[2], {}, {"o": b"object" * 100, "py": b"text"})
"""


@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_killed_writer_leaves_nothing(after: int, own_cache: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(after), KEY], capture_output=True, check=False)
    assert done.returncode == -9
    assert cache.find(KEY) is None
    (left,) = own_cache.glob(".*")
    other = own_cache / ".profile"
    other.write_text("mine")
    long_ago = time.time() - 7200
    for path in (left, other):
        os.utime(path, (long_ago, long_ago))
    cache.store(KEY, {}, FILES)
    assert cache.find(KEY) is not None
    assert not left.exists()
    assert other.exists()


@pytest.mark.parametrize("obstacle", ["file", "below a file"])
def test_a_cache_that_cannot_be_written_warns_once(
    obstacle: str, own_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file stands where the folder should be: that stops root, too."""
    blocked = tmp_path / "blocked"
    blocked.write_text("")
    monkeypatch.setenv("MCOMPILER_CACHE_DIR", str(blocked if obstacle == "file" else blocked / "inside"))
    with pytest.warns(RuntimeWarning, match="cannot be written"):
        first = backend.compile(constant(1.5), LAYOUT, fingerprint="one")
    # Warnings are errors in tests: none comes a second time.
    second = backend.compile(constant(2.5), LAYOUT, fingerprint="two")
    third = backend.compile(constant(1.5), LAYOUT, fingerprint="one")
    assert (value_of(first), value_of(second), value_of(third)) == (1.5, 2.5, 1.5)
    assert third.was_cached


def test_nowhere_to_write_at_all(own_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> Path:
        raise PermissionError("no temporary folder either")

    refuse.cache_info = cache._temporary_folder.cache_info  # type: ignore[attr-defined]
    (tmp_path / "blocked").write_text("")
    monkeypatch.setenv("MCOMPILER_CACHE_DIR", str(tmp_path / "blocked"))
    monkeypatch.setattr(cache, "_temporary_folder", refuse)
    with pytest.warns(RuntimeWarning, match="cannot be written"):
        artifact = backend.compile(constant(3.5), LAYOUT)
    assert artifact.library is None
    assert value_of(artifact) == 3.5


def test_compiling_again_costs_nothing(own_cache: Path) -> None:
    first = backend.compile(constant(1.0), LAYOUT)
    second = backend.compile(constant(1.0), LAYOUT)
    assert not first.was_cached
    assert second.was_cached
    assert second.objects == first.objects
    assert list(first.seconds) == [
        *("text", "import llvmlite", "kernels", "integrators", "link and optimise", "object", "shared library", "store")
    ]


def test_libraries_of_one_process_are_apart(own_cache: Path) -> None:
    """The system takes libraries of one name for one, and numbers of files come again."""
    made = [backend.compile(constant(float(value)), LAYOUT) for value in range(5)]
    assert [value_of(each) for each in made] == [0.0, 1.0, 2.0, 3.0, 4.0]
    loaded = [backend.load(each) for each in made]
    assert [value_of(each) for each in reversed(made)] == [4.0, 3.0, 2.0, 1.0, 0.0]
    assert len(loaded) == 5


def test_every_input_is_in_the_key(own_cache: Path) -> None:
    first = backend.compile(constant(1.0), LAYOUT)
    others = (
        backend.compile(constant(2.0), LAYOUT),
        backend.compile(constant(1.0), Layout("other", (), (), (), 12)),
        backend.compile(constant(1.0), LAYOUT, (), CompileOptions(contraction=False)),
        backend.compile(constant(1.0), LAYOUT, ENTRIES[2:]),
    )
    assert len({each.manifest.key for each in (first, *others)}) == 5
    assert not any(each.was_cached for each in others)
    assert value_of(others[0]) == 2.0


def test_another_cpu_finds_nothing(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = environment._known  # pyright: ignore[reportPrivateUsage]
    backend.compile(constant(1.0), LAYOUT, fingerprint="a")
    own = environment.environment()["cpu"]
    for name in ("another one", own):
        monkeypatch.setattr(environment, "cpu", lambda name=name: name)
        known.cache_clear()
        assert (backend.find("a") is not None) == (name == own)
        assert backend.compile(constant(1.0), LAYOUT).was_cached == (name == own)
    known.cache_clear()


def test_what_an_entry_closes_over_is_in_the_key() -> None:
    from mcompiler.backends.numba.describe import described

    def scaled(factor: tuple[float, ...]) -> Entry:
        return Entry(ADVANCE, lambda functions: midpoint(functions) if factor else clipping(functions))

    assert described([scaled((1.0,))]) != described([scaled((2.0,))])
    assert described([scaled((1.0,))]) == described([scaled((1.0,))])
    assert " at 0x" not in described(ENTRIES)


def test_integrators_are_compiled_once(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backend.compile(network(), LAYOUT, ENTRIES)
    monkeypatch.setattr("mcompiler.backends.numba.link.simplify", None)  # what entries go through, and kernels do not
    other = Kernel(BREAKPOINT, (Return(Float(9.0)),))
    kernels = tuple(other if each.signature is BREAKPOINT else each for each in network().kernels)
    artifact = backend.compile(KernelModule("network", kernels), LAYOUT, ENTRIES)
    assert not artifact.was_cached
    assert Run().advance(backend.load(artifact)) > 0.4


def test_a_fingerprint_finds_facts_and_layout(own_cache: Path) -> None:
    facts = {"sizes": {"cells": 3}, "units": ["V", "A"], "tuple": (1, 2), "float": 0.1}
    assert backend.find("model A") is None
    made = backend.compile(constant(1.0), LAYOUT, fingerprint="model A", facts=facts)
    found = backend.find("model A")
    assert found is not None
    assert found.was_cached
    assert found.manifest == made.manifest
    assert found.manifest.facts == {**facts, "tuple": [1, 2]}
    assert found.manifest.layout == LAYOUT
    assert value_of(found) == 1.0
    assert backend.find("model B") is None
    assert backend.find("model A", CompileOptions(contraction=False)) is None


def test_the_same_kernels_under_two_fingerprints(own_cache: Path) -> None:
    first = backend.compile(constant(1.0), LAYOUT, fingerprint="a", facts={"name": "a"})
    second = backend.compile(constant(1.0), LAYOUT, fingerprint="b", facts={"name": "b"})
    assert second.was_cached
    assert first.library == second.library
    found = [backend.find(each) for each in "ab"]
    assert [each and each.manifest.facts["name"] for each in found] == ["a", "b"]


def test_a_fingerprint_with_new_kernels_is_renewed(own_cache: Path) -> None:
    backend.compile(constant(1.0), LAYOUT, fingerprint="a")
    backend.compile(constant(2.0), LAYOUT, fingerprint="a")
    found = backend.find("a")
    assert found is not None
    assert value_of(found) == 2.0


def test_a_damaged_artifact_is_compiled_anew(own_cache: Path) -> None:
    first = backend.compile(constant(1.0), LAYOUT, fingerprint="a")
    assert first.library is not None
    first.library.write_bytes(first.library.read_bytes()[:-100])
    assert backend.find("a") is None
    again = backend.compile(constant(1.0), LAYOUT, fingerprint="a")
    assert not again.was_cached
    assert value_of(again) == 1.0


def test_what_is_loaded_is_what_was_verified(own_cache: Path) -> None:
    """Between finding and loading, the library in the cache goes, or becomes another."""
    artifact, other = backend.compile(constant(4.0), LAYOUT), backend.compile(constant(5.0), LAYOUT)
    assert artifact.library is not None
    assert other.library is not None
    artifact.library.write_bytes(other.library.read_bytes())
    assert value_of(artifact) == 4.0
    artifact.library.unlink()
    assert value_of(artifact) == 4.0


def test_many_libraries_in_one_process(own_cache: Path) -> None:
    """Handles of closed files are given again, but no library is taken for another."""
    made = [backend.compile(constant(float(value)), LAYOUT) for value in range(4)]
    assert [value_of(each) for each in made] == [0.0, 1.0, 2.0, 3.0]
    assert [value_of(each) for each in made[::-1]] == [3.0, 2.0, 1.0, 0.0]


@pytest.mark.parametrize("refused", ["memfd", "memfd and folder"])
def test_where_nothing_in_memory_may_run(refused: str, own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    artifact = backend.compile(constant(6.0), LAYOUT)

    def refuse(*_given: object, **_named: object) -> int:
        raise OSError("not here")

    monkeypatch.setattr("os.memfd_create", refuse)
    if "folder" in refused:
        monkeypatch.setattr("ctypes.CDLL", refuse)
    assert value_of(artifact) == 6.0


@pytest.mark.parametrize("trouble", ["no such command", "half a command", "no room for files"])
def test_what_cannot_be_linked_is_loaded_as_an_object(
    trouble: str, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_given: object, **_named: object) -> str:
        raise OSError("no space left")

    if trouble == "no room for files":
        monkeypatch.setattr("tempfile.mkdtemp", refuse)
    else:
        monkeypatch.setenv("CC", "no-compiler-of-this-name" if trouble == "no such command" else '"')
    artifact = backend.compile(constant(7.0), LAYOUT)
    assert artifact.shared is None
    assert value_of(artifact) == 7.0


WARM = """
import json, sys, time
start = time.perf_counter()
import numpy as np
after_numpy = time.perf_counter()
from mcompiler.backends import get_backend
backend = get_backend("numba")
artifact = backend.find("warm")
library = backend.load(artifact)
loaded = time.perf_counter()
from tests.backends.models import Run
run = Run()
end = run.advance(library)
heavy = sorted({name.partition(".")[0] for name in sys.modules} & {"sympy", "numba", "llvmlite", "networkx", "lark", "scipy"})
facts = artifact.manifest.facts["x"]
print(json.dumps({"heavy": heavy, "y": run.y.tolist(), "seconds": loaded - after_numpy, "facts": facts}))
"""


def test_a_warm_process_imports_no_compiler(own_cache: Path) -> None:
    artifact = backend.compile(network(), LAYOUT, ENTRIES, fingerprint="warm", facts={"x": 1})
    if artifact.library is None:
        pytest.skip("without a linker llvmlite loads the object")
    root = Path(__file__).resolve().parents[2]
    found = json.loads(subprocess.check_output([sys.executable, "-c", WARM], cwd=root))
    run = Run()
    run.advance(backend.load(artifact))
    assert found["heavy"] == []
    assert found["y"] == run.y.tolist()
    assert found["facts"] == 1
    assert found["seconds"] < 0.5
