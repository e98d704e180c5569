"""What the rating model sees of a lesion: size, shape, attenuation inside, around and across the border.

Arrays are the lesion's box with a margin around it, axes (i, j, k). Knows no model and no reader's opinion.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tools.mask import Mask
from tools.measure import measure_box
from tools.scan import Scan

Array = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

MARGIN_MM = 6.0
"""How much of the surroundings is looked at."""
RIM_MM, SHELL_MM = 1.5, 4.0
"""The rim is the outermost part of the lesion; the shell is what lies around it."""
SOLID_HU, CALCIUM_HU = -300.0, 200.0
"""Above the first a voxel is soft tissue rather than ground glass; above the second it holds calcium."""
HU_LOW, HU_HIGH = -1000.0, 1000.0

DIAMETER = ("log mean diameter",)
NAMES = (
    *DIAMETER, "log long axis", "log volume", "log height", "elongation", "flatness", "sphericity", "filling",
    "HU mean", "HU p05", "HU p50", "HU p95", "HU sd", "solid share", "calcium share", "rim HU", "core minus rim HU",
    "shell HU", "shell p90", "shell lung share", "border step HU", "border spread",
)  # fmt: skip


def features(scan: Scan, mask: Mask) -> Array:
    """Return one lesion's features, in the order of `NAMES`. The mask is not empty and the scan has millimetres."""
    image, inside = _with_margin(scan, mask)
    spacing = [float(v) for v in np.linalg.norm(scan.affine[:3, :3], axis=0)]
    values = image[inside]
    shape = {q.name: q.value for q in measure_box(mask.box, mask.box_affine)}
    return np.array([*_shape(shape), *_attenuation(values), *_around(image, inside, spacing)])


def _with_margin(scan: Scan, mask: Mask) -> tuple[Array, Bool]:
    """Return HU (clipped) and mask of the lesion's box with its surroundings, as far as the image goes."""
    spans, inner = [], []
    for axis, (start, size) in enumerate(zip(mask.offset, mask.box.shape, strict=True)):
        mm = float(np.linalg.norm(scan.affine[:3, axis]))
        margin = int(np.ceil(MARGIN_MM / mm))
        low, high = max(0, start - margin), min(scan.shape[axis], start + size + margin)
        spans.append(slice(low, high))
        inner.append(slice(start - low, start - low + size))
    image = np.clip(np.asarray(scan.voxels[tuple(spans)], dtype=np.float64), HU_LOW, HU_HIGH)
    inside = np.zeros(image.shape, bool)
    inside[tuple(inner)] = mask.box
    return image, inside


def _shape(q: dict[str, float]) -> list[float]:
    """Return the eight features of size and shape."""
    long_axis, short_axis = q["axial_long_axis"], max(q["axial_short_axis"], 0.5)
    least = max(q["pca_least"], 0.5)
    return [
        np.log(q["mean_diameter"]), np.log(long_axis), np.log(q["volume_voxel"]), np.log(q["craniocaudal_extent"]),
        long_axis / short_axis, q["pca_major"] / least, q["sphericity"],
        q["volume_voxel"] / q["volume_ellipsoid"],
    ]  # fmt: skip


def _attenuation(values: Array) -> list[float]:
    """Return the seven features of the HU inside."""
    p05, p50, p95 = np.percentile(values, [5, 50, 95])
    solid, calcium = (float((values > hu).mean()) for hu in (SOLID_HU, CALCIUM_HU))
    return [values.mean(), p05, p50, p95, values.std(), solid, calcium]


def _around(image: Array, inside: Bool, spacing: Sequence[float]) -> list[float]:
    """Return the seven features of rim, shell and border."""
    from scipy.ndimage import distance_transform_edt

    depth: Any = distance_transform_edt(np.pad(inside, 1), sampling=spacing)[1:-1, 1:-1, 1:-1]
    gap: Any = distance_transform_edt(~inside, sampling=spacing)
    rim = inside & (depth <= max(RIM_MM, min(spacing)))
    core = inside & ~rim
    shell = (gap > 0) & (gap <= max(SHELL_MM, min(spacing)))
    outside = image[shell] if shell.any() else np.array([HU_LOW])
    inner = image[core].mean() if core.any() else image[inside].mean()
    lung = outside < -500.0
    step = image[rim].mean() - (outside[lung].mean() if lung.any() else outside.mean())
    return [
        image[rim].mean(), inner - image[rim].mean(), outside.mean(), float(np.percentile(outside, 90)),
        float(lung.mean()), step, image[rim].std(),
    ]  # fmt: skip
