"""Where conversations are kept: langgraph's checkpoints, and beside them what a thread no longer holds.

One class a database, each langgraph's own saver with what `Thread` and `Archive` ask of it besides. Knows no graph.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agent.conversations.kept import Conversations
from tools.database import DatabaseMismatch, Databases, Files

__all__ = ["Conversations", "open_conversations"]


def open_conversations(file: Path, databases: Databases | None = None) -> Any:
    """Return the conversations in a file, or in the shared database: a `Conversations` that is langgraph's saver."""
    if databases is not None and databases.shared:
        return _in_postgres(databases)
    from agent.conversations.file import FileConversations

    return FileConversations.open(file, databases.key if isinstance(databases, Files) else None)


def _in_postgres(databases: Databases) -> Any:
    try:
        from agent.conversations.shared import SharedConversations
    except ImportError as error:
        told = "Conversations in PostgreSQL need a part that is not installed: pip install 'scanwright[shared]'."
        raise DatabaseMismatch(told) from error
    return SharedConversations.open(databases)
