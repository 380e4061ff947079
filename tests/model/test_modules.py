"""Files that use files, below one folder only."""

from pathlib import Path

import pytest

from mcompiler.diagnostics import CompileError
from mcompiler.dsl import parse, read_source
from mcompiler.model.model import Model
from mcompiler.model.resolve import resolve

DEVICE = "device {name}(p, n) {{ i = v/1[ohm] }}\n"


def write(folder: Path, **texts: str) -> None:
    for name, text in texts.items():
        path = folder / (name.replace("__", "/") + ".mem")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def load(path: Path) -> Model:
    return resolve(parse(read_source(path)))


def problems(path: Path) -> list[str]:
    with pytest.raises(CompileError) as caught:
        load(path)
    return [each.code for each in caught.value.diagnostics]


def test_files_below_the_folder_are_used_once(tmp_path: Path) -> None:
    write(
        tmp_path,
        main='use "parts/a.mem"\nuse "parts/b.mem"\nuse windows\n' + DEVICE.format(name="Main"),
        parts__a='use "b.mem"\nuse "../c.mem"\n' + DEVICE.format(name="A"),
        parts__b=DEVICE.format(name="B") + "function twice(x) = 2*x\n",
        c=DEVICE.format(name="C") + "device D(p, n) { i = twice(v)/1[ohm] }\n",
    )
    assert {"Main", "A", "B", "C", "D"} <= set(load(tmp_path / "main.mem").devices)


def test_experiments_of_used_files_are_left_out(tmp_path: Path) -> None:
    text = "circuit C {\n  node a\n  S: DCSource(a, ground)\n}\nexperiment e on C {\n  run to 1[s]\n}\n"
    write(tmp_path, main='use "part.mem"\nexperiment own on C {\n  run to 1[s]\n}\n', part=text)
    assert list(load(tmp_path / "main.mem").experiments) == ["own"]


def test_circles(tmp_path: Path) -> None:
    write(tmp_path, main='use "a.mem"\n', a='use "b.mem"\n', b='use "a.mem"\n', own='use "own.mem"\n')
    assert problems(tmp_path / "main.mem") == ["circular-use"]
    assert problems(tmp_path / "own.mem") == ["circular-use"]


@pytest.mark.parametrize(
    "target", ["../outside.mem", "/etc/hostname", "link.mem", "parts/../../outside.mem", "a\0b.mem"]
)
def test_nothing_outside_the_folder_is_read(tmp_path: Path, target: str) -> None:
    folder = tmp_path / "model"
    write(tmp_path, outside=DEVICE.format(name="X"))
    write(folder, main=f'use "{target}"\n', parts__a="")
    (folder / "link.mem").symlink_to(tmp_path / "outside.mem")
    assert problems(folder / "main.mem")[0] in ("path-outside", "unknown-character", "bad-character")


def test_a_used_file_reaches_no_further_than_the_first(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    write(tmp_path, outside=DEVICE.format(name="X"))
    write(folder, main='use "parts/a.mem"\n', parts__a='use "../../outside.mem"\n')
    assert problems(folder / "main.mem") == ["path-outside"]


def test_problems_of_a_used_file_are_told_with_its_place(tmp_path: Path) -> None:
    write(
        tmp_path,
        main='use "parts/a.mem"\nuse "nothing.mem"\n',
        parts__a="device A(p, n) { i = x*v }\ndevice A(p, n) { i = v/1[ohm] }\n",
    )
    with pytest.raises(CompileError) as caught:
        load(tmp_path / "main.mem")
    found = [
        (each.code, Path(each.labels[0].span.source.name).relative_to(tmp_path).as_posix())
        for each in caught.value.diagnostics
    ]
    assert found == [
        ("unknown-name", "parts/a.mem"),
        ("duplicate-name", "parts/a.mem"),
        ("file-not-found", "main.mem"),
    ]


def test_errors_of_syntax_in_a_used_file(tmp_path: Path) -> None:
    write(tmp_path, main='use "a.mem"\ndevice D(p, n) { i = y }\n', a="device A(p, n) { i = }\n")
    found = problems(tmp_path / "main.mem")
    assert "unknown-name" in found
    assert len(found) == 2


def test_a_chain_of_files_ends_somewhere(tmp_path: Path) -> None:
    write(tmp_path, **{f"f{k}": f'use "f{k + 1}.mem"\n' for k in range(300)})
    assert problems(tmp_path / "f0.mem") == ["too-large"]


def test_very_many_files_are_refused(tmp_path: Path) -> None:
    write(tmp_path, main="".join(f'use "f{k}.mem"\n' for k in range(250)), **{f"f{k}": "" for k in range(250)})
    assert set(problems(tmp_path / "main.mem")) == {"too-large"}
