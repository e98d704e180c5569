"""The segmenter's network for answers alone, of torch's own layers: importing MONAI for it took most of a first click.

Built from the weights, whose names and shapes say it all but the pooling; the same layers in the same order as
`network.py`'s DynUNet, so that each answer is the same to the bit. Training stays with that one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

POOLING = (1, 2, 2)
"""Of each level but the first, as in `network.py`."""
SLOPE = 0.01
"""Of the leaky ReLUs."""
COPIES = "skip_layers."
"""DynUNet saves each layer a second time under this name."""


def lean_network(weights: Mapping[str, Any], channels: int) -> Any:
    """Return the network with these weights: (batch, channels, slices, rows, columns) -> logits (batch, 1, same).

    Args:
        weights: as `train.py` saves them; those of fewer channels get further ones that have no effect.
        channels: of the input.

    Raises:
        RuntimeError: they are not of this network.
    """
    kept = {name: value for name, value in weights.items() if not name.startswith(COPIES)}
    first = "input_block.conv1.conv.weight"
    if first not in kept:
        raise RuntimeError(f"the weights hold no {first}")
    kept[first] = _widened(kept[first], channels)
    network = _build(kept)
    network.load_state_dict(kept)
    return network.eval()


def _widened(weight: Any, channels: int) -> Any:
    import torch

    more = channels - weight.shape[1]
    return torch.cat([weight, torch.zeros_like(weight[:, :1]).repeat(1, more, 1, 1, 1)], dim=1) if more > 0 else weight


def _build(weights: Mapping[str, Any]) -> Any:
    import torch
    from torch import nn

    class Conv(nn.Module):
        def __init__(self, name: str, stride: tuple[int, int, int] = (1, 1, 1), up: bool = False) -> None:
            super().__init__()
            out, given, a, b, c = weights[f"{name}.conv.weight"].shape
            bias = f"{name}.conv.bias" in weights
            self.conv: nn.Module = (
                nn.ConvTranspose3d(out, given, (a, b, c), stride, bias=bias)
                if up
                else nn.Conv3d(given, out, (a, b, c), stride, (a // 2, b // 2, c // 2), bias=bias)
            )

        def forward(self, x: Any) -> Any:
            return self.conv(x)

    class Block(nn.Module):
        def __init__(self, name: str, stride: tuple[int, int, int] = (1, 1, 1)) -> None:
            super().__init__()
            self.conv1, self.conv2 = Conv(f"{name}.conv1", stride), Conv(f"{name}.conv2")
            self.norm1, self.norm2 = (nn.BatchNorm3d(len(weights[f"{name}.norm{n}.weight"])) for n in (1, 2))
            self.lrelu = nn.LeakyReLU(SLOPE, inplace=True)

        def forward(self, x: Any) -> Any:
            x = self.lrelu(self.norm1(self.conv1(x)))
            return self.lrelu(self.norm2(self.conv2(x)))

    class Up(nn.Module):
        def __init__(self, name: str) -> None:
            super().__init__()
            self.transp_conv = Conv(f"{name}.transp_conv", POOLING, up=True)
            self.conv_block = Block(f"{name}.conv_block")

        def forward(self, x: Any, skip: Any) -> Any:
            return self.conv_block(torch.cat((self.transp_conv(x), skip), dim=1))

    class Lean(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            levels = len({name.split(".")[1] for name in weights if name.startswith("downsamples.")})
            self.input_block = Block("input_block")
            self.downsamples = nn.ModuleList(Block(f"downsamples.{n}", POOLING) for n in range(levels))
            self.bottleneck = Block("bottleneck", POOLING)
            self.upsamples = nn.ModuleList(Up(f"upsamples.{n}") for n in range(levels + 1))
            self.output_block = nn.ModuleDict({"conv": Conv("output_block.conv")})

        def forward(self, x: Any) -> Any:
            skips = [self.input_block(x)]
            for down in self.downsamples:
                skips.append(down(skips[-1]))
            x = self.bottleneck(skips[-1])
            for up, skip in zip(self.upsamples, reversed(skips), strict=True):
                x = up(x, skip)
            return self.output_block["conv"](x)

    return Lean()
