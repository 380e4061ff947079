"""The rank table is the architecture diagram: a module imports lower ranks and its own room, nothing above."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = {"mcompiler": ROOT / "mcompiler", "mcompiler.dsl": ROOT / "dsl", "mcompiler.backends": ROOT / "backends"}

RANKS = (
    ("files", "place", "source", "units"),
    ("diagnostics",),
    ("dsl",),
    ("model",),
    ("network",),
    ("equations",),
    ("kernel",),
    ("integrators",),
    ("backends",),
    ("solution", "progress"),
    ("solver",),
    ("analysis",),
    ("start",),
    ("driver",),
    ("standalone",),
    ("report",),
    ("demo",),
    ("cli",),
    ("__main__",),
)
RANK = {room: rank for rank, rooms in enumerate(RANKS) for room in rooms}

# A library belongs to one place; its types do not travel.
HOMES = {
    "lark": "mcompiler.dsl",
    "networkx": "mcompiler.network",
    "numba": "mcompiler.backends",
    "llvmlite": "mcompiler.backends",
    "matplotlib": "mcompiler.report",
    "scipy": "mcompiler.analysis",
}
SYMPY_HOMES = ("mcompiler.equations", "mcompiler.kernel.from_equations")

# `solution.plot(...)` is a door to the room above, opened when it is called; what it returns is matplotlib's.
# The demo draws one picture, on axes that the report room made.
EXCEPTIONS = {
    ("mcompiler.solution", "mcompiler.report.plot"),
    ("mcompiler.solution", "matplotlib.axes"),
    ("mcompiler.demo", "matplotlib.axes"),
}


def modules() -> Iterator[tuple[str, Path]]:
    for package, folder in FOLDERS.items():
        for path in sorted(folder.rglob("*.py")):
            inside = path.relative_to(folder).with_suffix("").parts
            if package == "mcompiler" and inside[0] in {"dsl", "backends"}:
                continue  # the links: visited under their real folders
            yield ".".join([package, *inside]).removesuffix(".__init__"), path


MODULES = dict(modules())


def imports(module: str, text: str, *, package: bool = False) -> Iterator[str]:
    """Names every module that `text` imports, relative imports resolved against `module`."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Import(names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(name, names, level):
                if not level:
                    base = name or ""
                else:
                    parts = module.split(".")
                    base = ".".join(filter(None, [*parts[: len(parts) - level + package], name]))
                members = (f"{base}.{alias.name}" for alias in names)
                yield from (member if member in MODULES else base for member in members)
            case _:
                pass


def fault(module: str, imported: str) -> str | None:
    """Says why `module` may not import `imported`, or None if it may."""
    top = imported.partition(".")[0]
    if (module, imported) in EXCEPTIONS:
        return None
    if top in {"dsl", "backends"}:
        return f"import mcompiler.{imported}"
    if top == "sympy" and not within(module, *SYMPY_HOMES):
        return "sympy belongs to equations"
    if top in HOMES and not within(module, HOMES[top]):
        return f"{top} belongs to {HOMES[top]}"
    if top != "mcompiler" or module == "mcompiler":
        return None
    if imported == "mcompiler":
        return "the public door is for users: import the room itself"
    here, there = module.split(".")[1], imported.split(".")[1]
    if here != there and RANK[there] >= RANK[here]:
        return f"{there} is not below {here}"
    return None


def within(module: str, *homes: str) -> bool:
    return any(module == home or module.startswith(f"{home}.") for home in homes)


def test_every_room_has_a_rank() -> None:
    rooms = {module.split(".")[1] for module in MODULES if module != "mcompiler"}
    assert rooms <= set(RANK)


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_down(module: str) -> None:
    path = MODULES[module]
    found = imports(module, path.read_text(encoding="utf-8"), package=path.name == "__init__.py")
    faults = [f"{name}: {why}" for name in found if (why := fault(module, name))]
    assert not faults, f"{module} imports {'; '.join(faults)}"


@pytest.mark.parametrize("module", MODULES)
def test_imported_modules_exist(module: str) -> None:
    path = MODULES[module]
    found = imports(module, path.read_text(encoding="utf-8"), package=path.name == "__init__.py")
    missing = [name for name in found if within(name, "mcompiler") and name not in MODULES]
    assert not missing


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("mcompiler.kernel.ir", "from mcompiler.backends import numba"),
        ("mcompiler.kernel.ir", "from mcompiler import report"),
        ("mcompiler.kernel.ir", "def f():\n    import sympy"),
        ("mcompiler.model.model", "from ..equations.system import System"),
        ("mcompiler.report.plot", "import dsl"),
        ("mcompiler.network.network", "from mcompiler import CompileError"),
    ],
)
def test_the_rule_catches(module: str, text: str) -> None:
    assert any(fault(module, name) for name in imports(module, text))
