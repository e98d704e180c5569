"""What the browser is told of the open case: its planes, windows, lesions, and where to look. Plain JSON values.

Knows no pixel and no HTML.
"""

from __future__ import annotations

from typing import Any, Literal

from agent.record import LesionRecord, Record
from agent.session import Session
from tools.evidence import EvidenceError
from tools.quantity import show
from tools.render import Plane, letters, planes, slice_count, slice_index, windows
from tools.scan import Point, Scan
from ui.viewer.pictures import colour_of, lines_of

MODALITIES = ("CT", "MR", "DX", "US", "PT")
BODY_PARTS = ("CHEST", "ABDOMEN", "HEAD", "NECK", "PELVIS", "SPINE")


Go = Literal["", "focus", "show"]


def viewer_state(session: Session | None, *, jump: int = 0, go: Go = "", busy: bool = False) -> dict[str, Any]:
    """Return the viewer's state.

    Args:
        session: the open case, or None.
        jump: a count that grows whenever the viewer must move; the browser moves when it sees a new one.
        go: where it moves: to the lesion in focus, to what `show` asked for, or to the middle.
        busy: whether a turn is under way.
    """
    if session is None or session.scan is None:
        return {"case": None, "busy": busy, "jump": jump}
    scan, record = session.scan, session.record
    return {
        "case": session.case_id,
        "stamp": record.items[-1].hash[:12] if record.items else "0",
        "busy": busy,
        "jump": jump,
        "counts": {plane: slice_count(scan, plane) for plane in planes(scan)},
        "windows": [{"name": n, "centre": round(c), "width": round(w)} for n, (c, w) in windows(scan).items()],
        "letters": {plane: letters(scan, plane) for plane in planes(scan)},
        "look": _look(session, scan, record, go),
        "lesions": [_lesion(session, scan, x) for x in record.lesions],
        "facts": facts(scan),
        "notes": list(scan.notes),
        "unknown": {
            "modality": list(MODALITIES) if scan.modality.value is None else [],
            "body_part": list(BODY_PARTS) if scan.body_part.value is None else [],
        },
        "warning": next((n for n in scan.notes if "phantom" in n.lower()), ""),
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


def _look(session: Session, scan: Scan, record: Record, go: Go) -> dict[str, Any]:
    """Return the slice of each plane to move to, and plane and window; None leaves what the reader set."""
    shown = planes(scan)
    asked = dict(session.state.get("view") or {}) if go == "show" else {}
    plane = asked["plane"] if asked.get("plane") in shown else None
    focus = record.lesion(session.state.get("focus") or 0)
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


def _lesion(session: Session, scan: Scan, lesion: LesionRecord) -> dict[str, Any]:
    size = lesion.measurement.quantity("axial_long_axis") if lesion.measurement else None
    short = lesion.measurement.quantity("axial_short_axis") if lesion.measurement else None
    return {
        "number": lesion.number,
        "label": lesion.label if lesion.outlined else f"{lesion.label} candidate",
        "where": lesion.where,
        "status": lesion.status,
        "outlined": lesion.outlined,
        "size": " x ".join(show(q) for q in (size, short) if q is not None),
        "evidence": lesion.measurement.id if lesion.measurement else lesion.mask_evidence.id,
        "colour": "#" + "".join(f"{v:02x}" for v in colour_of(lesion.number)),
        "slices": _slices(session, scan, lesion),
    }


def _slices(session: Session, scan: Scan, lesion: LesionRecord) -> dict[str, int]:
    places = {p: _place(session, lesion, p) for p in planes(scan)}
    return {p: slice_index(scan, p, at) for p, at in places.items() if at is not None}
