"""What an nnU-Net model folder says of its network, in the few numbers that are needed to build and to feed it.

Two ways of writing plans.json are read: the one before nnU-Net 2.2, which TotalSegmentator's weights came with, and
the one after. Names of classes and functions in them are compared with the one network that is built, never imported.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

LOBES = {
    "lung_upper_lobe_left": "left upper lobe", "lung_lower_lobe_left": "left lower lobe",
    "lung_upper_lobe_right": "right upper lobe", "lung_middle_lobe_right": "right middle lobe",
    "lung_lower_lobe_right": "right lower lobe",
}  # fmt: skip
"""TotalSegmentator's names of the five lobes, and ours."""
_CONFIGURATION = "3d_fullres"
_NETWORK = "PlainConvUNet"
MOST_STAGES, MOST_FEATURES, MOST_SIDE = 8, 512, 512
_BROKEN = (KeyError, TypeError, ValueError, IndexError, AttributeError)


class NotAModel(ValueError):
    """A folder is no nnU-Net model that is read here; the message says why."""


@dataclass(frozen=True)
class Plan:
    """How the network is built and fed. Axes of the network are (z, y, x) of a RAS image.

    Attributes:
        features, kernels, strides, encoder, decoder: a U-Net's stages.
        spacing: mm a voxel along (z, y, x).
        patch: voxels of a window along (z, y, x).
        low, high, mean, std: HU that values are cut at, then centred and scaled by.
        classes: number of output channels.
        lobes: output channel by the lobe's name.
    """

    features: tuple[int, ...]
    kernels: tuple[tuple[int, ...], ...]
    strides: tuple[tuple[int, ...], ...]
    encoder: tuple[int, ...]
    decoder: tuple[int, ...]
    spacing: tuple[float, ...]
    patch: tuple[int, ...]
    low: float
    high: float
    mean: float
    std: float
    classes: int
    lobes: Mapping[str, int]

    @classmethod
    def read(cls, plans: Mapping[str, Any], dataset: Mapping[str, Any]) -> Plan:
        """Read plans.json and dataset.json. Raises NotAModel."""
        try:
            return cls._read(plans, dataset)
        except NotAModel:
            raise
        except _BROKEN as error:
            why = f"{type(error).__name__}: {error}"
            raise NotAModel(f"plans.json or dataset.json lacks what is needed ({why})") from error

    @classmethod
    def _read(cls, plans: Mapping[str, Any], dataset: Mapping[str, Any]) -> Plan:
        held = plans["configurations"][_CONFIGURATION]
        if "inherits_from" in held:
            held = {**plans["configurations"][held["inherits_from"]], **held}
        if list(plans.get("transpose_forward", [0, 1, 2])) != [0, 1, 2]:
            raise NotAModel("its axes are in another order than (z, y, x)")
        if list(held["normalization_schemes"]) != ["CTNormalization"]:
            raise NotAModel("its images are not normalised as CT")
        labels = {str(k): int(v) for k, v in dataset["labels"].items()}
        missing = sorted(set(LOBES) - set(labels))
        if missing:
            raise NotAModel(f"it outlines no {missing[0]}; it was trained for {', '.join(sorted(labels)[:5])}…")
        hu = plans["foreground_intensity_properties_per_channel"]["0"]
        made = cls(
            **_stages(held), spacing=tuple(float(v) for v in held["spacing"]),
            patch=tuple(int(v) for v in held["patch_size"]), low=float(hu["percentile_00_5"]),
            high=float(hu["percentile_99_5"]), mean=float(hu["mean"]), std=float(hu["std"]), classes=len(labels),
            lobes={ours: labels[theirs] for theirs, ours in LOBES.items()},
        )  # fmt: skip
        made.check()
        return made

    def check(self) -> None:
        """Raise NotAModel for numbers that no network of this kind has."""
        stages = len(self.features)
        if not 2 <= stages <= MOST_STAGES or max(self.features) > MOST_FEATURES or min(self.features) < 1:
            raise NotAModel(f"a U-Net of {stages} stages with up to {max(self.features)} features is not built")
        if not len(self.kernels) == len(self.strides) == len(self.encoder) == stages == len(self.decoder) + 1:
            raise NotAModel("its stages are not of one number")
        threes = (self.spacing, self.patch, *self.kernels, *self.strides)
        if any(len(t) != 3 for t in threes) or max(self.patch) > MOST_SIDE or min(self.spacing) <= 0 or self.std <= 0:
            raise NotAModel("its window, spacing or scale is not one of a volume")
        if not all(0 < v < self.classes for v in self.lobes.values()):
            raise NotAModel("its labels do not fit its outputs")

    def to_text(self) -> str:
        """Return it as JSON text that `of_text` reads back identical."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def of_text(cls, text: str) -> Plan:
        """Read `to_text`'s text. Raises NotAModel."""
        try:
            data = json.loads(text)
            made = cls(**{k: _frozen(v) for k, v in data.items()})
            made.check()
        except _BROKEN as error:
            raise NotAModel(f"its plan cannot be read ({type(error).__name__})") from error
        return made


def _stages(held: Mapping[str, Any]) -> dict[str, Any]:
    """Return a network's stages from either way of writing them."""
    if "architecture" in held:
        name, said = str(held["architecture"]["network_class_name"]), held["architecture"]["arch_kwargs"]
        features, kernels, strides = said["features_per_stage"], said["kernel_sizes"], said["strides"]
        encoder, decoder = said["n_conv_per_stage"], said["n_conv_per_stage_decoder"]
    else:
        name = str(held["UNet_class_name"])
        kernels, strides = held["conv_kernel_sizes"], held["pool_op_kernel_sizes"]
        base, most = int(held["UNet_base_num_features"]), int(held["unet_max_num_features"])
        features = [min(base * 2**n, most) for n in range(len(kernels))]
        encoder, decoder = held["n_conv_per_stage_encoder"], held["n_conv_per_stage_decoder"]
    if name.rpartition(".")[2] != _NETWORK:
        raise NotAModel(f"its network is a {name.rpartition('.')[2]}; {_NETWORK} is built")
    return {
        "features": tuple(int(v) for v in features), "kernels": tuple(tuple(int(v) for v in k) for k in kernels),
        "strides": tuple(tuple(int(v) for v in s) for s in strides), "encoder": tuple(int(v) for v in encoder),
        "decoder": tuple(int(v) for v in decoder),
    }  # fmt: skip


def _frozen(value: Any) -> Any:
    return tuple(_frozen(v) for v in value) if isinstance(value, list) else value
