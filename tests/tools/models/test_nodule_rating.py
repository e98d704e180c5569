"""The rating tool: what it answers, what it says beside it, what it refuses, and that its card is true."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tools import ClassifyRequest, Known, Mask, NotApplicable, Registry, Scan, ToolFailed
from tools.models.nodule_rating.features import NAMES, features
from tools.models.nodule_rating.model import MEANING, WEIGHTS, Linear, NoduleRating, Rating
from tools.models.nodule_rating.train import Cases as TrainingCases
from tools.models.nodule_rating.train import area_under_curve, rank_correlation, train
from tools.phantom import Sphere, chest_phantom

SPHERES = (
    Sphere((-80.0, 10.0, 20.0), 6.0),
    Sphere((85.0, -20.0, -40.0), 24.0),
    Sphere((-75.0, 30.0, -50.0), 8.0, 500.0),
    Sphere((75.0, 35.0, 45.0), 8.0),
)


@pytest.fixture(scope="module")
def tool() -> NoduleRating:
    made = NoduleRating()
    made.load("cpu")
    return made


@pytest.fixture(scope="module")
def phantom() -> tuple[Scan, tuple[Mask, ...]]:
    return chest_phantom(SPHERES, spacing=(1.0, 1.0, 1.5))


def scores(tool: NoduleRating, scan: Scan, mask: Mask) -> dict[str, float]:
    return {q.name: q.value for q in tool.run(ClassifyRequest(scan, mask)).scores}


def test_it_answers_the_rating_beside_diameter_alone(
    tool: NoduleRating, phantom: tuple[Scan, tuple[Mask, ...]]
) -> None:
    result = tool.run(ClassifyRequest(phantom[0], phantom[1][0]))
    by_name = {q.name: q for q in result.scores}
    assert set(by_name) == {"lidc_rating", "lidc_rating_low", "lidc_rating_high", "lidc_rating_from_diameter"}
    assert all(q.unit == "{rating}" and 1.0 <= q.value <= 5.0 for q in result.scores)
    assert by_name["lidc_rating_low"].value <= by_name["lidc_rating"].value <= by_name["lidc_rating_high"].value
    assert "regression" in by_name["lidc_rating"].method
    assert MEANING in result.notes


def test_it_never_speaks_of_disease_or_risk(tool: NoduleRating, phantom: tuple[Scan, tuple[Mask, ...]]) -> None:
    result = tool.run(ClassifyRequest(phantom[0], phantom[1][1]))
    said = " ".join([*result.notes, *(f"{q.name} {q.method} {q.note}" for q in result.scores)]).lower()
    assert not [w for w in ("cancer", "malignan", "benign", "risk", "probability", "%  chance") if w in said]


def test_larger_rates_higher_and_calcium_lower(tool: NoduleRating, phantom: tuple[Scan, tuple[Mask, ...]]) -> None:
    scan, masks = phantom
    small, large, calcified, solid = (scores(tool, scan, m) for m in masks)
    assert large["lidc_rating"] > small["lidc_rating"] + 0.5
    assert large["lidc_rating_from_diameter"] > small["lidc_rating_from_diameter"]
    assert calcified["lidc_rating"] < solid["lidc_rating"]
    # The diameter alone cannot tell those two apart.
    assert calcified["lidc_rating_from_diameter"] == pytest.approx(solid["lidc_rating_from_diameter"], abs=0.1)


def test_the_axis_order_of_the_file_makes_no_difference(
    tool: NoduleRating, phantom: tuple[Scan, tuple[Mask, ...]]
) -> None:
    scan, masks = phantom
    affine = scan.affine.copy()
    affine[:3, :3] = scan.affine[:3, [2, 0, 1]]
    other = Scan.build(
        np.transpose(scan.voxels, (2, 0, 1)), affine, modality=scan.modality, body_part=scan.body_part
    )
    mask = Mask.from_grid(other.id, np.transpose(masks[1].voxels, (2, 0, 1)), affine)
    assert scores(tool, other, mask)["lidc_rating"] == pytest.approx(scores(tool, scan, masks[1])["lidc_rating"])


def test_masks_without_substance_are_refused(tool: NoduleRating, phantom: tuple[Scan, tuple[Mask, ...]]) -> None:
    scan, masks = phantom
    empty = Mask.from_grid(scan.id, np.zeros(scan.shape, bool), scan.affine)
    with pytest.raises(NotApplicable, match="0 voxels"):
        tool.run(ClassifyRequest(scan, empty))
    with pytest.raises(NotApplicable, match="another scan"):
        tool.run(ClassifyRequest(scan, replace(masks[0], scan_id="0" * 64)))


def test_an_mr_is_refused(tool: NoduleRating, phantom: tuple[Scan, tuple[Mask, ...]]) -> None:
    scan = replace(phantom[0], modality=Known("MR", "known"))
    with pytest.raises(NotApplicable, match="works on modality CT"):
        tool.run(ClassifyRequest(scan, phantom[1][0]))


def test_what_lies_outside_the_training_is_said(tool: NoduleRating) -> None:
    scan, masks = chest_phantom((Sphere((-80.0, 10.0, 114.0), 60.0),), spacing=(2.0, 2.0, 5.0))
    notes = " ".join(tool.run(ClassifyRequest(scan, masks[0])).notes)
    assert "5.0 mm apart" in notes
    assert "outside 4 to 50 mm" in notes
    assert "touches the edge" in notes


def test_changed_weights_are_not_used(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    content = bytearray(WEIGHTS.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(ToolFailed, match="sha256"):
        NoduleRating(path).load("cpu")
    with pytest.raises(ToolFailed, match="no readable weights"):
        NoduleRating(tmp_path / "absent").load("cpu")


def test_coefficients_survive_their_file() -> None:
    from safetensors.numpy import load, save

    rng = np.random.default_rng(1)
    full = Linear(rng.normal(size=3), np.ones(3), rng.normal(size=3), 2.5)
    rating = Rating(full, Linear(np.zeros(1), np.ones(1), np.ones(1), 3.0), (-0.5, 0.75))
    again = Rating.from_arrays(load(save(rating.arrays())))
    x = rng.normal(size=(4, 3))
    np.testing.assert_array_equal(again.full(x), rating.full(x))
    assert again.spread == rating.spread


def test_training_recovers_a_known_rule_and_its_noise() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(400, len(NAMES)))
    rating = np.clip(3.0 + 0.8 * x[:, 0] - 0.5 * x[:, 7] + rng.normal(0, 0.1, 400), 1, 5)
    patients = np.array([f"p{n // 2}" for n in range(400)])
    made, _ = train(TrainingCases(x, rating, patients))
    assert made.full.weights[0] == pytest.approx(0.8, abs=0.1)
    assert made.full.weights[7] == pytest.approx(-0.5, abs=0.1)
    assert -0.3 < made.spread[0] < 0 < made.spread[1] < 0.3
    assert rank_correlation(made.full(x), rating) > rank_correlation(made.diameter(x[:, :1]), rating)


def test_auc_counts_clear_ratings_only() -> None:
    rating = np.array([1.0, 2.0, 3.0, 3.0, 4.0, 5.0])
    assert area_under_curve(np.array([0.0, 1.0, 9.0, -9.0, 2.0, 3.0]), rating) == 1.0
    assert area_under_curve(np.array([0.0, 2.5, 0.0, 0.0, 2.0, 3.0]), rating) == 0.75


def test_features_are_finite_for_the_smallest_mask(phantom: tuple[Scan, tuple[Mask, ...]]) -> None:
    scan = phantom[0]
    grid = np.zeros(scan.shape, bool)
    grid[0, 0, 0] = True
    seen = features(scan, Mask.from_grid(scan.id, grid, scan.affine))
    assert seen.shape == (len(NAMES),)
    assert np.isfinite(seen).all()


def test_the_registry_offers_it_and_the_card_is_true() -> None:
    spec = Registry.discover().get("nodule-rating").spec
    assert len(spec.utterances["en"]) >= 12
    assert len(spec.utterances["zh"]) >= 12
    figures = json.loads((WEIGHTS.parent / "figures.json").read_text(encoding="utf-8"))
    assert figures["weights_sha256"] == spec.weights_sha256
    card = (WEIGHTS.parent / "card.md").read_text(encoding="utf-8")
    by_metric = {a.metric: a for a in spec.accuracy}
    for metric, key in (("AUC, rated 4-5 against 1-2", "auc"), ("Spearman's rho with the readers' rating", "spearman")):
        measured = figures["masks"]["segmenter"][key]
        assert by_metric[metric].value == measured["value"]
        assert by_metric[metric].interval == (measured["low"], measured["high"])
        for kind in figures["masks"].values():
            for part in (key, f"{key}_diameter", f"{key}_difference"):
                assert f"{kind[part]['value']:.3f}" in card
