"""Opening, adding, choosing and deleting: what a reader does with scans and cases. Knows nothing of Gradio."""

from __future__ import annotations

import contextlib
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from agent.record import Record
from tools.contract import NotApplicable
from tools.scan import ScanError, load_scan
from ui.acts.hand import session_of as opened
from ui.acts.stage import Stage, Update
from ui.case_list import cases_html
from ui.chat import Transcript
from ui.opener import opener_html, picker_html
from ui.rooms import Room
from ui.uploads import ROLES, Pending, Role, Uploads, offers, unpacked
from ui.viewer.state import facts

LISTED = 50
"""Cases that are listed, the newest; a reader with thousands searches for the others."""


class CaseActs(Stage, ABC):
    """Acts on scans and cases."""

    @property
    def uploads(self) -> Uploads:
        """Where uploads lie."""
        return Uploads(self._rooms.workspace.settings.home)

    def arrived(self, owner: str | None, batch: str, role: str) -> Iterator[Update]:
        """Take a batch of uploaded files: open it, add it as an earlier scan, or keep it as a guideline.

        Several DICOM series are offered to choose from.
        """

        def work(room: Room) -> Update | None:
            uploads = self.uploads
            files = uploads.files(room.owner, batch)
            what: Role = next((r for r in ROLES if r == role), "current")
            if what == "document":
                return self._keep_documents(room, files)
            files = unpacked(files)
            found, why = offers(files)
            if found:
                room.pending = Pending(found, why, what, uploads.folder(room.owner, batch))
                return None
            self._take(room, files, what)
            uploads.drop(room.owner, batch)
            return None

        yield from self._opening(owner, work)

    def series(self, owner: str | None, number: int) -> Iterator[Update]:
        """Take the chosen one of the series that were offered; -1: none."""

        def work(room: Room) -> None:
            pending, room.pending = room.pending, None
            if pending is None or number >= len(pending.offers):
                raise NotApplicable("These series are no longer there. Choose the files again.")
            if number >= 0:
                self._take(room, pending.offers[number].files, pending.role)
            shutil.rmtree(pending.folder, ignore_errors=True)

        yield from self._opening(owner, work)

    def phantom(self, owner: str | None) -> Iterator[Update]:
        """Open the generated chest."""

        def work(room: Room) -> None:
            from tools.phantom import chest_phantom

            self._rooms.open(room, chest_phantom()[0])
            self._opened(room)

        yield from self._opening(owner, work)

    def reopen(self, owner: str | None, case: str) -> Iterator[Update]:
        """Go on with another case of this reader's, or one that is shared with them."""

        def work(room: Room) -> None:
            self._rooms.reopen(room, case)

        yield from self._opening(owner, work)

    def delete(self, owner: str | None, case: str) -> Iterator[Update]:
        """Delete a case for good."""

        def work(room: Room) -> None:
            self._rooms.delete(room, case)
            if room.session is None:
                room.transcript = Transcript()
            room.transcript.note("notice", "The case was deleted: scan, evidence, conversation and report.")

        yield from self._opening(owner, work)

    def _opening(self, owner: str | None, work: Any) -> Iterator[Update]:
        """Run an act that may change which case is open; an error of reading names itself as one."""

        def told(room: Room) -> Update | None:
            try:
                return work(room)  # type: ignore[no-any-return]
            except ScanError as error:
                room.transcript.note("failed", f"This could not be opened. {error}")
                return None

        yield from self._quietly(owner, told)

    def _take(self, room: Room, files: Sequence[Path], role: Role) -> None:
        if role == "prior":
            self._add_prior(room, files)
            return
        self._rooms.open(room, list(files))
        self._opened(room)

    def _opened(self, room: Room) -> None:
        scan = room.session.scan if room.session else None
        if scan is not None:
            room.transcript.note("notice", "\n".join([f"Opened: {', '.join(facts(scan))}.", *scan.notes]))

    def _add_prior(self, room: Room, files: Sequence[Path]) -> None:
        session = opened(room)
        folder = self._rooms.workspace.cases.case_folder(session.case_id) / f"prior-{len(session.record.items)}"
        kept = self._rooms.moved(folder, files)
        try:
            scan = load_scan(kept[0] if len(kept) == 1 else kept)
            prior = session.add_prior(scan)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        days = (
            f"{prior.days} days before"
            if prior.days is not None
            else "interval not known: state it in the conversation"
        )
        who = "same patient by the headers" if prior.verified else "identity not verified"
        room.transcript.note("notice", f"Earlier scan added: {', '.join(facts(scan))}; {days}; {who}.")

    @abstractmethod
    def _keep_documents(self, room: Room, files: Sequence[Path]) -> Update:
        """Keep uploaded guidelines; see `PanelActs`."""

    def case_rows(self, owner: str, only: Sequence[str] | None = None) -> list[dict[str, Any]]:
        """Return a reader's cases, and those shared with them, as they are listed: the newest, or those named."""
        workspace, rows = self._rooms.workspace, []
        shares = workspace.cases.shares_of(owner)
        there = workspace.cases.visible_to(owner)
        for case in there[: LISTED + 1] if only is None else [c for c in there if c.id in only]:
            scan = Record.of(workspace.evidence.case(case.id)).scan
            what = "no scan"
            if scan is not None:
                slices = scan.quantity("slices")
                parts = (
                    scan.inputs.get("modality") or "modality unknown",
                    str(scan.inputs.get("body_part") or "").lower(),
                )
                what = " ".join(p for p in parts if p) + (f", {slices.value:g} slices" if slices else "")
            row: dict[str, Any] = {"id": case.id, "created": case.created[:16].replace("T", " ") + " UTC", "what": what}
            if case.owner != owner:
                rows.append(row | {"level": case.level, "whose": workspace.cases.name_of(case.owner)})
            else:
                rows.append(row | {"level": "own", "shares": shares.get(case.id, [])})
        return rows

    def _all(self, room: Room) -> Update:
        rows = self.case_rows(room.owner)
        current = room.session.case_id if room.session else ""
        opener = picker_html(room.pending) if room.pending else ""
        update = super()._all(room)
        if not opener and update["empty"]:
            with contextlib.suppress(KeyError):
                opener = opener_html([r for r in rows if r["what"] != "no scan"])
        listed = cases_html(rows[:LISTED], current, room.language, shares=bool(room.person.name))
        return update | {"opener": opener, "cases": self._search_box(room, more=len(rows) > LISTED) + listed}

    @abstractmethod
    def _search_box(self, room: Room, *, more: bool) -> str:
        """Return the box above the list; see `SearchActs`."""
