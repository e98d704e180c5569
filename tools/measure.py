"""Measurements of one mask: axes with end points, volumes, shape and attenuation. Pure geometry of mask and spacing.

Axial diameters run between pixel-edge midpoints (marching squares at 0.5). The short axis is the longest chord
perpendicular to the long axis on the same slice, between outermost crossings. The 3-D maximum runs between
marching-cubes vertices at 0.5. PCA axes are 4 sqrt(eigenvalue) of the voxel covariance. Knows no model and no file.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from tools.calipers import Axis, edge_midpoints, longest, outline_segments, widest_across
from tools.contract import (
    MeasureRequest,
    MeasureResult,
    NotApplicable,
    Progress,
    ToolSpec,
    VisionTool,
)
from tools.mask import Mask
from tools.quantity import HU, NOISE_DECIMALS, PIXEL, Quantity
from tools.scan import Point, Spacing

Array = npt.NDArray[np.float64]

CALIPER = "axial calipers between pixel-edge midpoints"
CUT_OFF = "The mask touches the edge of the image: sizes are lower bounds."
CT_AIR, CT_MOST = -400.0, -3100.0
"""An image with values under -400 and none under -3100 is taken to be in Hounsfield units when nobody says."""


def measure_mask(
    voxels: npt.ArrayLike,
    affine: npt.ArrayLike,
    *,
    image: npt.ArrayLike | None = None,
    modality: str | None = None,
    spacing: Spacing | None = None,
) -> list[Quantity]:
    """Return every quantity that the mask, its geometry and its image allow, in the order a report shows them.

    Args:
        voxels: the mask, boolean or 0/1, axes ``(i, j, k)``.
        affine: 4x4, voxel index -> RAS mm.
        image: values on the same grid, for attenuation; Hounsfield units on CT.
        modality: ``CT`` names attenuation ``hu_…``, another ``intensity_…``; None judges by the values.
        spacing: pass it where an axis has no known mm (None): in-plane lengths are then in pixels, nothing
            three-dimensional is given, and a single slice is a picture with an area.

    Raises:
        NotApplicable: an empty mask, another grid than the image, or an affine that is not invertible.
    """
    grid = np.asarray(voxels).astype(bool)
    matrix = np.asarray(affine, dtype=np.float64)
    _check(grid, matrix, image)
    mask = Mask.from_grid("", grid, matrix)
    values = None if image is None else np.asarray(image)[mask.slices][mask.box].astype(np.float64)
    if modality is None and image is not None:
        modality = "CT" if _looks_like_hu(np.asarray(image)) else None
    flat = grid.shape[2] == 1 and spacing is not None and spacing[2] is None
    return measure_box(mask.box, mask.box_affine, values, modality, spacing, flat=flat)


def measure_box(
    box: npt.NDArray[np.bool_],
    affine: Array,
    values: Array | None = None,
    modality: str | None = None,
    spacing: Spacing | None = None,
    *,
    flat: bool = False,
) -> list[Quantity]:
    """Return the quantities of a cropped, non-empty mask. `flat` says that the image is a single picture."""
    i_axis, j_axis, slice_axis = _axes(affine)
    sizes = spacing or (1.0, 1.0, 1.0)
    in_mm = sizes[i_axis] is not None and sizes[j_axis] is not None
    quantities = _axial(box, affine, (i_axis, j_axis, slice_axis), in_mm)
    if in_mm and not flat and sizes[slice_axis] is not None:
        quantities += _three_dimensional(box, affine, {q.name: q.value for q in quantities})
    if flat:
        quantities.append(_area(box, affine, in_mm))
    if values is not None:
        quantities += _attenuation(values, modality)
    return quantities


def _check(grid: npt.NDArray[np.bool_], affine: Array, image: npt.ArrayLike | None) -> None:
    if grid.ndim != 3:
        raise NotApplicable(f"A mask has three axes (i, j, k); this one has shape {grid.shape}.")
    if affine.shape != (4, 4) or not np.isfinite(affine).all() or abs(np.linalg.det(affine)) < 1e-12:
        raise NotApplicable("The mask's affine is not a finite, invertible 4x4 matrix. Save the mask again.")
    if image is not None and np.asarray(image).shape != grid.shape:
        raise NotApplicable(
            f"The mask has {grid.shape} voxels and the image {np.asarray(image).shape}: resample the mask "
            "onto the image's grid."
        )
    if not grid.any():
        raise NotApplicable("The mask is empty: there is nothing to measure. Segment again or load another mask.")


def _looks_like_hu(image: npt.NDArray[Any]) -> bool:
    low = float(image.min())
    return CT_MOST <= low < CT_AIR


def _axes(affine: Array) -> tuple[int, int, int]:
    """Return the voxel axes in-plane, in-plane, and the one nearest to superior-inferior."""
    directions = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    slice_axis = int(np.argmax(np.abs(directions[2])))
    first, second = (a for a in range(3) if a != slice_axis)
    return first, second, slice_axis


def _axial(
    box: npt.NDArray[np.bool_], affine: Array, axes: tuple[int, int, int], in_mm: bool
) -> list[Quantity]:
    first, second, slice_axis = axes
    to_plane, to_mm = _plane(affine, first, second, in_mm)
    slices = np.moveaxis(box, slice_axis, 2) if slice_axis != 2 else box
    if (first, second) != (0, 1) and slice_axis != 2:
        slices = np.transpose(box, (first, second, slice_axis))
    best: tuple[int, Axis] | None = None
    ties = 0
    for k in (int(v) for v in np.flatnonzero(slices.any(axis=(0, 1)))):
        axis = longest(edge_midpoints(slices[:, :, k]) @ to_plane.T)
        if best is None or axis.length > best[1].length + 1e-6:
            best, ties = (int(k), axis), axis.ties
        elif axis.length > best[1].length - 1e-6:
            ties += axis.ties
    assert best is not None
    k, long_axis = best
    short_axis = widest_across(outline_segments(slices[:, :, k]) @ to_plane.T, long_axis)
    note = f"one of {ties} equally long axes; the first in a fixed order" if ties > 1 else ""
    unit = "mm" if in_mm else PIXEL

    def ends(axis: Axis) -> tuple[Point, ...]:
        points = []
        for end in axis.ends:
            index = np.zeros(3)
            index[[first, second]] = to_mm @ np.array(end)
            index[slice_axis] = k
            x, y, z = affine[:3, :3] @ index + affine[:3, 3]
            points.append((float(x), float(y), float(z)))
        return tuple(points)

    mean = (long_axis.length + short_axis.length) / 2
    quantities = [
        Quantity("axial_long_axis", long_axis.length, unit, CALIPER, ends(long_axis), note),
        Quantity(
            "axial_short_axis", short_axis.length, unit, f"{CALIPER}, perpendicular to the long axis", ends(short_axis)
        ),
        Quantity("mean_diameter", mean, unit, "mean of axial long and short axis"),
    ]
    if in_mm:
        tenth = _half_up(mean * 10) / 10
        quantities += [
            Quantity(
                "fleischner_diameter", float(_half_up(mean)), unit, "mean diameter to the nearest whole mm"
            ),
            Quantity("lung_rads_diameter", tenth, unit, "mean diameter to one decimal"),
            Quantity("who_product", long_axis.length * short_axis.length, "mm2", "axial long x short axis"),
        ]
    return quantities


def _half_up(value: float) -> int:
    """Return the nearest whole number, half up; 6.499999999999 is a half with rounding noise."""
    return math.floor(round(value, NOISE_DECIMALS) + 0.5)


def _plane(affine: Array, first: int, second: int, in_mm: bool) -> tuple[Array, Array]:
    """Return the 2x2 maps from in-plane voxel index to plane coordinates (mm or pixels) and back."""
    if not in_mm:
        return np.eye(2), np.eye(2)
    a, b = affine[:3, first], affine[:3, second]
    x = a / np.linalg.norm(a)
    y = b - (b @ x) * x
    y /= np.linalg.norm(y)
    forward = np.array([[a @ x, b @ x], [a @ y, b @ y]])
    return forward, np.linalg.inv(forward)


def _three_dimensional(
    box: npt.NDArray[np.bool_], affine: Array, axial: Mapping[str, float]
) -> list[Quantity]:
    matrix = affine[:3, :3]
    count = int(np.count_nonzero(box))
    centres = np.argwhere(box) @ matrix.T + affine[:3, 3]
    extent = float(np.ptp(centres[:, 2]) + np.abs(matrix[2]).sum())
    widest = longest(edge_midpoints(box) @ matrix.T + affine[:3, 3])
    spread = np.linalg.eigvalsh(np.cov(centres.T, bias=True)) if count > 1 else np.zeros(3)
    least, minor, major = (4.0 * math.sqrt(max(0.0, float(v))) for v in spread)
    mesh_volume, surface = _mesh(box, matrix)
    ellipsoid = math.pi / 6 * axial["axial_long_axis"] * axial["axial_short_axis"] * extent
    volume = count * abs(float(np.linalg.det(matrix)))
    pca = "4 x square root of an eigenvalue of the voxel covariance"
    return [
        Quantity("craniocaudal_extent", extent, "mm", "extent of the voxels along superior-inferior"),
        Quantity(
            "max_diameter_3d", widest.length, "mm", "longest distance between marching-cubes vertices at 0.5",
            tuple((p[0], p[1], p[2]) for p in widest.ends),
        ),
        Quantity("pca_major", major, "mm", pca),
        Quantity("pca_minor", minor, "mm", pca),
        Quantity("pca_least", least, "mm", pca),
        Quantity("volume_voxel", volume, "mm3", "number of voxels x voxel volume"),
        Quantity("volume_mesh", mesh_volume, "mm3", "volume enclosed by marching cubes at 0.5"),
        Quantity("volume_ellipsoid", ellipsoid, "mm3", "pi/6 x axial long x short axis x craniocaudal extent"),
        Quantity("surface_area", surface, "mm2", "area of marching cubes at 0.5"),
        Quantity(
            "sphericity", (36 * math.pi * mesh_volume**2) ** (1 / 3) / surface, "1",
            "area of the sphere of equal mesh volume over the mesh area",
        ),
    ]  # fmt: skip


def _mesh(box: npt.NDArray[np.bool_], matrix: Array) -> tuple[float, float]:
    """Return volume (mm3) and area (mm2) of the marching-cubes surface at 0.5."""
    from skimage.measure import marching_cubes, mesh_surface_area

    vertices, faces, _, _ = marching_cubes(np.pad(box, 1).astype(np.float32), 0.5, method="lorensen")
    points = vertices @ matrix.T
    points -= points.mean(axis=0)
    a, b, c = (points[faces[:, n]] for n in range(3))
    volume = abs(float(np.einsum("ij,ij->", a, np.cross(b, c)))) / 6
    return volume, float(mesh_surface_area(points, faces))


def _area(box: npt.NDArray[np.bool_], affine: Array, in_mm: bool) -> Quantity:
    pixel = float(np.linalg.norm(np.cross(affine[:3, 0], affine[:3, 1]))) if in_mm else 1.0
    return Quantity("area", int(box.sum()) * pixel, "mm2" if in_mm else "{pixel}2", "number of pixels x pixel area")


def _attenuation(values: Array, modality: str | None) -> list[Quantity]:
    prefix, unit = ("hu", HU) if modality == "CT" else ("intensity", "1")
    p05, p50, p95 = np.percentile(values, [5, 50, 95])
    figures = {
        "mean": values.mean(), "sd": values.std(), "min": values.min(), "max": values.max(),
        "p05": p05, "p50": p50, "p95": p95,
    }  # fmt: skip
    method = f"over the mask's {values.size} voxels"
    return [Quantity(f"{prefix}_{name}", float(value), unit, method) for name, value in figures.items()]


def touches_edge(mask: Mask) -> bool:
    """Return whether the mask reaches the edge of the image along an axis of more than one voxel."""
    return any(
        size > 1 and (start == 0 or start + length == size)
        for start, length, size in zip(mask.offset, mask.box.shape, mask.grid_shape, strict=True)
    )


class LesionMeasure(VisionTool):
    """Measures a mask on its scan."""

    spec = ToolSpec(
        name="lesion-measure",
        task="measure",
        version="1.0.0",
        summary="Axes with end points, volume, shape and attenuation of an outlined lesion.",
        not_for="It measures the mask it is given: a wrong outline gives a wrong size.",
        modalities=(),
        body_parts=(),
        labels=(),
        licence="Apache-2.0",
        utterances={
            "en": (
                "measure it", "measure lesion 2", "re-measure the nodule", "how big is it", "what is the diameter",
                "give me the long and short axis", "what's its volume", "size of lesion 1 in mm",
                "take the measurements again", "mean HU of the lesion", "how dense is it", "how large is the mass",
                "diameter please", "measure all of them", "quantify the nodule",
            ),
            "zh": (
                "测量", "测量病灶2", "再量一次", "重新测量", "它有多大", "直径是多少", "长径和短径", "体积多大",
                "病灶大小", "平均CT值是多少", "量一下结节", "测量结节大小", "多少毫米", "测量所有病灶", "密度是多少",
            ),
        },
        needs_3d=False,
    )  # fmt: skip

    def run(self, request: MeasureRequest, progress: Progress = lambda fraction, phrase: None) -> MeasureResult:
        """Measure the request's mask. Raises NotApplicable for an empty mask or one of another scan."""
        scan, mask = request.scan, request.mask
        if mask.scan_id != scan.id or mask.grid_shape != scan.shape:
            raise NotApplicable("The mask belongs to another scan: segment or load one on this scan.")
        if not mask.count:
            raise NotApplicable("The mask is empty: there is nothing to measure. Segment again.")
        progress(0.1, "measuring")
        values = np.asarray(scan.voxels[mask.slices])[mask.box].astype(np.float64)
        spacing: Spacing = (None, None, None) if scan.calibration == "none" else scan.spacing
        quantities = measure_box(
            mask.box, mask.box_affine, values, scan.modality.value, spacing, flat=scan.is_2d
        )
        notes = []
        if touches_edge(mask):
            notes.append(CUT_OFF)
        if scan.calibration == "none":
            notes.append("This image has no pixel spacing: sizes are in pixels, not millimetres.")
        elif scan.calibration == "detector plane":
            notes.append("Millimetres are in the detector plane: the projection magnifies what lies in the patient.")
        return MeasureResult(tuple(quantities), tuple(notes))
