"""A generated chest: ellipsoids for body, lungs, heart and spine, tubes for vessels, spheres for nodules. No patient.

For the demonstration where no real scan can be fetched, and for tests that need a known truth. It announces itself
in its notes, which every card, report and picture repeats.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tools.mask import Mask
from tools.scan import Known, Point, Scan, Source

NOTE = "This is a generated chest phantom, not a patient."
SIZE_MM = (340.0, 250.0, 240.0)
"""Extent along left-right, front-back and head-foot."""
_AIR, _FAT, _TISSUE, _LUNG, _BONE = -1000.0, -90.0, 40.0, -860.0, 400.0
_NOISE_HU = 18.0
_CLEAR_MM = 4.0
"""Lung left between a vessel and a nodule, so that a nodule's truth is its sphere alone."""


@dataclass(frozen=True)
class Sphere:
    """One made nodule: centre in RAS mm, diameter in mm, attenuation in HU."""

    centre: Point
    diameter_mm: float
    hu: float = 30.0


SHOWN = (Sphere((80.0, 10.0, 20.0), 14.0), Sphere((-85.0, -20.0, -40.0), 7.0))
"""The demonstration's two: the larger in the right lung, the smaller in the left."""


def chest_phantom(
    nodules: Sequence[Sphere] = SHOWN,
    *,
    spacing: tuple[float, float, float] = (0.7, 0.7, 1.0),
    seed: int = 20261124,
) -> tuple[Scan, tuple[Mask, ...]]:
    """Return a chest scan (CT, CHEST, in HU) centred on the origin, and the true mask of each nodule.

    A voxel is in a nodule's mask when its centre is in the sphere.

    Args:
        nodules: spheres, in RAS mm: x above zero is the patient's right, as R in RAS says.
        spacing: mm along left-right, front-back, head-foot.
        seed: of noise and vessels.
    """
    rng = np.random.default_rng(seed)
    shape = tuple(round(size / step) for size, step in zip(SIZE_MM, spacing, strict=True))
    affine = np.diag([-spacing[0], -spacing[1], spacing[2], 1.0])
    affine[:3, 3] = -affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    x, y, z = (
        (affine[a, a] * np.arange(n) + affine[a, 3]).astype(np.float32).reshape([-1 if a == b else 1 for b in range(3)])
        for a, n in enumerate(shape)
    )
    volume = np.full(shape, _AIR, np.float32)
    for centre, radii, hu in (
        ((0, 0, 0), (160, 112, 1e6), _FAT),
        ((0, 0, 0), (150, 102, 1e6), _TISSUE),
        ((-72, 5, 0), (58, 82, 112), _LUNG),
        ((72, 5, 0), (58, 82, 112), _LUNG),
        ((-20, 25, -40), (52, 45, 55), _TISSUE),
        ((0, -78, 0), (18, 18, 1e6), _BONE),
        ((0, -5, 90), (9, 9, 70), _AIR),
    ):
        volume[_ellipsoid((x, y, z), centre, radii)] = hu
    _vessels(volume, (x, y, z), rng, nodules)
    masks = []
    for nodule in nodules:
        inside = _ellipsoid((x, y, z), nodule.centre, (nodule.diameter_mm / 2,) * 3)
        volume[inside] = nodule.hu
        masks.append(inside)
    volume += rng.normal(0.0, _NOISE_HU, shape).astype(np.float32)
    scan = Scan.build(
        np.clip(np.rint(volume), -1024, 3071).astype(np.int16),
        affine,
        modality=Known("CT", "known"),
        body_part=Known("CHEST", "known"),
        slice_thickness_mm=spacing[2],
        slice_interval_mm=spacing[2],
        notes=(NOTE,),
        source=Source(format="made"),
    )
    return scan, tuple(Mask.from_grid(scan.id, inside, scan.affine, "nodule") for inside in masks)


def _ellipsoid(axes: Sequence[Any], centre: Sequence[float], radii: Sequence[float]) -> npt.NDArray[np.bool_]:
    terms = [((a - c) / r) ** 2 for a, c, r in zip(axes, centre, radii, strict=True)]
    return np.asarray(terms[0] + terms[1] + terms[2] <= 1.0)


def _vessels(
    volume: npt.NDArray[np.float32], axes: Sequence[Any], rng: np.random.Generator, nodules: Sequence[Sphere]
) -> None:
    """Draw tubes from each hilum outward, thinner as they go, only through lung, each ending short of a nodule."""
    flat = [np.asarray(a).ravel() for a in axes]
    for side in (-1.0, 1.0):
        for _ in range(14):
            place = np.array([side * 25.0, 0.0, 5.0])
            direction = np.array([side * rng.uniform(0.3, 1.0), rng.uniform(-0.9, 0.9), rng.uniform(-1.0, 1.0)])
            direction /= np.linalg.norm(direction)
            for step in range(60):
                place = place + direction * 1.5 + rng.normal(0, 0.25, 3)
                radius = max(0.9, 3.5 - 0.05 * step)
                gaps = [np.linalg.norm(place - n.centre) - n.diameter_mm / 2 - radius for n in nodules]
                if gaps and min(gaps) < _CLEAR_MM:
                    break
                spans = [np.flatnonzero(np.abs(a - p) <= radius) for a, p in zip(flat, place, strict=True)]
                if any(not s.size for s in spans):
                    continue
                box = tuple(slice(int(s[0]), int(s[-1]) + 1) for s in spans)
                near = _ellipsoid(
                    [a[s].reshape([-1 if i == j else 1 for j in range(3)]) for i, (a, s) in
                     enumerate(zip(flat, box, strict=True))], place.tolist(), (radius,) * 3,
                )  # fmt: skip
                part = volume[box]
                part[near & (part < -500)] = _TISSUE
