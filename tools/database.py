"""Opening a SQLite file that several threads and processes share.

Knows no table.
"""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

PATIENCE_S = 30.0
"""How long a writer waits for another before it gives up."""
_PAUSE_S = 0.02


def open_database(path: Path, *, autocommit: bool = False) -> sqlite3.Connection:
    """Return a connection in write-ahead mode that waits for other writers.

    Args:
        path: the file; it is made when it is not there.
        autocommit: begin no transaction by itself; the caller says when.

    Raises:
        sqlite3.Error: it is no database, cannot be written, or another process held it for `PATIENCE_S`.
    """
    connection = sqlite3.connect(
        path, check_same_thread=False, timeout=PATIENCE_S, isolation_level=None if autocommit else "DEFERRED"
    )
    try:
        _write_ahead(connection)
        connection.execute("PRAGMA synchronous=FULL")
    except BaseException:
        connection.close()
        raise
    return connection


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
