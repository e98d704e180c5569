"""A known motion is found again, the same every time; what does not fit is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from followup import Ball, Breath, follow_up, motion

from tools import Known, Mask, NotApplicable, Quantity, Scan, load_scan
from tools.overlay import check
from tools.phantom import chest_phantom
from tools.register import align, local_shift

PLACES = np.array([[80.0, 10, 20], [-85, -20, -40], [60, 40, 80], [-60, -40, -90], [0, 20, 0]])
COARSE = (2.0, 2.0, 3.0)


@pytest.fixture(scope="module")
def anatomy() -> Scan:
    return chest_phantom((), spacing=COARSE)[0]


def off(matrix: np.ndarray, truth: np.ndarray) -> float:
    """Largest distance in mm between where a motion and the truth take the places."""
    both = (m[:3, :3] @ PLACES.T + m[:3, 3:] for m in (matrix, truth))
    one, other = both
    return float(np.linalg.norm(one - other, axis=0).max())


@pytest.mark.parametrize(("mm", "degrees", "seed"), [(20.0, 10.0, 1), (12.0, 5.0, 2), (0.0, 0.0, 3)])
def test_a_motion_is_found_again(anatomy: Scan, mm: float, degrees: float, seed: int) -> None:
    truth = motion(np.random.default_rng(seed), mm, degrees)
    current, prior, _ = follow_up(anatomy, {}, truth, scale=1.1)
    found = align(current.scan, prior.scan)
    assert off(found.matrix, truth) < 2.5  # a cell; without alignment 20 mm and more
    quality = {q.name: q.value for q in found.quality}
    assert quality["body_overlap"] > 0.95
    assert quality["correlation"] > 0.9
    assert np.linalg.det(found.matrix[:3, :3]) == pytest.approx(1.0)
    back = found.to_current(found.to_prior(PLACES))
    np.testing.assert_allclose(back, PLACES, atol=1e-9)


def test_the_same_pair_gives_the_same_motion(anatomy: Scan) -> None:
    current, prior, _ = follow_up(anatomy, {}, motion(np.random.default_rng(4), 15.0, 8.0))
    one, two = align(current.scan, prior.scan), align(current.scan, prior.scan)
    assert np.array_equal(one.matrix, two.matrix)
    assert one.quality == two.quality


def test_the_frames_origin_and_axis_order_do_not_matter(anatomy: Scan) -> None:
    """A prior that starts a metre away, its axes stored as (k, j, i): the middle of the body gives the start."""
    far = np.array(anatomy.affine)
    far[:3, 3] += (1000.0, -700.0, 450.0)
    prior = Scan.build(np.transpose(anatomy.voxels, (2, 1, 0)), far[:, [2, 1, 0, 3]], modality=Known("CT", "known"))
    truth = np.eye(4)
    truth[:3, 3] = (1000.0, -700.0, 450.0)
    assert off(align(anatomy, prior).matrix, truth) < 0.5


def test_a_prior_of_part_of_the_chest_is_found_in_it(anatomy: Scan) -> None:
    start = anatomy.shape[2] // 3
    affine = np.array(anatomy.affine)
    affine[:3, 3] += affine[:3, 2] * start + (5.0, 0.0, 40.0)
    part = Scan.build(np.array(anatomy.voxels[:, :, start:]), affine, modality=Known("CT", "known"))
    truth = np.eye(4)
    truth[:3, 3] = (5.0, 0.0, 40.0)
    assert off(align(anatomy, part).matrix, truth) < 2.0


def test_a_breath_is_followed_around_a_lesion(anatomy: Scan) -> None:
    """The base of the lung moves by 10 mm that no rigid motion gives: the local shift must gain on it."""
    truth = motion(np.random.default_rng(5), 10.0, 4.0)
    place = (70.0, 0.0, -70.0)
    current, prior, places = follow_up(anatomy, {1: Ball(place, 14.0, 14.0)}, truth, breath=Breath(14.0, 110.0, -110.0))
    found = align(current.scan, prior.scan)
    centre = np.array([current.lesions[1].centre_mm])
    rigid = np.linalg.norm(found.to_prior(centre)[0] - places[1])
    local = np.linalg.norm(found.to_prior(centre, local_shift(found, current.lesions[1]))[0] - places[1])
    assert rigid > 4.0
    assert local < min(3.0, rigid / 2)  # a slice of this phantom is 3 mm


def test_a_place_outside_the_prior_is_not_shifted(anatomy: Scan) -> None:
    found = align(anatomy, chest_phantom((), spacing=COARSE, seed=8)[0])
    corner = np.zeros(anatomy.shape, bool)
    corner[:3, :3, :3] = True
    assert not local_shift(found, Mask.from_grid(anatomy.id, corner, anatomy.affine)).any()


def volume(anatomy: Scan, values: np.ndarray) -> Scan:
    return Scan.build(values.astype(np.int16), anatomy.affine, modality=Known("CT", "known"))


def test_another_body_part_is_refused(anatomy: Scan) -> None:
    filled = np.where((anatomy.voxels < -400) & inside_body(anatomy), 40, anatomy.voxels)
    with pytest.raises(NotApplicable, match="could not be laid"):
        align(anatomy, volume(anatomy, filled))


@pytest.mark.long
def test_another_patient_and_one_upside_down_are_refused(shared: Any) -> None:
    one, other = (load_scan(shared(f"sample/{name}_image.nrrd")) for name in ("lung1", "lung2"))
    turned = Scan.build(np.array(one.voxels[:, :, ::-1]), one.affine, modality=Known("CT", "known"))
    for prior in (other, turned):
        with pytest.raises(NotApplicable, match="compare by eye"):
            align(one, prior)


def test_air_alone_is_refused(anatomy: Scan) -> None:
    with pytest.raises(NotApplicable, match="no body"):
        align(anatomy, volume(anatomy, np.full(anatomy.shape, -1000)))


def test_a_crop_is_too_small(anatomy: Scan) -> None:
    crop = Scan.build(np.array(anatomy.voxels[:20, :20, :5]), anatomy.affine, modality=Known("CT", "known"))
    with pytest.raises(NotApplicable, match="too small"):
        align(anatomy, crop)


def inside_body(scan: Scan) -> np.ndarray:
    index = np.stack(np.meshgrid(*(np.arange(n) for n in scan.shape), indexing="ij"), axis=-1)
    points = index @ scan.affine[:3, :3].T + scan.affine[:3, 3]
    return np.asarray((points[..., 0] / 150) ** 2 + (points[..., 1] / 102) ** 2 < 1)


def figures(correlation: float, body: float = 0.95, air: float = 0.9, shared: float = 1.0) -> list[Quantity]:
    named = {"shared_view": shared, "body_overlap": body, "correlation": correlation, "lung_overlap": air}
    return [Quantity(name, value, "1", "made") for name, value in named.items()]


@pytest.mark.parametrize("seen", [
    figures(0.37, 0.91, 0.76),  # chests of two patients, as seen
    figures(0.62, 0.985, 0.746),  # a chest and its mirror image, as seen
    figures(0.88, 0.80),
    figures(0.88, 0.95, 0.5),
    figures(0.99, shared=0.1),
])  # fmt: skip
def test_a_poor_fit_is_refused(seen: list[Quantity]) -> None:
    with pytest.raises(NotApplicable, match="could not be laid on this scan"):
        check(seen)


@pytest.mark.parametrize("seen", [
    figures(0.905, 0.985, 0.963),  # a real chest on thick slices, moved by 20 mm and 10 degrees, as seen
    figures(0.98, 0.783, 0.095),  # a field of view that cuts the lungs: every voxel fits, the outlines do not
    figures(0.8, 0.9, 0.7),
])  # fmt: skip
def test_a_fit_of_one_body_is_taken(seen: list[Quantity]) -> None:
    check(seen)
