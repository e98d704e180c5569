"""A slice of a scan -> a picture as a radiologist expects it: windowed, right way round, outlines and calipers drawn.

Axial and coronal slices show the patient's right on the left of the picture, anterior and superior are up, and in a
sagittal slice anterior is on the left. A slice is a plane of voxels: an oblique scan is shown along its own nearest
axes, never resampled. Slices of a plane are counted from 0 toward superior, anterior and the patient's right,
whatever way the file stores them. Knows nothing of lesions, cases or evidence; it draws what it is given.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tools.calipers import outline_segments
from tools.mask import Mask
from tools.scan import Point, Scan

Plane = Literal["axial", "coronal", "sagittal"]
Window = tuple[float, float]
Colour = tuple[int, int, int]
Picture = npt.NDArray[np.uint8]

PLANES: tuple[Plane, ...] = ("axial", "coronal", "sagittal")
_AXES: dict[str, tuple[int, int, int]] = {"axial": (0, 1, 2), "coronal": (0, 2, 1), "sagittal": (1, 2, 0)}
"""For each plane the RAS axes that run along columns, along rows, and through it. Both in-plane axes are shown
with their positive end first: right, anterior and superior are at the left or at the top."""
_LETTERS = (("R", "L"), ("A", "P"), ("S", "I"))

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

SIZE = 960
"""Pixels along a picture's longer side: sharp on a screen of twice the resolution in a pane of half a window."""
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


@dataclass(frozen=True)
class Frame:
    """How one slice lies in its picture.

    Attributes:
        voxel_axes: voxel axis along columns, along rows, and through the plane.
        flipped: whether each of these runs against its voxel index.
        counts: number of voxels along each.
        index: the slice, counted toward superior, anterior or right.
        width, height: of the picture, in pixels; voxels are stretched so that a mm is as long both ways.
    """

    scan: Scan
    plane: Plane
    index: int
    voxel_axes: tuple[int, int, int]
    flipped: tuple[bool, bool, bool]
    counts: tuple[int, int, int]
    width: int
    height: int

    @classmethod
    def of(cls, scan: Scan, plane: Plane = "axial", index: int = 0, size: int = SIZE) -> Frame:
        """Return the frame of a slice. Raises ValueError for a plane or an index that the scan does not have."""
        if plane not in planes(scan):
            raise ValueError(f"This scan is shown in {', '.join(planes(scan))}; not in {plane!r}.")
        owner, sign = _nearest_axes(scan)
        ras = _AXES[plane]
        axes = (owner[ras[0]], owner[ras[1]], owner[ras[2]])
        counts = (scan.shape[axes[0]], scan.shape[axes[1]], scan.shape[axes[2]])
        if not 0 <= index < counts[2]:
            raise ValueError(f"The {plane} slices are 0 to {counts[2] - 1}; {index} was asked for.")
        # Columns and rows start at the positive end; slices are counted from the negative one.
        flipped = (sign[ras[0]] > 0, sign[ras[1]] > 0, sign[ras[2]] < 0)
        step = scan.spacing_or_unit
        across, down = counts[0] * step[axes[0]], counts[1] * step[axes[1]]
        pixel = max(across, down) / size
        return cls(
            scan, plane, index, axes, flipped, counts, max(1, round(across / pixel)), max(1, round(down / pixel))
        )

    def to_mm(self, column: float, row: float) -> Point:
        """Return the RAS position in mm of a place in the picture; (0, 0) is the centre of its first pixel."""
        shown = (
            (column + 0.5) * self.counts[0] / self.width - 0.5,
            (row + 0.5) * self.counts[1] / self.height - 0.5,
            float(self.index),
        )
        voxel = [0.0, 0.0, 0.0]
        for value, axis, flip, count in zip(shown, self.voxel_axes, self.flipped, self.counts, strict=True):
            voxel[axis] = count - 1 - value if flip else value
        return self.scan.to_mm(voxel)

    def to_pixel(self, point_mm: Point) -> tuple[float, float, float]:
        """Return column and row in the picture of a RAS position, and how many slices it lies off this one."""
        columns, rows, depth = self.unfold(np.asarray(self.scan.to_index(point_mm))[np.newaxis])[0]
        return float(columns), float(rows), float(depth - self.index)

    def unfold(self, voxels: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Return picture column, picture row and slice number of voxel indices, shape ``(n, 3)`` each."""
        shown = np.empty(voxels.shape, dtype=np.float64)
        for place, (axis, flip, count) in enumerate(zip(self.voxel_axes, self.flipped, self.counts, strict=True)):
            shown[:, place] = count - 1 - voxels[:, axis] if flip else voxels[:, axis]
        shown[:, 0] = (shown[:, 0] + 0.5) * self.width / self.counts[0] - 0.5
        shown[:, 1] = (shown[:, 1] + 0.5) * self.height / self.counts[1] - 0.5
        return shown

    def voxel_slice(self) -> int:
        """Return the index along the voxel axis that runs through the plane."""
        return self.counts[2] - 1 - self.index if self.flipped[2] else self.index

    def cut(self, volume: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return this slice of an array on the scan's grid, axes ``(row, column)`` as shown."""
        flat = np.take(volume, self.voxel_slice(), axis=self.voxel_axes[2])
        if self.voxel_axes[0] < self.voxel_axes[1]:
            flat = flat.T
        return np.asarray(flat[:: -1 if self.flipped[1] else 1, :: -1 if self.flipped[0] else 1])


def planes(scan: Scan) -> tuple[Plane, ...]:
    """Return the planes a scan can be shown in: three for a volume, for a single slice the one it lies in."""
    if not scan.is_2d:
        return PLANES
    owner, _ = _nearest_axes(scan)
    return tuple(p for p in PLANES if owner[_AXES[p][2]] == 2)


def slice_count(scan: Scan, plane: Plane) -> int:
    """Return how many slices a plane has."""
    return Frame.of(scan, plane).counts[2]


def slice_index(scan: Scan, plane: Plane, point_mm: Point) -> int:
    """Return the slice nearest to a RAS position; of a position outside, the first or last one."""
    frame = Frame.of(scan, plane)
    return int(min(max(round(frame.to_pixel(point_mm)[2]), 0), frame.counts[2] - 1))


def pixel_to_mm(scan: Scan, plane: Plane, index: int, column: float, row: float, size: int = SIZE) -> Point:
    """Return the RAS position in mm of a pixel of the picture that `render_slice` makes at this size."""
    return Frame.of(scan, plane, index, size).to_mm(column, row)


def mm_to_pixel(scan: Scan, plane: Plane, index: int, point_mm: Point, size: int = SIZE) -> tuple[float, float]:
    """Return column and row of a RAS position in the picture that `render_slice` makes at this size."""
    return Frame.of(scan, plane, index, size).to_pixel(point_mm)[:2]


def windows(scan: Scan) -> Mapping[str, Window]:
    """Return the windows for a scan by name, the one to start with first.

    CT has the reading room's presets; anything else its header's window, and one stretched over its own values.
    """
    if scan.modality.value == "CT":
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
) -> Picture:
    """Return a slice as a picture, shape ``(height, width, 3)``, red, green, blue.

    Args:
        plane, index: which slice; see the module for how slices are counted.
        window: centre and width in the voxels' unit; None takes the scan's first.
        outlines: masks of this scan to draw as contours.
        calipers: lengths to draw, where they lie in this slice.
        size: pixels along the longer side.

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
    if scan.laterality_known:
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
        for colour, width in ((_SHADOW, self._line + 1), (CALIPER, max(1, self._line // 2))):  # thin: small lesions show
            for p, q in ((a[:2], b[:2]), (a[:2] - tick, a[:2] + tick), (b[:2] - tick, b[:2] + tick)):
                self._draw.line([tuple(p), tuple(q)], fill=colour, width=width)
        if caliper.label:
            low = a if a[1] > b[1] else b
            place = (low[0], low[1] + 4 * self._line)
            self._text(place, caliper.label, CALIPER, self._small, "ma")

    def letters(self) -> None:
        """Draw which way the patient lies, in the middle of each side."""
        frame, gap = self._frame, 4 * self._line
        across, down = (_LETTERS[a] for a in _AXES[frame.plane][:2])
        middle = (frame.width / 2, frame.height / 2)
        self._text((gap, middle[1]), across[0], _LETTER, self._large, "lm")
        self._text((frame.width - gap, middle[1]), across[1], _LETTER, self._large, "rm")
        self._text((middle[0], gap), down[0], _LETTER, self._large, "mt")
        self._text((middle[0], frame.height - gap), down[1], _LETTER, self._large, "mb")

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


def _nearest_axes(scan: Scan) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Return for each RAS axis the voxel axis nearest to it, and the sign with which that one runs along it."""
    directions = scan.affine[:3, :3] / np.linalg.norm(scan.affine[:3, :3], axis=0)
    best = max(
        itertools.permutations(range(3)),
        key=lambda order: sum(abs(directions[ras, axis]) for ras, axis in enumerate(order)),
    )
    return best, tuple(float(np.sign(directions[ras, axis])) or 1.0 for ras, axis in enumerate(best))


@functools.lru_cache(maxsize=8)
def _percentiles(scan: Scan) -> Window:
    """Return the window between the image's own percentiles."""
    flat = scan.voxels.reshape(-1)
    low, high = np.percentile(flat[:: max(1, flat.size // _SAMPLED)], _TAILS)
    return float(low + high) / 2, max(float(high - low), 1e-6)
