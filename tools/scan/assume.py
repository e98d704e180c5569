"""What a file does not say about itself: taken from the reader's statement, else assumed from the voxels, and said so.

A header that knows is never overruled: a statement against it is refused. An assumption is marked as one, so that
every tool and every report can say "CT (assumed)".
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from tools.scan.model import Known, Scan, UnreadableScan

LOWEST_HU, AIR_HU, TISSUE_HU, HIGHEST_HU = -3100.0, -700.0, 0.0, 32767.0
"""A CT holds air or lung (under -700), soft tissue (above 0), and nothing below the scanners' padding (-3024)."""
LUNG_HU = (-980.0, -600.0)
"""Aerated lung; bowel gas lies below, fat far above."""
COARSE_MM = 4.0
"""The body part is judged on a grid this coarse: lungs are two decimetres wide."""
LEAST_LUNG_ML, LEAST_LUNG_SHARE = 600.0, 0.08
"""Enclosed lung air in millilitres, and as a share of the body in view, from which on this is a chest.
Paranasal sinuses and mastoids hold under 100 ml; two lungs at rest 2,000 to 6,000."""


def with_statement(scan: Scan, modality: Known | None, body_part: Known | None) -> Scan:
    """Return the scan with what the reader states, where the file does not know it.

    Raises:
        UnreadableScan: the file's header says something else.
    """
    for what, stated, seen in (("modality", modality, scan.modality), ("body part", body_part, scan.body_part)):
        if stated is not None and seen.how == "known" and seen.value != stated.value:
            raise UnreadableScan(
                f"The {what} stated is {stated.value}; the file's header says {seen.value}. "
                "Leave the statement out, or load the file that was meant."
            )
    changes: dict[str, Any] = {}
    if modality is not None and scan.modality.how != "known":
        changes["modality"] = modality
    if body_part is not None and scan.body_part.how != "known":
        changes["body_part"] = body_part
    return dataclasses.replace(scan, **changes) if changes else scan


def with_guess(scan: Scan) -> Scan:
    """Return the scan with modality and body part assumed from its voxels where nothing better is known."""
    if scan.modality.value is not None and scan.body_part.value is not None:
        return scan
    changes: dict[str, Any] = {}
    notes: list[str] = []
    modality = scan.modality
    if modality.value is None and not scan.is_2d and looks_like_hu(scan.voxels):
        modality = changes["modality"] = Known("CT", "assumed")
        notes.append("The file names no modality; its values are plausible Hounsfield units, so CT is assumed.")
    if scan.body_part.value is None and modality.value == "CT" and holds_lungs(scan):
        changes["body_part"] = Known("CHEST", "assumed")
        notes.append("The file names no body part; it shows two lungs' worth of enclosed air, so a chest is assumed.")
    return dataclasses.replace(scan, **changes, notes=scan.notes + tuple(notes)) if changes else scan


def looks_like_hu(voxels: npt.NDArray[Any]) -> bool:
    """Return whether values are plausible Hounsfield units of a patient: some air or lung, some tissue."""
    steps = tuple(slice(None, None, max(1, n // 96)) for n in voxels.shape)
    values = voxels[steps]
    low, high = float(values.min()), float(values.max())
    return LOWEST_HU <= low < AIR_HU and TISSUE_HU < high <= HIGHEST_HU


def holds_lungs(scan: Scan) -> bool:
    """Return whether a CT shows enclosed lung air on both sides of the body, in the amount of a chest."""
    from scipy import ndimage

    if not scan.has_mm or scan.is_2d:
        return False
    spacing = scan.spacing_or_unit
    steps = [max(1, round(COARSE_MM / s)) for s in spacing]
    values = scan.voxels[tuple(slice(None, None, s) for s in steps)]
    millilitres = float(np.prod([s * n for s, n in zip(spacing, steps, strict=True)])) / 1000.0
    body = np.asarray(values > -300)
    labels, count = ndimage.label(body)
    if not count:
        return False
    sizes = ndimage.sum_labels(body, labels, np.arange(1, count + 1))
    body = labels == 1 + int(np.argmax(sizes))
    slice_axis = int(np.argmax(np.abs(scan.affine[2, :3])))
    filled = np.stack(
        [ndimage.binary_fill_holes(s) for s in np.moveaxis(body, slice_axis, 0)], axis=slice_axis
    )  # fmt: skip
    lung = filled & (values > LUNG_HU[0]) & (values < LUNG_HU[1])
    side_axis = int(np.argmax(np.abs(scan.affine[0, :3])))
    across = lung.sum(axis=tuple(a for a in range(3) if a != side_axis))
    middle = int(np.argwhere(filled.any(axis=tuple(a for a in range(3) if a != side_axis))).mean())
    halves = across[:middle].sum(), across[middle:].sum()
    total = float(lung.sum())
    return bool(
        total * millilitres >= LEAST_LUNG_ML
        and total >= LEAST_LUNG_SHARE * max(1, int(filled.sum()))
        and min(halves) >= 0.15 * total
    )
