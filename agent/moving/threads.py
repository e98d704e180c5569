"""The conversations of a move: each thread's checkpoints through langgraph's own savers, and what was said long ago.

Knows no case and no file.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from agent.archive import Archive
from agent.conversations import open_conversations
from agent.home import database_files
from tools.database import Databases


def copy_threads(home: Path, old: Databases, new: Databases | None, skip: Collection[str]) -> list[str]:
    """Copy the threads that are not further on already; return a line for each that arrived otherwise."""
    file = database_files(home)["conversations"]
    if new is None or not file.exists():
        return []
    source, target = open_conversations(file, old), open_conversations(file, new)
    try:
        with source.reading() as execute:
            found = execute("SELECT thread_id FROM checkpoints UNION SELECT thread_id FROM said").fetchall()
        return [
            f"case {name}: the conversation arrived otherwise than it was sent."
            for (name,) in sorted(found)
            if name not in skip and not _copied(source, target, name)
        ]
    finally:
        source.close()
        target.close()


def _copied(source: Any, target: Any, thread: str) -> bool:
    config = {"configurable": {"thread_id": thread, "checkpoint_ns": ""}}
    there, here = target.get_tuple(config), source.get_tuple(config)
    if there is not None and (here is None or there.checkpoint["id"] > here.checkpoint["id"]):
        return True  # it has gone on there
    Archive(target, thread).add(Archive(source, thread).all())
    for held in reversed(list(source.list(config))):
        _put(target, held)
    arrived = target.get_tuple(config)
    return _said(arrived) == _said(here) and Archive(target, thread).all() == Archive(source, thread).all()


def _put(target: Any, held: Any) -> None:
    """Put one checkpoint with all its values, and what was written after it."""
    before = {"configurable": {**held.config["configurable"]}}
    parent = held.parent_config["configurable"].get("checkpoint_id") if held.parent_config else None
    before["configurable"].pop("checkpoint_id", None)
    if parent:
        before["configurable"]["checkpoint_id"] = parent
    made = target.put(before, held.checkpoint, held.metadata, held.checkpoint["channel_versions"])
    by_task: dict[str, list[tuple[str, Any]]] = {}
    for task, channel, value in held.pending_writes or ():
        by_task.setdefault(task, []).append((channel, value))
    for task, writes in by_task.items():
        target.put_writes(made, writes, task)


def _said(held: Any) -> Any:
    """Return what of a thread must have arrived: its messages and what waits."""
    if held is None:
        return None
    messages = held.checkpoint["channel_values"].get("messages", [])
    return [m.model_dump() for m in messages], sorted((t, c) for t, c, _ in held.pending_writes or ())
