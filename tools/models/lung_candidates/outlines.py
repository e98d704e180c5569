"""From a rough lump to an outline by the nodule segmenter, which also tells a body from an organ's border.

A lump is cut off at its neck, so a mass on the mediastinum comes out too small; the segmenter, asked in its middle,
outlines all of it. What it cannot outline as one body (it goes on beyond the widest window, or lies elsewhere) and is
as large as a mass is taken for the border of an organ: liver dome, heart, chest wall. Knows no ranking.
"""

from __future__ import annotations

import numpy as np

from tools.contract import NotApplicable, SegmentRequest
from tools.mask import Mask
from tools.models.nodule_segmenter.model import DOUBTS, NoduleSegmenter
from tools.scan import Scan

COVERS = 0.3
"""An outline holds at least this share of the lump it was asked for."""
SAME = 0.3
"""Two outlines that share this part of the smaller are one lesion."""


def outlined(segmenter: NoduleSegmenter, scan: Scan, lump: Mask) -> Mask | None:
    """Return the outline that covers most of a lump, asked at its middle and at its deepest place; None without one."""
    places = [lump.core_mm]
    if lump.contains(lump.centre_mm):
        places.insert(0, lump.centre_mm)
    best, most = None, COVERS
    for place in dict.fromkeys(places):
        try:
            result = segmenter.run(SegmentRequest(scan, point=place))
        except NotApplicable:
            continue
        share = result.mask.overlap(lump) / lump.count
        if share >= most and DOUBTS["cut off"] not in result.notes:
            best, most = result.mask, share
        if share > 0.5:
            break
    return best


def diameter_of(mask: Mask) -> float:
    """Return the diameter in mm of the ball that holds a mask's volume."""
    cell = abs(float(np.linalg.det(mask.grid_affine[:3, :3])))
    return float((6.0 * mask.count * cell / np.pi) ** (1 / 3))


def same(one: Mask, other: Mask) -> bool:
    """Return whether two masks of one scan are the same lesion."""
    return one.overlap(other) >= SAME * min(one.count, other.count)

