"""Places that lesions lie in, outlined by a tool: the lobes. Then, and only then, a lobe is named without the reader.

A place is evidence without a lesion number: it is nobody's lesion, is counted nowhere and is never rated. Which place
a lesion lies in is a comparison of the two outlines, made again when either changes. Knows no tool by name.
"""

from __future__ import annotations

from typing import Any

from agent.record import LesionRecord
from agent.toolset.desk import Desk
from tools.contract import SegmentRequest, SegmentResult, ToolSpec, UnknownTool
from tools.evidence import Evidence
from tools.mask import Mask
from tools.quantity import Quantity

MOSTLY = 0.6
"""Share of a lesion's voxels that must lie in one place before it is said to lie there: one across a fissure is not."""
PLACE = "anatomy"
"""The input that marks an outline as a place, and holds its name."""


def wanted(desk: Desk, tool: str | None) -> ToolSpec | None:
    """Return the spec of the named tool where it outlines places instead of lesions."""
    if tool is None:
        return None
    try:
        spec = desk.workspace.registry.get(tool).spec
    except UnknownTool:
        return None
    return spec if spec.anatomy else None


def outline(desk: Desk, spec: ToolSpec) -> dict[str, Any]:
    """Outline every place that the tool knows, and say of each lesion where it lies."""
    scan = desk.need_scan()
    result, spec = desk.submit("segment", "segment", SegmentRequest(scan), spec.name)
    before = [e.id for e in desk.record.places]
    places: list[Evidence] = []
    for mask in (result.mask, *result.parts):
        if mask.count:  # the first takes the place of every earlier one, those that are not seen again too
            places.append(_record(desk, mask, result, spec, [] if places else before))
    told = locate_all(desk)
    return {
        "evidence": places[0].id, "tool": spec.name, "notes": list(result.notes),
        "places": [{"place": e.inputs[PLACE], "evidence": e.id} for e in places],
        "lesions": [{"lesion": e.inputs["lesion"], "lobe": e.inputs.get("value"), "evidence": e.id} for e in told],
    }  # fmt: skip


def locate_all(desk: Desk) -> list[Evidence]:
    """Record where each lesion lies that has not been told; nothing where no place is outlined."""
    record = desk.record
    if not record.places:
        return []
    return [found for x in record.lesions if (found := locate(desk, x)) is not None]


def locate(desk: Desk, lesion: LesionRecord) -> Evidence | None:
    """Record which place a lesion lies in; None where none is outlined, or it lies mostly in none."""
    places = desk.record.places
    if not places or lesion.lobe_by_tool is not None:
        return None
    mask = desk.evidence.mask(lesion.mask_evidence)
    shares = {e.id: share(mask, desk.evidence.mask(e)) for e in places}
    best = max(places, key=lambda e: shares[e.id])
    if shares[best.id] < MOSTLY:
        return None
    value = str(best.inputs[PLACE])
    return desk.evidence.add(
        "comparison", best.producer, best.version, weights=best.weights, scan_id=best.scan_id,
        parents=(lesion.mask_evidence.id, best.id),
        inputs={"kind": "lobe", "lesion": lesion.number, "field": "lobe", "value": value, "place": best.id},
        quantities=(Quantity("lobe_share", 100 * shares[best.id], "%", "voxels of the lesion inside the place"),),
        text=f"{value} as outlined by {best.producer}",
    )  # fmt: skip


def share(lesion: Mask, place: Mask) -> float:
    """Return the share of a lesion's voxels that lie in a place."""
    return lesion.overlap(place) / max(1, lesion.count)


def _record(desk: Desk, mask: Mask, result: SegmentResult, spec: ToolSpec, replaced: list[str]) -> Evidence:
    return desk.evidence.add(
        "mask", spec.name, spec.version, mask=mask, weights=spec.weights_sha256, scan_id=mask.scan_id,
        inputs={PLACE: mask.label, "label": mask.label, "outlined": True}, text=" ".join(result.notes),
        quantities=(_volume(mask),) if desk.need_scan().has_mm else (),
        supersedes=tuple(replaced),
    )  # fmt: skip


def _volume(mask: Mask) -> Quantity:
    import numpy as np

    voxel = abs(float(np.linalg.det(mask.grid_affine[:3, :3])))
    return Quantity("volume_voxel", mask.count * voxel, "mm3", "number of voxels x voxel volume")
