"""Made pairs of follow-up scans: a known motion, a known breath, and spheres that grow, appear, vanish, merge or split.

The prior is resampled from the current scan by the inverse of the motion, on a grid of its own; the spheres are drawn
into both afterwards at their true places, so that the truth of each is the voxels whose centre lies in the sphere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tools.compare import TimePoint
from tools.mask import Mask
from tools.scan import Known, Scan

Array = npt.NDArray[np.float64]
METHOD = "made sphere"


@dataclass(frozen=True)
class Ball:
    """One made lesion: where it is in the current scan (RAS mm), and its diameter there and in the prior (0: none)."""

    centre: tuple[float, float, float]
    now_mm: float
    then_mm: float


def motion(rng: np.random.Generator, mm: float, degrees: float, about: Sequence[float] = (0.0, 0.0, 0.0)) -> Array:
    """Return a 4x4 motion of this length and angle in a random direction: current RAS mm -> prior RAS mm."""
    axis, way = (v / np.linalg.norm(v) for v in rng.normal(size=(2, 3)))
    a, b, c = axis * np.radians(degrees)
    cross = np.array([[0, -c, b], [c, 0, -a], [-b, a, 0]])
    angle = np.radians(degrees)
    turn = np.eye(3)
    if angle > 0:
        turn += np.sin(angle) / angle * cross + (1 - np.cos(angle)) / angle**2 * cross @ cross
    matrix = np.eye(4)
    matrix[:3, :3] = turn
    matrix[:3, 3] = way * mm + np.array(about) - turn @ np.array(about)
    return matrix


@dataclass(frozen=True, eq=False)
class Breath:
    """A smooth shift along the body that grows toward the lung's base, in the prior's frame: depth in mm at the base."""

    depth_mm: float
    top_z: float
    base_z: float

    def at(self, points: Array) -> Array:
        """Return the shift of places in the prior, shape (n, 3), toward where they lay before the breath."""
        share = np.clip((self.top_z - points[:, 2]) / (self.top_z - self.base_z), 0.0, 1.0)
        return np.outer(self.depth_mm * share**2, [0.0, 0.25, 1.0])


def follow_up(
    scan: Scan, balls: Mapping[int, Ball], matrix: Array, *, breath: Breath | None = None, scale: float = 1.0,
    method: str = METHOD, hu: float = 30.0,
) -> tuple[TimePoint, TimePoint, dict[int, tuple[float, float, float]]]:
    """Return the current and the prior time point, and where each ball lies in the prior.

    Args:
        scan: the anatomy, as it is in the current scan.
        balls: the lesions by number; the same numbers in both time points.
        matrix: current RAS mm -> prior RAS mm.
        breath: a shift that no rigid motion follows.
        scale: voxel size of the prior, in-plane, as a multiple of the current's.
    """
    affine = np.array(scan.affine)
    shape = tuple(round(n / scale) for n in scan.shape[:2]) + scan.shape[2:]
    affine[:3, :2] *= scale
    affine[:3, 3] += (3.1, -2.3, 1.7)
    voxels = _resampled(scan, affine, shape, matrix, breath)
    places = {n: _in_prior(np.array(ball.centre), matrix, breath) for n, ball in balls.items()}
    base = {"modality": Known("CT", "known"), "body_part": scan.body_part}
    now = _drawn(np.asarray(scan.voxels), scan.affine, {n: (b.centre, b.now_mm) for n, b in balls.items()}, hu, base)
    then = _drawn(voxels, affine, {n: (places[n], b.then_mm) for n, b in balls.items()}, hu, base)
    current, prior = (
        TimePoint(made, masks, dict.fromkeys(masks, method)) for made, masks in (now, then)
    )
    return current, prior, places


def _resampled(scan: Scan, affine: Array, shape: tuple[int, ...], matrix: Array, breath: Breath | None) -> Array:
    from scipy.ndimage import affine_transform, map_coordinates

    values = np.asarray(scan.voxels, dtype=np.float32)
    back = np.linalg.inv(scan.affine) @ np.linalg.inv(matrix) @ affine
    low = float(values.min())
    if breath is None:
        return np.asarray(affine_transform(values, back[:3, :3], back[:3, 3], shape, order=1, cval=low))
    out = np.empty(shape, np.float32)
    plane = np.stack(np.meshgrid(np.arange(shape[0]), np.arange(shape[1]), indexing="ij"), axis=-1).reshape(-1, 2)
    for k in range(shape[2]):
        index = np.column_stack([plane, np.full(len(plane), k)])
        points = index @ affine[:3, :3].T + affine[:3, 3]
        at = _in_current(points, matrix, breath)
        cells = (at - scan.affine[:3, 3]) @ np.linalg.inv(scan.affine[:3, :3]).T
        out[:, :, k] = map_coordinates(values, cells.T, order=1, cval=low).reshape(shape[:2])
    return out


def _in_current(points: Array, matrix: Array, breath: Breath | None) -> Array:
    moved = points if breath is None else points + breath.at(points)
    return np.asarray((moved - matrix[:3, 3]) @ np.linalg.inv(matrix[:3, :3]).T)


def _in_prior(point: Array, matrix: Array, breath: Breath | None) -> tuple[float, float, float]:
    rigid = (matrix[:3, :3] @ point + matrix[:3, 3])[None]
    place = rigid
    for _ in range(50 if breath is not None else 0):
        place = rigid - breath.at(place)  # type: ignore[union-attr]
    return float(place[0, 0]), float(place[0, 1]), float(place[0, 2])


def _drawn(
    voxels: npt.NDArray[Any], affine: Array, balls: Mapping[int, tuple[Sequence[float], float]], hu: float,
    base: dict[str, Any],
) -> tuple[Scan, dict[int, Mask]]:
    """Return the scan with the balls in it, their edges blurred over a voxel, and the mask of each."""
    values = np.array(voxels, dtype=np.float32)
    steps = np.linalg.norm(affine[:3, :3], axis=0)
    grids: dict[int, tuple[npt.NDArray[np.bool_], tuple[int, ...]]] = {}
    for number, (centre, diameter) in balls.items():
        if diameter <= 0:
            continue
        middle = np.linalg.solve(affine, [*centre, 1.0])[:3]
        reach = np.ceil((diameter / 2 + 2 * steps) / steps).astype(int)
        low = np.clip(np.rint(middle).astype(int) - reach, 0, values.shape)
        high = np.clip(np.rint(middle).astype(int) + reach + 1, 0, values.shape)
        box = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
        index = np.stack(np.meshgrid(*(np.arange(a, b) for a, b in zip(low, high, strict=True)), indexing="ij"), axis=-1)
        depth = diameter / 2 - np.linalg.norm((index - middle) * steps, axis=-1)
        share = np.clip(depth / steps[0] + 0.5, 0.0, 1.0)
        values[box] = np.maximum(values[box], values[box] * (1 - share) + hu * share)
        grids[number] = (depth >= 0, tuple(int(v) for v in low))
    made = Scan.build(np.rint(values).astype(np.int16), affine, **base)
    made = replace(made, slice_interval_mm=float(steps[2]), slice_thickness_mm=float(steps[2]))
    masks = {
        n: Mask(made.id, inside, (at[0], at[1], at[2]), made.shape, made.affine, "nodule")
        for n, (inside, at) in grids.items()
    }
    return made, {n: m for n, m in masks.items() if m.count}


def places_in_lung(scan: Scan, count: int, clear_mm: float, apart_mm: float, rng: np.random.Generator) -> list[Any]:
    """Return places in the lungs at least this far from their edge and from each other, RAS mm."""
    from scipy.ndimage import distance_transform_edt

    from tools.lungs import lung_fields

    fields = lung_fields(scan)
    inside = fields.field("right") | fields.field("left")
    deep = np.argwhere(distance_transform_edt(inside, sampling=np.linalg.norm(fields.affine[:3, :3], axis=0)) > clear_mm)
    rng.shuffle(deep)
    found: list[Any] = []
    for index in deep:
        point = fields.affine[:3, :3] @ index + fields.affine[:3, 3]
        if all(np.linalg.norm(point - other) >= apart_mm for other in found):
            found.append(point)
            if len(found) == count:
                break
    return [tuple(float(v) for v in p) for p in found]
