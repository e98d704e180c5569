"""How much a lump looks like a lesion and how little like a vessel, an organ's border or a rib: 0 to 1.

Five facts, multiplied: density falls off in every direction (along a vessel or a flat border it does not), the neck is
thin, air lies around it, it is compact, and it is seen in more than one slice. They come from the shape of things;
nothing is learnt from data, and nothing here says what a lump is.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tools.mask import BoolArray
from tools.models.lung_candidates.space import Space

COMPACT, SPREAD = 2.5, 8.0
"""Volume over that of the ball inside: 1 for a ball, 2 to 3 for a lobed lesion or one flattened by thick slices;
from 8 on it is a branching or long body: vessels, a strip of pleura."""
BONE_HU, BONE_SHARE = 250.0, 0.25
"""A lump on the chest wall with this share of cells this dense is rib or cartilage."""
SHELL_MM = 3.0
"""Air and tissue are looked for in a shell of this width (a slice's width where that is more)."""
LUNG_MEAN = -850.0
"""Density runs from 0 at aerated lung to 1 at water."""
BALL = 4 * np.pi * 3**1.5 * (2 * np.pi) ** -1.5 * np.exp(-1.5) / 3
"""Least curvature at the middle of a ball of density 1, smoothed by its radius / sqrt(3): 0.31."""
GROW = 0.2
"""... which starts where the lump's own border ends: a fifth of its radius beyond the opened core."""
SINGLE = 0.5
"""A lump in one slice only may as well be a vessel crossing it."""
CUT = 0.5
"""A lump in the scan's first or last slice is seen in part: it may as well be the top of an organ."""
WIDE_MM, WIDEST = 15.0, 0.8
"""A lump so large, with this share of its largest section where the scan ends, goes on beyond: dome of liver or spleen,
stomach, shoulder."""


def quality_of(
    space: Space, low: npt.NDArray[np.int64], cells: BoolArray, *, radius: float, neck: float, volume: float
) -> float:
    """Return the quality of a lump.

    Args:
        space: the space it lies in.
        low: index in the space of the first cell of the box.
        cells: the lump in its box.
        radius, neck: mm, of the largest ball inside and of the thickest link to something larger.
        volume: mm3.
    """
    spread = volume / (4.0 / 3.0 * np.pi * radius**3)
    if spread > SPREAD:
        return 0.0
    window = tuple(slice(int(a), int(a) + n) for a, n in zip(low, cells.shape, strict=True))
    free, walled = _surroundings(space, window, cells, radius)
    if walled and float((space.values[window][cells] > BONE_HU).mean()) >= BONE_SHARE:
        return 0.0
    several = 1.0 if int(cells.any(axis=(0, 1)).sum()) > 1 else SINGLE
    levels = np.flatnonzero(cells.any(axis=(0, 1))) + space.start[2] + window[2].start
    ends = [end for end, level in ((0, levels[0]), (space.grid.values.shape[2] - 1, levels[-1])) if end == level]
    if ends and _tops(cells, levels, ends, (6.0 * volume / np.pi) ** (1 / 3)):
        return 0.0
    whole = CUT if ends else 1.0
    round_ = _roundness(space, low, cells, (6.0 * volume / np.pi) ** (1 / 3))
    return float(round_ * np.sqrt(1.0 - neck / radius) * free * min(1.0, COMPACT / spread) * several * whole)


def _tops(cells: BoolArray, levels: npt.NDArray[np.int64], ends: list[int], diameter: float) -> bool:
    """Return whether a lump is the top of something that the scan cuts off at its widest."""
    areas = cells.sum(axis=(0, 1))
    areas = areas[areas > 0]
    at_ends = [areas[0] if levels[0] == end else areas[-1] for end in ends]
    return diameter >= WIDE_MM and max(at_ends) >= WIDEST * areas.max()


def _roundness(space: Space, low: npt.NDArray[np.int64], cells: BoolArray, diameter: float) -> float:
    """Return how strongly density falls off in the direction where it falls least, 1 for a dense ball in lung.

    The least curvature of the density smoothed to the lump's size: near 0 along a vessel or a flat border.
    """
    sigma = np.maximum(diameter / 2 / np.sqrt(3.0), 0.5 * space.step)
    middle = np.argwhere(cells).mean(axis=0) + low
    axes, index = [], []
    for a in range(3):
        reach = int(np.ceil(3.0 * sigma[a] / space.step[a]))
        i = np.arange(int(np.floor(middle[a])) - reach, int(np.ceil(middle[a])) + reach + 1)
        axes.append((i - middle[a]) * space.step[a] / sigma[a])
        index.append(np.clip(i, 0, space.values.shape[a] - 1))
    part = np.ix_(*index)
    density = np.clip((space.values[part] - LUNG_MEAN) / -LUNG_MEAN, 0.0, 1.0) * space.room[part]
    bells = [np.exp(-0.5 * x**2) for x in axes]
    weight = density * bells[0][:, None, None] * bells[1][None, :, None] * bells[2][None, None, :]
    total = float(np.prod([b.sum() for b in bells]))
    curve = np.empty((3, 3))
    for a in range(3):
        for b in range(a + 1):
            x, y = (axes[c].reshape([-1 if d == c else 1 for d in range(3)]) for c in (a, b))
            curve[a, b] = curve[b, a] = float((weight * (x * y - (a == b))).sum()) / total
    return float(np.clip(-np.linalg.eigvalsh(curve).max() / BALL, 0.0, 1.0))


def _surroundings(
    space: Space, window: tuple[slice, ...], cells: BoolArray, radius: float
) -> tuple[float, bool]:
    """Return the share of air among air and tissue around a lump, and whether it touches the chest wall."""
    from scipy import ndimage

    beyond = ndimage.distance_transform_edt(~cells, sampling=space.step)
    room, tissue = space.room[window], space.tissue[window]
    grown = cells | (tissue & (beyond <= max(1.5, GROW * radius)))
    beyond = ndimage.distance_transform_edt(~grown, sampling=space.step)
    shell = (beyond > 0.5) & (beyond <= max(SHELL_MM, float(space.step.max()) + 0.1))
    air = float((shell & space.lung[window]).sum())
    solid = float((shell & tissue).sum())
    return air / max(1.0, air + solid), bool((shell & ~room).any())
