"""The data folder's format: which one it is, the upgrade of an older one, the refusal of a newer one.

    0   before there was a file `format`: the databases kept deleted rows in their free pages
    1   what is deleted is overwritten

An upgrade can be broken off at any point and is then done again. Knows no table.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from agent.events import AgentError
from tools.database import open_database

FORMAT = 1
"""What this version reads and writes."""
_NAME = "format"
_DATABASES = (
    "cases.sqlite", "conversations.sqlite", "evidence/evidence.sqlite", "audit.sqlite", "catalogue.sqlite"
)  # fmt: skip


def database_files(home: Path) -> dict[str, Path]:
    """Return where a data folder's databases lie, by their parts' names."""
    return {Path(name).stem: home / name for name in _DATABASES}


def is_empty(home: Path) -> bool:
    """Return whether nothing of a case is kept in a data folder yet."""
    return not any(file.exists() for file in database_files(home).values())


class DataFolder(AgentError):
    """The data folder cannot be used as it is. The message says what to do."""


def prepare(home: Path) -> int:
    """Make the data folder ready, upgrading an older one; return the format it had (the newest for an empty one).

    Raises:
        DataFolder: it cannot be written, or a newer version wrote it.
        DamagedDatabase: a file of it is broken.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        found = _format_of(home)
        if found > FORMAT:
            raise DataFolder(
                f"The data folder was written by a newer version (format {found}; this one reads up to {FORMAT}). "
                "Nothing was changed. Use that version, or name another folder in SCANWRIGHT_HOME."
            )
        if found < 1:
            _overwrite_what_was_deleted(home)
        if found < FORMAT or not (home / _NAME).exists():
            _keep(home, FORMAT)
        return found
    except (OSError, sqlite3.OperationalError) as error:
        raise DataFolder(
            f"The data folder cannot be written ({type(error).__name__}: {getattr(error, 'strerror', None) or error}). "
            "Make room, give this user the right to write there, or name another folder in SCANWRIGHT_HOME."
        ) from error


def _format_of(home: Path) -> int:
    file = home / _NAME
    if not file.exists():
        return 0 if any((home / name).exists() for name in _DATABASES) else FORMAT
    text = file.read_text(encoding="ascii", errors="replace").strip()
    if not text.isdigit() or len(text) > 6:
        raise DataFolder(
            "The file `format` in the data folder holds no number. Put the folder's backup back, or delete that file: "
            "the folder is then taken for one of the first format and upgraded."
        )
    return int(text)


def _overwrite_what_was_deleted(home: Path) -> None:
    for name in _DATABASES:
        if (home / name).exists():
            connection = open_database(home / name, autocommit=True)
            try:
                connection.execute("VACUUM")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                connection.close()


def _keep(home: Path, number: int) -> None:
    draft = home / f".{_NAME}-{os.getpid()}"
    draft.write_text(f"{number}\n", encoding="ascii")
    os.replace(draft, home / _NAME)
