"""Two scans on each other: each made ready as coarse cells of its body, and how well they agree when laid together.

Cells are about 2 mm; levels of larger cells come from them. SimpleITK's physical frame is RAS mm here, not LPS.
Knows no lesion, and finds no motion: `register` does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tools.coarse import CoarseGrid, coarse_grid
from tools.contract import NotApplicable
from tools.lung_air import AIR_HU, body_of
from tools.mask import BoolArray, FloatArray
from tools.quantity import Quantity
from tools.scan import Scan

CELL_MM = 2.0
"""Cells of the grid that is registered: vessels of the lung still show, noise is averaged away."""
SHRINKS = (4, 2)
"""The rigid motion is found on cells of about 8 mm, then 4 mm: to well under a millimetre, as every cell takes part."""
LOW_HU, HIGH_HU = -1000.0, 200.0
"""Values are cut to this: air to soft tissue. Bone and contrast medium then weigh no more than tissue."""

LEAST_SHARED = 0.2
"""At least this share of the smaller body in view must be seen in both scans: a fifth of a chest is about 5 cm."""
LEAST_BODY, LEAST_AIR, LEAST_CORRELATION = 0.85, 0.6, 0.75
"""Under any of these after alignment the fit is refused. Right pairs (four real chest CTs against themselves moved by
20 mm and 10 degrees, with noise, halved, on slices twice as thick, another kernel; made breaths of 15 mm) reached a
correlation of 0.90 or more. Wrong ones reached 0.62 at most: chests of different patients 0.26 to 0.37, a chest
mirrored 0.47 to 0.62, upside down 0.39. The limit lies half way; no real follow-up was at hand to set it closer."""
SURE_CORRELATION = 0.9
"""From this on bodies and lungs need not overlap: a field of view that cuts the lungs lets their air run out of the
body, and then the two outlines differ (Dice 0.1 and 0.8) though every voxel fits (0.98)."""
LEAST_AIR_ML = 150.0
"""With less enclosed air than this in both scans there are no lungs to hold against each other."""
FEWEST_CELLS = 30
"""Fewer cells than this in both views say nothing."""


@dataclass(frozen=True, eq=False)
class Level:
    """One scan at one cell size, as SimpleITK images: values, and shares of body, air and view a cell."""

    values: Any
    body: Any
    air: Any
    view: Any


@dataclass(frozen=True, eq=False)
class Prepared:
    """A scan made ready to be laid on another: cells with what is outside the body taken away.

    Attributes:
        grid: the cells, values cut to a range; see `CoarseGrid`.
        centre: middle of the body, RAS mm.
        outside: the value outside the body.
        body_ml: volume of the body in view.
        levels: the images for the whole cells (1) and each shrink factor.
    """

    grid: CoarseGrid
    centre: FloatArray
    outside: float
    body_ml: float
    levels: dict[int, Level]


def prepare(scan: Scan) -> Prepared:
    """Return a scan's cells, cut to its body. Raises NotApplicable where no body is seen."""
    grid = coarse_grid(scan, CELL_MM, CELL_MM)
    if min(grid.values.shape) < 2 * SHRINKS[0]:
        size = " x ".join(f"{n * s:.0f}" for n, s in zip(grid.values.shape, grid.step, strict=True))
        raise NotApplicable(f"A scan of {size} mm is too small to be laid on another. Load the whole scan.")
    ct = scan.modality.value == "CT"
    body = body_of(grid) if ct else _bright(grid)
    if body.mean() < 0.01:
        raise NotApplicable("One of the scans shows no body to align by. Load a scan of the patient.")
    low, high = (LOW_HU, HIGH_HU) if ct else (float(v) for v in np.percentile(grid.values, [1, 99]))
    values = np.clip(grid.values, low, high)
    values[~body] = low
    air = body & (grid.values < AIR_HU) if ct else np.zeros_like(body)
    parts = (values, body, air, np.ones_like(body))
    levels = {n: Level(*(_image(part, grid, n) for part in parts)) for n in (1, *SHRINKS)}
    centre = grid.affine[:3, :3] @ np.argwhere(body).mean(axis=0) + grid.affine[:3, 3]
    ready = CoarseGrid(values, grid.affine, grid.order, grid.flipped, grid.factors)
    return Prepared(ready, centre, float(low), float(body.sum()) * grid.cell_ml, levels)


def _bright(grid: CoarseGrid) -> BoolArray:
    """Return the largest bright body of an image without Hounsfield units, filled in each slice."""
    from scipy import ndimage
    from skimage.filters import threshold_otsu

    bright = grid.values > threshold_otsu(grid.values) if np.ptp(grid.values) > 0 else np.zeros(grid.values.shape, bool)
    labels, count = ndimage.label(bright)
    if not count:
        return np.asarray(bright)
    body = labels == 1 + int(np.argmax(np.bincount(labels.ravel())[1:]))
    for k in range(body.shape[2]):
        body[:, :, k] = ndimage.binary_fill_holes(body[:, :, k])
    return np.asarray(body)


def _image(values: npt.NDArray[Any], grid: CoarseGrid, shrink: int = 1) -> Any:
    """Return cells as a SimpleITK image whose physical frame is RAS mm."""
    import SimpleITK as sitk  # noqa: N813

    image = sitk.GetImageFromArray(np.ascontiguousarray(values.transpose(2, 1, 0).astype(np.float32)))
    image.SetSpacing(grid.step)
    image.SetOrigin([float(v) for v in grid.affine[:3, 3]])
    image.SetDirection([float(v) for v in (grid.affine[:3, :3] / grid.step).ravel()])
    factors = [max(1, min(shrink * round(CELL_MM / s) if s < CELL_MM else round(shrink * CELL_MM / s), n // 4))
               for s, n in zip(grid.step, values.shape, strict=True)]  # fmt: skip
    return sitk.BinShrink(image, factors) if shrink > 1 else image


@dataclass(frozen=True)
class Overlay:
    """How well two scans agree where both see.

    Attributes:
        shared: share of the smaller body in view that both show.
        correlation: of the values over either body.
        body, air: Dice of the bodies and of the air in them; air is None where there is too little to tell.
    """

    shared: float
    correlation: float
    body: float
    air: float | None


def overlay(fixed: Prepared, moving: Prepared, motion: Any, shrink: int = 1) -> Overlay:
    """Return how well the two agree, on cells of one level, under a motion from the fixed to the moving frame."""
    import SimpleITK as sitk  # noqa: N813

    mine, theirs = fixed.levels[shrink], moving.levels[shrink]

    def laid(image: Any, missing: float = 0.0) -> npt.NDArray[Any]:
        return np.asarray(sitk.GetArrayFromImage(sitk.Resample(image, mine.values, motion, sitk.sitkLinear, missing)))

    def own(image: Any) -> npt.NDArray[Any]:
        return np.asarray(sitk.GetArrayViewFromImage(image))

    seen = laid(theirs.view) > 0.5
    my_body, their_body = own(mine.body) > 0.5, laid(theirs.body) > 0.5
    cell_ml = float(np.prod(mine.values.GetSpacing())) / 1000
    shared = float((my_body & seen).sum()) * cell_ml / max(1.0, min(fixed.body_ml, moving.body_ml))
    either = (my_body | their_body) & seen
    if either.sum() < FEWEST_CELLS:
        return Overlay(0.0, 0.0, 0.0, None)
    a, b = own(mine.values)[either], laid(theirs.values, moving.outside)[either]
    spread = float(a.std()) * float(b.std())
    correlation = float(((a - a.mean()) * (b - b.mean())).mean()) / spread if spread > 0 else 0.0
    my_air, their_air = (own(mine.air) > 0.5) & seen, (laid(theirs.air) > 0.5) & seen
    enough = max(float(my_air.sum()), float(their_air.sum())) * cell_ml >= LEAST_AIR_ML
    body = _dice(my_body & seen, their_body & seen)
    return Overlay(min(1.0, shared), correlation, body, _dice(my_air, their_air) if enough else None)


def _dice(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> float:
    return 2.0 * float((a & b).sum()) / max(1.0, float(a.sum() + b.sum()))


def quality_of(seen: Overlay) -> tuple[Quantity, ...]:
    """Return an overlay's figures as quantities."""
    where = "after rigid alignment, where both scans see"
    found = [
        Quantity("shared_view", seen.shared, "1", "share of the smaller body in view that both scans show"),
        Quantity("body_overlap", seen.body, "1", f"Dice of the two bodies {where}"),
        Quantity("correlation", seen.correlation, "1", f"correlation of the values over both bodies {where}"),
    ]
    if seen.air is not None:
        found.append(Quantity("lung_overlap", seen.air, "1", f"Dice of the air inside the two bodies {where}"))
    return tuple(found)


def check(quality: Iterable[Quantity]) -> None:
    """Raise NotApplicable where a figure is under its limit."""
    limits = {"shared_view": LEAST_SHARED, "correlation": LEAST_CORRELATION}
    found = {q.name: q.value for q in quality}
    if found["correlation"] < SURE_CORRELATION:
        limits |= {"body_overlap": LEAST_BODY, "lung_overlap": LEAST_AIR}
    for name, least in limits.items():
        if found.get(name, least) < least:
            what = name.replace("_", " ")
            raise NotApplicable(
                refused(f"after alignment the {what} is {found[name]:.2f}, and at least {least} is needed")
            )


def refused(seen: str) -> str:
    """Return the sentence of a refusal, with what was seen."""
    return (
        f"The prior could not be laid on this scan: {seen}. They may show different parts of the body or different "
        "patients. Check that the prior is the right scan, and compare by eye."
    )
