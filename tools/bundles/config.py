"""A bundle's configuration: read as data, its references followed, its parts built from an allow-list.

Only what is asked for is looked at: a configuration's training half, its data lists and its imports are never touched.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools.bundles.expressions import Refused, value_of

MOST_BYTES = 2**20
MOST_DEPTH = 40

NETWORKS = frozenset((
    "UNet", "BasicUNet", "BasicUNetPlusPlus", "DynUNet", "AttentionUnet", "SegResNet", "SegResNetVAE", "SegResNetDS",
    "SegResNetDS2", "UNETR", "SwinUNETR", "VNet", "HighResNet", "FlexibleUNet", "DiNTS", "TopologySearch",
    "TopologyInstance", "ResNet", "resnet10", "resnet18", "resnet34", "resnet50", "DenseNet", "DenseNet121",
    "DenseNet169", "DenseNet201", "DenseNet264", "EfficientNetBN", "SENet", "SEResNet50", "ViT", "MILModel",
    "RegUNet", "AHNet", "Classifier", "Regressor", "UNETRPP", "MedNeXt", "VISTA3D",
))  # fmt: skip
"""Networks that are built from numbers alone. TorchVisionFCModel and HoVerNet would download weights."""
INFERERS = frozenset(("SimpleInferer", "SlidingWindowInferer", "SlidingWindowInfererAdapt", "SliceInferer"))
_TRANSFORMS = (
    "EnsureChannelFirst", "EnsureType", "Orientation", "Spacing", "SpatialResample", "Resize", "Zoom", "Rotate90",
    "Flip", "Transpose", "SpatialPad", "DivisiblePad", "BorderPad", "ResizeWithPadOrCrop", "CenterSpatialCrop",
    "SpatialCrop", "CropForeground", "CenterScaleCrop", "ScaleIntensity", "ScaleIntensityRange",
    "ScaleIntensityRangePercentiles", "ClipIntensityPercentiles", "NormalizeIntensity",
    "ThresholdIntensity", "ShiftIntensity", "AdjustContrast",
    "GaussianSmooth", "MedianSmooth", "SavitzkyGolaySmooth", "HistogramNormalize", "MaskIntensity", "CastToType",
    "ToTensor", "ToNumpy", "RepeatChannel", "SqueezeDim", "Activations", "AsDiscrete", "KeepLargestConnectedComponent",
    "RemoveSmallObjects", "FillHoles", "LabelFilter", "LabelToContour", "MapLabelValue", "AsChannelLast", "Invert",
    "Identity", "MeanEnsemble", "VoteEnsemble",
)  # fmt: skip
_ON_DICTIONARIES = ("DeleteItems", "SelectItems", "CopyItems", "ConcatItems")
_TAILS = ("d", "D", "Dict")
TRANSFORMS = frozenset(
    ("Compose", *_TRANSFORMS, *(name + tail for name in (*_TRANSFORMS, *_ON_DICTIONARIES) for tail in _TAILS))
)
REPLACED = frozenset(n + tail for n in ("LoadImage", "SaveImage") for tail in ("", "d", "D", "Dict"))
"""Reading and writing files is ours: these steps are left out."""
_ACTIVATIONS = frozenset(("ReLU", "LeakyReLU", "PReLU", "GELU", "Sigmoid", "Softmax", "Identity", "SiLU", "ELU"))
_PLACES = (
    ("monai.networks.nets", NETWORKS), ("monai.inferers", INFERERS), ("monai.transforms", TRANSFORMS),
    ("torch.nn", _ACTIVATIONS),
)  # fmt: skip
NOT_LISTED = ", which is not on the list of networks, transforms and inferers"
_NEVER = ("pretrained", "pretrained_url", "pretrained_path", "download", "func", "inv_func", "load_from", "use_pickle")
"""Arguments that would fetch, load or call something."""


class Config:
    """One bundle's configuration files, as one dictionary, later files over earlier ones."""

    def __init__(self, data: Mapping[str, Any], folder: Path, device: str = "cpu") -> None:
        self.data = dict(data)
        self.folder = folder
        self.device = device
        self._built: dict[str, Any] = {}

    @classmethod
    def read(cls, path: Path, device: str = "cpu") -> Config:
        """Read a JSON or YAML file of a bundle. Raises Refused."""
        return cls(read_mapping(path), path.parent.parent, device)

    def has(self, key: str) -> bool:
        """Whether there is a top-level entry."""
        return key in self.data

    def first(self, *keys: str) -> str | None:
        """Return the first of these names that there is."""
        return next((key for key in keys if key in self.data), None)

    def build(self, key: str) -> Any:
        """Return an entry with references followed and parts built, the same object each time. Raises Refused."""
        if key not in self._built:
            self._built[key] = self._value(self._raw(key), (key,))
        return self._built[key]

    def _raw(self, path: str) -> Any:
        found: Any = self.data
        for step in path.replace("#", "::").split("::"):
            try:
                found = found[int(step)] if isinstance(found, list) else found[step]
            except (KeyError, IndexError, TypeError, ValueError):
                raise Refused(f"the configuration has no {path!r}") from None
        return found

    def _value(self, raw: Any, trail: tuple[str, ...]) -> Any:
        if len(trail) > MOST_DEPTH:
            raise Refused(f"the configuration is nested too deeply or refers to itself at {trail[0]!r}")
        if isinstance(raw, str):
            return self._text(raw, trail)
        if isinstance(raw, list):
            return [v for v in (self._value(r, (*trail, "")) for r in raw) if v is not _LEFT_OUT]
        if isinstance(raw, dict):
            if "_target_" in raw:
                return self._part(raw, trail)
            return {k: self._value(v, (*trail, k)) for k, v in raw.items()}
        return raw

    def _text(self, raw: str, trail: tuple[str, ...]) -> Any:
        def look_up(name: str) -> Any:
            return self._reference(name, trail)

        if raw.startswith("$"):
            return value_of(raw[1:].strip(), look_up)
        if raw.startswith("@"):
            return look_up(raw[1:])
        if raw.startswith("%"):
            return self._value(self._raw(raw[1:]), (*trail, raw))
        return raw

    def _reference(self, name: str, trail: tuple[str, ...]) -> Any:
        if name == "device":
            return self.device
        if name in trail:
            raise Refused(f"the configuration refers to itself: {' -> '.join((*trail, name))}")
        if name not in self._built:
            self._built[name] = self._value(self._raw(name), (*trail, name))
        return self._built[name]

    def _part(self, raw: dict[str, Any], trail: tuple[str, ...]) -> Any:
        target = str(raw["_target_"])
        disabled = self._value(raw.get("_disabled_", False), (*trail, "_disabled_"))
        if disabled in (True, "true", "True") or target.rpartition(".")[2] in REPLACED:
            return _LEFT_OUT
        kind = allowed(target)
        given = {k: self._value(v, (*trail, k)) for k, v in raw.items() if not k.startswith("_")}
        refuse_fetching(target, given)
        given |= {name: False for name in _fetching_by_default(kind) if name not in given}
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FutureWarning)  # of defaults that MONAI changed
                return kind(**given)
        except Refused:
            raise
        except Exception as error:
            raise Refused(f"{target} cannot be built: {str(error).splitlines()[0][:200]}") from error


class _LeftOut:
    """Stands for a step that is not taken."""


_LEFT_OUT = _LeftOut()


def _fetching_by_default(kind: Any) -> list[str]:
    """Return the arguments of a network's that would fetch weights when they are left out."""
    import inspect

    return [p.name for p in inspect.signature(kind).parameters.values() if p.name in _NEVER and p.default is True]


def refuse_fetching(target: str, given: Mapping[str, Any]) -> None:
    """Raise Refused when a part is given an argument that would fetch, load or call something."""
    for name in _NEVER:
        if given.get(name) not in (None, False, ""):
            raise Refused(f"{target} is asked to {name.replace('_', ' ')}, which is not done here")


def is_listed(target: str) -> bool:
    """Return whether a name, short or full, is on the list; nothing is imported."""
    return bool(_places(target))


def _places(target: str) -> list[str]:
    short = target.rpartition(".")[2]
    return [p for p, names in _PLACES if short in names and (target == short or target.startswith(f"{p}."))]


def allowed(target: str) -> Any:
    """Return the class or function of a name on the list, short or full. Raises Refused."""
    short = target.rpartition(".")[2]
    for place in _places(target):
        import importlib

        found = getattr(importlib.import_module(place), short, None)
        if found is not None:
            return found
    raise Refused(f"it asks for {target!r}{NOT_LISTED}")


def read_mapping(path: Path) -> dict[str, Any]:
    """Return a JSON or YAML file's dictionary. Raises Refused."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise Refused(f"{path.name} has {path.stat().st_size} bytes; a configuration has at most {MOST_BYTES}")
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".json":
            data = json.loads(text)
        else:
            import yaml

            data = yaml.safe_load(text)
    except OSError as error:
        raise Refused(f"{path.name} is missing or cannot be read") from error
    except (ValueError, RecursionError) as error:
        raise Refused(f"{path.name} is not JSON: {str(error)[:120]}") from error
    except Exception as error:
        if type(error).__module__.startswith("yaml"):
            raise Refused(f"{path.name} is not YAML: {str(error).splitlines()[0][:120]}") from error
        raise
    if not isinstance(data, dict):
        raise Refused(f"{path.name} holds no names with values")
    return data
