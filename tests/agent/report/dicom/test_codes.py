"""Codes: each one of a published table, with that table's own meaning, and a unit that fits the quantity."""

from __future__ import annotations

import pytest
from pydicom.sr._concepts_dict import concepts

from agent.report.dicom import codes
from tools import measure_mask
from tools.quantity import HU, PIXEL

UNCODED = {"fleischner_diameter", "lung_rads_diameter", "who_product", "craniocaudal_extent", "solid_diameter", "solid_volume"}
"""Quantities of ours that no published code means; a new one is looked up before it is added here."""


@pytest.mark.parametrize("concept", codes.all_concepts(), ids=lambda c: f"{c.scheme}-{c.value}")
def test_code_is_published_with_this_meaning(concept: codes.Concept) -> None:
    meanings = [held[concept.value][0] for held in concepts[concept.scheme].values() if concept.value in held]
    assert concept.meaning in meanings


def test_every_unit_in_use_is_one_that_leaves() -> None:
    for entry in (*codes.QUANTITIES.values(), *codes.MR_QUANTITIES.values()):
        assert set(entry.units) <= set(codes.UNITS)


def test_no_two_quantities_are_coded_alike() -> None:
    told = [(c.name, c.derivation, c.method) for c in codes.QUANTITIES.values()]
    assert len(set(told)) == len(told)


def test_everything_measured_is_coded_or_known_to_have_no_code(chest) -> None:
    scan, masks = chest
    measured = measure_mask(masks[0].voxels, scan.affine, image=scan.voxels, modality="CT")
    assert {q.name for q in measured if codes.coded(q.name, q.unit, "CT") is None} == UNCODED & {q.name for q in measured}
    assert len(measured) > 20


@pytest.mark.parametrize(
    ("name", "unit", "modality", "there"),
    [
        ("axial_long_axis", "mm", "CT", True), ("axial_long_axis", PIXEL, "DX", True), ("axial_long_axis", HU, "CT", False),
        ("hu_mean", HU, "CT", True), ("hu_mean", "mm", "CT", False), ("intensity_mean", "1", "MR", True),
        ("intensity_mean", "1", "DX", False), ("volume_voxel", "mm2", "CT", False), ("lidc_rating", "{rating}", "CT", False),
    ],
)  # fmt: skip
def test_unit_must_fit(name: str, unit: str, modality: str, there: bool) -> None:
    assert (codes.coded(name, unit, modality) is not None) is there


def test_a_lobe_is_coded_only_when_it_is_on_the_side() -> None:
    assert codes.site("right", "right upper lobe", "CHEST")[0].meaning == "Upper lobe of lung"  # type: ignore[index]
    assert codes.site("left", "right upper lobe", "CHEST") == (codes.LUNG, codes.SIDES["left"])
    assert codes.site(None, None, "CHEST") is None
    assert codes.site("left", None, "HEAD") is None
