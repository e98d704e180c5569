"""The services of one process, opened once and shared by its sessions: settings, tools, evidence, cases, passages."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from agent import home
from agent.archive import Archive
from agent.cases import Cases
from agent.events import Busy
from agent.people import Level
from agent.settings import Settings, quiet
from agent.state import State
from tools.apart import warm as warm_reader
from tools.evidence import Evidence, EvidenceStore
from tools.registry import Registry
from tools.runtime import Runtime, open_runtime
from tools.scan import ScanError

if TYPE_CHECKING:
    import knowledge
    from agent.audit import AuditLog
    from agent.cases import Case
    from agent.finder import Finder
    from knowledge.embed import Embedder

log = logging.getLogger(__name__)

BUSY = "Another turn of this case is still under way. Stop it, or wait for its answer."
SEEN_S = 3600.0
"""What somebody looks at in another's case is one opening for an hour."""
MOST_SEEN = 10_000


@dataclass
class Workspace:
    """Everything that outlives a session."""

    settings: Settings
    registry: Registry
    runtime: Runtime
    evidence: EvidenceStore
    cases: Cases
    state: State = field(default_factory=State)
    wait_s: float = 60.0
    """Seconds that a turn waits for another of its case."""
    _locks: dict[str, threading.Lock] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _seen: dict[tuple[str, str], float] = field(default_factory=dict)

    @classmethod
    def open(cls, settings: Settings | None = None) -> Workspace:
        """Open the data folder's services; settings come from the environment when none are given."""
        quiet()
        settings = settings or Settings.from_environment()
        home.prepare(settings.home)
        state = State.open(settings)
        return cls(
            settings=settings,
            registry=Registry.discover(settings.own_tools, settings.isolate),
            runtime=_runtime(settings),
            evidence=state.evidence(),
            cases=state.cases(),
            state=state,
        )

    @cached_property
    def passages(self) -> knowledge.Store:
        """The guideline store, built at first use."""
        import knowledge

        return knowledge.Store(
            self.settings.home / "knowledge", self._embedder(), server=self.settings.chroma_url
        )

    @cached_property
    def audit(self) -> AuditLog:
        """Who did what."""
        from agent.audit import AuditLog

        return AuditLog(self.settings.home, self.state.databases)

    def witness(self, who: str) -> Callable[[Evidence], None]:
        """Return what writes a line of the audit log for each piece of evidence that comes of a reader's work."""

        def write(item: Evidence) -> None:
            made = f"{item.producer} {item.version}" + (f" {item.weights[:12]}" if item.weights else "")
            self.audit.add(who, item.kind, item.case_id, ((item.id, item.hash),), made)

        return write

    @property
    def embeds_elsewhere(self) -> bool:
        """Whether questions to the passages leave this machine: an endpoint embeds them."""
        return (self.settings.embedder or "").startswith("openai:")

    def _embedder(self) -> Embedder | None:
        """Return the embedder the operator named; None is the packaged one.

        Without an address of its own it is asked at the language model's, with that one's key; a key is never sent to
        another address than its own.
        """
        from knowledge.embed import make_embedder

        chosen = self.settings
        if chosen.embedder is None:
            return None
        own = chosen.embedder_url is not None
        return make_embedder(
            chosen.embedder,
            url=chosen.embedder_url or chosen.base_url,
            key=chosen.embedder_key or (None if own else chosen.api_key),
            languages=chosen.embedder_languages,
        )

    @cached_property
    def checkpoints(self) -> Any:
        """Where conversations are kept: langgraph's checkpointer, and more (`agent.conversations.Conversations`)."""
        from agent.conversations import open_conversations

        return open_conversations(self.settings.home / "conversations.sqlite", self.state.databases)

    @cached_property
    def finder(self) -> Finder:
        """The archive search."""
        from agent.finder import Finder

        return Finder(self)

    def warm(self) -> threading.Thread:
        """Load every model and the passages in a thread of its own, so that no first click waits; return the thread."""

        from agent.llm import planner

        def load() -> None:
            with contextlib.suppress(ScanError):  # the first file will tell
                warm_reader()
            for tool in list(self.registry.tools.values()):
                try:
                    self.runtime.ready(tool)
                except Exception:  # noqa: BLE001 - a plug-in may raise anything; its first use will tell the reader
                    log.warning("%s could not be loaded ahead of its first use", tool.spec.name)
            planner(self).ready()
            try:
                self.passages.ready(lambda fraction, phrase: log.info("%s: %.0f %%", phrase, 100 * fraction))
            except Exception as error:  # noqa: BLE001 - whatever it is, the first question will tell the reader
                log.warning("the guideline passages are not ready: %s", error)

        thread = threading.Thread(target=load, name="scanwright-warm", daemon=True)
        thread.start()
        return thread

    @contextlib.contextmanager
    def lock(self, case_id: str) -> Iterator[None]:
        """Keep two turns of one case apart. Raises Busy when the other does not end in `wait_s`.

        A turn is a generator, and whoever draws its events may do so from several threads: the lock is nobody's own.
        """
        with self._guard:
            lock = self._locks.setdefault(case_id, threading.Lock())
        until = time.monotonic() + self.wait_s
        if not lock.acquire(timeout=self.wait_s):
            raise Busy(BUSY)
        try:
            with self.state.turn(case_id, until - time.monotonic()) as got:
                if not got:
                    raise Busy(BUSY)
                yield
        finally:
            lock.release()

    def admit(self, case_id: str, reader: str) -> Case:
        """Return a case for a reader who means to look at it; that somebody but its owner does is written down.

        Raises:
            UnknownCase, NoRight: as `Cases.get` does.
        """
        case = self.cases.get(case_id, reader, "read")
        if self._seen.get((case_id, reader), -SEEN_S) < time.monotonic() - SEEN_S:
            self.note_opening(case, reader)
        return case

    def note_opening(self, case: Case, reader: str) -> None:
        """Write into the audit log that somebody else than its owner opened a case; of the owner nothing."""
        if case.owner == reader:
            return
        while len(self._seen) > MOST_SEEN:
            self._seen.pop(next(iter(self._seen)), None)
        self._seen[(case.id, reader)] = time.monotonic()
        self.audit.add(reader, "opened another's", case.id, detail=f"shared to {case.level}")

    def share(self, case_id: str, owner: str, with_: str, level: Level) -> None:
        """Share a case with another reader and write it into the audit log. See `Cases.share` for errors."""
        self.cases.share(case_id, owner, with_, level)
        self.audit.add(owner, "shared", case_id, detail=f"to {level} with {with_}")

    def unshare(self, case_id: str, owner: str, with_: str) -> None:
        """Take a case back from a reader and write it into the audit log. See `Cases.share` for errors."""
        self.cases.unshare(case_id, owner, with_)
        self.audit.add(owner, "sharing ended", case_id, detail=f"with {with_}")

    def delete_case(self, case_id: str, owner: str) -> None:
        """Delete a case for good: scans, evidence, conversation. Raises UnknownCase when it is not the owner's."""
        self.cases.get(case_id, owner)
        with self.lock(case_id):
            self.checkpoints.delete_thread(case_id)
            Archive(self.checkpoints, case_id).delete()
            self.evidence.delete_case(case_id)
            self.cases.delete(case_id)
            self.finder.forget(case_id)
            self.evidence.forget()
            self.cases.forget()
            self.checkpoints.forget()
        self.audit.add(owner, "case deleted", case_id)

    def close(self) -> None:
        """Let running work end and close every database."""
        self.runtime.close()
        if "checkpoints" in self.__dict__:
            self.checkpoints.close()
        if "audit" in self.__dict__:
            self.audit.close()
        if "finder" in self.__dict__:
            self.finder.close()
        self.evidence.close()
        self.cases.close()
        self.state.close()


def _runtime(settings: Settings) -> Runtime:
    """Return what runs the tools, as the operator chose."""
    return open_runtime(
        settings.device,
        engine=settings.engine,
        address=settings.ray_address,
        replicas=settings.ray_replicas,
        folder=settings.own_tools,
        isolate=settings.isolate,
    )
