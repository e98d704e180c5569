"""Cases: who owns them, which scans they hold, what the reader has selected; and their deletion.

Rows in SQLite, scans as arrays beside them. Knows nothing about evidence or conversation.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agent.events import UnknownCase
from tools.database import forget, open_database
from tools.scan import Scan, Source
from tools.scan.cache import open_scan, save_scan

_SCHEMA = """
CREATE TABLE IF NOT EXISTS cases (id TEXT PRIMARY KEY, owner TEXT NOT NULL, created TEXT NOT NULL, state TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS scans (
    case_id TEXT NOT NULL REFERENCES cases(id), scan_id TEXT NOT NULL, role TEXT NOT NULL, added TEXT NOT NULL,
    source TEXT NOT NULL, PRIMARY KEY (case_id, scan_id)
);
"""


@dataclass(frozen=True)
class Case:
    """One case's row. `state` is what the reader left it in: selection, focus, open question, view."""

    id: str
    owner: str
    created: str
    state: dict[str, Any]


class Cases:
    """All cases of one data folder. Safe for several threads and processes."""

    def __init__(self, home: Path) -> None:
        self.folder = home / "cases"
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._db = open_database(home / "cases.sqlite", autocommit=True)
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def forget(self) -> None:
        """Leave nothing of what was deleted in the files beside the database."""
        with self._lock:
            forget(self._db)

    def create(self, owner: str, name: str | None = None) -> Case:
        """Make an empty case and return it. Raises UnknownCase when somebody else has one of that name."""
        case_id = name or secrets.token_hex(6)
        if not case_id.replace("-", "").replace("_", "").isalnum() or len(case_id) > 64:
            raise UnknownCase("A case's name has up to 64 letters, digits, '-' and '_'.")
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with self._write():
            self._db.execute("INSERT OR IGNORE INTO cases VALUES (?, ?, ?, '{}')", (case_id, owner, now))
        return self.get(case_id, owner)

    def get(self, case_id: str, owner: str) -> Case:
        """Return a case. Raises UnknownCase when there is none of that name for this owner."""
        row = self._db.execute("SELECT id, owner, created, state FROM cases WHERE id = ?", (case_id,)).fetchone()
        if row is None or row[1] != owner:
            raise UnknownCase("There is no such case for this reader. Open the scan again to start one.")
        return Case(row[0], row[1], row[2], json.loads(row[3]))

    def of_owner(self, owner: str) -> list[Case]:
        """Return an owner's cases, newest first."""
        rows = self._db.execute(
            "SELECT id, owner, created, state FROM cases WHERE owner = ? ORDER BY created DESC, rowid DESC", (owner,)
        ).fetchall()
        return [Case(r[0], r[1], r[2], json.loads(r[3])) for r in rows]

    def hand_over(self, case_id: str, owner: str, new_owner: str) -> None:
        """Give a case to another owner. Raises UnknownCase when it is not the first one's."""
        self.get(case_id, owner)
        with self._write():
            self._db.execute("UPDATE cases SET owner = ? WHERE id = ?", (new_owner, case_id))

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
        save_scan(scan, self._scan_folder(case_id, scan.id))
        source = {
            "files": [str(f) for f in scan.source.files],
            "format": scan.source.format,
            "identity": scan.source.identity,
            "study_date": scan.source.study_date,
        }
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with self._write():
            self._db.execute(
                "INSERT OR IGNORE INTO scans VALUES (?, ?, ?, ?, ?)",
                (case_id, scan.id, role, now, json.dumps(source)),
            )

    def scans(self, case_id: str, role: str = "current") -> list[Scan]:
        """Return a case's scans of a role, oldest first, their voxels read when first used."""
        rows = self._db.execute(
            "SELECT scan_id FROM scans WHERE case_id = ? AND role = ? ORDER BY rowid", (case_id, role)
        ).fetchall()
        return [open_scan(self._scan_folder(case_id, row[0])) for row in rows]

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
            tuple(Path(f) for f in data.get("files", ())),
            data.get("format", "made"),
            data.get("identity", {}),
            data.get("study_date"),
        )

    def delete(self, case_id: str) -> None:
        """Delete a case's rows and scans for good."""
        with self._write():
            self._db.execute("DELETE FROM scans WHERE case_id = ?", (case_id,))
            self._db.execute("DELETE FROM cases WHERE id = ?", (case_id,))
        shutil.rmtree(self.folder / case_id, ignore_errors=True)

    def case_folder(self, case_id: str) -> Path:
        """Return the folder of a case's files, made if need be."""
        folder = self.folder / case_id
        folder.mkdir(exist_ok=True)
        return folder

    def _scan_folder(self, case_id: str, scan_id: str) -> Path:
        return self.case_folder(case_id) / "scans" / scan_id[:16]

    @contextlib.contextmanager
    def _write(self) -> Iterator[None]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")  # what is read before it is changed must not change between the two
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
