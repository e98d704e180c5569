"""A case's record as a batch's table has it: the scan's geometry and the lesions, by column, and no name.

Sizes are as measured, not rounded; each with its unit. Knows no file and no page.
"""

from __future__ import annotations

from typing import Any

from agent.record import LesionRecord, Record
from tools.evidence import Evidence
from tools.quantity import Quantity
from tools.scan import Scan

GEOMETRY = ("pixel_spacing_i", "pixel_spacing_j", "slice_interval", "slice_thickness")
"""Quantities of the scan's own evidence that the table shows, in mm."""
FACTS = ("modality", "modality_how", "body_part", "body_part_how", "calibration", "contrast")


def scan_row(record: Record, scan: Scan) -> dict[str, Any]:
    """Return what is known of the scan, by column; None where it is not."""
    item = record.scan
    facts = {name: item.inputs.get(name) if item else None for name in FACTS}
    held = {name: item.quantity(name) if item else None for name in GEOMETRY}
    sizes = {f"{name}_mm": round(q.value, 6) if q is not None else None for name, q in held.items()}
    return {
        "scan": scan.id[:12], **facts, "columns": scan.shape[0], "rows": scan.shape[1], "slices": scan.shape[2], **sizes
    }  # fmt: skip


def lesion_rows(record: Record) -> tuple[dict[str, Any], ...]:
    """Return a dictionary a lesion, in the order of their numbers; those that a reader rejected are left out."""
    return tuple(_lesion(record, x) for x in record.lesions if x.status != "rejected")


def _lesion(record: Record, lesion: LesionRecord) -> dict[str, Any]:
    ranks = [e.quantity("rank") for e in record.history(lesion.number, "mask")]
    rank = next((q for q in ranks if q is not None), None)
    rough = lesion.mask_evidence.quantity("approximate_diameter")
    measured = [] if lesion.measurement is None else [_value(q) for q in lesion.measurement.quantities]
    rated = [] if lesion.rating is None else [_value(q) for q in lesion.rating.quantities]
    return {
        "lesion": lesion.number, "label": lesion.label, "lesion_status": lesion.status,
        "outlined": lesion.outlined, "from_search": lesion.from_search, "rank": rank.value if rank else None,
        "side": lesion.side, "third": lesion.third,
        "quantities": [*([_value(rough)] if rough and not measured else []), *measured], "rating": rated,
    }  # fmt: skip


def _value(quantity: Quantity) -> dict[str, Any]:
    return {"name": quantity.name, "value": quantity.value, "unit": quantity.unit}


def made_by(record: Record) -> tuple[str, ...]:
    """Return the tools behind the current evidence, each with its version."""
    kinds = ("search", "mask", "measurement", "classification")
    found: list[Evidence] = [e for e in record.live if e.kind in kinds]
    return tuple(sorted({f"{e.producer} {e.version}" for e in found}))
