"""A lesion's border as rays see it: how sharp it is, how round, and what leaves it. Knows no reader's opinion.

Rays run in the lesion's own slices from the middle of each slice's part of it. Along each, the attenuation inside and
outside give a half-way level; the border is where the ray first falls below that.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

NAMES = (
    "border slope HU/mm", "border slope spread", "border width mm", "border width p90", "radius spread",
    "radius roughness", "lines share", "open rays share",
)  # fmt: skip

RAYS = 48
STEP_MM = 0.35
BEYOND_MM = 8.0
"""How far past the outline a ray looks."""
LEAST_AREA_MM2 = 6.0
"""A slice with less of the lesion has no border worth the name; the largest slice always counts."""
MOST_SLICES = 7
"""Slices looked at, the largest ones."""
LINE_MM = 3.0
"""What is still dense this far beyond the outline is a line (a vessel, a spicule) or another structure."""


def features(image: Array, inside: Bool, spacing: tuple[float, float, float]) -> list[float]:
    """Return the features of the border, in the order of `NAMES`.

    Args:
        image: HU, axes (slice, row, column).
        inside: the lesion, same axes.
        spacing: mm along the same axes.
    """
    areas = inside.sum(axis=(1, 2)) * spacing[1] * spacing[2]
    order = np.argsort(-areas, kind="stable")[:MOST_SLICES]
    chosen = [int(n) for n in order if areas[n] >= LEAST_AREA_MM2] or [int(order[0])]
    found = np.array([_slice(image[n], inside[n], spacing[1:]) for n in chosen])
    weights = areas[chosen] / areas[chosen].sum()
    return [float(v) for v in weights @ found]


def _slice(image: Array, inside: Bool, spacing: tuple[float, float]) -> list[float]:
    """Return one slice's features."""
    from scipy.ndimage import map_coordinates

    rows, columns = np.nonzero(inside)
    middle = np.array([rows.mean(), columns.mean()])
    reach = float(np.sqrt(((np.argwhere(inside) - middle) ** 2 * np.square(spacing)).sum(axis=1).max())) + BEYOND_MM
    along = np.arange(0.0, reach, STEP_MM)
    angles = np.linspace(0.0, 2 * np.pi, RAYS, endpoint=False)
    places = [
        middle[0] + np.outer(np.sin(angles), along) / spacing[0],
        middle[1] + np.outer(np.cos(angles), along) / spacing[1],
    ]
    profiles = map_coordinates(image, places, order=1, mode="nearest")
    member = map_coordinates(inside.astype(np.float64), places, order=1, mode="constant") >= 0.5
    return _of_rays(profiles, member)


def _of_rays(profiles: Array, member: Bool) -> list[float]:
    """Return the features of rays, shape (ray, step)."""
    count = profiles.shape[1]
    last = np.where(member.any(axis=1), count - 1 - np.argmax(member[:, ::-1], axis=1), 0)
    near = max(1, round(BEYOND_MM / 2 / STEP_MM))
    slopes, widths = [], []
    for profile, end in zip(profiles, last, strict=True):
        band = profile[max(0, end - near) : end + near]
        slopes.append(float(-np.gradient(band).min()) / STEP_MM if band.size > 2 else 0.0)
        widths.append(_width(band))
    radius = (last + 1) * STEP_MM
    smooth = np.convolve(np.concatenate([radius[-2:], radius, radius[:2]]), np.ones(5) / 5, mode="valid")
    past = np.minimum(last + round(LINE_MM / STEP_MM), count - 1)
    dense = profiles[np.arange(len(last)), past] > -500.0
    lines = int((dense & ~np.roll(dense, 1)).sum())
    return [
        float(np.median(slopes)), float(np.std(slopes)), float(np.median(widths)), float(np.percentile(widths, 90)),
        float(radius.std() / radius.mean()), float(np.abs(radius - smooth).mean() / radius.mean()),
        lines / RAYS, float(dense.mean()),
    ]  # fmt: skip


def _width(band: Array) -> float:
    """Return over how many mm a profile falls from 80 to 20 % of its step; a ray without a step: its whole length."""
    high, low = float(band.max()), float(band.min())
    if band.size < 3 or high - low < 50.0:
        return band.size * STEP_MM
    top = int(np.argmax(band))
    falling = band[top:]
    below = falling < low + 0.2 * (high - low)
    if not below.any():
        return band.size * STEP_MM
    end = int(np.argmax(below))
    start = int(np.flatnonzero(falling[: end + 1] > low + 0.8 * (high - low))[-1])
    return (end - start) * STEP_MM
