"""The generated chest: what it holds is where it says, and it says that it is no patient."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tools import Known, Mask, Scan
from tools.phantom import NOTE, SHOWN, Sphere, chest_phantom
from tools.scan.assume import holds_lungs


def test_it_announces_itself(chest: tuple[Scan, tuple[Mask, ...]]) -> None:
    scan = chest[0]
    assert scan.notes == (NOTE,)
    assert scan.source.format == "made"
    assert (scan.modality, scan.body_part) == (Known("CT", "known"), Known("CHEST", "known"))


def test_it_is_a_chest_in_hounsfield_units(chest: tuple[Scan, tuple[Mask, ...]]) -> None:
    scan = chest[0]
    assert scan.voxels.dtype == np.int16
    assert holds_lungs(scan)

    def value(*point: float) -> float:
        """A mean over a few voxels, as there is noise."""
        i, j, k = (round(v) for v in scan.to_index(point))
        return float(np.asarray(scan.voxels)[i - 1 : i + 2, j - 1 : j + 2, k].mean())

    assert value(165, 0, 0) < -900
    assert value(0, -78, 0) == pytest.approx(400, abs=60)
    assert value(-20, 25, -40) == pytest.approx(40, abs=60)  # the heart, left of the middle: x below zero


def test_masks_are_the_spheres(chest: tuple[Scan, tuple[Mask, ...]]) -> None:
    scan, masks = chest
    for mask, centre, diameter in zip(masks, ((80, 10, 20), (-85, -20, -40)), (20, 12), strict=True):
        assert mask.scan_id == scan.id
        assert mask.centre_mm == pytest.approx(centre, abs=0.7)
        volume = mask.count * math.prod(scan.spacing_or_unit)
        assert volume == pytest.approx(math.pi / 6 * diameter**3, rel=0.05)
        assert float(scan.voxels[mask.voxels].mean()) == pytest.approx(30, abs=5)
        assert mask.contains(tuple(float(c) for c in centre))  # type: ignore[arg-type]


def test_the_same_seed_is_the_same_scan() -> None:
    spacing = (4.0, 4.0, 8.0)
    one, two = chest_phantom(spacing=spacing)[0], chest_phantom(spacing=spacing)[0]
    assert one == two
    assert chest_phantom(spacing=spacing, seed=7)[0] != one
    assert chest_phantom((), spacing=spacing)[1] == ()


def test_the_shown_ones_lie_right_and_left() -> None:
    """RAS: x grows toward the patient's right."""
    assert [s.centre[0] > 0 for s in SHOWN] == [True, False]
    assert SHOWN[0].diameter_mm > SHOWN[1].diameter_mm


def test_attenuation_is_as_asked() -> None:
    scan, (mask,) = chest_phantom((Sphere((80.0, 10.0, 20.0), 24.0, -600.0),), spacing=(3.0, 3.0, 3.0))
    assert float(scan.voxels[mask.voxels].mean()) == pytest.approx(-600, abs=4)
