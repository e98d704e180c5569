"""A case's slices as PNG, what lies over them as plain values, and what one place of a slice holds.

Knows a case, not a browser: who may see it is decided before it comes here.
"""

from __future__ import annotations

import io
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np

from agent.record import LesionRecord, Record
from agent.workspace import Workspace
from tools.evidence import EvidenceError
from tools.mask import Mask
from tools.quantity import show
from tools.render import PLANES, Caliper, Colour, Frame, Outline, Plane, outline_lines, render_slice, windows
from tools.scan import Point, Scan

COLOURS: tuple[Colour, ...] = (
    (242, 184, 75), (93, 196, 214), (226, 140, 200), (158, 206, 106), (240, 136, 96), (170, 160, 240),
)  # fmt: skip
"""One a lesion, in turn: apart from each other and from every grey, for most colour-blind readers too."""
DRAWN = ("axial_long_axis", "axial_short_axis")
KEPT = 8
"""Cases whose outlines are kept in memory; each is a few masks."""
SHOWN_SIZE = 768
"""Pixels along the longer side of a picture sent to a browser: more than a pane of half a window shows."""
_COMPRESSION = 1
"""A slice is seen once and goes no further than this machine: speed before size."""
_IN_SLICE = 0.5
"""Slices that both ends of a line may lie off the one it is drawn on."""


@dataclass(frozen=True)
class Line:
    """A length to draw, and which lesion and evidence it is of."""

    ends: tuple[Point, Point]
    label: str
    evidence: str
    lesion: int | None = None


@dataclass(frozen=True)
class Drawing:
    """What is drawn over a case's slices as its record stands."""

    outlines: tuple[Outline, ...] = ()
    lines: tuple[Line, ...] = ()
    beside: tuple[Outline, ...] = ()
    """Other tools' outlines of the same lesions: broken contours, never filled."""


@dataclass(frozen=True)
class _Held:
    stamp: str
    scan: Scan
    drawing: Drawing


class Pictures:
    """Draws slices of cases. Safe for several threads."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._cases: OrderedDict[tuple[str, int], _Held] = OrderedDict()
        self._lock = Lock()

    def png(
        self, case_id: str, plane: str, index: int, window: str | tuple[float, float] | None = None, *,
        plain: bool = False, prior: int = 0,
    ) -> bytes:  # fmt: skip
        """Return a slice as PNG bytes, `plain` without outlines and letters. Raises ValueError for what is not there.

        Args:
            case_id: the case.
            plane, index: which slice.
            window: a preset's name, or centre and width.
            plain: without outlines, lines and letters, which the browser draws.
            prior: number of an earlier scan; 0 is the current one.
        """
        from PIL import Image

        held = self._held(case_id, prior)
        chosen = windows(held.scan).get(window or "") if isinstance(window, str) else window
        drawing = Drawing() if plain else held.drawing
        calipers = [Caliper(line.ends, line.label) for line in drawing.lines]
        picture = render_slice(
            held.scan, _plane(plane), index, chosen, outlines=drawing.outlines, calipers=calipers, size=SHOWN_SIZE,
            sides=not plain,
        )  # fmt: skip
        image = Image.fromarray(picture)
        packed = io.BytesIO()
        (image.convert("L") if plain else image).save(packed, "PNG", compress_level=_COMPRESSION)
        return packed.getvalue()

    def marks(self, case_id: str, plane: str, index: int, prior: int = 0) -> dict[str, Any]:
        """Return what lies over a slice: outlines and lines, places as fractions of the picture's width and height."""
        held = self._held(case_id, prior)
        frame = Frame.of(held.scan, _plane(plane), index)
        beside = [{**shown, "beside": True, "runs": []} for o in held.drawing.beside if (shown := _outline(frame, o))]
        outlines = [*(_outline(frame, o) for o in held.drawing.outlines), *beside]
        lines = [_line(frame, line) for line in held.drawing.lines]
        return {
            "columns": frame.counts[0], "rows": frame.counts[1],
            "outlines": [o for o in outlines if o is not None], "lines": [x for x in lines if x is not None],
        }  # fmt: skip

    def probe(self, case_id: str, plane: str, index: int, across: float, down: float, prior: int = 0) -> dict[str, Any]:
        """Return the patient position and the voxel's value at a place of a slice, and the slices that cross there."""
        from tools.render import planes, slice_index

        scan = self._held(case_id, prior).scan
        place = point_clicked(scan, _plane(plane), index, across, down)
        if not scan.contains(place):
            return {"mm": None}
        i, j, k = (round(v) for v in scan.to_index(place))
        limits = scan.shape
        value = scan.voxels[min(max(i, 0), limits[0] - 1), min(max(j, 0), limits[1] - 1), min(max(k, 0), limits[2] - 1)]
        return {
            "mm": [round(v, 1) for v in place] if scan.calibration == "patient" else None,
            "value": round(float(value), 2),
            "slices": {p: slice_index(scan, p, place) for p in planes(scan)},
        }

    def scan(self, case_id: str, prior: int = 0) -> Scan:
        """Return the scan that is shown. Raises ValueError when the case holds none."""
        return self._held(case_id, prior).scan

    def outlines(self, case_id: str) -> tuple[Outline, ...]:
        """Return the outlines that are drawn over a case's current scan."""
        return self._held(case_id, 0).drawing.outlines

    def _held(self, case_id: str, prior: int) -> _Held:
        """Return a case's scan and what is drawn over it; read again when its evidence or scan changed."""
        record = Record.of(self._workspace.evidence.case(case_id))
        stamp = record.items[-1].hash if record.items else ""
        with self._lock:
            held = self._cases.get((case_id, prior))
            if held is not None and held.stamp == stamp:
                return held
        scan = self._scan(case_id, record, prior)
        if held is not None and held.scan.id == scan.id:
            scan = held.scan  # its voxels are in memory already
        scan = as_recorded(scan, record)
        drawing = drawn_prior(self._workspace, record, scan, prior) if prior else drawn(self._workspace, record, scan)
        made = _Held(stamp, scan, drawing)
        with self._lock:
            self._cases[case_id, prior] = made
            while len(self._cases) > KEPT:
                self._cases.popitem(last=False)
        return made

    def _scan(self, case_id: str, record: Record, prior: int) -> Scan:
        scans = self._workspace.cases.scans(case_id, "prior" if prior else "current")
        if prior:
            wanted = next((p.scan.scan_id for p in record.priors if p.number == prior), None)
            scans = [s for s in scans if s.id == wanted]
        if not scans:
            raise ValueError(f"The case holds no prior {prior}." if prior else "The case holds no scan yet.")
        return scans[-1]


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
    """Return the outlines and lengths of every lesion that was not rejected; a damaged mask is left out."""
    outlines: list[Outline] = []
    beside: list[Outline] = []
    lines: list[Line] = []
    for lesion in record.lesions:
        mask = _mask(workspace, lesion.mask_evidence.case_id, lesion.mask_evidence)
        if lesion.status == "rejected" or mask is None or mask.scan_id != scan.id:
            continue
        outlines.append(Outline(mask, colour_of(lesion.number), lesion.number))
        others = (_mask(workspace, e.case_id, e) for e in record.alternatives(lesion.number))
        beside += [Outline(m, colour_of(lesion.number), lesion.number) for m in others if m is not None]
        if lesion.measurement is not None:
            lines += [Line(e, label, lesion.measurement.id, lesion.number) for e, label in lines_of(lesion)]
    for item in record.lines:
        (quantity,) = item.quantities
        if item.scan_id == scan.id and len(quantity.end_points_mm) == 2:
            p, q = quantity.end_points_mm
            lines.append(Line((p, q), show(quantity), item.id))
    return Drawing(tuple(outlines), tuple(lines), tuple(beside))


def drawn_prior(workspace: Workspace, record: Record, scan: Scan, prior: int) -> Drawing:
    """Return the outlines on an earlier scan, each in the colour of the lesion it was matched with."""
    held = next((p for p in record.priors if p.number == prior), None)
    matched = {
        n: e.inputs.get("lesion")
        for e in record.comparisons
        if e.inputs.get("prior") == prior
        for n in e.inputs.get("prior_lesions") or ()
    }
    outlines = []
    for number, item in (held.outlines if held else {}).items():
        mask = _mask(workspace, item.case_id, item)
        if mask is not None and mask.scan_id == scan.id:
            outlines.append(Outline(mask, colour_of(matched.get(number) or number), number))
    return Drawing(tuple(outlines))


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


def hexed(colour: Colour) -> str:
    """Return a colour as a browser writes it."""
    return "#" + "".join(f"{v:02x}" for v in colour)


def point_clicked(scan: Scan, plane: str, index: int, across: float, down: float) -> Point:
    """Return the RAS position in mm of a place in a slice, given as fractions of its picture's width and height."""
    frame = Frame.of(scan, _plane(plane), index)
    return frame.to_mm(across * frame.width - 0.5, down * frame.height - 0.5)


def _plane(name: str) -> Plane:
    if name not in PLANES:
        raise ValueError(f"The planes are {', '.join(PLANES)}; not {name!r}.")
    return name


def _mask(workspace: Workspace, case_id: str, item: Any) -> Mask | None:
    try:
        return workspace.evidence.case(case_id).mask(item)
    except EvidenceError:
        return None


def _outline(frame: Frame, outline: Outline) -> dict[str, Any] | None:
    """Return a contour in a slice, and its inside as runs of voxels; None where the mask is not in this slice."""
    lines = outline_lines(frame, outline.mask)
    if not len(lines):
        return None
    scale = np.array([frame.width, frame.height], dtype=float)
    return {
        "lesion": outline.number, "colour": hexed(outline.colour),
        "lines": np.round((lines + 0.5) / scale, 5).reshape(-1, 4).tolist(), "runs": _runs(frame, outline.mask),
    }  # fmt: skip


def _runs(frame: Frame, mask: Mask) -> list[list[int]]:
    """Return the voxels of a mask in a slice as runs: row, first column, one past the last, as shown."""
    across, down, through = frame.voxel_axes
    flat = np.take(mask.box, frame.voxel_slice() - mask.offset[through], axis=through)
    held = np.argwhere(flat)
    places = np.zeros((len(held), 3))
    first, second = sorted((across, down))
    places[:, first], places[:, second] = held[:, 0] + mask.offset[first], held[:, 1] + mask.offset[second]
    shown = frame.unfold(places)
    columns = np.rint((shown[:, 0] + 0.5) * frame.counts[0] / frame.width - 0.5).astype(int)
    rows = np.rint((shown[:, 1] + 0.5) * frame.counts[1] / frame.height - 0.5).astype(int)
    runs: list[list[int]] = []
    for row, column in sorted(zip(rows.tolist(), columns.tolist(), strict=True)):
        if runs and runs[-1][0] == row and runs[-1][2] == column:
            runs[-1][2] = column + 1
        else:
            runs.append([row, column, column + 1])
    return runs


def _line(frame: Frame, line: Line) -> dict[str, Any] | None:
    a, b = (frame.to_pixel(p) for p in line.ends)
    if max(abs(a[2]), abs(b[2])) > _IN_SLICE:
        return None
    ends = [[round((e[0] + 0.5) / frame.width, 5), round((e[1] + 0.5) / frame.height, 5)] for e in (a, b)]
    return {"ends": ends, "label": line.label, "evidence": line.evidence, "lesion": line.lesion}
