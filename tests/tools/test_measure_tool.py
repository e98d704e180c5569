"""The measuring tool on a scan."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tools import Known, Mask, MeasureRequest, NotApplicable, Quantity, Scan, measure_mask
from tools.measure import CUT_OFF, LesionMeasure
from tools.phantom import Sphere, chest_phantom


def by_name(quantities: list[Quantity]) -> dict[str, Quantity]:
    return {q.name: q for q in quantities}


def request(scan: Scan, grid: np.ndarray) -> MeasureRequest:
    return MeasureRequest(scan, Mask.from_grid(scan.id, grid, scan.affine))


def test_the_tool_measures_a_made_nodule(chest: tuple[Scan, tuple[Mask, ...]]) -> None:
    scan, masks = chest
    found = by_name(list(LesionMeasure().run(MeasureRequest(scan, masks[0])).quantities))
    assert found["axial_long_axis"].value == pytest.approx(20.0, abs=2.0)
    assert found["hu_mean"].value == pytest.approx(30.0, abs=3.0)
    a, b = found["axial_long_axis"].end_points_mm
    assert masks[0].contains(tuple((p + q) / 2 for p, q in zip(a, b, strict=True)))  # type: ignore[arg-type]
    full = by_name(measure_mask(masks[0].voxels, masks[0].affine, image=scan.voxels))
    assert {n: q.value for n, q in full.items()} == pytest.approx({n: q.value for n, q in found.items()})


def test_a_finer_phantom_measures_closer() -> None:
    scan, (mask,) = chest_phantom((Sphere((80.0, 10.0, 20.0), 14.0),), spacing=(1.0, 1.0, 1.25))
    found = by_name(list(LesionMeasure().run(MeasureRequest(scan, mask)).quantities))
    assert found["mean_diameter"].value == pytest.approx(14.0, abs=0.9)
    assert found["volume_voxel"].value == pytest.approx(4 / 3 * math.pi * 7**3, rel=0.03)


def test_a_mask_of_another_scan_or_an_empty_one(chest: tuple[Scan, tuple[Mask, ...]]) -> None:
    scan, masks = chest
    other = Mask("other", masks[0].box, masks[0].offset, masks[0].grid_shape, masks[0].affine)
    with pytest.raises(NotApplicable, match="another scan"):
        LesionMeasure().run(MeasureRequest(scan, other))
    with pytest.raises(NotApplicable, match="empty"):
        LesionMeasure().run(request(scan, np.zeros(scan.shape, bool)))


def test_a_cut_off_lesion_says_so(chest: tuple[Scan, tuple[Mask, ...]]) -> None:
    scan, masks = chest
    grid = np.zeros(scan.shape, bool)
    grid[40:44, 40:44, :3] = True
    assert CUT_OFF in LesionMeasure().run(request(scan, grid)).notes
    assert LesionMeasure().run(MeasureRequest(scan, masks[0])).notes == ()


@pytest.mark.parametrize(("calibration", "unit"), [("none", "{pixel}"), ("detector plane", "mm"), ("patient", "mm")])
def test_a_picture_says_what_its_lengths_are_worth(calibration: Any, unit: str) -> None:
    sizes = (None, None, None) if calibration == "none" else (0.2, 0.2, None)
    scan = Scan.build(
        np.zeros((30, 20, 1), np.int16), np.diag([0.2, 0.2, 1, 1]) if sizes[0] else np.eye(4), spacing=sizes,
        calibration=calibration, modality=Known("DX", "known"),
    )  # fmt: skip
    grid = np.zeros(scan.shape, bool)
    grid[5:15, 5:9] = True
    result = LesionMeasure().run(request(scan, grid))
    found = by_name(list(result.quantities))
    assert found["axial_long_axis"].unit == unit
    assert found["area"].value == pytest.approx(40 * (0.04 if sizes[0] else 1.0))
    assert "volume_voxel" not in found
    assert "intensity_mean" in found
    assert any("pixels" in n or "detector" in n for n in result.notes) is (calibration != "patient")
