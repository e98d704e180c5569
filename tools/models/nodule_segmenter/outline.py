"""From prompts to one outlined lesion: which window, how coarse, which component. Indices are (slice, row, column).

The finest window comes first; a lesion that reaches its border is looked at again in a coarser one, centred on what
was found, up to masses of about 80 mm. Which window is used never depends on the threshold asked for, so a tighter
outline lies inside a looser one. Knows no network: `predict` is handed in. Knows no patient frame.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tools.models.nodule_segmenter.window import PLANE_MM, SIDE, Array, Index, Window, channels, cut, put_back

Doubt = Literal["", "cut off", "no edge"]
Bool = npt.NDArray[np.bool_]
Predict = Callable[[Array], Array]
"""Network input (5, slices, SIDE, SIDE) -> probability (slices, SIDE, SIDE)."""

DECIDE = 0.5
"""Probability at which the choice of a window is made, whatever threshold the reader asked for."""
FITS = 0.65
"""A box fits a window when it fills no more than this share of its side: as in training."""
BORDER_PX = 2
"""A mask this near to a window's side, in samples, is taken to go on beyond it."""
PASSES = 5
"""Windows tried at most: three spacings, and two more around what was found in the coarsest."""
LEAST_CONTRAST_HU = 80.0
"""What is outlined must be this much denser than the airiest quarter of its surroundings: of the training patients'
nodules the faintest has 115 HU. Inside a mass, in the mediastinum or in plain lung there is none."""
SHELL_PX = (1, 4)
"""The surroundings: in the plane, from the first to the second of these distances from the outline."""
LEAST_COARSE_PX = 8
"""In a coarser window a lesion is at least this wide: a smaller one would have been seen whole in the finest."""
SNAP_MM = 3.0
"""How far from the click the outline may start: a hand's tremor, or the hollow of a cavity's rim."""


@dataclass(frozen=True)
class Prompts:
    """Where the reader pointed, in indices of the volume.

    Attributes:
        add: clicks inside the lesion, the first of them first.
        avoid: clicks on what must be left out.
        box: low and high corner, or None.
    """

    add: tuple[Index, ...]
    avoid: tuple[Index, ...] = ()
    box: tuple[Index, Index] | None = None

    @property
    def seed(self) -> Index:
        """The first click, or the box's centre."""
        if self.add:
            return self.add[0]
        assert self.box is not None
        low, high = self.box
        return (low[0] + high[0]) / 2, (low[1] + high[1]) / 2, (low[2] + high[2]) / 2


@dataclass(frozen=True)
class Outline:
    """One component on the volume's own grid.

    Attributes:
        box: boolean (slice, row, column).
        start: index of its first voxel.
        doubt: "cut off" when it goes on beyond the coarsest window, "no edge" when it lacks contrast.
        contrast_hu: how much denser it is than the airiest quarter of its surroundings.
    """

    box: Bool
    start: tuple[int, int, int]
    doubt: Doubt
    contrast_hu: float


def outline(
    volume: npt.NDArray[Any], spacing: Sequence[float], prompts: Prompts, threshold: float, predict: Predict
) -> Outline | None:
    """Return the lesion at the prompts, or None when nothing there reaches the threshold."""
    window, probability, doubt = _look(volume, spacing, prompts, predict)
    values, where = put_back(window, probability, volume.shape)
    low = (where[0].start, where[1].start, where[2].start)
    inside = chosen(values >= threshold, values, _moved(prompts, low), spacing)
    if inside is None:
        return None
    kept = _without(inside, _moved(prompts, low), spacing)
    inside = chosen(kept, values, _moved(prompts, low), spacing)
    if inside is None:
        return None
    corner = np.argwhere(inside)
    first, last = corner.min(axis=0), corner.max(axis=0) + 1
    box = inside[first[0] : last[0], first[1] : last[1], first[2] : last[2]]
    a, b, c = (int(f) + s for f, s in zip(first, low, strict=True))
    difference = contrast(np.asarray(volume[where], dtype=np.float32), inside)
    return Outline(box, (a, b, c), doubt if doubt == "cut off" else _edge(difference), difference)


def _look(
    volume: npt.NDArray[Any], spacing: Sequence[float], prompts: Prompts, predict: Predict
) -> tuple[Window, Array, Doubt]:
    """Return the first window that holds the whole lesion, its probability, and what is doubtful about it."""
    step, centre = _first_step(spacing, prompts), prompts.seed
    looks: list[tuple[Window, Array]] = []
    doubt: Doubt = ""
    for _ in range(PASSES):
        window = cut(volume, spacing, centre, PLANE_MM[step])
        placed = _placed(window, prompts)
        probability = predict(channels(window, placed.add, placed.box, placed.avoid))
        looks.append((window, probability))
        scale = (window.slice_px * window.plane_mm, window.plane_mm, window.plane_mm)
        found = chosen(probability >= DECIDE, probability, placed, scale)
        if found is not None and step > 0 and _small(found):
            found = None
        doubt = "" if found is None else _doubt(found, window)
        if found is not None and not doubt:
            return window, probability, doubt
        if doubt == "cut off":
            assert found is not None
            centre = _middle(found, window)
        elif step == len(PLANE_MM) - 1:  # nothing, or no edge, at any scale: the first look is the closest one
            return (*looks[0], doubt)
        step = min(step + 1, len(PLANE_MM) - 1)
    return (*looks[-1], doubt)


def _doubt(found: Bool, window: Window) -> Doubt:
    """Return what speaks against a mask being the whole lesion."""
    return "cut off" if _goes_on(found, window) else _edge(contrast(window.image, found, window.inside > 0))


def _edge(contrast_hu: float) -> Doubt:
    return "no edge" if contrast_hu < LEAST_CONTRAST_HU else ""


def contrast(image: Array, inside: Bool, known: Bool | None = None) -> float:
    """Return by how many HU a mask is denser on average than the airiest quarter of its surroundings."""
    from scipy.ndimage import binary_dilation

    plane = np.zeros((3, 3, 3), bool)
    plane[1] = True
    near, far = (binary_dilation(inside, plane, iterations=n) for n in SHELL_PX)
    shell = far & ~near if known is None else far & ~near & known
    if not shell.any():
        return float(image[inside].mean()) + 1000.0  # nothing around it in view: against air
    return float(image[inside].mean() - np.percentile(image[shell], 25))


def _small(found: Bool) -> bool:
    """Return whether a mask is narrower than `LEAST_COARSE_PX` in the plane."""
    sides = [int(np.ptp(np.flatnonzero(found.any(axis=axes)))) + 1 for axes in ((0, 1), (0, 2))]
    return max(sides) < LEAST_COARSE_PX


def _first_step(spacing: Sequence[float], prompts: Prompts) -> int:
    """Return the finest window that a box fits, or the finest of all for clicks."""
    if prompts.box is None:
        return 0
    low, high = np.array(prompts.box[0]), np.array(prompts.box[1])
    wide = float(max(((high - low) * spacing)[1:]))
    fitting = [n for n, mm in enumerate(PLANE_MM) if wide <= FITS * SIDE * mm]
    return fitting[0] if fitting else len(PLANE_MM) - 1


def _placed(window: Window, prompts: Prompts) -> Prompts:
    """Return the prompts in window samples."""
    box = None if prompts.box is None else (window.place(prompts.box[0]), window.place(prompts.box[1]))
    return Prompts(
        tuple(window.place(p) for p in prompts.add), tuple(window.place(p) for p in prompts.avoid), box
    )


def _moved(prompts: Prompts, by: Sequence[int]) -> Prompts:
    """Return the prompts as indices of a part of the volume that starts at `by`."""

    def move(place: Index) -> Index:
        a, b, c = (v - s for v, s in zip(place, by, strict=True))
        return a, b, c

    box = None if prompts.box is None else (move(prompts.box[0]), move(prompts.box[1]))
    return Prompts(tuple(move(p) for p in prompts.add), tuple(move(p) for p in prompts.avoid), box)


def chosen(inside: Bool, probability: Array, prompts: Prompts, spacing: Sequence[float]) -> Bool | None:
    """Return the components that the clicks are in, or at most `SNAP_MM` from; for a box alone its best one."""
    from scipy.ndimage import label

    if not inside.any():
        return None
    labels, count = label(inside, np.ones((3, 3, 3)))
    if not prompts.add:
        numbers = _in_box(labels, count, probability, prompts)
    else:
        numbers = {n for n in (_nearest(labels, p, spacing) for p in prompts.add) if n}
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


def _goes_on(found: Bool, window: Window) -> bool:
    """Return whether a mask reaches the window's border where the volume goes on."""
    real = found & (window.inside > 0)
    px = BORDER_PX
    sides = (real[:, :px], real[:, -px:], real[:, :, :px], real[:, :, -px:], real[0], real[-1])
    return any(bool(side.any()) for side in sides)


def _middle(found: Bool, window: Window) -> Index:
    """Return the volume index of the middle of a mask's bounding box."""
    places = np.argwhere(found)
    middle = (places.min(axis=0) + places.max(axis=0)) / 2
    z, y, x = (f + m * s for f, m, s in zip(window.first, middle, window.step, strict=True))
    return float(z), float(y), float(x)


def _without(inside: Bool, prompts: Prompts, spacing: Sequence[float]) -> Bool:
    """Return the mask without the part that lies nearer to a click to leave out than to any click to add.

    Applied only where the network kept a voxel that the reader asked to leave out.
    """
    kept = [p for p in prompts.avoid if _holds(inside, p)]
    if not kept:
        return inside
    places = np.argwhere(inside)

    def distance(clicks: Sequence[Index]) -> npt.NDArray[Any]:
        gaps = [(((places - np.array(c)) * spacing) ** 2).sum(axis=1) for c in clicks]
        return np.asarray(np.min(gaps, axis=0))

    out = places[distance(kept) <= distance(prompts.add or (prompts.seed,))]
    result = inside.copy()
    result[tuple(out.T)] = False
    return result


def _holds(inside: Bool, place: Index) -> bool:
    at = tuple(round(v) for v in place)
    return all(0 <= v < n for v, n in zip(at, inside.shape, strict=True)) and bool(inside[at])
