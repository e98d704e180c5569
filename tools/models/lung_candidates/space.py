"""The space that is searched: the lungs' hulls on a grid of cells, with what is tissue and what is lung in it.

The chest's inner room is, for each axial slice, the convex hull of all lung at and above it: the rib cage widens
downward, so the room holds mediastinum, heart and, below, the abdomen, and leaves the chest wall out. A lesion on the
pleura therefore has a free side, while heart, aorta and liver stay the large connected bodies they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tools.coarse import CoarseGrid, coarse_grid
from tools.lungs import LungFields
from tools.mask import BoolArray, FloatArray
from tools.scan import Scan

SMOOTH_MM = 0.8
"""Gaussian that calms a sharp kernel's noise and leaves a 5 mm nodule standing."""
LUNG_HU = -500.0
"""Below this a cell beside a candidate counts as aerated."""
MARGIN_CELLS = 2


@dataclass(frozen=True, eq=False)
class Space:
    """Where candidates are looked for; every array has the axes of `values`, about (R, A, S).

    Attributes:
        grid: the cells of the whole scan.
        start: index in `grid` of the first cell here.
        values: float32 HU, smoothed.
        room: the chest's inner room.
        tissue: cells of the room above the search's threshold.
        hulls: the right hull and the left hull.
    """

    grid: CoarseGrid
    start: tuple[int, int, int]
    values: npt.NDArray[np.float32]
    room: BoolArray
    tissue: BoolArray
    hulls: dict[str, BoolArray]

    @property
    def step(self) -> FloatArray:
        """Cell size in mm along each axis."""
        return np.array(self.grid.step)

    @property
    def lung(self) -> BoolArray:
        """Aerated cells of the room."""
        return self.room & (self.values < LUNG_HU)

    def hull(self, side: str | None) -> BoolArray:
        """Return one hull, or both together."""
        chosen = list(self.hulls.values()) if side is None else [self.hulls[side]]
        return np.asarray(np.logical_or.reduce(chosen), dtype=bool)


def search_space(scan: Scan, fields: LungFields, *, plane_mm: float, slice_mm: float, tissue_hu: float) -> Space:
    """Return the space on cells of about this size."""
    from scipy import ndimage

    grid = coarse_grid(scan, plane_mm, slice_mm)
    hulls = {side: _onto(fields.hull(side), fields.affine, grid) for side in ("right", "left")}
    fielded = _onto(fields.field("right") | fields.field("left"), fields.affine, grid)
    box = _around(hulls["right"] | hulls["left"])
    values = np.ascontiguousarray(grid.values[box])
    smooth = ndimage.gaussian_filter(values, SMOOTH_MM / np.array(grid.step), truncate=3.0)
    room = _room(fielded[box])
    start = (box[0].start, box[1].start, box[2].start)
    tissue = room & (smooth > tissue_hu)
    return Space(grid, start, smooth, room, tissue, {s: np.ascontiguousarray(h[box]) for s, h in hulls.items()})


def _onto(cells: BoolArray, affine: FloatArray, grid: CoarseGrid) -> BoolArray:
    """Return cells of another coarse grid of the same scan on this grid, by the nearest one."""
    between = np.linalg.inv(affine) @ grid.affine
    index = [
        np.rint(between[a, a] * np.arange(n) + between[a, 3]).astype(int) for a, n in enumerate(grid.values.shape)
    ]
    valid = [(i >= 0) & (i < n) for i, n in zip(index, cells.shape, strict=True)]
    out = np.zeros(grid.values.shape, bool)
    out[np.ix_(*valid)] = cells[np.ix_(*(i[v] for i, v in zip(index, valid, strict=True)))]
    return out


def _around(cells: BoolArray) -> tuple[slice, slice, slice]:
    spans = []
    for axis in range(3):
        hits = np.flatnonzero(cells.any(axis=tuple(a for a in range(3) if a != axis)))
        low, high = int(hits[0]) - MARGIN_CELLS, int(hits[-1]) + 1 + MARGIN_CELLS
        spans.append(slice(max(0, low), min(cells.shape[axis], high)))
    return spans[0], spans[1], spans[2]


def _room(lung: BoolArray) -> BoolArray:
    from skimage.morphology import convex_hull_image

    room = np.zeros(lung.shape, bool)
    seen = np.zeros(lung.shape[:2], bool)
    for k in range(lung.shape[2] - 1, -1, -1):
        if (lung[:, :, k] & ~seen).any():
            seen = convex_hull_image(seen | lung[:, :, k])
        room[:, :, k] = seen
    return room
