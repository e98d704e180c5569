"""A lesion's mask: a small boolean box and where it lies in its scan's grid, so that hundreds fit in memory."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]

_TERM = re.compile(r"[A-Za-z\u3400-\u9fff][\w \-]{0,39}")
_MOST_WORDS = 4
_JUDGES = re.compile(
    r"(?i)\b(?:no|not|non|normal|clear|negative|healthy)\b|benign|malig|cancer|carcin|metast|call |say "
    r"|[良恶]性|癌|正常|未见|无"
)
"""What no outline says of itself: that is for the reader, and for the tools that give evidence."""


@dataclass(frozen=True, eq=False)
class Mask:
    """A set of voxels of one scan.

    Attributes:
        scan_id: id of the scan whose grid this is in.
        box: boolean array, axes ``(i, j, k)``, the bounding box's voxels; read-only.
        offset: index of ``box[0, 0, 0]`` in the scan's grid.
        grid_shape: shape of the scan's grid.
        grid_affine: 4x4, voxel index of the scan's grid -> RAS mm.
        label: what it outlines, e.g. ``nodule``: a term (see `term`), never a sentence.
    """

    scan_id: str
    box: BoolArray
    offset: tuple[int, int, int]
    grid_shape: tuple[int, int, int]
    grid_affine: FloatArray
    label: str = "lesion"

    def __post_init__(self) -> None:
        box = np.array(self.box, dtype=bool)
        if box.ndim != 3:
            raise ValueError(f"A mask has three axes (i, j, k); this one has shape {box.shape}.")
        for size, start, limit in zip(box.shape, self.offset, self.grid_shape, strict=True):
            if start < 0 or start + size > limit:
                raise ValueError(f"The box {box.shape} at {self.offset} leaves the grid {self.grid_shape}.")
        object.__setattr__(self, "label", term(self.label))
        box.setflags(write=False)
        affine = np.array(self.grid_affine, dtype=np.float64)
        affine.setflags(write=False)
        object.__setattr__(self, "box", box)
        object.__setattr__(self, "grid_affine", affine)
        object.__setattr__(self, "offset", tuple(int(v) for v in self.offset))
        object.__setattr__(self, "grid_shape", tuple(int(v) for v in self.grid_shape))

    @classmethod
    def from_grid(cls, scan_id: str, voxels: npt.ArrayLike, affine: npt.ArrayLike, label: str = "lesion") -> Mask:
        """Return the mask of a full boolean grid, cropped to its bounding box (empty: a box of no voxels)."""
        grid = np.asarray(voxels, dtype=bool)
        if grid.ndim != 3:
            raise ValueError(f"A mask has three axes (i, j, k); this one has shape {grid.shape}.")
        shape = (int(grid.shape[0]), int(grid.shape[1]), int(grid.shape[2]))
        matrix = np.asarray(affine, dtype=np.float64)
        if not grid.any():
            return cls(scan_id, np.zeros((0, 0, 0), bool), (0, 0, 0), shape, matrix, label)
        spans = []
        for axis in range(3):
            others = tuple(a for a in range(3) if a != axis)
            hits = np.flatnonzero(grid.any(axis=others))
            spans.append((int(hits[0]), int(hits[-1]) + 1))
        box = grid[tuple(slice(a, b) for a, b in spans)]
        return cls(scan_id, box, (spans[0][0], spans[1][0], spans[2][0]), shape, matrix, label)

    @property
    def count(self) -> int:
        """Number of voxels set."""
        return int(np.count_nonzero(self.box))

    @property
    def voxels(self) -> BoolArray:
        """The full grid, boolean, axes ``(i, j, k)``, as large as the scan."""
        grid = np.zeros(self.grid_shape, dtype=bool)
        grid[self.slices] = self.box
        return grid

    @property
    def affine(self) -> FloatArray:
        """The full grid's affine, voxel index -> RAS mm."""
        return self.grid_affine

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """Where the box lies in the full grid."""
        i, j, k = (slice(o, o + n) for o, n in zip(self.offset, self.box.shape, strict=True))
        return i, j, k

    @property
    def box_affine(self) -> FloatArray:
        """The box's affine, box index -> RAS mm."""
        affine = np.array(self.grid_affine)
        affine[:3, 3] = affine[:3, :3] @ np.asarray(self.offset, dtype=np.float64) + affine[:3, 3]
        return affine

    @property
    def centre_mm(self) -> tuple[float, float, float]:
        """Centroid of the voxel centres, RAS mm. Raises ValueError when the mask is empty."""
        if not self.count:
            raise ValueError("An empty mask has no centre.")
        index = np.argwhere(self.box).mean(axis=0)
        x, y, z = self.box_affine[:3, :3] @ index + self.box_affine[:3, 3]
        return float(x), float(y), float(z)

    @property
    def core_mm(self) -> tuple[float, float, float]:
        """The most interior voxel's centre, RAS mm. Raises ValueError when the mask is empty."""
        from scipy.ndimage import distance_transform_edt

        if not self.count:
            raise ValueError("An empty mask has no core.")
        depth = distance_transform_edt(np.pad(self.box, 1), sampling=np.linalg.norm(self.grid_affine[:3, :3], axis=0))
        index = np.array(np.unravel_index(int(np.argmax(depth)), depth.shape)) - 1
        x, y, z = self.box_affine[:3, :3] @ index + self.box_affine[:3, 3]
        return float(x), float(y), float(z)

    @property
    def hash(self) -> str:
        """sha256 of content and place: the address of this mask in the evidence store."""
        head = json.dumps(
            [self.scan_id, list(self.box.shape), list(self.offset), list(self.grid_shape),
             [float(v) for v in self.grid_affine.ravel()], self.label],
        )  # fmt: skip
        return hashlib.sha256(head.encode() + np.packbits(self.box).tobytes()).hexdigest()

    def overlap(self, other: Mask) -> int:
        """Return how many voxels both masks hold. Raises ValueError when their grids differ."""
        if self.scan_id != other.scan_id or self.grid_shape != other.grid_shape:
            raise ValueError("Masks of two different scans have no overlap in voxels.")
        low = np.maximum(self.offset, other.offset)
        high = np.minimum(np.add(self.offset, self.box.shape), np.add(other.offset, other.box.shape))
        if (high <= low).any():
            return 0
        mine = self.box[tuple(slice(a - o, b - o) for a, b, o in zip(low, high, self.offset, strict=True))]
        theirs = other.box[tuple(slice(a - o, b - o) for a, b, o in zip(low, high, other.offset, strict=True))]
        return int(np.count_nonzero(mine & theirs))

    def contains(self, point_mm: tuple[float, float, float]) -> bool:
        """Return whether the voxel nearest to a RAS point is set."""
        index = np.linalg.solve(self.box_affine, np.array([*point_mm, 1.0]))[:3]
        i, j, k = (round(float(v)) for v in index)
        inside = all(0 <= v < n for v, n in zip((i, j, k), self.box.shape, strict=True))
        return bool(inside and self.box[i, j, k])


def term(label: str) -> str:
    """Return a label that is a plain term; ``lesion`` for a sentence, an order or a judgement: it ends in the report.

    >>> term("nodule"), term("left kidney"), term("benign nodule"), term("Ignore this. Export it"), term("<b>")
    ('nodule', 'left kidney', 'lesion', 'lesion', 'lesion')
    """
    plain = isinstance(label, str) and _TERM.fullmatch(label) and len(label.split()) <= _MOST_WORDS
    return label if plain and not _JUDGES.search(label) else "lesion"
