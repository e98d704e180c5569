"""The audit log: every change to it is found."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from bothways import Place
from scripted import workspace
from typer.testing import CliRunner

from agent import Session
from agent.audit import AuditLog


@pytest.fixture
def log(tmp_path: Path, place: Place) -> Iterator[AuditLog]:
    made = AuditLog(tmp_path, place.databases)
    yield made
    made.close()


def filled(log: AuditLog) -> AuditLog:
    log.add("reader-1", "opened", "c1", detail="DICOM")
    log.add("reader-1", "segment", "c1", (("E1", "a" * 64),), "nodule-segmenter 1.1.0")
    log.add("reader-2", "opened", "c2")
    log.add("reader-1", "signed", "c1", (("E1", "a" * 64),))
    return log


def test_a_whole_log_has_no_problems(log: AuditLog) -> None:
    assert log.verify() == []
    filled(log)
    assert log.verify() == []
    assert [line.what for line in log.lines("c1")] == ["opened", "segment", "signed"]
    assert [line.number for line in log.lines()] == [1, 2, 3, 4]
    assert next(iter(log.lines("c2"))).who == "reader-2"


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE audit SET body = replace(body, 'reader-1', 'reader-9') WHERE number = 2", "Line 2 is not what was written"),
        ("UPDATE audit SET body = replace(body, 'aaaa', 'aaab') WHERE number = 4", "Line 4 is not what was written"),
        ("UPDATE audit SET hash = replace(hash, substr(hash, 1, 4), 'ffff') WHERE number = 1", "Line 1 is not"),
        ("DELETE FROM audit WHERE number = 2", "Line 2 is missing"),
        ("DELETE FROM audit WHERE number = 1", "Line 1 is missing"),
        ("DELETE FROM audit WHERE number = 4", "Lines are missing at the end"),
        ("DELETE FROM audit", "Lines are missing at the end"),
        ("UPDATE audit SET body = 'nonsense' WHERE number = 3", "Line 3 is not what was written"),
        ("UPDATE audit SET number = 9 WHERE number = 4", "Line 4 is missing"),
    ],
)
def test_a_change_is_found(log: AuditLog, tmp_path: Path, place: Place, statement: str, said: str) -> None:
    filled(log)
    place.meddle(tmp_path / "audit.sqlite", statement)
    assert any(said in problem for problem in log.verify())


def test_the_database_itself_refuses_changes(log: AuditLog, tmp_path: Path, place: Place) -> None:
    filled(log)
    for statement in ("UPDATE audit SET body = ''", "DELETE FROM audit"):
        raw = place.raw(tmp_path / "audit.sqlite")
        with pytest.raises(place.refusals, match="append-only"):
            raw.execute(statement)
        raw.close()


def test_a_missing_head_is_told(log: AuditLog, tmp_path: Path, place: Place) -> None:
    filled(log)
    if place.url is None:
        (tmp_path / "audit.head").unlink()
    else:
        place.meddle(tmp_path, "DELETE FROM audit_head")
    name = "The file audit.head" if place.url is None else "The row of audit_head"
    assert log.verify() == [f"{name} is missing: lines may have been cut from the end."]


WRITER = """
import sys
from pathlib import Path
from agent.audit import AuditLog
from tools.database import open_databases
databases = open_databases(sys.argv[3], {}) if sys.argv[3] else None
log = AuditLog(Path(sys.argv[1]), databases)
for n in range(25):
    log.add(sys.argv[2], 'act')
log.close()
if databases:
    databases.close()
"""


def test_two_processes_at_once_make_one_chain(tmp_path: Path, place: Place) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    writers = [subprocess.Popen([*command, name, place.url or ""]) for name in ("one", "two")]
    assert [w.wait(timeout=120) for w in writers] == [0, 0]
    log = AuditLog(tmp_path, place.databases)
    assert [line.number for line in log.lines()] == list(range(1, 51))
    assert log.verify() == []
    log.close()


def test_work_on_a_case_leaves_lines_and_no_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tools.phantom import Sphere, chest_phantom
    from ui.cli import app

    scan, _ = chest_phantom((Sphere((80.0, 10.0, 20.0), 16.0),), spacing=(3.0, 3.0, 4.0))
    services = workspace(tmp_path)
    session = Session.open(scan, case="one", owner="dr-a", workspace=services)
    session.call("segment", point=[80.0, 10.0, 20.0])
    session.call("measure", lesion=1)
    list(session.ask("He is 62 and never smoked"))
    lines = list(services.audit.lines("one"))
    assert [line.what for line in lines[:3]] == ["scan", "mask", "measurement"]
    assert {line.who for line in lines} == {"dr-a"}
    assert [line.evidence[0][0] for line in lines] == [e.id for e in session.evidence.all()]
    assert all(line.evidence[0][1] == e.hash for line, e in zip(lines, session.evidence.all(), strict=True))
    services.delete_case("one", "dr-a")
    assert list(services.audit.lines())[-1].what == "case deleted"
    services.close()
    assert b"smoked" not in (tmp_path / "audit.sqlite").read_bytes()

    monkeypatch.setenv("SCANWRIGHT_HOME", str(tmp_path))
    runner = CliRunner()
    whole = runner.invoke(app, ["audit", "verify"])
    assert whole.exit_code == 0, whole.output
    assert "are what was written" in whole.output
    assert "dr-a" in runner.invoke(app, ["audit", "show", "--case", "one"]).output
    assert runner.invoke(app, ["audit", "export", "--out", str(tmp_path / "log.jsonl")]).exit_code == 0
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == len(lines) + 1
    Place(None).meddle(tmp_path / "audit.sqlite", "UPDATE audit SET body = replace(body, 'dr-a', 'dr-b') WHERE number = 2")
    broken = runner.invoke(app, ["audit", "verify", "--json"])
    assert broken.exit_code == 1
    assert "Line 2 is not what was written" in broken.output
