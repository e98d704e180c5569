"""Each browser's room: the case it has open, the conversation as shown, and whether a turn is under way.

A browser is known by its owner id; it enters no room but its own. Knows nothing of Gradio.
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

from agent.events import UnknownCase
from agent.session import Session
from agent.workspace import Workspace
from tools.quantity import Language
from tools.scan import Scan, UnreadableScan
from ui.chat import Transcript
from ui.uploads import Pending
from ui.viewer.state import Go

KEPT = 64
"""Rooms kept in memory. An older one is opened again from its case; only its tool trace is lost."""


@dataclass
class Room:
    """One browser's place. `login` is the reader's name where the app has logins."""

    owner: str
    session: Session | None = None
    transcript: Transcript = field(default_factory=Transcript)
    jump: int = 0
    go: Go = ""
    language: Language = "en"
    login: str | None = None
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
        self.names: dict[str, str] = {}
        """Readers' names by owner id, where the app has logins."""
        self.operators = True
        """Whether whoever reaches the app may change what all share: guidelines, the endpoint."""
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
            room.login = self.names.get(owner)
            return room

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

    def reopen(self, room: Room, case_id: str) -> None:
        """Go on with another case of this room's owner. Raises UnknownCase when it is not theirs."""
        room.session = self._opener.open(case=case_id, owner=room.owner, workspace=self.workspace)
        room.transcript = Transcript.of_history(room.session.history())
        room.jump, room.go = room.jump + 1, "focus" if room.session.state.get("focus") else ""

    def delete(self, room: Room, case_id: str) -> None:
        """Delete a case of this room's owner for good. Raises UnknownCase when it is not theirs."""
        self.workspace.delete_case(case_id, room.owner)
        if room.session is not None and room.session.case_id == case_id:
            room.session = None

    def renew(self) -> None:
        """Open every session again: the settings that it was made with have changed."""
        with self._lock:
            for room in self._rooms.values():
                if room.session is not None:
                    held = room.session.case_id
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
