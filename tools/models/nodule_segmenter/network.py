"""The segmenter's network: a small anisotropic 3-D U-Net (MONAI's DynUNet). Knows no scan, no millimetre, no file.

In-plane kernels at full resolution and at the bottom, 3x3x3 between; only the plane is pooled, so that a window of
any number of slices, thin or thick, passes. Batch norm: an answer does not depend on how large the window is.
"""

from __future__ import annotations

from typing import Any

CHANNELS = ("attenuation", "inside the image", "click", "box", "clicks to leave out")
FILTERS = (16, 24, 32, 48)
MULTIPLE = 8
"""In-plane window sizes are multiples of this (three poolings by two)."""


def build_network() -> Any:
    """Return the untrained network: (batch, 5 channels, slices, rows, columns) -> logits (batch, 1, same)."""
    from monai.networks.nets import DynUNet

    plane, cube = (1, 3, 3), (3, 3, 3)
    return DynUNet(
        spatial_dims=3,
        in_channels=len(CHANNELS),
        out_channels=1,
        kernel_size=(plane, cube, cube, plane),
        strides=((1, 1, 1), (1, 2, 2), (1, 2, 2), (1, 2, 2)),
        upsample_kernel_size=((1, 2, 2), (1, 2, 2), (1, 2, 2)),
        filters=FILTERS,
        norm_name=("BATCH", {"affine": True}),
        act_name=("leakyrelu", {"inplace": True, "negative_slope": 0.01}),
    )
