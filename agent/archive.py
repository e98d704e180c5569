"""What was said long ago in a case: out of the graph's thread, still in the case.

A graph writes its whole state at every turn, so a thread that only grows makes each turn dearer than the last. What a
model no longer reads is moved here, oldest first; the conversation's file stays one. Knows no graph and no evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from langgraph.checkpoint.sqlite import SqliteSaver

_MADE = (
    "CREATE TABLE IF NOT EXISTS said (thread_id TEXT NOT NULL, position INTEGER NOT NULL, message_id TEXT NOT NULL, "
    "role TEXT NOT NULL, text TEXT NOT NULL, PRIMARY KEY (thread_id, position), UNIQUE (thread_id, message_id))"
)


def prepare(checkpoints: SqliteSaver) -> None:
    """Make the archive's table beside the checkpoints, where it is not there yet."""
    with checkpoints.lock, checkpoints.conn:
        checkpoints.conn.execute(_MADE)


class Archive:
    """What one case said before its thread as it stands: message id, role (``human`` or ``ai``) and text."""

    def __init__(self, checkpoints: SqliteSaver, case_id: str) -> None:
        self._lock = checkpoints.lock
        self._connection = checkpoints.conn
        self._case_id = case_id

    def add(self, said: Sequence[tuple[str, str, str]]) -> None:
        """Keep messages behind those already here; one that is here already is kept once."""
        with self._lock, self._connection:
            last = self._connection.execute(
                "SELECT coalesce(max(position), 0) FROM said WHERE thread_id = ?", (self._case_id,)
            ).fetchone()[0]
            rows = [(self._case_id, last + n, *one) for n, one in enumerate(said, start=1)]
            self._connection.executemany("INSERT OR IGNORE INTO said VALUES (?, ?, ?, ?, ?)", rows)

    def all(self) -> list[tuple[str, str, str]]:
        """Return message id, role and text, oldest first."""
        with self._lock:
            return self._connection.execute(
                "SELECT message_id, role, text FROM said WHERE thread_id = ? ORDER BY position", (self._case_id,)
            ).fetchall()

    def delete(self) -> None:
        """Forget everything that was said in this case."""
        with self._lock, self._connection:
            self._connection.execute("DELETE FROM said WHERE thread_id = ?", (self._case_id,))
