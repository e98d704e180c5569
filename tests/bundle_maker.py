"""Small MONAI bundles with random weights, whole or broken in one place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

METADATA: dict[str, Any] = {
    "version": "0.3.0",
    "task": "Tiny segmentation",
    "description": "Outlines bright voxels.",
    "authors": "A. Researcher",
    "copyright": "MIT",
    "network_data_format": {
        "inputs": {"image": {"type": "image", "format": "hounsfield", "modality": "CT", "num_channels": 1, "spatial_shape": [16, 16, 16]}},
        "outputs": {"pred": {"type": "image", "format": "segmentation", "num_channels": 2, "channel_def": {"0": "background", "1": "bright"}}},
    },
}
INFERENCE: dict[str, Any] = {
    "imports": ["$import os", "$os.system('touch SHOULD_NOT_EXIST')"],
    "patch": [16, 16, 16],
    "network_def": {
        "_target_": "monai.networks.nets.UNet", "spatial_dims": 3, "in_channels": 1, "out_channels": 2,
        "channels": [4, 8], "strides": [2],
    },
    "preprocessing": {
        "_target_": "Compose",
        "transforms": [
            {"_target_": "LoadImaged", "keys": "image"},
            {"_target_": "EnsureChannelFirstd", "keys": "image"},
            {"_target_": "Orientationd", "keys": "image", "axcodes": "LPS"},
            {"_target_": "Spacingd", "keys": "image", "pixdim": [2.0, 2.0, 2.0], "mode": "bilinear"},
            {"_target_": "ScaleIntensityRanged", "keys": "image", "a_min": -1000, "a_max": "$500 + 500", "b_min": 0.0, "b_max": 1.0},
        ],
    },
    "inferer": {"_target_": "SlidingWindowInferer", "roi_size": "@patch", "sw_batch_size": "$1 * 2", "overlap": 0.25},
    "postprocessing": {
        "_target_": "Compose",
        "transforms": [
            {"_target_": "Activationsd", "keys": "pred", "softmax": True},
            {"_target_": "Invertd", "keys": "pred", "transform": "@preprocessing", "orig_keys": "image", "nearest_interp": False},
            {"_target_": "AsDiscreted", "keys": "pred", "argmax": True},
            {"_target_": "SaveImaged", "keys": "pred", "output_dir": "somewhere"},
        ],
    },
}  # fmt: skip


def make_bundle(
    folder: Path, *, metadata: dict[str, Any] | None = None, inference: dict[str, Any] | None = None, weights: str = "model.safetensors",
    extra: dict[str, Any] | None = None,
) -> Path:
    """Write a bundle folder and return it; top-level entries given replace those of the whole one."""
    (folder / "configs").mkdir(parents=True)
    (folder / "models").mkdir()
    (folder / "configs" / "metadata.json").write_text(json.dumps(METADATA | (metadata or {})))
    (folder / "configs" / "inference.json").write_text(json.dumps(INFERENCE | (inference or {})))
    if extra is not None:
        (folder / "scanwright.json").write_text(json.dumps(extra))
    if weights:
        save_weights(folder / "models" / weights)
    return folder


def bright_network() -> Any:
    """Return the network of `INFERENCE` with seeded random weights."""
    import torch
    from monai.networks.nets import UNet

    torch.manual_seed(3)
    return UNet(spatial_dims=3, in_channels=1, out_channels=2, channels=(4, 8), strides=(2,))


def save_weights(path: Path) -> None:
    """Save the seeded network's state as safetensors or .pt, by the path's ending."""
    import torch
    from safetensors.torch import save_file

    state = bright_network().state_dict()
    if path.suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save(state, path)


SCORING: dict[str, Any] = {
    "version": "0.2.0",
    "task": "Tiny classification",
    "description": "Scores how a bright ball looks.",
    "authors": "A. Researcher",
    "copyright": "MIT",
    "network_data_format": {
        "inputs": METADATA["network_data_format"]["inputs"],
        "outputs": {"pred": {"type": "probabilities", "format": "classes", "num_channels": 3, "spatial_shape": [1, 3],
                             "channel_def": {"0": "solid", "1": "part-solid", "2": "Ground glass"}}},
    },
}  # fmt: skip
DENSE: dict[str, Any] = {
    "spatial_dims": 3, "in_channels": 1, "out_channels": 3, "init_features": 4, "growth_rate": 2, "block_config": [1, 1],
}  # fmt: skip
SCORES: dict[str, Any] = {
    "network_def": {"_target_": "DenseNet", **DENSE},
    "preprocessing": {
        "_target_": "Compose",
        "transforms": [
            {"_target_": "LoadImaged", "keys": "image"},
            {"_target_": "EnsureChannelFirstd", "keys": "image"},
            {"_target_": "ScaleIntensityRanged", "keys": "image", "a_min": -1000, "a_max": 1000, "b_min": 0.0, "b_max": 1.0},
            {"_target_": "Resized", "keys": "image", "spatial_size": [16, 16, 16]},
        ],
    },
    "inferer": {"_target_": "SimpleInferer"},
    "postprocessing": {
        "_target_": "Compose",
        "transforms": [{"_target_": "Activationsd", "keys": "pred", "softmax": True}, {"_target_": "SaveImaged", "keys": "pred"}],
    },
}


def make_classifier(
    folder: Path, *, classes: dict[str, str] | None = None, output: dict[str, Any] | None = None, inputs: dict[str, Any] | None = None,
    inference: dict[str, Any] | None = None, extra: dict[str, Any] | None = None, network: Any = None,
) -> Path:
    """Write a bundle that scores three classes with a small seeded DenseNet; what is given replaces what it says."""
    from safetensors.torch import save_file

    said = SCORING["network_data_format"]
    pred = said["outputs"]["pred"] | ({"channel_def": classes} if classes is not None else {}) | (output or {})
    image = said["inputs"]["image"] | (inputs or {})
    made = make_bundle(
        folder, metadata=SCORING | {"network_data_format": {"inputs": {"image": image}, "outputs": {"pred": pred}}},
        inference=SCORES | (inference or {}), weights="", extra=extra,
    )  # fmt: skip
    save_file((network or dense_network()).state_dict(), made / "models" / "model.safetensors")
    return made


def dense_network(**changes: Any) -> Any:
    """Return the network of `SCORES` with seeded random weights."""
    import torch
    from monai.networks.nets import DenseNet

    torch.manual_seed(5)
    return DenseNet(**(DENSE | changes)).eval()
