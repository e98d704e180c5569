"""PostgreSQL: one database for every replica of the app, through a small pool of connections.

Transactions that must not run beside each other take advisory locks by name, which end with the transaction. A case's
turn is a lock of the session of one connection, the keeper: it ends when its process does, however it ends. When the
keeper's connection breaks its locks are taken again before anything else is; what another replica took meanwhile is
logged, and what both then record still stands in one chain.

An address holds a password: it is in no message and no repr. Knows no table but its own, `scanwright`, which says which
version made the others.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import logging
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tools.database.base import ROWID, Database, DatabaseDown, DatabaseMismatch, Databases, Schema
from tools.database.postgres_errors import EXTRA, reaching, shown

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg_pool import ConnectionPool

log = logging.getLogger(__name__)
logging.getLogger("psycopg.pool").setLevel(logging.ERROR)  # each try again is told; we tell once, in our own words

FORMAT = 1
"""What this version reads and writes."""
OLDEST_SERVER = 140000
"""PostgreSQL 14: the first with CREATE OR REPLACE TRIGGER."""
MOST = 16
"""Connections of one process; a thread holds one for a statement or a transaction."""
CONNECT_S, POOL_S = 5, 8.0
"""Seconds to wait for a connection from the server, and from the pool while the server is away."""
FRESH_S = 2.0
"""A connection that was in use so lately is not asked whether it lives before it is used: that would be half of all
that goes over the network."""
_PAUSE_S = 0.05
_GONE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 2, "tcp_user_timeout": 10_000}
"""We find out within some ten seconds that the server's machine is gone, or the way there: by itself the connection
would wait for a quarter of an hour. An address may say otherwise."""
_ALIVE = "SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3"
"""The server finds out within a minute that a machine is gone, and frees its turns."""


class Postgres(Databases):
    """One PostgreSQL database that holds every part."""

    shared = True

    def __init__(self, url: str) -> None:
        """Connect. Raises DatabaseDown, DatabaseMismatch."""
        self.shown = shown(url)
        try:
            import psycopg
            from psycopg_pool import ConnectionPool
        except ImportError as error:
            raise DatabaseMismatch(f"SCANWRIGHT_DATABASE needs a part that is not installed. {EXTRA}") from error
        options: dict[str, Any] = {"autocommit": True, "connect_timeout": CONNECT_S, "application_name": "scanwright"}
        options |= {name: value for name, value in _GONE.items() if f"{name}=" not in url}
        self._connect = functools.partial(psycopg.connect, url, **options)
        self.check = _Check(ConnectionPool.check_connection)
        with reaching(self.shown):
            self._begin()
            self.pool: ConnectionPool[Connection[Any]] = ConnectionPool(
                url, kwargs=options, min_size=1, max_size=MOST, timeout=POOL_S, open=True, name="scanwright",
                check=self.check, reconnect_timeout=POOL_S,
            )  # fmt: skip
        self._turns = _Keeper(self._connect)

    def __repr__(self) -> str:
        return f"Postgres({self.shown})"

    def open(self, schema: Schema) -> Database:
        """Return a part of the database."""
        made = PostgresDatabase(self)
        made.make(schema)
        return made

    @contextlib.contextmanager
    def turn(self, case_id: str, wait_s: float) -> Iterator[bool]:
        """Hold a case's turn on every machine."""
        until, number = time.monotonic() + wait_s, lock_number(f"turn {case_id}")
        with reaching(self.shown):
            while not (got := self._turns.take(number)) and time.monotonic() < until:
                time.sleep(_PAUSE_S)
        try:
            yield got
        finally:
            if got:
                self._turns.leave(number)

    def close(self) -> None:
        """Close every connection."""
        self._turns.close()
        self.pool.close()

    def _begin(self) -> None:
        """Look at the server and at which version made the tables, with one connection and before there is a pool."""
        with self._connect() as connection:
            if connection.info.server_version < OLDEST_SERVER:
                found = connection.info.server_version // 10000
                raise DatabaseMismatch(f"The server is PostgreSQL {found}; 14 or newer is needed.")
            there = connection.execute("SELECT to_regclass('scanwright') IS NOT NULL").fetchone()
            if there == (False,):
                _make_first(connection)
            row = connection.execute("SELECT value FROM scanwright WHERE name = 'format'").fetchone()
            _check_format(row[0] if row else "")


class PostgresDatabase(Database):
    """One part of the record in PostgreSQL."""

    shared = True

    def __init__(self, home: Postgres) -> None:
        self._home = home
        self._here = threading.local()

    def execute(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """Run one statement, in this thread's transaction when there is one."""
        text = translated(sql)
        with reaching(self._home.shown):
            held = getattr(self._here, "connection", None)
            if held is not None:
                return held.execute(text, tuple(values))
            return self._alone(text, tuple(values))

    def _alone(self, text: str, values: tuple[Any, ...]) -> Any:
        """Run one statement on a connection of the pool; one that only reads, again when that connection was dead."""
        import psycopg

        used: Connection[Any] | None = None
        try:
            with self._home.pool.connection() as used:
                return used.execute(text, values)
        except psycopg.OperationalError:
            if used is None or not used.closed or not text.lstrip().upper().startswith("SELECT"):
                raise
        self._home.check.forget()
        with self._home.pool.connection() as connection:
            return connection.execute(text, values)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement and return what it found."""
        return list(self.execute(sql, values).fetchall())

    def make(self, schema: Schema) -> None:
        """Make tables and triggers, once for all replicas, where they are not what they should be."""
        script = schema.tables.replace(ROWID, "rowid BIGINT GENERATED ALWAYS AS IDENTITY") + schema.postgres
        name, made = f"tables {schema.name}", hashlib.sha256(script.encode()).hexdigest()
        if self.row("SELECT value FROM scanwright WHERE name = ?", (name,)) == (made,):
            return
        with self.writing(alone=("scanwright tables",)), reaching(self._home.shown):
            self._here.connection.execute(script)
            self.execute(
                "INSERT INTO scanwright VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (name, made),
            )

    @contextlib.contextmanager
    def writing(self, alone: Sequence[str] = (), beside: Sequence[str] = ()) -> Iterator[None]:
        """Run what is inside as one transaction that holds the named locks."""
        wanted = [f"pg_advisory_xact_lock_shared({lock_number(word)})" for word in beside]
        wanted += [f"pg_advisory_xact_lock({lock_number(word)})" for word in alone]
        with reaching(self._home.shown), self._home.pool.connection() as connection, connection.transaction():
            for one in wanted:
                connection.execute(f"SELECT {one}")
            self._here.connection = connection
            try:
                yield
            finally:
                self._here.connection = None

    def forget(self) -> None:
        """Nothing: PostgreSQL's own vacuum takes out what was deleted."""

    def close(self) -> None:
        """Nothing: the connections are shared with the other parts."""


class _Check:
    """Asks a connection that has lain idle whether it lives, so that a server started again is no error."""

    def __init__(self, ask: Callable[[Connection[Any]], None]) -> None:
        self._ask = ask
        self._seen: weakref.WeakKeyDictionary[Connection[Any], float] = weakref.WeakKeyDictionary()

    def forget(self) -> None:
        """Take no connection for alive any more: the server was away."""
        self._seen.clear()

    def __call__(self, connection: Connection[Any]) -> None:
        now = time.monotonic()
        if connection.closed or now - self._seen.get(connection, -FRESH_S) >= FRESH_S:
            self._ask(connection)
        self._seen[connection] = now


class _Keeper:
    """One connection that holds the turns of this process."""

    def __init__(self, connect: Any) -> None:
        self._connect = connect
        self._lock = threading.Lock()
        self._held: set[int] = set()
        self._connection: Connection[Any] | None = None

    def take(self, number: int) -> bool:
        """Try for a lock, once. Raises psycopg.Error when the server cannot be reached."""
        with self._lock:
            got = self._ask("SELECT pg_try_advisory_lock(%s)", number)
            if got:
                self._held.add(number)
            return got

    def leave(self, number: int) -> None:
        """Give a lock back; where the server is away it has already."""
        import psycopg

        with self._lock:
            self._held.discard(number)
            if self._connection is not None:
                with contextlib.suppress(psycopg.Error):
                    self._connection.execute("SELECT pg_advisory_unlock(%s)", (number,))

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()

    def _ask(self, sql: str, number: int) -> bool:
        import psycopg

        if self._connection is not None:
            try:
                return self._connection.execute(sql, (number,)).fetchone() == (True,)
            except psycopg.OperationalError:
                self._connection.close()
        self._connection = self._connect()
        self._connection.execute(_ALIVE)
        for held in sorted(self._held):
            if self._connection.execute("SELECT pg_try_advisory_lock(%s)", (held,)).fetchone() != (True,):
                log.warning("a turn under way lost its lock while the database was away, and another replica has it")
        return self._connection.execute(sql, (number,)).fetchone() == (True,)


@functools.cache
def translated(sql: str) -> str:
    """Return SQL with psycopg's mark for a value."""
    return sql.replace("%", "%%").replace("?", "%s")


@functools.cache
def lock_number(word: str) -> int:
    """Return the number that stands for a word among PostgreSQL's advisory locks."""
    return int.from_bytes(hashlib.sha256(f"scanwright {word}".encode()).digest()[:8], "big", signed=True)


def _make_first(connection: Connection[Any]) -> None:
    with connection.transaction():
        connection.execute(f"SELECT pg_advisory_xact_lock({lock_number('scanwright tables')})")
        connection.execute("CREATE TABLE IF NOT EXISTS scanwright (name TEXT PRIMARY KEY, value TEXT NOT NULL)")
        connection.execute(
            "INSERT INTO scanwright VALUES ('format', %s) ON CONFLICT (name) DO NOTHING", (str(FORMAT),)
        )


def _check_format(found: str) -> None:
    if not found.isdigit() or len(found) > 6:
        raise DatabaseMismatch(
            "The table `scanwright` of the database does not say which version wrote it. Nothing was changed. Name "
            "another database in SCANWRIGHT_DATABASE, or put this one's backup back."
        )
    if int(found) > FORMAT:
        raise DatabaseMismatch(
            f"The database was written by a newer version (format {found}; this one reads up to {FORMAT}). Nothing "
            "was changed. Use that version, or name another database in SCANWRIGHT_DATABASE."
        )


__all__ = ["DatabaseDown", "Postgres", "PostgresDatabase"]
