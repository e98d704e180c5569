"""Label volumes in and out: a mask file onto a scan's grid as numbered masks, and masks back into a file.

A file may store the same grid with its axes in another order or direction; it is turned, never resampled.
Knows no model and no case.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tools.apart import segments_apart
from tools.contract import NotApplicable
from tools.label_volume import masks_of
from tools.mask import Mask
from tools.scan import Scan, load_scan
from tools.scan.load import sniff

SAME_PLACE = 0.01
"""Grids agree when no corner lies farther off than this share of a voxel."""
LABELS = ("nodule", "mass", "lesion")
"""What a segment of a DICOM Segmentation is called, where it says one of these."""
MAX_LABELS = 10_000
"""More labels than this are an image, not a label volume."""


def read_labels(path: str | Path, scan: Scan) -> dict[int, Mask]:
    """Return the masks in a label file by label value, on the scan's grid; of a DICOM Segmentation by segment.

    Raises:
        NotApplicable: empty, on another grid, or an image instead of labels.
        ScanError: the file cannot be read.
    """
    if Path(path).is_file() and sniff(Path(path)) == "dicom":
        found = segments_apart(Path(path), scan)
        if found is not None:
            return _segments(found, scan)
    labels = load_scan(path)
    voxels = onto(labels, scan)
    if not np.issubdtype(voxels.dtype, np.integer):
        raise NotApplicable("The mask file holds fractions, not labels. Save it with whole numbers: 0, 1, 2…")
    low = int(voxels.min())
    if low < 0:
        raise NotApplicable(f"The mask file holds values from {low}: it is an image, not labels. Load a label volume.")
    masks = masks_of(voxels, scan.affine, scan.id, most=MAX_LABELS)
    if not masks:
        raise NotApplicable("The mask is empty: there is nothing to measure. Segment again or load another mask.")
    return masks


def _segments(segments: Mapping[int, tuple[str, npt.NDArray[Any]]], scan: Scan) -> dict[int, Mask]:
    found = {}
    for number, (label, voxels) in segments.items():
        grid = np.zeros(scan.shape, bool)
        grid[tuple(voxels.T)] = True
        found[number] = Mask.from_grid(scan.id, grid, scan.affine, label if label in LABELS else "lesion")
    return found


def onto(labels: Scan, scan: Scan) -> npt.NDArray[Any]:
    """Return the voxels of a label volume in the scan's axis order and direction.

    Raises:
        NotApplicable: it is not the scan's grid.
    """
    if labels.calibration == "none" or scan.calibration == "none":  # no frame to compare: the shape must do
        if labels.shape == scan.shape:
            return labels.voxels
        raise NotApplicable(_another_grid(labels, scan))
    step = np.linalg.solve(scan.affine, labels.affine)
    axes = np.argmax(np.abs(step[:3, :3]), axis=0)
    if sorted(int(a) for a in axes) != [0, 1, 2]:
        raise NotApplicable(_another_grid(labels, scan))
    voxels = np.transpose(labels.voxels, np.argsort(axes))
    turned = step[:, [*np.argsort(axes), 3]]
    for axis in range(3):
        if turned[axis, axis] < 0:
            turned[:, 3] += turned[:, axis] * (voxels.shape[axis] - 1)
            turned[:, axis] = -turned[:, axis]
            voxels = np.flip(voxels, axis)
    off = np.abs(turned - np.eye(4))
    reach = off[:3, :3] @ np.array(voxels.shape) + off[:3, 3]
    if voxels.shape != scan.shape or reach.max() > max(SAME_PLACE * 10, SAME_PLACE * max(voxels.shape) / 100):
        raise NotApplicable(_another_grid(labels, scan))
    return voxels


def write_labels(path: str | Path, masks: Mapping[int, Mask], scan: Scan) -> None:
    """Write masks as a NIfTI label volume on the scan's grid, whole or not at all.

    Raises:
        NotApplicable: the name does not end in .nii or .nii.gz.
        OSError: the folder cannot be written.
    """
    import nibabel

    target = Path(path)
    suffix = nifti_suffix(target)
    grid = np.zeros(scan.shape, np.uint8 if max(masks, default=0) < 256 else np.uint16)
    for value, mask in masks.items():
        grid[mask.slices][mask.box] = value
    image = nibabel.Nifti1Image(grid, np.array(scan.affine))
    image.header.set_xyzt_units("mm")
    partial = target.with_name(f".{target.name[: -len(suffix)]}.part{suffix}")
    try:
        nibabel.save(image, partial)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def nifti_suffix(path: Path) -> str:
    """Return the ending of a file's name that is to be written. Raises NotApplicable when it is not NIfTI's."""
    suffix = next((s for s in (".nii.gz", ".nii") if path.name.lower().endswith(s)), None)
    if suffix is None:
        raise NotApplicable(f"What is made here is written as NIfTI: end the name in .nii.gz (it is {path.name!r}).")
    return suffix


def room_for(path: Path, scan: Scan) -> None:
    """Raise NotApplicable when a file made of a scan would be written over the scan itself, or into no folder."""
    if not path.resolve().parent.is_dir():
        raise NotApplicable(f"There is no folder {path.parent} to write {path.name} into. Make it first.")
    if any(path.resolve() == file.resolve() for file in scan.source.files):
        raise NotApplicable(f"{path.name} is the scan itself, which is always kept. Give --out another name.")


def _another_grid(labels: Scan, scan: Scan) -> str:
    def grid(of: Scan) -> str:
        sizes = " x ".join("?" if s is None else f"{s:.3g}" for s in of.spacing)
        return f"{' x '.join(str(n) for n in of.shape)} voxels of {sizes} mm"

    return (
        f"The mask lies on another grid ({grid(labels)}) than the scan ({grid(scan)}). "
        "Resample the mask onto the scan, then load it again."
    )
