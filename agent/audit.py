"""The audit log: who did what to which case, when, and what evidence came of it; append-only and hash-chained.

Each line carries the hash of the line before, so a line that was changed, taken out or put in is found by `verify`.
The newest hash is kept in a file beside it as well, so that lines cut from the end are found too. A case that is
deleted leaves its lines (who, when, what, an opaque id), never its content. Knows no function of the toolset.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from tools.database import open_database

FIRST = "0" * 64
"""What the first line follows."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS audit (number INTEGER PRIMARY KEY, body TEXT NOT NULL, hash TEXT NOT NULL);
CREATE TRIGGER IF NOT EXISTS audit_is_never_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER IF NOT EXISTS audit_is_never_shortened BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
"""
MOST_DETAIL = 300
"""Characters of detail that a line keeps: what was done, never what was said."""


@dataclass(frozen=True)
class Line:
    """One line of the log.

    Attributes:
        number: 1, 2, 3…
        when: UTC, ISO 8601.
        who: the reader's id (the login, or the browser's opaque id), or ``cli``.
        what: the act: ``opened``, ``segment``, ``signed``, ``exported``, ``deleted``…
        case: the case's id, or empty.
        evidence: ``E9`` and its hash for each piece that came of it.
        detail: e.g. the tool and its version, or a file format; no text of a reader, no name, no path.
    """

    number: int
    when: str
    who: str
    what: str
    case: str = ""
    evidence: tuple[tuple[str, str], ...] = ()
    detail: str = ""
    hash: str = ""

    def digest(self, before: str) -> str:
        """Return the sha256 over this line and the hash of the one before."""
        body = asdict(self) | {"hash": before}
        return hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


class AuditLog:
    """The log of one data folder. Safe for several threads and processes."""

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self._head = home / "audit.head"
        self._lock = threading.RLock()
        self._db = open_database(home / "audit.sqlite", autocommit=True)
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._db.close()

    def add(
        self, who: str, what: str, case: str = "", evidence: tuple[tuple[str, str], ...] = (), detail: str = ""
    ) -> Line:
        """Append a line and return it."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                last = self._db.execute("SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1").fetchone()
                number, before = (last[0] + 1, last[1]) if last else (1, FIRST)
                when = datetime.now(UTC).isoformat(timespec="milliseconds")
                draft = Line(number, when, who, what, case, evidence, detail[:MOST_DETAIL])
                line = Line(**{**asdict(draft), "evidence": evidence, "hash": draft.digest(before)})
                body = json.dumps(asdict(draft), sort_keys=True, ensure_ascii=False)
                self._db.execute("INSERT INTO audit VALUES (?, ?, ?)", (number, body, line.hash))
                self._keep_head(line)
                self._db.execute("COMMIT")
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
        return line

    def lines(self, case: str | None = None) -> Iterator[Line]:
        """Yield the log, oldest first; of one case when it is named."""
        with self._lock:
            rows = self._db.execute("SELECT number, body, hash FROM audit ORDER BY number").fetchall()
        for number, body, digest in rows:
            line = _line(number, body, digest)
            if case is None or line.case == case:
                yield line

    def verify(self) -> list[str]:
        """Return a sentence for each line that is not what was written, or is missing; empty: the log is whole."""
        problems: list[str] = []
        with self._lock:
            rows = self._db.execute("SELECT number, body, hash FROM audit ORDER BY number").fetchall()
            head = self._read_head()
        before, due = FIRST, 1
        for number, body, digest in rows:
            if number != due:
                problems.append(f"Line {due} is missing; the next is line {number}.")
            line = _line(number, body, digest)
            if line.digest(before) != digest:
                problems.append(f"Line {number} is not what was written, or follows another line than it did.")
            before, due = digest, number + 1
        if head is None:
            if rows:
                problems.append("The file audit.head is missing: lines may have been cut from the end.")
        elif head[0] >= due or (head[0] == due - 1 and head[1] != before):
            problems.append(f"The log ends at line {due - 1}; {head[0]} were written. Lines are missing at the end.")
        return problems

    def _keep_head(self, line: Line) -> None:
        draft = self._head.with_suffix(".draft")
        draft.write_text(f"{line.number} {line.hash}\n", encoding="ascii")
        os.replace(draft, self._head)

    def _read_head(self) -> tuple[int, str] | None:
        try:
            number, digest = self._head.read_text(encoding="ascii").split()
            return int(number), digest
        except (OSError, ValueError):
            return None


def _line(number: int, body: str, digest: str) -> Line:
    try:
        said = json.loads(body)
        evidence = tuple((str(a), str(b)) for a, b in said["evidence"])
        fields = {k: str(said[k]) for k in ("when", "who", "what", "case", "detail")}
        return Line(number=int(said["number"]), evidence=evidence, hash=digest, **fields)
    except (ValueError, KeyError, TypeError):
        return Line(number, "", "", "unreadable", hash=digest)
