"""Lung fields and places: a generated chest in every orientation, what is no chest, and the real scans beside us."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tools import Known, Mask, Scan, load_scan
from tools.coarse import coarse_grid
from tools.lungs import NOWHERE, LungFields, lung_fields, place
from tools.phantom import Sphere, chest_phantom

Chest = tuple[Scan, tuple[Mask, ...]]
COARSE = (2.0, 2.0, 4.0)


@pytest.fixture(scope="module")
def fields(chest: Chest) -> LungFields:
    return lung_fields(chest[0])


@pytest.fixture(scope="module")
def coarse_chest() -> Chest:
    spheres = (Sphere((80.0, 10.0, 80.0), 14.0), Sphere((-85.0, -20.0, -80.0), 14.0))
    return chest_phantom(spheres, spacing=COARSE)


def ct(values: npt.NDArray[np.generic], affine: npt.ArrayLike) -> Scan:
    return Scan.build(values, affine, modality=Known("CT", "known"), body_part=Known("CHEST", "known"))


def ball(scan: Scan, centre: tuple[float, float, float], diameter: float = 14.0) -> Mask:
    index = np.stack(np.meshgrid(*(np.arange(n) for n in scan.shape), indexing="ij"), axis=-1)
    places = index @ scan.affine[:3, :3].T + scan.affine[:3, 3]
    inside = ((places - np.array(centre)) ** 2).sum(axis=-1) <= (diameter / 2) ** 2
    return Mask.from_grid(scan.id, inside, scan.affine)


def test_both_lungs_of_the_phantom_have_their_volume(fields: LungFields) -> None:
    ellipsoid = 4 / 3 * np.pi * 58 * 82 * 112 / 1000  # ml, as the phantom draws each lung, before heart and spine
    assert fields.found
    assert fields.sides == ("right", "left")
    cell = abs(float(np.linalg.det(fields.affine[:3, :3]))) / 1000
    volumes = [fields.field(side).sum() * cell for side in fields.sides]
    assert all(0.8 * ellipsoid < ml < 1.02 * ellipsoid for ml in volumes)
    assert volumes[0] != volumes[1]
    assert fields.cut == ()
    assert abs(fields.midline_mm) < 5.0


def test_the_fields_are_frozen_and_small(fields: LungFields) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        fields.found = False  # type: ignore[misc]
    with pytest.raises(ValueError, match="read-only"):
        fields.cells[0, 0, 0] = 1
    assert fields.cells.nbytes < 3_000_000


def test_the_trachea_is_no_lung(chest: Chest, fields: LungFields) -> None:
    trachea = ball(chest[0], (0.0, -5.0, 90.0), 12.0)
    index = np.argwhere(trachea.box) @ trachea.box_affine[:3, :3].T + trachea.box_affine[:3, 3]
    cells = np.rint((index - fields.affine[:3, 3]) @ np.linalg.inv(fields.affine[:3, :3]).T).astype(int)
    air = fields.field("right") | fields.field("left")
    inside = ((cells >= 0) & (cells < air.shape)).all(axis=1)
    assert air[tuple(cells[inside].T)].mean() < 0.05


@pytest.mark.parametrize(
    ("centre", "side", "third"),
    [
        ((80.0, 10.0, 80.0), "right", "upper"),
        ((80.0, 10.0, 0.0), "right", "middle"),
        ((-85.0, -20.0, -80.0), "left", "lower"),
        ((-125.0, 5.0, 0.0), "left", "middle"),  # on the pleura, centre near the wall
    ],
)
def test_side_and_third(
    chest: Chest, fields: LungFields, centre: tuple[float, float, float], side: str, third: str
) -> None:
    found = place(ball(chest[0], centre), chest[0], fields)
    assert (found.side, found.third) == (side, third)


def test_a_mask_far_from_both_lungs_has_no_place(chest: Chest, fields: LungFields) -> None:
    scan = chest[0]
    for centre in ((0.0, -98.0, 0.0), (150.0, 5.0, 0.0), (0.0, 95.0, 0.0)):
        assert place(ball(scan, centre, 6.0), scan, fields) == NOWHERE
    assert place(Mask.from_grid(scan.id, np.zeros(scan.shape, bool), scan.affine), scan, fields) == NOWHERE


def test_no_side_where_the_image_does_not_know_its_own(chest: Chest, fields: LungFields) -> None:
    scan = dataclasses.replace(chest[0], laterality_known=False)
    assert place(chest[1][0], scan, fields) == NOWHERE


@pytest.mark.parametrize(
    ("order", "flips"),
    [((0, 1, 2), (0,)), ((0, 1, 2), (1, 2)), ((2, 0, 1), ()), ((1, 2, 0), (0, 1, 2)), ((2, 1, 0), (2,))],
)
def test_axes_in_any_order_and_direction(coarse_chest: Chest, order: tuple[int, ...], flips: tuple[int, ...]) -> None:
    scan, masks = coarse_chest
    affine = np.array(scan.affine)
    voxels, grids = scan.voxels, [m.voxels for m in masks]
    for axis in flips:
        affine[:3, 3] += affine[:3, axis] * (scan.shape[axis] - 1)
        affine[:3, axis] *= -1
        voxels, grids = np.flip(voxels, axis), [np.flip(g, axis) for g in grids]
    affine[:, :3] = affine[:, list(order)]
    turned = ct(np.transpose(voxels, order), affine)
    fields = lung_fields(turned)
    places = [place(Mask.from_grid(turned.id, np.transpose(g, order), affine), turned, fields) for g in grids]
    assert [(p.side, p.third) for p in places] == [("right", "upper"), ("left", "lower")]


@pytest.mark.parametrize("degrees", [-20.0, 12.0])
def test_an_oblique_grid(coarse_chest: Chest, degrees: float) -> None:
    from scipy.ndimage import affine_transform

    scan, _ = coarse_chest
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.eye(4)
    turn[:3, :3] = [[c, 0, s], [0, 1, 0], [-s, 0, c]]
    affine = turn @ scan.affine
    back = np.linalg.inv(scan.affine) @ affine
    voxels = affine_transform(
        scan.voxels.astype(np.float32), back[:3, :3], back[:3, 3], scan.shape, order=1, cval=-1000.0
    )
    oblique = ct(np.rint(voxels).astype(np.int16), affine)
    fields = lung_fields(oblique)
    assert fields.sides == ("right", "left")
    assert place(ball(oblique, (75.0, 10.0, 60.0)), oblique, fields).side == "right"
    assert place(ball(oblique, (-75.0, 10.0, 60.0)), oblique, fields).side == "left"


def test_a_collapsed_lung_leaves_its_side_open(coarse_chest: Chest) -> None:
    scan, _ = coarse_chest
    values = np.array(scan.voxels)
    x = scan.affine[0, 0] * np.arange(scan.shape[0]) + scan.affine[0, 3]
    part = values[x < -2.0]
    part[(part < -500) & (part > -960)] = 30  # the left lung is white, the air outside stays
    values[x < -2.0] = part
    white = ct(values, scan.affine)
    fields = lung_fields(white)
    assert fields.sides == ("right",)
    assert place(ball(white, (-85.0, -20.0, 0.0)), white, fields).side is None
    assert place(ball(white, (-20.0, 0.0, 20.0)), white, fields).side is None  # near the right hull, over the middle
    assert place(ball(white, (80.0, 10.0, 20.0)), white, fields).side == "right"


def test_a_mass_on_the_pleura_lies_in_the_hull() -> None:
    scan, (mass,) = chest_phantom((Sphere((-105.0, 10.0, 0.0), 55.0),), spacing=COARSE)
    fields = lung_fields(scan)
    points = np.argwhere(mass.box) @ mass.box_affine[:3, :3].T + mass.box_affine[:3, 3]
    in_chest = ((points - [-72, 5, 0]) ** 2 / np.array([58, 82, 112]) ** 2).sum(axis=1) <= 1
    cells = np.rint((points[in_chest] - fields.affine[:3, 3]) @ np.linalg.inv(fields.affine[:3, :3]).T).astype(int)
    inside = ((cells >= 0) & (cells < fields.cells.shape)).all(axis=1)
    share = fields.hull("left")[tuple(cells[inside].T)].sum() / len(cells)
    assert share > 0.9
    assert fields.field("left")[tuple(cells[inside].T)].mean() < 0.1


def test_a_scan_that_ends_in_the_lung_gives_only_thirds_that_the_rest_cannot_change(coarse_chest: Chest) -> None:
    scan, _ = coarse_chest
    middle = scan.shape[2] // 2
    affine = np.array(scan.affine)
    affine[:3, 3] += affine[:3, 2] * middle
    upper = ct(scan.voxels[:, :, middle:], affine)  # z from 0 up: the lower half is not in view
    fields = lung_fields(upper)
    assert fields.found
    assert set(fields.cut) == {("right", "bottom"), ("left", "bottom")}
    assert place(ball(upper, (80.0, 10.0, 95.0), 8.0), upper, fields).third == "upper"
    low = place(ball(upper, (80.0, 10.0, 15.0), 8.0), upper, fields)
    assert (low.side, low.third) == ("right", None)


def _head() -> npt.NDArray[np.int16]:
    x, y, z = (np.linspace(-100, 100, 80).reshape([-1 if a == b else 1 for b in range(3)]) for a in range(3))
    values = np.full((80, 80, 80), -1000, np.int16)
    values[(x / 75) ** 2 + (y / 95) ** 2 + (z / 95) ** 2 <= 1] = 800
    values[(x / 68) ** 2 + (y / 88) ** 2 + (z / 88) ** 2 <= 1] = 35
    for side in (-1, 1):
        values[((x - 25 * side) / 14) ** 2 + ((y - 55) / 16) ** 2 + ((z + 45) / 16) ** 2 <= 1] = -980
    return values


def test_what_is_no_chest_is_not_found_and_says_why(chest: Chest) -> None:
    rng = np.random.default_rng(3)
    step = np.diag([2.5, 2.5, 2.5, 1.0])
    inside_lung = chest[0].voxels[45:75, 60:100, 30:60]
    for values in (
        _head(),
        rng.normal(-300, 500, (60, 60, 40)).astype(np.int16),
        rng.integers(-1000, 1000, (60, 60, 40)).astype(np.int16),
        np.full((60, 60, 40), -1000, np.int16),
        np.full((60, 60, 40), 40, np.int16),
        inside_lung,
        np.zeros((64, 64, 1), np.int16),
    ):
        fields = lung_fields(ct(values, step))
        assert not fields.found
        assert fields.why.endswith(".")
        assert fields.sides == ()


def test_a_bag_of_gas_in_the_belly_is_no_lung() -> None:
    x, y, z = (np.linspace(-150, 150, 100).reshape([-1 if a == b else 1 for b in range(3)]) for a in range(3))
    values = np.full((100, 100, 100), -1000, np.int16)
    values[np.broadcast_to((x / 140) ** 2 + (y / 100) ** 2 <= 1, values.shape)] = 40
    values[(x / 60) ** 2 + (y / 50) ** 2 + (z / 60) ** 2 <= 1] = -1000
    assert not lung_fields(ct(values, np.diag([3.0, 3.0, 3.0, 1.0]))).found


def test_without_spacing_nothing_is_found(coarse_chest: Chest) -> None:
    scan = coarse_chest[0]
    assert not lung_fields(dataclasses.replace(scan, spacing=(None, None, None), calibration="none")).found


def test_cells_go_back_to_the_voxels_they_came_from() -> None:
    rng = np.random.default_rng(1)
    affine = np.array([[0, 0, 0.9, 3], [-0.6, 0, 0, 4], [0, -0.7, 0, 5], [0, 0, 0, 1.0]])
    scan = ct(rng.integers(-1000, 1000, (23, 31, 17)).astype(np.int16), affine)
    grid = coarse_grid(scan, 1.8, 2.1)
    assert grid.factors == (2, 3, 3)
    for cell in ((0, 0, 0), (3, 4, 5), (1, 2, 7)):
        box, offset = grid.to_scan(np.ones((1, 1, 1), bool), cell, scan)
        window = tuple(slice(o, o + n) for o, n in zip(offset, box.shape, strict=True))
        assert grid.values[cell] == pytest.approx(float(scan.voxels[window].mean()), abs=0.01)
        middle = [o + (n - 1) / 2 for o, n in zip(offset, box.shape, strict=True)]
        assert np.allclose(scan.to_mm(middle), (grid.affine @ [*cell, 1.0])[:3])


@pytest.mark.parametrize(("name", "side", "third"), [("lung1", "right", "upper"), ("lung2", "left", "lower")])
def test_real_lesions_lie_in_the_hull_of_their_lung(
    shared: Callable[[str], Path], name: str, side: str, third: str
) -> None:
    import nrrd

    scan = load_scan(shared(f"sample/{name}_image.nrrd"))
    label, _ = nrrd.read(str(shared(f"sample/{name}_label.nrrd")))
    mask = Mask.from_grid(scan.id, label > 0, scan.affine)
    fields = lung_fields(scan)
    found = place(mask, scan, fields)
    assert (found.side, found.third) == (side, third)
    points = np.argwhere(mask.box) @ mask.box_affine[:3, :3].T + mask.box_affine[:3, 3]
    cells = np.rint((points - fields.affine[:3, 3]) @ np.linalg.inv(fields.affine[:3, :3]).T).astype(int)
    assert fields.hull(side)[tuple(cells.T)].mean() > 0.9  # type: ignore[arg-type]
