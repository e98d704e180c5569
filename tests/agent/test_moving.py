"""A data folder of one machine moved whole into the database and store that several share."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import scripted
import servers
from scripted import BIG, SMALL, balls

from agent import Failed, Session, Settings, Workspace
from agent.moving import CannotMove, move
from agent.replay import replay

pytestmark = pytest.mark.long
ROOT = Path(__file__).resolve().parents[2]


def filled(home: Path) -> Workspace:
    """Return a workspace over a data folder with two cases, one of them with a report and a long talk."""
    made = scripted.workspace(home)
    one = Session.open(balls(), workspace=made, case="one")
    one.call("segment", point=list(BIG))
    list(one.ask("62, never smoked. measure it and write the report"))
    two = Session.open(balls(shift=1), workspace=made, case="two", owner="dr-a")
    two.call("segment", point=list(SMALL))
    list(two.ask("measure it"))
    made.cases.share("two", "dr-a", "dr-b", "read")
    return made


def contents(home: Path) -> dict[str, bytes]:
    """Return every file of a data folder, of a database what it holds."""
    found = {}
    for path in sorted(home.rglob("*")):
        if path.suffix == ".sqlite":
            raw = sqlite3.connect(path)
            found[path.name] = "\n".join(raw.iterdump()).encode()
            raw.close()
        elif path.is_file() and not path.name.endswith(("-wal", "-shm")) and path.name != "format":
            found[path.relative_to(home).as_posix()] = path.read_bytes()
    return found


def test_a_data_folder_is_moved_whole_and_left_as_it_is(shared_settings: Settings, tmp_path: Path) -> None:
    home = tmp_path / "old"
    made = filled(home)
    said = Session.open(case="one", workspace=made).history()
    evidence = [e.to_json() for name in ("one", "two") for e in made.evidence.rows(name)]
    made.close()
    before = contents(home)
    import dataclasses

    told: list[float] = []
    target = dataclasses.replace(shared_settings, home=home)
    result = move(target, lambda fraction, phrase: told.append(fraction))
    assert result.problems == ()
    assert (result.cases, result.evidence) == (2, len(evidence))
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert contents(home) == before
    assert move(target).problems == ()  # again: nothing is sent twice, all is compared

    there = scripted.shared_workspace(shared_settings, tmp_path / "new")
    assert [e.to_json() for name in ("one", "two") for e in there.evidence.rows(name)] == evidence
    session = Session.open(case="one", workspace=there)
    assert session.history() == said
    assert session.report is not None
    assert session.scan is not None
    np.testing.assert_array_equal(session.scan.voxels, balls().voxels)
    events = list(session.ask("measure lesion 1"))
    assert [e for e in events if isinstance(e, Failed)] == []
    assert there.cases.get("two", "dr-b", need="read").owner == "dr-a"
    assert replay(session).holds
    assert there.audit.verify() == there.evidence.verify() == []

    later = move(target)  # the case has gone on at the new place: it is left alone
    assert later.problems == ()
    assert len(there.evidence.rows("one")) > len([e for e in evidence if e["case"] == "one"])
    assert len(session.history()) == len(said) + 2
    there.close()


def test_a_move_that_is_broken_off_goes_on(shared_settings: Settings, tmp_path: Path) -> None:
    import dataclasses

    home = tmp_path / "old"
    filled(home).close()
    target = dataclasses.replace(shared_settings, home=home)

    def stop_at(part: float) -> None:
        def told(fraction: float, phrase: str) -> None:
            if fraction >= part:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            move(target, told)

    for part in (0.1, 0.5, 0.65, 0.72, 0.8):
        stop_at(part)
    assert move(target).problems == ()


def test_a_move_onto_other_cases_changes_neither(shared_settings: Settings, tmp_path: Path) -> None:
    import dataclasses

    filled(tmp_path / "old").close()
    there = scripted.shared_workspace(shared_settings, tmp_path / "new")
    other = Session.open(balls(shift=2), workspace=there, case="one", owner="somebody")
    held = [e.to_json() for e in other.evidence.all()]
    result = move(dataclasses.replace(shared_settings, home=tmp_path / "old"))
    assert any("case one: other evidence" in problem for problem in result.problems)
    assert any("audit log of its own" in problem for problem in result.problems)
    assert [e.to_json() for e in other.evidence.all()] == held
    assert there.cases.get("one", "somebody").owner == "somebody"
    there.close()


def test_a_file_that_arrived_otherwise_is_told(shared_settings: Settings, tmp_path: Path) -> None:
    import dataclasses

    from tools.blobs_remote import open_store

    home = tmp_path / "old"
    filled(home).close()
    target = dataclasses.replace(shared_settings, home=home)
    assert move(target).problems == ()
    blobs = open_store(target.store, tmp_path / "x")
    report = next(name for name in blobs.names("cases") if "/reports/" in name)
    blobs.put(report, b"{}")
    assert move(target).problems == (f"{report} arrived otherwise than it was sent.",)


def test_there_must_be_something_to_move_and_somewhere_to(tmp_path: Path) -> None:
    with pytest.raises(CannotMove, match="holds no case"):
        move(Settings(home=tmp_path, store="s3://x/y"))
    filled(tmp_path / "old").close()
    with pytest.raises(CannotMove, match="Name where to"):
        move(Settings(home=tmp_path / "old"))


def test_the_command_moves_and_tells(shared_settings: Settings, bucket: servers.Bucket, tmp_path: Path) -> None:
    filled(tmp_path / "old").close()
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "ui.cli", "move", "--database", shared_settings.database or "", "--store",
         shared_settings.store or ""],
        cwd=ROOT, capture_output=True, text=True, timeout=200, check=False,
        env={**os.environ, **bucket.environment, "SCANWRIGHT_HOME": str(tmp_path / "old")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Everything arrived as it was" in done.stdout
    assert "100 % done" in done.stderr
    assert time.monotonic() > began
