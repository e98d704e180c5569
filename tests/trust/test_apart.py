"""The decoding child: whatever a file does to it, the caller gets one clear error and the next file is read."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from made import Made, values

from tools import Scan, UnreadableScan, load_scan
from tools.apart import Children, Limits, here, parent, wire
from tools.scan.load import list_series

ODD = str(Path(__file__).with_name("odd_child.py"))
ROOT = Path(__file__).resolve().parents[2]


def nifti(path: Path, shape: tuple[int, int, int] = (7, 5, 4)) -> Path:
    nibabel.save(nibabel.Nifti1Image(np.zeros(shape, np.int16), np.eye(4)), path)
    return path


def sparse(path: Path, shape: tuple[int, int, int]) -> Path:
    """Return a NIfTI file of zeros that takes no room on the disk."""
    header = nibabel.Nifti1Header()
    header.set_data_dtype(np.int16)
    header.set_data_shape(shape)
    header.set_sform(np.eye(4), 1)
    header["vox_offset"], header["magic"] = 352, b"n+1"
    with path.open("wb") as file:
        file.write(header.binaryblock + b"\0\0\0\0")
        file.truncate(352 + 2 * int(np.prod(shape)))
    return path


@pytest.fixture(scope="module")
def children() -> Iterator[Children]:
    made = Children()
    yield made
    made.close()


def question(path: Path) -> dict[str, Any]:
    return {"do": "scan", "path": str(path), "modality": None, "body_part": None}


def test_both_ways_read_the_same_scan(tmp_path: Path) -> None:
    Made().write(tmp_path)
    apart = load_scan(tmp_path)
    with here():
        inside = load_scan(tmp_path)
    assert apart.id == inside.id
    np.testing.assert_array_equal(apart.voxels, inside.voxels)
    np.testing.assert_array_equal(apart.affine, inside.affine)
    assert apart.voxels.dtype == inside.voxels.dtype
    assert apart.source.files == inside.source.files
    assert apart.source.identity == inside.source.identity
    assert apart.source.study_date == inside.source.study_date
    assert (repr(apart), apart.notes, apart.windows) == (repr(inside), inside.notes, inside.windows)
    with here():
        assert list_series(tmp_path)
        expected = list_series(tmp_path)
    assert list_series(tmp_path) == expected


def test_the_voxels_are_read_only_and_outlive_the_child(tmp_path: Path, children: Children) -> None:
    answer, (voxels,) = children.ask(question(nifti(tmp_path / "x.nii")))
    children.close()
    assert answer["head"]["shape"] == [7, 5, 4]
    assert voxels.sum() == 0
    with pytest.raises(ValueError, match="read-only"):
        voxels[0, 0, 0] = 1


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("segv", "crashed the process that reads it (SIGSEGV)"),
        ("exits", "crashed the process that reads it (exit 3)"),
        ("killed", "most likely for want of memory"),
        ("alarm", "took longer than 20 s and was stopped"),
        ("noise", "no sensible answer"),
        ("endless", "no sensible answer"),
        ("list", "no sensible answer"),
        ("too few bytes", "no sensible answer"),
        ("objects", "no sensible answer"),
        ("no file", "no sensible answer"),
        ("negative", "no sensible answer"),
    ],
)
def test_a_child_that_misbehaves_is_one_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, said: str
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    children = Children(Limits(seconds=20.0), program=(ODD, kind))
    with pytest.raises(UnreadableScan) as caught:
        children.ask(question(tmp_path / "x.nii"))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert list(tmp_path.iterdir()) == []  # what the child unpacked went with it


def test_a_child_that_never_answers_is_stopped(tmp_path: Path) -> None:
    children = Children(Limits(seconds=0.2), program=(ODD, "hangs"))
    with pytest.raises(UnreadableScan, match="took longer than 0 s and was stopped"):
        children.ask(question(tmp_path))


def test_a_file_that_takes_too_long_is_stopped_and_the_next_is_read(tmp_path: Path, children: Children) -> None:
    children.ask(question(nifti(tmp_path / "x.nii")))
    children.limits = Limits(seconds=0.05)
    with pytest.raises(UnreadableScan, match="was stopped"):
        children.ask(question(sparse(tmp_path / "big.nii", (512, 512, 300))))
    children.limits = Limits()
    assert children.ask(question(nifti(tmp_path / "x.nii")))[0]["head"]["format"] == "NIfTI"


def test_a_file_that_eats_memory_is_refused_and_the_child_lives_on(tmp_path: Path) -> None:
    children = Children(Limits(megabytes=1500))
    answer, arrays = children.ask(question(sparse(tmp_path / "big.nii", (1024, 1024, 1500))))
    (child,) = children._idle
    assert "more than the 1500 MB of memory" in answer["error"][1]
    assert arrays == []
    assert children.ask(question(nifti(tmp_path / "x.nii")))[0]["head"]["shape"] == [7, 5, 4]
    assert children._idle == [child]
    children.close()


def test_a_child_that_died_while_idle_is_replaced_and_none_knows_a_secret(
    tmp_path: Path, children: Children, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-planted")
    monkeypatch.setenv("SCANWRIGHT_DICOMWEB_TOKEN", "planted")
    children.ask(question(nifti(tmp_path / "x.nii")))
    (child,) = children._idle
    os.kill(child._process.pid, signal.SIGKILL)
    child._process.wait()
    assert children.ask(question(nifti(tmp_path / "x.nii")))[0]["head"]["shape"] == [7, 5, 4]
    (other,) = children._idle
    assert other is not child
    environment = Path(f"/proc/{other._process.pid}/environ")
    if environment.exists():
        assert b"OPENBLAS_NUM_THREADS=1" in environment.read_bytes()
        assert b"planted" not in environment.read_bytes()


def test_what_a_killed_process_left_behind_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left = tmp_path / "scanwright-read-left"
    left.mkdir()
    (left / ".lives").touch()
    (left / "unpacked.dcm").write_bytes(b"patient")
    living = Children()
    living.ask(question(nifti(tmp_path / "x.nii")))
    assert not left.exists()
    parent._sweep()
    assert len(list(tmp_path.glob("scanwright-read-*"))) == 1  # the living keep theirs
    living.close()
    assert list(tmp_path.iterdir()) == [tmp_path / "x.nii"]


def test_a_script_without_a_main_guard_reads_from_any_folder(tmp_path: Path) -> None:
    """Also where the folder it is started in holds a package of our name."""
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "__init__.py").write_text("raise SystemExit('the wrong tools')")
    path = nifti(tmp_path / "x.nii")
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from tools import load_scan; print(load_scan({path.name!r}).shape)"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout.strip() == "(7, 5, 4)", done.stderr
    assert done.stderr == ""


def test_several_threads_and_a_fork_read_at_once(tmp_path: Path) -> None:
    path = nifti(tmp_path / "x.nii")
    found: list[Scan] = []
    threads = [threading.Thread(target=lambda: found.append(load_scan(path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({s.id for s in found}) == 1
    assert len(found) == 8


def test_a_forked_process_starts_children_of_its_own(tmp_path: Path) -> None:
    """In a process without threads, where a fork is sound."""
    path = nifti(tmp_path / "x.nii")
    code = (
        "import os, sys; from tools import load_scan; from tools.apart import ask\n"
        f"one = load_scan({str(path)!r}).id\n"
        "pid = os.fork()\n"
        f"same = load_scan({str(path)!r}).id == one\n"
        "ask._children.close()\n"
        "if not pid: os._exit(0 if same else 1)\n"
        f"print(os.waitpid(pid, 0)[1], same, load_scan({str(path)!r}).id == one)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.split() == ["0", "True", "True"], done.stderr


@pytest.mark.parametrize("named", [False, True])
def test_arrays_travel_in_a_file_without_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: bool) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    sent = [values(), np.zeros((0, 3), np.int64), np.linspace(0, 1, 6, dtype=np.float32).reshape(1, 2, 3)]
    file, heads = wire.put_arrays(sent, named)
    assert list(tmp_path.iterdir()) == []
    for one, other in zip(sent, wire.get_arrays(file, heads), strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype


def test_limits_grow_with_the_files() -> None:
    assert Limits().time(0) == 60.0
    assert Limits().time(100 * 2**20) == 110.0
    assert Limits().time(2**40) == 900.0
    assert Limits(seconds=3.0).time(2**40) == 3.0
    assert 2_000 <= Limits().memory() <= 16_000
