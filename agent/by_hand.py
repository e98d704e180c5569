"""What a reader does by hand in a case: select, draw, load, accept, reject, measure with a ruler, add a prior.

The part of a session that asks no model and needs no turn. Knows no conversation.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent import drawn, edited, priors
from agent.people import Level
from agent.record import PriorRecord
from agent.rights import needs
from agent.stated import Statement
from agent.toolset.desk import Desk
from agent.toolset.vision import record_drawn
from tools.contract import NotApplicable
from tools.evidence import Evidence
from tools.mask import Mask
from tools.scan import Point, Scan, load_scan

if TYPE_CHECKING:
    from agent.report import Change, Report, Version


class ByHand(ABC):
    """A case's desk and what a reader does at it."""

    desk: Desk
    _graph: Any

    def need(self, level: Level) -> Any:
        """Return the case. Raises UnknownCase or NoRight unless its reader may do so much in it now."""
        return self.desk.need(level)

    @abstractmethod
    def state_fact(self, statement: Statement, **more: Any) -> Evidence:
        """Record what the reader states."""

    @needs("work")
    def select(self, *, point: Point | None = None, box: tuple[float, ...] | None = None) -> None:
        """Keep what the reader clicked: RAS mm. Raises NotApplicable outside the image."""
        scan = self.desk.need_scan()
        if point is not None and not scan.contains(point):
            from tools.contract import outside

            raise NotApplicable(outside(scan, point))
        chosen = {"point": [float(v) for v in point]} if point is not None else None
        if box is not None:
            chosen = {"box": [float(v) for v in box]}
        self.desk.keep(selection=chosen)

    @needs("work")
    def load_mask(self, voxels: Any, label: str = "lesion") -> list[int]:
        """Record a label volume on the scan's grid as drawn lesions and return their numbers."""
        import numpy as np

        scan = self.desk.need_scan()
        grid = np.asarray(voxels)
        if grid.shape != scan.shape:
            raise NotApplicable(f"The mask has {grid.shape} voxels and the scan {scan.shape}: use the scan's own grid.")
        values = [int(v) for v in np.unique(grid) if v]
        if not values:
            raise NotApplicable("The mask is empty: there is nothing in it to measure.")
        numbers = [self.load_drawn(Mask.from_grid(scan.id, grid == v, scan.affine, label)) for v in values]
        self.desk.keep(focus=numbers[0] if len(numbers) == 1 else None)
        return numbers

    @needs("work")
    def load_drawn(self, mask: Mask, number: int | None = None) -> int:
        """Record one drawn mask and return its lesion number: the one given, an overlapping lesion's, or the next."""
        item = record_drawn(self.desk, mask, number)
        self.desk.keep(focus=int(item.inputs["lesion"]))
        return int(item.inputs["lesion"])

    @needs("work")
    def judge(self, lesion: int, status: str, reason: str = "") -> Evidence:
        """Record that the reader accepts or rejects a lesion. Raises NotApplicable for another status or lesion."""
        if status not in ("accepted", "rejected", "candidate"):
            raise NotApplicable(f"A lesion is accepted, rejected or a candidate; not {status!r}.")
        self.desk.pick(lesion)
        return self.state_fact(Statement("status", status, reason or status, lesion=lesion), reason=reason)

    @needs("work")
    def refine(self, lesion: int | None, point: Point, *, keep: bool) -> int:
        """Take a further click: what lies there belongs to the lesion, or not. Return its number. See `edited`."""
        return edited.refine(self.desk, lesion, point, keep=keep)

    @needs("work")
    def paint(
        self, lesion: int | None, plane: str, index: int, stroke: Sequence[Point], radius_mm: float, *, erase: bool
    ) -> int:
        """Paint or erase on a slice, None a new lesion; return its number. See `edited`."""
        return edited.paint(self.desk, lesion, plane, index, stroke, radius_mm, erase=erase)

    @needs("work")
    def undo(self) -> tuple[str, int] | None:
        """Take the last outline or verdict back; return its evidence id and lesion, or None when none is left."""
        return edited.undo(self.desk)

    @needs("work")
    def draw_line(self, p: Point, q: Point, lesion: int | None = None) -> Evidence:
        """Record a line between two points, RAS mm, with its length. Raises NotApplicable outside the image."""
        return drawn.draw_line(self.desk, p, q, lesion)

    @needs("work")
    def move_axis(
        self, lesion: int | None, p: Point, q: Point, *, short: tuple[Point, Point] | None = None
    ) -> Evidence:
        """Record the reader's long axis of a lesion (and short axis) in place of the measured one. See `drawn`."""
        return drawn.move_axis(self.desk, lesion, p, q, short=short)

    @needs("work")
    def add_prior(
        self,
        scan: str | Path | Scan,
        *,
        days: int | None = None,
        masks: Mapping[int, Mask] | Path | None = None,
    ) -> PriorRecord:
        """Add an earlier scan to compare with, and what is outlined on it.

        Args:
            scan: a path `load_scan` takes, or a `Scan`.
            days: days between the two, where no header says; a header's dates go before it.
            masks: outlines on the earlier scan's own grid, by number, or a label file.

        Raises:
            ScanError: the scan cannot be read.
            NotApplicable: the headers name different patients; see `priors.add_prior`.
        """
        loaded = scan if isinstance(scan, Scan) else load_scan(scan)
        added = priors.add_prior(self.desk, loaded, days=days, masks=masks)
        self._graph = None  # it is made with what must not leave, and now there is more of it
        return added

    # The report

    @needs("work")
    def edit_report(self, statement: str, text: str) -> Report:
        """Put the reader's words in place of a sentence of the report, by its id. See `report.edit_acts`."""
        from agent.report import edit_report

        return edit_report(self.desk, statement, text)

    @needs("work")
    def add_to_report(self, text: str, section: str = "findings") -> Report:
        """Add the reader's words to a section of the report."""
        from agent.report import add_to_report

        return add_to_report(self.desk, text, section)

    @needs("work")
    def delete_from_report(self, statement: str) -> Report:
        """Leave a sentence out of the report, by its id."""
        from agent.report import delete_from_report

        return delete_from_report(self.desk, statement)

    @needs("work")
    def restore_in_report(self, evidence: str) -> Report:
        """Take an edit back, by the evidence that records it."""
        from agent.report import restore_in_report

        return restore_in_report(self.desk, evidence)

    @needs("read")
    def report_versions(self) -> list[Version]:
        """Return every version of the report, oldest first."""
        from agent.report import versions

        return versions(self.desk)

    @needs("read")
    def report_diff(self, before: int, after: int) -> list[Change]:
        """Return what two versions of the report do not share. Raises AgentError for a version that is not there."""
        from agent.report import compare_reports, load_report

        return compare_reports(load_report(self.desk, before), load_report(self.desk, after))

    @needs("work")
    def sign_report(self, reader: str) -> Report:
        """Sign the last report in the name of a reader whom the caller knows, and return the signed version.

        Raises:
            NotApplicable: no name, or it is signed already.
            AgentError: there is none, or the case has moved on since it was written.
        """
        from agent.report import sign

        return sign(self.desk, reader)
