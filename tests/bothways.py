"""The record's two databases for the same tests: a SQLite file, and a database of PostgreSQL made for one test."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from tools.database import Databases, open_databases

PLACES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.long)]


@dataclass
class Place:
    """Where a part of the record lies: in the file that a test names, or in the database of `url`."""

    url: str | None

    @cached_property
    def databases(self) -> Databases | None:
        """What a part is opened with; None for its own file."""
        return open_databases(self.url, {}) if self.url else None

    def raw(self, file: Path) -> Any:
        """Return a connection of somebody else's."""
        if self.url is None:
            return sqlite3.connect(file)
        import psycopg

        return psycopg.connect(self.url)

    @property
    def refusals(self) -> tuple[type[Exception], ...]:
        """The errors with which a database refuses a change."""
        if self.url is None:
            return (sqlite3.IntegrityError,)
        import psycopg

        return (psycopg.IntegrityError,)

    def meddle(self, file: Path, *statements: str) -> None:
        """Change the rows behind the record's back, its triggers taken away first."""
        raw = self.raw(file)
        listed = "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'"
        if self.url is not None:
            listed = "SELECT tgname, tgrelid::regclass FROM pg_trigger WHERE NOT tgisinternal"
        with raw:
            for name, table in raw.execute(listed).fetchall():
                raw.execute(f"DROP TRIGGER {name}" + (f" ON {table}" if self.url is not None else ""))
            for statement in statements:
                raw.execute(statement)
        raw.close()

    def close(self) -> None:
        """Close what was opened."""
        if self.databases is not None:
            self.databases.close()
