"""The reader's own tools: a line between two points, and an axis set by hand in place of the measured one.

What is drawn is evidence like a tool's, of kind drawn, and says so. Knows no model.
"""

from __future__ import annotations

import math

from agent.record import LesionRecord, is_axis
from agent.toolset.desk import Desk
from tools.contract import NotApplicable, outside
from tools.evidence import Evidence
from tools.quantity import NOISE_DECIMALS, PIXEL, Quantity
from tools.scan import Point

BY_READER = "between two points set by the reader"
Ends = tuple[Point, Point]

_FROM_AXES = frozenset(
    "axial_long_axis axial_short_axis mean_diameter fleischner_diameter lung_rads_diameter who_product "
    "volume_ellipsoid".split()
)
"""Quantities that a moved axis puts out of force: each is an axis or is computed from one."""


def draw_line(desk: Desk, p: Point, q: Point, lesion: int | None = None) -> Evidence:
    """Record a line between two points, RAS mm, and its length. Raises NotApplicable outside the image."""
    scan = desk.need_scan()
    about = desk.pick(lesion).number if lesion is not None else None
    return desk.evidence.add(
        "drawn", "reader", "1", scan_id=scan.id, quantities=(_length(desk, "length", p, q),),
        inputs={"what": "line", "lesion": about, "label": "line"},
    )  # fmt: skip


def move_axis(desk: Desk, lesion: int | None, p: Point, q: Point, *, short: Ends | None = None) -> Evidence:
    """Record the reader's long axis of a lesion in place of the measured one.

    The mean diameter, and what follows from it, is computed again only when the short axis is given too: a mean of a
    reader's and a tool's axis would be neither's. What does not rest on an axis is kept as it was measured.

    Raises:
        NotApplicable: no such lesion, a point outside the image, two equal points, a short axis that is longer.
    """
    chosen = desk.pick(lesion)
    long_axis = _length(desk, "axial_long_axis", p, q)
    short_axis = _length(desk, "axial_short_axis", *short) if short else None
    if short_axis is not None and short_axis.value > long_axis.value:
        raise NotApplicable(
            f"The short axis ({short_axis.value:.1f}) is longer than the long axis ({long_axis.value:.1f}): "
            "give the longer line as the long axis."
        )
    return _record_axis(desk, chosen, long_axis, short_axis)


def use_line(desk: Desk, lesion: int | None) -> Evidence:
    """Take the last line that the reader drew as the lesion's long axis. Raises NotApplicable when there is none."""
    lines = desk.record.lines
    chosen = desk.pick(lesion)
    mine = [e for e in lines if e.inputs.get("lesion") in (chosen.number, None)]
    if not mine:
        raise NotApplicable(
            f"No line is drawn for lesion {chosen.number}. Set its two end points with the ruler, then ask again."
        )
    p, q = mine[-1].quantities[0].end_points_mm
    return move_axis(desk, chosen.number, p, q)


def _record_axis(desk: Desk, lesion: LesionRecord, long_axis: Quantity, short_axis: Quantity | None) -> Evidence:
    old = lesion.measurement
    kept = [q for q in old.quantities if q.name not in _FROM_AXES] if old else []
    axes = [long_axis, *([short_axis, *_means(long_axis, short_axis)] if short_axis else [])]
    item = desk.evidence.add(
        "drawn", "reader", "1", scan_id=desk.need_scan().id, parents=(lesion.mask_evidence.id,),
        inputs={"what": "axis", "lesion": lesion.number, "label": lesion.label, "mask": lesion.mask_evidence.id,
                "axes": "both" if short_axis else "long"},
        quantities=(*axes, *kept), supersedes=(old.id,) if old else (),
        text=old.text if old and not is_axis(old) else "",
    )  # fmt: skip
    desk.keep(focus=lesion.number)
    return item


def _means(long_axis: Quantity, short_axis: Quantity) -> list[Quantity]:
    """Return what follows from two axes, by the conventions of `tools.measure`."""
    mean = (long_axis.value + short_axis.value) / 2
    unit, method = long_axis.unit, "mean of the reader's axial long and short axis"
    found = [Quantity("mean_diameter", mean, unit, method)]
    if unit != "mm":
        return found
    return [
        *found,
        Quantity("fleischner_diameter", _half_up(mean), unit, f"{method}, to the nearest whole mm"),
        Quantity("lung_rads_diameter", _half_up(mean * 10) / 10, unit, f"{method}, to one decimal"),
        Quantity("who_product", long_axis.value * short_axis.value, "mm2", "the reader's axial long x short axis"),
    ]


def _half_up(value: float) -> float:
    return float(math.floor(round(value, NOISE_DECIMALS) + 0.5))


def _length(desk: Desk, name: str, p: Point, q: Point) -> Quantity:
    scan = desk.need_scan()
    ends = tuple((float(a), float(b), float(c)) for a, b, c in (p, q))
    for end in ends:
        if not all(math.isfinite(v) for v in end) or not scan.contains(end):
            raise NotApplicable(outside(scan, end))
    length = math.dist(*ends)
    if length == 0:
        raise NotApplicable("Both ends of the line are the same point: set two different points.")
    unit = PIXEL if scan.calibration == "none" else "mm"
    note = "in the plane of the detector, which magnifies" if scan.calibration == "detector plane" else ""
    return Quantity(name, length, unit, BY_READER, ends, note)
