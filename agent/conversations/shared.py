"""Conversations in PostgreSQL, for every replica of the app: langgraph's own tables there, and `said` beside them.

Imported late: langgraph-checkpoint-postgres is of the extra ``shared``. Knows no graph.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, cast

from langgraph.checkpoint.postgres import PostgresSaver
from psycopg import Cursor
from psycopg.rows import DictRow

from agent.conversations.kept import INTERRUPT, SAID, Execute
from tools.database import Database, Databases, Schema
from tools.database.postgres import Postgres
from tools.database.postgres_errors import reaching

_SCHEMA = Schema("conversations", SAID)
_MADE = "SELECT value FROM scanwright WHERE name = 'conversations'"


class SharedConversations(PostgresSaver):
    """Conversations in PostgreSQL."""

    _said: Database
    _where: str

    @contextlib.contextmanager
    def _cursor(self, *, pipeline: bool = False) -> Iterator[Cursor[DictRow]]:
        with reaching(self._where), super()._cursor(pipeline=pipeline) as cursor:
            yield cursor

    @classmethod
    def open(cls, databases: Databases) -> SharedConversations:
        """Return them, their tables made by one replica alone."""
        home = cast(Postgres, databases)
        made = cls(cast(Any, home.pool))
        made._said, made._where = home.open(_SCHEMA), home.shown
        due = str(len(made.MIGRATIONS))
        if made._said.row(_MADE) != (due,):
            with home.turn("tables of conversations", wait_s=60.0):
                made.setup()
                made._said.execute(
                    "INSERT INTO scanwright VALUES ('conversations', ?) "
                    "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                    (due,),
                )
        return made

    def waits(self, thread_id: str) -> bool:
        """Look into the writes of a thread."""
        asked = "SELECT 1 FROM checkpoint_writes WHERE thread_id = ? AND channel = ? LIMIT 1"
        return self._said.row(asked, (thread_id, INTERRUPT)) is not None

    def keep_last(self, thread_id: str) -> None:
        """Delete every other checkpoint's rows, and values that the last one does not point to."""
        with self._said.writing():
            last = self._said.row("SELECT max(checkpoint_id) FROM checkpoints WHERE thread_id = ?", (thread_id,))
            if last is None or last[0] is None:
                return
            for table in ("checkpoints", "checkpoint_writes"):
                self._said.execute(
                    f"DELETE FROM {table} WHERE thread_id = ? AND checkpoint_id <> ?",  # noqa: S608 - fixed names
                    (thread_id, last[0]),
                )
            self._said.execute(
                "DELETE FROM checkpoint_blobs b WHERE b.thread_id = ? AND NOT EXISTS ("
                "SELECT 1 FROM checkpoints c, jsonb_each_text(c.checkpoint -> 'channel_versions') v "
                "WHERE c.thread_id = b.thread_id AND c.checkpoint_ns = b.checkpoint_ns "
                "AND v.key = b.channel AND v.value = b.version)",
                (thread_id,),
            )

    @contextlib.contextmanager
    def reading(self) -> Iterator[Execute]:
        """Give the database's."""
        yield self._said.execute

    @contextlib.contextmanager
    def writing(self, thread_id: str) -> Iterator[Execute]:
        """Give the database's, inside a transaction alone in the thread."""
        with self._said.writing(alone=(f"said {thread_id}",)):
            yield self._said.execute

    def forget(self) -> None:
        """Nothing: PostgreSQL's own vacuum takes out what was deleted."""
        self._said.forget()

    def close(self) -> None:
        """Nothing: the connections are shared with the other parts."""
