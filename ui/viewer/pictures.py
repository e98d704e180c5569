"""A case's slices as PNG, with the outlines and calipers that its record holds.

Knows a case, not a browser: who may see it is decided before it comes here.
"""

from __future__ import annotations

import io
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import cast

from agent.record import LesionRecord, Record
from agent.workspace import Workspace
from tools.evidence import EvidenceError
from tools.quantity import show
from tools.render import PLANES, Caliper, Colour, Frame, Outline, Plane, render_slice, windows
from tools.scan import Point, Scan

COLOURS: tuple[Colour, ...] = (
    (242, 184, 75), (93, 196, 214), (226, 140, 200), (158, 206, 106), (240, 136, 96), (170, 160, 240),
)  # fmt: skip
"""One a lesion, in turn: apart from each other and from every grey, for most colour-blind readers too."""
DRAWN = ("axial_long_axis", "axial_short_axis")
KEPT = 8
"""Cases whose outlines are kept in memory; each is a few masks."""
_COMPRESSION = 1
"""A slice is seen once and goes no further than this machine: speed before size."""


@dataclass(frozen=True)
class Drawing:
    """What is drawn over a case's slices as its record stands."""

    outlines: tuple[Outline, ...] = ()
    calipers: tuple[Caliper, ...] = ()


class Pictures:
    """Draws slices of cases. Safe for several threads."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._cases: OrderedDict[str, tuple[Scan, str, Drawing]] = OrderedDict()
        self._lock = Lock()

    def png(self, case_id: str, plane: str, index: int, window: str | None = None, *, plain: bool = False) -> bytes:
        """Return a slice as PNG bytes, `plain` without outlines. Raises ValueError for what is not there."""
        from PIL import Image

        if plane not in PLANES:
            raise ValueError(f"The planes are {', '.join(PLANES)}; not {plane!r}.")
        scan, held = self._drawing(case_id)
        drawing = Drawing() if plain else held
        chosen = windows(scan).get(window or "")
        picture = render_slice(
            scan, plane, index, chosen, outlines=drawing.outlines, calipers=drawing.calipers
        )
        packed = io.BytesIO()
        Image.fromarray(picture).save(packed, "PNG", compress_level=_COMPRESSION)
        return packed.getvalue()

    def _drawing(self, case_id: str) -> tuple[Scan, Drawing]:
        """Return a case's scan and what is drawn over it; read again when its evidence or scan changed."""
        record = Record.of(self._workspace.evidence.case(case_id))
        stamp = record.items[-1].hash if record.items else ""
        with self._lock:
            held = self._cases.get(case_id)
            if held is not None and held[1] == stamp:
                return held[0], held[2]
        scans = self._workspace.cases.scans(case_id)
        if not scans:
            raise ValueError("The case holds no scan yet.")
        scan = as_recorded(held[0] if held is not None and held[0].id == scans[-1].id else scans[-1], record)
        drawing = drawn(self._workspace, record, scan)
        with self._lock:
            self._cases[case_id] = (scan, stamp, drawing)
            while len(self._cases) > KEPT:
                self._cases.popitem(last=False)
        return scan, drawing


def as_recorded(scan: Scan, record: Record) -> Scan:
    """Return the scan with modality and body part as the record has them, so that it gets the right windows."""
    import dataclasses

    from tools.scan import Known

    if record.scan is None:
        return scan
    said = record.scan.inputs
    return dataclasses.replace(
        scan,
        modality=Known(said.get("modality"), said.get("modality_how", "unknown")),
        body_part=Known(said.get("body_part"), said.get("body_part_how", "unknown")),
    )


def drawn(workspace: Workspace, record: Record, scan: Scan) -> Drawing:
    """Return the outlines and calipers of every lesion that was not rejected; a damaged mask is left out."""
    outlines: list[Outline] = []
    calipers: list[Caliper] = []
    for lesion in record.lesions:
        if lesion.status == "rejected" or lesion.mask_evidence.scan_id != scan.id:
            continue
        try:
            mask = workspace.evidence.case(lesion.mask_evidence.case_id).mask(lesion.mask_evidence)
        except EvidenceError:
            continue
        outlines.append(Outline(mask, colour_of(lesion.number), lesion.number))
        calipers += [Caliper(ends, label) for ends, label in lines_of(lesion)]
    return Drawing(tuple(outlines), tuple(calipers))


def lines_of(lesion: LesionRecord) -> list[tuple[tuple[Point, Point], str]]:
    """Return a lesion's measured lengths: end points in RAS mm, and the long one's value to write beside it."""
    found = []
    for name in DRAWN:
        quantity = lesion.measurement.quantity(name) if lesion.measurement else None
        if quantity is not None and len(quantity.end_points_mm) == 2:
            a, b = quantity.end_points_mm
            found.append(((a, b), show(quantity) if name == DRAWN[0] else ""))
    return found


def colour_of(number: int) -> Colour:
    """Return a lesion's colour."""
    return COLOURS[(number - 1) % len(COLOURS)]


def point_clicked(scan: Scan, plane: str, index: int, across: float, down: float) -> Point:
    """Return the RAS position in mm of a place in a slice, given as fractions of its picture's width and height."""
    frame = Frame.of(scan, cast(Plane, plane), index)
    return frame.to_mm(across * frame.width - 0.5, down * frame.height - 0.5)
