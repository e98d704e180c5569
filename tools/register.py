"""The prior laid onto the current scan: one rigid motion for the body, then a small shift around each lesion.

Works on coarse cells (about 2 mm), so that a whole chest takes seconds on one core, and on one thread, so that the
same pair gives the same answer every time. How good the fit is comes from what both scans show, and a poor fit is
refused. Knows no lesion number and no patient, and models no breathing beyond the local shift.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tools.coarse import CoarseGrid
from tools.contract import NotApplicable, Progress
from tools.mask import FloatArray, Mask
from tools.overlay import LEAST_SHARED, SHRINKS, Prepared, check, overlay, prepare, quality_of, refused
from tools.quantity import Quantity
from tools.scan import Scan

log = logging.getLogger(__name__)

STEPS_MM = (8.0, 2.0)
"""The first step on each level."""
LEAST_STEP_MM = 0.02
MOST_STEPS = 120
STARTS = 3
"""How many of the start positions are followed on the coarsest level."""
SLIDE_MM, SLIDE_STEP_MM = 240.0, 20.0
"""Scans that begin and end elsewhere are slid this far along the body for a start, in these steps."""
LEAST_START = 0.3
"""A best start that correlates less than this is not followed: pairs of the same body are over 0.8 by then."""

SEARCH_MM = 14.0
"""How far around a lesion the shift is looked for: breathing moves the lung's base by this beside the rigid fit."""
CONTEXT_MM = 12.0
"""How much of its surroundings is laid on the prior with a lesion: vessels and pleura, which do not grow."""
LEAST_GAIN = 0.02
"""A shift must improve the local correlation by this; otherwise the rigid motion stands."""


@dataclass(frozen=True, eq=False)
class Alignment:
    """How the prior lies on the current scan.

    Attributes:
        matrix: 4x4, RAS mm of the current scan -> RAS mm of the prior.
        quality: overlap, correlation and shared view after alignment.
        current, prior: the prepared scans.
    """

    matrix: FloatArray
    quality: tuple[Quantity, ...]
    current: Prepared
    prior: Prepared

    def to_prior(self, points: FloatArray, shift: FloatArray | None = None) -> FloatArray:
        """Return RAS positions ``(n, 3)`` of the current scan as RAS positions of the prior, a local shift added."""
        moved = points @ self.matrix[:3, :3].T + self.matrix[:3, 3]
        return moved if shift is None else moved + shift

    def to_current(self, points: FloatArray, shift: FloatArray | None = None) -> FloatArray:
        """Return RAS positions ``(n, 3)`` of the prior as RAS positions of the current scan."""
        back = points - self.matrix[:3, 3] - (0.0 if shift is None else shift)
        return np.asarray(back @ np.linalg.inv(self.matrix[:3, :3]).T)


def align(current: Scan, prior: Scan, progress: Progress = lambda fraction, phrase: None) -> Alignment:
    """Return the rigid motion that lays the prior on the current scan.

    Raises:
        NotApplicable: the two cannot be laid on each other, with what was seen.
    """
    progress(0.0, "preparing both scans")
    fixed, moving = prepare(current), prepare(prior)
    progress(0.3, "finding the start")
    best, agreement = None, -1.0
    for start in _starts(fixed, moving):
        motion = _optimise(fixed, moving, start, SHRINKS[0], STEPS_MM[0])
        if motion is not None and (score := _agreement(fixed, moving, motion, SHRINKS[0])) > agreement:
            best, agreement = motion, score
    if best is None or agreement < LEAST_START:
        raise NotApplicable(refused("no position was found in which both show the same body"))
    for shrink, step in zip(SHRINKS[1:], STEPS_MM[1:], strict=True):
        progress(0.6, "aligning")
        best = _optimise(fixed, moving, best, shrink, step) or best
    matrix = _matrix(best)
    quality = quality_of(overlay(fixed, moving, best))
    log.info("aligned two scans: %s", {q.name: round(q.value, 3) for q in quality})
    check(quality)
    return Alignment(matrix, quality, fixed, moving)


def local_shift(alignment: Alignment, mask: Mask) -> FloatArray:
    """Return the shift in mm, in the prior's frame, that lays a lesion's surroundings best on the prior.

    Zeros where the prior does not show the place, where no shift improves the fit, or where the best one lies at the
    end of the search.
    """
    from scipy.ndimage import map_coordinates
    from skimage.feature import match_template

    grid, other = alignment.current.grid, alignment.prior.grid
    low, high = _cells_around(mask, grid)
    template = grid.values[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    reach = np.ceil(SEARCH_MM / np.array(grid.step)).astype(int)
    axes = [np.arange(a - r, b + r) for a, b, r in zip(low, high, reach, strict=True)]
    index = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    points = alignment.to_prior(index @ grid.affine[:3, :3].T + grid.affine[:3, 3])
    cells = (points - other.affine[:3, 3]) @ np.linalg.inv(other.affine[:3, :3]).T
    inside = ((cells > -0.5) & (cells < np.array(other.values.shape) - 0.5)).all(axis=1)
    if min(template.shape) < 3 or inside.mean() < 0.7 or template.std() < 1.0:
        return np.zeros(3)
    found = map_coordinates(other.values, cells.T, order=1, mode="nearest", prefilter=False)
    fits = match_template(found.reshape([len(a) for a in axes]), template)
    peak = np.array(np.unravel_index(int(np.argmax(fits)), fits.shape))
    at_edge = any(p in (0, n - 1) for p, n in zip(peak, fits.shape, strict=True))
    if at_edge or fits[tuple(peak)] < fits[tuple(reach)] + LEAST_GAIN:
        return np.zeros(3)
    return np.asarray(alignment.matrix[:3, :3] @ grid.affine[:3, :3] @ (_between_cells(fits, peak) - reach))


def _cells_around(mask: Mask, grid: CoarseGrid) -> tuple[FloatArray, FloatArray]:
    """Return first and one past last cell of a lesion's box with its surroundings, within the grid."""
    corners = np.array(list(itertools.product(*((-0.5, n - 0.5) for n in mask.box.shape))))
    points = corners @ mask.box_affine[:3, :3].T + mask.box_affine[:3, 3]
    cells = (points - grid.affine[:3, 3]) @ np.linalg.inv(grid.affine[:3, :3]).T
    margin = CONTEXT_MM / np.array(grid.step)
    low = np.clip(np.floor(cells.min(axis=0) - margin), 0, grid.values.shape).astype(int)
    high = np.clip(np.ceil(cells.max(axis=0) + margin) + 1, 0, grid.values.shape).astype(int)
    return low, high


def _between_cells(fits: npt.NDArray[Any], peak: npt.NDArray[Any]) -> FloatArray:
    """Return the peak's place between cells: the top of a parabola through it and its two neighbours, an axis."""
    place = peak.astype(np.float64)
    for axis in range(3):
        step = np.eye(3, dtype=int)[axis]
        before, top, after = (float(fits[tuple(peak + n * step)]) for n in (-1, 0, 1))
        bend = before - 2 * top + after
        if bend < 0:
            place[axis] += 0.5 * (before - after) / bend
    return place


def _motion(centre: Iterable[float], translation: Iterable[float]) -> Any:
    import SimpleITK as sitk  # noqa: N813

    motion = sitk.Euler3DTransform()
    motion.SetCenter([float(v) for v in centre])
    motion.SetTranslation([float(v) for v in translation])
    return motion


def _matrix(motion: Any) -> FloatArray:
    turn = np.array(motion.GetMatrix()).reshape(3, 3)
    centre, translation = np.array(motion.GetCenter()), np.array(motion.GetTranslation())
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = turn, translation + centre - turn @ centre
    return matrix


def _starts(fixed: Prepared, moving: Prepared) -> list[Any]:
    """Return the most promising start positions: middle on middle, slid along the body, and as the scanner says."""
    middle = moving.centre - fixed.centre
    slides = np.arange(-SLIDE_MM, SLIDE_MM + 1, SLIDE_STEP_MM)
    shifts = [middle, np.zeros(3), *(middle + np.array((0.0, 0.0, s)) for s in slides if s)]
    motions = [_motion(fixed.centre, shift) for shift in shifts]
    scores = [_agreement(fixed, moving, motion, SHRINKS[0]) for motion in motions]
    order = sorted(range(len(motions)), key=lambda n: -scores[n])
    kept = [0, *(n for n in order if n and scores[n] > 0)][:STARTS]
    return [motions[n] for n in kept]


def _optimise(fixed: Prepared, moving: Prepared, start: Any, shrink: int, step_mm: float) -> Any:
    """Return the motion that correlates best, from a start; None when the scans leave each other on the way."""
    import SimpleITK as sitk  # noqa: N813

    motion = sitk.Euler3DTransform(start)
    level = fixed.levels[shrink]
    method = sitk.ImageRegistrationMethod()
    method.SetNumberOfThreads(1)
    method.SetMetricAsCorrelation()
    method.SetMetricFixedMask(sitk.BinaryDilate(level.body > 0.5, [1, 1, 1]))
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(step_mm, LEAST_STEP_MM, MOST_STEPS, 0.6, 1e-7)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetInitialTransform(motion, inPlace=True)
    try:
        method.Execute(level.values, moving.levels[shrink].values)
    except RuntimeError as error:
        log.info("a start was given up: %s", str(error).strip().splitlines()[-1])
        return None
    return motion


def _agreement(fixed: Prepared, moving: Prepared, motion: Any, shrink: int) -> float:
    """Return the correlation over the bodies seen in both, 0 where too little is seen in both."""
    seen = overlay(fixed, moving, motion, shrink)
    return 0.0 if seen.shared < LEAST_SHARED else seen.correlation
