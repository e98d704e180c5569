"""The rows of a move: cases with their scans and shares, evidence, the audit log.

A row that is there already must be the same one. Knows no file and no conversation.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agent.audit import HEAD
from agent.audit import SCHEMA as AUDIT
from agent.cases import OWN, inside
from agent.cases import SCHEMA as CASES
from tools.database import Database, Databases
from tools.evidence import SCHEMA as EVIDENCE

_BESIDE = {
    "shares": ("case_id, reader, level, since", "case_id"),
    "people": ("id, name, settings", None),
}
"""Tables that are copied as they are, with the column that names a case."""


class Rows:
    """The rows of a data folder, and the database they go to (None: they stay)."""

    def __init__(self, home: Path, old: Databases, new: Databases | None) -> None:
        self._home = home
        self._old = {schema.name: old.open(schema) for schema in (CASES, EVIDENCE, AUDIT)}
        self._new: dict[str, Database] = {}
        if new is not None:
            self._new = {schema.name: new.open(schema) for schema in (CASES, EVIDENCE, AUDIT)}
            self._new["audit"].make(HEAD)
        self.problems: list[str] = []
        self.gone_on: set[str] = set()
        """Cases that have gone on at the new place, or are others there: left alone."""

    def close(self) -> None:
        """Close every part."""
        for part in (*self._old.values(), *self._new.values()):
            part.close()

    def copy(self, *, closed: bool) -> tuple[int, int, int]:
        """Copy what is not there yet; return how many cases, pieces of evidence and lines the folder has.

        Args:
            closed: files of a case's folder have gone to a store, and are noted as the case's own.
        """
        cases = self._old["cases"].rows("SELECT id, owner, created, state FROM cases ORDER BY rowid")
        evidence = self._old["evidence"].rows("SELECT case_id FROM evidence UNION SELECT case_id FROM counted")
        lines = self._old["audit"].rows("SELECT number, body, hash FROM audit ORDER BY number")
        count = self._old["evidence"].row("SELECT count(*) FROM evidence")
        if self._new:
            for (case_id,) in evidence:
                self._evidence(case_id)
            for row in cases:
                if row[0] not in self.gone_on:
                    self._case(row, closed)
            self._beside()
            self._audit(lines)
        elif closed:
            self.problems.append(
                "The rows stay in the data folder (no --database): cases still name files by their place on this "
                "machine. Move both for replicas."
            )
        return len(cases), int(count[0]) if count else 0, len(lines)

    def _evidence(self, case_id: str) -> None:
        asked = "SELECT number, hash, body FROM evidence WHERE case_id = ? ORDER BY number"
        old, new = self._old["evidence"].rows(asked, (case_id,)), self._new["evidence"]
        with new.writing(alone=(f"evidence {case_id}",), beside=("arrays",)):
            there = {number: (digest, body) for number, digest, body in new.rows(asked, (case_id,))}
            held = {number: (digest, body) for number, digest, body in old}
            if any(there[n] != held[n] for n in there.keys() & held.keys()):
                self.problems.append(f"case {case_id}: other evidence of that name is at the new place; left as it is.")
                self.gone_on.add(case_id)
                return
            if there.keys() - held.keys():
                self.gone_on.add(case_id)
            for number, digest, body in old:
                if number not in there:
                    new.execute(
                        "INSERT INTO evidence (case_id, number, hash, body) VALUES (?, ?, ?, ?)",
                        (case_id, number, digest, body),
                    )
            counted = self._old["evidence"].row("SELECT number FROM counted WHERE case_id = ?", (case_id,))
            new.execute(
                "INSERT INTO counted VALUES (?, ?) ON CONFLICT (case_id) DO UPDATE SET number = excluded.number "
                "WHERE counted.number < excluded.number",
                (case_id, counted[0] if counted else 0),
            )

    def _case(self, row: Sequence[Any], closed: bool) -> None:
        case_id, owner, created, state = row
        scans = self._old["cases"].rows(
            "SELECT scan_id, role, added, source FROM scans WHERE case_id = ? ORDER BY rowid", (case_id,)
        )
        new = self._new["cases"]
        with new.writing(alone=("cases",)):
            there = new.row("SELECT created, state FROM cases WHERE id = ?", (case_id,))
            if there is not None and there[0] != created:
                self.problems.append(f"case {case_id}: another case of that name is at the new place; left as it is.")
                self.gone_on.add(case_id)
                return
            new.execute(
                "INSERT INTO cases (id, owner, created, state) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
                "owner = excluded.owner, state = excluded.state",
                (case_id, owner, created, state),
            )
            for scan_id, role, added, source in scans:
                noted = self._noted(case_id, source) if closed else source
                new.execute(
                    "INSERT INTO scans (case_id, scan_id, role, added, source) VALUES (?, ?, ?, ?, ?) "
                    "ON CONFLICT DO NOTHING",
                    (case_id, scan_id, role, added, noted),
                )

    def _noted(self, case_id: str, source: str) -> str:
        """Return a scan's source with the files of the case's own folder noted as such."""
        held = json.loads(source)
        folder = self._home / "cases" / case_id
        files = [(file, inside(folder, Path(file))) for file in held.get("files", ())]
        held["files"] = [file if name is None or file.startswith(OWN) else OWN + name for file, name in files]
        return json.dumps(held)

    def _beside(self) -> None:
        for table, (columns, of_case) in _BESIDE.items():
            rows = self._old["cases"].rows(f"SELECT {columns} FROM {table}")  # noqa: S608 - names of our own
            marks = ", ".join("?" * (columns.count(",") + 1))
            with self._new["cases"].writing(alone=("cases",)):
                for row in rows:
                    if of_case is None or row[0] not in self.gone_on:
                        self._new["cases"].execute(
                            f"INSERT INTO {table} ({columns}) VALUES ({marks}) "  # noqa: S608 - names of our own
                            "ON CONFLICT DO NOTHING",
                            row,
                        )

    def _audit(self, lines: Sequence[tuple[Any, ...]]) -> None:
        new = self._new["audit"]
        with new.writing(alone=("audit",)):
            there = {n: (body, digest) for n, body, digest in new.rows("SELECT number, body, hash FROM audit")}
            differs = any(there.get(n, (body, digest)) != (body, digest) for n, body, digest in lines)
            if differs or (len(there) > len(lines) and lines and len(lines) not in there):
                self.problems.append(
                    "The new place has an audit log of its own: the two cannot become one chain. It was left as it is; "
                    "keep the data folder's (scanwright audit export) beside it."
                )
                return
            for number, body, digest in lines:
                if number not in there:
                    new.execute("INSERT INTO audit VALUES (?, ?, ?)", (number, body, digest))
            if lines and len(there) <= len(lines):
                new.execute(
                    "INSERT INTO audit_head VALUES (1, ?, ?) "
                    "ON CONFLICT (one) DO UPDATE SET number = excluded.number, hash = excluded.hash",
                    (lines[-1][0], lines[-1][2]),
                )
