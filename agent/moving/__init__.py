"""Moves a data folder into a database and a store that replicas share; the folder itself is left as it is.

Files first, then rows, so that a case appears there once everything it names does; then what arrived is held against
what was sent: every file byte for byte, every chain of evidence and the audit log by their hashes. Broken off, the
same call goes on: what is there already is compared and not sent again. A case that has gone on at the new place is
left alone; two that differ are a problem that is told, and nothing of either is changed.

Not moved: what is no case's (guidelines of one's own, tools, logins), and what is made anew (the passages' index, the
catalogue of the archive search).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent.events import AgentError
from agent.home import database_files, prepare
from agent.moving.files import copy_files, differing
from agent.moving.rows import Rows
from agent.moving.threads import copy_threads
from agent.settings import Settings
from agent.state import State
from tools.blobs import Blobs, folder_blobs
from tools.database import Files

Told = Callable[[float, str], None]
"""Called with the fraction done, 0 to 1, and a phrase."""


class CannotMove(AgentError):
    """There is nothing to move, or nowhere to move it to. The message says what to do."""


@dataclass(frozen=True)
class Moved:
    """What was moved, and what is wrong with it; whoever sees no problem may use the new place."""

    cases: int
    evidence: int
    lines: int
    files: int
    problems: tuple[str, ...]


def move(settings: Settings, told: Told = lambda fraction, phrase: None) -> Moved:
    """Move the data folder of these settings into their database and store, and hold what arrived to what was sent.

    Raises:
        CannotMove: there is no data folder with cases, or neither database nor store is named.
        DatabaseDown, StoreDown: one cannot be reached; the same call goes on later.
    """
    if settings.database is None and settings.store is None:
        raise CannotMove("Name where to: --database postgresql://… and --store s3://BUCKET/PREFIX, or one of them.")
    if not any(file.exists() for file in database_files(settings.home).values()):
        raise CannotMove(f"There is nothing to move: the data folder {settings.home.name} holds no case.")
    prepare(settings.home)
    here = State.open(dataclasses.replace(settings, database=None, store=None))
    there = State.open(settings)
    try:
        return _move(settings.home, here, there, told)
    finally:
        there.close()
        here.close()


def _move(home: Path, here: State, there: State, told: Told) -> Moved:
    sent, problems = _files_of(home, here, there, told)
    old = here.databases or Files(database_files(home))
    rows = Rows(home, old, there.databases)
    try:
        told(0.6, "cases, evidence and the audit log")
        counts = rows.copy(closed=there.blobs is not None)
        told(0.7, "conversations")
        problems += copy_threads(home, old, there.databases, skip=rows.gone_on)
        told(0.75, "holding what arrived to what was sent")
        problems += rows.problems + _verified(there, told)
    finally:
        rows.close()
    told(1.0, "done")
    return Moved(*counts, sent, tuple(dict.fromkeys(problems)))


def _files_of(home: Path, here: State, there: State, told: Told) -> tuple[int, list[str]]:
    """Copy the files and compare them; nothing where the store stays the data folder."""
    if there.blobs is None or _is_home(there.blobs, home):
        return 0, []
    source: Blobs = here.blobs or folder_blobs(home)
    count = copy_files(source, there.blobs, lambda done, total: told(0.45 * done / total, f"file {done} of {total}"))
    told(0.45, "comparing files")
    wrong = differing(
        source, there.blobs, lambda done, total: told(0.45 + 0.15 * done / total, f"comparing file {done} of {total}")
    )
    return count, [f"{name} arrived otherwise than it was sent." for name in wrong]


def _is_home(blobs: Blobs, home: Path) -> bool:
    root = getattr(blobs.place, "root", None)
    return isinstance(root, Path) and root.resolve() == home.resolve()


def _verified(there: State, told: Told) -> list[str]:
    problems: list[str] = []
    evidence, audit = there.evidence(), there.audit()
    try:
        problems += evidence.verify()
        told(0.95, "the audit log")
        problems += audit.verify()
    finally:
        evidence.close()
        audit.close()
    return problems
