"""What users do with a run: take it apart, save it, draw it, hand it to xarray."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray

from mcompiler.report.plot import scaled
from mcompiler.solution import EventRecord, Solution, Statistics, Status


def solution(status: Status = Status.DONE) -> Solution:
    t = np.linspace(0, 1, 5)
    return Solution(
        t=t,
        signals={"M.w": t**2, "X.v": np.column_stack([t, 2 * t, 3 * t]), "M.i": 1e-6 * t},
        units={"M.w": "1", "X.v": "V", "M.i": "A"},
        unknowns=("M.w", "X.v"),
        status=status,
        statistics=Statistics(steps=4, evaluations=24),
        events=(EventRecord(0.5, "M"),),
        model="Bench",
    )


def test_names_and_scipy_fields() -> None:
    run = solution()
    assert list(run) == ["M.w", "X.v", "M.i"]
    assert "M.w" in run
    assert "M.q" not in run
    assert run.y.shape == (4, 5)
    assert run.y[2] == pytest.approx(2 * run.t)
    assert (run.success, run.nfev) == (True, 24)
    assert run["t"] is run.t
    with pytest.raises(KeyError, match=r"M\.w, X\.v, M\.i"):
        run["M.q"]


def test_it_is_shown_in_a_line() -> None:
    assert repr(solution()) == "<Solution of Bench: 5 times, M.w, X.v, M.i; the run reached its end>"


def test_a_status_is_a_sentence_with_advice() -> None:
    for status in Status:
        run = solution(status)
        assert run.success == (status in (Status.DONE, Status.STEADY))
        assert len(run.message) > 10
        assert ("\n" in run.message) is False


def test_npz_holds_every_array(tmp_path: Path) -> None:
    run = solution()
    run.save(tmp_path / "run.npz")
    with np.load(tmp_path / "run.npz") as saved:
        assert set(saved) == {"t", "M.w", "X.v", "M.i"}
        assert all(np.array_equal(saved[name], run[name]) for name in saved)


def test_csv_reads_back_bit_for_bit(tmp_path: Path) -> None:
    run = solution()
    run.save(str(tmp_path / "run.csv"))
    with (tmp_path / "run.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["t [s]", "M.w [1]", "X[0].v [V]", "X[1].v [V]", "X[2].v [V]", "M.i [A]"]
    values = np.array(rows[1:], dtype=float)
    assert np.array_equal(values[:, 0], run.t)
    assert np.array_equal(values[:, 2:5], run["X.v"])


def test_nothing_is_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = solution()
    run.save(tmp_path / "run.npz")
    before = (tmp_path / "run.npz").read_bytes()

    def broken(stream, **arrays):  # type: ignore[no-untyped-def]
        stream.write(b"half")
        raise OSError("the disk is full")

    monkeypatch.setattr(np, "savez", broken)
    with pytest.raises(OSError, match="full"):
        run.save(tmp_path / "run.npz")
    assert (tmp_path / "run.npz").read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["run.npz"]


def test_what_cannot_be_saved_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\.npz or \.csv"):
        solution().save(tmp_path / "run.mat")


def test_xarray_keeps_names_units_and_shapes() -> None:
    data = solution().to_xarray()
    assert isinstance(data, xarray.Dataset)
    assert data["M.w"].attrs["units"] == "1"
    assert data["X.v"].dims == ("t", "X.v.0")
    assert float(data["M.w"].sel(t=0.5)) == 0.25
    assert data.attrs["model"] == "Bench"


def test_plot_labels_carry_units_and_prefixes() -> None:
    run = solution()
    axes = run.plot("M.i", against="t")
    assert axes.get_ylabel() == "M.i [µA]"
    assert axes.get_xlabel() == "t [s]"
    assert scaled(run, "M.w")[1] == "M.w"
    assert len(run.plot("X.v").lines) == 3


def test_an_ensemble_puts_its_runs_before_time() -> None:
    one = solution()
    many = replace(
        one,
        signals={name: np.stack([values, 10 * values]) for name, values in one.signals.items()},
        ensemble={"A": np.array([1.0, 10.0])},
    )
    assert many.y.shape == (2, 4, 5)
    assert many.y[1] == pytest.approx(10 * one.y)
    lines = many.plot("M.i", against="M.w").lines
    assert [each.get_ydata() for each in lines] == [pytest.approx(each * 1e6) for each in many["M.i"]]
    assert [each.get_xdata() for each in lines] == [pytest.approx(each) for each in many["M.w"]]
    assert len(many.plot("X.v").lines) == 6
    assert repr(many).startswith("<Solution of Bench: 2 runs, 5 times")


def test_two_units_have_two_axes_and_one_unit_one_prefix() -> None:
    run = replace(
        solution(), signals={**solution().signals, "N.i": 1e-3 * solution().t}, units={**solution().units, "N.i": "A"}
    )
    axes = run.plot("M.w", "M.i")
    assert axes.get_ylabel() == "M.w"
    assert [each.get_ylabel() for each in axes.figure.axes] == ["M.w", "M.i [µA]"]
    both = run.plot("M.i", "N.i")
    labels = [text.get_text() for text in both.get_legend().get_texts()]  # type: ignore[union-attr]
    assert labels == ["M.i [mA]", "N.i [mA]"]
    assert np.max(np.asarray(both.lines[0].get_ydata())) == pytest.approx(1e-3)
