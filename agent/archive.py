"""What was said long ago in a case: out of the graph's thread, still in the case.

A graph writes its whole state at every turn, so a thread that only grows makes each turn dearer than the last. What a
model no longer reads is moved here, oldest first; the conversation's file stays one. Knows no graph and no evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.conversations import Conversations


class Archive:
    """What one case said before its thread as it stands: message id, role (``human`` or ``ai``) and text."""

    def __init__(self, checkpoints: Conversations, case_id: str) -> None:
        self._kept = checkpoints
        self._case_id = case_id

    def add(self, said: Sequence[tuple[str, str, str]]) -> None:
        """Keep messages behind those already here; one that is here already is kept once."""
        with self._kept.writing(self._case_id) as execute:
            last = execute(
                "SELECT coalesce(max(position), 0) FROM said WHERE thread_id = ?", (self._case_id,)
            ).fetchone()[0]
            for n, (name, role, text) in enumerate(said, start=1):
                # A text column of PostgreSQL takes no NUL; nothing that is shown has one.
                row = (self._case_id, last + n, name, role, text.replace("\0", ""))
                execute("INSERT INTO said VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", row)

    def all(self) -> list[tuple[str, str, str]]:
        """Return message id, role and text, oldest first."""
        with self._kept.reading() as execute:
            asked = "SELECT message_id, role, text FROM said WHERE thread_id = ? ORDER BY position"
            return [(name, role, text) for name, role, text in execute(asked, (self._case_id,)).fetchall()]

    def delete(self) -> None:
        """Forget everything that was said in this case."""
        with self._kept.writing(self._case_id) as execute:
            execute("DELETE FROM said WHERE thread_id = ?", (self._case_id,))
