"""What a reader does in the picture and in the table of lesions: each act is recorded, measured and shown at once.

Asks no model. Knows nothing of Gradio.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

from agent.events import AgentError, ToolFinished, ToolProgress, ToolStarted, UnknownCase
from agent.session import Session
from tools.contract import Cancelled, NotApplicable, ToolError
from tools.scan import Point, Scan
from ui.acts.stage import Act, Stage, Update
from ui.rooms import Room
from ui.viewer.pictures import point_clicked
from ui.viewer.state import REASONS, size_of
from ui.words import say

MOST_NAME = 40
"""Characters of a lesion's own name; it is a label in a list."""
_COLOUR_DIGITS = 7
_TELL_S = 0.3
"""How often an act that takes long is told of."""


class HandActs(Stage):
    """Acts by hand on outlines, lengths and lesions."""

    def click(self, owner: str | None, plane: str, index: int, across: float, down: float) -> Iterator[Update]:
        """Outline what was clicked and measure it.

        Args:
            owner: the browser's.
            plane, index: the slice on the screen.
            across, down: where in it, as fractions of its width and height.
        """

        def work(room: Room, session: Session) -> int:
            point = _place(session, plane, index, across, down)
            return self._segmented(room, session, point=list(point))

        yield from self._by_hand(owner, "clicked", work)

    def box(
        self, owner: str | None, plane: str, index: int, left: float, top: float, right: float, bottom: float
    ) -> Iterator[Update]:
        """Outline what lies in a box drawn on a slice; through the slices it is as deep as it is wide."""

        def work(room: Room, session: Session) -> int:
            a, b = _place(session, plane, index, left, top), _place(session, plane, index, right, bottom)
            corners = _deepened(session, a, b)
            return self._segmented(room, session, box=[*corners[0], *corners[1]])

        yield from self._by_hand(owner, "boxed", work)

    def refine(
        self, owner: str | None, lesion: int, plane: str, index: int, across: float, down: float, keep: bool
    ) -> Iterator[Update]:
        """Take a further click: what lies there is added to the lesion, or left out of it."""

        def work(room: Room, session: Session) -> int:
            point = _place(session, plane, index, across, down)
            given = {"lesion": lesion, "add" if keep else "avoid": [_round(point)]}
            with _Step(room, session, "segment", given):
                return session.refine(lesion, point, keep=keep)

        yield from self._by_hand(owner, "added" if keep else "removed", work)

    def paint(
        self, owner: str | None, lesion: int, plane: str, index: int, path: list[Any], radius: float, erase: bool
    ) -> Iterator[Update]:
        """Take a stroke of brush or eraser; lesion 0 is a new one.

        Args:
            owner: the browser's.
            lesion: whose outline changes.
            plane, index: the slice.
            path: places ``[across, down]``, fractions of the picture.
            radius: of the brush, mm (pixels where the image has no scale).
            erase: take away.
        """

        def work(room: Room, session: Session) -> int:
            stroke = [_place(session, plane, index, float(a), float(d)) for a, d in path]
            return session.paint(lesion or None, plane, index, stroke, radius, erase=erase)

        yield from self._by_hand(owner, "erased" if erase else "painted", work)

    def undo(self, owner: str | None) -> Iterator[Update]:
        """Take the last outline or verdict back."""

        def work(room: Room, session: Session) -> int | None:
            taken = session.undo()
            if taken is None:
                raise NotApplicable("There is nothing left to take back in this case.")
            room.transcript.note("hand", say("undone", room.language, evidence=taken[0], lesion=taken[1]))
            return taken[1] if session.record.lesion(taken[1]) else None

        yield from self._by_hand(owner, "", work)

    def judge(self, owner: str | None, lesion: int, status: str, reason: str) -> Iterator[Update]:
        """Accept a lesion, reject it with a reason, or make it a candidate again."""

        def work(room: Room) -> None:
            session = session_of(room)
            why = reason if reason in REASONS else reason.strip()[:MOST_NAME]
            session.judge(lesion, status, why)
            room.transcript.note("hand", say(status, room.language, lesion=lesion, reason=f" ({why})" if why else ""))
            self._report_again(room, session)

        yield from self._quietly(owner, work)

    def ruler(
        self, owner: str | None, plane: str, index: int, left: float, top: float, right: float, bottom: float
    ) -> Iterator[Update]:
        """Record a length between two places of a slice."""

        def work(room: Room) -> None:
            session = session_of(room)
            item = session.draw_line(
                _place(session, plane, index, left, top), _place(session, plane, index, right, bottom)
            )
            room.transcript.note("hand", say("ruled", room.language, size=_length(item), evidence=item.id))

        yield from self._quietly(owner, work)

    def focus(self, owner: str | None, lesion: int) -> Iterator[Update]:
        """Make a lesion the one in focus; 0: none."""

        def work(room: Room) -> None:
            session = session_of(room)
            if lesion:
                session.desk.pick(lesion)
            room.focus = lesion or None
            if not room.locked:
                session.desk.keep(focus=room.focus)
            if lesion:
                room.jump, room.go = room.jump + 1, "focus"

        yield from self._quietly(owner, work)

    def name(self, owner: str | None, lesion: int, name: str) -> Iterator[Update]:
        """Give a lesion a name of the reader's own; it stays in this app, and goes into no report and to no model."""
        yield from self._kept(owner, lesion, "names", " ".join(name.split())[:MOST_NAME])

    def colour(self, owner: str | None, lesion: int, colour: str) -> Iterator[Update]:
        """Give a lesion a colour."""
        if len(colour) == _COLOUR_DIGITS and colour[0] == "#" and colour[1:].isalnum():
            yield from self._kept(owner, lesion, "colours", colour)

    def measure(self, owner: str | None, lesion: int) -> Iterator[Update]:
        """Outline a candidate that has only a rough region, and measure it."""

        def work(room: Room, session: Session) -> int:
            found = session.desk.pick(lesion)
            return lesion if found.outlined else self._segmented(room, session, lesion=lesion)

        yield from self._by_hand(owner, "measured", work)

    # How

    def _kept(self, owner: str | None, lesion: int, field: str, value: str) -> Iterator[Update]:
        def work(room: Room) -> None:
            session = session_of(room)
            session.need("work")
            session.desk.pick(lesion)
            session.desk.keep(**{field: {**(session.state.get(field) or {}), str(lesion): value}})

        yield from self._quietly(owner, work)

    def _by_hand(self, owner: str | None, what: str, work: Callable[[Room, Session], int | None]) -> Iterator[Update]:
        """Run an act on an outline, then measure what it left, show both, and write an open report again."""

        def run(room: Room) -> Act:
            yield {"chat": self._chat(room)}
            yield from self._outlined(room, what, work)
            return None

        yield from self._act(owner, run, asked="")

    def _outlined(self, room: Room, what: str, work: Callable[[Room, Session], int | None]) -> Iterator[Update]:
        session = session_of(room)
        session.need("work")
        number = yield from self._watched(room, session, work)
        room.jump, room.go = room.jump + 1, "focus"
        if number is None:
            self._report_again(room, session)
            return
        yield self._record_shown(room) | {"chat": self._chat(room)}
        found = session.desk.pick(number)
        if found.status == "rejected" and what in ("clicked", "boxed"):
            session.judge(number, "candidate", "outlined again")
        before = size_of(found.measurement) or _last_size(session, number)
        if found.measurement is None or what == "measured":
            with _Step(room, session, "measure", {"lesion": number}):
                session.call("measure", lesion=number)
        self._tell(room, session, number, before)
        self._report_again(room, session)

    def _watched(
        self, room: Room, session: Session, work: Callable[[Room, Session], int | None]
    ) -> Generator[Update, None, int | None]:
        """Run work in a thread of its own, show how far it is and where in the queue, and return what it returns."""

        def tell(function: str, fraction: float, phrase: str) -> None:
            if room.stopping:
                raise Cancelled("Stopped by the reader; nothing was recorded.")
            room.transcript.take(ToolProgress(function, fraction, phrase))

        room.stopping = False
        before, session.desk.on_progress = session.desk.on_progress, tell
        try:
            with ThreadPoolExecutor(1, thread_name_prefix="scanwright-hand") as pool:
                job = pool.submit(work, room, session)
                while not wait((job,), timeout=_TELL_S).done:
                    yield {"chat": self._chat(room)}
                return job.result()
        finally:
            session.desk.on_progress = before

    def _segmented(self, room: Room, session: Session, **given: Any) -> int:
        """Outline, as a step that the conversation shows."""
        with _Step(room, session, "segment", given) as step:
            step.result = session.call("segment", **given)
            return int(step.result["lesion"])

    def _tell(self, room: Room, session: Session, number: int, before: str) -> None:
        lesion = session.record.lesion(number)
        measured = lesion.measurement if lesion else None
        if lesion is None or measured is None:
            return
        size = size_of(measured)
        was = say("was", room.language, size=before) if before and before != size else ""
        where = f", {lesion.where}" if lesion.where else ""
        text = say("sized", room.language, lesion=number, where=where, size=size, was=was, evidence=measured.id)
        room.transcript.note("hand", text)

    def _report_again(self, room: Room, session: Session) -> None:
        """Compose a report that is already there again, from what is current now, edits kept; a signed one stays."""
        report = session.report
        if report is None or report.signature is not None:
            return
        try:
            session.call("write_report", language=report.language)
        except (ToolError, AgentError) as error:
            room.transcript.note("failed", str(error))


class _Step:
    """A function called by hand, told to the conversation as a turn's own would be."""

    def __init__(self, room: Room, session: Session, function: str, arguments: dict[str, Any]) -> None:
        self._room, self._session, self._function = room, session, function
        self._call, self._arguments = f"hand-{time.monotonic_ns()}", arguments
        self.result: dict[str, Any] = {}

    def __enter__(self) -> _Step:
        self._since, self._count = time.monotonic(), len(self._session.record.items)
        self._room.transcript.take(ToolStarted(self._call, self._function, self._arguments))
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        made = tuple(e.id for e in self._session.record.items[self._count :])
        result = {"ok": kind is None, **self.result}
        seconds = time.monotonic() - self._since
        self._room.transcript.take(ToolFinished(self._call, self._function, made, result, seconds))


def session_of(room: Room) -> Session:
    if room.session is None or room.session.scan is None:
        raise UnknownCase("No scan is open. Open one first.")
    return room.session


def _place(session: Session, plane: str, index: int, across: float, down: float) -> Point:
    """Return where a place of a slice is, RAS mm. Raises NotApplicable for what is on no slice."""
    scan = _scan(session)
    if not (math.isfinite(across) and math.isfinite(down)):
        raise NotApplicable("That place is not in the picture. Click inside the picture.")
    try:
        return point_clicked(scan, plane, index, across, down)
    except ValueError as error:
        raise NotApplicable(str(error)) from error


def _scan(session: Session) -> Scan:
    if session.scan is None:
        raise UnknownCase("No scan is open. Open one first.")
    return session.scan


def _deepened(session: Session, a: Point, b: Point) -> tuple[list[float], list[float]]:
    """Return the corners of a box as deep as it is wide on the slice it was drawn on, kept inside the image."""
    import numpy as np

    scan = _scan(session)
    low, high = np.minimum(a, b), np.maximum(a, b)
    if float((high - low).max()) <= 0:
        raise NotApplicable("The box has no size. Draw it from corner to corner around the lesion.")
    flat = high - low < min(float(v) for v in scan.spacing_or_unit) / 2
    half = float((high - low)[~flat].mean()) / 2
    low, high = np.where(flat, low - half, low), np.where(flat, high + half, high)
    ends = np.array([scan.to_mm(np.array(c) * (np.array(scan.shape) - 1)) for c in np.ndindex(2, 2, 2)])
    return [float(v) for v in np.maximum(low, ends.min(axis=0))], [float(v) for v in np.minimum(high, ends.max(axis=0))]


def _last_size(session: Session, number: int) -> str:
    earlier = session.record.history(number)
    return size_of(earlier[-1]) if earlier else ""


def _length(item: Any) -> str:
    from tools.quantity import show

    return show(item.quantities[0])


def _round(point: Sequence[float]) -> list[float]:
    return [round(float(v), 1) for v in point]
