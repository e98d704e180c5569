"""How an act runs in a room and what the page is shown for it: the part that every act shares.

Everything a reader does to a case goes through its session; nothing is computed here. Knows nothing of Gradio.
"""

from __future__ import annotations

import contextlib
import json
import logging
import time
from collections.abc import Callable, Generator, Iterator
from typing import Any

from agent.events import AgentError, Event, ToolFinished, ToolProgress
from agent.record import Record
from agent.session import Session
from tools.contract import ToolError
from tools.evidence import EvidenceError
from tools.scan import ScanError
from ui.chat import Transcript
from ui.context import context_html
from ui.ledger import evidence_html
from ui.panels import intro, report_html
from ui.rooms import Room, Rooms
from ui.table import lesions_html
from ui.viewer.state import Go, viewer_state
from ui.words import say, suggestions

log = logging.getLogger(__name__)

Update = dict[str, Any]
"""New values by the part's name: ``viewer`` (JSON), ``chat``, ``report``, ``evidence``, ``lesions``, ``context``,
``cases``, ``guidelines``, ``settings`` (HTML), ``empty`` (whether no scan is open)."""

Act = Generator[Update, None, Update | None]
"""An act under way: what to show meanwhile, and at its end."""

NO_COOKIE = "This browser sends no session cookie. Allow cookies for this address and reload the page."
BUSY = "A turn is still under way. Wait for it to end, or press Stop; this was not done."
BROKE = "Something broke in the app; what was recorded is kept. Try again, and reload the page if it stays."
TOLD = (ToolError, ScanError, EvidenceError, AgentError)
"""Errors whose text is written for the reader."""
_MOVES: dict[str, Go] = {"segment": "focus", "measure": "focus", "show": "show"}
_PROGRESS_S = 0.15
"""Progress is shown at most this often."""


class Stage:
    """The rooms of one process, and how an act runs in one."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    # How an act runs

    def _room(self, owner: str | None) -> Room | None:
        return None if owner is None else self._rooms.enter(owner)

    def _act(
        self, owner: str | None, run: Callable[[Room], Act], *, asked: str | None = None
    ) -> Iterator[Update]:
        """Run an act in its reader's room: one at a time, what goes wrong told, everything shown when it is over.

        Args:
            owner: whose room.
            run: the act; what it returns is shown besides the rest.
            asked: what a turn of the conversation begins with; None: the act is no turn.
        """
        room = self._room(owner)
        if room is None:
            yield {"chat": lone_note(NO_COOKIE)}
            return
        more: Update | None = None
        with room.turn() as free:
            if not free:
                yield self._busy(room)
                return
            if asked is not None:
                room.transcript.start(asked)
            try:
                more = yield from run(room)
            except TOLD as error:
                room.transcript.note("failed", str(error))
            except Exception:  # the UI's border: the reader is told, the log has the rest
                log.exception("an act broke")
                room.transcript.note("failed", BROKE)
            finally:
                if asked is not None:
                    room.transcript.end()
        yield self._all(room) | (more or {})

    def _turn(self, owner: str | None, asked: str, events: Callable[[Session], Iterator[Event]]) -> Iterator[Update]:
        """Run a turn of the conversation, showing its events as they come."""

        def run(room: Room) -> Act:
            self._rooms.meters.messages.take(room.owner)
            yield {"chat": self._chat(room), "viewer": self._viewer(room)}
            session = room.session or self._bare_session(room)
            session.need("work")
            yield from self._run(room, events(session))
            return None

        yield from self._act(owner, run, asked=asked)

    def _run(self, room: Room, events: Iterator[Event]) -> Iterator[Update]:
        """Show events as they come; closing this closes them."""
        told = 0.0
        with contextlib.closing(events) as stream:  # type: ignore[type-var]
            for event in stream:
                room.transcript.take(event)
                if isinstance(event, ToolProgress) and time.monotonic() - told < _PROGRESS_S:
                    continue
                told = time.monotonic()
                update: Update = {"chat": self._chat(room)}
                if isinstance(event, ToolFinished) and event.result.get("ok", True):
                    if event.function in _MOVES:
                        room.jump, room.go = room.jump + 1, _MOVES[event.function]
                    update |= self._record_shown(room)
                yield update

    def _quietly(self, owner: str | None, work: Callable[[Room], Update | None]) -> Iterator[Update]:
        """Run an act that is no turn and asks no model; what it returns is shown besides the rest."""

        def run(room: Room) -> Act:
            yield from ()
            return work(room)

        yield from self._act(owner, run)

    def _busy(self, room: Room) -> Update:
        room.transcript.note("notice", BUSY)
        return {"chat": self._chat(room)}

    def _bare_session(self, room: Room) -> Session:
        """Open a case without a scan, for a reader who asks before opening one."""
        self._rooms.open_bare(room)
        assert room.session is not None
        return room.session

    # What is shown

    def _all(self, room: Room) -> Update:
        session = room.session
        report = None
        if session is not None:
            try:
                report = session.report
            except AgentError as error:
                room.transcript.note("failed", str(error))
        return {
            **self._record_shown(room),
            "chat": self._chat(room),
            "report": report_html(report, session, room.person, locked=room.locked),
            "empty": session is None or session.scan is None,
        }

    def _record_shown(self, room: Room) -> Update:
        """Return what is shown of the record: viewer, lesions, evidence, context."""
        session = room.session
        record: Record | None = session.record if session else None
        return {
            "viewer": self._viewer(room),
            "lesions": lesions_html(session),
            "evidence": evidence_html(record),
            "context": context_html(record, has_scan=session is not None and session.scan is not None),
        }

    def _viewer(self, room: Room) -> str:
        state = viewer_state(
            room.session, jump=room.jump, go=room.go, busy=room.busy, locked=room.locked, own_focus=room.focus
        )
        return json.dumps(state, ensure_ascii=False)

    def _chat(self, room: Room) -> str:
        settings = self._rooms.workspace.settings
        session = room.session
        has_scan = session is not None and session.scan is not None
        try:
            quick = suggestions(session, room.language) if session is not None and has_scan and not room.locked else ()
        except AgentError:
            quick = ()
        return room.transcript.html(
            intro=intro(settings, has_scan=has_scan), quick=() if room.busy else quick,
            case=session.case_id if session else "",
            locked=self._locked(room),
        )  # fmt: skip

    def _locked(self, room: Room) -> tuple[str, str]:
        """Return why nothing can be asked in the open case, in brief and in full; nothing where it can."""
        whose = room.whose or say("somebody", room.language)
        if not room.locked:
            return "", ""
        return say("off", room.language, whose=whose), say("locked", room.language, whose=whose)


def lone_note(text: str) -> str:
    """Return a conversation of one failure."""
    lone = Transcript()
    lone.note("failed", text)
    return lone.html()
