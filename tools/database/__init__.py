"""The record's databases: SQLite files of one machine, or PostgreSQL for several, under one layer of SQL."""

from __future__ import annotations

from pathlib import Path

from tools.database.base import (
    ROWID,
    Database,
    DatabaseDown,
    DatabaseMismatch,
    Databases,
    Schema,
    never_changed,
    only_grows,
)
from tools.database.sqlite import (
    PATIENCE_S,
    WHOLE_CHECK,
    DamagedDatabase,
    Files,
    SqliteDatabase,
    forget,
    open_database,
)

__all__ = [
    "PATIENCE_S",
    "ROWID",
    "WHOLE_CHECK",
    "DamagedDatabase",
    "Database",
    "DatabaseDown",
    "DatabaseMismatch",
    "Databases",
    "Files",
    "Schema",
    "SqliteDatabase",
    "forget",
    "never_changed",
    "only_grows",
    "open_database",
    "open_databases",
]


def open_databases(url: str | None, places: dict[str, Path]) -> Databases:
    """Return where the record lies.

    Args:
        url: ``postgresql://…``; None is SQLite files.
        places: the file of each part, for SQLite.

    Raises:
        DatabaseDown, DatabaseMismatch: PostgreSQL cannot be used.
    """
    if url is None:
        return Files(places)
    from tools.database.postgres import Postgres

    return Postgres(url)
