"""Lumps: bodies of tissue that come apart from what is larger when their necks are cut.

The distance from each tissue cell to the nearest cell without tissue has a peak in the middle of a lump; its height R
is the radius of the largest ball inside. Sinking through the heights, a lump joins a larger one at its neck, N. A
nodule on a vessel has N far below R; a stretch of vessel, of the aorta or of the heart's border has N about R.

Knows geometry only; `quality.py` says how much of a lump looks like a lesion.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from tools.mask import BoolArray, FloatArray
from tools.models.lung_candidates.quality import quality_of
from tools.models.lung_candidates.space import Space


@dataclass(frozen=True)
class Band:
    """Lumps of a range of sizes, looked for after the bodies a larger ball fits in were taken away.

    Attributes:
        least_mm, most_mm: radius of the largest ball inside a lump.
        organ_mm: radius of the ball that tells an organ; a lump resting on one then stands alone.
    """

    least_mm: float
    most_mm: float
    organ_mm: float


BANDS = (Band(2.0, 50.0, 1000.0), Band(2.0, 8.5, 10.0), Band(7.0, 25.0, 27.0))
"""First with nothing taken away, then without what is thicker than a nodule, then without what is thicker than the
aorta (radius 10 to 17 mm): the heart's radius is 40 mm and more."""
LEAST_MM, LARGEST_MM = 5.0, 100.0
"""Smaller lumps are vessels cut across, on slices as thick as they are; larger ones are organs."""
MASS_MM = 30.0
"""A mass is a lesion of more than 30 mm (Fleischner Society glossary, 2008, doi:10.1148/radiol.2462070712)."""
LEAST_QUALITY = {"mass": 0.01, "nodule": 0.05}
"""Below this a lump is not shown. Masses rest on pleura, diaphragm or mediastinum, which costs them air and roundness;
but few normal things of their size have any."""
FULL_WEIGHT_MM = 30.0
"""Size counts up to here: beyond it a mass is a mass, and organs are large."""

CELLS = 1.4
"""A lump one cell wide is the grid's own staircase: in the plane it must reach this many cells from its middle."""
LEVEL_STEP = 1.06
"""Heights sink by 6 % at a time: necks are known that well."""
LOWEST_MM = 1.0
"""Below this height everything touches everything (partial volume)."""
NECK_LIMIT = 0.95
"""A neck within a step of the radius itself is no neck."""
OVERLAP = 0.3
"""Of two lumps that share this part of the smaller, the better one stays."""


@dataclass(frozen=True, eq=False)
class Lump:
    """One lump.

    Attributes:
        cells: boolean box of cells.
        start: index of the box's first cell in the space's grid (the whole scan's cells).
        radius_mm: of the largest ball inside.
        diameter_mm: of the ball of the same volume.
        quality: 0 to 1, see `quality.py`.
    """

    cells: BoolArray
    start: tuple[int, int, int]
    radius_mm: float
    diameter_mm: float
    quality: float

    @property
    def group(self) -> Literal["mass", "nodule"]:
        """Which list it belongs to."""
        return "mass" if self.diameter_mm >= MASS_MM else "nodule"

    @property
    def score(self) -> float:
        """Quality, weighted by size: a larger lump matters more to a reader. Without unit, no probability."""
        return self.quality * min(self.diameter_mm, FULL_WEIGHT_MM) / FULL_WEIGHT_MM


def find_lumps(space: Space, *, side: str | None, band: Band, tick: Callable[[float], None]) -> list[Lump]:
    """Return the lumps of a size band whose middle lies in the hull of a side (None: either), in no order."""
    from scipy import ndimage

    tissue = space.tissue & ~_organs(space, band.organ_mm)
    tick(0.1)
    depth = _depth(tissue, space.step)
    tick(0.2)
    least = max(band.least_mm, CELLS * float(space.step[:2].max()))
    in_band = (depth >= least) & (depth <= band.most_mm)
    peaks = np.argwhere(in_band & (depth == ndimage.maximum_filter(depth, 3)))
    radii = depth[tuple(peaks.T)]
    order = np.argsort(-radii, kind="stable")
    peaks, heights = peaks[order], np.asarray(radii[order], dtype=np.float64)
    necks = _necks(depth, peaks, heights, lambda f: tick(0.2 + 0.4 * f))
    chosen = np.flatnonzero((necks <= NECK_LIMIT * heights) & space.hull(side)[tuple(peaks.T)])
    lumps = []
    for n, i in enumerate(chosen):
        if n % 20 == 0:
            tick(0.6 + 0.4 * n / len(chosen))
        lump = _lump(space, depth, peaks[i], float(heights[i]), float(necks[i]))
        if lump is not None:
            lumps.append(lump)
    return lumps


def _depth(tissue: BoolArray, step: FloatArray) -> npt.NDArray[np.float32]:
    """Return the distance in mm to the nearest cell without tissue; the room ends at the sides, not at its ends."""
    from scipy import ndimage

    padded = np.pad(tissue, ((1, 1), (1, 1), (0, 0)))
    return np.asarray(ndimage.distance_transform_edt(padded, sampling=step)[1:-1, 1:-1], dtype=np.float32)


def _organs(space: Space, radius_mm: float) -> BoolArray:
    """Return the tissue that a ball of this radius reaches: heart, liver, the thick of the mediastinum."""
    from scipy import ndimage

    core = _depth(space.tissue, space.step) > radius_mm
    if not core.any():
        return core
    return np.asarray(ndimage.distance_transform_edt(~core, sampling=space.step) <= radius_mm)


def _necks(
    depth: npt.NDArray[np.float32], peaks: npt.NDArray[np.int64], radii: FloatArray, tick: Callable[[float], None]
) -> FloatArray:
    """Return, for peaks sorted by falling radius, the height at which each joins a larger one (0: never)."""
    import cc3d

    necks = np.zeros(len(peaks))
    apart = np.ones(len(peaks), bool)
    if not len(peaks):
        return necks
    count = max(1, int(np.ceil(np.log(float(radii[0]) / LOWEST_MM) / np.log(LEVEL_STEP))))
    for n in range(count - 1, -1, -1):
        height = LOWEST_MM * LEVEL_STEP**n
        tick(1 - n / count)
        here = np.flatnonzero(apart & (radii > height))
        labels = cc3d.connected_components(depth > height, connectivity=6)
        _, largest = np.unique(labels[tuple(peaks[here].T)], return_index=True)
        joined = np.setdiff1d(np.arange(len(here)), largest)
        apart[here[joined]] = False
        necks[here[joined]] = height
    return necks


def _lump(
    space: Space, depth: npt.NDArray[np.float32], peak: npt.NDArray[np.int64], radius: float, neck: float
) -> Lump | None:
    """Return the lump around a peak: the core above its neck, given back what the cut took; None when it is none."""
    import cc3d
    from scipy import ndimage

    reach = np.ceil(3.0 * radius / space.step).astype(int) + 4
    low = np.maximum(peak - reach, 0)
    window = tuple(slice(int(a), int(b)) for a, b in zip(low, peak + reach + 1, strict=True))
    level = neck * 1.001 if neck else min(LOWEST_MM, 0.9 * radius)
    local = depth[window]
    labels = cc3d.connected_components(local > level, connectivity=6)
    core = labels == labels[tuple(peak - low)]
    cells = (ndimage.distance_transform_edt(~core, sampling=space.step) <= level) & (local > 0)
    volume = float(cells.sum()) * space.grid.cell_ml * 1000.0
    quality = quality_of(space, low, cells, radius=radius, neck=neck, volume=volume)
    diameter = float((6.0 * volume / np.pi) ** (1 / 3))
    box = ndimage.find_objects(cells.astype(np.uint8))[0]
    i, j, k = (int(a) + s + b.start for a, s, b in zip(low, space.start, box, strict=True))
    lump = Lump(np.ascontiguousarray(cells[box]), (i, j, k), radius, diameter, quality)
    return lump if quality >= LEAST_QUALITY[lump.group] and LEAST_MM <= diameter <= LARGEST_MM else None


def without_overlaps(lumps: list[Lump]) -> list[Lump]:
    """Return the lumps by falling score, each that lies largely in a better one left out; all of one grid."""
    kept: list[Lump] = []
    for lump in sorted(lumps, key=lambda x: -x.score):
        if all(_shared(lump, other) < OVERLAP for other in kept):
            kept.append(lump)
    return kept


def _shared(one: Lump, other: Lump) -> float:
    low = np.maximum(one.start, other.start)
    high = np.minimum(np.add(one.start, one.cells.shape), np.add(other.start, other.cells.shape))
    if (high <= low).any():
        return 0.0
    a, b = (
        x.cells[tuple(slice(p - s, q - s) for p, q, s in zip(low, high, x.start, strict=True))] for x in (one, other)
    )
    return float((a & b).sum()) / max(1, min(int(one.cells.sum()), int(other.cells.sum())))
