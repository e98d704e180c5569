"""Who else may see a case: those its owner shares it with, to read or to work; and what readers call themselves.

Tables beside the cases, in the same database; `Cases` is made with this. A reader is an opaque id; the name that goes
with it is kept when they log in, so that a shared case can say whose it is. Knows no role and no login.
"""

from __future__ import annotations

import contextlib
import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from agent.events import NoRight
from agent.people import LEVELS, Level
from tools.database import Database

TABLES = """
CREATE TABLE IF NOT EXISTS shares (
    case_id TEXT NOT NULL, reader TEXT NOT NULL, level TEXT NOT NULL, since TEXT NOT NULL, PRIMARY KEY (case_id, reader)
);
CREATE TABLE IF NOT EXISTS people (id TEXT PRIMARY KEY, name TEXT NOT NULL, settings TEXT NOT NULL);
"""
MOST_SHARES = 50
"""Readers one case is shared with: a team, not a house."""


@dataclass(frozen=True)
class Share:
    """A case is shared with a reader (an opaque id; the name where it is known), to ``read`` or to ``work``."""

    reader: str
    level: Level
    since: str
    name: str = ""


class Sharing(ABC):
    """The part of `Cases` that says who else may see one."""

    _db: Database

    @abstractmethod
    def _write(self) -> contextlib.AbstractContextManager[None]:
        """Run what is inside as one transaction."""

    @abstractmethod
    def get(self, case_id: str, reader: str, need: Level = "own") -> Any:
        """Return a case for a reader who may do so much in it."""

    def share(self, case_id: str, owner: str, with_: str, level: Level) -> None:
        """Share a case with another reader, or change what they may do in it.

        Args:
            case_id: the case.
            owner: whose it is, and who shares it.
            with_: the other reader's id.
            level: ``read`` or ``work``.

        Raises:
            UnknownCase: there is no such case for this owner.
            NoRight: it is not theirs to share, or not this way.
        """
        self.get(case_id, owner)
        if level not in LEVELS or level == "own":
            raise NoRight(f"A case is shared to read or to work; {level!r} was given.")
        if with_ == owner:
            raise NoRight("This case is yours already; share it with somebody else.")
        others = [s for s in self.shared_with(case_id, owner) if s.reader != with_]
        if len(others) >= MOST_SHARES:
            raise NoRight(f"A case is shared with up to {MOST_SHARES} readers. End one of these first.")
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with self._write():
            self._db.execute(
                "INSERT INTO shares (case_id, reader, level, since) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (case_id, reader) DO UPDATE SET level = excluded.level, since = excluded.since",
                (case_id, with_, level, now),
            )

    def unshare(self, case_id: str, owner: str, with_: str) -> None:
        """Take a case back from a reader; what they have open ends with their next act. See `share` for errors."""
        self.get(case_id, owner)
        with self._write():
            self._db.execute("DELETE FROM shares WHERE case_id = ? AND reader = ?", (case_id, with_))

    def shared_with(self, case_id: str, owner: str) -> list[Share]:
        """Return whom a case is shared with, by name. Raises UnknownCase, NoRight where it is not this owner's."""
        self.get(case_id, owner)
        rows = self._db.execute(
            "SELECT s.reader, s.level, s.since, coalesce(p.name, '') FROM shares s LEFT JOIN people p "
            "ON p.id = s.reader WHERE s.case_id = ? ORDER BY 4, 1",
            (case_id,),
        ).fetchall()
        return [Share(*row) for row in rows]

    def shares_of(self, owner: str) -> dict[str, list[Share]]:
        """Return whom each of an owner's cases is shared with; those that are shared with nobody are left out."""
        rows = self._db.execute(
            "SELECT s.case_id, s.reader, s.level, s.since, coalesce(p.name, '') FROM shares s "
            "JOIN cases c ON c.id = s.case_id LEFT JOIN people p ON p.id = s.reader WHERE c.owner = ? ORDER BY 5, 2",
            (owner,),
        ).fetchall()
        found: dict[str, list[Share]] = {}
        for case_id, *row in rows:
            found.setdefault(case_id, []).append(Share(*row))
        return found

    def level(self, case_id: str, reader: str) -> Level | None:
        """Return what a case is shared to a reader for, or None; of its owner this says nothing."""
        row = self._db.execute(
            "SELECT level FROM shares WHERE case_id = ? AND reader = ?", (case_id, reader)
        ).fetchone()
        return row[0] if row and row[0] in LEVELS else None

    def _forget_shares(self, case_id: str) -> None:
        """End every share of a case; inside a transaction."""
        self._db.execute("DELETE FROM shares WHERE case_id = ?", (case_id,))

    # What readers call themselves, and what they chose

    def meet(self, reader: str, name: str) -> None:
        """Keep the name a reader logged in with."""
        if self.name_of(reader) != name:
            self._keep(reader, name, self.choices(reader))

    def name_of(self, reader: str) -> str:
        """Return the name a reader logged in with; empty where none is known."""
        row = self._db.execute("SELECT name FROM people WHERE id = ?", (reader,)).fetchone()
        return str(row[0]) if row else ""

    def choices(self, reader: str) -> dict[str, Any]:
        """Return what a reader chose for themselves: the language of the app."""
        row = self._db.execute("SELECT settings FROM people WHERE id = ?", (reader,)).fetchone()
        return dict(json.loads(row[0])) if row else {}

    def choose(self, reader: str, **changes: Any) -> None:
        """Merge changes into what a reader chose."""
        held = self.choices(reader)
        if any(held.get(name) != value for name, value in changes.items()):
            self._keep(reader, self.name_of(reader), held | changes)

    def _keep(self, reader: str, name: str, settings: dict[str, Any]) -> None:
        with self._write():
            self._db.execute(
                "INSERT INTO people (id, name, settings) VALUES (?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET name = excluded.name, settings = excluded.settings",
                (reader, name, json.dumps(settings)),
            )
