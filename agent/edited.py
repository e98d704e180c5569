"""Changes to an outline by the reader's hand: a further click, brush and eraser, and taking the last act back.

What is drawn is evidence like a tool's, of kind drawn. Nothing is ever deleted: taking back records what was there
before once more, and an outline that had nothing before it is superseded by the reader's word. Knows no conversation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from agent.chart import record_statement
from agent.record import LesionRecord
from agent.stated import Statement
from agent.toolset.desk import Desk
from agent.toolset.vision import record_drawn, segment
from tools.contract import NotApplicable, SegmentRequest, outside
from tools.evidence import Evidence
from tools.frame import Frame, Plane
from tools.mask import Mask
from tools.scan import Point, Scan

MOST_POINTS = 2000
"""Places of one stroke that are read; a hand makes a few hundred."""
MOST_RADIUS_MM = 60.0
UNDONE = "undo"
"""In the inputs of what a taking-back recorded: the id of what was taken back."""

Voxels = npt.NDArray[np.intp]


def refine(desk: Desk, lesion: int | None, point: Point, *, keep: bool) -> int:
    """Take a further click on a lesion: what lies there belongs to it, or must be left out. Return its number.

    An outline that a segmenter made is made again from all its clicks; one that the reader drew is kept, and what the
    segmenter finds at the click is added to it or cut from it.
    """
    chosen = desk.pick(lesion)
    seeded = chosen.mask_evidence.inputs.get("point") or chosen.mask_evidence.inputs.get("box")
    if seeded or not chosen.outlined:
        clicks = {"add" if keep else "avoid": [list(point)]}
        return int(segment(desk, lesion=chosen.number, **clicks)["lesion"])  # type: ignore[arg-type]
    scan = desk.need_scan()
    if not scan.contains(point):
        raise NotApplicable(outside(scan, point))
    result, _ = desk.submit("segment", "segment", SegmentRequest(scan, point))
    if not result.mask.count:
        raise NotApplicable("Nothing is outlined at that place. Click inside what you mean, or use the brush.")
    voxels = np.argwhere(result.mask.box) + np.asarray(result.mask.offset)
    return _redraw(desk, chosen, voxels, erase=not keep)


def paint(
    desk: Desk, lesion: int | None, plane: str, index: int, stroke: Sequence[Point], radius_mm: float, *, erase: bool
) -> int:
    """Paint or erase along a stroke on one slice, and return the lesion's number; None paints a new lesion.

    Args:
        desk: the case's.
        lesion: whose outline is changed.
        plane, index: the slice, as `tools.frame` counts them.
        stroke: where the brush went, RAS mm.
        radius_mm: of the brush; in pixels where the image has no scale.
        erase: take away instead of adding.

    Raises:
        NotApplicable: no such lesion, a brush that leaves nothing, no stroke.
    """
    scan = desk.need_scan()
    if not stroke or not 0 < radius_mm <= MOST_RADIUS_MM:
        raise NotApplicable(f"A stroke has points and a radius up to {MOST_RADIUS_MM:.0f} mm. Draw on the slice.")
    if lesion is None and erase:
        raise NotApplicable("Choose the lesion to erase from first, in the list under the picture.")
    try:
        frame = Frame.of(scan, plane_of(plane), index)
    except ValueError as error:
        raise NotApplicable(str(error)) from error
    voxels = _swept(scan, frame, stroke[:MOST_POINTS], radius_mm)
    return _redraw(desk, desk.pick(lesion) if lesion is not None else None, voxels, erase=erase)


def undo(desk: Desk) -> tuple[str, int] | None:
    """Take the reader's last outline or verdict back; return what was taken back and its lesion, or None: nothing left.

    Also what was asked for in words is taken back; a search is not, and neither is what was stated of the patient.
    """
    items = desk.record.items
    gone = {e.inputs[UNDONE] for e in items if UNDONE in e.inputs}
    act = next((e for e in reversed(items) if _is_act(e) and e.id not in gone), None)
    if act is None:
        return None
    lesion = int(act.inputs["lesion"])
    before = [e for e in items if e.id in act.supersedes]
    if act.kind == "stated":
        _verdict_back(desk, act, before)
    else:
        _outline_back(desk, act, lesion, before)
    return act.id, lesion


def _is_act(item: Evidence) -> bool:
    """Return whether evidence changed an outline or a verdict, and is no taking-back itself."""
    if UNDONE in item.inputs or not isinstance(item.inputs.get("lesion"), int):
        return False
    if item.kind == "stated":
        return item.inputs.get("field") == "status"
    return item.kind in ("mask", "drawn") and item.array is not None and bool(item.inputs.get("outlined", True))


def _verdict_back(desk: Desk, act: Evidence, before: Sequence[Evidence]) -> None:
    old = before[-1].inputs if before else {}
    status = str(old.get("value", "candidate"))
    said = Statement("status", status, f"{act.id} taken back", lesion=act.inputs["lesion"])
    record_statement(desk, said, reason=str(old.get("reason", "")), **{UNDONE: act.id})


def _outline_back(desk: Desk, act: Evidence, lesion: int, before: Sequence[Evidence]) -> None:
    now = desk.record.lesion(lesion)
    current = (now.mask_evidence.id,) if now else ()
    if not before:
        desk.evidence.add(
            "stated", "reader", "1", text=f"{act.id} taken back", scan_id=act.scan_id, supersedes=current,
            inputs={"field": "withdrawn", "lesion": lesion, "value": True, UNDONE: act.id},
        )  # fmt: skip
        desk.keep(focus=None, selection=None)
        return
    old = before[-1]
    desk.evidence.add(
        "drawn", "reader", "1", mask=desk.evidence.mask(old), scan_id=old.scan_id, supersedes=current,
        inputs={**old.inputs, UNDONE: act.id}, quantities=old.quantities, text=f"{old.id} again: {act.id} taken back",
    )  # fmt: skip
    desk.keep(focus=lesion, selection=None)


def _redraw(desk: Desk, lesion: LesionRecord | None, voxels: Voxels, *, erase: bool) -> int:
    scan = desk.need_scan()
    old = desk.evidence.mask(lesion.mask_evidence) if lesion else None
    mask = _changed(scan, old, voxels, erase=erase)
    if not mask.count:
        raise NotApplicable("Nothing of the outline would be left. Reject the lesion instead, or take the stroke back.")
    item = record_drawn(desk, mask, lesion.number if lesion else desk.record.next_number())
    desk.keep(focus=int(item.inputs["lesion"]), selection=None)
    return int(item.inputs["lesion"])


def _changed(scan: Scan, old: Mask | None, voxels: Voxels, *, erase: bool) -> Mask:
    """Return a mask with voxels (indices, shape ``(n, 3)``) added or taken away, cropped again."""
    corners = [voxels] if len(voxels) else []
    if old is not None and old.count:
        corners.append(np.array([old.offset, np.add(old.offset, old.box.shape) - 1]))
    label = old.label if old is not None else "lesion"
    if not corners:
        return Mask.from_grid(scan.id, np.zeros(scan.shape, bool), scan.affine, label)
    everything = np.concatenate(corners)
    low, high = everything.min(axis=0), everything.max(axis=0) + 1
    box = np.zeros(high - low, dtype=bool)
    if old is not None and old.count:
        start = np.subtract(old.offset, low)
        box[tuple(slice(s, s + n) for s, n in zip(start, old.box.shape, strict=True))] = old.box
    if len(voxels):
        box[tuple((voxels - low).T)] = not erase
    held = np.argwhere(box)
    if not len(held):
        return Mask.from_grid(scan.id, np.zeros(scan.shape, bool), scan.affine, label)
    first, last = held.min(axis=0), held.max(axis=0) + 1
    cut = box[tuple(slice(a, b) for a, b in zip(first, last, strict=True))]
    i, j, k = (int(v) for v in low + first)
    return Mask(scan.id, cut, (i, j, k), scan.shape, scan.affine, label)


def _swept(scan: Scan, frame: Frame, stroke: Sequence[Point], radius_mm: float) -> Voxels:
    """Return the voxels of a slice that a round brush passes over, shape ``(n, 3)``; at least those its path hits."""
    across, down, through = frame.voxel_axes
    step = np.asarray(scan.spacing_or_unit, dtype=np.float64)
    path = np.array([scan.to_index(p) for p in stroke], dtype=np.float64)[:, [across, down]]
    size, scale = np.array(scan.shape)[[across, down]], step[[across, down]]
    reach = np.ceil(radius_mm / scale).astype(int) + 1
    low = np.maximum(np.floor(path.min(axis=0)).astype(int) - reach, 0)
    high = np.minimum(np.ceil(path.max(axis=0)).astype(int) + reach + 1, size)
    if (high <= low).any():
        return np.zeros((0, 3), dtype=np.intp)
    grid = np.stack(np.meshgrid(*(np.arange(a, b) for a, b in zip(low, high, strict=True)), indexing="ij"), axis=-1)
    hit = np.zeros(grid.shape[:2], dtype=bool)
    for start, end in zip(path, [*path[1:], path[-1]], strict=True):
        hit |= _distance(grid * scale, start * scale, end * scale) <= radius_mm
    for place in np.rint(path).astype(int):  # a brush smaller than a voxel still marks the one it is on
        if (place >= low).all() and (place < high).all():
            hit[tuple(place - low)] = True
    voxels = np.empty((int(hit.sum()), 3), dtype=np.intp)
    voxels[:, [across, down]] = grid[hit]
    voxels[:, through] = frame.voxel_slice()
    return voxels


def _distance(grid: Any, start: Any, end: Any) -> Any:
    """Return how far each place of a grid, shape ``(m, n, 2)``, lies from a line between two points."""
    along = end - start
    length = float(along @ along)
    if math.isclose(length, 0.0):
        return np.linalg.norm(grid - start, axis=-1)
    share = np.clip((grid - start) @ along / length, 0.0, 1.0)
    return np.linalg.norm(grid - (start + share[..., None] * along), axis=-1)


def plane_of(name: str) -> Plane:
    """Return a plane by its name. Raises NotApplicable for another."""
    for plane in ("axial", "coronal", "sagittal"):
        if plane == name:
            return plane
    raise NotApplicable(f"A plane is axial, coronal or sagittal; not {name!r}.")
