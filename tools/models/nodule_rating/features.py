"""What the rating model sees of a lesion: size, shape, attenuation, texture, border and surroundings, as numbers.

Everything around the lesion is looked at within the lesion's own slices, so that a crop and a whole scan give the same
numbers. Inside this module arrays lie as (slice, row, column). Knows no model and no reader's opinion.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tools.mask import Mask
from tools.measure import measure_box
from tools.models.nodule_rating import border, texture
from tools.scan import Scan

Array = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

MARGIN_MM = 12.0
"""How much of the surroundings is looked at, in the plane."""
RIM_MM, SHELL_MM = 1.5, 4.0
"""The rim is the outermost part of the lesion; the shell is what lies around it, in the plane."""
SOLID_HU, CALCIUM_HU, DENSE_HU = -300.0, 200.0, 400.0
"""Above the first a voxel is soft tissue rather than ground glass, above the second it holds calcium, above the third
it is mostly calcium."""
FAT_HU = (-150.0, -30.0)
AIR_HU, LUNG_HU = -850.0, -500.0
HU_LOW, HU_HIGH = -1000.0, 1000.0
SMOOTH_MM = 0.8
"""Standard deviation of the filter that takes the kernel's noise out before the densest place is looked for."""

DIAMETER = ("log mean diameter",)
SHAPE = ("log long axis", "log volume", "log height", "elongation", "flatness", "sphericity", "filling", "solidity")
INSIDE = (
    "HU mean", "HU p05", "HU p50", "HU p95", "HU sd", "solid share", "calcium share", "dense share", "densest HU",
    "log calcium volume", "fat share", "air share", "core HU",
)  # fmt: skip
AROUND = ("rim HU", "core minus rim HU", "rim spread", "shell HU", "shell p90", "shell lung share", "border step HU",
          "lung HU", "near tissue share", "far tissue share")  # fmt: skip
GROUPS: Mapping[str, tuple[str, ...]] = {
    "diameter": DIAMETER, "shape": SHAPE, "attenuation": INSIDE, "surroundings": AROUND,
    "border": border.NAMES, "texture": texture.NAMES,
}  # fmt: skip
NAMES = tuple(name for names in GROUPS.values() for name in names)


@dataclass(frozen=True)
class Neighbourhood:
    """A lesion in its surroundings.

    Attributes:
        image: HU (clipped), axes (slice, row, column).
        inside: the lesion, same axes.
        spacing: mm along the same axes.
    """

    image: Array
    inside: Bool
    spacing: tuple[float, float, float]

    @classmethod
    def of(cls, scan: Scan, mask: Mask) -> Neighbourhood:
        """Return the lesion's own slices with a margin in the plane, as far as the image goes."""
        sizes = np.linalg.norm(scan.affine[:3, :3], axis=0)
        up = slice_axis(scan)
        spans, inner = [], []
        for axis, (start, size) in enumerate(zip(mask.offset, mask.box.shape, strict=True)):
            margin = 0 if axis == up else int(np.ceil(MARGIN_MM / sizes[axis]))
            low, high = max(0, start - margin), min(scan.shape[axis], start + size + margin)
            spans.append(slice(low, high))
            inner.append(slice(start - low, start - low + size))
        image = np.clip(np.asarray(scan.voxels[tuple(spans)], dtype=np.float64), HU_LOW, HU_HIGH)
        inside = np.zeros(image.shape, bool)
        inside[tuple(inner)] = mask.box
        a, b, c = (float(sizes[axis]) for axis in plane_order(scan))
        return cls(np.transpose(image, plane_order(scan)), np.transpose(inside, plane_order(scan)), (a, b, c))


def slice_axis(scan: Scan) -> int:
    """Return the voxel axis nearest to the body's long axis."""
    return int(np.argmax(np.abs(scan.affine[2, :3]) / np.linalg.norm(scan.affine[:3, :3], axis=0)))


def plane_order(scan: Scan) -> tuple[int, int, int]:
    """Return the voxel axes as (slice, row, column): columns run along the one nearest to right-to-left."""
    up = slice_axis(scan)
    first, second = (a for a in range(3) if a != up)
    across = np.abs(scan.affine[0, :3])
    return (up, first, second) if across[second] >= across[first] else (up, second, first)


def features(scan: Scan, mask: Mask) -> Array:
    """Return one lesion's features, in the order of `NAMES`. The mask is not empty and the scan has millimetres."""
    return seen(Neighbourhood.of(scan, mask), {q.name: q.value for q in measure_box(mask.box, mask.box_affine)})


def seen(place: Neighbourhood, measured: Mapping[str, float]) -> Array:
    """Return the features of a neighbourhood whose mask measures so."""
    return np.array(
        [
            *_shape(measured, place), *_inside(place), *_around(place),
            *border.features(place.image, place.inside, place.spacing),
            *texture.features(place.image, place.inside, place.spacing),
        ]
    )  # fmt: skip


def _shape(q: Mapping[str, float], place: Neighbourhood) -> list[float]:
    """Return the nine features of size and shape."""
    long_axis, short_axis = q["axial_long_axis"], max(q["axial_short_axis"], 0.5)
    least = max(q["pca_least"], 0.5)
    return [
        np.log(q["mean_diameter"]), np.log(long_axis), np.log(q["volume_voxel"]), np.log(q["craniocaudal_extent"]),
        long_axis / short_axis, q["pca_major"] / least, q["sphericity"],
        q["volume_voxel"] / q["volume_ellipsoid"], _solidity(place.inside),
    ]  # fmt: skip


def _solidity(inside: Bool) -> float:
    """Return the share of its slices' convex hulls that a mask fills."""
    from skimage.morphology import convex_hull_image

    hull = sum(
        int(convex_hull_image(plane).sum()) if plane.sum() > 2 else int(plane.sum()) for plane in inside if plane.any()
    )
    return float(inside.sum()) / max(1, hull)


def _inside(place: Neighbourhood) -> list[float]:
    """Return the thirteen features of the HU inside."""
    from scipy.ndimage import gaussian_filter

    values = place.image[place.inside]
    p05, p50, p95 = np.percentile(values, [5, 50, 95])
    shares = [float((values > hu).mean()) for hu in (SOLID_HU, CALCIUM_HU, DENSE_HU)]
    smooth = gaussian_filter(place.image, [0.0, *(SMOOTH_MM / mm for mm in place.spacing[1:])])
    calcium_mm3 = float((values > CALCIUM_HU).sum()) * float(np.prod(place.spacing))
    deep = _depth(place) >= RIM_MM
    core = smooth[deep] if deep.any() else smooth[place.inside]
    fat = float(((core > FAT_HU[0]) & (core < FAT_HU[1])).mean())
    return [
        values.mean(), p05, p50, p95, values.std(), *shares, float(smooth[place.inside].max()), np.log1p(calcium_mm3),
        fat, float((values < AIR_HU).mean()), float(np.median(core)),
    ]  # fmt: skip


def _depth(place: Neighbourhood) -> Array:
    """Return how far inside the lesion each voxel lies, in its own slice, in mm."""
    return _in_plane(place.inside, place.spacing)


def _in_plane(inside: Bool, spacing: tuple[float, float, float]) -> Array:
    """Return for each voxel set the distance to the nearest one not set in its slice, in mm."""
    from scipy.ndimage import distance_transform_edt

    padded = np.pad(inside, ((0, 0), (1, 1), (1, 1)))
    planes: Any = [distance_transform_edt(plane, sampling=spacing[1:])[1:-1, 1:-1] for plane in padded]
    return np.stack(planes)


def _around(place: Neighbourhood) -> list[float]:
    """Return the ten features of rim, surroundings and border."""
    image, inside = place.image, place.inside
    depth, gap = _depth(place), _outward(place)
    rim = inside & (depth <= max(RIM_MM, *place.spacing[1:]))
    core = inside & ~rim
    shell = (gap > 0) & (gap <= SHELL_MM)
    far = (gap > SHELL_MM) & (gap <= MARGIN_MM)
    outside = image[shell] if shell.any() else np.array([HU_LOW])
    inner = image[core].mean() if core.any() else image[inside].mean()
    lung = outside < LUNG_HU
    airy = outside[lung].mean() if lung.any() else outside.mean()
    return [
        image[rim].mean(), inner - image[rim].mean(), image[rim].std(), outside.mean(),
        float(np.percentile(outside, 90)), float(lung.mean()), image[rim].mean() - airy, float(airy),
        float((outside > SOLID_HU).mean()), float((image[far] > SOLID_HU).mean()) if far.any() else 0.0,
    ]  # fmt: skip


def _outward(place: Neighbourhood) -> Array:
    """Return how far outside the lesion each voxel lies, in its own slice, in mm; a slice without any: infinite."""
    from scipy.ndimage import distance_transform_edt

    planes: list[Any] = [
        distance_transform_edt(~plane, sampling=place.spacing[1:]) if plane.any() else np.full(plane.shape, np.inf)
        for plane in place.inside
    ]
    return np.stack(planes)
