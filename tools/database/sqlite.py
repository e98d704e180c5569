"""A SQLite file that several threads and processes of one machine share: write-ahead, synced, checked when opened.

Knows no table.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tools.database import cipher
from tools.database.base import ROWID, Database, Databases, Schema

WHOLE_CHECK = 32 * 2**20
"""Bytes up to which a file is looked through when it is opened (a tenth of a second)."""
PATIENCE_S = 30.0
"""How long a writer waits for another before it gives up."""
_PAUSE_S = 0.02


class DamagedDatabase(sqlite3.DatabaseError):
    """A file of the data folder is no database any more. The message says what to do."""


def open_database(path: Path, *, autocommit: bool = False, key: str | None = None) -> sqlite3.Connection:
    """Return a connection in write-ahead mode that waits for other writers.

    Args:
        path: the file; it is made when it is not there.
        autocommit: begin no transaction by itself; the caller says when.
        key: 32 bytes in hexadecimal with which the file is encrypted (`tools.database.cipher`); None: it is not.

    What is deleted is overwritten, so that a deleted case is not left in the file.

    Raises:
        DamagedDatabase: it is no database, or one with broken pages.
        sqlite3.Error: it cannot be written, or another process held it for `PATIENCE_S`.
    """
    options: dict[str, Any] = {
        "check_same_thread": False, "timeout": PATIENCE_S, "isolation_level": None if autocommit else "DEFERRED"
    }  # fmt: skip
    connection = sqlite3.connect(path, **options) if key is None else cipher.connect(path, key, **options)
    try:
        _write_ahead(connection)
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA secure_delete=ON")
        _look_through(connection, path)
    except BaseException as error:
        connection.close()
        if isinstance(error, sqlite3.DatabaseError) and getattr(error, "sqlite_errorcode", 0) & 0xFF in _BROKEN:
            raise DamagedDatabase(_damaged(path)) from error
        raise
    return connection


_BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _look_through(connection: sqlite3.Connection, path: Path) -> None:
    if path.stat().st_size <= WHOLE_CHECK and connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
        raise DamagedDatabase(_damaged(path))


def _damaged(path: Path) -> str:
    return (
        f"{path.name} in the data folder is damaged. Nothing was changed. Put back a backup of it, or move it away to "
        "go on without what it held (`sqlite3 FILE .recover` saves what can be saved)."
    )


def forget(connection: sqlite3.Connection) -> None:
    """Write what is in the write-ahead file into the database and empty it: what was deleted is then in neither.

    Where another process is reading, that is left to the next time.
    """
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch to write-ahead mode; SQLite does not wait by itself where two processes switch a new file at once."""
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
        time.sleep(_PAUSE_S)


class SqliteDatabase(Database):
    """One file, one connection, one thread at a time."""

    def __init__(self, path: Path, schema: Schema, key: str | None = None) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self.connection = open_database(path, autocommit=True, key=key)
        self.make(schema)

    def execute(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Run one statement."""
        with self._lock:
            return self.connection.execute(sql, values)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement and return what it found, while no other thread is at work on the connection."""
        with self._lock:
            return self.connection.execute(sql, values).fetchall()

    def make(self, schema: Schema) -> None:
        """Make tables and triggers; each statement says IF NOT EXISTS."""
        with self._lock:
            self.connection.executescript(schema.tables.replace(f"{ROWID},", "") + schema.sqlite)

    @contextlib.contextmanager
    def writing(self, alone: Sequence[str] = (), beside: Sequence[str] = ()) -> Iterator[None]:
        """Keep every other writer of the file out: what is read before it is changed does not change between."""
        with self._lock:
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self.connection.execute("ROLLBACK")
                raise
            self.connection.execute("COMMIT")

    def forget(self) -> None:
        """Empty the write-ahead file."""
        with self._lock:
            forget(self.connection)

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self.connection.close()


class Files(Databases):
    """SQLite files: one a part."""

    def __init__(self, places: dict[str, Path], key: str | None = None) -> None:
        """Take the files, and the key with which they are encrypted (32 bytes in hexadecimal); None: they are not."""
        self._places = places
        self.key = key

    def open(self, schema: Schema) -> Database:
        """Return the part's file, opened."""
        return SqliteDatabase(self._places[schema.name], schema, self.key)

    @contextlib.contextmanager
    def turn(self, case_id: str, wait_s: float) -> Iterator[bool]:
        """Files are one machine's: the lock inside the process is enough."""
        yield True
