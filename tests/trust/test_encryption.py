"""A data folder closed with the operator's key: nobody reads a word or a voxel in it; turned on, off and changed later."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import planted
import pytest
import scripted
from scripted import ScriptedModel

from agent import AgentError, Session, Settings, Workspace, sealing
from agent.home import database_files
from agent.report import write_files
from agent.state import State
from tools import Mask, Runtime
from tools.blobs import Blobs, folder_blobs
from tools.contract import NotApplicable
from tools.keys import make_key, read_keys
from tools.vault import VaultError, state_of

ROOT = Path(__file__).resolve().parents[2]
EXEMPT = ("deidentify.key", "format")


def opened(home: Path, key: Path | None) -> Workspace:
    """A workspace of real services over a folder as the settings open it, with the tools of the tests."""
    settings = Settings(home=home, key_file=key)
    home.mkdir(parents=True, exist_ok=True)
    state = State.open(settings)
    registry = scripted.Registry()
    for tool in scripted.TOOLS:
        registry.add(tool)
    return Workspace(settings, registry, Runtime("cpu"), state.evidence(), state.cases(), state=state)


def filled(made: Workspace, tmp_path: Path) -> Session:
    """A case of uploaded files, talked about, with a report."""
    folder = planted.series(tmp_path)
    upload = made.cases.case_folder("c1") / "upload" / "00000"
    upload.mkdir(parents=True)
    files = [Path(shutil.move(f, upload / f.name)) for f in sorted(folder.iterdir())]
    session = Session.open(files, case="c1", workspace=made, endpoint=ScriptedModel())  # type: ignore[arg-type]
    scan = session.scan
    assert scan is not None
    grid = np.zeros(scan.shape, bool)
    grid[10:20, 10:22, 1:3] = True
    session.load_drawn(Mask.from_grid(scan.id, grid, scan.affine, "nodule"), 1)
    session.call("measure", lesion=1)
    list(session.ask(f"measure lesion 1 of {planted.STATED}"))
    session.call("write_report")
    return session


def plain(home: Path) -> list[str]:
    """Names of the files of a folder that can be read without a key: SQLite's, JSON, numpy's, zip's, DICOM's."""
    found = []
    for path in home.rglob("*"):
        if path.is_file() and path.name not in EXEMPT and path.stat().st_size:
            data = path.read_bytes()
            signs = (b"SQLite format", b"\x93NUMPY", b"PK\x03\x04", b"DICM", b'"sections"', b'"affine"')
            if any(s in data[:4096] for s in signs):
                found.append(str(path.relative_to(home)))
    return found


def sound(made: Workspace) -> list[Any]:
    """What a case holds, read through."""
    session = Session.open(case="c1", workspace=made, endpoint=ScriptedModel())
    assert made.evidence.verify() == []
    assert made.audit.verify() == []
    assert session.report is not None
    scan = session.scan
    assert scan is not None
    masks = [session.evidence.mask(e).count for e in session.evidence.current("mask")]
    return [scan.id, int(np.asarray(scan.voxels, np.int64).sum()), masks, len(session.history()), session.report.seal]


def copied(home: Path, to: Path) -> Path:
    return Path(shutil.copytree(home, to))


@pytest.fixture
def key(tmp_path: Path) -> Path:
    make_key(tmp_path / "key")
    return tmp_path / "key"


def test_with_a_key_nothing_can_be_read_and_all_works(tmp_path: Path, key: Path) -> None:
    home = tmp_path / "home"
    made = opened(home, key)
    session = filled(made, tmp_path)
    held = sound(made)
    assert session.scan is not None
    sample = np.asarray(session.scan.voxels)[5:30, 5:30, 1].tobytes()
    assert list(planted.kept(home)) == []
    assert plain(home) == []
    for path in home.rglob("*"):
        assert not path.is_file() or sample not in path.read_bytes()
    with pytest.raises(NotApplicable, match="data folder is encrypted"):
        session.call("export")
    files = {f.name for f in write_files(session.desk, tmp_path / "out").files}
    assert {"sr.dcm", "seg.dcm", "report.pdf"} <= files  # the originals are read where they lie, encrypted
    assert list(planted.kept(home)) == []
    made.close()
    again = opened(home, key)
    assert sound(again) == held
    again.delete_case("c1", "local")
    assert not (home / "cases" / "c1").exists()
    again.close()
    lines = key.read_text().split()
    for path in home.rglob("*"):
        assert not path.is_file() or not any(line.encode() in path.read_bytes() for line in lines)


def test_a_wrong_or_a_missing_key_is_one_line_and_changes_nothing(tmp_path: Path, key: Path) -> None:
    home = tmp_path / "home"
    made = opened(home, key)
    made.cases.create("local", "c1")
    made.close()
    make_key(tmp_path / "other")
    before = {p: p.read_bytes() for p in home.rglob("*") if p.is_file()}
    for wrong, told in ((None, "SCANWRIGHT_KEY_FILE"), (tmp_path / "other", "another key"), (tmp_path / "none", "none")):
        with pytest.raises((VaultError, ValueError), match=told):
            opened(home, wrong)
    env = {**os.environ, "SCANWRIGHT_HOME": str(home), "OMP_NUM_THREADS": "1"}
    env.pop("SCANWRIGHT_KEY_FILE", None)
    done = subprocess.run(
        [sys.executable, "-m", "ui.cli", "audit", "verify"], cwd=ROOT, env=env, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "The data folder is encrypted" in done.stderr
    assert {p: p.read_bytes() for p in home.rglob("*") if p.is_file()} == before


def test_turned_on_off_and_changed_for_a_folder_that_holds_something(tmp_path: Path, key: Path) -> None:
    home = tmp_path / "home"
    made = opened(home, None)
    session = filled(made, tmp_path)
    session.call("export")
    held = sound(made)
    made.close()
    with pytest.raises(VaultError, match="not encrypted"):
        opened(home, key)
    settings = Settings(home=home, key_file=key)
    done = sealing.encrypt(settings)
    assert done.databases == sum(f.exists() for f in database_files(home).values()) >= 4
    assert done.blobs > 5
    assert {n.split("/")[2] for n in done.exported} == {"report"}
    shutil.rmtree(home / "cases" / "c1" / "report")  # exported by somebody's wish, and named so that it can be moved
    assert list(planted.kept(home)) == []
    assert plain(home) == []
    with pytest.raises(VaultError, match="encrypted already"):
        sealing.encrypt(settings)
    again = opened(home, key)
    assert sound(again) == held
    again.close()
    old = read_keys(key)
    sealing.rotate(settings)
    assert read_keys(key)[1:] == old
    assert plain(home) == []
    only_new = tmp_path / "new"
    only_new.write_bytes(key.read_bytes().splitlines()[0] + b"\n")
    only_new.chmod(0o600)
    again = opened(home, only_new)  # nothing is left that needs the old one
    assert sound(again) == held
    again.close()
    sealing.decrypt(settings)
    again = opened(home, None)
    assert sound(again) == held
    again.close()
    assert state_of(folder_blobs(home))[0] == "open"


def test_broken_off_it_goes_on(tmp_path: Path, key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _break_off(tmp_path, key, "encrypt", (4,), monkeypatch)


@pytest.mark.long
@pytest.mark.parametrize("act", ["encrypt", "rotate", "decrypt"])
def test_broken_off_at_any_file_it_goes_on(
    tmp_path: Path, key: Path, act: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _break_off(tmp_path, key, act, range(2, 9) if act == "encrypt" else range(3, 8), monkeypatch)


def _break_off(tmp_path: Path, key: Path, act: str, steps: Iterable[int], monkeypatch: pytest.MonkeyPatch) -> None:
    base = tmp_path / "base"
    made = opened(base, None)
    filled(made, tmp_path)
    held = sound(made)
    made.close()
    work: Callable[[Settings], Any] = getattr(sealing, act)
    if act != "encrypt":
        sealing.encrypt(Settings(home=base, key_file=key))
    keys = key.read_bytes()
    real = Blobs.put
    for stop in steps:
        home = copied(base, tmp_path / f"{act}{stop}")
        key.write_bytes(keys)
        settings = Settings(home=home, key_file=key)
        left = [stop]

        def cut(self: Blobs, name: str, data: Any, *, left: list[int] = left, **more: Any) -> None:
            left[0] -= 1
            if left[0] <= 0:
                raise KeyboardInterrupt
            real(self, name, data, **more)

        with monkeypatch.context() as patched:
            patched.setattr(Blobs, "put", cut)
            with pytest.raises(KeyboardInterrupt):
                work(settings)
        with pytest.raises(VaultError, match=f"key {act}` again"):
            opened(home, key)
        work(settings)
        again = opened(home, None if act == "decrypt" else key)
        assert sound(again) == held
        again.close()
        assert act == "decrypt" or plain(home) == []


def test_a_folder_in_use_is_left_as_it_is(tmp_path: Path, key: Path) -> None:
    home = tmp_path / "home"
    opened(home, None).close()
    code = (
        "import sys, time; from pathlib import Path; from tools.database import open_database\n"
        f"db = open_database(Path({str(database_files(home)['cases'])!r}))\n"
        "print('open', flush=True); sys.stdin.readline()\n"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    assert other.stdin is not None
    try:
        assert other.stdout.readline() == "open\n"
        with pytest.raises(Exception, match="is in use"):
            sealing.encrypt(Settings(home=home, key_file=key))
        assert state_of(folder_blobs(home)) == ("open", "")
    finally:
        other.communicate("\n", timeout=60)
    assert sealing.encrypt(Settings(home=home, key_file=key)).databases == 2


def test_no_key_is_named(tmp_path: Path) -> None:
    for act in (sealing.encrypt, sealing.decrypt, sealing.rotate):
        with pytest.raises((VaultError, AgentError), match="scanwright key new"):
            act(Settings(home=tmp_path))
