"""Cases: who owns them, which scans they hold, what the reader has selected; and their deletion.

Rows in a database, scans and other files as blobs beside them. Knows nothing about evidence or conversation.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import secrets
import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from agent.copies import leftovers, sweep
from agent.events import UnknownCase
from agent.people import Level, enough, short_of
from agent.sharing import TABLES, Sharing
from tools.blobs import Blobs, folder_blobs
from tools.database import ROWID, Databases, Files, Schema
from tools.scan import Scan, Source
from tools.scan.cache import keep_scan, kept_scan

_TABLES = f"""
CREATE TABLE IF NOT EXISTS cases (
    {ROWID}, id TEXT PRIMARY KEY, owner TEXT NOT NULL, created TEXT NOT NULL, state TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS scans (
    {ROWID}, case_id TEXT NOT NULL REFERENCES cases(id), scan_id TEXT NOT NULL, role TEXT NOT NULL, added TEXT NOT NULL,
    source TEXT NOT NULL, PRIMARY KEY (case_id, scan_id)
);
"""
SCHEMA = Schema("cases", _TABLES + TABLES)


SWEEP_S = 600.0
"""Seconds between two looks for copies of cases that another machine deleted."""


@dataclass(frozen=True)
class Case:
    """One case's row. `state` is what the reader left it in: selection, focus, open question, view.

    `level` is how much of it is whose who asked for it: all, or what it is shared for.
    """

    id: str
    owner: str
    created: str
    state: dict[str, Any]
    level: Level = "own"


class Cases(Sharing):
    """All cases of one data folder, or of the database and the store that are shared. Safe for several threads and
    processes."""

    def __init__(self, home: Path, databases: Databases | None = None, blobs: Blobs | None = None) -> None:
        """Open the cases.

        Args:
            home: the data folder, where rows and files lie by themselves.
            databases: where the rows lie instead.
            blobs: where scans and other files lie instead, shared with other machines.
        """
        self.folder = home / "cases"
        self.folder.mkdir(parents=True, exist_ok=True)
        self._shared = blobs is not None
        self._swept = -SWEEP_S
        self._blobs = (blobs or folder_blobs(home)).under("cases")
        self._db = (databases or Files({"cases": home / "cases.sqlite"})).open(SCHEMA)

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def forget(self) -> None:
        """Leave nothing of what was deleted in the files beside the database."""
        self._db.forget()

    def create(self, owner: str, name: str | None = None) -> Case:
        """Make an empty case and return it. Raises UnknownCase when somebody else has one of that name."""
        case_id = name or secrets.token_hex(6)
        if not case_id.replace("-", "").replace("_", "").isalnum() or len(case_id) > 64:
            raise UnknownCase("A case's name has up to 64 letters, digits, '-' and '_'.")
        now = datetime.now(UTC).isoformat(timespec="seconds")
        if time.monotonic() - self._swept > SWEEP_S:
            self.sweep()
        with self._write():
            self._db.execute(
                "INSERT INTO cases (id, owner, created, state) VALUES (?, ?, ?, '{}') ON CONFLICT DO NOTHING",
                (case_id, owner, now),
            )
        return self.get(case_id, owner, need="work")

    def get(self, case_id: str, reader: str, need: Level = "own") -> Case:
        """Return a case for somebody who means to do so much in it: its owner, or whom it is shared with.

        Raises:
            UnknownCase: there is none of that name for this reader.
            NoRight: it is shared with them, but for less.
        """
        row = self._db.execute("SELECT id, owner, created, state FROM cases WHERE id = ?", (case_id,)).fetchone()
        held: Level | None = None
        if row is not None:
            held = "own" if row[1] == reader else self.level(case_id, reader)
        if row is None or held is None:
            raise UnknownCase("There is no such case for this reader. Open the scan again to start one.")
        if not enough(held, need):
            raise short_of(held, need)
        return Case(row[0], row[1], row[2], json.loads(row[3]), held)

    def of_owner(self, owner: str) -> list[Case]:
        """Return an owner's cases, newest first."""
        rows = self._db.execute(
            "SELECT id, owner, created, state FROM cases WHERE owner = ? ORDER BY created DESC, rowid DESC", (owner,)
        ).fetchall()
        return [Case(r[0], r[1], r[2], json.loads(r[3])) for r in rows]

    def visible_to(self, reader: str) -> list[Case]:
        """Return a reader's cases and those that are shared with them, newest first."""
        rows = self._db.execute(
            "SELECT c.id, c.owner, c.created, c.state, s.level FROM shares s JOIN cases c ON c.id = s.case_id "
            "WHERE s.reader = ?",
            (reader,),
        ).fetchall()
        shared = [Case(r[0], r[1], r[2], json.loads(r[3]), r[4]) for r in rows]
        return sorted([*self.of_owner(reader), *shared], key=lambda case: case.created, reverse=True)

    def hand_over(self, case_id: str, owner: str, new_owner: str) -> None:
        """Give a case to another owner; whom it was shared with is theirs to say anew.

        Raises:
            UnknownCase, NoRight: it is not the first one's.
        """
        self.get(case_id, owner)
        with self._write():
            self._forget_shares(case_id)
            self._db.execute("UPDATE cases SET owner = ? WHERE id = ?", (new_owner, case_id))

    def kept_state(self, case_id: str) -> dict[str, Any]:
        """Return a case's state to the app itself, whoever asks; nothing of one that is not there."""
        row = self._db.execute("SELECT state FROM cases WHERE id = ?", (case_id,)).fetchone()
        return dict(json.loads(row[0])) if row else {}

    def keep_state(self, case_id: str, **changes: Any) -> None:
        """Merge changes into a case's state."""
        with self._write():
            row = self._db.execute("SELECT state FROM cases WHERE id = ?", (case_id,)).fetchone()
            if row is None:
                raise UnknownCase("The case was deleted; open the scan again to start a new one.")
            state = {**json.loads(row[0]), **changes}
            self._db.execute("UPDATE cases SET state = ? WHERE id = ?", (json.dumps(state), case_id))

    def attach(self, case_id: str, scan: Scan) -> None:
        """Make a scan the one that a case is about. Raises UnknownCase when the case is about another already."""
        held = self.scans(case_id)
        if not held:
            self.add_scan(case_id, scan)
        elif held[-1].id != scan.id:
            raise UnknownCase(
                f"The case {case_id} already holds another scan. Leave --case out, or name a new case for this scan."
            )

    def add_scan(self, case_id: str, scan: Scan, role: str = "current") -> None:
        """Keep a scan with a case."""
        keep_scan(scan, self.files(case_id), _scan_name(scan.id))
        source = {
            "files": [self._place_of(case_id, f) for f in scan.source.files],
            "format": scan.source.format,
            "identity": scan.source.identity,
            "study_date": scan.source.study_date,
        }
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with self._write():
            self._db.execute(
                "INSERT INTO scans (case_id, scan_id, role, added, source) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT DO NOTHING",
                (case_id, scan.id, role, now, json.dumps(source)),
            )

    def scans(self, case_id: str, role: str = "current") -> list[Scan]:
        """Return a case's scans of a role, oldest first, their voxels read when first used."""
        rows = self._db.execute(
            "SELECT scan_id FROM scans WHERE case_id = ? AND role = ? ORDER BY rowid", (case_id, role)
        ).fetchall()
        return [kept_scan(self.files(case_id), _scan_name(row[0])) for row in rows]

    def sources(self, case_id: str) -> list[Source]:
        """Return where every scan of a case came from, priors too."""
        rows = self._db.execute("SELECT scan_id FROM scans WHERE case_id = ? ORDER BY rowid", (case_id,)).fetchall()
        return [self.source(case_id, row[0]) for row in rows]

    def source(self, case_id: str, scan_id: str) -> Source:
        """Return where a scan came from: for export and for replacing identifiers, nothing else."""
        row = self._db.execute(
            "SELECT source FROM scans WHERE case_id = ? AND scan_id = ?", (case_id, scan_id)
        ).fetchone()
        data = json.loads(row[0]) if row else {}
        return Source(
            tuple(self._path_of(case_id, f) for f in data.get("files", ())),
            data.get("format", "made"),
            data.get("identity", {}),
            data.get("study_date"),
        )

    def delete(self, case_id: str) -> None:
        """Delete a case's rows and scans for good."""
        with self._write():
            self._forget_shares(case_id)
            self._db.execute("DELETE FROM scans WHERE case_id = ?", (case_id,))
            self._db.execute("DELETE FROM cases WHERE id = ?", (case_id,))
        self._blobs.delete_under(case_id)
        shutil.rmtree(self.folder / case_id, ignore_errors=True)

    def case_folder(self, case_id: str) -> Path:
        """Return the folder of a case's files, made if need be."""
        folder = self.folder / case_id
        folder.mkdir(exist_ok=True)
        return folder

    def sweep(self) -> None:
        """Delete copies that are left here of cases that another machine deleted."""
        self._swept = time.monotonic()
        found = leftovers(self._blobs.place, self.folder) if self._shared else []
        if found:
            sweep(found, {row[0] for row in self._db.rows("SELECT id FROM cases")})

    def files(self, case_id: str) -> Blobs:
        """Return what is kept with a case: scans, versions of its report, explanations."""
        return self._blobs.under(case_id)

    def originals(self, case_id: str, scan_id: str) -> Source:
        """Return where a scan came from, its files on this machine as far as they were kept with the case; where
        they are encrypted they stay so, and `opened` reads them.

        Raises:
            StoreDown: the store they were kept in cannot be reached.
        """
        source = self.source(case_id, scan_id)
        for file in source.files if self._shared and self._blobs.cipher is None else ():
            name = inside(self.case_folder(case_id), file)
            if name is not None and not file.exists() and self.files(case_id).exists(name):
                folder_blobs(self.case_folder(case_id)).put(name, self.files(case_id).get(name), sync=False)
        return source

    def opened(self, case_id: str, file: Path) -> Path | io.BytesIO:
        """Return what a source's file is read from: the file, or in memory what it holds where it is encrypted."""
        name = inside(self.case_folder(case_id), file)
        closed = "" if name is None or file.exists() else closed_name(f"cases/{case_id}/{name}")
        blobs = Blobs(self._blobs.place, self._blobs.cipher)
        return io.BytesIO(blobs.get(closed)) if closed and blobs.exists(closed) else file

    def _place_of(self, case_id: str, file: Path) -> str:
        """Return how a source's file is noted; one that lies in the case's folder is kept with the case where cases
        are shared."""
        name = inside(self.case_folder(case_id), file) if self._shared else None
        if name is None:
            return str(file)
        if self._blobs.cipher is not None:
            self._close_up(case_id, name, file)
        elif not self.files(case_id).exists(name):
            self.files(case_id).put(name, file.read_bytes())
        return OWN + name

    def _close_up(self, case_id: str, name: str, file: Path) -> None:
        """Encrypt a file of a case's folder, as it came, under a name that says nothing; it is then gone itself."""
        blobs, closed = Blobs(self._blobs.place, self._blobs.cipher), closed_name(f"cases/{case_id}/{name}")
        if not blobs.exists(closed):
            blobs.put(closed, file.read_bytes())
        file.unlink(missing_ok=True)

    def _path_of(self, case_id: str, noted: str) -> Path:
        return self.folder / case_id / noted.removeprefix(OWN) if noted.startswith(OWN) else Path(noted)

    def _write(self) -> contextlib.AbstractContextManager[None]:
        """Run what is inside as one transaction: what is read before it is changed does not change between the two."""
        return self._db.writing(alone=("cases",))


OWN = "case:"
"""Begins a file's place that is meant from the case's folder, on whatever machine that is."""


def closed_name(name: str) -> str:
    """Return the name under which a blob of a case is kept encrypted: an uploaded file's own may name the patient."""
    parts = PurePosixPath(name).parts
    if len(parts) < 4 or parts[0] != "cases" or not parts[2].startswith(("upload", "prior-")):
        return name
    return f"cases/{parts[1]}/originals/{hashlib.sha256(name.encode()).hexdigest()[:32]}"


def inside(folder: Path, file: Path) -> str | None:
    """Return a file's name as it is seen from a folder, or None when it does not lie in it."""
    try:
        return file.resolve().relative_to(folder.resolve()).as_posix()
    except (OSError, ValueError):
        return None


def _scan_name(scan_id: str) -> str:
    return f"scans/{scan_id[:16]}"
