"""The segmenter's network: a small anisotropic 3-D U-Net (MONAI's DynUNet). Knows no scan, no millimetre, no file.

In-plane kernels at full resolution and at the bottom, 3x3x3 between; only the plane is pooled, so that a window of
any number of slices, thin or thick, passes. Batch norm: an answer does not depend on how large the window is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

CHANNELS = (
    "attenuation", "inside the image", "click", "box", "clicks to leave out", "corrections to add", "outline before",
)  # fmt: skip
FIRST_CHANNELS = 5
"""Of the first part of the training, which knows no corrections."""
NARROW, FILTERS = (16, 24, 32, 48), (32, 48, 64, 96)
"""Of the network that the training begins with, and of the one that is shipped."""


_FIRST_LAYER = ("input_block.conv1.conv.weight", "skip_layers.downsample.conv1.conv.weight")
"""The layer that sees the input, and the second name under which DynUNet keeps it."""


def build_network(channels: int = len(CHANNELS), filters: Sequence[int] = FILTERS) -> Any:
    """Return the untrained network: (batch, channels, slices, rows, columns) -> logits (batch, 1, same)."""
    from monai.networks.nets import DynUNet

    plane, cube = (1, 3, 3), (3, 3, 3)
    return DynUNet(
        spatial_dims=3,
        in_channels=channels,
        out_channels=1,
        kernel_size=(plane, cube, cube, plane),
        strides=((1, 1, 1), (1, 2, 2), (1, 2, 2), (1, 2, 2)),
        upsample_kernel_size=((1, 2, 2), (1, 2, 2), (1, 2, 2)),
        filters=filters,
        norm_name=("BATCH", {"affine": True}),
        act_name=("leakyrelu", {"inplace": True, "negative_slope": 0.01}),
    )


def widened(weights: Mapping[str, Any], channels: int = len(CHANNELS)) -> dict[str, Any]:
    """Return weights for more input channels, the new ones without effect: the same answers as before."""
    import torch

    out = dict(weights)
    for name in _FIRST_LAYER:
        old = weights[name]
        more = torch.zeros_like(old[:, :1]).repeat(1, channels - old.shape[1], 1, 1, 1)
        out[name] = torch.cat([old, more], dim=1)
    return out


def grown(weights: Mapping[str, Any]) -> dict[str, Any]:
    """Return a narrow network's weights for the shipped width: the same answers, with room to learn.

    New features begin at random and see everything; what was there before does not see them yet.
    """
    wanted: dict[str, Any] = build_network().state_dict()
    for name, new in wanted.items():
        old = weights[name]
        if old.dim() < 2:
            new[tuple(slice(n) for n in old.shape)] = old
        elif "transp_conv" in name:  # (in, out, kernel)
            new[old.shape[0] :, : old.shape[1]] = 0.0
            new[: old.shape[0], : old.shape[1]] = old
        else:  # (out, in, kernel); after the way up the inputs are two halves, from below and from across
            halves = 2 if "upsample" in name and "conv_block.conv1" in name else 1
            new[: old.shape[0]] = 0.0
            for half in range(halves):
                size, first = old.shape[1] // halves, new.shape[1] // halves * half
                new[: old.shape[0], first : first + size] = old[:, size * half : size * (half + 1)]
    return wanted
