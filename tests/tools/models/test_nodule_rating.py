"""The rating tool: what it answers, what it says beside it, what it refuses, and that its card is true."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tools import ClassifyRequest, Known, Mask, NotApplicable, Registry, Scan, ToolFailed
from tools.models.nodule_rating import cases as reading
from tools.models.nodule_rating.cases import Cases, read_cases
from tools.models.nodule_rating.evaluate import Seen, area, calibration_slope, paired
from tools.models.nodule_rating.features import NAMES, features
from tools.models.nodule_rating.fit import left_out
from tools.models.nodule_rating.model import MEANING, WEIGHTS, NoduleRating, Rating
from tools.models.nodule_rating.ordinal import Ordinal, clear_share, expected, shares_of
from tools.models.nodule_rating.targets import RATING, TARGETS
from tools.models.nodule_segmenter.model import NoduleSegmenter
from tools.phantom import Sphere, chest_phantom

SPHERES = (
    Sphere((-80.0, 10.0, 20.0), 6.0),
    Sphere((85.0, -20.0, -40.0), 24.0),
    Sphere((-75.0, 30.0, -50.0), 8.0, 250.0),
    Sphere((75.0, 35.0, 45.0), 8.0),
    Sphere((-75.0, 20.0, 60.0), 12.0, -550.0),
    Sphere((60.0, 30.0, -10.0), 12.0, 900.0),
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
    attributes = {f"{n}{end}" for n in ("lidc_texture", "lidc_margin") for end in ("", "_from_diameter")}
    assert set(by_name) == {"lidc_rating", "lidc_rating_low", "lidc_rating_high", "lidc_rating_from_diameter"} | attributes
    assert all(q.unit == "{rating}" and 1.0 <= q.value <= 5.0 for q in result.scores)
    assert by_name["lidc_rating_low"].value <= by_name["lidc_rating"].value <= by_name["lidc_rating_high"].value
    assert next(iter(by_name)) == "lidc_rating"
    assert "LIDC readers" in by_name["lidc_rating"].method
    assert MEANING in result.notes


def test_it_never_speaks_of_disease_or_risk(tool: NoduleRating, phantom: tuple[Scan, tuple[Mask, ...]]) -> None:
    result = tool.run(ClassifyRequest(phantom[0], phantom[1][1]))
    said = " ".join([*result.notes, *(f"{q.name} {q.method} {q.note}" for q in result.scores)]).lower()
    assert not [w for w in ("cancer", "malignan", "benign", "risk", "probability", "%  chance") if w in said]


def test_larger_rates_higher_and_calcium_lower(tool: NoduleRating, phantom: tuple[Scan, tuple[Mask, ...]]) -> None:
    scan, masks = phantom
    small, large, calcified, solid = (scores(tool, scan, m) for m in masks[:4])
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


def test_ground_glass_gets_a_lower_texture_than_solid(
    tool: NoduleRating, phantom: tuple[Scan, tuple[Mask, ...]]
) -> None:
    scan, masks = phantom
    assert scores(tool, scan, masks[4])["lidc_texture"] < scores(tool, scan, masks[3])["lidc_texture"] - 1.0


def test_a_lesion_unlike_the_training_gets_no_rating(
    tool: NoduleRating, phantom: tuple[Scan, tuple[Mask, ...]]
) -> None:
    scan, masks = phantom
    with pytest.raises(NotApplicable, match=r"No rating is given: .* unlike all nodules"):
        tool.run(ClassifyRequest(scan, masks[5]))
    large, cut = chest_phantom((Sphere((-80.0, 10.0, 114.0), 60.0),), spacing=(2.0, 2.0, 5.0))
    with pytest.raises(NotApplicable, match=r"mean diameter is 6\d\.\d mm, .* trained on 3.5 to 40 mm"):
        tool.run(ClassifyRequest(large, cut[0]))


def test_thick_slices_and_a_cut_off_mask_are_said(tool: NoduleRating) -> None:
    scan, masks = chest_phantom((Sphere((-80.0, 10.0, 114.0), 24.0),), spacing=(1.0, 1.0, 5.0))
    notes = " ".join(tool.run(ClassifyRequest(scan, masks[0])).notes)
    assert "5.0 mm apart" in notes
    assert "touches the edge" in notes


def test_reasons_and_shares_come_when_asked_for(
    tool: NoduleRating, phantom: tuple[Scan, tuple[Mask, ...]]
) -> None:
    scan, masks = phantom
    asked = tool.run(ClassifyRequest(scan, masks[1], {"why": True, "shares": True}))
    reasons = asked.notes[-1]
    assert all(group in reasons for group in ("diameter", "shape", "attenuation", "border", "texture"))
    shares = {q.name: q.value for q in asked.scores if q.unit == "%"}
    assert set(shares) == {"lidc_rated_4_5", "lidc_rated_4_5_from_diameter"}
    assert all(0 <= v <= 100 for v in shares.values())


def test_changed_weights_are_not_used(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    content = bytearray(WEIGHTS.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(ToolFailed, match="sha256"):
        NoduleRating(path).load("cpu")
    with pytest.raises(ToolFailed, match="no readable weights"):
        NoduleRating(tmp_path / "absent").load("cpu")


def test_the_weights_hold_only_what_beat_its_single_feature(tool: NoduleRating) -> None:
    from safetensors.numpy import load

    figures = json.loads((WEIGHTS.parent / "figures.json").read_text(encoding="utf-8"))
    held = Rating.from_arrays(load(WEIGHTS.read_bytes()))
    won = {n for n, t in figures["targets"].items() if t["cross_validation"]["auc_difference"]["low"] > 0}
    assert set(held.lines) == won | {RATING.name}
    again = Rating.from_arrays(held.arrays())
    np.testing.assert_array_equal(again.lines[RATING.name].weights, held.lines[RATING.name].weights)


def test_shares_add_up_and_a_crossing_line_is_held_back() -> None:
    shares = shares_of(np.array([[2.0, 3.0, -1.0, -4.0]]))
    assert shares.sum() == pytest.approx(1.0)
    assert (shares >= 0).all()
    assert shares[0, 1] == 0.0
    assert expected(np.eye(5)).tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert clear_share(np.array([[0.2, 0.1, 0.4, 0.1, 0.2]]), 2, 4)[0] == pytest.approx(0.5)


def made_cases(count: int = 240) -> Cases:
    """Two nodules a patient, each outlined twice; the level follows one feature and the size another."""
    rng = np.random.default_rng(3)
    x = np.repeat(rng.normal(size=(count, len(NAMES))), 2, axis=0)
    level = np.clip(np.round(3.0 + 1.3 * x[:, 0] - 0.9 * x[:, 12]), 1, 5).astype(int)
    levels = np.stack([level if t is RATING else np.ones_like(level) for t in TARGETS.values()], axis=1)
    names = np.repeat([f"n{n}" for n in range(count)], 2)
    patients = np.repeat([f"p{n // 2}" for n in range(count)], 2)
    return Cases(x, levels, names, patients, np.array(["centre", "readers"] * count), np.zeros(2 * count, bool))


def test_kept_features_of_another_segmenter_are_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Cases] = []

    def outline(*_: object) -> Cases:
        made.append(replace(made_cases(2), x=np.full((4, len(NAMES)), len(made), dtype=float)))
        return made[-1]

    def read() -> float:
        return float(read_cases(tmp_path, tmp_path / "kept.npz").x[0, 0])

    monkeypatch.setattr(reading, "_made", outline)
    assert (read(), read()) == (0.0, 0.0)
    other = replace(NoduleSegmenter.spec, version=f"{NoduleSegmenter.spec.version}.other")
    with monkeypatch.context() as patched:
        patched.setattr(NoduleSegmenter, "spec", other)  # the same weights
        assert (read(), read()) == (1.0, 1.0)
    weights = tmp_path / "weights.safetensors"
    weights.write_bytes(b"other weights")
    monkeypatch.setattr(reading, "SEGMENTER", weights)
    assert read() == 2.0


def test_what_is_left_out_is_estimated_by_lines_that_never_saw_the_patient() -> None:
    cases = made_cases()
    used = list(range(len(NAMES)))
    logits = left_out(cases, RATING, used, 0.03, count=4)
    level = cases.scored.level(RATING)
    assert area(expected(shares_of(logits)), level > 3) > 0.9
    shuffled = Cases(cases.x, np.random.default_rng(1).permutation(cases.levels), cases.nodule, cases.patient,
                     cases.kind, cases.held_out)  # fmt: skip
    noise = left_out(shuffled, RATING, used, 0.03, count=4)
    assert abs(area(expected(shares_of(noise)), shuffled.scored.level(RATING) > 3) - 0.5) < 0.12


def test_sharpening_mends_confidence() -> None:
    rng = np.random.default_rng(5)
    z = rng.normal(size=(4000, 1))
    truth = Ordinal(np.full((1, 1), 2.0), np.zeros(1))
    level = 1 + (rng.random(4000) < truth.shares(z)[:, 1]).astype(int)
    bold = Ordinal(np.full((1, 1), 4.0), np.zeros(1))
    assert bold.sharpened(bold.logits(z), level).slope == pytest.approx(0.5, abs=0.06)
    assert calibration_slope(truth.shares(z)[:, 1], level == 2) == pytest.approx(1.0, abs=0.1)
    assert calibration_slope(bold.shares(z)[:, 1], level == 2) == pytest.approx(0.5, abs=0.06)


def test_figures_are_paired_and_leave_the_middle_out() -> None:
    level = np.array([1, 2, 3, 3, 4, 5] * 20)
    patients = np.array([f"p{n // 3}" for n in range(120)])
    good = Seen(level + 0.0, np.where(level > 3, 0.9, 0.1))
    poor = Seen(np.tile([0.0, 2.5, 9.0, -9.0, 2.0, 3.0], 20), np.full(120, 0.4))
    made = paired(RATING, level, patients, good, poor, times=50)
    assert (made["clear"], made["positive"]) == (80, 40)
    assert made["auc"]["value"] == 1.0
    assert made["auc_alone"]["value"] == 0.75
    assert made["auc_difference"]["low"] > 0
    assert made["brier"]["value"] == pytest.approx(0.01)
    assert made["brier_difference"]["high"] < 0


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
    segmenter = NoduleSegmenter.spec
    fitted_on = (figures["segmenter_version"], figures["segmenter_sha256"])
    assert fitted_on == (segmenter.version, segmenter.weights_sha256), "fitted on other outlines: train it again"
    card = (WEIGHTS.parent / "card.md").read_text(encoding="utf-8")
    by_metric = {a.metric: a for a in spec.accuracy}
    rating = figures["targets"][RATING.name]["held_out"]
    for metric, key in (
        ("AUC, rated 4-5 against 1-2", "auc"), ("Brier score, rated 4-5 against 1-2", "brier"),
        ("Spearman's rho with the readers' rating", "spearman"),
    ):  # fmt: skip
        assert by_metric[metric].value == rating[key]["value"]
        assert by_metric[metric].interval == (rating[key]["low"], rating[key]["high"])
    for target in figures["targets"].values():
        for part in ("auc", "auc_alone", "auc_difference"):
            for where in ("held_out", "cross_validation"):
                assert f"{target[where][part]['value']:.3f}" in card


def test_contenders_that_learn_nothing_of_a_patient_are_compared() -> None:
    from tools.models.nodule_rating import compare

    cases = made_cases(120)
    scored = cases.scored
    target = scored.level(RATING).astype(float)

    def nearest(x: np.ndarray, y: np.ndarray, left: np.ndarray) -> np.ndarray:
        return y[np.argmin(((left[:, None] - x[None]) ** 2).sum(axis=2), axis=1)]

    # The nearest neighbour of each nodule is itself: only a fold with its patient in it could find it.
    doubled = np.round(np.repeat(scored.x[::2], 2, axis=0), 6)
    found = {
        "mean diameter alone": scored.x[:, 0],
        "all features, logistic lines": compare.lines(cases, NAMES),
        "all features, support vectors": target,
        "a copy of the other one": compare.crossed(doubled, target, scored.patient, nearest),
    }
    made = compare.figures(cases, compare.with_ensembles(found))
    assert made["all features, support vectors"]["auc"]["value"] == 1.0
    assert made["all features, logistic lines"]["difference"]["value"] > 0
    assert made["a copy of the other one"]["auc"]["value"] < 0.8
    assert "| mean diameter alone |" in compare.table(made)


@pytest.mark.long
def test_training_ships_what_wins_and_leaves_out_what_does_not() -> None:
    from tools.models.nodule_rating import train as training

    cases = made_cases(200)
    rng = np.random.default_rng(9)
    follows = np.clip(np.round(3.5 + 1.2 * cases.x[:, 30]), 1, 5).astype(int)
    chance = np.repeat(rng.integers(1, 6, len(follows) // 2), 2)
    columns = {"lidc_margin": follows, "lidc_texture": chance, "lidc_spiculation": chance, "lidc_calcification": 1 + (chance > 3)}
    levels = np.stack([columns.get(name, cases.level(RATING)) for name in TARGETS], axis=1)
    model, fits = training.train(replace(cases, levels=levels))
    assert set(model.lines) == {"lidc_rating", "lidc_margin"}
    assert fits["lidc_margin"].figures["auc_difference"]["low"] > 0
    assert model.spread[0] < 0 < model.spread[1]
    assert model.novelty(model.scale, cases.x[0]) < model.novelty.limit
    assert model.novelty(model.scale, cases.x[0] + 20 * model.scale.sd) > model.novelty.limit
    figures = training.measured(model, fits, replace(cases, levels=levels).scored)
    assert figures["lidc_texture"]["classes"]["solid"]["cases"] == int((chance[::2] == 5).sum())
    assert figures["lidc_rating"]["abstained"] == 0


@pytest.mark.long
def test_the_networks_that_were_tried_run_and_learn() -> None:
    from tools.models.nodule_rating import contenders

    scan, masks = chest_phantom((Sphere((80.0, 10.0, 20.0), 12.0),), spacing=(1.4, 1.4, 2.5))
    cube = contenders.cube(scan, masks[0])
    assert cube.shape == (2, contenders.DEPTH, contenders.SIDE, contenders.SIDE)
    assert cube[1].sum() * contenders.PIXEL_MM**3 == pytest.approx(4 / 3 * np.pi * 6**3, rel=0.2)
    assert contenders.planes(cube).shape == (3, contenders.SIDE, contenders.SIDE)
    data = np.stack([cube * share for share in np.linspace(0.2, 1.0, 16)]).astype(np.float32)
    guess = contenders.taught(contenders.network_3d, data, np.linspace(1, 5, 16), data[:3])
    assert guess.shape == (3,)
    assert np.isfinite(guess).all()


@pytest.mark.gpu
def test_on_cuda_the_rating_of_the_segmenters_outline_is_the_same(phantom: tuple[Scan, tuple[Mask, ...]]) -> None:
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("needs CUDA; this machine has none")
    from tools import SegmentRequest

    scan, _ = phantom
    found = []
    for device in ("cpu", "cuda"):
        registry = Registry.discover()
        segmenter, rating = registry.get("nodule-segmenter"), registry.get("nodule-rating")
        segmenter.load(device)
        rating.load(device)
        mask = segmenter.run(SegmentRequest(scan, point=(75.0, 35.0, 45.0))).mask
        found.append(rating.run(ClassifyRequest(scan, mask)).scores[0].value)
    assert found[0] == pytest.approx(found[1], abs=0.2)
