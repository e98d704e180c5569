"""Slice positions to one grid: what is regular passes, what is not is told by its numbers."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made import AXIAL, Made, oblique, tells_nobody, values

from tools import IrregularSlices, UnreadableScan, load_scan
from tools.scan.grid import directions, make_grid


def positions(heights: list[float]) -> np.ndarray:
    return np.array([[10.0, -20.0, h] for h in heights])


def test_slices_are_ordered_by_place_not_by_arrival() -> None:
    grid = make_grid(positions([5.0, 0.0, 10.0, 2.5, 7.5]), AXIAL, (0.8, 0.6))
    assert grid.order == (1, 3, 0, 4, 2)
    assert grid.interval_mm == pytest.approx(2.5)
    np.testing.assert_allclose(grid.affine, [[-0.6, 0, 0, -10], [0, -0.8, 0, 20], [0, 0, 2.5, 0], [0, 0, 0, 1]])


@settings(max_examples=40, deadline=None)
@given(
    yaw=st.floats(-170, 170), pitch=st.floats(-80, 80), step=st.floats(0.4, 12.0), count=st.integers(2, 30),
    rows=st.floats(0.2, 3.0), columns=st.floats(0.2, 3.0), seed=st.integers(0, 99),
)  # fmt: skip
def test_any_plane_gives_back_every_position(
    yaw: float, pitch: float, step: float, count: int, rows: float, columns: float, seed: int
) -> None:
    along = directions(oblique(yaw, pitch))
    start = np.array([12.0, -200.0, 33.3])
    places = start + np.outer(np.arange(count) * step, along[2])
    mixed = np.random.default_rng(seed).permutation(count)
    grid = make_grid(places[mixed], oblique(yaw, pitch), (rows, columns))
    for k in range(count):
        ras = grid.affine @ [2.0, 3.0, k, 1.0]
        lps = places[mixed][grid.order[k]] + 2 * columns * along[0] + 3 * rows * along[1]
        np.testing.assert_allclose(ras[:3], [-lps[0], -lps[1], lps[2]], atol=1e-6)
    assert np.linalg.det(np.diag([-1, -1, 1]) @ grid.affine[:3, :3]) > 0


@pytest.mark.parametrize("missing", [1, 2, 5])
def test_a_missing_slice_is_named_by_its_place(tmp_path: Path, missing: int) -> None:
    made = Made(hu=values((5, 4, 8)))
    made.write(tmp_path, [k for k in range(8) if k != missing])
    with pytest.raises(IrregularSlices, match=rf"Slice {missing + 1} of 8 is missing.*5\.0 mm.*2\.5 mm") as caught:
        load_scan(tmp_path)
    assert tells_nobody(str(caught.value))


def test_several_missing_slices_are_counted(tmp_path: Path) -> None:
    made = Made(hu=values((5, 4, 12)))
    made.write(tmp_path, [0, 1, 2, 5, 6, 8, 9, 10, 11])
    with pytest.raises(IrregularSlices, match=r"Slice 4 of 12 is missing \(3 missing in all\)"):
        load_scan(tmp_path)


def test_a_doubled_slice(tmp_path: Path) -> None:
    made = Made()
    made.write(tmp_path)
    twin = made.dataset(1)
    twin.SOPInstanceUID += "9"
    twin.save_as(tmp_path / "twin.dcm", enforce_file_format=True)
    with pytest.raises(IrregularSlices, match="Slices 2 and 3 of 5 lie at the same position"):
        load_scan(tmp_path)


def test_time_points_at_the_same_positions() -> None:
    with pytest.raises(IrregularSlices, match="6 images lie at 3 positions, 2 at each"):
        make_grid(positions([0, 2, 4, 0, 2, 4]), AXIAL, (1, 1))


@pytest.mark.parametrize(
    ("heights", "said"),
    [
        ([0, 2, 4, 6.7, 8.7], "unevenly spaced: 2.70 mm between slices 3 and 4 of 5"),
        ([0, 1, 3, 6, 10], "unevenly spaced"),
        ([0, 2.5, 5, 7.5, 11.3], "3.80 mm between slices 4 and 5"),
    ],
)
def test_uneven_spacing(heights: list[float], said: str) -> None:
    with pytest.raises(IrregularSlices, match=re.escape(said)):
        make_grid(positions(heights), AXIAL, (1, 1))


def test_gaps_rounded_to_a_tenth_of_a_millimetre_pass() -> None:
    exact = np.arange(40) * 1.25
    grid = make_grid(positions([round(float(v), 1) for v in exact]), AXIAL, (1, 1))
    assert grid.interval_mm == pytest.approx(1.25, abs=0.005)


def test_gaps_that_creep_are_refused() -> None:
    """Each gap within tolerance, but half a slice away from an even stack in the end."""
    heights = np.concatenate([[0], np.cumsum([1.0] * 30 + [1.09] * 30)])
    with pytest.raises(IrregularSlices, match="from its place in an even stack"):
        make_grid(positions([float(h) for h in heights]), AXIAL, (1, 1))


@pytest.mark.parametrize("degrees", [-22.5, 1.0, 15.0])
def test_a_tilted_gantry_is_refused_with_its_angle(tmp_path: Path, degrees: float) -> None:
    Made(hu=values((5, 4, 16)), tilt_degrees=degrees).write(tmp_path)
    with pytest.raises(IrregularSlices, match=rf"tilted by {abs(degrees):.1f} degrees"):
        load_scan(tmp_path)


def test_a_slice_shifted_sideways_is_no_tilt() -> None:
    places = positions([0, 2, 4, 6, 8])
    places[2, 0] += 3.0
    with pytest.raises(IrregularSlices, match=r"Slice 3 of 5 is shifted sideways by 3.0 mm"):
        make_grid(places, AXIAL, (1, 1))


def test_rounding_sideways_is_no_tilt() -> None:
    places = positions([float(v) for v in range(0, 80, 2)])
    places[:, 0] += np.linspace(0, 0.04, len(places))
    assert make_grid(places, AXIAL, (1, 1)).interval_mm == pytest.approx(2.0)


def test_pixel_spacings_that_differ_are_refused(tmp_path: Path) -> None:
    Made().write(tmp_path, [0, 1])
    Made(column_mm=0.8).write(tmp_path, [2, 3])
    with pytest.raises(IrregularSlices, match="different pixel spacings"):
        load_scan(tmp_path)


@pytest.mark.parametrize(
    "cosines",
    [(1, 0, 0, 0, 1), (1, 0, 0, 1, 0, 0), (2, 0, 0, 0, 1, 0), (0, 0, 0, 0, 0, 0), (float("nan"), 0, 0, 0, 1, 0)],
)
def test_directions_that_make_no_sense(cosines: tuple[float, ...]) -> None:
    with pytest.raises(UnreadableScan, match="orientation"):
        directions(cosines)


def test_a_position_that_is_no_number() -> None:
    with pytest.raises(UnreadableScan, match="not a number"):
        make_grid(positions([0.0, float("nan")]), AXIAL, (1, 1))


def test_one_slice_takes_the_thickness_as_its_k_axis() -> None:
    grid = make_grid(positions([4.0]), AXIAL, (1, 1), 3.0)
    assert grid.interval_mm is None
    assert grid.affine[2, 2] == 3.0


def test_cosines_of_few_digits_are_made_square() -> None:
    along_i, along_j, normal = directions((0.9998, 0.0175, 0.001, -0.0174, 0.9998, 0.0))
    for v in (along_i, along_j, normal):
        assert np.linalg.norm(v) == pytest.approx(1)
    assert along_i @ along_j == pytest.approx(0, abs=1e-12)
