"""A MONAI bundle that scores: its own steps run, one named score a class, and what is wrong with one in a line."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bundle_maker import DENSE, SCORES, dense_network, make_classifier

from tools import ClassifyRequest, Known, Mask, NotApplicable, Registry, Scan, ToolFailed
from tools.checks import check_tool
from tools.scan.grid import INDEX_FRAME

BALL = (22, 20, 10)


def ball(shape: tuple[int, int, int] = (40, 40, 20), modality: str = "CT") -> tuple[Scan, Mask]:
    """Return noise with a bright ball, 1 x 1 x 2 mm, and the ball."""
    rng = np.random.default_rng(1)
    voxels = rng.normal(-700, 60, shape)
    i, j, k = np.indices(shape)
    inside = (i - BALL[0]) ** 2 + (j - BALL[1]) ** 2 + 4 * (k - BALL[2]) ** 2 < 30
    voxels[inside] = 200
    scan = Scan.build(np.rint(voxels), np.diag([-1.0, -1.0, 2.0, 1.0]), modality=Known(modality, "known"), body_part=Known("CHEST", "known"))
    return scan, Mask.from_grid(scan.id, inside, scan.affine, "nodule")


def scored(folder: Path, *given: Any) -> Any:
    scan, mask = given or ball()
    return Registry.discover(folder.parent).get(folder.name.replace("_", "-")).run(ClassifyRequest(scan, mask))


def due(voxels: Any) -> Any:
    """What MONAI itself makes of the voxels with the bundle's steps and weights."""
    import torch
    from monai.transforms import Compose, EnsureChannelFirst, Resize, ScaleIntensityRange

    steps = Compose([EnsureChannelFirst(channel_dim="no_channel"), ScaleIntensityRange(-1000, 1000, 0.0, 1.0), Resize((16, 16, 16))])
    with torch.inference_mode():
        return dense_network()(steps(torch.from_numpy(np.array(voxels, dtype=np.float32)))[None])[0].softmax(0).numpy()


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)


def test_the_scores_of_the_whole_image_are_monais(tmp_path: Path) -> None:
    made = make_classifier(tmp_path / "looks")
    scan, mask = ball()
    result = scored(made, scan, mask)
    assert [q.name for q in result.scores] == ["score_solid", "score_part_solid", "score_ground_glass"]
    assert [q.value for q in result.scores] == pytest.approx(due(scan.voxels), abs=1e-5)
    assert sum(q.value for q in result.scores) == pytest.approx(1)
    assert all("uncalibrated, not a probability of disease, not a diagnosis" in q.method for q in result.scores)
    assert "reported by A. Researcher" in result.scores[0].method
    assert "The whole image was scored" in result.notes[0]


def test_one_made_for_a_crop_looks_around_the_lesion(tmp_path: Path) -> None:
    made = make_classifier(tmp_path / "looks", extra={"crop_mm": [16, 16, 16]})
    scan, mask = ball()
    result = scored(made, scan, mask)
    i, j, k = BALL
    there = scan.voxels[i - 8 : i + 9, j - 8 : j + 9, k - 4 : k + 5]
    assert [q.value for q in result.scores] == pytest.approx(due(there), abs=1e-5)
    assert "Looked at was 16 x 16 x 16 mm around the lesion's centre." in result.notes[0]
    assert Registry.discover(tmp_path).get("looks").spec.prompts == "needed"


def test_its_spec_says_what_it_is_and_feeds_no_criteria(tmp_path: Path) -> None:
    make_classifier(tmp_path / "looks", extra={"body_parts": ["CHEST"]})
    tool = Registry.discover(tmp_path).get("looks")
    assert (tool.spec.task, tool.spec.modalities, tool.spec.body_parts) == ("classify", ("CT",), ("CHEST",))
    assert tool.spec.labels == ("solid", "part-solid", "Ground glass")
    assert (tool.spec.reported_by, tool.trusted) == ("A. Researcher", False)
    with pytest.raises(NotApplicable, match="works on modality CT; this image is MR"):
        tool.run(ClassifyRequest(*ball(modality="MR")))


def test_a_class_that_would_be_a_diagnosis_is_called_by_its_number(tmp_path: Path) -> None:
    made = make_classifier(tmp_path / "looks", classes={"0": "Benign", "1": "malignant tumour", "2": "no finding"})
    result = scored(made)
    assert [q.name for q in result.scores] == ["score_class_0", "score_class_1", "score_class_2"]
    said = " ".join([*(q.method for q in result.scores), *result.notes]).lower()
    assert not [w for w in ("benign", "malignan", "tumour", "no finding") if w in said]


def test_a_film_and_a_channel_that_its_own_steps_repeat(tmp_path: Path) -> None:
    steps = [
        {"_target_": "EnsureChannelFirstd", "keys": "image"}, {"_target_": "ScaleIntensityd", "keys": "image"},
        {"_target_": "Resized", "keys": "image", "spatial_size": [32, 32]}, {"_target_": "RepeatChanneld", "keys": "image", "repeats": 3},
    ]  # fmt: skip
    made = make_classifier(
        tmp_path / "film", inputs={"modality": "DX", "num_channels": 3, "spatial_shape": [32, 32]},
        inference={"network_def": {"_target_": "DenseNet", **DENSE, "spatial_dims": 2, "in_channels": 3},
                   "preprocessing": {"_target_": "Compose", "transforms": steps}},
        network=dense_network(spatial_dims=2, in_channels=3),
    )  # fmt: skip
    values = np.add.outer(np.arange(50), np.arange(60))[:, :, None]
    film = Scan.build(
        values, INDEX_FRAME, spacing=(None, None, None), calibration="none", laterality_known=False,
        modality=Known("DX", "known"), body_part=Known("CHEST", "known"),
    )  # fmt: skip
    result = scored(made, film, Mask.from_grid(film.id, values > 60, film.affine))
    assert sum(q.value for q in result.scores) == pytest.approx(1)
    with pytest.raises(NotApplicable, match="made for single pictures; this image is a volume of 20 slices"):
        scored(made, *ball(modality="DX"))


def test_the_same_contract_is_checked(tmp_path: Path) -> None:
    data = check_tool(str(make_classifier(tmp_path / "looks", extra={"crop_mm": [16, 16, 16]})))
    assert data["passed"], data["checks"]
    seen = {c["name"]: c["seen"] for c in data["checks"]}
    assert seen["its scores say what they are on a ball, oblique, 0.8 x 0.9 x 2.5 mm"] == "yes"
    assert not [name for name in seen if "masks" in name]


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"classes": {"0": "solid", "1": "part-solid"}}, "says 3 output channels and names 2 classes (0: solid, 1: part-solid)"),
        ({"classes": {}}, "metadata.json names no classes; channel_def does"),
        ({"classes": {"a": "solid"}}, "does not name its classes by number"),
        ({"output": {"num_channels": 2}}, "says 2 output channels and names 3 classes"),
        ({"inputs": {"num_channels": 3}}, "takes 3 channels; a scan has one, and its steps do not repeat it"),
        ({"extra": {"prompts": "needed"}}, "says prompts 'needed' without crop_mm"),
        ({"output": {"type": "tuples", "format": "points"}}, "of the format 'points'; segmentation and classes are taken"),
    ],
)
def test_what_its_pages_lack_is_said_when_it_is_listed(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    make_classifier(tmp_path / "bad", **change)
    assert said in Registry.discover(tmp_path).broken["bad"]


def steps(*more: dict[str, Any]) -> dict[str, Any]:
    return {"_target_": "Compose", "transforms": list(more)}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"postprocessing": steps({"_target_": "AsDiscreted", "keys": "pred", "argmax": True})}, "answers 1 number for the 3 classes .* \\(no argmax\\)"),
        ({"preprocessing": steps({"_target_": "ScaleIntensityd", "keys": "image"})}, "image of 40 channels and 2 axes; .* takes 1 and 3"),
        ({"preprocessing": steps({"_target_": "EnsureChannelFirstd", "keys": "picture"})}, "bad's preprocessing broke .*picture"),
        ({"preprocessing": steps(*SCORES["preprocessing"]["transforms"][:3], {"_target_": "Resized", "keys": "image", "spatial_size": [1, 1, 1]})},
         "bad's network broke on an image of 1 x 1 x 1 "),
        ({"inferer": {"_target_": "SlidingWindowInferer", "roi_size": [8, 8, 8]}}, "inferer SlidingWindowInferer answers part by part"),
    ],
)  # fmt: skip
def test_what_breaks_when_it_runs_is_one_line(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    made = make_classifier(tmp_path / "bad", inference=change)
    with pytest.raises(ToolFailed, match=said) as caught:
        scored(made)
    assert "\n" not in str(caught.value)


def test_an_answer_that_is_no_number_is_none(tmp_path: Path) -> None:
    import torch

    network = dense_network()
    with torch.no_grad():
        network.class_layers.out.bias[1] = float("nan")
    with pytest.raises(ToolFailed, match="what is no number"):
        scored(make_classifier(tmp_path / "bad", network=network))


def test_an_outline_of_no_voxel_is_not_scored(tmp_path: Path) -> None:
    scan, mask = ball()
    nothing = Mask.from_grid(scan.id, np.zeros(scan.shape, bool), scan.affine)
    with pytest.raises(NotApplicable, match="The mask is empty"):
        scored(make_classifier(tmp_path / "looks"), scan, nothing)
    assert mask.count


def test_a_network_that_fetches_weights_unless_told_not_to_is_told(tmp_path: Path) -> None:
    from tools.bundles.config import Config

    network = {"_target_": "EfficientNetBN", "model_name": "efficientnet-b0", "spatial_dims": 2, "num_classes": 2}
    built = Config({"network_def": network}, tmp_path).build("network_def")
    assert type(built).__name__ == "EfficientNetBN"
