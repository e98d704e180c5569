"""Where to put the calipers: longest and perpendicular diameters of a binary outline, exactly and quickly.

An outline is the marching-squares line at 0.5 of a binary slice: its vertices are the midpoints between a pixel
inside and its neighbour outside. Knows nothing about scans, units or Hounsfield values.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

TIE = 1e-6
"""Two lengths closer than a nanometre (in mm) are the same length: far below any spacing, above rounding error."""


@dataclass(frozen=True)
class Axis:
    """A caliper: its length, its two ends in the coordinates given, and how many equally long ones there are."""

    length: float
    ends: tuple[tuple[float, ...], tuple[float, ...]]
    ties: int = 1


def edge_midpoints(inside: npt.NDArray[np.bool_]) -> Array:
    """Return the midpoints between set voxels and unset face neighbours, in voxel indices, shape ``(n, ndim)``.

    The image is taken to be unset outside. These are the vertices of marching squares (2-D) or cubes (3-D) at 0.5.
    """
    padded = np.pad(inside, 1)
    points: list[Array] = []
    for axis in range(inside.ndim):
        low = [slice(None)] * inside.ndim
        high = [slice(None)] * inside.ndim
        low[axis], high[axis] = slice(None, -1), slice(1, None)
        edges = np.argwhere(padded[tuple(low)] != padded[tuple(high)]).astype(np.float64)
        edges[:, axis] += 0.5
        points.append(edges - 1.0)
    return np.concatenate(points)


def hull(points: Array) -> Array:
    """Return the vertices of the convex hull, in a fixed (lexicographic) order, shape ``(m, ndim)``."""
    from scipy.spatial import ConvexHull

    corners = points[ConvexHull(points).vertices]
    order = np.lexsort(tuple(np.round(corners[:, a], 9) for a in reversed(range(corners.shape[1]))))
    return np.asarray(corners[order])


def longest(points: Array) -> Axis:
    """Return the longest distance between any two points; of equally long ones the lexicographically first."""
    corners = hull(points)
    best, ends, ties = -1.0, (0, 0), 0
    for start in range(0, len(corners), 256):
        gaps = np.linalg.norm(corners[start : start + 256, None, :] - corners[None, :, :], axis=-1)
        upper = np.triu(np.ones_like(gaps, dtype=bool), k=start + 1)
        gaps[~upper] = -1.0
        top = float(gaps.max())
        if top > best + TIE:
            row, column = (int(v) for v in np.argwhere(gaps >= top - TIE)[0])
            best, ends, ties = float(gaps[row, column]), (start + row, column), int((gaps >= top - TIE).sum())
        elif top >= best - TIE:
            ties += int((gaps >= best - TIE).sum())
    a, b = corners[ends[0]], corners[ends[1]]
    return Axis(best, (tuple(map(float, a)), tuple(map(float, b))), ties)


def outline_segments(inside: npt.NDArray[np.bool_]) -> Array:
    """Return the line segments of marching squares at 0.5, in pixel indices, shape ``(n, 2 ends, 2 axes)``.

    Where two pixels touch only at a corner the line keeps them apart.
    """
    p = np.pad(inside, 1)
    a, b, c, d = p[:-1, :-1], p[1:, :-1], p[1:, 1:], p[:-1, 1:]  # corners of each cell, in turn
    code = a * 1 + b * 2 + c * 4 + d * 8
    # Midpoints of the cell's sides: 0 between a and b, 1 between b and c, 2 between c and d, 3 between d and a.
    middle = np.array([[0.5, 0.0], [1.0, 0.5], [0.5, 1.0], [0.0, 0.5]])
    lines = {
        1: [(3, 0)], 2: [(0, 1)], 3: [(3, 1)], 4: [(1, 2)], 5: [(3, 0), (1, 2)], 6: [(0, 2)], 7: [(3, 2)],
        8: [(2, 3)], 9: [(2, 0)], 10: [(0, 1), (2, 3)], 11: [(2, 1)], 12: [(1, 3)], 13: [(1, 0)], 14: [(0, 3)],
    }  # fmt: skip
    segments: list[Array] = []
    for value, pairs in lines.items():
        cells = np.argwhere(code == value).astype(np.float64) - 1.0
        for start, end in pairs:
            segments.append(np.stack([cells + middle[start], cells + middle[end]], axis=1))
    return np.concatenate(segments)


def widest_across(segments: Array, axis: Axis) -> Axis:
    """Return the longest chord perpendicular to an axis, between the outermost crossings of the outline.

    Args:
        segments: the outline, shape ``(n, 2 ends, 2 coordinates)``, in the same coordinates as ``axis``.
        axis: the long axis.
    """
    start, end = np.array(axis.ends[0]), np.array(axis.ends[1])
    along = (end - start) / np.linalg.norm(end - start)
    across = np.array([-along[1], along[0]])
    u = (segments - start) @ along
    v = (segments - start) @ across
    # Between two neighbouring vertices the chord is linear in u, so its maximum lies at a vertex.
    stations = np.unique(np.round(u, 9))
    low_u, high_u = u.min(axis=1), u.max(axis=1)
    widths, bottoms, tops = [], [], []
    for station in stations:
        crossing = (low_u <= station + 1e-9) & (high_u >= station - 1e-9)
        cu, cv = u[crossing], v[crossing]
        span = cu[:, 1] - cu[:, 0]
        flat = np.abs(span) < 1e-9
        share = np.clip((station - cu[:, 0]) / np.where(flat, 1.0, span), 0.0, 1.0)
        at = cv[:, 0] + share * (cv[:, 1] - cv[:, 0])
        reach = np.concatenate([at[~flat], cv[flat].ravel()])
        bottoms.append(reach.min())
        tops.append(reach.max())
        widths.append(reach.max() - reach.min())
    width = np.array(widths)
    best = int(np.flatnonzero(width >= width.max() - TIE)[0])
    ends = [start + stations[best] * along + side[best] * across for side in (bottoms, tops)]
    return Axis(
        float(width[best]),
        (tuple(map(float, ends[0])), tuple(map(float, ends[1]))),
        int((width >= width.max() - TIE).sum()),
    )
