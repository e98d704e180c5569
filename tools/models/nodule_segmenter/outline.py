"""From prompts to one outlined lesion: which window, how coarse, which corrections. Indices are (slice, row, column).

The finest window comes first; a lesion that reaches its border is looked at again in a coarser one, centred on what
was found, up to masses of about 80 mm. Corrections are taken one after another, each with the outline before it, as
they were made. Neither depends on the threshold asked for, so a tighter outline lies inside a looser one. Knows no
network: `predict` is handed in. Knows no patient frame.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tools.models.nodule_segmenter.components import Bool, Prompts, chosen, contrast, surrounded
from tools.models.nodule_segmenter.window import PLANE_MM, SIDE, Array, Index, Window, channels, cut, put_back

Doubt = Literal["", "cut off", "no edge", "piece"]
Predict = Callable[[Array], Array]
"""Network input (7, slices, SIDE, SIDE) -> probability (slices, SIDE, SIDE)."""

DECIDE = 0.5
"""Probability at which the choice of a window is made, whatever threshold the reader asked for."""
FITS = 0.65
"""What is known to be larger than this share of a window's side is looked at in a coarser one: as in training."""
BORDER_PX = 2
"""A mask this near to a window's side, in samples, is taken to go on beyond it."""
COARSE_ODDS = 0.47
"""What the odds of a probability are multiplied with in a coarser window, so that the network's own probability is
cut at 0.29 there and at 0.16 in the finest window. On the 34 of 420 training nodules that need a coarser one Dice falls
with the cut (0.831 at 0.29, 0.828 at 0.24, 0.815 at 0.16), and masses run into the liver's dome more."""
PASSES = 5
"""Windows tried at most: three spacings, and two more around what was found in the coarsest."""
LEAST_CONTRAST_HU = 80.0
"""What is outlined must be this much denser than the airiest quarter of its surroundings: of the training patients'
nodules the faintest has 115 HU. Inside a mass, in the mediastinum or in plain lung there is none."""
OPEN, CLOSED = 0.42, 0.25
"""Share of an outline's surroundings that are as dense as it is: above the first a piece of something larger may have
been outlined, and a coarser window is looked at; its answer counts when its share is below the second. Of 270 training
nodules in the finest window 5 in 100 lie above 0.39 and 2 above 0.45, on pleura or mediastinum; pieces of plain spheres
of 40 to 80 mm, clicked near their rim, have 0.45 to 0.57, the whole spheres under 0.02."""
LEAST_COARSE_PX = 8
"""In a coarser window a lesion is at least this wide: a smaller one would have been seen whole in the finest."""


@dataclass(frozen=True)
class Outline:
    """One component on the volume's own grid.

    Attributes:
        box: boolean (slice, row, column).
        start: index of its first voxel.
        doubt: "cut off" when it goes on beyond the coarsest window, "no edge" when it lacks contrast, "piece" when
            much of it borders on tissue like it and no window shows a whole.
        contrast_hu: how much denser it is than the airiest quarter of its surroundings.
    """

    box: Bool
    start: tuple[int, int, int]
    doubt: Doubt
    contrast_hu: float


@dataclass(frozen=True)
class Look:
    """One answer of the network: its window, the probability there, and what is doubtful about it."""

    window: Window
    probability: Array
    doubt: Doubt = ""

    def found(self, prompts: Prompts) -> Bool | None:
        """Return what is outlined in the window for prompts in volume indices."""
        window = self.window
        scale = (window.slice_px * window.plane_mm, window.plane_mm, window.plane_mm)
        placed = prompts.placed(window.first, window.step)
        return chosen(self.probability >= DECIDE, self.probability, placed, scale)


def outline(
    volume: npt.NDArray[Any], spacing: Sequence[float], prompts: Prompts, threshold: float, predict: Predict
) -> Outline | None:
    """Return the lesion at the prompts, or None when nothing there reaches the threshold."""
    look = _look(volume, spacing, prompts.upto(0), predict)
    look = _corrected(volume, spacing, prompts, look, predict)
    values, where = put_back(look.window, look.probability, volume.shape)
    low = (where[0].start, where[1].start, where[2].start)
    inside = chosen(values >= threshold, values, prompts.placed(low), spacing)
    if inside is None:
        return None
    corner = np.argwhere(inside)
    first, last = corner.min(axis=0), corner.max(axis=0) + 1
    box = inside[first[0] : last[0], first[1] : last[1], first[2] : last[2]]
    a, b, c = (int(f) + s for f, s in zip(first, low, strict=True))
    difference = contrast(np.asarray(volume[where], dtype=np.float32), inside)
    doubt = look.doubt if look.doubt == "cut off" else _edge(difference) or ("piece" if look.doubt == "piece" else "")
    return Outline(box, (a, b, c), doubt, difference)


def _look(volume: npt.NDArray[Any], spacing: Sequence[float], prompts: Prompts, predict: Predict) -> Look:
    """Return the network's answer in the first window that holds the whole lesion."""
    step, centre = _first_step(spacing, prompts), prompts.seed
    looks: list[Look] = []
    piece: Look | None = None  # the closest look whose outline goes on into tissue like it
    doubt: Doubt = ""
    for _ in range(PASSES):
        window = cut(volume, spacing, centre, PLANE_MM[step])
        looks.append(_seen(window, predict(_input(window, prompts))))
        found = looks[-1].found(prompts)
        if found is not None and step > 0 and _small(found):
            found = None
        doubt = "" if found is None else _doubt(found, window)
        if found is not None and not doubt:
            share = surrounded(window.image, found, window.inside > 0)
            if prompts.box is not None or share <= (OPEN if piece is None else CLOSED):
                return looks[-1]
            piece = piece or looks[-1]
        if found is not None and (piece or doubt == "cut off"):
            centre = _middle(found, window)
        if doubt != "cut off" and step == len(PLANE_MM) - 1:  # the closest look, where no scale shows the whole
            return _first(piece, looks, doubt)
        step = min(step + 1, len(PLANE_MM) - 1)
    last = Look(looks[-1].window, looks[-1].probability, doubt)
    whole = last.found(prompts)
    if piece is None or (whole is not None and surrounded(last.window.image, whole, last.window.inside > 0) <= CLOSED):
        return last
    return _first(piece, looks, doubt)


def _first(piece: Look | None, looks: Sequence[Look], doubt: Doubt) -> Look:
    """Return the closest look that outlined something, marked as a piece of it, or the closest of all."""
    if piece is not None:
        return Look(piece.window, piece.probability, "piece")
    return Look(looks[0].window, looks[0].probability, doubt)


def _seen(window: Window, probability: Array, doubt: Doubt = "") -> Look:
    """Return a look, its probability lowered where the window is a coarser one."""
    if window.plane_mm > PLANE_MM[0]:
        odds = COARSE_ODDS * probability
        probability = odds / (odds + 1 - probability)
    return Look(window, probability, doubt)


def _input(window: Window, prompts: Prompts, previous: Bool | None = None) -> Array:
    """Return the network's input for prompts in volume indices."""
    placed = prompts.placed(window.first, window.step)
    return channels(window, placed.add, placed.box, placed.avoid, placed.added, previous)


def _corrected(
    volume: npt.NDArray[Any], spacing: Sequence[float], prompts: Prompts, look: Look, predict: Predict
) -> Look:
    """Return the answer after the corrections, one after another, each told the outline before it."""
    if not prompts.fixes:
        return look
    window = _room(volume, spacing, prompts, look)
    if window is not look.window:
        look = _seen(window, predict(_input(window, prompts.upto(0))), look.doubt)
    for count in range(1, len(prompts.fixes) + 1):
        previous = look.found(prompts.upto(count - 1))
        look = _seen(window, predict(_input(window, prompts.upto(count), previous)), look.doubt)
    found = look.found(prompts)
    doubt: Doubt = look.doubt if found is None else _doubt(found, window)
    return Look(window, look.probability, doubt)


def _room(volume: npt.NDArray[Any], spacing: Sequence[float], prompts: Prompts, look: Look) -> Window:
    """Return the window if it holds every click to add, else one that does, around them and what was found."""
    window = look.window
    size = np.array(window.image.shape)
    places = np.array([window.place(p) for p in prompts.add]).reshape(-1, 3)
    if ((places >= BORDER_PX) & (places <= size - 1 - BORDER_PX))[:, 1:].all() and (
        (places[:, 0] >= 0) & (places[:, 0] <= size[0] - 1)
    ).all():
        return window
    found = look.found(prompts.upto(0))
    if found is not None:
        places = np.concatenate([places, np.argwhere(found)])
    low, high = places.min(axis=0), places.max(axis=0)
    step = _fitting(float((high - low)[1:].max()) * window.plane_mm)
    z, y, x = (f + m * s for f, m, s in zip(window.first, (low + high) / 2, window.step, strict=True))
    return cut(volume, spacing, (z, y, x), PLANE_MM[step])


def _doubt(found: Bool, window: Window) -> Doubt:
    """Return what speaks against a mask being the whole lesion."""
    return "cut off" if _goes_on(found, window) else _edge(contrast(window.image, found, window.inside > 0))


def _edge(contrast_hu: float) -> Doubt:
    return "no edge" if contrast_hu < LEAST_CONTRAST_HU else ""


def _small(found: Bool) -> bool:
    """Return whether a mask is narrower than `LEAST_COARSE_PX` in the plane."""
    sides = [int(np.ptp(np.flatnonzero(found.any(axis=axes)))) + 1 for axes in ((0, 1), (0, 2))]
    return max(sides) < LEAST_COARSE_PX


def _first_step(spacing: Sequence[float], prompts: Prompts) -> int:
    """Return the finest window that a box fits, or the finest of all for clicks."""
    if prompts.box is None:
        return 0
    low, high = np.array(prompts.box[0]), np.array(prompts.box[1])
    return _fitting(float(max(((high - low) * spacing)[1:])))


def _fitting(wide_mm: float) -> int:
    """Return the finest window for something this wide."""
    fitting = [n for n, mm in enumerate(PLANE_MM) if wide_mm <= FITS * SIDE * mm]
    return fitting[0] if fitting else len(PLANE_MM) - 1


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
