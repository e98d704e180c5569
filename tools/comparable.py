"""Whether two measurements of one lesion rest on the same footing, so that growth may be spoken of; if not, why.

Knows what a scan says of its slices and kernel, and how an outline was made. Measures nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from tools.mask import Mask
from tools.matching import Match
from tools.measure import touches_edge
from tools.scan import Scan

SLICE_TOLERANCE_MM = 0.5
"""Slice thickness and interval of the two scans may differ by this: the blur along the body is then about the same."""
THICKEST_MM = 2.5
"""On slices farther apart than this a small lesion lies in a few slices, and its volume follows where they fell."""


class Outlined(Protocol):
    """A time point: its scan, masks by number, and how each outline was made."""

    @property
    def scan(self) -> Scan: ...
    @property
    def lesions(self) -> Mapping[int, Mask]: ...
    @property
    def methods(self) -> Mapping[int, str]: ...


def slice_interval(scan: Scan) -> float | None:
    """Return the distance of slice centres in mm: as the file says, else along the axis nearest to the body's."""
    if scan.slice_interval_mm is not None:
        return scan.slice_interval_mm
    directions = np.abs(scan.affine[2, :3]) / np.linalg.norm(scan.affine[:3, :3], axis=0)
    return scan.spacing[int(np.argmax(directions))]


def scan_reasons(current: Scan, prior: Scan) -> list[str]:
    """Return why sizes of two scans are not comparable for growth, a sentence each; empty when they are."""
    reasons = []
    now, then = slice_interval(current), slice_interval(prior)
    for what, a, b in (
        ("slice interval", now, then),
        ("slice thickness", current.slice_thickness_mm, prior.slice_thickness_mm),
    ):
        if a is not None and b is not None and abs(a - b) > SLICE_TOLERANCE_MM + 1e-6:
            reasons.append(
                f"The {what} is {a:.3g} mm now and {b:.3g} mm before: they may differ by {SLICE_TOLERANCE_MM:g} mm."
            )
    thickest = max((v for v in (now, then) if v is not None), default=None)
    if thickest is not None and thickest > THICKEST_MM + 1e-6:
        reasons.append(
            f"A slice interval is {thickest:.3g} mm: above {THICKEST_MM:g} mm no growth and no doubling time is given."
        )
    if current.kernel and prior.kernel and current.kernel != prior.kernel:
        reasons.append("The two scans were reconstructed with different kernels.")
    return reasons


def lesion_reasons(current: Outlined, prior: Outlined, found: Match) -> list[str]:
    """Return why a match's sizes are not comparable for growth, a sentence each; empty when they are."""
    reasons = []
    if len(found.prior) > 1 or len(found.current) > 1:
        reasons.append(
            f"Prior lesions {_list(found.prior)} are current lesions {_list(found.current)}: only their volumes "
            "together are compared."
        )
    cut = [f"current lesion {n}" for n in found.current if touches_edge(current.lesions[n])]
    cut += [f"prior lesion {n}" for n in found.prior if touches_edge(prior.lesions[n])]
    if cut:
        reasons.append(f"The image cuts off {' and '.join(cut)}: sizes are lower bounds.")
    now = {current.methods.get(n, "") for n in found.current}
    then = {prior.methods.get(n, "") for n in found.prior}
    if "" in now | then:
        reasons.append("How an outline was made is not known, so the two may not be by the same method.")
    elif len(now | then) > 1:
        reasons.append(
            f"The outlines are by different methods: {_list(sorted(now))} now and {_list(sorted(then))} before."
        )
    return reasons


def _list(items: tuple[object, ...] | list[str]) -> str:
    return " and ".join(str(item) for item in items)
