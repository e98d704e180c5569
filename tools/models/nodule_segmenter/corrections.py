"""Simulated corrections: where a reader would click next, and that click drawn into a network input.

The next click is the deepest place (of equally deep ones the most central) of the largest region in which outline and
truth differ: added where the outline misses it, left out where it holds too much. The same in training and in the
evaluation. Knows no network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tools.models.nodule_segmenter.window import AVOID, AVOID_PX, CLICK, FIX, FIX_PX, NEAR_PX, PREVIOUS, Index, decay

Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Correction:
    """A click: where (index), whether it adds (True) or leaves out, and how many voxels were wrong around it."""

    place: Index
    add: bool
    voxels: int


def next_click(found: Bool, truth: Bool, spacing: Sequence[float]) -> Correction | None:
    """Return the click that corrects the largest error, or None when there is none.

    Args:
        found, truth: same grid, axes (slice, row, column).
        spacing: lengths along the same axes, any one unit.
    """
    from scipy.ndimage import distance_transform_edt, find_objects, label

    best: tuple[int, Bool, bool, tuple[slice, ...]] | None = None
    for wrong, add in ((truth & ~found, True), (found & ~truth, False)):
        labels, count = label(wrong)
        if not count:
            continue
        sizes = np.bincount(labels.ravel())[1:]
        number = int(np.argmax(sizes)) + 1
        if best is None or sizes[number - 1] > best[0]:
            box = find_objects(labels, number)[number - 1]
            best = (int(sizes[number - 1]), labels[box] == number, add, box)
    if best is None:
        return None
    voxels, region, add, box = best
    depth = distance_transform_edt(np.pad(region, 1), sampling=spacing)[1:-1, 1:-1, 1:-1]
    deepest = np.argwhere(depth >= depth.max() - 1e-6)
    gaps = ((deepest - np.argwhere(region).mean(axis=0)) * spacing) ** 2
    z, y, x = (int(v) + s.start for v, s in zip(deepest[int(np.argmin(gaps.sum(axis=1)))], box, strict=True))
    return Correction((float(z), float(y), float(x)), add, voxels)


def draw(data: npt.NDArray[Any], slice_px: float, click: Correction) -> None:
    """Put a correction into a network input (7, slices, SIDE, SIDE), in place, beside the clicks before it."""
    shape = data.shape[1:]
    maps = ((CLICK, NEAR_PX), (FIX, FIX_PX)) if click.add else ((AVOID, AVOID_PX),)
    for channel, length in maps:
        data[channel] = np.maximum(data[channel], decay(shape, slice_px, [click.place], length))


def corrected(
    data: npt.NDArray[Any], found: Bool, target: Bool, slice_px: float, rng: np.random.Generator
) -> npt.NDArray[Any]:
    """Return an input with what a reader may add after seeing an outline: a click, and mostly that outline itself.

    One in six gets the outline without a click; the click is up to half a sample off.
    """
    out = data.copy()
    if rng.random() < 0.85:
        out[PREVIOUS] = found
    known = data[1] > 0
    click = next_click(found & known, target & known, (slice_px, 1.0, 1.0))
    if click is not None and rng.random() < 5 / 6:
        z, y, x = np.array(click.place) + rng.uniform(-0.5, 0.5, 3)
        draw(out, slice_px, Correction((float(z), float(y), float(x)), click.add, click.voxels))
    return out
