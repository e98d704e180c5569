"""Each reader's room: the case they have open, the conversation as shown, and whether a turn is under way.

A reader is known by an owner id and enters no room but their own. Knows nothing of Gradio.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent.events import AgentError, UnknownCase
from agent.people import Level, Person
from agent.session import Session
from agent.workspace import Workspace
from tools.quantity import Language
from tools.scan import Scan, UnreadableScan
from ui.chat import Transcript
from ui.login import Login, reader_id
from ui.meters import Meters
from ui.uploads import Pending
from ui.viewer.state import Go
from ui.words import say

KEPT = 64
"""Rooms kept in memory. An older one is opened again from its case; only its tool trace is lost."""


@dataclass
class Room:
    """One reader's place.

    Attributes:
        owner: their id.
        person: who they are and which roles they have.
        level: what they may do in the case that is open, and `whose` it is by name, where it is another's.
        focus: the lesion in focus where they only look; the case's own stays as its owner left it.
    """

    owner: str
    person: Person = field(default_factory=lambda: Person(""))
    level: Level = "own"
    whose: str = ""
    focus: int | None = None
    session: Session | None = None
    transcript: Transcript = field(default_factory=Transcript)
    jump: int = 0
    go: Go = ""
    language: Language = "en"
    pending: Pending | None = None
    stopping: bool = False
    _turn: threading.Lock = field(default_factory=threading.Lock)

    @contextlib.contextmanager
    def turn(self) -> Iterator[bool]:
        """Enter a turn; yields False, and changes nothing, when one is already under way."""
        free = self._turn.acquire(blocking=False)
        try:
            yield free
        finally:
            if free:
                self._turn.release()

    @property
    def locked(self) -> bool:
        """Whether the reader may look at the open case only."""
        return self.level == "read"

    @property
    def busy(self) -> bool:
        """Whether a turn is under way."""
        return self._turn.locked()


class Rooms:
    """The rooms of one process."""

    def __init__(self, workspace: Workspace, *, hand_over: str | None = None, opener: type[Session] = Session) -> None:
        """Keep rooms over a workspace.

        Args:
            workspace: this process's services.
            hand_over: a case of owner ``local`` that the first browser gets.
            opener: the session class to open cases with.
        """
        self.workspace = workspace
        self._opener = opener
        self._rooms: OrderedDict[str, Room] = OrderedDict()
        self._hand_over = hand_over
        self.login = Login()
        """How readers are told apart, and what roles they have."""
        self.meters = Meters(workspace.settings.limits)
        self._lock = threading.RLock()

    def enter(self, owner: str) -> Room:
        """Return a browser's room, its newest case open."""
        with self._lock:
            self._give(owner)
            room = self._rooms.get(owner)
            if room is None:
                room = self._rooms[owner] = self._furnish(owner)
                self._tidy()
            self._rooms.move_to_end(owner)
            room.person = self.login.person(owner)
            if not room.busy:
                self._see_rights(room)
            return room

    def reader_named(self, name: str) -> str | None:
        """Return the id of a reader by name; None for one who cannot log in here."""
        return reader_id(name) if self.login.knows(name) else None

    def _see_rights(self, room: Room) -> None:
        """Note what the reader may do in the case that is open, and leave one that is no longer theirs to see."""
        room.level, room.whose = "own", ""
        if room.session is None:
            return
        try:
            case = self.workspace.cases.get(room.session.case_id, room.owner, need="read")
        except UnknownCase:
            room.session, room.transcript, room.focus = None, Transcript(), None
            room.transcript.note("notice", say("gone", room.language))
            return
        room.level = case.level
        room.whose = self.workspace.cases.name_of(case.owner) if case.owner != room.owner else ""

    def open(self, room: Room, what: Sequence[Path] | Scan) -> None:
        """Open a scan in a new case of this room; on an error the case that is open stays.

        Raises:
            ScanError: the scan cannot be read.
        """
        workspace, case_id = self.workspace, secrets.token_hex(6)
        try:
            given = what if isinstance(what, Scan) else self._take_in(case_id, what)
            session = self._opener.open(given, case=case_id, owner=room.owner, workspace=workspace)  # type: ignore[arg-type]
        except BaseException:
            with contextlib.suppress(UnknownCase):
                workspace.delete_case(case_id, room.owner)
            shutil.rmtree(workspace.cases.folder / case_id, ignore_errors=True)
            raise
        # Where the lungs lie is asked for with the first click; it takes seconds, so it is found now.
        threading.Thread(target=_quietly, args=(session,), name="scanwright-lungs", daemon=True).start()
        room.session, room.transcript, room.pending = session, Transcript(), None
        room.jump, room.go = room.jump + 1, ""
        self._see_rights(room)

    def reopen(self, room: Room, case_id: str) -> None:
        """Go on with another case that this room's reader may see. Raises UnknownCase when there is none."""
        room.session = self._opener.open(case=case_id, owner=room.owner, workspace=self.workspace)
        room.transcript = Transcript.of_history(room.session.history())
        room.focus = room.session.state.get("focus")
        room.jump, room.go = room.jump + 1, "focus" if room.focus else ""
        self._see_rights(room)

    def delete(self, room: Room, case_id: str) -> None:
        """Delete a case of this room's owner for good. Raises UnknownCase when it is not theirs."""
        self.workspace.delete_case(case_id, room.owner)
        if room.session is not None and room.session.case_id == case_id:
            room.session = None

    def renew(self) -> None:
        """Open every session again: the settings that it was made with have changed."""
        with self._lock:
            for room in self._rooms.values():
                if room.session is None:
                    continue
                held, room.session = room.session.case_id, None
                with contextlib.suppress(AgentError):
                    room.session = self._opener.open(case=held, owner=room.owner, workspace=self.workspace)

    def open_bare(self, room: Room) -> None:
        """Open a case without a scan, for a reader who asks before opening one."""
        case = self.workspace.cases.create(room.owner)
        room.session = self._opener.open(case=case.id, owner=room.owner, workspace=self.workspace)

    def _take_in(self, case_id: str, files: Sequence[Path]) -> list[Path] | Path:
        """Move uploaded files into the case's folder, out of the upload area that every browser shares."""
        if not files:
            raise UnreadableScan("No file arrived. Choose one file, or all files of one DICOM series.")
        kept = self.moved(self.workspace.cases.case_folder(case_id) / "upload", files)
        return kept[0] if len(kept) == 1 else kept

    def moved(self, folder: Path, files: Sequence[Path]) -> list[Path]:
        """Move files into a folder of a case and return where they are."""
        kept = []
        for number, file in enumerate(files):
            place = folder / f"{number:05d}"  # two folders of a study may use one file name
            place.mkdir(parents=True)
            kept.append(Path(shutil.move(file, place / Path(file).name)))
        return kept

    def _furnish(self, owner: str) -> Room:
        room = Room(owner)
        room.language = "zh" if self.workspace.cases.choices(owner).get("language") == "zh" else "en"
        cases = self.workspace.cases.of_owner(owner)
        if cases:
            room.session = self._opener.open(case=cases[0].id, owner=owner, workspace=self.workspace)
            room.transcript = Transcript.of_history(room.session.history())
            room.go = "focus" if room.session.state.get("focus") else ""
        return room

    def _give(self, owner: str) -> None:
        if self._hand_over is not None:
            case_id, self._hand_over = self._hand_over, None
            with contextlib.suppress(UnknownCase):
                self.workspace.cases.hand_over(case_id, "local", owner)
                self._rooms.pop(owner, None)

    def _tidy(self) -> None:
        for owner in [o for o, r in self._rooms.items() if not r.busy][: max(0, len(self._rooms) - KEPT)]:
            del self._rooms[owner]


def _quietly(session: Session) -> None:
    """Find the lungs ahead of their first use; whatever goes wrong is told when they are used."""
    with contextlib.suppress(Exception):
        session.desk.lungs()
