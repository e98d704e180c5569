"""What a file does not say is assumed only where the voxels carry it, and always said."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tools import Known, Mask, Scan, UnreadableScan
from tools.scan.assume import holds_lungs, looks_like_hu, with_guess, with_statement


def unnamed(scan: Scan, voxels: np.ndarray | None = None, **changes: object) -> Scan:
    """The same scan as a file that says nothing of itself."""
    return Scan.build(scan.voxels if voxels is None else voxels, changes.pop("affine", scan.affine), **changes)  # type: ignore[arg-type]


def test_a_chest_is_assumed_and_said(chest: tuple[Scan, tuple[Mask, ...]]) -> None:
    guess = with_guess(unnamed(chest[0]))
    assert guess.modality == Known("CT", "assumed")
    assert guess.body_part == Known("CHEST", "assumed")
    assert str(guess.modality) == "CT (assumed)"
    assert len(guess.notes) == 2
    assert guess.id == unnamed(chest[0]).id


def test_a_chest_turned_any_way_is_still_a_chest(chest: tuple[Scan, tuple[Mask, ...]]) -> None:
    scan = chest[0]
    for order in ((2, 0, 1), (1, 2, 0)):
        affine = scan.affine[:, [*order, 3]]
        assert holds_lungs(unnamed(scan, scan.voxels.transpose(order), affine=affine))
    mirrored = np.array(scan.affine)
    mirrored[:, 0] *= -1
    assert holds_lungs(unnamed(scan, affine=mirrored))


def test_one_lung_or_no_body_is_no_chest(chest: tuple[Scan, tuple[Mask, ...]]) -> None:
    scan = chest[0]
    half = np.array(scan.voxels)
    half[: half.shape[0] // 2] = np.where(half[: half.shape[0] // 2] < -500, 40, half[: half.shape[0] // 2])
    assert not holds_lungs(unnamed(scan, half))
    assert not holds_lungs(unnamed(scan, np.full((40, 40, 40), -1000, np.int16)))
    solid = np.full((60, 60, 40), -1000, np.int16)
    solid[10:50, 10:50] = 40
    assert with_guess(unnamed(scan, solid, affine=np.diag([5.0, 5, 5, 1]))).body_part == Known()


def test_without_millimetres_no_body_part(chest: tuple[Scan, tuple[Mask, ...]]) -> None:
    scan = unnamed(chest[0], spacing=(None, None, None), calibration="none")
    assert with_guess(scan).body_part == Known()


@pytest.mark.parametrize(
    ("low", "high", "plausible"),
    [
        (-1024, 3071, True),
        (-3024, 1200, True),
        (0, 1500, False),
        (0, 255, False),
        (-200, 400, False),
        (-1000, -10, False),
        (-32768, 3000, False),
    ],
)
def test_plausible_hounsfield_units(low: int, high: int, plausible: bool) -> None:
    voxels = np.linspace(low, high, 1000).round().astype(np.int16).reshape(10, 10, 10)
    assert looks_like_hu(voxels) is plausible


def test_an_mr_is_not_taken_for_a_ct() -> None:
    scan = Scan.build(np.random.default_rng(1).integers(0, 900, (20, 20, 20)).astype(np.int16), np.eye(4))
    assert with_guess(scan).modality == Known()


def test_a_header_is_never_overruled(chest: tuple[Scan, tuple[Mask, ...]]) -> None:
    scan = chest[0]
    with pytest.raises(UnreadableScan, match="header says CT"):
        with_statement(scan, Known("MR", "stated"), None)
    assert with_statement(scan, Known("CT", "stated"), None).modality.how == "known"
    mr = dataclasses.replace(unnamed(scan), modality=Known("MR", "known"))
    assert with_guess(mr).modality == Known("MR", "known")
    assert with_guess(mr).body_part == Known()


def test_a_statement_beats_an_assumption(chest: tuple[Scan, tuple[Mask, ...]]) -> None:
    scan = with_statement(unnamed(chest[0]), Known("MR", "stated"), Known("HEAD", "stated"))
    assert with_guess(scan) is scan
