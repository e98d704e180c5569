"""State that several replicas share: PostgreSQL, an S3-compatible store and a Chroma server, all real."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import scripted
import servers
from scripted import BIG, SMALL, balls

from agent import Clause, Failed, Session, Settings, Workspace
from agent.events import Busy
from agent.replay import replay

pytestmark = pytest.mark.long
ROOT = Path(__file__).resolve().parents[2]
REPLICA = Path(__file__).parent / "replica.py"


@pytest.fixture
def replicas(shared_settings: Settings, tmp_path: Path) -> Iterator[list[Workspace]]:
    """Two workspaces with data folders of their own and one database and store."""
    made = [scripted.shared_workspace(shared_settings, tmp_path / name) for name in ("a", "b")]
    yield made
    for one in made:
        one.close()


def test_another_replica_goes_on_with_a_case(replicas: list[Workspace], tmp_path: Path) -> None:
    one, two = replicas
    begun = Session.open(balls(), workspace=one, case="c")
    begun.call("segment", point=list(BIG))
    list(begun.ask("62, never smoked. measure it and write the report"))
    kept = [e.to_json() for e in begun.evidence.all()]

    going = Session.open(case="c", workspace=two)
    assert going.history() == begun.history()
    assert [e.to_json() for e in going.evidence.all()] == kept
    assert going.scan is not None
    np.testing.assert_array_equal(going.scan.voxels, balls().voxels)
    assert going.report is not None
    mask = next(e for e in going.evidence.all() if e.kind == "mask")
    assert going.evidence.mask(mask).count == begun.evidence.mask(mask).count
    going.call("segment", point=list(SMALL))
    events = list(going.ask("measure lesion 2 and write the report"))
    assert [e for e in events if isinstance(e, Failed)] == []

    list(begun.ask("what is the volume of lesion 2?"))
    assert begun.report is not None
    assert begun.report.version == 2
    assert [e.id for e in begun.evidence.all()] == [f"E{n}" for n in range(1, len(begun.evidence.all()) + 1)]
    assert one.evidence.verify() == two.evidence.verify() == []
    assert one.audit.verify() == two.audit.verify() == []
    assert replay(begun).holds
    for name in ("a", "b"):  # what lies in their folders is copies
        shutil.rmtree(tmp_path / name / "cache", ignore_errors=True)
        shutil.rmtree(tmp_path / name / "cases")
    assert Session.open(case="c", workspace=one).scan is not None


def test_a_deleted_case_leaves_nothing_anywhere(replicas: list[Workspace], tmp_path: Path) -> None:
    one, two = replicas
    session = Session.open(balls(), workspace=one, case="gone")
    session.call("segment", point=list(BIG))
    list(session.ask("measure it and write the report"))
    other = Session.open(case="gone", workspace=two)
    assert other.scan is not None
    assert other.scan.voxels.size
    assert list((tmp_path / "b" / "cache").rglob("*.npy"))
    one.delete_case("gone", "local")
    assert one.state.blobs is not None
    assert one.state.blobs.names() == ["format"]
    left = two.cases.case_folder("gone") / "upload"
    left.mkdir()
    os.utime(left.parent, (0, 0))
    own = two.cases.case_folder("own") / "scans"  # as an older data folder of this machine has it
    own.mkdir()
    os.utime(own.parent, (0, 0))
    two.cases.sweep()
    assert not left.exists()
    assert own.exists()
    assert [p for name in ("a", "b") for p in (tmp_path / name / "cache").rglob("*") if p.is_file()] == []
    assert one.evidence.rows("gone") == []
    for table in ("cases", "scans", "evidence", "checkpoints", "checkpoint_blobs", "checkpoint_writes", "said"):
        assert one.evidence._db.row(f"SELECT count(*) FROM {table}") == (0,), table


def test_uploaded_files_are_read_on_another_replica(replicas: list[Workspace], tmp_path: Path) -> None:
    import filed

    one, two = replicas
    folder = one.cases.case_folder("up") / "upload" / "00000"
    filed.write_series(filed.ball_series(), folder)
    scan = filed.load_series(folder)
    session = Session.open(scan, workspace=one, case="up")
    session.call("segment", point=(scan.affine @ [*filed.BALLS[0][0], 1.0])[:3].tolist())
    session.call("measure", lesion=1)
    session.call("write_report")
    going = Session.open(case="up", workspace=two)
    out = tmp_path / "out"
    names = {f.name for f in going.export_files(out)}
    assert any(name.endswith(".dcm") for name in names), names
    assert going.workspace.cases.source("up", scan.id).files[0].is_relative_to(tmp_path / "b")


def test_a_turn_holds_its_case_on_every_replica(replicas: list[Workspace]) -> None:
    one, two = replicas
    two.wait_s = 0.2
    Session.open(balls(), workspace=one, case="c")
    with one.lock("c"), pytest.raises(Busy), two.lock("c"):
        pytest.fail("both hold the turn")
    with two.lock("c"), one.lock("another"):
        pass


def test_turns_of_one_case_on_two_replicas_follow_each_other(replicas: list[Workspace]) -> None:
    case = Session.open(balls(), workspace=replicas[0], case="c")
    case.call("segment", point=list(BIG))
    failed: list[Failed] = []

    def talk(made: Workspace) -> None:
        session = Session.open(case="c", workspace=made)
        for _ in range(3):
            failed.extend(e for e in session.ask("measure it") if isinstance(e, Failed))

    threads = [threading.Thread(target=talk, args=(made,)) for made in replicas]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(case.history()) == 12
    assert replicas[0].evidence.verify() == []


@pytest.mark.long
def test_a_killed_replica_frees_its_turn_and_leaves_a_sound_case(
    shared_settings: Settings, replicas: list[Workspace], tmp_path: Path
) -> None:
    made = replicas[0]
    session = Session.open(balls(), workspace=made, case="c")
    session.call("segment", point=list(BIG))
    list(session.ask("measure it"))
    kept = [e.id for e in session.evidence.all()]
    for point in ("tool", "clause", "settle"):
        done = replica(shared_settings, tmp_path / "dying", point)
        assert done.returncode == -9, done.stderr
        assert made.evidence.verify() == []
        again = Session.open(case="c", workspace=made)
        assert [e.id for e in again.evidence.all()][: len(kept)] == kept
        events = list(again.ask("measure lesion 1"))
        assert [e for e in events if isinstance(e, Failed)] == []
        assert any(" mm" in e.text for e in events if isinstance(e, Clause))
    assert made.audit.verify() == []


def replica(settings: Settings, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `replica.py` in a process of its own, with these services and another data folder."""
    environment = {
        **os.environ, "SCANWRIGHT_HOME": str(home), "SCANWRIGHT_DATABASE": settings.database or "",
        "SCANWRIGHT_STORE": settings.store or "", "SCANWRIGHT_CHROMA_URL": settings.chroma_url or "",
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, str(REPLICA), "c", *arguments], env=environment, cwd=ROOT, capture_output=True, text=True,
        check=False, timeout=280,
    )  # fmt: skip


@pytest.mark.timeout(900)
def test_two_processes_with_folders_of_their_own_go_on_with_one_case(shared_settings: Settings, tmp_path: Path) -> None:
    """The whole: PostgreSQL, a bucket and a Chroma server; nothing in the folders but copies."""
    import dataclasses

    with servers.chroma() as url:
        settings = dataclasses.replace(shared_settings, chroma_url=url)
        begun = replica(settings, tmp_path / "one", "begin")
        assert begun.returncode == 0, begun.stderr[-3000:]
        gone_on = replica(settings, tmp_path / "two", "go on")
        assert gone_on.returncode == 0, gone_on.stderr[-3000:]
    first, second = json.loads(begun.stdout.splitlines()[-1]), json.loads(gone_on.stdout.splitlines()[-1])
    assert second["history"][: len(first["history"])] == first["history"]
    assert second["evidence"][: len(first["evidence"])] == first["evidence"]
    assert len(second["evidence"]) > len(first["evidence"])
    assert first["guideline"] == second["guideline"] != []
    assert second["problems"] == []
    for name in ("one", "two"):
        left = {p.relative_to(tmp_path / name).parts[0] for p in (tmp_path / name).rglob("*") if p.is_file()}
        assert left <= {"format", "cache"}, left
