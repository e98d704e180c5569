"""A case's kept conversation: what is in it, what waits in it, and that only what was released stays in it.

The graph writes drafts into its thread; `settle` puts the released text in their place once a turn has ended, and moves
what no model reads any more into the archive, so that a turn late in a long case costs what an early one does. Knows no
evidence and no scan.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agent.archive import Archive

if TYPE_CHECKING:
    from agent.conversations import Conversations

_ROLES = {"human": "user", "ai": "assistant"}
KEPT, AT_MOST = 40, 60
"""Messages that stay in the thread once it is cut, and from how many on it is: a model reads the last 40."""


class Thread:
    """One case's thread in a graph's checkpoints."""

    def __init__(self, graph: Any, checkpoints: Conversations, case_id: str) -> None:
        self._graph = graph
        self._checkpoints = checkpoints
        self._case_id = case_id
        self.archive = Archive(checkpoints, case_id)

    @property
    def config(self) -> dict[str, Any]:
        """What the graph is run with to go on with this thread."""
        return {"configurable": {"thread_id": self._case_id}, "recursion_limit": 100}

    @property
    def messages(self) -> list[Any]:
        """Every message that is still in the thread, oldest first."""
        return list(self._graph.get_state(self.config).values.get("messages", []))

    @property
    def waiting(self) -> int:
        """How many actions wait for approval."""
        if not self._checkpoints.waits(self._case_id):  # the whole thread need not be read to know that
            return 0
        return sum(len(i.value["action_requests"]) for i in self._graph.get_state(self.config).interrupts)

    def history(self, released: Mapping[str, str]) -> list[dict[str, str]]:
        """Return role and text of what was said, oldest first; `released` replaces drafts that still wait."""
        messages = self.messages
        there = {str(m.id) for m in messages}
        said = [(kind, text) for name, kind, text in self.archive.all() if name not in there]
        said += [(m.type, released.get(str(m.id), str(m.text))) for m in messages]
        return [{"role": _ROLES[kind], "text": text} for kind, text in said if kind in _ROLES and text.strip()]

    def settle(self, released: Mapping[str, str]) -> bool:
        """Put released text in place of drafts, take out calls cut off unanswered, keep only the present state.

        Args:
            released: what the reader saw, by message id.

        Returns:
            False where something waits for approval: then nothing is changed yet.
        """
        from langchain_core.messages import AIMessage

        state = self._graph.get_state(self.config)
        if state.interrupts:
            return False
        messages = state.values.get("messages", [])
        gone = _unanswered(messages)
        removed = {m.id for m in gone}
        changed: list[Any] = list(gone)
        changed += [
            m.model_copy(update={"content": released[str(m.id)]})
            for m in messages
            if isinstance(m, AIMessage) and m.id not in removed and released.get(str(m.id), m.text) != m.text
        ]
        # What was read of a message that was then stopped or cut off belongs to the thread too.
        there = {m.id for m in messages} - removed
        changed += [AIMessage(text, id=name) for name, text in released.items() if text and name not in there]
        self._update([*changed, *self._put_away(messages, removed, released)])
        self._checkpoints.keep_last(self._case_id)
        return True

    def _put_away(self, messages: list[Any], removed: set[Any], released: Mapping[str, str]) -> list[Any]:
        """Move the oldest turns of a thread grown long into the archive and return what takes them out of it."""
        from langchain_core.messages import RemoveMessage

        kept = [m for m in messages if m.id not in removed]
        if len(kept) <= AT_MOST:
            return []
        starts = [n for n, m in enumerate(kept) if m.type == "human" and n >= len(kept) - KEPT]
        old = kept[: starts[0]] if starts else []
        said = [(str(m.id), m.type, released.get(str(m.id), str(m.text))) for m in old if m.type in _ROLES]
        self.archive.add([one for one in said if one[2].strip()])
        return [RemoveMessage(id=str(m.id)) for m in old]

    def leave_waiting(self) -> None:
        """Take what waits for approval out of the thread: the reader went on without an answer."""
        if self.waiting:
            self._update(_unanswered(self.messages))

    def _update(self, changed: list[Any]) -> None:
        if changed:
            self._graph.update_state(self.config, {"messages": changed})


def _unanswered(messages: list[Any]) -> list[Any]:
    """Return what removes calls without an answer, and half their answers: endpoints refuse a thread with either."""
    from langchain_core.messages import AIMessage, RemoveMessage, ToolMessage

    answered = {m.tool_call_id for m in messages if isinstance(m, ToolMessage)}
    cut = [m for m in messages if isinstance(m, AIMessage) and any(c["id"] not in answered for c in m.tool_calls)]
    calls = {c["id"] for m in cut for c in m.tool_calls}
    halves = [m for m in messages if isinstance(m, ToolMessage) and m.tool_call_id in calls]
    return [RemoveMessage(id=str(m.id)) for m in (*cut, *halves)]


def finished(update: dict[str, Any]) -> set[str]:
    """Return the ids of the messages that a step of the graph ended with."""
    return {
        str(message.id)
        for change in update.values()
        if isinstance(change, dict)
        for message in change.get("messages") or []
        if str(message.content).strip()  # a call that was written out as text has left none
    }
