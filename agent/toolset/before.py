"""What is found on a prior before it is compared: its scan, outlines where the reader gave none, measurements.

A tool outlines there what it outlined here, at the places that registration gives; that is marked as reviewed by
nobody. Compares nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from agent.record import LesionRecord, PriorRecord
from agent.toolset.desk import Desk
from tools.compare import TimePoint
from tools.contract import MeasureRequest, NotApplicable, SegmentRequest, ToolFailed, UnknownTool
from tools.mask import Mask
from tools.quantity import Quantity
from tools.scan import Point, Scan

NOT_REVIEWED = (
    "The tool outlined the prior by itself, where registration put each lesion, and no reader has reviewed that: load "
    "outlines of the prior to have growth judged."
)
"""A tool asked to outline something does so, a vessel for instance: that must not become a lesion's growth."""
LUNG_HU = -700.0
"""An outline with a mean under this is aerated lung; ground glass lies above it. Scanwright's own limit."""


def scan_of(desk: Desk, prior: PriorRecord) -> Scan:
    """Return a prior's scan as it is kept with the case."""
    kept = desk.workspace.cases.scans(desk.case_id, "prior")
    return next(s for s in kept if s.id == prior.scan.scan_id)


def outline_prior(desk: Desk, prior: PriorRecord, scan: Scan, lesions: Sequence[LesionRecord]) -> None:
    """Outline on the prior, with the same tool, what lies where each lesion is now. Raises NotApplicable."""
    current = TimePoint(desk.need_scan(), {x.number: desk.evidence.mask(x.mask_evidence) for x in lesions})
    matrix = desk.compare(current, TimePoint(scan, {}), None).registration.matrix
    for lesion in lesions:
        mask = lesion.mask_evidence
        place = _carried(desk.evidence.mask(mask).core_mm, matrix)
        if mask.kind == "drawn" or not scan.contains(place):
            continue
        try:
            result, spec = desk.submit("compare", "segment", SegmentRequest(scan, point=place), mask.producer)
        except (NotApplicable, ToolFailed, UnknownTool):
            continue  # the tool sees nothing there: then nothing is outlined, which is said
        if result.mask.count and not _is_lung(scan, result.mask):
            desk.evidence.add(
                "mask", spec.name, spec.version, mask=result.mask, weights=spec.weights_sha256, scan_id=scan.id,
                inputs={"prior": prior.number, "prior_lesion": lesion.number, "label": result.mask.label,
                        "outlined": True, "point": list(place)},
                quantities=(Quantity("threshold", result.threshold, "1", "probability at which a voxel counts"),),
                parents=(prior.scan.id, mask.id), text=NOT_REVIEWED,
            )  # fmt: skip
    if not any(p.number == prior.number and p.outlines for p in desk.record.priors):
        raise NotApplicable(
            "Nothing is outlined on the prior scan, so its lesions cannot be compared. Outline them there and load "
            "the masks with the prior."
        )


def _is_lung(scan: Scan, mask: Mask) -> bool:
    """Return whether an outline on a CT holds nothing but aerated lung."""
    return scan.modality.value == "CT" and float(np.mean(scan.voxels[mask.slices][mask.box])) < LUNG_HU


def _carried(point_mm: Point, matrix: Sequence[Sequence[float]]) -> Point:
    """Return where a point of the current scan lies on the prior, both RAS mm."""
    x, y, z = (np.asarray(matrix, dtype=np.float64) @ np.array([*point_mm, 1.0]))[:3]
    return float(x), float(y), float(z)


def measure_prior(desk: Desk, prior: PriorRecord, scan: Scan) -> None:
    """Measure what is outlined on a prior and not measured yet, with the tool that measures the current scan."""
    for label, outline in prior.outlines.items():
        if label in prior.measurements:
            continue
        result, spec = desk.submit("compare", "measure", MeasureRequest(scan, desk.evidence.mask(outline)))
        desk.evidence.add(
            "measurement", spec.name, spec.version, scan_id=scan.id, parents=(outline.id,),
            inputs={"prior": prior.number, "prior_lesion": label, "mask": outline.id},
            quantities=result.quantities, text=" ".join(result.notes),
        )  # fmt: skip
