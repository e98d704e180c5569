"""One lesion measured and recorded, for whoever needs its size: measure, compare, assess, outlines side by side."""

from __future__ import annotations

from typing import Any

from agent.record import LesionRecord
from agent.seen_on import seen_on
from agent.toolset.desk import Desk, brief
from tools.contract import MeasureRequest


def measure_one(desk: Desk, lesion: LesionRecord) -> dict[str, Any]:
    """Measure a lesion's current mask and record it; an earlier measurement of it is superseded."""
    scan = desk.need_scan()
    mask = desk.evidence.mask(lesion.mask_evidence)
    result, spec = desk.submit("measure", "measure", MeasureRequest(scan, mask))
    replaced = (lesion.measurement.id,) if lesion.measurement else ()
    item = desk.evidence.add(
        "measurement", spec.name, spec.version, scan_id=scan.id, parents=(lesion.mask_evidence.id,),
        inputs={"lesion": lesion.number, "mask": lesion.mask_evidence.id, **seen_on(scan, result.quantities)},
        quantities=result.quantities, text=" ".join(result.notes), supersedes=replaced,
    )  # fmt: skip
    return {
        "lesion": lesion.number, "evidence": item.id, "mask": lesion.mask_evidence.id,
        "where": lesion.where, "outlined": lesion.outlined, "quantities": brief(result.quantities),
        "supersedes": list(replaced), "notes": list(result.notes),
    }  # fmt: skip
