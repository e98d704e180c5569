"""A slice of a scan -> a picture as a radiologist expects it: windowed, right way round, outlines and calipers drawn.

`frame` says where a slice lies in its picture; this draws it. Knows nothing of lesions, cases or evidence; it draws
what it is given.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tools.calipers import outline_segments
from tools.frame import (
    PLANES,
    SIZE,
    Frame,
    Plane,
    letters,
    planes,
    slice_count,
    slice_index,
)
from tools.mask import Mask
from tools.scan import Point, Scan

__all__ = [
    "PLANES", "SIZE", "Caliper", "Frame", "Outline", "Plane", "letters", "outline_lines", "planes", "render_slice",
    "slice_count", "slice_index", "windows",
]  # fmt: skip

Window = tuple[float, float]
Colour = tuple[int, int, int]
Picture = npt.NDArray[np.uint8]


CT_WINDOWS: dict[str, Window] = {
    "lung": (-600.0, 1500.0),
    "mediastinum": (40.0, 400.0),
    "soft tissue": (40.0, 400.0),
    "bone": (400.0, 1800.0),
    "brain": (40.0, 80.0),
}
"""Centre and width in HU, as reading rooms set them."""
_FIRST = {"HEAD": "brain", "BRAIN": "brain", "ABDOMEN": "soft tissue", "PELVIS": "soft tissue"}
_TAILS = (1.0, 99.5)
"""An image without a window of its own is stretched between these percentiles: a few bright pixels must not
blacken it."""
_SAMPLED = 2_000_000
"""Voxels looked at for the percentiles."""

CALIPER: Colour = (255, 244, 214)
_LETTER: Colour = (205, 213, 216)
_SHADOW: Colour = (0, 0, 0)


@dataclass(frozen=True)
class Outline:
    """A mask to draw: as a contour in a colour, with its number beside it."""

    mask: Mask
    colour: Colour
    number: int | None = None


@dataclass(frozen=True)
class Caliper:
    """A measured length to draw: its two ends in RAS mm and what stands beside it."""

    ends: tuple[Point, Point]
    label: str = ""


def windows(scan: Scan) -> Mapping[str, Window]:
    """Return the windows for a scan by name, the one to start with first.

    CT has the reading room's presets; anything else its header's window, and one stretched over its own values. So has
    a picture that is stated to be CT: its grey values are no Hounsfield units.
    """
    if scan.modality.value == "CT" and scan.calibration != "none":
        first = _FIRST.get(scan.body_part.value or "", "lung")
        return {first: CT_WINDOWS[first], **CT_WINDOWS}
    found: dict[str, Window] = {f"header {n}" if n > 1 else "header": w for n, w in enumerate(scan.windows, start=1)}
    return {**found, "full": _percentiles(scan)}


def render_slice(
    scan: Scan,
    plane: Plane = "axial",
    index: int = 0,
    window: Window | None = None,
    *,
    outlines: Sequence[Outline] = (),
    calipers: Sequence[Caliper] = (),
    size: int = SIZE,
    sides: bool = True,
) -> Picture:
    """Return a slice as a picture, shape ``(height, width, 3)``, red, green, blue.

    Args:
        plane, index: which slice; see the module for how slices are counted.
        window: centre and width in the voxels' unit; None takes the scan's first.
        outlines: masks of this scan to draw as contours.
        calipers: lengths to draw, where they lie in this slice.
        size: pixels along the longer side.
        sides: write which way the patient lies; whoever leaves it out writes it beside the picture.

    Raises:
        ValueError: a plane, slice or window that does not exist, or a mask of another scan's grid.
    """
    from PIL import Image, ImageDraw

    frame = Frame.of(scan, plane, index, size)
    centre, width = window or next(iter(windows(scan).values()))
    if not width > 0:
        raise ValueError(f"A window's width must be above zero; it is {width}.")
    grey = frame.cut(scan.voxels).astype(np.float32)
    grey = np.clip((grey - (centre - width / 2)) * (255.0 / width), 0.0, 255.0)
    image = Image.fromarray(np.rint(grey).astype(np.uint8)).resize(
        (frame.width, frame.height), Image.Resampling.BICUBIC
    )
    image = image.convert("RGB")
    pen = _Pen(ImageDraw.Draw(image), frame)
    for outline in outlines:
        pen.outline(outline)
    for caliper in calipers:
        pen.caliper(caliper)
    if sides:
        pen.letters()
    return np.asarray(image)


class _Pen:
    """Draws on one slice's picture; widths follow the picture's size."""

    def __init__(self, draw: Any, frame: Frame) -> None:
        from PIL import ImageFont

        self._draw, self._frame = draw, frame
        longer = max(frame.width, frame.height)
        self._line = max(1, round(longer / 420))
        self._small = ImageFont.load_default(max(10, round(longer / 44)))
        self._large = ImageFont.load_default(max(11, round(longer / 36)))

    def outline(self, outline: Outline) -> None:
        """Draw a mask's contour in this slice, if it has one here."""
        lines = outline_lines(self._frame, outline.mask)
        for start, end in lines:
            self._draw.line([tuple(start), tuple(end)], fill=outline.colour, width=self._line)
        if len(lines) and outline.number is not None:
            corner = (lines[..., 0].max() + 2 * self._line, lines[..., 1].min() - 2 * self._line)
            self._text(corner, str(outline.number), outline.colour, self._large, "lb")

    def caliper(self, caliper: Caliper) -> None:
        """Draw a length with end ticks and its label, if both ends lie in this slice."""
        a, b = (np.array(self._frame.to_pixel(p)) for p in caliper.ends)
        if max(abs(a[2]), abs(b[2])) > 0.5:
            return
        along = (b - a)[:2]
        length = float(np.hypot(*along)) or 1.0
        tick = np.array([-along[1], along[0]]) / length * 3.0 * self._line
        # Thin, so that a small lesion shows beneath it.
        for colour, width in ((_SHADOW, self._line + 1), (CALIPER, max(1, self._line // 2))):
            for p, q in ((a[:2], b[:2]), (a[:2] - tick, a[:2] + tick), (b[:2] - tick, b[:2] + tick)):
                self._draw.line([tuple(p), tuple(q)], fill=colour, width=width)
        if caliper.label:
            low = a if a[1] > b[1] else b
            place = (low[0], low[1] + 4 * self._line)
            self._text(place, caliper.label, CALIPER, self._small, "ma")

    def letters(self) -> None:
        """Draw which way the patient lies, in the middle of each side, where that is known."""
        frame, gap = self._frame, 4 * self._line
        middle = (frame.width / 2, frame.height / 2)
        places = (
            ((gap, middle[1]), "lm"), ((frame.width - gap, middle[1]), "rm"),
            ((middle[0], gap), "mt"), ((middle[0], frame.height - gap), "mb"),
        )  # fmt: skip
        for letter, (place, anchor) in zip(letters(frame.scan, frame.plane) or (), places, strict=False):
            self._text(place, letter, _LETTER, self._large, anchor)

    def _text(self, place: tuple[float, float], text: str, colour: Colour, font: Any, anchor: str) -> None:
        self._draw.text(
            place, text, fill=colour, font=font, anchor=anchor, stroke_width=self._line, stroke_fill=_SHADOW
        )


def outline_lines(frame: Frame, mask: Mask) -> npt.NDArray[np.float64]:
    """Return the contour of a mask in a slice in whole pixels of the picture, shape ``(n, 2 ends, 2)``; n may be 0.

    Raises:
        ValueError: the mask lies on another grid.
    """
    if mask.grid_shape != frame.scan.shape or mask.scan_id != frame.scan.id:
        raise ValueError(f"The mask's grid {mask.grid_shape} is not this scan's {frame.scan.shape}.")
    column_axis, row_axis, through = frame.voxel_axes
    depth = frame.voxel_slice() - mask.offset[through]
    if not 0 <= depth < mask.box.shape[through]:
        return np.zeros((0, 2, 2))
    flat = np.take(mask.box, depth, axis=through)
    first, second = sorted((column_axis, row_axis))
    lines = outline_segments(flat)
    voxels = np.zeros((lines.shape[0] * 2, 3))
    voxels[:, first] = lines[..., 0].ravel() + mask.offset[first]
    voxels[:, second] = lines[..., 1].ravel() + mask.offset[second]
    shown = np.rint(frame.unfold(voxels)[:, :2]).reshape(-1, 2, 2)
    # A line is drawn from the same end whatever way the file stores the grid: pixels then fall alike.
    turned = (shown[:, 0, 0] > shown[:, 1, 0]) | (
        (shown[:, 0, 0] == shown[:, 1, 0]) & (shown[:, 0, 1] > shown[:, 1, 1])
    )
    shown[turned] = shown[turned, ::-1]
    return shown


@functools.lru_cache(maxsize=8)
def _percentiles(scan: Scan) -> Window:
    """Return the window between the image's own percentiles."""
    flat = scan.voxels.reshape(-1)
    low, high = np.percentile(flat[:: max(1, flat.size // _SAMPLED)], _TAILS)
    return float(low + high) / 2, max(float(high - low), 1e-6)
