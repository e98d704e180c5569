"""TotalSegmentator's released folder, a zip with an nnU-Net checkpoint -> its tensors and its plan as one safetensors.

The checkpoint is a pickle: it is read as weights only, where nothing but tensors, plain values and numpy's numbers
(the training log is full of them) is built. Everything but the network's own tensors is left behind.
"""

from __future__ import annotations

import json
import tempfile
import warnings
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

from tools.fetch.errors import FetchFailed
from tools.models.lobes.plans import NotAModel, Plan

CHECKPOINT = "fold_0/checkpoint_final.pth"
MOST_BYTES = 2 * 2**30
"""Larger than any checkpoint of this kind: the released one has 250 MB."""
MOST_TEXT = 16 * 2**20
_TWICE = ("decoder.encoder.", ".all_modules.")
"""The same tensors under a second name: the decoder holds the encoder, a block holds its parts in a row as well."""
_WRAPPED = ("_orig_mod.", "module.")
_BROKEN = (
    OSError, EOFError, ValueError, KeyError, RuntimeError, TypeError, AttributeError, NotImplementedError,
    zipfile.BadZipFile,
)  # fmt: skip


def convert(file: Path, target: Path) -> None:
    """Write the network's tensors and its plan. Raises FetchFailed when the zip holds anything else."""
    from safetensors.torch import save_file

    try:
        with zipfile.ZipFile(file) as archive, tempfile.TemporaryDirectory(dir=target.parent) as room:
            home = _home(archive)
            plan = Plan.read(_json(archive, home, "plans.json"), _json(archive, home, "dataset.json"))
            tensors = _tensors(_unpacked(archive, home, Path(room)))
        _fits(plan, tensors)
    except NotAModel as error:
        raise FetchFailed(f"{file.name} is no lobe model that is read: {error}. Nothing in it was run.") from error
    except _BROKEN as error:
        raise FetchFailed(
            f"{file.name} is damaged, or holds more than tensors and numbers ({type(error).__name__}); nothing in it "
            "was run. Fetch it again."
        ) from error
    save_file(tensors, target, metadata={"plan": plan.to_text()})


def untrained(plan: Plan) -> Any:
    """Return the network of a plan, from the library it was released with. Raises FetchFailed without the extra."""
    try:
        from dynamic_network_architectures.architectures.unet import PlainConvUNet
    except ImportError as error:
        raise FetchFailed("This needs the extra lobes: pip install 'scanwright[lobes]'.") from error
    from torch import nn

    return PlainConvUNet(
        1, len(plan.features), plan.features, nn.Conv3d, plan.kernels, plan.strides, plan.encoder, plan.classes,
        plan.decoder, conv_bias=True, norm_op=nn.InstanceNorm3d, norm_op_kwargs={"eps": 1e-5, "affine": True},
        nonlin=nn.LeakyReLU, nonlin_kwargs={"inplace": True},
    )  # fmt: skip


def fill(network: Any, tensors: dict[str, Any]) -> None:
    """Fill in a network's tensors. Raises NotAModel when they do not fit."""
    try:
        found = network.load_state_dict(tensors, strict=False)
    except RuntimeError as error:
        raise NotAModel("its weights do not fit the network that its plan describes") from error
    lacking = [k for k in found.missing_keys if not _second(k)]
    if lacking or found.unexpected_keys:
        more = len(found.unexpected_keys)
        raise NotAModel(f"its weights lack {len(lacking)} tensors of its network and hold {more} others")


def _home(archive: zipfile.ZipFile) -> PurePosixPath:
    """Return the one folder of the zip that holds a model."""
    names = set(archive.namelist())
    homes = [PurePosixPath(n).parent for n in names if PurePosixPath(n).name == "plans.json"]
    whole = [h for h in homes if {str(h / "dataset.json"), str(h / CHECKPOINT)} <= names]
    if len(whole) != 1:
        raise NotAModel(f"it holds {len(whole)} folders with plans.json, dataset.json and {CHECKPOINT}; one is due")
    return whole[0]


def _json(archive: zipfile.ZipFile, home: PurePosixPath, name: str) -> dict[str, Any]:
    if archive.getinfo(str(home / name)).file_size > MOST_TEXT:
        raise NotAModel(f"its {name} is too large")
    data = json.loads(archive.read(str(home / name)))
    if not isinstance(data, dict):
        raise NotAModel(f"its {name} holds no names with values")
    return data


def _unpacked(archive: zipfile.ZipFile, home: PurePosixPath, room: Path) -> Path:
    known = archive.getinfo(str(home / CHECKPOINT))
    if known.file_size > MOST_BYTES:
        raise NotAModel(f"its checkpoint has {known.file_size / 1e9:.1f} GB")
    target = room / "checkpoint.pth"
    with archive.open(known) as source, target.open("wb") as out:
        while piece := source.read(1 << 20):
            out.write(piece)
    return target


def _tensors(checkpoint: Path) -> dict[str, Any]:
    """Return a checkpoint's network, each tensor once, in single precision."""
    import torch

    with torch.serialization.safe_globals(_numbers()), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of another pickle protocol: what cannot be read is refused all the same
        try:
            held = torch.load(checkpoint, map_location="cpu", weights_only=True)
        except Exception as error:
            if type(error).__name__ != "UnpicklingError":  # what torch raises for anything but tensors and numbers
                raise
            raise ValueError("it holds what is not read") from error
    weights = held.get("network_weights") if isinstance(held, dict) else None
    if not isinstance(weights, dict) or not all(isinstance(v, torch.Tensor) for v in weights.values()):
        raise NotAModel("its checkpoint holds no network_weights")
    named = {_bare(str(k)): v for k, v in weights.items()}
    return {k: v.float().contiguous().clone() for k, v in named.items() if not _second(k)}


def _fits(plan: Plan, tensors: dict[str, Any]) -> None:
    fill(untrained(plan), tensors)


def _second(name: str) -> bool:
    return name.startswith(_TWICE[0]) or _TWICE[1] in name


def _bare(name: str) -> str:
    for prefix in _WRAPPED:
        name = name.removeprefix(prefix)
    return name


def _numbers() -> list[Any]:
    """Return numpy's scalars and their kinds, under the names that older and newer numpy pickle them by."""
    import numpy as np
    from numpy._core.multiarray import scalar

    kinds = [type(np.dtype(t)) for t in (np.float64, np.float32, np.int64, np.int32, np.bool_)]
    return [(scalar, "numpy.core.multiarray.scalar"), scalar, np.dtype, *kinds]
