"""What a place for conversations must do, whichever database it is. Knows no graph."""

from __future__ import annotations

import contextlib
from abc import abstractmethod
from collections.abc import Callable
from typing import Any, Protocol

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
