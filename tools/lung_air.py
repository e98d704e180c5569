"""Enclosed air of a CT on a coarse grid -> right and left lung, airways and bowel gas left out; and their hulls.

Works on a `CoarseGrid`: axes about (R, A, S), HU. Knows no scan, no mask and no lesion.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from tools.coarse import CoarseGrid
from tools.mask import BoolArray

AIR_HU = -400.0
"""Half way between aerated lung (about -850) and soft tissue (about 40)."""
GAS_HU = -960.0
"""Air without tissue in it: outside the body, in the bowel, in the trachea. Lung at rest is about -850; -950 is the
usual cut for emphysema, so a separate body of air with a median below this is no lung."""
LEAST_PART = 0.05
"""A separate body of air smaller than this share of the largest is no lung: a loop of bowel, a sinus, the throat."""
SOLID = 0.25
"""Lung is a body with small holes for vessels: half and more of its cells have air on all six sides. In noise that
passes for air a few per cent do."""
TUBE_HU = -750.0
"""Airway lumen on coarse cells: partial volume at the wall stays out."""
TUBE_MM2 = (30.0, 900.0)
"""Cross-section of trachea and main bronchi: 6 mm across to a dilated trachea cut obliquely."""
MANY_TUBES = 30
"""A slice with more tube-like sections than this is noise: nothing is followed through it."""
TUBE_START_MM = 35.0
"""The trachea starts within this distance of the body's middle."""
TUBE_LENGTH_MM = 30.0
"""Shorter chains are no trachea: the tip of a lung, a sinus."""
BELOW_CARINA_MM = 60.0
"""A main bronchus is 25 to 55 mm long."""
CORE_MM = (3.0, 5.0, 7.0, 10.0, 14.0, 18.0)
"""Depths tried, least first, to part two lungs that touch in front of or behind the mediastinum."""
SPANS = 0.12
"""A body of air with this share on either side of the middle is two lungs in one."""
HULL_PART_MM2 = 100.0
"""Smaller specks of a slice do not widen its hull."""
HULL_GAP_MM = 60.0
"""Slices that a mass took the lung from are closed over gaps up to this."""


def body_of(grid: CoarseGrid) -> BoolArray:
    """Return the largest body of tissue with what it encloses in each axial slice."""
    from scipy import ndimage

    tissue = grid.values > AIR_HU
    labels, count = ndimage.label(tissue)
    if not count:
        return np.zeros(tissue.shape, bool)
    largest = labels == 1 + int(np.argmax(np.bincount(labels.ravel())[1:]))
    for k in range(largest.shape[2]):
        largest[:, :, k] = ndimage.binary_fill_holes(largest[:, :, k])
    return np.asarray(largest)


def midline_of(body: BoolArray, air: BoolArray) -> float:
    """Return the first-axis index of the body's middle, over the slices that hold enclosed air."""
    slices = air.any(axis=(0, 1))
    return float(np.median(np.argwhere(body[:, :, slices].any(axis=1))[:, 0]))


def airways_of(grid: CoarseGrid, air: BoolArray, midline: float) -> BoolArray:
    """Return trachea and main bronchi: small round sections near the middle, followed downward slice by slice."""
    from scipy import ndimage

    sections = [_sections(grid, air, k) for k in range(air.shape[2])]
    used: set[tuple[int, int]] = set()
    found = np.zeros(air.shape, bool)
    for top in range(air.shape[2] - 1, -1, -1):
        for number, (middle, _) in sections[top][1].items():
            if (top, number) in used or abs(middle - midline) * grid.step[0] > TUBE_START_MM:
                continue
            chain = _follow(sections, top, number, grid.step[2])
            used |= chain
            levels = [k for k, _ in chain]
            if (max(levels) - min(levels) + 1) * grid.step[2] >= TUBE_LENGTH_MM:
                for k, n in chain:
                    found[:, :, k] |= sections[k][0] == n
    wall = ndimage.iterate_structure(ndimage.generate_binary_structure(2, 1), 1)[:, :, None]
    return np.asarray(ndimage.binary_dilation(found, wall) & air)


_Sections = tuple[npt.NDArray[Any], dict[int, tuple[float, float]]]


def _sections(grid: CoarseGrid, air: BoolArray, k: int) -> _Sections:
    """Return labels of a slice's bodies of gas, and (middle along the first axis, mm2) of the tube-like ones."""
    from scipy import ndimage

    labels, _ = ndimage.label(air[:, :, k] & (grid.values[:, :, k] < TUBE_HU))
    tubes = {}
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        area = float((labels[box] == number).sum()) * grid.step[0] * grid.step[1]
        sides = [(s.stop - s.start) * step for s, step in zip(box, grid.step, strict=False)]
        if TUBE_MM2[0] <= area <= TUBE_MM2[1] and max(sides) <= 3.0 * min(sides) and area >= 0.4 * sides[0] * sides[1]:
            tubes[number] = ((box[0].start + box[0].stop - 1) / 2, area)
    return labels, tubes if len(tubes) <= MANY_TUBES else {}


def _follow(sections: list[_Sections], top: int, number: int, step: float) -> set[tuple[int, int]]:
    """Return the chain of overlapping tube sections below one, to a main bronchus' length below the first fork."""
    from scipy import ndimage

    chain, level, fork = {(top, number)}, {number}, None
    for k in range(top - 1, -1, -1):
        above = np.isin(sections[k + 1][0], list(level))
        touched = set(np.unique(sections[k][0][ndimage.binary_dilation(above, iterations=1)])) - {0}
        level = {int(n) for n in touched if int(n) in sections[k][1]}
        if not level:
            break
        fork = k if fork is None and len(level) > 1 else fork
        if fork is not None and (fork - k) * step > BELOW_CARINA_MM:
            break
        chain |= {(k, n) for n in level}
    return chain


def lungs_of(grid: CoarseGrid, air: BoolArray, midline: float) -> tuple[BoolArray, BoolArray]:
    """Return the right and the left lung's air."""
    right, left = np.zeros(air.shape, bool), np.zeros(air.shape, bool)
    for part in _parts(grid, air):
        share = _share_right(part, midline)
        if SPANS < share < 1 - SPANS:
            one, other = _split(part, grid, midline)
            right |= one
            left |= other
        elif share >= 0.5:
            right |= part
        else:
            left |= part
    return right, left


def _parts(grid: CoarseGrid, air: BoolArray) -> Iterator[BoolArray]:
    """Yield the separate bodies of air that may be lung: large enough, and not gas alone."""
    from scipy import ndimage

    labels, count = ndimage.label(air)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    for number in np.flatnonzero(sizes >= LEAST_PART * sizes.max()) if count else ():
        part = labels == number
        core = ndimage.binary_erosion(part, border_value=1)
        if core.sum() < SOLID * sizes[number]:
            continue
        inner = grid.values[core] if core.sum() >= 20 else grid.values[part]
        if float(np.median(inner)) >= GAS_HU:
            yield part


def _share_right(part: BoolArray, midline: float) -> float:
    across = part.sum(axis=(1, 2))
    return float(across[np.arange(len(across)) > midline].sum()) / max(1.0, float(across.sum()))


def _split(part: BoolArray, grid: CoarseGrid, midline: float) -> tuple[BoolArray, BoolArray]:
    """Part two lungs that touch: where their cores come apart, each cell goes to the core it drains to."""
    from scipy import ndimage
    from skimage.segmentation import watershed

    depth = ndimage.distance_transform_edt(part, sampling=grid.step)
    for least in CORE_MM:
        labels, count = ndimage.label(depth > least)
        sizes = np.bincount(labels.ravel())
        large = [n for n in range(1, count + 1) if sizes[n] >= 0.05 * sizes[1:].sum()]
        shares = {n: _share_right(labels == n, midline) for n in large}
        if any(SPANS < s < 1 - SPANS for s in shares.values()) or len({s > 0.5 for s in shares.values()}) < 2:
            continue
        seeds = np.zeros(part.shape, np.int32)
        for n, share in shares.items():
            seeds[labels == n] = 1 if share > 0.5 else 2
        basins = watershed(-depth, seeds, mask=part)
        return basins == 1, basins == 2
    right = np.arange(part.shape[0])[:, None, None] > midline
    return part & right, part & ~right


def hull_of(part: BoolArray, grid: CoarseGrid) -> BoolArray:
    """Return a lung's hull: convex in each axial slice, closed over gaps between slices."""
    from scipy import ndimage
    from skimage.morphology import convex_hull_image

    hull = np.zeros(part.shape, bool)
    for k in np.flatnonzero(part.any(axis=(0, 1))):
        labels, _ = ndimage.label(part[:, :, k])
        areas = np.bincount(labels.ravel()) * grid.step[0] * grid.step[1]
        keep = areas >= HULL_PART_MM2
        keep[0] = False
        if keep.any():
            hull[:, :, k] = convex_hull_image(keep[labels]) | part[:, :, k]
        else:
            hull[:, :, k] = part[:, :, k]
    half = max(1, int(HULL_GAP_MM / grid.step[2] / 2))
    padded = np.pad(hull, ((0, 0), (0, 0), (half, half)))
    closed = ndimage.binary_closing(padded, np.ones((1, 1, 2 * half + 1), bool))
    return np.asarray(hull | closed[:, :, half:-half])
