"""The lobe network's own architecture with random weights, in a zip of the form it was released in."""

from __future__ import annotations

import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("dynamic_network_architectures", reason="the extra lobes is not installed")

from tools import Known, NotApplicable, Registry, Scan, SegmentRequest
from tools.fetch import ITEMS, FetchFailed, NotFetched, fetch, in_place
from tools.models.lobes.convert import CHECKPOINT, convert, untrained
from tools.models.lobes.model import NOTE, Lobes
from tools.models.lobes.plans import LOBES, NotAModel, Plan

HOME = "Dataset297_TotalSegmentator_total_3mm_1559subj/nnUNetTrainer_4000epochs_NoMirroring__nnUNetPlans__3d_fullres"
LABELS = {"background": 0, "spleen": 1, **{name: n for n, name in enumerate(LOBES, start=2)}}
DATASET = {"channel_names": {"0": "CT"}, "labels": LABELS, "numTraining": 1559, "file_ending": ".nii.gz"}
HU = {"percentile_00_5": -1000.0, "percentile_99_5": 900.0, "mean": -200.0, "std": 400.0, "min": -3000, "max": 3000}
OLD = {
    "UNet_class_name": "PlainConvUNet", "UNet_base_num_features": 4, "unet_max_num_features": 6,
    "n_conv_per_stage_encoder": [1, 1, 1], "n_conv_per_stage_decoder": [1, 1],
    "conv_kernel_sizes": [[3, 3, 3]] * 3, "pool_op_kernel_sizes": [[1, 1, 1], [2, 2, 2], [2, 2, 2]],
    "spacing": [3.0, 3.0, 3.0], "patch_size": [16, 16, 16], "normalization_schemes": ["CTNormalization"],
}  # fmt: skip
"""A configuration as nnU-Net wrote it when the released weights were trained."""
NEW = {
    "architecture": {
        "network_class_name": "dynamic_network_architectures.architectures.unet.PlainConvUNet",
        "arch_kwargs": {
            "n_stages": 3, "features_per_stage": [4, 6, 6], "conv_op": "torch.nn.modules.conv.Conv3d",
            "kernel_sizes": [[3, 3, 3]] * 3, "strides": [[1, 1, 1], [2, 2, 2], [2, 2, 2]], "n_conv_per_stage": [1, 1, 1],
            "n_conv_per_stage_decoder": [1, 1], "conv_bias": True,
        },
    },
    "spacing": [3.0, 3.0, 3.0], "patch_size": [16, 16, 16], "normalization_schemes": ["CTNormalization"],
}  # fmt: skip
"""The same as nnU-Net writes it since 2.2."""


def plans(configuration: dict[str, Any] = OLD, **more: Any) -> dict[str, Any]:
    return {
        "configurations": {"3d_fullres": configuration}, "transpose_forward": [0, 1, 2],
        "foreground_intensity_properties_per_channel": {"0": HU}, **more,
    }  # fmt: skip


def checkpoint(seed: int = 5) -> dict[str, Any]:
    """Return a checkpoint as nnU-Net's trainer saves it, its log full of numpy's numbers."""
    import torch

    torch.manual_seed(seed)
    network = untrained(Plan.read(plans(), DATASET))
    return {
        "network_weights": network.state_dict(), "optimizer_state": {}, "grad_scaler_state": None,
        "logging": {"mean_fg_dice": [np.float64(0.5), np.float32(0.6)], "epoch_start_timestamps": [1.0]},
        "_best_ema": np.float64(0.9), "current_epoch": 4000, "init_args": {"fold": 0}, "trainer_name": "T",
        "inference_allowed_mirroring_axes": None,
    }  # fmt: skip


def zipped(path: Path, held: Any = None, said: dict[str, Any] | None = None, dataset: Any = DATASET) -> Path:
    import torch

    state = path.with_suffix(".pth")
    if isinstance(held, bytes):
        state.write_bytes(held)
    else:
        torch.save(checkpoint() if held is None else held, state)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{HOME}/plans.json", json.dumps(said or plans()))
        archive.writestr(f"{HOME}/dataset.json", json.dumps(dataset))
        archive.write(state, f"{HOME}/{CHECKPOINT}")
        archive.writestr(f"{HOME}/fold_0/progress.png", b"no picture")
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tools folder into which the model was fetched from an offline folder."""
    stick = tmp_path_factory.mktemp("stick")
    zipped(stick / ITEMS["lobes"].file)
    own = tmp_path_factory.mktemp("tools")
    fetch("lobes", own, lambda item, size: None, offline=stick)
    return own


@pytest.fixture(scope="module")
def tool(folder: Path) -> Any:
    registry = Registry()
    registry.add(in_place(Lobes, folder))
    return registry.get("lobes")


def chest(affine: Any = None, shape: tuple[int, int, int] = (40, 36, 30), **more: Any) -> Scan:
    rng = np.random.default_rng(2)
    voxels = rng.integers(-900, 300, size=shape).astype(np.int16)
    known = {"modality": Known("CT", "stated"), "body_part": Known("CHEST", "stated"), **more}
    return Scan.build(voxels, np.diag([2.0, 2.0, 3.0, 1.0]) if affine is None else affine, **known)


def test_both_ways_of_writing_plans_describe_one_network() -> None:
    assert Plan.read(plans(OLD), DATASET) == Plan.read(plans(NEW), DATASET)
    plan = Plan.read(plans(), DATASET)
    assert plan.lobes == {"left upper lobe": 2, "left lower lobe": 3, "right upper lobe": 4, "right middle lobe": 5,
                          "right lower lobe": 6}  # fmt: skip
    assert Plan.of_text(plan.to_text()) == plan


@pytest.mark.parametrize(
    ("said", "dataset", "reason"),
    [
        (plans({**OLD, "UNet_class_name": "ResidualEncoderUNet"}), DATASET, "its network is a ResidualEncoderUNet"),
        (plans({**OLD, "normalization_schemes": ["ZScoreNormalization"]}), DATASET, "not normalised as CT"),
        (plans(transpose_forward=[2, 0, 1]), DATASET, "another order"),
        (plans({**OLD, "patch_size": [16, 16]}), DATASET, "not one of a volume"),
        (plans({**OLD, "UNet_base_num_features": 100000, "unet_max_num_features": 10**6}), DATASET, "is not built"),
        (plans(), {"labels": {"background": 0, "liver": 1}}, "outlines no lung_"),
        ({}, DATASET, "lacks what is needed"),
    ],
)
def test_another_model_is_refused_with_the_reason(said: dict[str, Any], dataset: dict[str, Any], reason: str) -> None:
    with pytest.raises(NotAModel, match=reason):
        Plan.read(said, dataset)


def test_the_tensors_kept_are_the_checkpoints_own_each_once(folder: Path) -> None:
    from safetensors.torch import load_file

    got = load_file(folder / "lobes" / "weights.safetensors")
    due = checkpoint()["network_weights"]
    assert set(got) < set(due)
    assert all(bool((got[k] == due[k]).all()) for k in got)
    assert not [k for k in got if "all_modules" in k or k.startswith("decoder.encoder")]
    assert not list(folder.glob("**/*.pth"))
    assert not list(folder.glob("**/*.zip"))


def test_every_voxel_has_the_lobe_that_the_network_itself_gives(tool: Any, folder: Path) -> None:
    """One window holds the whole image, so that the library's network, asked directly, is the truth."""
    import torch

    scan = chest(np.diag([3.0, 3.0, 3.0, 1.0]), (16, 16, 16))
    network = untrained(Plan.read(plans(), DATASET))
    network.load_state_dict(checkpoint()["network_weights"])
    network.decoder.deep_supervision = False
    fed = (np.clip(np.asarray(scan.voxels, np.float32), -1000, 900) + 200) / 400
    with torch.inference_mode():
        classes = network.eval()(torch.from_numpy(fed.transpose(2, 1, 0).copy())[None, None])[0].argmax(0).numpy()
    result = tool.run(SegmentRequest(scan))
    masks = {m.label: m.voxels for m in (result.mask, *result.parts)}
    for value, name in enumerate(LOBES.values(), start=2):
        due = (classes == value).transpose(2, 1, 0)
        assert np.array_equal(masks.get(name, np.zeros(scan.shape, bool)), due), name
    assert len(masks) >= 2
    assert result.notes[0] == NOTE


def test_the_same_image_stored_another_way_has_the_same_lobes(tool: Any) -> None:
    """Axes turned round and swapped: the outlines lie at the same places of the patient."""
    scan = chest()
    turned = np.array(scan.affine) @ np.array([[0, -1, 0, 39], [1, 0, 0, 0], [0, 0, -1, 29], [0, 0, 0, 1.0]])
    voxels = np.flip(np.transpose(scan.voxels, (1, 0, 2)), (1, 2))
    other = Scan.build(np.ascontiguousarray(voxels), turned, modality=scan.modality, body_part=scan.body_part)
    found = [{m.label: m for m in (r.mask, *r.parts)} for r in (tool.run(SegmentRequest(s)) for s in (scan, other))]
    assert found[0].keys() == found[1].keys()
    for name, mask in found[0].items():
        again = np.transpose(np.flip(found[1][name].voxels, (1, 2)), (1, 0, 2))
        assert np.array_equal(mask.voxels, again), name


def test_what_is_out_of_scope_is_refused(tool: Any) -> None:
    with pytest.raises(NotApplicable, match="lobes works on modality CT"):
        tool.run(SegmentRequest(chest(modality=Known("MR", "stated"))))
    with pytest.raises(NotApplicable, match="body part CHEST"):
        tool.run(SegmentRequest(chest(body_part=Known(None, "unknown"))))


def test_without_weights_it_waits_and_says_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(NotFetched, match="scanwright tools fetch lobes"):
        in_place(Lobes, tmp_path)
    assert "scanwright tools fetch lobes" in Registry.discover(tmp_path).waiting["lobes"]


def test_the_size_is_said_before_and_the_address_as_not_tried(tmp_path: Path) -> None:
    item = ITEMS["lobes"]
    assert item.unchecked
    assert item.bytes == 135_386_075
    assert item.licence.startswith("Apache-2.0")


class Order:
    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return eval, ("1 / 0",)


@pytest.mark.parametrize(
    ("held", "reason"),
    [
        ({"network_weights": {"a": 1}}, "holds no network_weights"),
        ({"network_weights": {}}, "weights lack"),
        (pickle.dumps({"network_weights": Order()}), "more than tensors and numbers"),
        ({"network_weights": Order()}, "more than tensors and numbers"),
        (b"cut off", "more than tensors and numbers"),
    ],
)
def test_a_checkpoint_that_is_none_is_refused_and_runs_nothing(held: Any, reason: str, tmp_path: Path) -> None:
    archive = zipped(tmp_path / "model.zip", held)
    with pytest.raises(FetchFailed, match=reason):
        convert(archive, tmp_path / "weights.safetensors")
    assert not (tmp_path / "weights.safetensors").exists()


def test_a_zip_without_a_model_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "model.zip", "w") as archive:
        archive.writestr("readme.txt", "nothing")
    with pytest.raises(FetchFailed, match=r"holds 0 folders with plans\.json"):
        convert(tmp_path / "model.zip", tmp_path / "weights.safetensors")
    (tmp_path / "cut.zip").write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(FetchFailed, match="is damaged"):
        convert(tmp_path / "cut.zip", tmp_path / "weights.safetensors")
