"""A SQLite file closed with a key, by SQLCipher: every page, the write-ahead file's too, by AES-256 with a check.

SQLCipher's form of a file is published, and its own command line (`sqlcipher`, which distributions package) opens one
as well (`PRAGMA key = "x'…'"`), so what is kept does not hang on a Python package. Knows no table and no key file.
"""

from __future__ import annotations

import functools
import sqlite3
from pathlib import Path
from typing import Any

from tools.errors import ToolError

EXTRA = "An encrypted database needs the extra `encryption`: pip install 'scanwright[encryption]'."


def connect(path: Path, key: str, **options: Any) -> sqlite3.Connection:
    """Return a connection to a closed file, which has the same methods as SQLite's own; a new file is closed.

    Args:
        path: the file.
        key: 32 bytes in hexadecimal.
        options: as `sqlite3.connect` takes them.

    Raises:
        ToolError: the extra is not installed.
    """
    try:
        from sqlcipher3 import dbapi2
    except ImportError as error:
        raise ToolError(EXTRA) from error
    if len(bytes.fromhex(key)) != 32:
        raise ValueError("a database's key has 32 bytes")
    connection: Any = dbapi2.connect(path, factory=_kin(), **options)
    connection.execute("PRAGMA cipher_log_level = NONE")  # it would write to stderr
    connection.execute(f"PRAGMA key = \"x'{key}'\"")
    return connection  # type: ignore[no-any-return]


@functools.cache
def _kin() -> Any:
    """Return a connection whose errors are SQLite's own, as whoever works on one expects: the package's are no kin."""
    from sqlcipher3 import dbapi2

    def as_sqlite(method: Any) -> Any:
        @functools.wraps(method)
        def call(*arguments: Any, **named: Any) -> Any:
            try:
                return method(*arguments, **named)
            except dbapi2.Error as error:
                made = getattr(sqlite3, type(error).__name__, sqlite3.DatabaseError)(*error.args)
                made.sqlite_errorcode = getattr(error, "sqlite_errorcode", 0)
                raise made from error

        return call

    acts = ("execute", "executemany", "executescript")
    drawn = ("fetchone", "fetchall", "fetchmany", "__next__")
    cursor = type("Cursor", (dbapi2.Cursor,), {n: as_sqlite(getattr(dbapi2.Cursor, n)) for n in (*acts, *drawn)})
    made = {n: as_sqlite(getattr(dbapi2.Connection, n)) for n in (*acts, "commit", "rollback", "__exit__")}
    made["cursor"] = lambda self, factory=cursor: dbapi2.Connection.cursor(self, factory)
    return type("Connection", (dbapi2.Connection,), made)


def copy(source: Path, target: Path, old: str | None, new: str | None) -> None:
    """Write a file's content into a new one, from one key to another; None is no key. Both are closed afterwards.

    The write-ahead file is put into the source first; that fails where anybody else has it open.

    Raises:
        ToolError: somebody has it open, or a key is wrong.
    """
    connection = connect(source, old, timeout=1.0, isolation_level=None) if old else _plain(source)
    try:
        if connection.execute("PRAGMA journal_mode=DELETE").fetchone() != ("delete",):
            raise ToolError(_busy(source))
        target.unlink(missing_ok=True)
        how = f"\"x'{new}'\"" if new else "''"
        connection.execute(f"ATTACH DATABASE ? AS made KEY {how}", (str(target),))
        connection.execute("SELECT sqlcipher_export('made')").fetchone()
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        connection.execute(f"PRAGMA made.user_version = {int(version)}")
        connection.execute("DETACH DATABASE made")
    except sqlite3.Error as error:
        target.unlink(missing_ok=True)
        raise ToolError(_busy(source)) from error
    finally:
        connection.close()


def _plain(path: Path) -> Any:
    from sqlcipher3 import dbapi2

    connection = dbapi2.connect(path, timeout=1.0, isolation_level=None, factory=_kin())
    connection.execute("PRAGMA cipher_log_level = NONE")
    return connection


def _busy(path: Path) -> str:
    return (
        f"{path.name} in the data folder is in use or cannot be read with this key. Stop the app and everything else "
        "that has it open, then say it again. Nothing was changed."
    )
