"""A lesion's texture: grey levels beside each other (GLCM) and the spread of its attenuation.

Slices are brought to one pixel size first: neighbours 0.7 mm apart mean the same on every scan. Knows no reader's
opinion.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

NAMES = (
    "GLCM contrast", "GLCM homogeneity", "GLCM energy", "GLCM correlation", "GLCM entropy", "HU skewness",
    "HU kurtosis", "HU entropy", "inner gradient",
)  # fmt: skip

PIXEL_MM = 0.7
LOW, HIGH, BIN = -1000.0, 600.0, 50.0
"""Grey levels are 50 HU wide; level 0 is kept for what lies outside the lesion."""
LEVELS = int((HIGH - LOW) / BIN) + 1
MOST_SLICES = 5


def features(image: Array, inside: Bool, spacing: tuple[float, float, float]) -> list[float]:
    """Return the features of texture, in the order of `NAMES`; arrays as (slice, row, column), spacing in mm."""
    from scipy.ndimage import gaussian_filter
    from scipy.stats import kurtosis, skew

    values = np.clip(image[inside], LOW, HIGH)
    spread = values.std() > 1.0
    counts = np.histogram(values, bins=LEVELS - 1, range=(LOW, HIGH))[0]
    smooth = gaussian_filter(image, [0.0, *(0.5 / mm for mm in spacing[1:])])
    steep = np.hypot(*(np.gradient(smooth, mm, axis=a) if smooth.shape[a] > 1 else np.zeros_like(smooth)
                       for a, mm in ((1, spacing[1]), (2, spacing[2]))))  # fmt: skip
    return [
        *_neighbours(image, inside, spacing[1:]),
        float(skew(values)) if spread else 0.0, float(kurtosis(values)) if spread else 0.0,
        _entropy(counts / counts.sum()), float(np.median(steep[inside])),
    ]  # fmt: skip


def _neighbours(image: Array, inside: Bool, spacing: tuple[float, float]) -> list[float]:
    """Return contrast, homogeneity, energy, correlation and entropy of neighbours within the lesion."""
    from skimage.feature import graycomatrix, graycoprops

    areas = inside.sum(axis=(1, 2))
    total = np.zeros((LEVELS, LEVELS))
    for n in np.argsort(-areas, kind="stable")[:MOST_SLICES]:
        if areas[n]:
            plane = _levels(image[n], inside[n], spacing)
            matrix: Any = graycomatrix(plane, [1], [0, np.pi / 4, np.pi / 2, 3 * np.pi / 4], LEVELS, symmetric=True)
            total += matrix.sum(axis=(2, 3))
    total[0], total[:, 0] = 0.0, 0.0
    if not total.sum():
        return [0.0, 1.0, 1.0, 0.0, 0.0]
    share = total / total.sum()
    cube = share[:, :, None, None]
    found = [float(graycoprops(cube, name)[0, 0]) for name in ("contrast", "homogeneity", "energy", "correlation")]
    return [*found, _entropy(share.ravel())]


def _levels(plane: Array, inside: Bool, spacing: tuple[float, float]) -> npt.NDArray[np.uint8]:
    """Return a slice at `PIXEL_MM` as grey levels, 0 outside the lesion, cut to it."""
    from scipy.ndimage import zoom

    rows, columns = (slice(int(v.min()), int(v.max()) + 1) for v in np.nonzero(inside))
    size = inside[rows, columns].shape
    factors = [max(mm / PIXEL_MM, 1.0 / n) for mm, n in zip(spacing, size, strict=True)]
    values = zoom(plane[rows, columns], factors, order=1, mode="nearest", grid_mode=True)
    member = zoom(inside[rows, columns].astype(np.float64), factors, order=1, mode="nearest", grid_mode=True) >= 0.5
    level = 1 + np.floor((np.clip(values, LOW, HIGH - 1e-6) - LOW) / BIN)
    return np.where(member, level, 0).astype(np.uint8)


def _entropy(shares: Array) -> float:
    """Return the entropy of shares, in bits."""
    held = shares[shares > 0]
    return float(-(held * np.log2(held)).sum())
