"""Conversations in a SQLite file. Knows no graph."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from langgraph.checkpoint.sqlite import SqliteSaver

from agent.conversations.kept import INTERRUPT, SAID, Execute
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

    @classmethod
    def open(cls, file: Path, key: str | None) -> FileConversations:
        """Return those of a file, its tables made. `key`: what it is encrypted with, None: it is not."""
        made = cls(open_database(file, key=key))
        made.setup()
        with made.lock, made.conn:
            made.conn.execute(SAID)
        return made
