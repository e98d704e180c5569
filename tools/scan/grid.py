"""Slice positions -> one regular grid: order, interval and affine, or IrregularSlices with the numbers seen.

Pure geometry: knows no file and no pixel. Positions come in DICOM's LPS millimetres and leave as RAS.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tools.scan.model import IrregularSlices, UnreadableScan

FloatArray = npt.NDArray[np.float64]

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
"""DICOM counts toward the patient's left and back, RAS toward right and front."""

INDEX_FRAME = np.diag([-1.0, -1.0, 1.0, 1.0])
"""Axes of an image without a patient frame: as an axial slice is shown, i runs to the right of the picture (toward
the patient's left, were it one) and j downward. One unit is one pixel."""

GAP_TOLERANCE_MM = 0.1
"""Headers round positions to a tenth of a millimetre; a gap may be off by that."""
GAP_TOLERANCE = 0.02
"""... or by 2 % of the interval, whichever is larger."""
DOUBLED = 0.05
"""Two slices closer than 5 % of the interval are the same place twice."""
SAME_MM = 1e-3
"""A micrometre apart is the same place, whatever the interval."""
SIDEWAYS_MM = 0.5
"""A stack that drifts sideways by less than half a millimetre from end to end is upright (rounding)."""
TILT_DEGREES = 0.3
"""... and a tilt below this angle moves nothing by a pixel."""
COSINE_TOLERANCE = 0.02
"""Direction cosines are written with few digits: lengths and right angles may be off by this."""


@dataclass(frozen=True)
class Grid:
    """A regular stack of slices.

    Attributes:
        order: for each k, which of the given positions it is.
        affine: 4x4, (column i, row j, slice k) -> RAS mm.
        interval_mm: distance of slice centres; None for a single slice.
    """

    order: tuple[int, ...]
    affine: FloatArray
    interval_mm: float | None


def directions(orientation: npt.ArrayLike) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return unit vectors (LPS) along columns i, along rows j, and along the normal, from six direction cosines.

    Raises:
        UnreadableScan: the cosines are no two perpendicular unit vectors.
    """
    cosines = np.asarray(orientation, dtype=np.float64).ravel()
    if cosines.shape != (6,) or not np.isfinite(cosines).all():
        raise UnreadableScan("The image orientation in the header is not six numbers. Export the series again.")
    along_i, along_j = cosines[:3], cosines[3:]
    lengths = np.linalg.norm(along_i), np.linalg.norm(along_j)
    if any(abs(v - 1) > COSINE_TOLERANCE for v in lengths) or abs(along_i @ along_j) > COSINE_TOLERANCE:
        raise UnreadableScan(
            "The image orientation in the header is not two perpendicular unit vectors. Export the series again."
        )
    along_i = along_i / lengths[0]
    along_j = along_j - (along_j @ along_i) * along_i
    along_j = along_j / np.linalg.norm(along_j)
    return along_i, along_j, np.cross(along_i, along_j)


def make_grid(
    positions: npt.ArrayLike,
    orientation: npt.ArrayLike,
    pixel_spacing: tuple[float, float],
    thickness_mm: float | None = None,
) -> Grid:
    """Return the regular grid that slices at these positions form, slices ordered along the normal.

    Args:
        positions: shape (n, 3), LPS mm, the centre of each slice's first voxel.
        orientation: six direction cosines (LPS), along a row then along a column.
        pixel_spacing: mm between rows, mm between columns, as DICOM orders them.
        thickness_mm: length of the k axis where there is one slice only.

    Raises:
        IrregularSlices: slices missing, doubled, uneven, or sheared by a tilted gantry.
        UnreadableScan: directions or positions that make no sense.
    """
    points = np.asarray(positions, dtype=np.float64).reshape(-1, 3)
    if not np.isfinite(points).all():
        raise UnreadableScan("A slice position in the header is not a number. Export the series again.")
    along_i, along_j, normal = directions(orientation)
    order = np.argsort(points @ normal, kind="stable")
    points = points[order]
    interval = _interval(points @ normal) if len(points) > 1 else None
    if interval is not None:
        _check_upright(points, normal)
    lps = np.eye(4)
    lps[:3, 0] = along_i * pixel_spacing[1]
    lps[:3, 1] = along_j * pixel_spacing[0]
    lps[:3, 2] = normal * (interval or thickness_mm or 1.0)
    lps[:3, 3] = points[0]
    return Grid(tuple(int(v) for v in order), LPS_TO_RAS @ lps, interval)


def _interval(heights: FloatArray) -> float:
    """Return the interval of sorted heights along the normal; raise IrregularSlices when there is not one."""
    gaps = np.diff(heights)
    real = np.sort(gaps[gaps > SAME_MM])
    usual = float(real[(len(real) - 1) // 2]) if len(real) else 0.0  # the lower median: with one gap, the smaller wins
    doubled = np.flatnonzero(gaps <= max(DOUBLED * usual, SAME_MM))
    if doubled.size:
        raise IrregularSlices(_doubled(len(heights), doubled))
    tolerance = max(GAP_TOLERANCE_MM, GAP_TOLERANCE * usual)
    odd = np.flatnonzero(np.abs(gaps - usual) > tolerance)
    if odd.size:
        raise IrregularSlices(_gap(gaps, usual, odd, tolerance))
    interval = float(heights[-1] - heights[0]) / (len(heights) - 1)
    drift = np.abs(heights - (heights[0] + interval * np.arange(len(heights))))
    if drift.max() > max(tolerance, interval / 2):
        worst = int(drift.argmax())
        raise IrregularSlices(
            f"Slice {worst + 1} of {len(heights)} lies {drift[worst]:.1f} mm from its place in an even stack of "
            f"{interval:.2f} mm. Export the series with an even interval."
        )
    return interval


def _doubled(count: int, doubled: npt.NDArray[np.intp]) -> str:
    starts = np.setdiff1d(np.arange(count), doubled + 1)
    sizes = np.diff(np.append(starts, count))
    if len(starts) > 1 and (sizes == sizes[0]).all():
        return (
            f"{count} images lie at {len(starts)} positions, {sizes[0]} at each (time points, echoes or phases). "
            "Export one of them as a series of its own."
        )
    first = int(doubled[0])
    return (
        f"Slices {first + 1} and {first + 2} of {count} lie at the same position "
        f"({doubled.size} doubled in all). Remove the doubled images, then load again."
    )


def _gap(gaps: FloatArray, usual: float, odd: npt.NDArray[np.intp], tolerance: float) -> str:
    steps = np.rint(gaps / usual).astype(int)
    count = len(gaps) + 1
    if (steps[odd] >= 2).all() and (np.abs(gaps - steps * usual) <= tolerance * steps).all():
        missing = int((steps - 1).sum())
        first = int(odd[0])
        number = int(steps[:first].sum()) + 2
        extra = "" if missing == 1 else f" ({missing} missing in all)"
        return (
            f"Slice {number} of {count + missing} is missing{extra}: a gap of {gaps[first]:.1f} mm between positions "
            f"where the others have {usual:.1f} mm. Add the missing image, or export the series again."
        )
    first = int(odd[0])
    return (
        f"The slices are unevenly spaced: {gaps[first]:.2f} mm between slices {first + 1} and {first + 2} of {count} "
        f"where most have {usual:.2f} mm. Export the series with an even interval."
    )


def _check_upright(points: FloatArray, normal: FloatArray) -> None:
    """Raise IrregularSlices when positions move sideways from slice to slice."""
    steps = points - points[0]
    sideways = steps - np.outer(steps @ normal, normal)
    lengths = np.linalg.norm(sideways, axis=1)
    if lengths.max() <= SIDEWAYS_MM:
        return
    height = float(steps[-1] @ normal)
    angle = math.degrees(math.atan2(float(lengths[-1]), height))
    line = np.outer(steps @ normal / height, sideways[-1])
    if np.linalg.norm(sideways - line, axis=1).max() > SIDEWAYS_MM:
        worst = int(lengths.argmax())
        raise IrregularSlices(
            f"Slice {worst + 1} of {len(points)} is shifted sideways by {lengths[worst]:.1f} mm against the first. "
            "Export the series on one grid."
        )
    if angle > TILT_DEGREES:
        raise IrregularSlices(
            f"The gantry was tilted by {angle:.1f} degrees: each slice is shifted sideways by "
            f"{lengths[-1] / (len(points) - 1):.2f} mm. Resample the series to an upright grid, then load again."
        )
