"""Which of what the network marks is meant: components at the clicks or in the box, and what a click leaves out.

Indices are (slice, row, column), with fractions. Knows no network, no window and no patient frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tools.models.nodule_segmenter.window import Array, Index

Bool = npt.NDArray[np.bool_]

SNAP_MM = 3.0
"""How far from the click the outline may start: a hand's tremor, or the hollow of a cavity's rim."""
SHELL_PX = (1, 4)
"""The surroundings: in the plane, from the first to the second of these distances from the outline."""
AS_DENSE_HU = 150.0
"""Twice the noise of a sharp kernel; lung is 700 HU below soft tissue."""


@dataclass(frozen=True)
class Prompts:
    """Where the reader pointed, in indices of the volume.

    Attributes:
        point: a click inside the lesion, or None.
        box: low and high corner around it, or None.
        fixes: further clicks in the order they were made, True to add, False to leave out.
    """

    point: Index | None = None
    box: tuple[Index, Index] | None = None
    fixes: tuple[tuple[Index, bool], ...] = ()

    @property
    def added(self) -> tuple[Index, ...]:
        """The corrections that add."""
        return tuple(place for place, add in self.fixes if add)

    @property
    def add(self) -> tuple[Index, ...]:
        """All clicks inside the lesion."""
        return self.added if self.point is None else (self.point, *self.added)

    @property
    def avoid(self) -> tuple[Index, ...]:
        """The clicks on what must be left out."""
        return tuple(place for place, add in self.fixes if not add)

    @property
    def seed(self) -> Index:
        """The click, or the box's centre."""
        if self.point is not None:
            return self.point
        assert self.box is not None
        low, high = self.box
        return (low[0] + high[0]) / 2, (low[1] + high[1]) / 2, (low[2] + high[2]) / 2

    def upto(self, count: int) -> Prompts:
        """Return the prompts with only the first so many corrections."""
        return Prompts(self.point, self.box, self.fixes[:count])

    def placed(self, first: Sequence[float], step: Sequence[float] = (1.0, 1.0, 1.0)) -> Prompts:
        """Return the prompts as indices of a grid that starts at an index and has this step."""

        def move(place: Index) -> Index:
            z, y, x = ((v - f) / s for v, f, s in zip(place, first, step, strict=True))
            return z, y, x

        point = None if self.point is None else move(self.point)
        box = None if self.box is None else (move(self.box[0]), move(self.box[1]))
        return Prompts(point, box, tuple((move(place), add) for place, add in self.fixes))


def chosen(inside: Bool, probability: Array, prompts: Prompts, spacing: Sequence[float]) -> Bool | None:
    """Return the components that the clicks are in, or at most `SNAP_MM` from; without a point the box's best one too.

    None when there is none. What a click leaves out is taken away first.
    """
    from scipy.ndimage import label

    kept = _without(inside, prompts, spacing)
    if not kept.any():
        return None
    labels, count = label(kept, np.ones((3, 3, 3)))
    numbers = {n for n in (_nearest(labels, p, spacing) for p in prompts.add) if n}
    if prompts.point is None:
        numbers |= _in_box(labels, count, probability, prompts)
    if not numbers:
        return None
    return np.asarray(np.isin(labels, sorted(numbers)))


def _in_box(labels: npt.NDArray[Any], count: int, probability: Array, prompts: Prompts) -> set[int]:
    """Return the component with the most probability in the box."""
    assert prompts.box is not None
    spans = tuple(
        slice(max(0, round(low)), max(0, round(high)) + 1) for low, high in zip(*prompts.box, strict=True)
    )
    weight = np.bincount(labels[spans].ravel(), probability[spans].ravel(), count + 1)
    weight[0] = 0.0
    return {int(np.argmax(weight))} if weight.max() > 0 else set()


def _nearest(labels: npt.NDArray[Any], place: Index, spacing: Sequence[float]) -> int:
    """Return the label at a place, else the nearest one within `SNAP_MM` or one voxel, else 0."""
    at = tuple(int(np.clip(round(v), 0, n - 1)) for v, n in zip(place, labels.shape, strict=True))
    if labels[at]:
        return int(labels[at])
    reach = [max(1, int(SNAP_MM / s)) for s in spacing]
    spans = tuple(slice(max(0, a - r), a + r + 1) for a, r in zip(at, reach, strict=True))
    near = np.argwhere(labels[spans] > 0)
    if not len(near):
        return 0
    near += [s.start for s in spans]
    nearest = near[int(np.argmin((((near - place) * spacing) ** 2).sum(axis=1)))]
    return int(labels[tuple(nearest)])


def _without(inside: Bool, prompts: Prompts, spacing: Sequence[float]) -> Bool:
    """Return the mask without the parts at the clicks to leave out, parted from the rest at its necks.

    Only where the network kept a voxel that the reader asked to leave out: water poured from every click fills the
    mask, deepest places first, and what comes from a click to leave out (and the voxels next to it) goes.
    """
    kept = [p for p in prompts.avoid if _holds(inside, p)]
    if not kept:
        return inside
    from scipy.ndimage import distance_transform_edt
    from skimage.segmentation import watershed

    depth = distance_transform_edt(np.pad(inside, 1), sampling=spacing)[1:-1, 1:-1, 1:-1]
    springs = np.zeros(inside.shape, np.int32)
    for number, reach, places in ((2, 1, kept), (1, 0, prompts.add or (prompts.seed,))):
        for place in places:
            at = [int(np.clip(round(v), 0, n - 1)) for v, n in zip(place, inside.shape, strict=True)]
            springs[tuple(slice(max(0, v - reach), v + reach + 1) for v in at)] = number
    return np.asarray(watershed(-depth, springs * inside, mask=inside) == 1)


def _holds(inside: Bool, place: Index) -> bool:
    at = tuple(round(v) for v in place)
    return all(0 <= v < n for v, n in zip(at, inside.shape, strict=True)) and bool(inside[at])


def contrast(image: Array, inside: Bool, known: Bool | None = None) -> float:
    """Return by how many HU a mask is denser on average than the airiest quarter of its surroundings."""
    around = image[_shell(inside, known)]
    if not around.size:
        return float(image[inside].mean()) + 1000.0  # nothing around it in view: against air
    return float(image[inside].mean() - np.percentile(around, 25))


def surrounded(image: Array, inside: Bool, known: Bool) -> float:
    """Return the share (0 to 1) of a mask's surroundings that is as dense as the mask; 0 without surroundings.

    As dense is what lies no more than `AS_DENSE_HU` below the mask's median.

    Args:
        image: HU, (slice, row, column).
        inside: the mask, same shape.
        known: where the image is known, same shape.
    """
    around = image[_shell(inside, known)]
    return float((around > np.median(image[inside]) - AS_DENSE_HU).mean()) if around.size else 0.0


def _shell(inside: Bool, known: Bool | None) -> Bool:
    from scipy.ndimage import binary_dilation

    plane = np.zeros((3, 3, 3), bool)
    plane[1] = True
    near, far = (binary_dilation(inside, plane, iterations=n) for n in SHELL_PX)
    return np.asarray(far & ~near if known is None else far & ~near & known)
