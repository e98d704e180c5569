"""What a browser can do, and what it is shown for it: each act yields updates of the page's parts, by name.

Everything a reader does to a case goes through its session; nothing is computed here. Knows nothing of Gradio.
"""

from __future__ import annotations

import contextlib
import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from agent.events import AgentError, Event, ToolFinished, ToolProgress, UnknownCase
from agent.session import Session
from tools.contract import ToolError
from tools.evidence import EvidenceError
from tools.scan import Scan, ScanError
from ui.panels import evidence_html, intro, report_html
from ui.rooms import Room, Rooms
from ui.viewer.pictures import point_clicked
from ui.viewer.state import Go, facts, viewer_state

log = logging.getLogger(__name__)

Update = dict[str, Any]
"""New values by the part's name: ``viewer`` (JSON), ``chat``, ``report``, ``evidence`` (HTML), ``empty`` (no scan)."""

CLICKED = "Segment what I clicked on and measure it."
NO_COOKIE = "This browser sends no session cookie. Allow cookies for this address and reload the page."
BUSY = "A turn is still under way. Wait for it to end, or press Stop; this was not done."
BROKE = "Something broke in the app; what was recorded is kept. Try again, and reload the page if it stays."
_MOVES: dict[str, Go] = {"segment": "focus", "measure": "focus", "show": "show"}
_PROGRESS_S = 0.15
"""Progress is shown at most this often."""


class Acts:
    """All acts, over the rooms of one process."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    def arrive(self, owner: str | None) -> Iterator[Update]:
        """A page was loaded: bring its case back."""
        room = self._room(owner)
        if room is None:
            yield {"chat": _lone_note(NO_COOKIE)}
            return
        yield self._all(room)

    def open_files(self, owner: str | None, files: Sequence[str] | None) -> Iterator[Update]:
        """Open what was uploaded, as one scan."""
        yield from self._open(owner, lambda: [Path(f) for f in files or ()])

    def open_phantom(self, owner: str | None) -> Iterator[Update]:
        """Open the generated chest."""
        from tools.phantom import chest_phantom

        yield from self._open(owner, lambda: chest_phantom()[0])

    def ask(self, owner: str | None, text: str) -> Iterator[Update]:
        """Take a message."""
        if text.strip():
            yield from self._turn(owner, text, lambda session: session.ask(text))

    def click(self, owner: str | None, plane: str, index: int, across: float, down: float) -> Iterator[Update]:
        """Take a click on a slice: select the point, then ask for it to be outlined and measured.

        Args:
            owner: the browser's.
            plane, index: the slice on the screen.
            across, down: where in it, as fractions of its width and height.
        """

        def events(session: Session) -> Iterator[Event]:
            if session.scan is None:
                raise UnknownCase("No scan is open. Open one first.")
            session.select(point=point_clicked(session.scan, plane, int(index), float(across), float(down)))
            yield from session.ask(CLICKED)

        yield from self._turn(owner, CLICKED, events)

    def state_scan(self, owner: str | None, modality: str, body_part: str) -> Iterator[Update]:
        """Take what the reader says the scan is, from the two small lists; it goes the way of anything typed."""
        yield from self.ask(owner, f"This is a {body_part.lower()} {modality}.".replace("  ", " "))

    def decide(self, owner: str | None, decision: str) -> Iterator[Update]:
        """Approve or reject what waits."""
        room = self._room(owner)
        if room is not None and not room.busy:
            room.transcript.answered("approved" if decision == "approve" else "rejected")
        yield from self._turn(owner, "", lambda session: session.resume(decision))

    def stop(self, owner: str | None) -> None:
        """Stop the turn under way."""
        room = self._room(owner)
        if room is not None and room.session is not None and room.busy:
            room.session.stop()

    # How an act runs

    def _turn(self, owner: str | None, asked: str, events: Callable[[Session], Iterator[Event]]) -> Iterator[Update]:
        room = self._room(owner)
        if room is None:
            yield {"chat": _lone_note(NO_COOKIE)}
            return
        with room.turn() as free:
            if not free:
                room.transcript.note("notice", BUSY)
                yield {"chat": self._chat(room)}
                return
            room.transcript.start(asked)
            try:
                yield {"chat": self._chat(room), "viewer": self._viewer(room)}
                session = room.session or self._bare_session(room)
                yield from self._run(room, events(session))
            except (ToolError, ScanError, EvidenceError, AgentError) as error:
                room.transcript.note("failed", str(error))
            except Exception:  # the UI's border: the reader is told, the log has the rest
                log.exception("an act broke")
                room.transcript.note("failed", BROKE)
            finally:
                room.transcript.end()
        yield self._all(room)

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
                    update["viewer"] = self._viewer(room)
                    update["evidence"] = evidence_html(room.session.record if room.session else None)
                yield update

    def _open(self, owner: str | None, what: Callable[[], list[Path] | Scan]) -> Iterator[Update]:
        room = self._room(owner)
        if room is None:
            yield {"chat": _lone_note(NO_COOKIE)}
            return
        with room.turn() as free:
            if not free:
                room.transcript.note("notice", BUSY)
                yield {"chat": self._chat(room)}
                return
            try:
                self._rooms.open(room, what())
            except (ScanError, AgentError) as error:
                room.transcript.note("failed", f"This could not be opened. {error}")
            except Exception:  # the UI's border
                log.exception("opening broke")
                room.transcript.note("failed", BROKE)
            else:
                scan = room.session.scan if room.session else None
                if scan is not None:
                    room.transcript.note("notice", "\n".join([f"Opened: {', '.join(facts(scan))}.", *scan.notes]))
        yield self._all(room)

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
            "viewer": self._viewer(room),
            "chat": self._chat(room),
            "report": report_html(report, session.case_id if session else None),
            "evidence": evidence_html(session.record if session else None),
            "empty": session is None or session.scan is None,
        }

    def _viewer(self, room: Room) -> str:
        state = viewer_state(room.session, jump=room.jump, go=room.go, busy=room.busy)
        return json.dumps(state, ensure_ascii=False)

    def _chat(self, room: Room) -> str:
        settings = self._rooms.workspace.settings
        has_scan = room.session is not None and room.session.scan is not None
        return room.transcript.html(intro=intro(settings, has_scan=has_scan))

    def _room(self, owner: str | None) -> Room | None:
        return None if owner is None else self._rooms.enter(owner)


def _lone_note(text: str) -> str:
    from ui.chat import Transcript

    lone = Transcript()
    lone.note("failed", text)
    return lone.html()
