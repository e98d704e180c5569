"""DICOM Segmentation -> one set of voxels a segment, on the grid of the scan it was drawn on.

A frame's pixels are placed by the frame's own position and orientation, never by its number. Knows no case.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tools.scan.dicom_header import broken, group_item, numbers, pixel_spacing, quiet
from tools.scan.grid import LPS_TO_RAS, directions
from tools.scan.model import Scan, UnreadableScan

OFF_VOXEL = 0.1
"""A segment's pixels are the scan's voxels when each lies nearer to one than this share of it."""
OFF_SLICE = 0.5
"""Along the stack a header's rounding may add up; a frame belongs to the slice that it is nearest to."""
_SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"


def is_segmentation(path: Path) -> bool:
    """Return whether a file is a DICOM Segmentation."""
    import pydicom

    try:
        with quiet():
            return bool(pydicom.dcmread(path, stop_before_pixels=True).get("SOPClassUID") == _SEGMENTATION)
    except broken():
        return False


def read_segments(path: Path, scan: Scan) -> dict[int, tuple[str, npt.NDArray[np.intp]]]:
    """Return for each segment number its property type in lower case and its voxels ``(n, 3)`` on the scan's grid.

    Raises:
        UnreadableScan: damaged, of fractions, without places, or not on the scan's grid.
    """
    import pydicom

    try:
        with quiet():
            header = pydicom.dcmread(path)
            if header.get("SegmentationType") != "BINARY":
                raise UnreadableScan("The segmentation holds fractions, not outlines. Export it as BINARY.")
            frames = header.pixel_array.reshape(-1, header.Rows, header.Columns)
            labels = {int(s.SegmentNumber): _label(s) for s in header.SegmentSequence}
            parts: dict[int, list[npt.NDArray[np.intp]]] = {n: [] for n in labels}
            for frame, group in zip(frames, header.PerFrameFunctionalGroupsSequence, strict=True):
                number = int(group_item(header, group, "SegmentIdentificationSequence").ReferencedSegmentNumber)
                parts[number].append(_place(frame, header, group, scan))
    except broken() as error:
        raise UnreadableScan(
            f"The segmentation is damaged or incomplete ({type(error).__name__}). Export it again."
        ) from None
    return {n: (labels[n], np.concatenate(found)) for n, found in parts.items() if found}


def _label(segment: Any) -> str:
    kinds = segment.get("SegmentedPropertyTypeCodeSequence") or ()
    return str(kinds[0].get("CodeMeaning") or "").lower() if kinds else ""


def _place(frame: npt.NDArray[Any], header: Any, group: Any, scan: Scan) -> npt.NDArray[np.intp]:
    """Return the scan's voxel of every pixel that is set."""
    position = numbers(group_item(header, group, "PlanePositionSequence").get("ImagePositionPatient"), 3)
    cosines = numbers(group_item(header, group, "PlaneOrientationSequence").get("ImageOrientationPatient"), 6)
    spacing = pixel_spacing(group_item(header, group, "PixelMeasuresSequence").get("PixelSpacing"))
    if position is None or cosines is None or spacing is None:
        if scan.is_2d and frame.shape == (scan.shape[1], scan.shape[0]):  # a picture has one place only
            rows, columns = np.nonzero(frame)
            return np.stack([columns, rows, np.zeros_like(rows)], axis=1)
        raise UnreadableScan("The segmentation does not say where its frames lie. Export it again.")
    along_columns, along_rows, _ = directions(cosines)
    pixels = np.argwhere(frame)
    in_lps = np.array(position) + pixels[:, 1:] * spacing[1] * along_columns + pixels[:, :1] * spacing[0] * along_rows
    in_ras = in_lps @ LPS_TO_RAS[:3, :3]
    index = (in_ras - scan.affine[:3, 3]) @ np.linalg.inv(scan.affine[:3, :3]).T
    voxels = np.rint(index).astype(np.intp)
    off = np.abs(index - voxels).max(axis=0, initial=0.0)
    inside = (voxels >= 0).all() and (voxels < np.array(scan.shape)).all()
    if not inside or off[:2].max() > OFF_VOXEL or off[2] > OFF_SLICE:
        raise UnreadableScan(
            "The segmentation lies on another grid than the scan. Load the one that was made on this scan."
        )
    return voxels
