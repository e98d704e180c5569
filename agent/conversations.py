"""Where conversations are kept: langgraph's checkpoints, and beside them what a thread no longer holds.

One class a database, each langgraph's own saver with what `Thread` and `Archive` ask of it besides. Knows no graph.
"""

from __future__ import annotations

import contextlib
from abc import abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

from tools.database.base import DatabaseMismatch, Databases, Files

INTERRUPT = "__interrupt__"
"""The channel in which a graph keeps what waits for an answer."""
Execute = Callable[..., Any]

SAID = """
CREATE TABLE IF NOT EXISTS said (thread_id TEXT NOT NULL, position INTEGER NOT NULL, message_id TEXT NOT NULL,
role TEXT NOT NULL, text TEXT NOT NULL, PRIMARY KEY (thread_id, position), UNIQUE (thread_id, message_id));
"""


class Conversations(Protocol):
    """A langgraph checkpointer that also keeps what was said long ago."""

    @abstractmethod
    def waits(self, thread_id: str) -> bool:
        """Return whether something of a thread waits for an answer."""

    @abstractmethod
    def keep_last(self, thread_id: str) -> None:
        """Drop all checkpoints of a thread but the last: what is current is kept, not every step."""

    @abstractmethod
    def reading(self) -> contextlib.AbstractContextManager[Execute]:
        """Give what runs a statement that only reads."""

    @abstractmethod
    def writing(self, thread_id: str) -> contextlib.AbstractContextManager[Execute]:
        """Give what runs statements that are kept together or not at all, alone in a thread."""

    @abstractmethod
    def delete_thread(self, thread_id: str) -> None:
        """Delete a thread's checkpoints."""

    @abstractmethod
    def forget(self) -> None:
        """Leave nothing of what was deleted in the files, as far as that is ours to do."""

    @abstractmethod
    def close(self) -> None:
        """Close the database."""


def open_conversations(file: Path, databases: Databases | None = None) -> Any:
    """Return the conversations in a file, or in the shared database: a `Conversations` that is langgraph's saver."""
    if databases is not None and databases.shared:
        return _in_postgres(databases)
    return _in_file(file, databases.key if isinstance(databases, Files) else None)


def _in_file(file: Path, key: str | None) -> Any:
    from langgraph.checkpoint.sqlite import SqliteSaver

    from tools.database import forget, open_database

    class FileConversations(SqliteSaver):
        """Conversations in a SQLite file."""

        def waits(self, thread_id: str) -> bool:
            """Look into the writes of a thread; the whole thread need not be read to know that."""
            asked = "SELECT 1 FROM writes WHERE thread_id = ? AND channel = ? LIMIT 1"
            with self.lock:
                return self.conn.execute(asked, (thread_id, INTERRUPT)).fetchone() is not None

        def keep_last(self, thread_id: str) -> None:
            """Delete every other checkpoint's rows."""
            last = "SELECT max(checkpoint_id) FROM checkpoints WHERE thread_id = ?"
            with self.lock, self.conn:
                found = self.conn.execute(last, (thread_id,)).fetchone()[0]
                for table in ("checkpoints", "writes") if found is not None else ():
                    self.conn.execute(
                        f"DELETE FROM {table} WHERE thread_id = ? AND checkpoint_id <> ?",  # noqa: S608 - fixed names
                        (thread_id, found),
                    )

        @contextlib.contextmanager
        def reading(self) -> Iterator[Execute]:
            """Give the connection's."""
            with self.lock:
                yield self.conn.execute

        @contextlib.contextmanager
        def writing(self, thread_id: str) -> Iterator[Execute]:
            """Give the connection's, inside a transaction."""
            with self.lock, self.conn:
                yield self.conn.execute

        def forget(self) -> None:
            """Empty the write-ahead file."""
            with self.lock:
                forget(self.conn)

        def close(self) -> None:
            """Close the file."""
            self.conn.close()

    saver = FileConversations(open_database(file, key=key))
    saver.setup()
    with saver.lock, saver.conn:
        saver.conn.execute(SAID)
    return saver


def _in_postgres(databases: Databases) -> Any:
    try:
        from agent.conversations_shared import SharedConversations
    except ImportError as error:
        told = "Conversations in PostgreSQL need a part that is not installed: pip install 'scanwright[shared]'."
        raise DatabaseMismatch(told) from error
    return SharedConversations.open(databases)
