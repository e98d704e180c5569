"""A scan seen as (slice, row, column), whatever order and direction its file stores: one view, the same every time.

Slices run along the voxel axis nearest to the body's long axis, feet to head; of the two others, rows run along the one
nearest to right-to-left, columns along front-to-back, which is how the training crops lie. An oblique grid
keeps its own axes: nothing is resampled here. Knows no network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tools.mask import Mask
from tools.models.nodule_segmenter.window import Index
from tools.scan import Point, Scan


@dataclass(frozen=True)
class Upright:
    """The view and the way back.

    Attributes:
        scan: the scan looked at.
        volume: its voxels, a view, axes (slice, row, column).
        spacing: mm along the same axes.
        order: the scan's axis behind each axis of the view.
        turned: whether that axis runs backward.
    """

    scan: Scan
    volume: npt.NDArray[Any]
    spacing: tuple[float, float, float]
    order: tuple[int, int, int]
    turned: tuple[bool, bool, bool]

    @classmethod
    def of(cls, scan: Scan) -> Upright:
        """Return the view of a scan."""
        directions = scan.affine[:3, :3] / np.linalg.norm(scan.affine[:3, :3], axis=0)
        up = int(np.argmax(np.abs(directions[2])))
        first, second = (a for a in range(3) if a != up)
        across = first if abs(directions[0, first]) >= abs(directions[0, second]) else second
        along = second if across == first else first
        order = (up, across, along)
        turned = (bool(directions[2, up] < 0), bool(directions[0, across] > 0), bool(directions[1, along] > 0))
        steps = tuple(slice(None, None, -1 if t else 1) for t in turned)
        a, b, c = (scan.spacing_or_unit[n] for n in order)
        return cls(scan, np.transpose(scan.voxels, order)[steps], (a, b, c), order, turned)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels along (slice, row, column)."""
        a, b, c = self.volume.shape
        return a, b, c

    def index(self, point_mm: Point) -> Index:
        """Return the (slice, row, column) index, with fractions, of a RAS position in mm."""
        place = self.scan.to_index(point_mm)
        z, y, x = (
            n - 1 - place[axis] if t else place[axis]
            for axis, t, n in zip(self.order, self.turned, self.shape, strict=True)
        )
        return z, y, x

    def point(self, index: Sequence[float]) -> Point:
        """Return the RAS position in mm of a (slice, row, column) index."""
        place = [0.0, 0.0, 0.0]
        for axis, t, n, value in zip(self.order, self.turned, self.shape, index, strict=True):
            place[axis] = n - 1 - value if t else value
        return self.scan.to_mm(place)

    def mask(self, box: npt.NDArray[np.bool_], start: Sequence[int], label: str) -> Mask:
        """Return a boolean box of the view, whose first voxel has this index, as a mask of the scan."""
        offset, steps = [0, 0, 0], []
        for axis, t, n, first, size in zip(self.order, self.turned, self.shape, start, box.shape, strict=True):
            offset[axis] = n - first - size if t else first
            steps.append(slice(None, None, -1 if t else 1))
        back = np.transpose(box[tuple(steps)], np.argsort(self.order))
        scan = self.scan
        return Mask(scan.id, back, (offset[0], offset[1], offset[2]), scan.shape, scan.affine, label)
