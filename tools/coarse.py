"""A scan averaged to coarse cells, its axes turned to about (right, front, up): for work that needs no fine detail.

Cells are blocks of whole voxels, so a set of cells goes back to the scan's own grid exactly. Knows no anatomy.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np
import numpy.typing as npt

from tools.mask import BoolArray, FloatArray
from tools.scan import Scan


@dataclass(frozen=True, eq=False)
class CoarseGrid:
    """A scan averaged in blocks of whole voxels, axes turned to (right, front, up) as nearly as its own axes allow.

    Attributes:
        values: float32 HU, axes about (R, A, S).
        affine: 4x4, cell index -> RAS mm.
        order: which scan axis each cell axis comes from.
        flipped: whether that axis runs backward.
        factors: voxels a cell along each cell axis.
    """

    values: npt.NDArray[np.float32]
    affine: FloatArray
    order: tuple[int, int, int]
    flipped: tuple[bool, bool, bool]
    factors: tuple[int, int, int]

    @property
    def step(self) -> tuple[float, float, float]:
        """Cell size in mm along each cell axis."""
        a, b, c = (float(v) for v in np.linalg.norm(self.affine[:3, :3], axis=0))
        return a, b, c

    @property
    def cell_ml(self) -> float:
        """Volume of a cell in millilitres."""
        return abs(float(np.linalg.det(self.affine[:3, :3]))) / 1000.0

    def to_scan(
        self, box: BoolArray, start: tuple[int, int, int], scan: Scan
    ) -> tuple[BoolArray, tuple[int, int, int]]:
        """Return a box of cells as a box of the scan's voxels, and its offset in the scan's grid."""
        offset = [0, 0, 0]
        voxels = box
        for axis, factor in enumerate(self.factors):
            voxels = np.repeat(voxels, factor, axis=axis)
            low, size = start[axis] * factor, box.shape[axis] * factor
            offset[self.order[axis]] = scan.shape[self.order[axis]] - low - size if self.flipped[axis] else low
            if self.flipped[axis]:
                voxels = np.flip(voxels, axis)
        return np.transpose(voxels, np.argsort(self.order)), (offset[0], offset[1], offset[2])


def coarse_grid(scan: Scan, plane_mm: float, slice_mm: float) -> CoarseGrid:
    """Return the scan averaged to cells of about this size, never finer than its voxels."""
    rotation = scan.affine[:3, :3] / np.linalg.norm(scan.affine[:3, :3], axis=0)
    order = max(permutations(range(3)), key=lambda p: float(np.prod([abs(rotation[r, a]) for r, a in enumerate(p)])))
    flipped = tuple(bool(rotation[r, a] < 0) for r, a in enumerate(order))
    values = np.transpose(scan.voxels, order)
    values = np.flip(values, tuple(a for a in range(3) if flipped[a]))
    sizes = np.linalg.norm(scan.affine[:3, :3], axis=0)[list(order)]
    factors = [
        min(n, max(1, round(t / s)))
        for t, s, n in zip((plane_mm, plane_mm, slice_mm), sizes, values.shape, strict=True)
    ]
    affine = np.eye(4)
    for axis, source in enumerate(order):
        affine[:3, axis] = scan.affine[:3, source] * (-1 if flipped[axis] else 1)
    first = [scan.shape[a] - 1 if f else 0 for a, f in zip(order, flipped, strict=True)]
    corner = np.zeros(3)
    corner[list(order)] = first
    affine[:3, 3] = scan.affine[:3, :3] @ corner + scan.affine[:3, 3]
    affine[:3, 3] += affine[:3, :3] @ ((np.array(factors) - 1) / 2)
    affine[:3, :3] *= factors
    return CoarseGrid(
        _blocks(values, factors), affine, order, flipped, (factors[0], factors[1], factors[2])  # type: ignore[arg-type]
    )


def _blocks(values: npt.NDArray[Any], factors: list[int]) -> npt.NDArray[np.float32]:
    """Return means over blocks, one slab of cells at a time; what is left over at the far end is dropped."""
    a, b, c = factors
    shape = tuple(n // f for n, f in zip(values.shape, factors, strict=True))
    # Summed in the order in which the voxels lie in memory, whatever axis is which in them.
    order = np.argsort([-abs(s) for s in values.strides], kind="stable")
    out = np.zeros([shape[n] for n in order], np.float32).transpose(np.argsort(order))
    part = values[: shape[0] * a, : shape[1] * b, : shape[2] * c]
    for i in range(a):
        for j in range(b):
            for k in range(c):
                out += part[i::a, j::b, k::c]
    out /= a * b * c
    return np.ascontiguousarray(out)
