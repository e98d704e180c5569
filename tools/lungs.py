"""Right and left lung of a chest CT on a coarse grid, and where in them a mask lies: side and third, never a lobe.

The field of a lung is its air-like tissue. Its hull is the field made convex in each axial slice and closed over gaps
along the body, so that a lesion on the pleura or a mass that takes a slice's lung away still lies inside.

Knows no lobe, no fissure, no vessel and no lesion. A lung without air (collapsed, or white from fluid) has no field
here, and its side stays unanswered. Left and right come from the affine: RAS, x grows toward the patient's right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from tools.coarse import CoarseGrid, coarse_grid
from tools.lung_air import AIR_HU, airways_of, body_of, hull_of, lungs_of, midline_of
from tools.mask import BoolArray, FloatArray, Mask
from tools.scan import Scan

Side = Literal["right", "left"]
Third = Literal["upper", "middle", "lower"]
End = Literal["top", "bottom"]

PLANE_MM, SLICE_MM = 2.0, 2.5
"""Cells are about this large: the wall between trachea and right lung (2-4 mm) still shows, a scan takes seconds."""
FAR_MM = 15.0
"""A mask whose centre is farther than this from both hulls is not said to lie in, or at, a lung."""
TIE_MM = 5.0
"""Outside both hulls, a mask that is nearer to one by less than this lies between them: no side."""
LEAST_LUNG_ML = 150.0
"""The larger lung in view must hold this much. Paranasal sinuses and mastoids hold under 100 ml together."""
LEAST_SIDE_ML = 20.0
"""Less air than this on a side is a remnant: no field there."""
TALLEST_LUNG_MM = 320.0
"""Hardly a lung is taller than this: bounds what a scan that ends inside the lung may have left out."""
CUT_MM2 = 300.0
"""Lung of this area in the first or last slice goes on beyond the scan."""

_RIGHT, _LEFT, _RIGHT_HULL, _LEFT_HULL = 1, 2, 4, 8


@dataclass(frozen=True, eq=False)
class LungFields:
    """Where the two lungs are.

    Attributes:
        scan_id: id of the scan they were found in.
        found: whether there is at least one lung.
        why: when not found, a sentence that says what was seen.
        cells: uint8 flags, axes about (R, A, S), cut to the hulls; read through the properties below.
        affine: 4x4, cell index -> RAS mm.
        midline_mm: x of the body's middle.
        cut: which ends ("top", "bottom") of each lung the scan leaves out.
    """

    scan_id: str
    found: bool
    why: str
    cells: npt.NDArray[np.uint8]
    affine: FloatArray
    midline_mm: float
    cut: tuple[tuple[Side, End], ...] = ()

    def field(self, side: Side) -> BoolArray:
        """Return the air-like cells of one lung."""
        return (self.cells & (_RIGHT if side == "right" else _LEFT)) > 0

    def hull(self, side: Side) -> BoolArray:
        """Return the cells of one lung's hull, which holds what touches the pleura as well."""
        return (self.cells & (_RIGHT_HULL if side == "right" else _LEFT_HULL)) > 0

    @property
    def sides(self) -> tuple[Side, ...]:
        """The sides that have a field."""
        return tuple(s for s in ("right", "left") if self.field(s).any())  # type: ignore[misc]


@dataclass(frozen=True)
class Place:
    """Where a mask lies. None: not in or at a lung, or geometry does not tell."""

    side: Side | None
    third: Third | None


NOWHERE = Place(None, None)


def lung_fields(scan: Scan) -> LungFields:
    """Return the lung fields of a CT, or fields with `found` False and `why`."""
    if scan.is_2d or not scan.has_mm or min(scan.shape) < 4:
        return _missing(scan, "Lung fields need a volume with spacing in mm.")
    grid = coarse_grid(scan, PLANE_MM, SLICE_MM)
    body = body_of(grid)
    air = body & (grid.values < AIR_HU)
    enclosed = float(air.sum()) * grid.cell_ml
    if enclosed < LEAST_LUNG_ML:
        return _missing(scan, f"The body in view encloses {enclosed:.0f} ml of air; lungs hold more.")
    midline = midline_of(body, air)
    sides = lungs_of(grid, air & ~airways_of(grid, air, midline), midline)
    volumes = [float(part.sum()) * grid.cell_ml for part in sides]
    if max(volumes) < LEAST_LUNG_ML:
        return _missing(scan, f"The largest body of lung-like air on a side holds {max(volumes):.0f} ml; a lung more.")
    return _fields(scan, grid, sides, midline)


def _fields(scan: Scan, grid: CoarseGrid, sides: tuple[BoolArray, BoolArray], midline: float) -> LungFields:
    cells = np.zeros(grid.values.shape, np.uint8)
    cut: list[tuple[Side, End]] = []
    flags: tuple[tuple[Side, int, int], ...] = (("right", _RIGHT, _RIGHT_HULL), ("left", _LEFT, _LEFT_HULL))
    for (side, inside, near), part in zip(flags, sides, strict=True):
        if part.sum() * grid.cell_ml < LEAST_SIDE_ML:
            continue
        cells[part] |= np.uint8(inside)
        cells[hull_of(part, grid)] |= np.uint8(near)
        areas = part.sum(axis=(0, 1)) * grid.step[0] * grid.step[1]
        cut += [(side, end) for end, k in (("bottom", 0), ("top", -1)) if areas[k] >= CUT_MM2]  # type: ignore[misc]
    kept = Mask.from_grid(scan.id, cells > 0, grid.affine)
    affine = np.array(kept.box_affine)
    x = float((grid.affine @ [midline, grid.values.shape[1] / 2, grid.values.shape[2] / 2, 1.0])[0])
    box = np.ascontiguousarray(cells[kept.slices])
    for array in (box, affine):
        array.setflags(write=False)
    return LungFields(scan.id, True, "", box, affine, x, tuple(cut))


def place(mask: Mask, scan: Scan, fields: LungFields) -> Place:
    """Return the side and third of the lung where a mask lies.

    The centre decides: in a hull, or at most 15 mm from one. The third is of the lung's height; it is None where
    the scan ends inside the lung and the part out of view could change it.
    """
    if not fields.found or not mask.count or not scan.laterality_known:
        return NOWHERE
    points = np.argwhere(mask.box)[:: max(1, mask.count // 400)] @ mask.box_affine[:3, :3].T + mask.box_affine[:3, 3]
    centre = points.mean(axis=0)
    side = _side_of(points, centre, fields)
    return NOWHERE if side is None else Place(side, _third(float(centre[2]), side, fields))


def _side_of(points: FloatArray, centre: FloatArray, fields: LungFields) -> Side | None:
    inside = {s: _share(points, fields.hull(s), fields.affine) for s in fields.sides}
    best = max(inside, key=lambda s: inside[s])
    if inside[best] >= 0.3 and inside[best] > 1.2 * max((v for s, v in inside.items() if s != best), default=0.0):
        return best
    far = {s: _distance(centre, fields.hull(s), fields.affine) for s in fields.sides}
    near = min(far, key=lambda s: far[s])
    if far[near] > FAR_MM:
        return None
    if len(far) == 2 and abs(far["right"] - far["left"]) < TIE_MM:
        return _by_field(centre, fields) if far[near] == 0.0 else None
    over = (centre[0] - fields.midline_mm) * (-1 if near == "right" else 1)
    return None if far[near] > 0 and over > TIE_MM else near


def _by_field(centre: FloatArray, fields: LungFields) -> Side | None:
    """Return whose aerated cells are nearer, for a place that both hulls hold."""
    far = {s: _distance(centre, fields.field(s), fields.affine) for s in fields.sides}
    near = min(far, key=lambda s: far[s])
    return near if max(far.values()) - far[near] >= TIE_MM else None


def _share(points: FloatArray, cells: BoolArray, affine: FloatArray) -> float:
    index = np.rint((points - affine[:3, 3]) @ np.linalg.inv(affine[:3, :3]).T).astype(int)
    valid = ((index >= 0) & (index < cells.shape)).all(axis=1)
    return float(cells[tuple(index[valid].T)].sum()) / len(points)


def _distance(point: FloatArray, cells: BoolArray, affine: FloatArray) -> float:
    """Return the distance in mm from a point to the nearest cell; 0 inside one."""
    if _share(point[None], cells, affine) > 0:
        return 0.0
    places = np.argwhere(cells) @ affine[:3, :3].T + affine[:3, 3]
    return float(np.linalg.norm(places - point, axis=1).min())


def _third(z: float, side: Side, fields: LungFields) -> Third | None:
    index = np.argwhere(fields.field(side))
    heights = index @ fields.affine[2, :3] + fields.affine[2, 3]
    low, high = float(heights.min()), float(heights.max())
    unseen = max(0.0, TALLEST_LUNG_MM - (high - low))
    lows = (low, low - unseen) if (side, "bottom") in fields.cut else (low,)
    highs = (high, high + unseen) if (side, "top") in fields.cut else (high,)
    answers = {_third_of((z - a) / (b - a)) for a in lows for b in highs if b > a}
    return answers.pop() if len(answers) == 1 else None


def _third_of(height: float) -> Third:
    return "upper" if height >= 2 / 3 else "middle" if height >= 1 / 3 else "lower"


def _missing(scan: Scan, why: str) -> LungFields:
    return LungFields(scan.id, False, why, np.zeros((0, 0, 0), np.uint8), np.eye(4), 0.0)
