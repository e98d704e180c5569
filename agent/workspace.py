"""The services of one process, opened once and shared by its sessions: settings, tools, evidence, cases, passages."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from agent.cases import Cases
from agent.settings import Settings, quiet
from tools.evidence import EvidenceStore
from tools.registry import Registry
from tools.runtime import Runtime

if TYPE_CHECKING:
    from langgraph.checkpoint.sqlite import SqliteSaver

    import knowledge


@dataclass
class Workspace:
    """Everything that outlives a session."""

    settings: Settings
    registry: Registry
    runtime: Runtime
    evidence: EvidenceStore
    cases: Cases
    _locks: dict[str, threading.RLock] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def open(cls, settings: Settings | None = None) -> Workspace:
        """Open the data folder's services; settings come from the environment when none are given."""
        quiet()
        settings = settings or Settings.from_environment()
        settings.home.mkdir(parents=True, exist_ok=True)
        return cls(
            settings=settings,
            registry=Registry.discover(settings.own_tools),
            runtime=Runtime(settings.device),
            evidence=EvidenceStore(settings.home / "evidence"),
            cases=Cases(settings.home),
        )

    @cached_property
    def passages(self) -> knowledge.Store:
        """The guideline store, built at first use."""
        import knowledge

        return knowledge.Store(self.settings.home / "knowledge")

    @cached_property
    def checkpoints(self) -> SqliteSaver:
        """Where conversations are kept."""
        import sqlite3

        from langgraph.checkpoint.sqlite import SqliteSaver

        path: Path = self.settings.home / "conversations.sqlite"
        connection = sqlite3.connect(path, check_same_thread=False, timeout=30)
        connection.execute("PRAGMA journal_mode=WAL")
        saver = SqliteSaver(connection)
        saver.setup()
        return saver

    def lock(self, case_id: str) -> threading.RLock:
        """Return the lock that keeps two turns of one case apart."""
        with self._guard:
            return self._locks.setdefault(case_id, threading.RLock())

    def delete_case(self, case_id: str, owner: str) -> None:
        """Delete a case for good: scans, evidence, conversation. Raises UnknownCase when it is not the owner's."""
        self.cases.get(case_id, owner)
        with self.lock(case_id):
            self.checkpoints.delete_thread(case_id)
            self.evidence.delete_case(case_id)
            self.cases.delete(case_id)

    def close(self) -> None:
        """Let running work end and close every database."""
        self.runtime.close()
        if "checkpoints" in self.__dict__:
            self.checkpoints.conn.close()
        self.evidence.close()
        self.cases.close()
