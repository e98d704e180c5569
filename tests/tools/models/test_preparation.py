"""Preparation tools: what they do to a made image, and that the original stays as it was."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tools import Known, MissingSpacing, NotApplicable, Scan
from tools.contract import PrepareRequest
from tools.models.preparation.model import BiasField, Denoise, Equalise, Resample


def made(modality: str = "CT", noise: float = 40.0, affine: Any = None, field: bool = False) -> tuple[Scan, Any]:
    i, j, _ = np.indices((48, 44, 12))
    clean = np.where((i - 24) ** 2 + (j - 22) ** 2 < 150, 300.0, 100.0)
    seen = clean * (1 + 0.6 * i / 48) if field else clean
    voxels = seen + np.random.default_rng(2).normal(0, noise, seen.shape)
    return Scan.build(np.rint(voxels), np.diag([-0.8, 0.9, 2.0, 1.0]) if affine is None else affine, modality=Known(modality, "known")), clean


@pytest.mark.parametrize("method", ["nonlocal", "wavelet"])
def test_denoising_brings_an_image_nearer_to_the_truth(method: str) -> None:
    scan, clean = made()
    before = scan.voxels.copy()
    result = Denoise().run(PrepareRequest(scan, {"method": method}))
    error = np.abs(result.scan.voxels - clean).mean()
    assert error < 0.6 * np.abs(scan.voxels - clean).mean()
    assert np.array_equal(scan.voxels, before)
    assert result.scan.id != scan.id
    assert "A derived image: denoised" in result.scan.notes[0]
    assert np.array_equal(result.scan.affine, scan.affine)


def test_contrast_is_spread_between_0_and_1000() -> None:
    scan, _ = made(noise=5)
    voxels = Equalise().run(PrepareRequest(scan)).scan.voxels
    assert voxels.min() >= 0
    assert 500 < voxels.max() <= 1000
    flat = Scan.build(np.full((16, 16, 4), 7), np.eye(4))
    with pytest.raises(NotApplicable, match="one grey value"):
        Equalise().run(PrepareRequest(flat))


def test_the_bias_field_is_taken_out() -> None:
    scan, clean = made("MR", noise=4, field=True)
    voxels = BiasField().run(PrepareRequest(scan)).scan.voxels
    inside = clean == 300

    def slope(v: Any) -> float:
        i = np.indices(v.shape)[0][inside]
        return abs(float(np.polyfit(i, v[inside] / v[inside].mean(), 1)[0]))

    assert slope(voxels) < 0.5 * slope(scan.voxels)


def test_resampling_covers_the_same_space_and_keeps_positions() -> None:
    turn = 0.3
    affine = np.array([[-0.8 * np.cos(turn), 0.9 * np.sin(turn), 0, 5], [0.8 * np.sin(turn), 0.9 * np.cos(turn), 0, 6], [0, 0, 2.0, 7], [0, 0, 0, 1]])
    scan, _ = made(noise=0, affine=affine)
    result = Resample().run(PrepareRequest(scan, {"spacing_mm": [1.0, 1.0, 1.0]}))
    assert result.scan.shape == (38, 40, 24)
    assert result.scan.spacing == pytest.approx((1, 1, 1))
    corner = scan.affine @ [-0.5, -0.5, -0.5, 1]
    assert result.scan.affine @ [-0.5, -0.5, -0.5, 1] == pytest.approx(corner)
    for index in ((24, 22, 6), (10, 10, 3)):
        place = scan.to_mm(index)
        near = tuple(round(v) for v in result.scan.to_index(place))
        assert result.scan.voxels[near] == pytest.approx(float(scan.voxels[index]), abs=1)


def test_what_cannot_be_resampled() -> None:
    unknown = Scan.build(np.zeros((8, 8, 4)), np.eye(4), spacing=(None, None, None), calibration="none")
    with pytest.raises(MissingSpacing):
        Resample().run(PrepareRequest(unknown))
    with pytest.raises(NotApplicable, match="parameters"):
        Resample.spec.check_request(PrepareRequest(made()[0], {"spacing_mm": [0.01, 1, 1]}))
