"""Windows: a small grid cut around a seed, the prompt maps that go with it, and the way back to the scan's grid.

Arrays here are ``(slice, row, column)``; positions are indices of the volume given, with fractions. Knows no network
and no patient frame: `model.py` turns RAS millimetres into indices first.

In the plane a window is resampled to a fixed spacing; slices stay native, so that a 5 mm scan keeps its own masks.
Slices much thinner than the plane's spacing allows are averaged to 1.25 mm (coarser in coarser windows).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Index = tuple[float, float, float]

SIDE = 48
"""Window side in the plane, pixels: 33.6 mm at the finest spacing, as wide as the training crops."""
PLANE_MM = (0.7, 1.4, 2.1)
"""In-plane spacings, finest first. 0.7 mm is the data's median; 2.1 mm makes a 100 mm window for masses."""
SLICE_OF_PLANE = 1.25 / 0.7
"""Slices are made this many times the in-plane spacing when they are thinner than `NATIVE_FROM` of that."""
NATIVE_FROM = 0.8
REACH_MM = 14.0
"""How far a finest window reaches up and down from its centre; coarser windows reach proportionally farther."""
PAD_SLICES = 2
"""Empty slices kept beyond the scan's first and last one, marked as outside."""
NEAR_PX, AVOID_PX, FIX_PX = 8.0, 4.0, 4.0
"""Decay length of the click maps, in window pixels: a click says more about what is near, a correction the more so."""
CLICK, AVOID, FIX, PREVIOUS = 2, 4, 5, 6
"""Where the maps of clicks, clicks to leave out, corrections to add and the outline before stand in the input."""
HU_LOW, HU_HIGH = -1000.0, 400.0
"""Air and contrast-filled vessels: what lies beyond tells nothing about a nodule's border."""


@dataclass(frozen=True)
class Window:
    """A window and where its samples lie.

    Attributes:
        image: HU, float32, (slices, SIDE, SIDE).
        inside: 1 where the sample lies in the volume, else 0.
        first: volume index of sample (0, 0, 0).
        step: volume indices a sample, along (slice, row, column).
        plane_mm: in-plane spacing of the samples.
        slice_px: distance of two slices in units of the in-plane spacing.
    """

    image: Array
    inside: Array
    first: Index
    step: Index
    plane_mm: float
    slice_px: float

    def place(self, index: Sequence[float]) -> Index:
        """Return where a volume index lies in this window, in samples."""
        z, y, x = ((v - f) / s for v, f, s in zip(index, self.first, self.step, strict=True))
        return z, y, x


def cut(
    volume: npt.NDArray[np.generic],
    spacing: Sequence[float],
    centre: Sequence[float] | npt.NDArray[Any],
    plane_mm: float = PLANE_MM[0],
    stretch: tuple[float, float] = (1.0, 1.0),
    slices: tuple[int, int] | None = None,
) -> Window:
    """Return the window around an index.

    Args:
        volume: HU, (slice, row, column).
        spacing: mm along the same axes.
        centre: index of the window's centre.
        plane_mm: in-plane spacing of the window.
        stretch: factors on the in-plane spacing of rows and columns (training only).
        slices: first slice relative to the centre's and number of slices; None reaches `REACH_MM` both ways.
    """
    wanted = plane_mm * SLICE_OF_PLANE
    native = spacing[0] >= NATIVE_FROM * wanted
    slice_mm = spacing[0] if native else wanted
    middle = float(round(centre[0])) if native else float(centre[0])
    step = (slice_mm / spacing[0], plane_mm * stretch[0] / spacing[1], plane_mm * stretch[1] / spacing[2])
    if slices is None:
        slices = _reach(volume.shape[0], middle, step[0], REACH_MM * plane_mm / PLANE_MM[0] / slice_mm)
    half = (SIDE - 1) / 2
    first = (middle + slices[0] * step[0], centre[1] - half * step[1], centre[2] - half * step[2])
    axes = [f + np.arange(n) * s for f, n, s in zip(first, (slices[1], SIDE, SIDE), step, strict=True)]
    within = [(a > -0.5) & (a < n - 0.5) for a, n in zip(axes, volume.shape, strict=True)]
    inside = within[0][:, None, None] & within[1][None, :, None] & within[2][None, None, :]
    image = np.where(inside, _sample(volume, axes, step), HU_LOW)
    return Window(
        image.astype(np.float32), inside.astype(np.float32), first, step, plane_mm, slice_mm / plane_mm
    )


def _reach(size: int, middle: float, step: float, reach: float) -> tuple[int, int]:
    """Return first slice relative to the middle and the number of slices, within the volume and its padding."""
    count = max(1, round(reach))
    low = max(-count, -int(np.ceil(middle / step)) - PAD_SLICES)
    high = min(count, int(np.ceil((size - 1 - middle) / step)) + PAD_SLICES)
    return low, max(high, low) - low + 1


def _sample(
    volume: npt.NDArray[np.generic], axes: Sequence[npt.NDArray[Any]], step: Sequence[float]
) -> Array:
    """Return linear samples at the outer product of three index axes, averaged first where samples are coarser."""
    from scipy.ndimage import gaussian_filter1d

    spans = []
    for a, n in zip(axes, volume.shape, strict=True):
        low = int(np.clip(np.floor(a[0]) - 2, 0, n - 1))
        spans.append(slice(low, int(np.clip(np.ceil(a[-1]) + 3, low + 1, n))))
    values = np.asarray(volume[tuple(spans)], dtype=np.float32)
    for axis in range(3):
        if step[axis] > 1.4 and values.shape[axis] > 1:
            values = gaussian_filter1d(values, 0.4 * step[axis], axis=axis, mode="nearest")
        values = interpolate(values, axes[axis] - spans[axis].start, axis)
    return values


def interpolate(values: Array, at: npt.NDArray[Any], axis: int) -> Array:
    """Return values interpolated linearly along one axis at fractional indices, the ends repeated."""
    last = values.shape[axis] - 1
    at = np.clip(at, 0, last)
    low = np.floor(at).astype(np.intp)
    high = np.minimum(low + 1, last)
    shape = [1, 1, 1]
    shape[axis] = len(at)
    weight = (at - low).astype(np.float32).reshape(shape)
    below, above = np.take(values, low, axis), np.take(values, high, axis)
    return np.asarray(below + weight * (above - below), dtype=np.float32)


def channels(
    window: Window,
    clicks: Sequence[Index],
    box: tuple[Index, Index] | None,
    avoid: Sequence[Index],
    fixes: Sequence[Index] = (),
    previous: npt.NDArray[np.bool_] | None = None,
) -> Array:
    """Return the network's input, float32 (7, slices, SIDE, SIDE). Prompts are in window samples.

    Args:
        window: what the network looks at.
        clicks: all clicks inside the lesion, corrections among them.
        box: low and high corner, or None.
        avoid: clicks to leave out.
        fixes: those of the clicks that correct the outline before.
        previous: the outline before, on the window's grid; None at first.
    """
    clipped = np.clip(window.image, HU_LOW, HU_HIGH)
    attenuation = (clipped + 400.0) / 600.0
    outlined = np.zeros_like(attenuation)
    if box is not None:
        axes = [np.arange(n) for n in attenuation.shape]
        within = [(a >= low - 0.5) & (a <= high + 0.5) for a, low, high in zip(axes, *box, strict=True)]
        outlined[within[0][:, None, None] & within[1][None, :, None] & within[2][None, None, :]] = 1.0
    shape, slice_px = window.image.shape, window.slice_px
    near, out, fix = (
        decay(shape, slice_px, places, length)
        for places, length in ((clicks, NEAR_PX), (avoid, AVOID_PX), (fixes, FIX_PX))
    )
    before = np.zeros_like(attenuation) if previous is None else previous
    return np.stack((attenuation, window.inside, near, outlined, out, fix, before)).astype(np.float32)


def decay(shape: Sequence[int], slice_px: float, places: Sequence[Index], length: float) -> Array:
    """Return exp(-distance / length) to the nearest place, distances in in-plane pixels; 0 without a place."""
    z, y, x = (np.arange(n, dtype=np.float32) for n in shape)
    best = np.zeros(shape, np.float32)
    for place in places:
        square = (
            (((z - place[0]) * slice_px) ** 2)[:, None, None]
            + ((y - place[1]) ** 2)[None, :, None]
            + ((x - place[2]) ** 2)[None, None, :]
        )
        best = np.maximum(best, np.exp(-np.sqrt(square) / length))
    return best


def put_back(
    window: Window, probability: Array, shape: tuple[int, ...]
) -> tuple[Array, tuple[slice, slice, slice]]:
    """Return the probability on the volume's own grid, within the window, and where that box lies."""
    spans = []
    values = probability
    for axis in range(3):
        last = window.first[axis] + (values.shape[axis] - 1) * window.step[axis]
        low = int(np.clip(np.ceil(window.first[axis] - 0.5 * window.step[axis]), 0, shape[axis] - 1))
        high = int(np.clip(np.floor(last + 0.5 * window.step[axis]) + 1, low + 1, shape[axis]))
        at = (np.arange(low, high) - window.first[axis]) / window.step[axis]
        values = interpolate(values, at, axis)
        spans.append(slice(low, high))
    return values, (spans[0], spans[1], spans[2])
