"""A slice is shown the right way round, at the right place, whatever way the file stores it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tools.mask import Mask
from tools.phantom import Sphere, chest_phantom
from tools.render import (
    CALIPER,
    Caliper,
    Frame,
    Outline,
    planes,
    render_slice,
    slice_count,
    slice_index,
    windows,
)
from tools.scan import Known, Scan

RIGHT = Sphere((70.0, 20.0, 30.0), 16.0, 3000.0)
"""In RAS x grows toward the patient's right: this sphere is on the right, in front, and high."""
SPACING = (2.0, 2.0, 3.0)
WINDOW = (1500.0, 600.0)
"""Only the sphere is bright in it."""
COLOUR = (242, 184, 75)


@pytest.fixture(scope="module")
def made() -> tuple[Scan, Mask]:
    scan, masks = chest_phantom((RIGHT,), spacing=SPACING)
    return scan, masks[0]


def bare(scan: Scan) -> Scan:
    """The same scan with nothing written on its picture."""
    return dataclasses.replace(scan, laterality_known=False)


def bright(picture: np.ndarray) -> tuple[float, float]:
    """Middle of the bright pixels as fractions of width and height."""
    rows, columns = np.nonzero(picture[..., 0] > 200)
    assert rows.size
    return float(columns.mean() / picture.shape[1]), float(rows.mean() / picture.shape[0])


@pytest.mark.parametrize("plane", ["axial", "coronal", "sagittal"])
def test_right_and_front_are_on_the_left_and_front_and_head_are_on_top(made, plane) -> None:
    scan, _ = made
    index = slice_index(scan, plane, RIGHT.centre)
    column, row = bright(render_slice(bare(scan), plane, index, WINDOW))
    assert column < 0.5
    assert row < 0.5


def test_a_lesion_on_the_left_side_is_on_the_right_half() -> None:
    x, y, z = RIGHT.centre
    scan, _ = chest_phantom((Sphere((-x, y, z), 16.0, 3000.0),), spacing=SPACING)
    column, _ = bright(render_slice(bare(scan), "axial", slice_index(scan, "axial", (-x, y, z)), WINDOW))
    assert column > 0.5


def flipped(scan: Scan, axes: tuple[int, ...]) -> Scan:
    """The same patient, stored with some voxel axes reversed."""
    matrix = np.array(scan.affine)
    voxels = scan.voxels
    for axis in axes:
        voxels = np.flip(voxels, axis)
        matrix[:3, 3] += matrix[:3, axis] * (scan.shape[axis] - 1)
        matrix[:3, axis] *= -1
    return Scan.build(voxels, matrix, modality=scan.modality, body_part=scan.body_part)


@pytest.mark.parametrize("axes", [(0,), (1,), (2,), (0, 1, 2)])
@pytest.mark.parametrize("plane", ["axial", "coronal", "sagittal"])
def test_a_flipped_file_gives_the_identical_picture(made, axes, plane) -> None:
    scan, _ = made
    other = flipped(scan, axes)
    index = slice_index(scan, plane, RIGHT.centre)
    assert slice_index(other, plane, RIGHT.centre) == index
    np.testing.assert_array_equal(render_slice(scan, plane, index), render_slice(other, plane, index))


def test_axes_in_another_order_give_the_identical_picture(made) -> None:
    scan, _ = made
    order = (2, 0, 1)
    matrix = np.array(scan.affine)
    matrix[:3, :3] = matrix[:3, list(order)]
    other = Scan.build(np.transpose(scan.voxels, order), matrix, modality=scan.modality, body_part=scan.body_part)
    for plane in planes(scan):
        index = slice_index(scan, plane, RIGHT.centre)
        np.testing.assert_array_equal(render_slice(scan, plane, index), render_slice(other, plane, index))


def test_an_oblique_scan_is_shown_along_its_nearest_axes(made) -> None:
    scan, _ = made
    angle = np.deg2rad(20)
    turn = np.eye(4)
    turn[1:3, 1:3] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    oblique = Scan.build(scan.voxels, turn @ scan.affine, modality=scan.modality, body_part=scan.body_part)
    for plane in planes(scan):
        index = slice_index(scan, plane, RIGHT.centre)
        np.testing.assert_array_equal(render_slice(scan, plane, index), render_slice(oblique, plane, index))
        turned = (turn @ np.array([*RIGHT.centre, 1.0]))[:3]
        np.testing.assert_allclose(
            Frame.of(oblique, plane, index).to_pixel(tuple(turned))[:2],
            Frame.of(scan, plane, index).to_pixel(RIGHT.centre)[:2], atol=1e-6,
        )


@pytest.mark.parametrize("plane", ["axial", "coronal", "sagittal"])
def test_a_pixel_and_its_place_in_the_patient_find_each_other(made, plane) -> None:
    scan, _ = made
    index = slice_count(scan, plane) // 3
    frame = Frame.of(scan, plane, index)
    for column, row in ((0.0, 0.0), (100.25, 411.5), (640.0, 300.0)):
        point = frame.to_mm(column, row)
        np.testing.assert_allclose(frame.to_pixel(point)[:2], (column, row), atol=1e-6)
        assert slice_index(scan, plane, point) == index


@pytest.mark.parametrize("plane", ["axial", "coronal", "sagittal"])
def test_the_sphere_is_drawn_where_its_centre_is(made, plane) -> None:
    scan, _ = made
    index = slice_index(scan, plane, RIGHT.centre)
    picture = render_slice(bare(scan), plane, index, WINDOW)
    column, row = bright(picture)
    expected = Frame.of(scan, plane, index).to_pixel(RIGHT.centre)[:2]
    pixel = max(picture.shape) / 960
    # Half a voxel (1.5 mm of at most 340 over 960 pixels) is the most that a made sphere's middle can be off.
    np.testing.assert_allclose((column * picture.shape[1], row * picture.shape[0]), expected, atol=6 * pixel)


def test_a_millimetre_is_as_long_both_ways(made) -> None:
    scan, _ = made
    frame = Frame.of(scan, "coronal", 40)
    a, b, c = (np.array(frame.to_mm(*p)) for p in ((100, 100), (200, 100), (100, 200)))
    assert np.linalg.norm(b - a) == pytest.approx(np.linalg.norm(c - a), rel=2e-3)


def test_a_mask_is_a_contour_and_not_a_fill(made) -> None:
    scan, mask = made
    index = slice_index(scan, "axial", RIGHT.centre)
    picture = render_slice(bare(scan), "axial", index, outlines=[Outline(mask, COLOUR)])
    hits = (picture == COLOUR).all(axis=-1)
    column, row = (round(v) for v in Frame.of(scan, "axial", index).to_pixel(RIGHT.centre)[:2])
    assert hits.any()
    assert not hits[row, column]
    columns = np.nonzero(hits)[1]
    wide = (columns.max() - columns.min()) * 340 / 960
    assert wide == pytest.approx(RIGHT.diameter_mm, abs=2 * SPACING[0])
    assert not (render_slice(bare(scan), "axial", 2, outlines=[Outline(mask, COLOUR)]) == COLOUR).all(axis=-1).any()


def test_the_contour_follows_a_flipped_grid(made) -> None:
    scan, mask = made
    other = flipped(scan, (0, 2))
    same = Mask.from_grid(other.id, np.flip(mask.voxels, (0, 2)), other.affine)
    index = slice_index(scan, "axial", RIGHT.centre)
    np.testing.assert_array_equal(
        render_slice(scan, "axial", index, outlines=[Outline(mask, COLOUR, 1)]),
        render_slice(other, "axial", index, outlines=[Outline(same, COLOUR, 1)]),
    )


def test_a_mask_of_another_scan_is_refused(made) -> None:
    scan, _ = made
    other = Mask("other", np.ones((1, 1, 1), bool), (0, 0, 0), (3, 3, 3), np.eye(4))
    with pytest.raises(ValueError, match="grid"):
        render_slice(scan, "axial", 3, outlines=[Outline(other, COLOUR)])


def test_calipers_are_drawn_in_their_own_slice_only(made) -> None:
    scan, _ = made
    x, y, z = RIGHT.centre
    caliper = Caliper(((x - 8, y, z), (x + 8, y, z)), "16.0 mm")
    index = slice_index(scan, "axial", RIGHT.centre)

    def drawn(number: int) -> bool:
        return bool((render_slice(bare(scan), "axial", number, calipers=[caliper]) == CALIPER).all(axis=-1).any())

    assert drawn(index)
    assert not drawn(index + 2)


def test_sides_are_written_only_when_they_are_known(made) -> None:
    scan, _ = made
    lettered, plain = render_slice(scan, "axial", 5), render_slice(bare(scan), "axial", 5)
    middle = lettered.shape[0] // 2
    assert not np.array_equal(lettered[middle - 30 : middle + 30, :60], plain[middle - 30 : middle + 30, :60])
    empty = Scan.build(np.full((8, 8, 1), 7), np.diag([-1.0, -1.0, 1.0, 1.0]), laterality_known=False)
    assert len(np.unique(render_slice(empty))) == 1


def test_a_picture_is_one_slice_and_keeps_its_own_orientation() -> None:
    values = np.zeros((40, 20, 1), np.int16)
    values[:10, :5] = 255  # i to the right and j down, as a picture: bright at the top left
    scan = Scan.build(
        values, np.diag([-1.0, -1.0, 1.0, 1.0]), spacing=(None, None, None), calibration="none", laterality_known=False
    )
    assert planes(scan) == ("axial",)
    assert slice_count(scan, "axial") == 1
    picture = render_slice(scan)
    assert picture.shape == (480, 960, 3)
    column, row = bright(picture)
    assert (column, row) == pytest.approx((0.125, 0.125), abs=0.02)


def test_a_single_coronal_slice_is_shown_in_its_own_plane() -> None:
    matrix = np.array([[-1.0, 0, 0, 0], [0, 0, 1.0, 0], [0, -1.0, 0, 0], [0, 0, 0, 1]])
    scan = Scan.build(np.arange(48, dtype=np.int16).reshape(8, 6, 1), matrix, modality=Known("DX", "known"))
    assert planes(scan) == ("coronal",)
    picture = render_slice(bare(scan), "coronal")
    assert picture[0, 0, 0] < picture[0, -1, 0] < picture[-1, -1, 0]


@pytest.mark.parametrize(
    ("modality", "part", "first"), [("CT", "CHEST", "lung"), ("CT", "HEAD", "brain"), ("CT", "ABDOMEN", "soft tissue")]
)
def test_ct_starts_with_the_window_of_its_body_part(made, modality, part, first) -> None:
    scan = dataclasses.replace(made[0], modality=Known(modality, "stated"), body_part=Known(part, "stated"))
    assert next(iter(windows(scan))) == first
    assert set(windows(scan)) == {"lung", "mediastinum", "soft tissue", "bone", "brain"}


def test_another_modality_takes_its_headers_window_or_its_own_range(made) -> None:
    mr = dataclasses.replace(made[0], modality=Known("MR", "known"))
    assert list(windows(mr)) == ["full"]
    centre, width = windows(mr)["full"]
    low, high = np.percentile(mr.voxels, (1, 99.5))
    assert centre - width / 2 == pytest.approx(low, abs=3)
    assert centre + width / 2 == pytest.approx(high, abs=3)
    header = dataclasses.replace(mr, windows=((300.0, 700.0), (100.0, 50.0)))
    assert windows(header)["header"] == (300.0, 700.0)
    assert list(windows(header)) == ["header", "header 2", "full"]


def test_a_picture_stated_to_be_ct_keeps_its_own_window(made) -> None:
    picture = dataclasses.replace(made[0], modality=Known("CT", "stated"), calibration="none")
    assert list(windows(picture)) == ["full"]


def test_what_does_not_exist_is_refused(made) -> None:
    scan, _ = made
    with pytest.raises(ValueError, match="axial slices are 0 to"):
        render_slice(scan, "axial", 10_000)
    with pytest.raises(ValueError, match="axial, coronal, sagittal"):
        render_slice(scan, "oblique", 0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="above zero"):
        render_slice(scan, "axial", 0, (40.0, 0.0))
