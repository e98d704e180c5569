"""Where to put the calipers: longest and perpendicular diameters of a binary outline, exactly and quickly.

An outline is the marching-squares line at 0.5 of a binary slice: its vertices are the midpoints between a pixel
inside and its neighbour outside. Knows nothing about scans, units or Hounsfield values.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

TIE = 1e-6
"""Two lengths closer than a nanometre (in mm) are the same length: far below any spacing, above rounding error."""
MANY = 300
"""Up to this many points every pair is looked at; of more, the convex hull's corners."""
DIRECTIONS = 16
"""Directions in which a set's width is taken for a first bound of its length."""


@dataclass(frozen=True)
class Axis:
    """A caliper: its length, its two ends in the coordinates given, and how many equally long ones there are."""

    length: float
    ends: tuple[tuple[float, ...], tuple[float, ...]]
    ties: int = 1


def edge_midpoints(inside: npt.NDArray[np.bool_], *axes: int) -> Array:
    """Return the midpoints between set voxels and unset face neighbours, in voxel indices, shape ``(n, ndim)``.

    The image is taken to be unset outside. These are the vertices of marching squares (2-D) or cubes (3-D) at 0.5.

    Args:
        inside: the mask.
        axes: along which neighbours are taken; left out: all.
    """
    padded = _padded(inside)
    points: list[Array] = []
    for axis in axes or range(inside.ndim):
        low = [slice(1, -1)] * inside.ndim
        high = [slice(1, -1)] * inside.ndim
        low[axis], high[axis] = slice(None, -1), slice(1, None)
        edges = np.argwhere(padded[tuple(low)] != padded[tuple(high)]).astype(np.float64)
        edges[:, axis] -= 0.5
        points.append(edges)
    return np.concatenate(points)


def hull(points: Array) -> Array:
    """Return the vertices of the convex hull, in a fixed (lexicographic) order, shape ``(m, ndim)``."""
    from scipy.spatial import ConvexHull

    return _in_order(points[ConvexHull(points).vertices])


def _in_order(points: Array) -> Array:
    """Return points sorted lexicographically; rounding error does not part equal coordinates."""
    order = np.lexsort(tuple(np.round(points[:, a], 9) for a in reversed(range(points.shape[1]))))
    return np.asarray(points[order])


def longest(points: Array) -> Axis:
    """Return the longest distance between any two points; of equally long ones the lexicographically first."""
    from scipy.spatial.distance import cdist

    ends_only = _possible_ends(points)
    corners = hull(points) if len(ends_only) > MANY else _in_order(ends_only)
    best, ends, ties = -1.0, (0, 0), 0
    for start in range(0, len(corners), 256):
        gaps = cdist(corners[start : start + 256], corners[start:])
        gaps[np.arange(gaps.shape[1]) <= np.arange(gaps.shape[0])[:, None]] = -1.0  # each pair once
        top = float(gaps.max())
        if top > best + TIE:
            row, column = (int(v) for v in np.argwhere(gaps >= top - TIE)[0])
            best, ends, ties = float(gaps[row, column]), (start + row, start + column), int((gaps >= top - TIE).sum())
        elif top >= best - TIE:
            ties += int((gaps >= best - TIE).sum())
    a, b = corners[ends[0]], corners[ends[1]]
    return Axis(best, (tuple(map(float, a)), tuple(map(float, b))), ties)


def reaches(points: Array, groups: npt.NDArray[np.int64]) -> Array:
    """Return, for each group of plane points, a length that no two of them exceed: at most half a per cent too long.

    A set is at least cos(half the angle between two directions) as wide along one of them as it is long.

    Args:
        points: shape ``(n, 2)``, sorted by group.
        groups: index of each group's first point.
    """
    along = points @ _directions(2).T
    width = np.maximum.reduceat(along, groups) - np.minimum.reduceat(along, groups)
    return np.asarray(width.max(axis=1) / math.cos(math.pi / (2 * DIRECTIONS)))


def _possible_ends(points: Array) -> Array:
    """Return the points that can be an end of the longest distance: those far enough from the middle.

    Some distance is known from the outermost points of a few directions; an end lies at least that far from its
    partner, and no point is farther from the middle than the outermost one.
    """
    if len(points) <= MANY:
        return points
    along = points @ _directions(points.shape[1]).T
    outermost = points[np.unique([along.argmax(axis=0), along.argmin(axis=0)])]
    known = float(np.linalg.norm(outermost[:, None] - outermost[None], axis=-1).max())
    far = np.linalg.norm(points - (points.max(axis=0) + points.min(axis=0)) / 2, axis=1)
    return np.asarray(points[far >= known - far.max() - TIE])


@lru_cache
def _directions(ndim: int) -> Array:
    """Return unit vectors spread over half a circle, or over a sphere (a golden spiral)."""
    if ndim == 2:
        angles = np.arange(DIRECTIONS) * math.pi / DIRECTIONS
        return np.stack([np.cos(angles), np.sin(angles)], axis=1)
    height = (np.arange(2 * DIRECTIONS) + 0.5) / (2 * DIRECTIONS)
    turn = np.arange(2 * DIRECTIONS) * math.pi * (3 - math.sqrt(5))
    flat = np.sqrt(1 - height**2)
    return np.stack([flat * np.cos(turn), flat * np.sin(turn), height], axis=1)


def outline_segments(inside: npt.NDArray[np.bool_]) -> Array:
    """Return the line segments of marching squares at 0.5, in pixel indices, shape ``(n, 2 ends, 2 axes)``.

    Where two pixels touch only at a corner the line keeps them apart.
    """
    p = _padded(inside)
    a, b, c, d = p[:-1, :-1], p[1:, :-1], p[1:, 1:], p[:-1, 1:]  # corners of each cell, in turn
    code = a * 1 + b * 2 + c * 4 + d * 8
    cells = np.argwhere((code > 0) & (code < 15))
    codes = code[tuple(cells.T)]
    places, twice = (cells - 1.0)[:, None, :], (codes == 5) | (codes == 10)
    first, second = _lines()
    return np.concatenate([places + first[codes], places[twice] + second[codes[twice]]])


@lru_cache
def _lines() -> tuple[Array, Array]:
    """Return for each code of a cell the line through it, and for 5 and 10 the second one, shape ``(16, 2, 2)``."""
    # Midpoints of the cell's sides: 0 between a and b, 1 between b and c, 2 between c and d, 3 between d and a.
    middle = np.array([[0.5, 0.0], [1.0, 0.5], [0.5, 1.0], [0.0, 0.5]])
    ends = {1: (3, 0), 2: (0, 1), 3: (3, 1), 4: (1, 2), 5: (3, 0), 6: (0, 2), 7: (3, 2),
            8: (2, 3), 9: (2, 0), 10: (0, 1), 11: (2, 1), 12: (1, 3), 13: (1, 0), 14: (0, 3)}  # fmt: skip
    first, second = np.zeros((16, 2, 2)), np.zeros((16, 2, 2))
    for code, sides in ends.items():
        first[code] = middle[list(sides)]
    second[5], second[10] = middle[[1, 2]], middle[[2, 3]]
    return first, second


def _padded(inside: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return the mask with one unset voxel around it."""
    out = np.zeros([n + 2 for n in inside.shape], bool)
    out[(slice(1, -1),) * inside.ndim] = inside
    return out


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
    bottoms, tops = _crossings(u, v, stations)
    width = tops - bottoms
    best = int(np.flatnonzero(width >= width.max() - TIE)[0])
    ends = [start + stations[best] * along + side[best] * across for side in (bottoms, tops)]
    return Axis(
        float(width[best]),
        (tuple(map(float, ends[0])), tuple(map(float, ends[1]))),
        int((width >= width.max() - TIE).sum()),
    )


def _crossings(u: Array, v: Array, stations: Array) -> tuple[Array, Array]:
    """Return lowest and highest v at which segments, ends ``(n, 2)`` in u and v, cross each station of u."""
    span = u[:, 1] - u[:, 0]
    flat = np.abs(span) < 1e-9
    slope = np.where(flat, 0.0, (v[:, 1] - v[:, 0]) / np.where(flat, 1.0, span))
    low_u, high_u, low_v, high_v = u.min(axis=1), u.max(axis=1), v.min(axis=1), v.max(axis=1)
    bottoms, tops = np.empty(len(stations)), np.empty(len(stations))
    for first in range(0, len(stations), 256):
        at = stations[first : first + 256, None]
        crossing = (low_u <= at + 1e-9) & (high_u >= at - 1e-9)
        reach = np.clip(v[:, 0] + (at - u[:, 0]) * slope, low_v, high_v)
        bottoms[first : first + 256] = np.where(crossing, np.where(flat, low_v, reach), np.inf).min(axis=1)
        tops[first : first + 256] = np.where(crossing, np.where(flat, high_v, reach), -np.inf).max(axis=1)
    return bottoms, tops
