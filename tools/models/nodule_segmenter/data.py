"""LIDC-IDRI crops for training: reading, the split by patient, and one augmented sample.

The crops are cut close in z: in most of them the nodule fills every slice. A network trained on them alone never
sees a nodule end, so slices without the nodule are painted beyond the first and last one. Knows no network.
"""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tools.models.nodule_segmenter.window import PLANE_MM, SIDE, Index, channels, cut

Array = npt.NDArray[Any]

HELD_OUT_OF = 5
"""One patient in five is held out, by a hash of the patient id: the same ones on every machine."""
EXTRA = 6
"""Painted slices beyond each end."""
BIG_MM = 22.0
"""From this in-plane extent on, the finest window cuts a nodule off now and then."""


@dataclass(frozen=True)
class Nodule:
    """One crop: HU and mask as (slice, row, column), spacing in mm, painted slices for both ends, the CSV's row."""

    name: str
    patient: str
    image: Array
    mask: Array
    spacing: tuple[float, float, float]
    affine: Array
    row: dict[str, str]
    ends: tuple[Array, Array] | None = None

    @property
    def held_out(self) -> bool:
        """Whether this nodule's patient is kept out of training."""
        return is_held_out(self.patient)


def is_held_out(patient: str) -> bool:
    """Return whether a patient is held out."""
    return int(hashlib.sha256(patient.encode()).hexdigest()[:8], 16) % HELD_OUT_OF == 0


def read_nodules(folder: Path, *, paint: bool = False) -> list[Nodule]:
    """Return every nodule of a folder with `nodules.csv`, `image/` and `mask/`, sorted by name."""
    import nibabel

    nodules = []
    with (folder / "nodules.csv").open(newline="", encoding="utf-8") as file:
        rows = sorted(csv.DictReader(file), key=lambda r: r["name"])
    for row in rows:
        file_name = f"{row['name']}.nii.gz"
        loaded: Any = nibabel.load(folder / "image" / file_name)
        label: Any = nibabel.load(folder / "mask" / file_name)
        image = np.moveaxis(np.asarray(loaded.dataobj).astype(np.int16), 2, 0)
        mask = np.moveaxis(np.asarray(label.dataobj) > 0, 2, 0)
        a, b, c = (float(v) for v in loaded.header.get_zooms()[:3])
        ends = (erase(image[0], mask[0]), erase(image[-1], mask[-1])) if paint else None
        nodules.append(
            Nodule(row["name"], row["patient_id"], image, mask, (c, a, b), np.asarray(loaded.affine), row, ends)
        )
    return nodules


def erase(image: Array, mask: Array) -> Array:
    """Return a slice with the masked region (and 2 pixels around it) filled from its surroundings, with noise."""
    from scipy.ndimage import binary_dilation, gaussian_filter

    hole = binary_dilation(mask, iterations=2)
    if not hole.any() or hole.all():
        return image.copy()
    known = (~hole).astype(np.float32)
    values = np.asarray(image, dtype=np.float32)
    filled = gaussian_filter(values * known, 3.0) / np.maximum(gaussian_filter(known, 3.0), 1e-4)
    lung = values[(~hole) & (values < -600)]
    noise = np.random.default_rng(int(mask.sum())).normal(0.0, lung.std() if lung.size > 20 else 40.0, image.shape)
    noise = 0.8 * gaussian_filter(noise, 0.6)
    return np.where(hole, filled + noise, values).astype(np.int16)


def lengthen(nodule: Nodule, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return image and mask with painted slices beyond both ends; the first of them holds some partial volume."""
    if nodule.ends is None:
        return nodule.image, nodule.mask
    blocks: list[Array] = []
    for end, painted in ((0, nodule.ends[0]), (-1, nodule.ends[1])):
        real = nodule.image[end].astype(np.float32)
        base = painted.astype(np.float32)
        slices = []
        for n in range(EXTRA):
            drift = np.roll(base, (rng.integers(-1, 2) * n // 2, rng.integers(-1, 2) * n // 2), axis=(0, 1))
            share = rng.uniform(0.0, 0.35) if n == 0 else 0.0
            slices.append(share * real + (1 - share) * drift + rng.normal(0.0, 15.0, base.shape))
        blocks.append(np.stack(slices[::-1] if end == 0 else slices))
    image = np.concatenate([blocks[0], nodule.image, blocks[1]])
    return image, np.pad(nodule.mask, ((EXTRA, EXTRA), (0, 0), (0, 0)))


def thicken(image: Array, mask: Array, count: int) -> tuple[Array, Array]:
    """Return slices averaged in groups of `count`; a voxel stays in the mask when half of its group was."""
    if count == 1:
        return image, mask
    total = image.shape[0] // count * count
    shape = (total // count, count, *image.shape[1:])
    return image[:total].reshape(shape).mean(axis=1), mask[:total].reshape(shape).mean(axis=1) >= 0.5


def inner_click(mask: Array, spacing: tuple[float, float, float], rng: np.random.Generator) -> Index:
    """Return a random index of the mask's inner half (four times in six), its middle, or anywhere in it."""
    from scipy.ndimage import distance_transform_edt

    depth = distance_transform_edt(np.pad(mask, 1), sampling=spacing)[1:-1, 1:-1, 1:-1]
    kind = rng.integers(6)
    floor = {0: 0.0, 1: 0.9}.get(int(kind), 0.5)
    places = np.argwhere(mask & (depth >= floor * depth.max()))
    z, y, x = places[rng.integers(len(places))] + rng.uniform(-0.4, 0.4, 3)
    return float(z), float(y), float(x)


@dataclass(frozen=True)
class Sample:
    """One augmented sample.

    Attributes:
        data: network input (7, slices, SIDE, SIDE), corrections and outline before left empty.
        target: 1 in the lesion, (slices, SIDE, SIDE).
        weight: 1 where the sample lies in the image.
        slice_px: distance of two slices in units of the in-plane spacing.
    """

    data: Array
    target: Array
    weight: Array
    slice_px: float


def sample(nodule: Nodule, slices: int, rng: np.random.Generator, magnify: bool = False) -> Sample:
    """Return one augmented sample.

    Args:
        nodule: the crop.
        slices: of the window.
        rng: of everything that varies.
        magnify: show large nodules up to 1.8 times as large, and cut off at a window too fine for them more often:
            few masses are there to learn from.
    """
    image, mask = lengthen(nodule, rng) if rng.random() < 0.6 else (nodule.image, nodule.mask)
    image, mask, spacing = _thickened(image, mask, nodule.spacing, rng)
    if rng.random() < 0.5:  # beyond the crop: a mirror image, or marked as outside
        width = max(4, SIDE // 3)
        image = np.pad(image, ((0, 0), (width, width), (width, width)), mode="reflect")
        mask = np.pad(mask, ((0, 0), (width, width), (width, width)))
    click = inner_click(mask, spacing, rng)
    inside = np.argwhere(mask)
    low, high = inside.min(axis=0), inside.max(axis=0)
    centre = np.array(click)
    if rng.random() < 0.4:
        centre = inside.mean(axis=0) + rng.uniform(-3, 3, 3) * (0, 1, 1)
    wide = float(max((high - low + 1)[1:] * spacing[1:]))
    plane_mm, stretch = _plane_mm(wide, rng), (rng.uniform(0.85, 1.18), rng.uniform(0.85, 1.18))
    if magnify and wide > BIG_MM:
        plane_mm, stretch = _magnified(plane_mm, stretch, rng)
    span = (-int(rng.integers(1, slices - 1)), slices)
    window = cut(image, spacing, centre, plane_mm, stretch, span)
    truth = cut(mask.astype(np.float32) * 1000.0, spacing, centre, plane_mm, stretch, span)
    target = (truth.image >= 500.0).astype(np.float32)
    clicks, box, avoid = _prompts(window, target, click, low, high, rng)
    data = channels(_shaken(window, rng), clicks, box, avoid)
    return Sample(*_turned(data, target, window.inside, rng), window.slice_px)


def _magnified(
    plane_mm: float, stretch: tuple[float, float], rng: np.random.Generator
) -> tuple[float, tuple[float, float]]:
    """Return the window's spacing one step finer in a quarter of the cases, or both stretches down to 1 / 1.8."""
    if rng.random() < 0.25:
        return PLANE_MM[max(0, PLANE_MM.index(plane_mm) - 1)], stretch
    factor = 1.0 / rng.uniform(1.0, 1.8)
    return plane_mm, (stretch[0] * factor, stretch[1] * factor)


def _thickened(
    image: Array, mask: Array, spacing: tuple[float, float, float], rng: np.random.Generator
) -> tuple[Array, Array, tuple[float, float, float]]:
    """Return the crop with slices averaged to at most 8 mm, in a third of the cases, while a mask remains."""
    if rng.random() < 0.35:
        count = int(rng.integers(2, 6))
        start = int(rng.integers(count))
        thick, kept = thicken(image[start:], mask[start:], count)
        if count * spacing[0] <= 8.0 and kept.any():
            return thick, kept, (spacing[0] * count, spacing[1], spacing[2])
    return image, mask, spacing


def _plane_mm(wide: float, rng: np.random.Generator) -> float:
    """Return the window's spacing for an extent in mm: coarse for what is large, at times one step off."""
    step = 0 if wide < BIG_MM else 1 if wide < 2 * BIG_MM else 2
    if rng.random() < 0.25:
        step = int(np.clip(step + rng.choice((-1, 1)), 0, 2 if wide > BIG_MM / 2 else 0))
    return PLANE_MM[step]


def _prompts(
    window: Any, target: Array, click: Index, low: Array, high: Array, rng: np.random.Generator
) -> tuple[list[Index], tuple[Index, Index] | None, list[Index]]:
    """Return clicks, box and clicks to leave out, in window samples."""
    kind = rng.random()
    clicks = [window.place(click)] if kind < 0.75 else []
    box = None
    if kind > 0.6:
        size = (high - low + 1).astype(float)
        grow = size * rng.uniform(-0.02, 0.18, (2, 3))
        box = (window.place(low - grow[0]), window.place(high + grow[1]))
    if rng.random() < 0.15 and target.any():
        z, y, x = _pick(target > 0, rng)
        clicks.append((z, y, x))
    avoid: list[Index] = []
    if rng.random() < 0.2:
        from scipy.ndimage import binary_dilation

        near = binary_dilation(target > 0, iterations=8) & ~binary_dilation(target > 0, iterations=2)
        tissue = near & (window.image > -600) & (window.inside > 0)
        if tissue.any():
            avoid.append(_pick(tissue, rng))
    return clicks, box, avoid


def _pick(where: Array, rng: np.random.Generator) -> Index:
    places = np.argwhere(where)
    z, y, x = places[rng.integers(len(places))]
    return float(z), float(y), float(x)


def _shaken(window: Any, rng: np.random.Generator) -> Any:
    """Return the window with other noise, offset and sharpness, as other scanners and kernels give."""
    from dataclasses import replace

    from scipy.ndimage import gaussian_filter1d

    image = window.image
    if rng.random() < 0.3:
        for axis in (1, 2):
            image = gaussian_filter1d(image, rng.uniform(0.3, 1.0), axis=axis)
    image = image * rng.uniform(0.95, 1.05) + rng.uniform(-30, 30)
    image = image + rng.normal(0.0, rng.uniform(0, 30), image.shape)
    return replace(window, image=np.where(window.inside > 0, image, -1000.0).astype(np.float32))


def _turned(data: Array, target: Array, weight: Array, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Return the sample flipped and turned by quarter turns, the same way throughout."""
    flips = [axis for axis in (-3, -2, -1) if rng.random() < 0.5]
    quarter = bool(rng.random() < 0.5)
    out = []
    for array in (data, target, weight):
        turned = np.flip(array, tuple(flips)) if flips else array
        out.append(np.ascontiguousarray(np.swapaxes(turned, -1, -2) if quarter else turned))
    return out[0], out[1], out[2]
