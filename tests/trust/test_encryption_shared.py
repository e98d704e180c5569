"""A bucket and a database that replicas share, closed with the operator's key: what lies there names and shows nobody.

The bucket is closed by us. Rows in PostgreSQL are the server's to encrypt: of them the test says which may name
somebody, and that no other does.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import planted
import pytest
import scripted
from scripted import ScriptedModel

from agent import Failed, Session, Settings, Workspace, sealing
from agent.moving import move
from tools import Mask
from tools.blobs_remote import open_store
from tools.evidence import EvidenceError
from tools.keys import make_key
from tools.vault import VaultError, is_sealed

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]
ROOT = Path(__file__).resolve().parents[2]
MAY_NAME = {"scans", "checkpoints", "checkpoint_blobs", "checkpoint_writes", "said"}
"""Rows that hold the headers' identity, for export, and the reader's own words."""
OURS = ("encrypted", "format")


@pytest.fixture
def settings(shared_settings: Settings, tmp_path: Path) -> Settings:
    """Settings of a replica: an empty database, an empty place in a bucket, a key."""
    make_key(tmp_path / "key")
    return dataclasses.replace(shared_settings, key_file=tmp_path / "key")


def filled(made: Workspace, folder: Path) -> Session:
    """A case of uploaded files that name a patient, talked about, with a report."""
    upload = made.cases.case_folder("c1") / "upload" / "00000"
    upload.mkdir(parents=True)
    files = [Path(shutil.move(f, upload / f.name)) for f in sorted(planted.series(folder).iterdir())]
    session = Session.open(files, case="c1", workspace=made, endpoint=ScriptedModel())  # type: ignore[arg-type]
    assert session.scan is not None
    grid = np.zeros(session.scan.shape, bool)
    grid[10:20, 10:22, 1:3] = True
    session.load_drawn(Mask.from_grid(session.scan.id, grid, session.scan.affine, "nodule"), 1)
    session.call("measure", lesion=1)
    list(session.ask(f"measure lesion 1 of {planted.STATED}"))
    session.call("write_report")
    return session


def sound(made: Workspace) -> list[Any]:
    """What the case holds, read through."""
    session = Session.open(case="c1", workspace=made, endpoint=ScriptedModel())
    assert made.evidence.verify() == made.audit.verify() == []
    assert session.report is not None
    assert session.scan is not None
    masks = [session.evidence.mask(e).voxels for e in session.evidence.current("mask")]
    return [session.scan.id, int(np.asarray(session.scan.voxels, np.int64).sum()), masks, len(session.history())]


def lying(settings: Settings, tmp_path: Path) -> Iterator[tuple[str, bytes]]:
    """Every object of the store as whoever reaches the bucket reads it."""
    blobs = open_store(settings.store, tmp_path / "somebody")
    for name in blobs.names():
        yield name, blobs.place.read(name)


def all_closed(settings: Settings, tmp_path: Path) -> int:
    """See that no object can be read; return how many there are."""
    found = [(name, data) for name, data in lying(settings, tmp_path) if name not in OURS]
    for name, data in found:
        assert is_sealed(data), name
        assert planted.found(name + data.decode("latin-1")) == [], name
    return len(found)


def named(settings: Settings) -> dict[str, set[str]]:
    """The planted strings that each table of the database holds."""
    import psycopg

    found: dict[str, set[str]] = {}
    with psycopg.connect(settings.database or "") as raw:
        tables = raw.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (table,) in tables:
            for row in raw.execute(f'SELECT * FROM "{table}"').fetchall():
                text = " ".join(v.decode("latin-1") if isinstance(v, bytes) else str(v) for v in row)
                found.setdefault(table, set()).update(planted.found(text))
    return found


def test_a_bucket_holds_nothing_that_can_be_read_and_tables_name_nobody_but_where_told(
    settings: Settings, tmp_path: Path
) -> None:
    made = scripted.shared_workspace(settings, tmp_path / "a")
    session = filled(made, tmp_path)
    held = sound(made)
    assert session.scan is not None
    sample = np.asarray(session.scan.voxels)[5:30, 5:30, 1].tobytes()
    assert all_closed(settings, tmp_path) > 5
    assert not any(sample in data for _, data in lying(settings, tmp_path))
    rows = named(settings)
    assert {"cases", "evidence", "audit"} <= rows.keys()
    assert {table for table, strings in rows.items() if strings} <= MAY_NAME
    assert rows["scans"], "without this the search could pass by finding nothing anywhere"
    other = scripted.shared_workspace(settings, tmp_path / "b")
    assert sound(other) == held
    assert list(planted.kept(tmp_path / "b")) == []
    made.delete_case("c1", "local")
    assert {name for name, _ in lying(settings, tmp_path)} == set(OURS)
    assert not any(named(settings).values())
    other.close()
    made.close()


def test_a_wrong_or_a_missing_key_is_one_line_changes_nothing_and_locks_nobody_out(
    settings: Settings, tmp_path: Path
) -> None:
    made = scripted.shared_workspace(settings, tmp_path / "a")
    filled(made, tmp_path)
    held = sound(made)
    made.close()
    make_key(tmp_path / "other")
    before = dict(lying(settings, tmp_path))
    for wrong, told in ((None, "The store in SCANWRIGHT_STORE is encrypted"), (tmp_path / "other", "with another key")):
        with pytest.raises(VaultError, match=told):
            scripted.shared_workspace(dataclasses.replace(settings, key_file=wrong), tmp_path / "b")
        environment = {
            **os.environ, "SCANWRIGHT_HOME": str(tmp_path / "b"), "SCANWRIGHT_DATABASE": settings.database or "",
            "SCANWRIGHT_STORE": settings.store or "", **({"SCANWRIGHT_KEY_FILE": str(wrong)} if wrong else {}),
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-m", "ui.cli", "audit", "verify"], cwd=ROOT, env=environment, capture_output=True, text=True,
            timeout=120, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
        assert told in done.stderr
    assert dict(lying(settings, tmp_path)) == before
    again = scripted.shared_workspace(settings, tmp_path / "b")  # the replica that had the wrong key first
    assert sound(again) == held
    again.close()


def test_a_damaged_or_foreign_object_is_told_and_not_used(settings: Settings, tmp_path: Path) -> None:
    made = scripted.shared_workspace(settings, tmp_path / "a")
    filled(made, tmp_path)
    blobs = open_store(settings.store, tmp_path / "somebody")
    kept = {name: blobs.place.read(name) for name in blobs.names("evidence")}
    changed = {name: data[:-1] + bytes([data[-1] ^ 1]) for name, data in kept.items()}
    for wrong, told in ((changed, "not what was kept"), (dict.fromkeys(kept, b"put there by hand"), "not encrypted")):
        for name, data in wrong.items():
            blobs.place.write(name, [data], new=False, sync=True)
        assert made.evidence.verify() != []
        with contextlib.closing(scripted.shared_workspace(settings, tmp_path / "b")) as other:  # what was read is kept
            session = Session.open(case="c1", workspace=other, endpoint=ScriptedModel())
            with pytest.raises(EvidenceError, match="missing or damaged") as caught:
                [session.evidence.mask(e).voxels for e in session.evidence.all() if e.array]
            assert told in str(caught.value.__cause__)
    for name, data in kept.items():
        blobs.place.write(name, [data], new=False, sync=True)
    assert made.evidence.verify() == []
    made.close()


def test_a_closed_folder_is_moved_closed_and_a_plain_one_is_closed_first(settings: Settings, tmp_path: Path) -> None:
    home = tmp_path / "old"
    plain = dataclasses.replace(settings, home=home, database=None, store=None, key_file=None)
    made = scripted.shared_workspace(plain, home)
    filled(made, tmp_path)
    held = sound(made)
    made.close()
    target = dataclasses.replace(settings, home=home)
    with pytest.raises(VaultError, match="scanwright key encrypt"):
        move(target)
    assert list(lying(settings, tmp_path)) == []
    sealing.encrypt(dataclasses.replace(target, database=None, store=None))
    told = move(target)
    assert told.problems == ()
    assert told.files > 5
    assert move(target).problems == ()
    assert all_closed(settings, tmp_path) > 5
    there = scripted.shared_workspace(settings, tmp_path / "new")
    assert sound(there) == held
    session = Session.open(case="c1", workspace=there, endpoint=ScriptedModel())
    assert [e for e in session.ask("measure lesion 1") if isinstance(e, Failed)] == []
    there.close()


def test_a_plain_store_is_closed_given_another_key_and_opened_again(settings: Settings, tmp_path: Path) -> None:
    plain = dataclasses.replace(settings, key_file=None)
    made = scripted.shared_workspace(plain, tmp_path / "a")
    filled(made, tmp_path)
    held = sound(made)
    made.close()
    assert any(planted.found(data.decode("latin-1")) for _, data in lying(settings, tmp_path))
    sealing.encrypt(settings)
    count = all_closed(settings, tmp_path)
    sealing.rotate(settings)
    assert all_closed(settings, tmp_path) == count
    closed = scripted.shared_workspace(settings, tmp_path / "b")
    assert sound(closed) == held
    closed.close()
    sealing.decrypt(settings)
    opened = scripted.shared_workspace(plain, tmp_path / "c")
    assert sound(opened) == held
    opened.close()
