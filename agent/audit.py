"""The audit log: who did what to which case, when, and what evidence came of it; append-only and hash-chained.

Each line carries the hash of the line before, so a line that was changed, taken out or put in is found by `verify`.
The newest hash is kept beside it as well (in a file; in PostgreSQL in a table of its own, which a file on the machines
of the app would not know all of), so that lines cut from the end are found too. A case that is
deleted leaves its lines (who, when, what, an opaque id), never its content. Knows no function of the toolset.
"""

from __future__ import annotations

import hashlib
import json
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from tools.database import Database, Databases, Files, Schema, only_grows

FIRST = "0" * 64
"""What the first line follows."""
SCHEMA = Schema(
    "audit",
    """
CREATE TABLE IF NOT EXISTS audit (number INTEGER PRIMARY KEY, body TEXT NOT NULL, hash TEXT NOT NULL);
""",
).plus(only_grows("audit", "the audit log is append-only"))
HEAD = Schema(
    "audit head",
    """
CREATE TABLE IF NOT EXISTS audit_head (one INTEGER PRIMARY KEY, number INTEGER NOT NULL, hash TEXT NOT NULL);
""",
)
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
    """The log of one data folder, or of the database that is shared. Safe for several threads and processes."""

    def __init__(self, home: Path, databases: Databases | None = None) -> None:
        """Open the log of a data folder; it lies in `databases` instead when they are given."""
        home.mkdir(parents=True, exist_ok=True)
        self._db = (databases or Files({"audit": home / "audit.sqlite"})).open(SCHEMA)
        self._head: _Head = _HeadRow(self._db) if self._db.shared else _HeadFile(home / "audit.head")

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def add(
        self, who: str, what: str, case: str = "", evidence: tuple[tuple[str, str], ...] = (), detail: str = ""
    ) -> Line:
        """Append a line and return it."""
        with self._db.writing(alone=("audit",)):
            last = self._db.row("SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1")
            number, before = (last[0] + 1, last[1]) if last else (1, FIRST)
            when = datetime.now(UTC).isoformat(timespec="milliseconds")
            draft = Line(number, when, who, what, case, evidence, detail[:MOST_DETAIL])
            line = Line(**{**asdict(draft), "evidence": evidence, "hash": draft.digest(before)})
            body = json.dumps(asdict(draft), sort_keys=True, ensure_ascii=False)
            self._db.execute("INSERT INTO audit VALUES (?, ?, ?)", (number, body, line.hash))
            self._head.keep(line)
        return line

    def lines(self, case: str | None = None) -> Iterator[Line]:
        """Yield the log, oldest first; of one case when it is named."""
        for number, body, digest in self._db.rows("SELECT number, body, hash FROM audit ORDER BY number"):
            line = _line(number, body, digest)
            if case is None or line.case == case:
                yield line

    def newest(self, most: int) -> list[Line]:
        """Return the last lines, newest first."""
        rows = self._db.rows("SELECT number, body, hash FROM audit ORDER BY number DESC LIMIT ?", (most,))
        return [_line(*row) for row in rows]

    def verify(self) -> list[str]:
        """Return a sentence for each line that is not what was written, or is missing; empty: the log is whole."""
        problems: list[str] = []
        # The head first: lines that are added meanwhile come after it, and are no reason to think some are missing.
        head = self._head.read()
        rows = self._db.rows("SELECT number, body, hash FROM audit ORDER BY number")
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
                problems.append(f"{self._head.name} is missing: lines may have been cut from the end.")
        elif head[0] >= due or (head[0] == due - 1 and head[1] != before):
            problems.append(f"The log ends at line {due - 1}; {head[0]} were written. Lines are missing at the end.")
        return problems


class _Head(ABC):
    """Where the number and the hash of the newest line are kept a second time."""

    name: str

    @abstractmethod
    def keep(self, line: Line) -> None:
        """Keep the newest line's; inside the transaction that adds it."""

    @abstractmethod
    def read(self) -> tuple[int, str] | None:
        """Return what was kept, or None."""


class _HeadFile(_Head):
    """A file beside the log's own: whoever cuts one must think of the other."""

    name = "The file audit.head"

    def __init__(self, path: Path) -> None:
        self._path = path

    def keep(self, line: Line) -> None:
        """Write the file anew."""
        draft = self._path.with_suffix(".draft")
        draft.write_text(f"{line.number} {line.hash}\n", encoding="ascii")
        os.replace(draft, self._path)

    def read(self) -> tuple[int, str] | None:
        """Read the file."""
        try:
            number, digest = self._path.read_text(encoding="ascii").split()
            return int(number), digest
        except (OSError, ValueError):
            return None


class _HeadRow(_Head):
    """A row of the shared database."""

    name = "The row of audit_head"

    def __init__(self, database: Database) -> None:
        database.make(HEAD)
        self._db = database

    def keep(self, line: Line) -> None:
        """Write the row anew."""
        self._db.execute(
            "INSERT INTO audit_head VALUES (1, ?, ?) "
            "ON CONFLICT (one) DO UPDATE SET number = excluded.number, hash = excluded.hash",
            (line.number, line.hash),
        )

    def read(self) -> tuple[int, str] | None:
        """Read the row."""
        row = self._db.row("SELECT number, hash FROM audit_head WHERE one = 1")
        return (int(row[0]), str(row[1])) if row else None


def _line(number: int, body: str, digest: str) -> Line:
    try:
        said = json.loads(body)
        evidence = tuple((str(a), str(b)) for a, b in said["evidence"])
        fields = {k: str(said[k]) for k in ("when", "who", "what", "case", "detail")}
        return Line(number=int(said["number"]), evidence=evidence, hash=digest, **fields)
    except (ValueError, KeyError, TypeError):
        return Line(number, "", "", "unreadable", hash=digest)
