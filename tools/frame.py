"""Where a slice lies in its picture: planes, slices, pixels and millimetres, whatever way the file stores its voxels.

Axial and coronal slices show the patient's right on the left of the picture, anterior and superior are up, and in a
sagittal slice anterior is on the left. A slice is a plane of voxels: an oblique scan is shown along its own nearest
axes, never resampled. Slices of a plane are counted from 0 toward superior, anterior and the patient's right,
whatever way the file stores them. Draws nothing.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tools.scan import Point, Scan

Plane = Literal["axial", "coronal", "sagittal"]

PLANES: tuple[Plane, ...] = ("axial", "coronal", "sagittal")
AXES: dict[str, tuple[int, int, int]] = {"axial": (0, 1, 2), "coronal": (0, 2, 1), "sagittal": (1, 2, 0)}
"""For each plane the RAS axes that run along columns, along rows, and through it. Both in-plane axes are shown
with their positive end first: right, anterior and superior are at the left or at the top."""
LETTERS = (("R", "L"), ("A", "P"), ("S", "I"))
"""The ends of each RAS axis, positive first."""

SIZE = 960
"""Pixels along a picture's longer side: sharp on a screen of twice the resolution in a pane of half a window."""


@dataclass(frozen=True)
class Frame:
    """How one slice lies in its picture.

    Attributes:
        voxel_axes: voxel axis along columns, along rows, and through the plane.
        flipped: whether each of these runs against its voxel index.
        counts: number of voxels along each.
        index: the slice, counted toward superior, anterior or right.
        width, height: of the picture, in pixels; voxels are stretched so that a mm is as long both ways.
    """

    scan: Scan
    plane: Plane
    index: int
    voxel_axes: tuple[int, int, int]
    flipped: tuple[bool, bool, bool]
    counts: tuple[int, int, int]
    width: int
    height: int

    @classmethod
    def of(cls, scan: Scan, plane: Plane = "axial", index: int = 0, size: int = SIZE) -> Frame:
        """Return the frame of a slice. Raises ValueError for a plane or an index that the scan does not have."""
        if plane not in planes(scan):
            raise ValueError(f"This scan is shown in {', '.join(planes(scan))}; not in {plane!r}.")
        owner, sign = _nearest_axes(scan)
        ras = AXES[plane]
        axes = (owner[ras[0]], owner[ras[1]], owner[ras[2]])
        counts = (scan.shape[axes[0]], scan.shape[axes[1]], scan.shape[axes[2]])
        if not 0 <= index < counts[2]:
            raise ValueError(f"The {plane} slices are 0 to {counts[2] - 1}; {index} was asked for.")
        # Columns and rows start at the positive end; slices are counted from the negative one.
        flipped = (sign[ras[0]] > 0, sign[ras[1]] > 0, sign[ras[2]] < 0)
        step = scan.spacing_or_unit
        across, down = counts[0] * step[axes[0]], counts[1] * step[axes[1]]
        pixel = max(across, down) / size
        return cls(
            scan, plane, index, axes, flipped, counts, max(1, round(across / pixel)), max(1, round(down / pixel))
        )

    def to_mm(self, column: float, row: float) -> Point:
        """Return the RAS position in mm of a place in the picture; (0, 0) is the centre of its first pixel."""
        shown = (
            (column + 0.5) * self.counts[0] / self.width - 0.5,
            (row + 0.5) * self.counts[1] / self.height - 0.5,
            float(self.index),
        )
        voxel = [0.0, 0.0, 0.0]
        for value, axis, flip, count in zip(shown, self.voxel_axes, self.flipped, self.counts, strict=True):
            voxel[axis] = count - 1 - value if flip else value
        return self.scan.to_mm(voxel)

    def to_pixel(self, point_mm: Point) -> tuple[float, float, float]:
        """Return column and row in the picture of a RAS position, and how many slices it lies off this one."""
        columns, rows, depth = self.unfold(np.asarray(self.scan.to_index(point_mm))[np.newaxis])[0]
        return float(columns), float(rows), float(depth - self.index)

    def unfold(self, voxels: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Return picture column, picture row and slice number of voxel indices, shape ``(n, 3)`` each."""
        shown = np.empty(voxels.shape, dtype=np.float64)
        for place, (axis, flip, count) in enumerate(zip(self.voxel_axes, self.flipped, self.counts, strict=True)):
            shown[:, place] = count - 1 - voxels[:, axis] if flip else voxels[:, axis]
        shown[:, 0] = (shown[:, 0] + 0.5) * self.width / self.counts[0] - 0.5
        shown[:, 1] = (shown[:, 1] + 0.5) * self.height / self.counts[1] - 0.5
        return shown

    def voxel_slice(self) -> int:
        """Return the index along the voxel axis that runs through the plane."""
        return self.counts[2] - 1 - self.index if self.flipped[2] else self.index

    def cut(self, volume: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return this slice of an array on the scan's grid, axes ``(row, column)`` as shown."""
        flat = np.take(volume, self.voxel_slice(), axis=self.voxel_axes[2])
        if self.voxel_axes[0] < self.voxel_axes[1]:
            flat = flat.T
        return np.asarray(flat[:: -1 if self.flipped[1] else 1, :: -1 if self.flipped[0] else 1])


def planes(scan: Scan) -> tuple[Plane, ...]:
    """Return the planes a scan can be shown in: three for a volume, for a single slice the one it lies in."""
    if not scan.is_2d:
        return PLANES
    owner, _ = _nearest_axes(scan)
    return tuple(p for p in PLANES if owner[AXES[p][2]] == 2)


def slice_count(scan: Scan, plane: Plane) -> int:
    """Return how many slices a plane has."""
    return Frame.of(scan, plane).counts[2]


def slice_index(scan: Scan, plane: Plane, point_mm: Point) -> int:
    """Return the slice nearest to a RAS position; of a position outside, the first or last one."""
    frame = Frame.of(scan, plane)
    return int(min(max(round(frame.to_pixel(point_mm)[2]), 0), frame.counts[2] - 1))


def letters(scan: Scan, plane: Plane) -> tuple[str, str, str, str] | None:
    """Return what stands at the left, right, top and bottom of a plane's pictures; None where sides are unknown."""
    if not scan.laterality_known:
        return None
    (left, right), (top, bottom) = (LETTERS[a] for a in AXES[plane][:2])
    return left, right, top, bottom


def _nearest_axes(scan: Scan) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Return for each RAS axis the voxel axis nearest to it, and the sign with which that one runs along it."""
    directions = scan.affine[:3, :3] / np.linalg.norm(scan.affine[:3, :3], axis=0)
    best = max(
        itertools.permutations(range(3)),
        key=lambda order: sum(abs(directions[ras, axis]) for ras, axis in enumerate(order)),
    )
    return best, tuple(float(np.sign(directions[ras, axis])) or 1.0 for ras, axis in enumerate(best))
