"""What PostgreSQL's errors mean to whoever runs the app: one clear line, never a password.

Knows no table and holds no connection.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from urllib.parse import urlsplit

from tools.database.base import DatabaseDown, DatabaseMismatch

EXTRA = "Install it: pip install 'scanwright[shared]'."
_REFUSED = ("password", "authentication", "role ", "pg_hba.conf", "permission denied")
_KEPT = "What was recorded is kept."


def shown(url: str) -> str:
    """Return an address as it may be shown: host, port and name. Raises DatabaseMismatch when it is none."""
    wrong = DatabaseMismatch(
        "SCANWRIGHT_DATABASE is no address of PostgreSQL. Give postgresql://USER:PASSWORD@HOST:5432/NAME (a '%', '/', "
        "'@' or ':' in the password as %25, %2F, %40, %3A), or leave it out for files in the data folder."
    )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise wrong from None
    if parts.scheme not in ("postgresql", "postgres"):
        raise wrong
    return f"{parts.hostname or 'this machine'}{f':{port}' if port else ''}{parts.path}"


@contextlib.contextmanager
def reaching(where: str) -> Iterator[None]:
    """Turn what goes wrong on the way to the server into DatabaseDown; errors of the SQL itself go on as they are."""
    import psycopg
    from psycopg import errors

    try:
        yield
    except (psycopg.OperationalError, psycopg.InterfaceError, errors.InsufficientPrivilege,
            errors.ReadOnlySqlTransaction) as error:  # fmt: skip
        raise DatabaseDown(_told(where, error)) from error
    except psycopg.ProgrammingError as error:
        if error.sqlstate is not None:
            raise
        # Words of the address itself, which the library repeats, stay out of the chain.
        raise DatabaseMismatch(f"SCANWRIGHT_DATABASE cannot be read as an address ({where}).") from None


def _told(where: str, error: BaseException) -> str:
    text, state = str(error), getattr(error, "sqlstate", None) or ""
    if state == "53100":
        return f"The database {where} has no room left. Make room on its disk. {_KEPT}"
    if state == "25006":
        return f"The database {where} takes no writes now (it is a standby, or was made read-only). {_KEPT}"
    if state == "3D000" or ('database "' in text and "does not exist" in text):
        return f"The server has no database of that name ({where}). Make it (createdb), or check SCANWRIGHT_DATABASE."
    if state[:2] == "28" or state == "42501" or any(word in text for word in _REFUSED):
        return (
            f"The database {where} refused us: check the user, the password and the rights in SCANWRIGHT_DATABASE "
            f"(the user needs to make tables in it). {_KEPT}"
        )
    if state == "53300" or "too many" in text:
        return f"The database {where} has no connection left. Raise its max_connections, or run fewer replicas. {_KEPT}"
    return (
        f"The database {where} cannot be reached ({type(error).__name__}). Check that it runs, SCANWRIGHT_DATABASE "
        f"and the network, then try again. {_KEPT}"
    )
