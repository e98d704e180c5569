"""Attenuation inside a mask, and its solid part by a named threshold. Knows no lesion type: the reader states it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tools.axial import Array, axes_of, axial
from tools.quantity import HU, Quantity

CT_AIR, CT_MOST = -400.0, -3100.0
"""An image with values under -400 and none under -3100 is taken to be in Hounsfield units when nobody says."""
SOLID_HU = -160.0
"""Voxels at or above this count as solid: the lower end of the usual mediastinal window (centre 40, width 400), in
which ground glass does not show. No threshold has been validated here against what readers measure as solid."""
UNVALIDATED = "unvalidated threshold"


def looks_like_hu(image: npt.NDArray[Any]) -> bool:
    """Return whether the values can be Hounsfield units of a scan with air in it."""
    low = float(image.min())
    return CT_MOST <= low < CT_AIR


def attenuation(values: Array, modality: str | None) -> list[Quantity]:
    """Return mean, spread and percentiles of the values in a mask: ``hu_…`` on CT, else ``intensity_…``."""
    prefix, unit = ("hu", HU) if modality == "CT" else ("intensity", "1")
    p05, p50, p95 = np.percentile(values, [5, 50, 95])
    figures = {
        "mean": values.mean(), "sd": values.std(), "min": values.min(), "max": values.max(),
        "p05": p05, "p50": p50, "p95": p95,
    }  # fmt: skip
    method = f"over the mask's {values.size} voxels"
    return [Quantity(f"{prefix}_{name}", float(value), unit, method) for name, value in figures.items()]


def solid_component(box: npt.NDArray[np.bool_], affine: Array, values: Array, in_3d: bool) -> list[Quantity]:
    """Return the solid part's diameter, where there is one, and its volume, where all axes have mm.

    Args:
        box: the cropped mask.
        affine: 4x4, box index -> RAS mm.
        values: Hounsfield units of the mask's voxels, in the order of ``box``.
        in_3d: whether the slices have a known distance.
    """
    from scipy.ndimage import find_objects, label

    solid = np.zeros(box.shape, bool)
    solid[box] = values >= SOLID_HU
    found = []
    if solid.any():
        parts, _ = label(solid)
        largest = 1 + int(np.argmax(np.bincount(parts.ravel())[1:]))
        place = find_objects(parts)[largest - 1]
        shifted = np.array(affine)
        shifted[:3, 3] += affine[:3, :3] @ [part.start for part in place]
        axis = axial(parts[place] == largest, shifted, axes_of(affine), True)[0]
        method = f"axial long axis of the largest connected part at or above {SOLID_HU:g} HU"
        found.append(Quantity("solid_diameter", axis.value, "mm", method, axis.end_points_mm, UNVALIDATED))
    if in_3d:
        volume = int(solid.sum()) * abs(float(np.linalg.det(affine[:3, :3])))
        method = f"number of the mask's voxels at or above {SOLID_HU:g} HU x voxel volume"
        found.append(Quantity("solid_volume", volume, "mm3", method, note=UNVALIDATED))
    return found
