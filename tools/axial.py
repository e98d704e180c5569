"""Axial diameters of a mask with their end points: the long axis, the short axis across it, and what is made of them.

Between pixel-edge midpoints, on the slice with the longest axis. Of equally long axes the one on the first slice
counts, and on a slice the lexicographically first; the quantity says that there were others. Knows no image.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tools.calipers import TIE, Axis, edge_midpoints, longest, outline_segments, reaches, widest_across
from tools.quantity import NOISE_DECIMALS, PIXEL, Quantity
from tools.scan import Point

Array = npt.NDArray[np.float64]

CALIPER = "axial calipers between pixel-edge midpoints"


def axes_of(affine: Array) -> tuple[int, int, int]:
    """Return the voxel axes in-plane, in-plane, and the one nearest to superior-inferior."""
    directions = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    slice_axis = int(np.argmax(np.abs(directions[2])))
    first, second = (a for a in range(3) if a != slice_axis)
    return first, second, slice_axis


def axial(box: npt.NDArray[np.bool_], affine: Array, axes: tuple[int, int, int], in_mm: bool) -> list[Quantity]:
    """Return the axial diameters of a cropped mask: in mm, or in pixels where in-plane spacing is unknown."""
    first, second, slice_axis = axes
    to_plane, to_mm = _plane(affine, first, second, in_mm)
    slices = np.transpose(box, axes)
    k, long_axis = longest_slice(slices, to_plane)
    short_axis = widest_across(outline_segments(slices[:, :, k]) @ to_plane.T, long_axis)
    ties = long_axis.ties
    note = f"one of {ties} equally long axes; the first in a fixed order" if ties > 1 else ""
    unit = "mm" if in_mm else PIXEL

    def ends(axis: Axis) -> tuple[Point, ...]:
        points = []
        for end in axis.ends:
            index = np.zeros(3)
            index[[first, second]] = to_mm @ np.array(end)
            index[slice_axis] = k
            x, y, z = affine[:3, :3] @ index + affine[:3, 3]
            points.append((float(x), float(y), float(z)))
        return tuple(points)

    mean = (long_axis.length + short_axis.length) / 2
    quantities = [
        Quantity("axial_long_axis", long_axis.length, unit, CALIPER, ends(long_axis), note),
        Quantity(
            "axial_short_axis", short_axis.length, unit, f"{CALIPER}, perpendicular to the long axis", ends(short_axis)
        ),
        Quantity("mean_diameter", mean, unit, "mean of axial long and short axis"),
    ]
    if in_mm:
        tenth = _half_up(mean * 10) / 10
        quantities += [
            Quantity(
                "fleischner_diameter", float(_half_up(mean)), unit, "mean diameter to the nearest whole mm"
            ),
            Quantity("lung_rads_diameter", tenth, unit, "mean diameter to one decimal"),
            Quantity("who_product", long_axis.length * short_axis.length, "mm2", "axial long x short axis"),
        ]
    return quantities


def _half_up(value: float) -> int:
    """Return the nearest whole number, half up; 6.499999999999 is a half with rounding noise."""
    return math.floor(round(value, NOISE_DECIMALS) + 0.5)


def longest_slice(slices: npt.NDArray[np.bool_], to_plane: Array) -> tuple[int, Axis]:
    """Return the slice with the longest axis, and that axis with the ties of all slices; of equal ones the first.

    Only slices whose reach allows it are looked at closely.
    """
    points = edge_midpoints(slices, 0, 1)
    points = points[np.argsort(points[:, 2], kind="stable")]
    numbers, firsts = np.unique(points[:, 2], return_index=True)
    plane = points[:, :2] @ to_plane.T
    parts = np.split(plane, firsts[1:])
    bounds = reaches(plane, firsts)
    found: dict[int, Axis] = {}
    longest_yet = 0.0
    for n in np.argsort(-bounds, kind="stable"):
        if bounds[n] < longest_yet - TIE:
            break
        found[int(numbers[n])] = axis = longest(parts[n])
        longest_yet = max(longest_yet, axis.length)
    equal = {k: axis for k, axis in found.items() if axis.length >= longest_yet - TIE}
    first = min(equal)
    ties = sum(axis.ties for axis in equal.values())
    return first, replace(equal[first], ties=ties)


def _plane(affine: Array, first: int, second: int, in_mm: bool) -> tuple[Array, Array]:
    """Return the 2x2 maps from in-plane voxel index to plane coordinates (mm or pixels) and back."""
    if not in_mm:
        return np.eye(2), np.eye(2)
    a, b = affine[:3, first], affine[:3, second]
    x = a / np.linalg.norm(a)
    y = b - (b @ x) * x
    y /= np.linalg.norm(y)
    forward = np.array([[a @ x, b @ x], [a @ y, b @ y]])
    return forward, np.linalg.inv(forward)
