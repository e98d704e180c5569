"""On which slice a lesion's long axis was measured, in words of both languages, as the viewer counts slices.

Recorded with the measurement, so that a report can name the slice and a check can hold it to it.
"""

from __future__ import annotations

from collections.abc import Iterable

from tools.quantity import Quantity
from tools.scan import Scan


def seen_on(scan: Scan, quantities: Iterable[Quantity]) -> dict[str, dict[str, str]]:
    """Return ``{"seen_on": {"en": "axial slice 56 of 96", "zh": …}}``; empty for one picture, or without an axis."""
    from tools.frame import slice_count, slice_index

    axis = next((q for q in quantities if q.name == "axial_long_axis" and len(q.end_points_mm) == 2), None)
    if axis is None or scan.is_2d:
        return {}
    p, q = axis.end_points_mm
    index = slice_index(scan, "axial", ((p[0] + q[0]) / 2, (p[1] + q[1]) / 2, (p[2] + q[2]) / 2)) + 1
    count = slice_count(scan, "axial")
    return {"seen_on": {"en": f"axial slice {index} of {count}", "zh": f"轴位第{index}/{count}层"}}
