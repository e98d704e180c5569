"""Windows over a volume: how large, and where each begins. Whole numbers of voxels; knows no network and no torch.

A volume smaller than the window is padded, half on either side, as MONAI does it, so that a bundle's own window gives
the bundle's own answers. `fitted` makes windows that need little padding: the volume in one piece where memory allows.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

OVERLAP = 0.25
"""Of a window's side that its neighbour sees too, where a volume takes more than one: MONAI's default."""


@dataclass(frozen=True)
class Windows:
    """All windows of one volume.

    Attributes:
        shape: of the volume, voxels an axis.
        size: of a window.
        overlap: share of a side that neighbours have in common, an axis.
    """

    shape: tuple[int, ...]
    size: tuple[int, ...]
    overlap: tuple[float, ...]

    @classmethod
    def over(cls, shape: Sequence[int], size: Sequence[int], overlap: float | Sequence[float] = OVERLAP) -> Windows:
        """Return the windows of a size over a volume; a side of 0 or less is the volume's own.

        Raises:
            ValueError: other numbers of axes, or an overlap that is none.
        """
        shares = tuple(overlap) if isinstance(overlap, Sequence) else (float(overlap),) * len(shape)
        if len(size) != len(shape) or len(shares) != len(shape):
            raise ValueError(f"{len(size)} sides and {len(shares)} overlaps for {len(shape)} axes; give one an axis.")
        if not all(0 <= o < 1 for o in shares):
            raise ValueError(f"The overlap is {shares}; each is from 0 to below 1.")
        return cls(tuple(shape), tuple(s if s > 0 else n for s, n in zip(size, shape, strict=True)), shares)

    @property
    def padded(self) -> tuple[int, ...]:
        """Return the volume's shape with the padding."""
        return tuple(max(n, s) for n, s in zip(self.shape, self.size, strict=True))

    @property
    def padding(self) -> tuple[tuple[int, int], ...]:
        """Return the voxels added before and after, an axis."""
        spare = [p - n for p, n in zip(self.padded, self.shape, strict=True)]
        return tuple((s // 2, s - s // 2) for s in spare)

    def __iter__(self) -> Iterator[tuple[slice, ...]]:
        """Yield each window's place in the padded volume."""
        axes = [
            [slice(at, at + size) for at in starts(length, size, overlap)]
            for length, size, overlap in zip(self.padded, self.size, self.overlap, strict=True)
        ]
        return itertools.product(*axes)

    def __len__(self) -> int:
        """Return how many windows there are."""
        sides = zip(self.padded, self.size, self.overlap, strict=True)
        return math.prod(len(starts(*side)) for side in sides)

    @property
    def voxels(self) -> int:
        """Return the voxels of one window."""
        return math.prod(self.size)


def starts(length: int, size: int, overlap: float) -> list[int]:
    """Return where windows begin along an axis; the last ends with the volume."""
    if size >= length:
        return [0]
    step = max(1, int(size * (1 - overlap)))
    count = math.ceil((length - size) / step) + 1
    return [min(n * step, length - size) for n in range(count)]


def fitted(
    shape: Sequence[int], multiple: int | Sequence[int], most_voxels: float, overlap: float = OVERLAP
) -> tuple[int, ...]:
    """Return a window for a volume: all of it when it has no more voxels than that, else one of few equal parts.

    Args:
        shape: of the volume.
        multiple: what sides must be a multiple of (the network's poolings), one number or one an axis.
        most_voxels: that a window may have.
        overlap: of neighbours.
    """
    steps = tuple(multiple) if isinstance(multiple, Sequence) else (multiple,) * len(shape)
    parts = [1] * len(shape)
    while True:
        size = tuple(_side(n, p, m, overlap) for n, p, m in zip(shape, parts, steps, strict=True))
        if math.prod(size) <= most_voxels:
            return size
        # The longest side is cut next: windows near a cube have the least border.
        axis = max((n for n in range(len(size)) if size[n] > steps[n]), key=lambda n: size[n], default=None)
        if axis is None:
            return size
        parts[axis] += 1


def _side(length: int, parts: int, multiple: int, overlap: float) -> int:
    """Return the side of `parts` windows that cover a length, rounded up to the multiple."""
    return math.ceil(length / (1 + (parts - 1) * (1 - overlap)) / multiple) * multiple
