"""Copies of the cells of a network: how many members there are, and which copy gets which number."""

from pathlib import Path

import numpy as np
import pytest

from mcompiler.model.override import override
from mcompiler.network.elaborate import elaborate
from mcompiler.network.network import Floats, Network
from mcompiler.network.structure import is_scalar, structure
from tests.network.front import codes, model, network, told

CELL = """
cell Rate {
  param R = 10[kohm]
  param U0 = 50[mV]
  input j: A = 0[A]
  input bias: A = 0[A]
  state u: V = 0[V] scale U0
  1[nF]*du/dt = -u/R + j + bias
}
synapse Pull {
  param g = 1[uS]
  state w in [0, 1] = 0.5
  dw/dt = (pre.u/1[V] - w)/1[ms]
  post.j += g*w*pre.u
}
"""
ROW = (
    CELL
    + """
network Row {
  size N = 3
  size P = 4
  param I0 = 2[uA]
  cells X[N]: Rate
  cells G: Rate
  synapses W: Pull from X to X where pre != post
  synapses V: Pull from X to G
  synapses S: Pull from X to X by ring(1)
}
experiment e on Row {
HERE
  run to 1[ms]
}
"""
)
COPIES = 4


def of_members(found: Network, element: str, name: str, copies: int = COPIES) -> Floats:
    """A quantity's values as an array (copies, members)."""
    group = found.group(element)
    assert group is not None
    stored = {**group.values, **group.initials}[name]
    place = found.elements[element]
    assert place.copies == copies
    return np.broadcast_to(stored, (group.size,))[place.numbers({element: 0})]


def row(*statements: str, folder: Path | None = None) -> Network:
    return network(ROW.replace("HERE", "\n".join(statements)), folder=folder)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("data")
    np.savez(
        found / "patterns.npz",
        noisy=np.arange(12.0).reshape(4, 3),
        clean=np.array([1.0, 10.0, 100.0]),
        each=np.arange(4.0),
        single=np.array([7.0]),
    )
    return found


def test_cells_have_a_member_for_every_copy_and_synapses_have_not() -> None:
    found = row("batch 4")
    assert found.batch == COPIES
    assert found.sizes() == {"X": 12, "G": 4, "W": 9, "V": 3, "S": 6}
    assert found.elements["X"].extents == (4, 3)
    assert found.elements["G"].extents == (4,)
    assert found.elements["W"].extents == (3, 3)
    np.testing.assert_array_equal(found.elements["X"].numbers({"X": 100}), 100 + np.arange(12).reshape(3, 4).T)
    plain = row()
    for own, other in zip(found.edges, plain.edges, strict=True):
        for end, plain_end in zip(own.ends, other.ends, strict=True):
            np.testing.assert_array_equal(end.members, plain_end.members)


def test_a_batch_of_one_is_the_network_itself() -> None:
    one, plain = row("batch 1", "initial X.u ~ normal(0[V], 1[mV])"), row("initial X.u ~ normal(0[V], 1[mV])")
    assert structure(one) == structure(plain)
    np.testing.assert_array_equal(of_members(one, "X", "u", 1), of_members(plain, "X", "u", 1))


def test_the_number_of_copies_is_no_part_of_the_code() -> None:
    assert structure(row("batch 2")) == structure(row("batch 40")) != structure(row())
    sparse = ROW.replace("  synapses W: Pull from X to X where pre != post\n  synapses V: Pull from X to G\n", "")
    assert is_scalar(network(sparse.replace("HERE", "")))
    assert not is_scalar(network(sparse.replace("HERE", "batch 2")))


def test_the_copies_may_be_a_size() -> None:
    found = model(ROW.replace("HERE", "batch 2*P"))
    assert found.experiments["e"].batch == 8
    changed = override(found, found.experiments["e"], ["P = 5"])
    assert elaborate(found, changed).sizes()["X"] == 30


def test_parameters_are_drawn_per_cell_and_the_same_in_all_copies() -> None:
    statements = ("set X.R ~ lognormal(10[kohm], 10%)", "set G.R ~ lognormal(10[kohm], 10%)")
    found, plain = row("batch 4", *statements), row(*statements)
    for element in ("X", "G"):
        drawn = of_members(found, element, "R")
        np.testing.assert_array_equal(drawn, np.tile(of_members(plain, element, "R", 1), (4, 1)))
    assert len(np.unique(of_members(found, "X", "R"))) == 3


def test_initial_values_are_drawn_per_copy_and_the_first_copy_is_the_plain_network() -> None:
    statements = (
        "initial X.u ~ normal(0[V], 1[mV])",
        "initial G.u ~ normal(0[V], 1[mV])",
    )
    found, plain = row("batch 4", *statements), row(*statements)
    for element, name in (("X", "u"), ("G", "u")):
        drawn = of_members(found, element, name)
        assert len(np.unique(drawn)) == drawn.size
        if element == "X":
            np.testing.assert_array_equal(drawn[0], of_members(plain, element, name, 1)[0])


def test_synapses_have_the_values_that_they_have_without_a_batch() -> None:
    statements = ("initial W.w ~ uniform(0, 1)", "set S.g ~ lognormal(1[uS], 10%)")
    found, plain = row("batch 4", *statements), row(*statements)
    for element, name in (("W", "w"), ("S", "g")):
        np.testing.assert_array_equal(of_members(found, element, name, 1), of_members(plain, element, name, 1))


def test_data_with_the_copies_first_give_every_copy_its_own(folder: Path) -> None:
    noisy, clean = np.arange(12.0).reshape(4, 3), np.array([1.0, 10.0, 100.0])
    found = row(
        "batch P",
        'data d = "patterns.npz"',
        "input X.bias = 2[uA]*d.noisy*d.clean + 1[uA]*d.single",
        "initial X.u = 1[V]*d.clean",
        "initial G.u = 1[V]*d.each",
        "input G.bias = 1[uA]*d.single",
        "set X.R = 1[kohm]*d.clean",
        folder=folder,
    )
    np.testing.assert_allclose(of_members(found, "X", "bias"), 2e-6 * noisy * clean + 7e-6, rtol=1e-15)
    np.testing.assert_array_equal(of_members(found, "X", "u"), np.tile(clean, (4, 1)))
    np.testing.assert_array_equal(of_members(found, "X", "R"), np.tile(1e3 * clean, (4, 1)))
    np.testing.assert_array_equal(of_members(found, "G", "u")[:, 0], np.arange(4.0))
    np.testing.assert_allclose(of_members(found, "G", "bias"), 7e-6)


def test_data_in_expressions_of_parameters_and_time_are_values_of_the_members(folder: Path) -> None:
    found = row(
        "batch 4",
        'data d = "patterns.npz"',
        "input X.bias = I0*d.noisy*sin(2*pi*1[kHz]*t)*d.clean",
        folder=folder,
    )
    group = found.group("X")
    assert group is not None
    assert "bias" in group.given
    np.testing.assert_array_equal(of_members(found, "X", "data d.noisy"), np.arange(12.0).reshape(4, 3))
    np.testing.assert_array_equal(of_members(found, "X", "data d.clean"), np.tile([1.0, 10.0, 100.0], (4, 1)))


def test_arrays_of_two_indices_keep_theirs_behind_the_copy(tmp_path: Path) -> None:
    values = np.arange(12.0).reshape(2, 2, 3)
    np.savez(tmp_path / "d.npz", values=values)
    text = CELL + (
        "network Sheet { cells X[2, 3]: Rate }\n"
        'experiment e on Sheet { batch 2; data d = "d.npz"; initial X.u = 1[V]*d.values; run to 1[s] }'
    )
    found = network(text, folder=tmp_path)
    assert found.elements["X"].extents == (2, 2, 3)
    np.testing.assert_array_equal(of_members(found, "X", "u", 2), values.reshape(2, 6))


@pytest.mark.parametrize(
    ("statements", "hint"),
    [
        (["initial X.u = 1[V]*d.noisy"], "write batch 4 in the experiment"),
        (["batch 3", "initial X.u = 1[V]*d.noisy"], "write batch 4 in place of batch 3"),
        (["batch 4", "set X.R = 1[kohm]*d.noisy"], "the copies of a cell share its parameters"),
        (["batch 4", "initial S.w = d.each"], ""),
        (["batch 3", "initial X.u = 1[V]*d.each"], ""),
        (["batch 4", "set I0 = 1[uA]*d.each"], ""),
    ],
)
def test_data_that_do_not_fit_the_copies_are_told_apart(folder: Path, statements: list[str], hint: str) -> None:
    text = ROW.replace("HERE", "\n".join(['data d = "patterns.npz"', *statements]))
    (problem,) = told(text, folder)
    assert problem.code == "data-shape"
    assert hint in " ".join(problem.hints)


def test_values_of_synapses_for_every_copy_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", w=np.full((4, 3, 3), 0.5))
    text = ROW.replace("HERE", 'batch 4\ndata d = "d.npz"\ninitial W.w = d.w')
    (problem,) = told(text, tmp_path)
    assert (problem.code, problem.hints) == (
        "data-shape",
        ("the copies of a batch share the synapses; inputs and initial values of cells may differ",),
    )


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("batch 0", ["bad-batch"]),
        ("batch -2", ["bad-batch"]),
        ("batch 1.5", ["bad-batch"]),
        ("batch inf", ["bad-batch"]),
        ("batch I0/1[uA]", ["bad-batch"]),
        ("batch 1[V]", ["unit-mismatch"]),
        ("batch M", ["unknown-name"]),
        ("batch 2\nbatch 3", ["duplicate-name"]),
        ("batch 100000000", ["size-too-large"]),
        ("batch 1e30", ["size-too-large"]),
        ("batch 2\nloss = (X[1].u/1[V])^2", ["unsupported"]),
        ("batch 1\nloss = (X[1].u/1[V])^2", []),
    ],
)
def test_what_is_wrong_with_a_batch_has_a_name(statement: str, expected: list[str]) -> None:
    assert codes(ROW.replace("HERE", statement)) == expected


def test_the_message_of_a_size_counts_the_copies() -> None:
    (problem,) = told(ROW.replace("HERE", "set N = 1000\nbatch 100000"))
    assert "the 100,000,000 members of X in 100,000 copies" in problem.headline
