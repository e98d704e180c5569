"""Crashed machines: a full disk, a folder that cannot be written, broken databases, clocks that jump, two processes."""

from __future__ import annotations

import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import scripted
from killing import filled, kill_turns
from scripted import ScriptedModel, call

from agent import AgentError, Failed, Session, Settings, Workspace
from agent.audit import AuditLog
from agent.home import FORMAT, DataFolder, prepare
from tools.database import DamagedDatabase, open_database

ROOT = Path(__file__).resolve().parents[2]
DATABASES = ("cases.sqlite", "conversations.sqlite", "evidence/evidence.sqlite", "audit.sqlite")


def cli(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "SCANWRIGHT_HOME": str(home), "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-m", "ui.cli", *arguments], cwd=ROOT, env=env, capture_output=True, text=True, timeout=120, check=False
    )


# The data folder's format


def test_an_empty_folder_gets_the_newest_format(tmp_path: Path) -> None:
    assert prepare(tmp_path / "new" / "home") == FORMAT
    assert (tmp_path / "new" / "home" / "format").read_text() == f"{FORMAT}\n"


def test_an_older_folder_is_upgraded_and_its_deleted_rows_are_gone(tmp_path: Path) -> None:
    """Format 0 left what was deleted in the databases' free pages."""
    case = filled(tmp_path)
    assert not (tmp_path / "format").exists()  # `scripted.workspace` opens the parts by hand, as the first format did
    old = sqlite3.connect(tmp_path / "cases.sqlite")
    old.execute("PRAGMA secure_delete=OFF")
    old.execute("CREATE TABLE notes (words TEXT)")
    old.executemany("INSERT INTO notes VALUES (?)", [("Quimby " * 40,)] * 200)
    old.commit()
    old.execute("DELETE FROM notes")
    old.commit()
    old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    old.close()
    assert b"Quimby" in (tmp_path / "cases.sqlite").read_bytes()
    assert prepare(tmp_path) == 0
    assert b"Quimby" not in (tmp_path / "cases.sqlite").read_bytes()
    assert prepare(tmp_path) == FORMAT
    made = scripted.workspace(tmp_path)
    assert [e.kind for e in Session.open(case=case, workspace=made).evidence.all()] == ["scan", "mask", "measurement"]
    assert made.evidence.verify() == []
    made.close()


def test_a_newer_folder_is_refused_and_left_alone(tmp_path: Path) -> None:
    filled(tmp_path)
    (tmp_path / "format").write_text("7\n")
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    with pytest.raises(DataFolder, match=r"newer version \(format 7; this one reads up to 1\)"):
        Workspace.open(Settings(home=tmp_path))
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before


def test_a_format_that_is_no_number_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "format").write_text("x")
    with pytest.raises(DataFolder, match="holds no number"):
        prepare(tmp_path)


def test_a_folder_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataFolder, match=r"cannot be written.*SCANWRIGHT_HOME"):
        prepare(tmp_path / "file" / "home")


# Broken databases


@pytest.mark.parametrize("name", DATABASES)
@pytest.mark.parametrize("how", ["noise", "half", "a page"])
def test_a_broken_database_is_told_apart_by_name_and_nothing_is_changed(tmp_path: Path, name: str, how: str) -> None:
    filled(tmp_path)
    file = tmp_path / name
    data = bytearray(file.read_bytes())
    if how == "noise":
        data[:] = random.Random(1).randbytes(len(data))
    elif how == "half":
        del data[len(data) // 2 + 100 :]
    else:
        size = int.from_bytes(data[16:18], "big")
        for page in range(1, len(data) // size):
            data[page * size : page * size + 100] = b"\xff" * 100
    file.write_bytes(data)
    for beside in (f"{name}-wal", f"{name}-shm"):
        (tmp_path / beside).unlink(missing_ok=True)
    with pytest.raises(DamagedDatabase) as caught:
        open_database(file)
    assert file.name in str(caught.value)
    assert "backup" in str(caught.value)
    assert file.read_bytes() == bytes(data)


def test_the_command_line_says_which_file_is_broken_in_one_line(tmp_path: Path) -> None:
    filled(tmp_path)
    (tmp_path / "audit.sqlite").write_bytes(b"no database at all" * 400)
    done = cli(tmp_path, "audit", "verify")
    assert done.returncode != 0
    assert "audit.sqlite in the data folder is damaged" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr


# A full disk


def test_a_full_disk_loses_nothing_that_was_recorded(tmp_path: Path) -> None:
    """The limit on file sizes stands in for a full disk: each write past it fails as one would."""
    case = filled(tmp_path)
    code = (
        "import resource, signal, sys; sys.path[:0] = ['tests', '.']\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "import scripted; from pathlib import Path; from agent import Session\n"
        f"made = scripted.workspace(Path({str(tmp_path)!r}))\n"
        f"session = Session.open(case={case!r}, workspace=made, endpoint=scripted.ScriptedModel())\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))\n"
        "failed = 0\n"
        "for n in range(3):\n"
        "    try:\n"
        "        session.call('segment', point=list(scripted.SMALL))\n"
        "    except Exception as error:\n"
        "        failed += 1\n"
        "try:\n"
        "    names = [type(e).__name__ for e in session.ask('hello')]\n"
        "except Exception as error:\n"
        "    names = [type(error).__name__]\n"
        "print(failed, names)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.startswith("3 "), (done.stdout, done.stderr[-2000:])
    made = scripted.workspace(tmp_path)
    session = Session.open(case=case, workspace=made, endpoint=ScriptedModel(steps=[call("measure", lesion=1)]))
    assert made.evidence.verify() == []
    assert [e.kind for e in session.evidence.all()][:3] == ["scan", "mask", "measurement"]
    events = list(session.ask("measure it"))
    assert not [e for e in events if isinstance(e, Failed)]
    made.close()


def test_a_report_that_cannot_be_written_leaves_no_half_of_it(tmp_path: Path) -> None:
    case = filled(tmp_path / "home")
    made = scripted.workspace(tmp_path / "home")
    session = Session.open(case=case, workspace=made, endpoint=ScriptedModel())
    session.call("write_report")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    was = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (3000, hard))
        with pytest.raises(AgentError, match=r"could not be written to that folder \(File too large\)"):
            session.export_files(tmp_path / "out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, was)
    assert [p for p in (tmp_path / "out").rglob("*") if p.is_file()] == []
    assert len(session.export_files(tmp_path / "out")) > 4
    made.close()


# Clocks and processes


def test_a_clock_that_went_back_breaks_neither_record_nor_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import datetime as real

    from agent import audit

    class Earlier(real.datetime):
        @classmethod
        def now(cls, tz: real.tzinfo | None = None) -> real.datetime:  # type: ignore[override]
            return real.datetime(1999, 12, 31, tzinfo=tz)

    log = AuditLog(tmp_path)
    log.add("a", "opened")
    monkeypatch.setattr(audit, "datetime", Earlier)
    log.add("a", "measured")
    monkeypatch.undo()
    log.add("a", "closed")
    assert log.verify() == []
    assert [line.number for line in log.lines()] == [1, 2, 3]
    assert [line.when[:4] for line in log.lines()][1] == "1999"
    log.close()


def test_two_processes_write_one_audit_log(tmp_path: Path) -> None:
    AuditLog(tmp_path).close()
    code = (
        "import sys; from pathlib import Path; from agent.audit import AuditLog\n"
        f"log = AuditLog(Path({str(tmp_path)!r}))\n"
        "for n in range(25): log.add(sys.argv[1], 'measured')\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, who], cwd=ROOT) for who in ("a", "b")]
    assert [p.wait(120) for p in running] == [0, 0]
    log = AuditLog(tmp_path)
    assert log.verify() == []
    assert sum(1 for _ in log.lines()) == 50
    log.close()


# Kills


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_fifty_kills_leave_a_sound_case(tmp_path: Path) -> None:
    killed, wrong = kill_turns(tmp_path, 50, 1)
    assert wrong == []
    assert killed >= 15
