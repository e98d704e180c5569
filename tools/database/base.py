"""One SQL layer for two databases: SQLite files of one machine, PostgreSQL for several.

The SQL is written once, with ``?`` for values and what both databases understand (``ON CONFLICT DO NOTHING``, not
``INSERT OR IGNORE``); a table that is read in the order of its rows names `ROWID` among its columns. Only triggers are
written twice, by `only_grows` and by who needs more. SQLAlchemy would load for 0.4 s at each start and have neither
triggers nor the locks, so this is a thin layer of our own.

Knows no table.
"""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tools.errors import StateDown, ToolError

ROWID = "{rowid}"
"""Stands in a table's columns where rows are read in the order they came in: SQLite has that column by itself."""


class DatabaseDown(StateDown):
    """The database cannot be reached, refuses us, or is full. What was recorded before is still there."""


class DatabaseMismatch(ToolError):
    """The database is of another version, or what reaches it is not installed. The message says what to do."""


@dataclass(frozen=True)
class Schema:
    """The tables of one part of the record.

    Attributes:
        name: the part; also the name of its SQLite file.
        tables: CREATE statements for both databases, that can be run again.
        sqlite, postgres: triggers, that can be made again.
    """

    name: str
    tables: str
    sqlite: str = ""
    postgres: str = ""

    def plus(self, other: Schema) -> Schema:
        """Return both, under this one's name."""
        return Schema(
            self.name, self.tables + other.tables, self.sqlite + other.sqlite, self.postgres + other.postgres
        )


def only_grows(table: str, told: str) -> Schema:
    """Return the triggers of a table whose rows are never changed and never deleted."""
    return never_changed(table, told).plus(_never_deleted(table, told))


def never_changed(table: str, told: str) -> Schema:
    """Return the triggers of a table whose rows are never changed."""
    return Schema(
        table,
        "",
        f"CREATE TRIGGER IF NOT EXISTS {table}_is_never_changed BEFORE UPDATE ON {table}\n"
        f"BEGIN SELECT RAISE(ABORT, '{told}'); END;\n",
        _REFUSE + _trigger(f"{table}_is_never_changed", "UPDATE", table, told)
        + _trigger(f"{table}_is_never_emptied", "TRUNCATE", table, told, "STATEMENT"),
    )  # fmt: skip


def _never_deleted(table: str, told: str) -> Schema:
    return Schema(
        table,
        "",
        f"CREATE TRIGGER IF NOT EXISTS {table}_is_never_shortened BEFORE DELETE ON {table}\n"
        f"BEGIN SELECT RAISE(ABORT, '{told}'); END;\n",
        _trigger(f"{table}_is_never_shortened", "DELETE", table, told),
    )


_REFUSE = """
CREATE OR REPLACE FUNCTION scanwright_refuses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation'; END $$;
"""


def _trigger(name: str, act: str, table: str, told: str, each: str = "ROW") -> str:
    return (
        f"CREATE OR REPLACE TRIGGER {name} BEFORE {act} ON {table} FOR EACH {each} "
        f"EXECUTE FUNCTION scanwright_refuses('{told}');\n"
    )


class Database(ABC):
    """A database that several threads and processes share."""

    shared: bool = False
    """Whether other machines may be at work on it too."""

    @abstractmethod
    def execute(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """Run one statement and return what has `fetchone` and `fetchall`. Inside `writing` it belongs to it."""

    @abstractmethod
    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement and return everything it found."""

    def row(self, sql: str, values: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        """Run one statement and return the first row it found, or None."""
        return next(iter(self.rows(sql, values)), None)

    @abstractmethod
    def make(self, schema: Schema) -> None:
        """Make a part's tables and triggers where they are not there yet."""

    @abstractmethod
    def writing(self, alone: Sequence[str] = (), beside: Sequence[str] = ()) -> contextlib.AbstractContextManager[None]:
        """Run what is inside as one transaction: all of it is kept, or nothing.

        Nothing that names one of the same words under `alone` runs at the same time, on whatever machine; what names
        a word under `beside` runs beside its like, and not beside what has it `alone`. SQLite keeps all writers apart.
        """

    @abstractmethod
    def forget(self) -> None:
        """Leave nothing of what was deleted in the files, as far as that is ours to do."""

    @abstractmethod
    def close(self) -> None:
        """Close it."""


class Databases(ABC):
    """Where the parts of the record lie, each opened by its name."""

    shared: bool = False

    @abstractmethod
    def open(self, schema: Schema) -> Database:
        """Return the part's database, its tables made."""

    @abstractmethod
    def turn(self, case_id: str, wait_s: float) -> contextlib.AbstractContextManager[bool]:
        """Hold a case's turn on every machine; give whether it was got within the wait."""

    def close(self) -> None:  # noqa: B027 - files have nothing to close but what `open` returned
        """Close what the parts share."""
