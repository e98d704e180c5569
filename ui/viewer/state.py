"""What the viewer shows of a case: the scan's own facts, its lesions, where to look. Plain JSON values.

Knows no pixel and no HTML.
"""

from __future__ import annotations

from typing import Any, Literal

from agent.record import LesionRecord, PriorRecord, Record
from agent.session import Session
from tools.evidence import Evidence, EvidenceError
from tools.quantity import show
from tools.render import Frame, Plane, letters, planes, slice_count, slice_index, windows
from tools.scan import Point, Scan
from ui.viewer.pictures import COLOURS, colour_of, hexed, lines_of

MODALITIES = ("CT", "MR", "DX", "US", "PT")
BODY_PARTS = ("CHEST", "ABDOMEN", "HEAD", "NECK", "PELVIS", "SPINE")
REASONS = ("vessel", "scar", "node", "artefact")
"""What a candidate turns out to be, as a reader says it in one word."""

Go = Literal["", "focus", "show"]


def viewer_state(
    session: Session | None, *, jump: int = 0, go: Go = "", busy: bool = False, locked: bool = False,
    own_focus: int | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Return the viewer's state.

    Args:
        session: the open case, or None.
        jump: a count that grows whenever the viewer must move; the browser moves when it sees a new one.
        go: where it moves: to the lesion in focus, to what `show` asked for, or to the middle.
        busy: whether a turn is under way.
        locked: the reader only looks; what is in focus is then theirs alone (`own_focus`), not the case's.
    """
    if session is None or session.scan is None:
        return {"case": None, "busy": busy, "jump": jump}
    scan, record, kept = session.scan, session.record, session.state
    focus = own_focus if locked else kept.get("focus")
    return {
        "case": session.case_id,
        "stamp": record.items[-1].hash[:12] if record.items else "0",
        "busy": busy,
        "jump": jump,
        "focus": focus,
        "locked": locked,
        **geometry(scan),
        "windows": [{"name": n, "centre": round(c), "width": round(w)} for n, (c, w) in windows(scan).items()],
        "unit": "HU" if scan.modality.value == "CT" and scan.calibration != "none" else "",
        "look": _look(session, scan, record, go, focus),
        "lesions": [lesion_row(session, scan, x) for x in record.lesions],
        "drawn": bool(record.lesions or record.lines),
        "evidence": {e.id: n for e in record.items if isinstance(n := e.inputs.get("lesion"), int)},
        "palette": [hexed(c) for c in COLOURS],
        "reasons": list(REASONS),
        "priors": [_prior(session, p) for p in record.priors],
        "facts": facts(scan),
        "notes": list(scan.notes),
        "unknown": {
            "modality": list(MODALITIES) if scan.modality.value is None else [],
            "body_part": list(BODY_PARTS) if scan.body_part.value is None else [],
        },
        "warning": next((n for n in scan.notes if "phantom" in n.lower()), ""),
    }


def geometry(scan: Scan) -> dict[str, Any]:
    """Return how many slices each plane has, which letters stand at its sides, and mm from slice to slice."""
    shown = planes(scan)
    step = scan.spacing_or_unit
    return {
        "counts": {plane: slice_count(scan, plane) for plane in shown},
        "letters": {plane: letters(scan, plane) for plane in shown},
        "step": {plane: _step(scan, plane, step) for plane in shown},
        "width_mm": {plane: _width(scan, plane) for plane in shown},
        "scale": "mm" if scan.has_mm else "px",
    }


def facts(scan: Scan) -> list[str]:
    """Return what was understood of a scan, in short phrases."""
    part = "" if scan.body_part.value is None else f" {scan.body_part.value.lower()}"
    how = ", ".join(sorted({scan.modality.how, scan.body_part.how} & {"assumed", "stated"}))
    head = f"{scan.modality.value or 'Modality unknown'}{part}" + (f" ({how})" if how else "")
    size = f"{scan.shape[0]} x {scan.shape[1]}" + ("" if scan.is_2d else f" x {scan.shape[2]}")
    if scan.has_mm:
        shown = scan.spacing[: 2 if scan.is_2d else 3]
        size += " voxels of " + " x ".join(f"{s:.2f}" for s in shown if s is not None) + " mm"
    else:
        size += " pixels, no scale: lengths in pixels"
    return [head, size]


def lesion_row(session: Session, scan: Scan, lesion: LesionRecord) -> dict[str, Any]:
    """Return one lesion as list and table show it; `before` is its size by the measurement that was replaced."""
    names, colours = session.state.get("names") or {}, session.state.get("colours") or {}
    own = f"{lesion.label}" if lesion.outlined else f"{lesion.label} candidate"
    earlier = session.record.history(lesion.number)
    latest = lesion.measurement is not None and bool(earlier) and lesion.measurement.id == earlier[-1].id
    before = size_of(earlier[-2]) if latest and len(earlier) > 1 else ""
    volume = lesion.measurement.quantity("volume_voxel") if lesion.measurement else None
    return {
        "number": lesion.number,
        "label": own,
        "name": str(names.get(str(lesion.number)) or ""),
        "where": lesion.where,
        "status": lesion.status,
        "reason": lesion.reason,
        "outlined": lesion.outlined,
        "size": size_of(lesion.measurement),
        "before": before if before != size_of(lesion.measurement) else "",
        "volume": show(volume) if volume else "",
        "long": _value(lesion.measurement),
        "evidence": lesion.measurement.id if lesion.measurement else lesion.mask_evidence.id,
        "colour": colours.get(str(lesion.number)) or hexed(colour_of(lesion.number)),
        "slices": _slices(session, scan, lesion),
    }


def size_of(item: Evidence | None) -> str:
    """Return long and short axis of a measurement in words, or nothing."""
    found = [item.quantity(n) for n in ("axial_long_axis", "axial_short_axis")] if item else []
    shown = [show(q) for q in found if q is not None]
    if len(shown) > 1 and shown[0].split(" ")[1:] == shown[1].split(" ")[1:]:
        shown[0] = shown[0].split(" ")[0]  # the unit once
    return " x ".join(shown)


def _value(item: Evidence | None) -> float:
    found = item.quantity("axial_long_axis") if item else None
    return 0.0 if found is None else found.value


def _step(scan: Scan, plane: Plane, step: Point) -> float:
    return round(float(step[Frame.of(scan, plane).voxel_axes[2]]), 4)


def _width(scan: Scan, plane: Plane) -> float:
    """Return how wide a plane's pictures are, in mm, or in pixels where there is no scale."""
    frame = Frame.of(scan, plane)
    return round(float(frame.counts[0] * scan.spacing_or_unit[frame.voxel_axes[0]]), 3)


def _look(session: Session, scan: Scan, record: Record, go: Go, number: int | None) -> dict[str, Any]:
    """Return the slice of each plane to move to, and plane and window; None leaves what the reader set."""
    shown = planes(scan)
    asked = dict(session.state.get("view") or {}) if go == "show" else {}
    plane = asked["plane"] if asked.get("plane") in shown else None
    focus = record.lesion(number or 0)
    slices: dict[str, int] = {p: slice_count(scan, p) // 2 for p in shown}
    if asked.get("centre") is not None:
        x, y, z = asked["centre"]
        slices = {p: slice_index(scan, p, (x, y, z)) for p in shown}
    elif isinstance(asked.get("slice"), int):
        slices = {plane or shown[0]: min(asked["slice"], slice_count(scan, plane or shown[0])) - 1}
    elif go and focus is not None:
        slices = _slices(session, scan, focus)
    elif go:
        slices = {}
    return {"plane": plane, "slices": slices, "window": _window(str(asked.get("window") or ""), list(windows(scan)))}


def _window(asked: str, names: list[str]) -> str | None:
    """Return the window that is meant by a name as people say it, or None."""
    asked = asked.lower().strip()
    return next((n for n in names if asked and (n in asked or asked in n)), None)


def _place(session: Session, lesion: LesionRecord, plane: Plane) -> Point | None:
    """Return where to look at a lesion: where its calipers lie, else its middle."""
    lines = lines_of(lesion)
    if plane == "axial" and lines:
        (a, b), _ = lines[0]
        return (a[0] + b[0]) / 2, (a[1] + b[1]) / 2, (a[2] + b[2]) / 2
    try:
        return session.evidence.mask(lesion.mask_evidence).centre_mm
    except (EvidenceError, ValueError):
        return None


def _slices(session: Session, scan: Scan, lesion: LesionRecord) -> dict[str, int]:
    places = {p: _place(session, lesion, p) for p in planes(scan)}
    return {p: slice_index(scan, p, at) for p, at in places.items() if at is not None}


def _prior(session: Session, prior: PriorRecord) -> dict[str, Any]:
    """Return an earlier scan as the viewer shows it."""
    scans = session.workspace.cases.scans(session.case_id, "prior")
    scan = next((s for s in scans if s.id == prior.scan.scan_id), None)
    when = f"{prior.days} days before" if prior.days is not None else "interval not known"
    shown = {"number": prior.number, "when": when, "verified": prior.verified}
    return shown | (geometry(scan) if scan is not None else {"counts": {}})
