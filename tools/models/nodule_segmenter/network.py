"""The segmenter's network: a small anisotropic 3-D U-Net (MONAI's DynUNet). Knows no scan, no millimetre, no file.

In-plane kernels at full resolution and at the bottom, 3x3x3 between; only the plane is pooled, so that a window of
any number of slices, thin or thick, passes. Batch norm: an answer does not depend on how large the window is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CHANNELS = (
    "attenuation", "inside the image", "click", "box", "clicks to leave out", "corrections to add", "outline before",
)  # fmt: skip
FIRST_CHANNELS = 5
"""Of the first part of the training, which knows no corrections."""
FILTERS = (16, 24, 32, 48)
MULTIPLE = 8
"""In-plane window sizes are multiples of this (three poolings by two)."""


def build_network(channels: int = len(CHANNELS)) -> Any:
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
        filters=FILTERS,
        norm_name=("BATCH", {"affine": True}),
        act_name=("leakyrelu", {"inplace": True, "negative_slope": 0.01}),
    )


def widened(weights: Mapping[str, Any], channels: int = len(CHANNELS)) -> dict[str, Any]:
    """Return weights for more input channels, the new ones without effect: the same answers as before."""
    import torch

    wanted = build_network(channels).state_dict()
    out = {}
    for name, value in weights.items():
        more = [] if wanted[name].shape == value.shape else [torch.zeros_like(wanted[name][:, value.shape[1] :])]
        out[name] = torch.cat([value, *more], dim=1) if more else value
    return out
