"""Measurements of one mask: axes with end points, volumes, shape and attenuation. Pure geometry of mask and spacing.

Axial diameters run between pixel-edge midpoints (marching squares at 0.5). The short axis is the longest chord
perpendicular to the long axis on the same slice, between outermost crossings. The 3-D maximum runs between
marching-cubes vertices at 0.5. PCA axes are 4 sqrt(eigenvalue) of the voxel covariance. Knows no model and no file.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tools.attenuation import attenuation, looks_like_hu, solid_component
from tools.axial import Array, axes_of, axial
from tools.calipers import edge_midpoints, longest
from tools.contract import (
    SHIPPED,
    MeasureRequest,
    MeasureResult,
    NotApplicable,
    Progress,
    ToolSpec,
    VisionTool,
)
from tools.label_volume import masks_of
from tools.mask import Mask
from tools.mesh import volume_and_area
from tools.quantity import PIXEL, Quantity
from tools.scan import Spacing

EMPTY = "The mask is empty: there is nothing to measure. Segment again or load another mask."
MESH = "marching cubes at 0.5, ambiguous faces as in pyradiomics 3.0.1"
CUT_OFF = "The mask touches the edge of the image: sizes are lower bounds."


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
        modality = "CT" if looks_like_hu(np.asarray(image)) else None
    flat = grid.shape[2] == 1 and spacing is not None and spacing[2] is None
    return _flagged(measure_box(mask.box, mask.box_affine, values, modality, spacing, flat=flat), mask)


def measure_labels(
    labels: npt.ArrayLike,
    affine: npt.ArrayLike,
    image: npt.ArrayLike | None = None,
    *,
    modality: str | None = None,
    spacing: Spacing | None = None,
) -> dict[int, list[Quantity]]:
    """Return the quantities of every lesion of a label volume, by label value. Arguments as for `measure_mask`.

    Raises:
        NotApplicable: as for `measure_mask`, or values that are not whole numbers from 0.
    """
    grid, matrix = np.asarray(labels), np.asarray(affine, dtype=np.float64)
    _check(grid, matrix, image, empty=False)
    values = None if image is None else np.asarray(image)
    if modality is None and values is not None:
        modality = "CT" if looks_like_hu(values) else None
    flat = grid.shape[2] == 1 and spacing is not None and spacing[2] is None
    found = {}
    for number, mask in masks_of(grid, matrix).items():
        inside = None if values is None else values[mask.slices][mask.box].astype(np.float64)
        quantities = measure_box(mask.box, mask.box_affine, inside, modality, spacing, flat=flat)
        found[number] = _flagged(quantities, mask)
    if not found:
        raise NotApplicable(EMPTY)
    return found


def _flagged(quantities: list[Quantity], mask: Mask) -> list[Quantity]:
    """Return the quantities, every size of a mask that the image cuts off with a note that says so."""
    if not touches_edge(mask):
        return quantities
    sizes = ("mm", "mm2", "mm3", PIXEL, "{pixel}2")
    return [
        replace(q, note=f"{q.note}; {CUT_OFF}" if q.note else CUT_OFF) if q.unit in sizes else q for q in quantities
    ]


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
    i_axis, j_axis, slice_axis = axes_of(affine)
    sizes = spacing or (1.0, 1.0, 1.0)
    in_mm = sizes[i_axis] is not None and sizes[j_axis] is not None
    quantities = axial(box, affine, (i_axis, j_axis, slice_axis), in_mm)
    if in_mm and not flat and sizes[slice_axis] is not None:
        quantities += _three_dimensional(box, affine, {q.name: q.value for q in quantities})
    if flat:
        quantities.append(_area(box, affine, in_mm))
    if values is not None:
        quantities += attenuation(values, modality)
        if modality == "CT" and in_mm:
            quantities += solid_component(box, affine, values, not flat and sizes[slice_axis] is not None)
    return quantities


def _check(grid: npt.NDArray[Any], affine: Array, image: npt.ArrayLike | None, empty: bool = True) -> None:
    if grid.ndim != 3:
        raise NotApplicable(f"A mask has three axes (i, j, k); this one has shape {grid.shape}.")
    if affine.shape != (4, 4) or not np.isfinite(affine).all() or abs(np.linalg.det(affine)) < 1e-12:
        raise NotApplicable("The mask's affine is not a finite, invertible 4x4 matrix. Save the mask again.")
    if image is not None and np.asarray(image).shape != grid.shape:
        raise NotApplicable(
            f"The mask has {grid.shape} voxels and the image {np.asarray(image).shape}: resample the mask "
            "onto the image's grid."
        )
    if empty and not grid.any():
        raise NotApplicable(EMPTY)


def _three_dimensional(
    box: npt.NDArray[np.bool_], affine: Array, axes: Mapping[str, float]
) -> list[Quantity]:
    matrix = affine[:3, :3]
    count = int(np.count_nonzero(box))
    centres = np.argwhere(box) @ matrix.T + affine[:3, 3]
    extent = float(np.ptp(centres[:, 2]) + np.abs(matrix[2]).sum())
    widest = longest(edge_midpoints(box) @ matrix.T + affine[:3, 3])
    spread = np.linalg.eigvalsh(np.cov(centres.T, bias=True)) if count > 1 else np.zeros(3)
    least, minor, major = (4.0 * math.sqrt(max(0.0, float(v))) for v in spread)
    mesh_volume, surface = volume_and_area(box, matrix)
    ellipsoid = math.pi / 6 * axes["axial_long_axis"] * axes["axial_short_axis"] * extent
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
        Quantity("volume_mesh", mesh_volume, "mm3", f"volume enclosed by {MESH}"),
        Quantity("volume_ellipsoid", ellipsoid, "mm3", "pi/6 x axial long x short axis x craniocaudal extent"),
        Quantity("surface_area", surface, "mm2", f"area of {MESH}"),
        Quantity(
            "sphericity", (36 * math.pi * mesh_volume**2) ** (1 / 3) / surface, "1",
            "area of the sphere of equal mesh volume over the mesh area",
        ),
    ]  # fmt: skip


def _area(box: npt.NDArray[np.bool_], affine: Array, in_mm: bool) -> Quantity:
    pixel = float(np.linalg.norm(np.cross(affine[:3, 0], affine[:3, 1]))) if in_mm else 1.0
    return Quantity("area", int(box.sum()) * pixel, "mm2" if in_mm else "{pixel}2", "number of pixels x pixel area")


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
        reported_by=SHIPPED,
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
