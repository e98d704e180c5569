"""find, segment, measure: resolve what the reader means, run the tool, record the evidence."""

from __future__ import annotations

from typing import Any

import numpy as np

from agent.record import LesionRecord
from agent.toolset import anatomy, beside
from agent.toolset.desk import Desk, brief
from agent.toolset.measuring import measure_one
from tools.contract import (
    Candidate,
    FindRequest,
    NotApplicable,
    SegmentRequest,
    SegmentResult,
    ToolSpec,
    outside,
)
from tools.evidence import Evidence
from tools.mask import Mask
from tools.measure import touches_edge
from tools.quantity import Quantity
from tools.scan import Point

TIGHTER = 0.15
"""One "tighter" raises the probability at which a voxel counts by this much; "looser" lowers it."""
THRESHOLDS = (0.05, 0.95)
MOST_CLICKS = 20
"""Further clicks of one kind that an outline is made from; older ones fall out."""
SAME_LESION = 0.3
"""Two masks that share this part of the smaller one are the same lesion."""


def find(desk: Desk, side: str | None = None, max_candidates: int = 10, tool: str | None = None) -> dict[str, Any]:
    """Search the scan for candidates, number them, and record the search."""
    scan = desk.need_scan()
    if side not in (None, "left", "right"):
        raise NotApplicable(f"A side is left or right, not {side!r}.")
    if not 1 <= max_candidates <= 50:
        raise NotApplicable(f"The number of candidates lies between 1 and 50; {max_candidates} was asked for.")
    request = FindRequest(scan=scan, max_candidates=max_candidates, side=side)  # type: ignore[arg-type]
    result, spec = desk.submit("find", "find", request, tool)
    search = desk.evidence.add(
        "search", spec.name, spec.version, weights=spec.weights_sha256, scan_id=scan.id,
        inputs={"side": side, "max_candidates": max_candidates},
        quantities=(Quantity("candidates", len(result.candidates), "{candidate}", "candidates above threshold"),),
        text=" ".join((*result.notes, *result.not_assessed)),
    )  # fmt: skip
    shown = [_record_candidate(desk, c, spec, search) for c in result.candidates if c.mask.count]
    anatomy.locate_all(desk)
    desk.keep(focus=shown[0]["lesion"] if len(shown) == 1 else desk.state.get("focus"))
    return {
        "evidence": search.id, "count": len(shown), "candidates": shown,
        "not_assessed": list(result.not_assessed), "notes": list(result.notes),
    }  # fmt: skip


def _record_candidate(desk: Desk, candidate: Candidate, spec: ToolSpec, search: Evidence) -> dict[str, Any]:
    """Record a candidate's rough region under the number of its lesion; an outline that is there stays."""
    number, known = _number(desk, candidate.mask)
    if known is not None and known.outlined:
        mask = known.mask_evidence  # an outline that a reader asked for is not replaced by a rough region
    else:
        mask = desk.evidence.add(
            "mask", spec.name, spec.version, mask=candidate.mask, scan_id=search.scan_id, parents=(search.id,),
            inputs={
                "lesion": number, "label": candidate.group, "group": candidate.group, "outlined": False,
                "point": list(candidate.mask.core_mm), **desk.place(candidate.mask),
            },
            quantities=(
                Quantity("rank", candidate.rank, "1", f"place in the list of {candidate.group} candidates"),
                Quantity("approximate_diameter", candidate.diameter_mm, "mm", "of the rough region, not measured"),
            ),
            supersedes=(known.mask_evidence.id,) if known else (),
        )  # fmt: skip
    return {
        "lesion": number, "evidence": mask.id, "group": candidate.group, "rank": candidate.rank,
        "cut_off": touches_edge(candidate.mask), "side": mask.inputs.get("side"),
        "where": mask.inputs.get("where", ""),
    }  # fmt: skip


def segment(
    desk: Desk,
    lesion: int | None = None,
    point: list[float] | None = None,
    box: list[float] | None = None,
    threshold: float | None = None,
    change: str | None = None,
    tool: str | None = None,
    add: list[list[float]] | None = None,
    avoid: list[list[float]] | None = None,
    tools: list[str] | None = None,
) -> dict[str, Any]:
    """Outline a lesion from a point, a box, the reader's selection, or again from what it was made of.

    `add` and `avoid` are further clicks on the lesion and on what must be left out; a lesion keeps them, so that it is
    outlined again from all of them. A tool that finds its structures by itself needs none of these. `tools` are run
    side by side: the first one's outline is the lesion's. A tool whose outline lies beside the lesion's is taken.
    """
    scan = desk.need_scan()
    places = anatomy.wanted(desk, tool)
    if places is not None:
        return anatomy.outline(desk, places)
    again = point is None and box is None
    corrects = lesion is not None or change is not None or bool(add or avoid)
    old = desk.pick(lesion) if lesion is not None else None
    if again:
        old, point, box = _meant(desk, old, corrects, tool)
    if again and old and tool and not (tools or add or avoid or change or threshold):
        held = beside.taken(desk, old, tool)
        if held is not None:
            return held
    cut = _threshold(old, threshold, change)
    clicks = _clicks(old if again else None, add, avoid)
    request = SegmentRequest(scan, _point(point), _box(box), clicks=_wire(clicks), threshold=cut)
    if request.has_prompt and not scan.contains(request.seed):
        raise NotApplicable(outside(scan, request.seed))
    names = beside.meant(desk, tools, prompted=request.has_prompt) if tools else [tool]
    result, spec = desk.submit("segment", "segment", request, names[0])
    if not result.mask.count:
        raise NotApplicable(
            f"{spec.name} outlined nothing there at threshold {cut:g}; nothing was recorded. Click inside the lesion, "
            "draw a box around it, or ask for a looser outline."
        )
    number, known = (old.number, old) if old else _number(desk, result.mask)
    origin = "search" if again and old is not None and old.from_search else "reader"
    seed = {"point": point, "box": box, "origin": origin, **clicks}
    item = _record_mask(desk, result.mask, result, spec, number, known, seed)
    parts = [_record_part(desk, part, result, spec, seed) for part in result.parts if part.count]
    desk.keep(focus=None if parts else number, selection=None)
    anatomy.locate_all(desk)
    more = beside.others(desk, item, [n for n in names[1:] if n], request, seed) if tools else {}
    return {
        "lesion": number, "evidence": item.id, "where": item.inputs.get("where", ""), "side": item.inputs.get("side"),
        "threshold": cut, "supersedes": list(item.supersedes), "tool": spec.name, "notes": list(result.notes),
        **({"parts": parts} if parts else {}), **more,
    }  # fmt: skip


def _meant(
    desk: Desk, lesion: LesionRecord | None, corrects: bool, tool: str | None
) -> tuple[LesionRecord | None, list[float] | None, list[float] | None]:
    """Return lesion, point and box that are meant where neither point nor box was given.

    Unless an outline is corrected that is the reader's selection, or no place where the tool needs none; else the place
    that the lesion was outlined from.
    """
    selection = desk.state.get("selection") or {}
    if not corrects and selection:
        return None, selection.get("point"), selection.get("box")
    if not corrects and desk.by_itself("segment", tool):
        return None, None, None
    old = lesion or desk.pick(None)
    point, box = old.mask_evidence.inputs.get("point"), old.mask_evidence.inputs.get("box")
    if point is None and box is None:
        point = list(desk.evidence.mask(old.mask_evidence).core_mm)
    return old, point, box


def measure(desk: Desk, lesion: int | None = None, own_line: bool = False) -> dict[str, Any]:
    """Measure one lesion, or every lesion when none is named and none is in focus; or take the reader's own line."""
    if own_line:
        return {"results": [_own_line(desk, lesion)]}
    record = desk.record
    usable = [x for x in record.lesions if x.status != "rejected"]
    all_of_them = lesion is None and len(usable) > 1 and desk.state.get("focus") is None
    chosen = usable if all_of_them else [desk.pick(lesion)]
    results = [measure_one(desk, x) for x in chosen]
    desk.keep(focus=chosen[0].number if len(chosen) == 1 else None)
    return {"results": results}


def _own_line(desk: Desk, lesion: int | None) -> dict[str, Any]:
    from agent.drawn import use_line

    item = use_line(desk, lesion)
    return {
        "lesion": item.inputs["lesion"], "evidence": item.id, "mask": item.inputs["mask"], "by": "reader",
        "quantities": brief(item.quantities), "supersedes": list(item.supersedes), "notes": [],
    }  # fmt: skip


def record_drawn(desk: Desk, mask: Mask, number: int | None = None) -> Evidence:
    """Record a mask that the reader drew or loaded, under its own lesion number. Raises NotApplicable."""
    if not mask.count:
        raise NotApplicable("The mask is empty: there is nothing in it to measure. Draw it again.")
    if desk.scan is not None and (mask.scan_id != desk.scan.id or mask.grid_shape != desk.scan.shape):
        raise NotApplicable("The mask belongs to another scan: draw or load one on this scan.")
    if number is None:
        number, known = _number(desk, mask)
    else:
        known = desk.record.lesion(number)
    item = desk.evidence.add(
        "drawn", "reader", "1", mask=mask, scan_id=mask.scan_id,
        inputs={"lesion": number, "label": mask.label, "outlined": True, **desk.place(mask)},
        quantities=(_voxel_volume(mask),) if desk.scan is not None and desk.scan.has_mm else (),
        supersedes=(known.mask_evidence.id,) if known else (),
    )  # fmt: skip
    if desk.scan is not None:
        anatomy.locate_all(desk)
    return item


def _record_part(
    desk: Desk, mask: Mask, result: SegmentResult, spec: ToolSpec, seed: dict[str, Any]
) -> dict[str, Any]:
    """Record a further structure of a tool that outlines several, under a number of its own."""
    number, known = _number(desk, mask)
    item = _record_mask(desk, mask, result, spec, number, known, seed)
    return {"lesion": number, "evidence": item.id, "label": mask.label}


def _record_mask(
    desk: Desk, mask: Mask, result: SegmentResult, spec: ToolSpec, number: int, known: LesionRecord | None,
    seed: dict[str, Any],
) -> Evidence:
    quantities = [Quantity("threshold", result.threshold, "1", "probability at which a voxel counts as inside")]
    if desk.scan is not None and desk.scan.has_mm:
        quantities.append(_voxel_volume(mask))
    return desk.evidence.add(
        "mask", spec.name, spec.version, mask=mask, weights=spec.weights_sha256, scan_id=mask.scan_id,
        inputs={"lesion": number, "label": mask.label, "outlined": True, **seed, **desk.place(mask)},
        quantities=tuple(quantities), text=" ".join(result.notes),
        supersedes=(known.mask_evidence.id,) if known else (),
    )  # fmt: skip


def _voxel_volume(mask: Mask) -> Quantity:
    voxel = abs(float(np.linalg.det(mask.grid_affine[:3, :3])))
    return Quantity("volume_voxel", mask.count * voxel, "mm3", "number of voxels x voxel volume")


def _number(desk: Desk, mask: Mask) -> tuple[int, LesionRecord | None]:
    """Return the number of the lesion this mask is of, and that lesion; or a new number and None."""
    best: tuple[float, LesionRecord] | None = None
    record = desk.record
    for lesion in record.lesions:
        other = desk.evidence.mask(lesion.mask_evidence)
        if other.scan_id != mask.scan_id:
            continue
        shared = mask.overlap(other) / max(1, min(mask.count, other.count))
        if shared >= SAME_LESION and (best is None or shared > best[0]):
            best = (shared, lesion)
    return (best[1].number, best[1]) if best else (record.next_number(), None)


def _threshold(old: LesionRecord | None, threshold: float | None, change: str | None) -> float:
    if threshold is not None:
        return float(threshold)
    before = old.mask_evidence.quantity("threshold") if old else None
    value = before.value if before else 0.5
    if change == "tighter":
        value += TIGHTER
    elif change == "looser":
        value -= TIGHTER
    elif change not in (None, ""):
        raise NotApplicable(f"An outline can be made tighter or looser, not {change!r}.")
    low, high = THRESHOLDS
    return round(min(high, max(low, value)), 3)


def _clicks(
    old: LesionRecord | None, add: list[list[float]] | None, avoid: list[list[float]] | None
) -> dict[str, list[list[float]]]:
    """Return the further clicks an outline rests on: those it already had, then the new ones; empty: none."""
    kept: dict[str, list[list[float]]] = {}
    for name, new in (("add", add), ("avoid", avoid)):
        before = list(old.mask_evidence.inputs.get(name) or []) if old else []
        places = [*before, *(list(p) for p in new or [] if list(p) not in before)]
        if places:
            kept[name] = places[-MOST_CLICKS:]
    return kept


def _wire(clicks: dict[str, list[list[float]]]) -> tuple[tuple[Point, bool], ...]:
    """Return the clicks as a segmenter takes them."""
    places = [(_point(p), name == "add") for name, held in clicks.items() for p in held]
    return tuple((place, keep) for place, keep in places if place is not None)


def _point(values: list[float] | None) -> Point | None:
    if values is None:
        return None
    if len(values) != 3:
        raise NotApplicable(f"A point has three coordinates (x, y, z in RAS mm); {len(values)} were given.")
    return float(values[0]), float(values[1]), float(values[2])


def _box(values: list[float] | None) -> tuple[Point, Point] | None:
    if values is None:
        return None
    if len(values) != 6:
        raise NotApplicable(f"A box has six numbers (two opposite corners in RAS mm); {len(values)} were given.")
    a, b, c, d, e, f = (float(v) for v in values)
    return (a, b, c), (d, e, f)
