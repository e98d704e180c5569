"""Measuring is exact for the mask: against brute force written here, made shapes, and a published reference."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tools import Mask, NotApplicable, Quantity, load_scan, measure_mask
from tools.attenuation import SOLID_HU
from tools.measure import CUT_OFF, measure_labels

VOLUMES = arrays(bool, st.tuples(st.integers(2, 7), st.integers(2, 7), st.integers(1, 4))).filter(lambda a: a.any())
SPACINGS = st.tuples(st.floats(0.3, 1.5), st.floats(0.3, 1.5), st.floats(0.5, 5.0))
IN_ORDER = (
    "axial_long_axis axial_short_axis mean_diameter fleischner_diameter lung_rads_diameter who_product "
    "craniocaudal_extent max_diameter_3d pca_major pca_minor pca_least volume_voxel volume_mesh volume_ellipsoid "
    "surface_area sphericity"
).split()
HU_NAMES = "hu_mean hu_sd hu_min hu_max hu_p05 hu_p50 hu_p95".split()


def by_name(quantities: list[Quantity]) -> dict[str, Quantity]:
    return {q.name: q for q in quantities}


def affine_of(spacing: tuple[float, float, float], yaw: float = 0.0, pitch: float = 0.0, left: bool = False) -> Any:
    """A grid of this spacing, turned by two angles in degrees; left-handed when asked."""
    a, b = np.radians([yaw, pitch])
    about_z = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    affine = np.eye(4)
    affine[:3, :3] = about_z @ about_x @ np.diag([*spacing[:2], spacing[2]]) @ np.diag([-1 if left else 1, 1, 1])
    affine[:3, 3] = (12.0, -80.0, 33.0)
    return affine


def ball(shape: tuple[int, int, int], spacing: tuple[float, float, float], radii: tuple[float, ...]) -> np.ndarray:
    """Voxels whose centre lies in an ellipsoid at the middle of the grid."""
    axes = [(np.arange(n) - (n - 1) / 2) * s for n, s in zip(shape, spacing, strict=True)]
    grid = np.meshgrid(*axes, indexing="ij")
    return np.asarray(sum((g / r) ** 2 for g, r in zip(grid, radii, strict=True)) <= 1.0)


# Brute force: every pair of vertices, on every slice.


def brute_axial(mask: np.ndarray, spacing: tuple[float, ...]) -> float:
    from skimage.measure import find_contours

    best = 0.0
    for k in range(mask.shape[2]):
        if mask[:, :, k].any():
            lines = find_contours(np.pad(mask[:, :, k], 1).astype(float), 0.5)
            points = np.concatenate(lines) * spacing[:2]
            best = max(best, float(np.linalg.norm(points[:, None] - points[None], axis=-1).max()))
    return best


def brute_3d(mask: np.ndarray, spacing: tuple[float, ...]) -> float:
    """Longest distance of mesh vertices, by skimage's mesh."""
    from skimage.measure import marching_cubes

    points = marching_cubes(np.pad(mask, 1).astype(np.float32), 0.5, spacing=spacing, method="lorensen")[0]
    return max(float(np.linalg.norm(points - p, axis=1).max()) for p in points)


@settings(max_examples=25, deadline=None)
@given(mask=VOLUMES, spacing=SPACINGS)
def test_against_brute_force(mask: np.ndarray, spacing: tuple[float, float, float]) -> None:
    found = by_name(measure_mask(mask, np.diag([*spacing, 1.0])))
    assert found["axial_long_axis"].value == pytest.approx(brute_axial(mask, spacing), abs=1e-6)
    assert found["max_diameter_3d"].value == pytest.approx(brute_3d(mask, spacing), abs=1e-4)
    assert found["volume_voxel"].value == pytest.approx(mask.sum() * math.prod(spacing), rel=1e-12)
    centres = np.argwhere(mask) * spacing
    eigen = np.sort(np.linalg.eigvalsh(np.cov(centres.T, bias=True))) if len(centres) > 1 else np.zeros(3)
    pca = [found[f"pca_{n}"].value for n in ("least", "minor", "major")]
    np.testing.assert_allclose(pca, 4 * np.sqrt(np.maximum(eigen, 0)), atol=1e-5)
    slices = np.flatnonzero(mask.any(axis=(0, 1)))
    assert found["craniocaudal_extent"].value == pytest.approx((slices[-1] - slices[0] + 1) * spacing[2])


@settings(max_examples=40, deadline=None)
@given(mask=VOLUMES, spacing=SPACINGS, yaw=st.floats(-180, 180), pitch=st.floats(-40, 40), left=st.booleans())
def test_turning_and_mirroring_the_patient_changes_no_size(
    mask: np.ndarray, spacing: tuple[float, float, float], yaw: float, pitch: float, left: bool
) -> None:
    plain = by_name(measure_mask(mask, np.diag([*spacing, 1.0])))
    turned = by_name(measure_mask(mask, affine_of(spacing, yaw, pitch, left)))
    for name in ("axial_long_axis", "max_diameter_3d", "pca_major", "pca_minor", "volume_voxel", "volume_mesh",
                 "surface_area", "sphericity"):  # fmt: skip
        assert turned[name].value == pytest.approx(plain[name].value, rel=1e-6, abs=1e-5), name
    if "equally long" not in plain["axial_long_axis"].note:  # with equally long axes the first in a fixed order may be another one
        assert turned["axial_short_axis"].value == pytest.approx(plain["axial_short_axis"].value, abs=1e-5)


@settings(max_examples=30, deadline=None)
@given(mask=VOLUMES, spacing=SPACINGS, factor=st.floats(0.5, 3.0), flips=st.tuples(*[st.booleans()] * 3),
       shift=st.tuples(*[st.integers(0, 3)] * 3))  # fmt: skip
def test_scaling_flipping_and_moving(
    mask: np.ndarray,
    spacing: tuple[float, float, float],
    factor: float,
    flips: tuple[bool, ...],
    shift: tuple[int, ...],
) -> None:
    affine = np.diag([*spacing, 1.0])
    plain = by_name(measure_mask(mask, affine))
    moved = np.pad(mask, [(s, 1) for s in shift])
    moved = np.flip(moved, [a for a in range(3) if flips[a]])
    other = by_name(measure_mask(moved, affine @ np.diag([factor, factor, factor, 1])))
    tied = "equally long" in plain["axial_long_axis"].note
    for name, quantity in plain.items():
        if tied and name in ("axial_short_axis", "mean_diameter", "who_product", "volume_ellipsoid"):
            continue
        power = {"mm": 1, "mm2": 2, "mm3": 3}.get(quantity.unit, 0)
        if "fleischner" in name or "lung_rads" in name or name in ("volume_mesh", "surface_area", "sphericity"):
            continue  # rounded; the surface of a mask with ambiguous faces depends on its storage: see test_mesh
        assert other[name].value == pytest.approx(quantity.value * factor**power, rel=1e-6, abs=1e-5), name


@settings(max_examples=25, deadline=None)
@given(mask=VOLUMES, spacing=SPACINGS, order=st.permutations([0, 1, 2]))
def test_the_order_of_voxel_axes_does_not_matter(
    mask: np.ndarray, spacing: tuple[float, float, float], order: list[int]
) -> None:
    """A sagittal or coronal acquisition of the same patient: axial stays axial in the patient's frame."""
    assume(mask.sum() > 1)
    affine = affine_of(spacing, 10.0, 5.0)
    plain = by_name(measure_mask(mask, affine))
    turned = by_name(measure_mask(mask.transpose(order), affine[:, [*order, 3]]))
    for name in ("axial_long_axis", "max_diameter_3d", "volume_voxel", "craniocaudal_extent"):
        assert turned[name].value == pytest.approx(plain[name].value, rel=1e-6, abs=1e-5), name


@settings(max_examples=40, deadline=None)
@given(mask=VOLUMES, spacing=SPACINGS, yaw=st.floats(-180, 180), left=st.booleans())
def test_end_points_lie_on_the_lesions_edge_in_the_patient(
    mask: np.ndarray, spacing: tuple[float, float, float], yaw: float, left: bool
) -> None:
    affine = affine_of(spacing, yaw, 12.0, left)
    found = by_name(measure_mask(mask, affine))
    for name in ("axial_long_axis", "axial_short_axis", "max_diameter_3d"):
        quantity = found[name]
        a, b = (np.array(p) for p in quantity.end_points_mm)
        assert np.linalg.norm(a - b) == pytest.approx(quantity.value, abs=1e-6)
    slices = []
    for end in found["axial_long_axis"].end_points_mm:
        index = np.linalg.solve(affine, [*end, 1.0])[:3]
        slices.append(index[2])
        doubled = index * 2
        np.testing.assert_allclose(doubled, np.rint(doubled), atol=1e-6)  # between two voxels of a slice
        near = [tuple(np.rint(index + d).astype(int)) for d in ([0.49, 0.49, 0], [-0.49, -0.49, 0], [0.49, -0.49, 0])]
        assert any(all(0 <= v < n for v, n in zip(p, mask.shape, strict=True)) and mask[p] for p in near)
    assert slices[0] == pytest.approx(slices[1], abs=1e-6)


@pytest.mark.parametrize("spacing", [(0.7, 0.7, 0.7), (0.47, 0.63, 1.25), (0.9, 0.9, 2.5)])
def test_ellipsoids_of_known_size(spacing: tuple[float, float, float]) -> None:
    radii = (15.0, 9.0, 12.0)
    shape = tuple(int(2 * r / s) + 5 for r, s in zip(radii, spacing, strict=True))
    mask = ball(shape, spacing, radii)  # type: ignore[arg-type]
    found = by_name(measure_mask(mask, np.diag([*spacing, 1.0])))
    volume = 4 / 3 * math.pi * math.prod(radii)
    assert found["volume_voxel"].value == pytest.approx(volume, rel=0.02)
    assert found["volume_mesh"].value == pytest.approx(volume, rel=0.04)
    assert found["axial_long_axis"].value == pytest.approx(30.0, abs=1.2 * max(spacing[:2]))
    assert found["axial_short_axis"].value == pytest.approx(18.0, abs=1.2 * max(spacing[:2]))
    assert found["craniocaudal_extent"].value == pytest.approx(24.0, abs=spacing[2])
    for name, radius in (("pca_major", 15.0), ("pca_minor", 12.0), ("pca_least", 9.0)):
        # A solid ellipsoid's variance along an axis is r^2 / 5, so 4 sqrt of it is 4 r / sqrt(5).
        assert found[name].value == pytest.approx(4 * radius / math.sqrt(5), rel=0.02)
    assert 0.8 < found["sphericity"].value < 1.0


def test_names_units_and_order() -> None:
    mask = ball((20, 20, 10), (0.7, 0.7, 1.4), (5.0, 4.0, 5.0))
    image = np.full(mask.shape, -800.0)
    image[mask] = np.linspace(-100, 60, mask.sum())
    found = measure_mask(mask, np.diag([0.7, 0.7, 1.4, 1.0]), image=image)
    assert [q.name for q in found] == [*IN_ORDER, *HU_NAMES, "solid_diameter", "solid_volume"]
    units = {q.name: q.unit for q in found}
    assert units["volume_voxel"] == units["volume_mesh"] == units["volume_ellipsoid"] == "mm3"
    assert units["who_product"] == units["surface_area"] == "mm2"
    assert units["sphericity"] == "1"
    assert all(units[n] == "[hnsf'U]" for n in HU_NAMES)
    assert all(q.method for q in found)


def test_attenuation_is_over_the_mask_alone() -> None:
    mask = np.zeros((8, 8, 4), bool)
    mask[2:6, 2:6, 1:3] = True
    values = np.random.default_rng(5).normal(30, 40, mask.shape)
    image = np.where(mask, values, -900.0)
    found = by_name(measure_mask(mask, np.eye(4), image=image))
    inside = values[mask]
    truths = {
        "mean": inside.mean(), "sd": inside.std(), "min": inside.min(), "max": inside.max(), "p50": np.median(inside),
        "p05": np.percentile(inside, 5), "p95": np.percentile(inside, 95),
    }  # fmt: skip
    for name, truth in truths.items():
        assert found[f"hu_{name}"].value == pytest.approx(truth)
    assert "intensity_mean" in by_name(measure_mask(mask, np.eye(4), image=image, modality="MR"))
    assert "intensity_mean" in by_name(measure_mask(mask, np.eye(4), image=np.abs(image)))
    assert "hu_mean" in by_name(measure_mask(mask, np.eye(4), image=np.abs(image), modality="CT"))


@pytest.mark.parametrize(
    ("long", "short", "fleischner", "lung_rads"),
    [(7, 6, 7.0, 6.5), (5, 6, 6.0, 5.5), (12, 11, 12.0, 11.5), (8, 8, 8.0, 8.0)],
)
def test_a_half_millimetre_rounds_up(long: int, short: int, fleischner: float, lung_rads: float) -> None:
    """A cross of these arms at 0.1 mm: a mean of 6.5 mm is 7 whole ones, whatever floating point makes of it."""
    mask = np.zeros((long * 10 + 4, short * 10 + 4, 1), bool)
    middle = (mask.shape[0] // 2, mask.shape[1] // 2)
    mask[2 : 2 + long * 10, middle[1], 0] = True
    mask[middle[0], 2 : 2 + short * 10, 0] = True
    found = by_name(measure_mask(mask, np.diag([0.1, 0.1, 1.0, 1.0])))
    assert found["mean_diameter"].value == pytest.approx((long + short) / 2, abs=1e-9)
    assert found["fleischner_diameter"].value == fleischner
    assert found["lung_rads_diameter"].value == lung_rads


def test_a_label_volume_is_measured_lesion_by_lesion() -> None:
    """Each as if alone: large and gappy label values, touching lesions, whatever the integer type."""
    grid = np.zeros((30, 24, 12), np.int32)
    grid[2:8, 2:9, 2:6] = 3
    grid[8:12, 2:9, 2:6] = 4
    grid[20:25, 10:20, 5:9] = 1_000_000
    image = np.random.default_rng(2).normal(0.0, 300.0, grid.shape) - 200.0
    affine = affine_of((0.7, 0.9, 2.0), 12.0, 5.0)
    for labels in (grid, grid.astype(np.int64), grid.astype(np.float32), np.asfortranarray(grid)):
        found = measure_labels(labels, affine, image, modality="CT")
        assert list(found) == [3, 4, 1_000_000]
        for number, quantities in found.items():
            assert quantities == measure_mask(grid == number, affine, image=image, modality="CT")


def test_five_hundred_labels() -> None:
    grid = np.zeros((60, 60, 40), np.uint16)
    corners = [(i, j, k) for i in range(1, 58, 6) for j in range(1, 58, 6) for k in range(1, 36, 7)]
    for n, (i, j, k) in enumerate(corners, start=1):
        grid[i : i + 4, j : j + 3, k : k + 3] = n
    found = measure_labels(grid, np.eye(4))
    assert len(found) == len(corners) == 500
    assert {by_name(q)["volume_voxel"].value for q in found.values()} == {36.0}


@pytest.mark.parametrize(
    ("labels", "said"), [(np.zeros((4, 4, 4), int), "empty"), (np.full((4, 4, 4), 0.5), "fractions"), (-np.ones((4, 4, 4), int), "-1")]
)
def test_what_is_no_label_volume(labels: Any, said: str) -> None:
    with pytest.raises(NotApplicable, match=said):
        measure_labels(labels, np.eye(4))


def test_the_solid_part_is_what_the_threshold_says_and_says_so() -> None:
    mask = ball((30, 30, 14), (0.7, 0.7, 1.4), (9.0, 9.0, 8.0))
    core = ball((30, 30, 14), (0.7, 0.7, 1.4), (4.0, 4.0, 4.0))
    image = np.full(mask.shape, -850.0)
    image[mask] = -550.0
    image[core] = 20.0
    speck = np.argwhere(mask & ~core)[0]
    image[tuple(speck)] = SOLID_HU  # one voxel apart: in the volume, not in the diameter
    affine = np.diag([0.7, 0.7, 1.4, 1.0])
    found, alone = by_name(measure_mask(mask, affine, image=image)), by_name(measure_mask(core, affine))
    assert found["solid_diameter"].value == pytest.approx(alone["axial_long_axis"].value)
    assert found["solid_diameter"].end_points_mm == pytest.approx(np.array(alone["axial_long_axis"].end_points_mm))
    assert found["solid_volume"].value == pytest.approx((core.sum() + 1) * 0.7 * 0.7 * 1.4)
    for name in ("solid_diameter", "solid_volume"):
        assert found[name].note == "unvalidated threshold"
        assert "-160 HU" in found[name].method
    ground = by_name(measure_mask(mask, affine, image=np.where(mask, -550.0, -850.0)))
    assert ground["solid_volume"].value == 0.0
    assert "solid_diameter" not in ground
    assert "solid_volume" not in by_name(measure_mask(mask, affine, image=image, modality="MR"))


def test_a_cut_off_mask_says_so_in_every_size() -> None:
    grid = np.zeros((20, 20, 8), bool)
    grid[5:12, 5:9, :3] = True
    found = by_name(measure_mask(grid, np.eye(4), image=np.full(grid.shape, -500.0)))
    assert all(CUT_OFF in q.note for q in found.values() if q.unit in ("mm", "mm2", "mm3"))
    assert CUT_OFF not in found["hu_mean"].note
    assert CUT_OFF in by_name(measure_labels(grid, np.eye(4))[1])["volume_voxel"].note
    whole = np.pad(grid, 1)
    assert not any(CUT_OFF in q.note for q in measure_mask(whole, np.eye(4)))


def test_ties_are_said_and_settled_the_same_way() -> None:
    square = np.ones((6, 6, 2), bool)
    one, two = measure_mask(square, np.eye(4)), measure_mask(square.copy(), np.eye(4))
    assert one == two
    assert "equally long axes" in by_name(one)["axial_long_axis"].note


def test_one_voxel() -> None:
    found = by_name(measure_mask(np.ones((1, 1, 1), bool), np.diag([0.7, 0.7, 2.0, 1.0])))
    assert found["axial_long_axis"].value == pytest.approx(0.7)
    assert found["volume_voxel"].value == pytest.approx(0.98)
    mask = np.zeros((3, 3, 3), bool)
    mask[1, 1, 1] = True
    found = by_name(measure_mask(mask, np.diag([0.7, 0.9, 2.0, 1.0])))
    assert found["volume_voxel"].value == pytest.approx(0.7 * 0.9 * 2.0)
    assert found["axial_long_axis"].value == pytest.approx(0.9)
    assert found["max_diameter_3d"].value == pytest.approx(2.0)
    assert found["pca_major"].value == 0.0
    assert found["craniocaudal_extent"].value == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("mask", "affine", "image", "said"),
    [
        (np.zeros((3, 3, 3)), np.eye(4), None, "empty"),
        (np.ones((3, 3)), np.eye(4), None, "three axes"),
        (np.ones((3, 3, 3)), np.eye(3), None, "affine"),
        (np.ones((3, 3, 3)), np.diag([1, 1, 0, 1]), None, "affine"),
        (np.ones((3, 3, 3)), np.diag([1, 1, np.nan, 1]), None, "affine"),
        (np.ones((3, 3, 3)), np.eye(4), np.zeros((3, 3, 4)), "resample"),
    ],
)
def test_what_cannot_be_measured(mask: Any, affine: Any, image: Any, said: str) -> None:
    with pytest.raises(NotApplicable, match=said):
        measure_mask(mask, affine, image=image)


def test_without_spacing_everything_is_in_pixels() -> None:
    mask = np.zeros((20, 20, 4), bool)
    mask[5:15, 8:12, 1:3] = True
    found = by_name(measure_mask(mask, np.eye(4), spacing=(None, None, None)))
    assert set(found) == {"axial_long_axis", "axial_short_axis", "mean_diameter"}
    assert {q.unit for q in found.values()} == {"{pixel}"}
    in_plane = by_name(measure_mask(mask, np.diag([0.5, 0.5, 1, 1]), spacing=(0.5, 0.5, None)))
    assert in_plane["axial_long_axis"].unit == "mm"
    assert "volume_voxel" not in in_plane
    assert "who_product" in in_plane
    picture = by_name(measure_mask(mask[:, :, 1:2], np.diag([0.5, 0.5, 1, 1]), spacing=(0.5, 0.5, None)))
    assert picture["area"].value == pytest.approx(10.0)
    assert "volume_voxel" not in picture


# Reference: the sample's labelled lesions.


def reference(path: Path, case: str) -> dict[str, float]:
    with path.open() as file:
        rows = list(csv.reader(file))
    column = rows[0].index(case)
    return {r[0].removeprefix("original_shape_"): float(r[column]) for r in rows if r[0].startswith("original_shape")}


def test_the_samples_lesion(shared: Any) -> None:
    scan, label = load_scan(shared("sample/lung1_image.nrrd")), load_scan(shared("sample/lung1_label.nrrd"))
    grid = np.asarray(label.voxels) == 1
    found = by_name(measure_mask(grid, label.affine, image=scan.voxels))
    assert found["volume_voxel"].value == pytest.approx(1361.2, rel=1e-4)
    assert round(found["axial_long_axis"].value, 1) == 16.5
    assert round(found["axial_short_axis"].value, 1) == 10.3
    assert Mask.from_grid(scan.id, grid, label.affine).centre_mm[0] > 0  # RAS: x grows toward the right
    assert "hu_mean" in found


@pytest.mark.parametrize("case", ["lung1", "lung2", "brain1"])
def test_published_shape_features(shared: Any, case: str) -> None:
    truth = reference(shared("sample/baseline_shape.csv"), case)
    label = load_scan(shared(f"sample/{case}_label.nrrd"))
    found = by_name(measure_mask(np.asarray(label.voxels) == 1, label.affine))
    assert found["volume_voxel"].value == pytest.approx(truth["VoxelVolume"], rel=1e-5)
    assert found["max_diameter_3d"].value == pytest.approx(truth["Maximum3DDiameter"], abs=0.01)
    # The chests agree to 1e-6; pyradiomics 3.0.1 itself gives the head's surface 0.08 % away from its published table.
    close = 1e-6 if case != "brain1" else 1e-3
    assert found["volume_mesh"].value == pytest.approx(truth["MeshVolume"], rel=close)
    assert found["surface_area"].value == pytest.approx(truth["SurfaceArea"], rel=close)
    assert found["sphericity"].value == pytest.approx(truth["Sphericity"], rel=close)
    for ours, theirs in (("major", "Major"), ("minor", "Minor"), ("least", "Least")):
        assert found[f"pca_{ours}"].value == pytest.approx(truth[f"{theirs}AxisLength"], rel=1e-5)


def test_real_nodules_against_brute_force(shared: Any) -> None:
    """Every fortieth outline of the development set: no tolerance but the arithmetic's."""
    files = sorted(shared("lidc_voi/mask").glob("*.nii*"))[::40]
    assert len(files) > 15
    for path in files:
        label = load_scan(path)
        mask = np.asarray(label.voxels) > 0
        if not mask.any():
            continue
        spacing = tuple(float(v) for v in np.linalg.norm(label.affine[:3, :3], axis=0))
        found = by_name(measure_mask(mask, label.affine))
        assert found["axial_long_axis"].value == pytest.approx(brute_axial(mask, spacing), abs=1e-4)
        assert found["max_diameter_3d"].value == pytest.approx(brute_3d(mask, spacing), abs=1e-3)
        assert found["volume_voxel"].value == pytest.approx(mask.sum() * math.prod(spacing), rel=1e-5)
