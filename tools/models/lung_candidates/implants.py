"""Known nodules put into lung that has none: for measuring how many a search finds. Knows no search.

A crop is carried over voxel by voxel in mm, its border feathered, and averaged over the scan's slices as its scanner
would have: a 6 mm nodule in 5 mm slices is as faint as a real one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tools.lungs import LungFields
from tools.mask import Mask
from tools.models.nodule_segmenter.data import Nodule
from tools.scan import Point, Scan

RIM_MM = 1.5
"""What surrounds the readers' mask and still comes over: a nodule's own blurred border."""
FEATHER_MM = 0.7
SUB_MM = 1.0
"""A scan's slice is the mean of samples this far apart through its thickness."""
AIRY = 0.8
"""Share of the place that must be aerated lung: free in the lung, or touching a vessel or the pleura."""
AIR_HU = -500.0
TRIES = 400


@dataclass(frozen=True)
class Implant:
    """One implant: its true mask on the scan, its longest diameter in its own crop, and the readers' texture."""

    mask: Mask
    diameter_mm: float
    texture: str


def implanted(scan: Scan, nodule: Nodule, centre: Point) -> tuple[Scan, Mask] | None:
    """Return the scan with a nodule at a place, and its mask; None when it would leave the image.

    Args:
        scan: of the chest, in HU.
        nodule: the crop; its image is in HU.
        centre: where the middle of the nodule comes to lie, RAS mm.
    """
    box = _box(scan, nodule, centre)
    if box is None:
        return None
    weight, value, inside = _sampled(scan, nodule, centre, box)
    voxels = np.array(scan.voxels)
    old = voxels[box].astype(np.float32)
    voxels[box] = np.rint(old * (1.0 - weight) + value).astype(voxels.dtype)
    made = Scan.build(voxels, scan.affine, modality=scan.modality, body_part=scan.body_part)
    truth = inside >= min(0.5, float(inside.max()))
    i, j, k = (int(s.start) for s in box)
    return made, Mask(made.id, truth, (i, j, k), made.shape, made.affine, "nodule")


def _box(scan: Scan, nodule: Nodule, centre: Point) -> tuple[slice, ...] | None:
    size = np.array(nodule.mask.shape) * nodule.spacing
    half = np.array([size[1], size[2], size[0]]) / 2 + RIM_MM + 2 * FEATHER_MM
    reach = np.abs(np.linalg.inv(scan.affine[:3, :3])) @ half + 1
    at = np.array(scan.to_index(centre))
    low, high = np.floor(at - reach).astype(int), np.ceil(at + reach).astype(int) + 1
    if (low < 0).any() or (high > scan.shape).any():
        return None
    return tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))


def _sampled(
    scan: Scan, nodule: Nodule, centre: Point, box: tuple[slice, ...]
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]:
    """Return, on a box of the scan, the crop's share of a voxel, that share times HU, and the mask's share."""
    from scipy.ndimage import distance_transform_edt, gaussian_filter, map_coordinates

    spacing = np.array(nodule.spacing)
    grown = distance_transform_edt(~nodule.mask, sampling=spacing) <= RIM_MM
    soft = gaussian_filter(grown.astype(np.float32), FEATHER_MM / spacing, mode="nearest")
    middle = np.argwhere(nodule.mask).mean(axis=0)
    axis = int(np.argmax(np.abs(scan.affine[2, :3])))
    count = max(1, round(float(np.linalg.norm(scan.affine[:3, axis])) / SUB_MM))
    index = np.stack(np.meshgrid(*(np.arange(s.start, s.stop, dtype=np.float64) for s in box), indexing="ij"), axis=-1)
    back = np.linalg.inv(nodule.affine[:3, :3])
    total = [np.zeros(index.shape[:3], np.float32) for _ in range(3)]
    for part in (np.arange(count) + 0.5) / count - 0.5:
        place = index.copy()
        place[..., axis] += part
        gap = place @ scan.affine[:3, :3].T + scan.affine[:3, 3] - np.array(centre)
        a, b, c = np.moveaxis(gap @ back.T, -1, 0)
        at = np.stack([c + middle[0], a + middle[1], b + middle[2]])
        share, hu, core = (
            map_coordinates(v.astype(np.float32), at, order=1, mode="constant", cval=0.0)
            for v in (soft, nodule.image, nodule.mask)
        )
        for into, value in zip(total, (share, share * hu, core), strict=True):
            into += value / count
    return total[0], total[1], total[2]


def places(
    scan: Scan, fields: LungFields, sizes_mm: list[float], taken: list[tuple[Point, float]], rng: np.random.Generator
) -> list[Point | None]:
    """Return a place in the lungs for each size, apart from each other and from what is taken (place, radius in mm).

    None where `TRIES` random places did not do.
    """
    cells = np.argwhere(fields.field("right") | fields.field("left"))
    found: list[Point | None] = []
    taken = list(taken)
    for size in sizes_mm:
        for _ in range(TRIES):
            x, y, z = fields.affine[:3, :3] @ cells[rng.integers(len(cells))] + fields.affine[:3, 3]
            place = (float(x), float(y), float(z))
            apart = all(np.linalg.norm(np.subtract(place, p)) > r + size / 2 + 10.0 for p, r in taken)
            if apart and _airy(scan, place, size):
                found.append(place)
                taken.append((place, size / 2))
                break
        else:
            found.append(None)
    return found


def _airy(scan: Scan, place: Point, size: float) -> bool:
    at = np.array(scan.to_index(place))
    reach = size / 2 / np.array(scan.spacing_or_unit)
    low, high = np.floor(at - reach).astype(int), np.ceil(at + reach).astype(int) + 1
    if (low < 0).any() or (high > scan.shape).any():
        return False
    part = scan.voxels[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    return bool((part < AIR_HU).mean() >= AIRY)


def enlarged(nodule: Nodule, scale: float) -> Nodule:
    """Return a crop whose voxels are said to be this many times as large."""
    affine = np.array(nodule.affine)
    affine[:3, :3] *= scale
    a, b, c = (v * scale for v in nodule.spacing)
    return replace(nodule, spacing=(a, b, c), affine=affine)
