"""Calipers against brute force written here: every pair of points, every chord."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tools.calipers import Axis, edge_midpoints, hull, longest, outline_segments, widest_across

PLANES = arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9))).filter(lambda a: a.any())
STEPS = st.tuples(st.floats(0.2, 3.0), st.floats(0.2, 3.0))


def brute_midpoints(inside: np.ndarray) -> set[tuple[float, ...]]:
    """Voxel by voxel, neighbour by neighbour."""
    found = set()
    for index in np.argwhere(inside):
        for axis in range(inside.ndim):
            for step in (-1, 1):
                beside = index.copy()
                beside[axis] += step
                outside = not all(0 <= v < n for v, n in zip(beside, inside.shape, strict=True))
                if outside or not inside[tuple(beside)]:
                    found.add(tuple((index + beside) / 2))
    return found


def brute_longest(points: np.ndarray) -> float:
    return float(np.linalg.norm(points[:, None] - points[None], axis=-1).max())


def brute_width(inside: np.ndarray, to_mm: np.ndarray, axis: Axis, steps: int = 4001) -> float:
    """Dense stations along the axis; at each, the crossings with skimage's outline at 0.5."""
    from skimage.measure import find_contours

    start, end = (np.array(e) for e in axis.ends)
    along = (end - start) / np.linalg.norm(end - start)
    across = np.array([-along[1], along[0]])
    segments = []
    for line in find_contours(np.pad(inside, 1).astype(float), 0.5):
        points = (line - 1) @ to_mm.T
        segments.append(np.stack([points[:-1], points[1:]], axis=1))
    lines = np.concatenate(segments) - start
    u, v = lines @ along, lines @ across
    best = 0.0
    for station in np.linspace(u.min(), u.max(), steps):
        hit = (u.min(axis=1) <= station) & (u.max(axis=1) >= station) & (np.ptp(u, axis=1) > 1e-12)
        if hit.sum() < 2:
            continue
        share = (station - u[hit, 0]) / (u[hit, 1] - u[hit, 0])
        crossing = v[hit, 0] + share * (v[hit, 1] - v[hit, 0])
        best = max(best, float(np.ptp(crossing)))
    return best


@settings(max_examples=60, deadline=None)
@given(inside=PLANES)
def test_midpoints_are_the_edges_of_pixels(inside: np.ndarray) -> None:
    points = edge_midpoints(inside)
    assert {tuple(p) for p in points} == brute_midpoints(inside)
    assert len(points) == len({tuple(p) for p in points})


@settings(max_examples=20, deadline=None)
@given(inside=arrays(bool, st.tuples(*[st.integers(1, 5)] * 3)).filter(lambda a: a.any()))
def test_midpoints_in_three_dimensions_are_marching_cubes_vertices(inside: np.ndarray) -> None:
    from skimage.measure import marching_cubes

    # The plain table of cubes: another method adds a vertex inside some cubes, which is never an outermost one.
    vertices = marching_cubes(np.pad(inside, 1).astype(np.float32), 0.5, method="lorensen")[0] - 1
    assert {tuple(p) for p in edge_midpoints(inside)} == {tuple(map(float, v)) for v in vertices}


@settings(max_examples=60, deadline=None)
@given(inside=PLANES, steps=STEPS)
def test_the_longest_is_the_longest_of_all_pairs(inside: np.ndarray, steps: tuple[float, float]) -> None:
    points = edge_midpoints(inside) * steps
    axis = longest(points)
    assert axis.length == pytest.approx(brute_longest(points), abs=1e-9)
    a, b = (np.array(e) for e in axis.ends)
    assert np.linalg.norm(a - b) == pytest.approx(axis.length, abs=1e-12)
    for end in (a, b):
        assert np.abs(points - end).max(axis=1).min() < 1e-9


@settings(max_examples=40, deadline=None)
@given(inside=PLANES, seed=st.integers(0, 99))
def test_the_same_points_in_any_order_give_the_same_axis(inside: np.ndarray, seed: int) -> None:
    points = edge_midpoints(inside)
    assert longest(points) == longest(np.random.default_rng(seed).permutation(points))


def test_ties_are_counted_and_the_first_is_taken() -> None:
    square = longest(edge_midpoints(np.ones((4, 4), bool)))
    assert square.ties == brute_ties(np.ones((4, 4), bool)) > 1
    assert longest(edge_midpoints(np.ones((9, 1), bool))).ties == 1
    disc = np.hypot(*np.ogrid[-6:7, -6:7]) <= 6
    assert longest(edge_midpoints(disc)).ties == brute_ties(disc)


def brute_ties(inside: np.ndarray) -> int:
    points = edge_midpoints(inside)
    gaps = np.triu(np.linalg.norm(points[:, None] - points[None], axis=-1))
    return int((gaps > gaps.max() - 1e-6).sum())


def test_many_hull_vertices_over_several_blocks() -> None:
    """More hull vertices than one block of 256 rows."""
    angles = np.sort(np.random.default_rng(2).uniform(0, 2 * np.pi, 900))
    points = np.stack([30 * np.cos(angles), 29 * np.sin(angles)], axis=1)
    assert len(hull(points)) > 600
    axis = longest(points)
    assert axis.length == pytest.approx(brute_longest(points), abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(inside=PLANES, steps=STEPS)
def test_the_short_axis_is_the_widest_chord_across(inside: np.ndarray, steps: tuple[float, float]) -> None:
    to_mm = np.diag(steps)
    axis = longest(edge_midpoints(inside) @ to_mm.T)
    short = widest_across(outline_segments(inside) @ to_mm.T, axis)
    truth = brute_width(inside, to_mm, axis)
    assert truth - 1e-6 <= short.length <= truth + 0.02 * max(steps)
    a, b = (np.array(e) for e in short.ends)
    c, d = (np.array(e) for e in axis.ends)
    assert np.linalg.norm(a - b) == pytest.approx(short.length, abs=1e-9)
    assert (a - b) @ (c - d) == pytest.approx(0, abs=1e-6)


def test_known_shapes() -> None:
    rectangle = np.ones((10, 4), bool)
    axis = longest(edge_midpoints(rectangle))
    # From the middle of one short edge to ... the farthest pair of edge midpoints of a 10 x 4 block.
    assert axis.length == pytest.approx(brute_longest(edge_midpoints(rectangle)))
    one = longest(edge_midpoints(np.ones((1, 1), bool)))
    assert one.length == pytest.approx(1.0)
    assert widest_across(outline_segments(np.ones((1, 1), bool)), one).length == pytest.approx(1.0)


def test_holes_and_islands_count_from_outermost_to_outermost() -> None:
    ring = np.hypot(*np.ogrid[-8:9, -10:11]) <= 8
    ring[6:11, 8:13] = False
    full = np.hypot(*np.ogrid[-8:9, -10:11]) <= 8
    axis = longest(edge_midpoints(full))
    assert widest_across(outline_segments(ring), axis).length == widest_across(outline_segments(full), axis).length
    islands = np.zeros((9, 9), bool)
    islands[0, 0] = islands[8, 8] = True
    assert longest(edge_midpoints(islands)).length == pytest.approx(brute_longest(edge_midpoints(islands)))


@settings(max_examples=40, deadline=None)
@given(inside=PLANES)
def test_the_outline_is_closed(inside: np.ndarray) -> None:
    """Every vertex of the outline is met by an even number of segment ends, and all midpoints are on it."""
    ends = outline_segments(inside).reshape(-1, 2)
    found, counts = np.unique(ends, axis=0, return_counts=True)
    assert (counts % 2 == 0).all()
    assert {tuple(p) for p in found} == {tuple(p) for p in edge_midpoints(inside)}
