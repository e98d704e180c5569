"""A sentence made of evidence alone: references for the digits, nothing that has no words."""

from __future__ import annotations

from typing import Any

import pytest

from agent import grounding
from agent.restate import quantity_name, restate
from tools import EvidenceStore, Quantity


@pytest.fixture
def items(evidence: EvidenceStore) -> dict[str, Any]:
    book = evidence.case("made")
    size = (Quantity("axial_long_axis", 14.25, "mm", "calipers"), Quantity("hu_sd", 4.0, "[hnsf'U]", "sd"),
            Quantity("volume_voxel", 1361.2, "mm3", "voxels"))  # fmt: skip
    book.add("measurement", "lesion-measure", inputs={"lesion": 2}, quantities=size)
    book.add("search", "finder", quantities=(Quantity("candidates", 3, "{candidate}", "found"),))
    book.add("passage", "guidelines", text="words")
    return {e.id: e for e in book.all()}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_is_restated_passes_the_checker(items: dict[str, Any], language: str) -> None:
    sentences = restate(["E1", "E2", "E3", "E9", "E1"], items, language)
    assert len(sentences) == 2
    for sentence in sentences:
        filled = grounding.fill(sentence, items, language)
        assert grounding.check(filled, items, current=set(items)) == []


def test_english_and_chinese_wording(items: dict[str, Any]) -> None:
    assert restate(["E1"], items, "en") == [
        "Lesion 2: axial long axis {E1.axial_long_axis}, volume {E1.volume_voxel} [E1]."
    ]
    assert restate(["E1"], items, "zh") == ["病灶2:轴位长径 {E1.axial_long_axis}、体积 {E1.volume_voxel} [E1]。"]
    assert restate([], items, "en") == []


def test_quantities_without_words_are_named_by_their_own_name() -> None:
    assert quantity_name("pca_major") == "pca major"
    assert quantity_name("axial_long_axis", "zh") == "轴位长径"
