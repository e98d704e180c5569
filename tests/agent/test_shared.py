"""State that several replicas share: PostgreSQL, an S3-compatible store and a Chroma server, all real."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import scripted
import servers
from scripted import BIG, SMALL, balls

from agent import Clause, Failed, Session, Settings, Workspace
from agent.events import Busy
from agent.moving import CannotMove, move
from agent.replay import replay
from tools.blobs import StoreDown
from tools.database import DatabaseDown, DatabaseMismatch

pytestmark = pytest.mark.long
ROOT = Path(__file__).resolve().parents[2]
REPLICA = Path(__file__).parent / "replica.py"


@pytest.fixture
def shared_settings(
    postgres: servers.PostgresServer, bucket: servers.Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """Settings of a replica: an empty database, an empty place in a bucket."""
    for name, value in bucket.environment.items():
        monkeypatch.setenv(name, value)
    return Settings(home=tmp_path / "a", database=postgres.fresh(), store=bucket.store())


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


# When it goes away


def test_a_database_that_goes_away_fails_the_turn_in_one_line_and_loses_nothing(tmp_path: Path) -> None:
    with servers.postgres() as server:
        made = scripted.shared_workspace(Settings(home=tmp_path, database=server.fresh()), tmp_path)
        session = Session.open(balls(), workspace=made, case="c")
        session.call("segment", point=list(BIG))
        list(session.ask("measure it"))
        kept = [e.to_json() for e in session.evidence.all()]
        server.stop()
        events = list(session.ask("what is its volume?"))
        assert [e.error for e in events if isinstance(e, Failed)] == ["DatabaseDown"]
        told = next(e.text for e in events if isinstance(e, Failed))
        assert "cannot be reached" in told
        assert server.password not in told
        with pytest.raises(DatabaseDown):
            Workspace.open(made.settings)
        server.start()
        assert [e.to_json() for e in session.evidence.all()] == kept
        events = list(session.ask("what is its volume?"))
        assert [e for e in events if isinstance(e, Failed)] == []
        assert made.evidence.verify() == []
        assert made.audit.verify() == []
        made.close()


@pytest.mark.long
def test_a_database_that_goes_away_inside_a_turn_leaves_what_was_recorded(tmp_path: Path) -> None:
    with servers.postgres() as server:
        made = scripted.shared_workspace(Settings(home=tmp_path, database=server.fresh()), tmp_path)
        session = Session.open(balls(), workspace=made, case="c")
        session.call("segment", point=list(BIG))
        kept = [e.to_json() for e in session.evidence.all()]
        failed = []
        for event in session.ask("measure it"):
            if event.name == "tool_started":
                server.stop()
            if isinstance(event, Failed):
                failed.append(event.error)
        assert failed == ["DatabaseDown"]
        server.start()
        assert [e.to_json() for e in session.evidence.all()][: len(kept)] == kept
        assert made.evidence.verify() == []
        events = list(session.ask("measure it"))
        assert [e for e in events if isinstance(e, Failed)] == []
        made.close()


def test_a_store_that_goes_away_fails_what_needs_it_and_the_next_try_works(
    tmp_path: Path, postgres: servers.PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with servers.s3() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        settings = Settings(home=tmp_path, database=postgres.fresh(), store=server.store())
        made = scripted.shared_workspace(settings, tmp_path)
        session = Session.open(balls(), workspace=made, case="c")
        session.call("segment", point=list(BIG))
        count = len(session.evidence.all())
    with pytest.raises(StoreDown, match="cannot be reached"):
        session.call("segment", point=list(SMALL))
    assert len(session.evidence.all()) == count
    with pytest.raises(StoreDown):
        Workspace.open(settings)
    events = list(session.ask("measure it"))
    assert [e.error for e in events if isinstance(e, Failed)] == ["StoreDown"]
    made.close()


@pytest.mark.long
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda url: url.replace("pw-", "xx-"), "refused us"),
        (lambda url: url + "nope", "no database of that name"),
        (lambda url: "postgresql://u:secret-word@127.0.0.1:1/x", "cannot be reached"),
        (lambda url: "mysql://u:secret-word@h/x", "no address of PostgreSQL"),
        (lambda url: "postgresql://u:secret-word@h:port/x", "no address of PostgreSQL"),
        (lambda url: url + "?sslmode=secret-word", "SCANWRIGHT_DATABASE"),
    ],
)
def test_a_wrong_address_is_one_line_without_its_password(
    postgres: servers.PostgresServer, tmp_path: Path, change: object, said: str
) -> None:
    url = change(postgres.fresh())  # type: ignore[operator]
    settings = Settings(home=tmp_path, database=url)
    done = subprocess.run(
        [sys.executable, "-m", "ui.cli", "audit", "show"], cwd=ROOT, capture_output=True, text=True, timeout=120,
        env={**os.environ, "SCANWRIGHT_HOME": str(tmp_path), "SCANWRIGHT_DATABASE": url}, check=False,
    )  # fmt: skip
    assert done.returncode in (1, 2)
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert said in done.stderr
    for text in (done.stderr, repr(settings)):
        assert not any(secret in text for secret in ("secret-word", "pw-", "xx-"))


def test_a_newer_or_unknown_database_is_refused_and_left_alone(postgres: servers.PostgresServer, tmp_path: Path) -> None:
    import psycopg

    url = postgres.fresh()
    settings = Settings(home=tmp_path, database=url)
    scripted.shared_workspace(settings, tmp_path).close()
    for value, said in (("7", r"newer version \(format 7"), ("x", "does not say which version")):
        with psycopg.connect(url) as raw:
            raw.execute("UPDATE scanwright SET value = %s WHERE name = 'format'", (value,))
        with pytest.raises(DatabaseMismatch, match=said):
            Workspace.open(settings)


def test_tables_of_an_older_version_are_made_whole(postgres: servers.PostgresServer, tmp_path: Path) -> None:
    import psycopg

    settings = Settings(home=tmp_path, database=postgres.fresh())
    scripted.shared_workspace(settings, tmp_path).close()
    with psycopg.connect(settings.database or "") as raw:
        raw.execute("DROP TABLE shares")
        raw.execute("DROP TRIGGER evidence_is_counted ON evidence")
        raw.execute("UPDATE scanwright SET value = 'older' WHERE name LIKE 'tables %'")
    made = scripted.shared_workspace(settings, tmp_path)
    session = Session.open(balls(), workspace=made, case="c")
    made.cases.share("c", "local", "somebody", "read")
    assert made.evidence._db.row("SELECT number FROM counted") == (len(session.evidence.all()),)
    made.close()


def test_replicas_that_start_at_once_make_the_tables_once(postgres: servers.PostgresServer, tmp_path: Path) -> None:
    url = postgres.fresh()
    code = (
        "import sys; sys.path[:0] = ['tests', '.']\n"
        "import scripted; from pathlib import Path; from agent import Session, Settings\n"
        f"home = Path({str(tmp_path)!r}) / sys.argv[1]\n"
        f"made = scripted.shared_workspace(Settings(home=home, database={url!r}), home)\n"
        "Session.open(scripted.balls(), workspace=made, case='c' + sys.argv[1]).history()\n"
        "made.close()\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, str(n)], cwd=ROOT) for n in range(3)]
    assert [p.wait(timeout=240) for p in running] == [0, 0, 0]


# Moving


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

    from tools.blobs import open_blobs

    home = tmp_path / "old"
    filled(home).close()
    target = dataclasses.replace(shared_settings, home=home)
    assert move(target).problems == ()
    blobs = open_blobs(target.store, tmp_path / "x")
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
