"""A case's scan and its outlines as NIfTI bytes, for a viewer that draws in the browser. Writes no file.

The volume goes out as it lies in memory; a header in front of it says where it lies in the patient (RAS mm).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tools.scan import Scan
from ui.viewer.pictures import Pictures


def nifti(scan: Scan) -> bytes:
    """Return a scan as an uncompressed NIfTI file. Raises ValueError for a single slice."""
    if scan.is_2d:
        raise ValueError("A single slice has no volume to show in 3-D.")
    return _packed(scan.voxels, scan.affine)


def nifti_labels(pictures: Pictures, case_id: str) -> bytes:
    """Return a case's outlines as one label volume, each lesion by its number."""
    scan = pictures.scan(case_id)
    grid = np.zeros(scan.shape, dtype=np.uint8)
    for outline in pictures.outlines(case_id):
        grid[outline.mask.slices][outline.mask.box] = min(outline.number or 1, 255)
    return _packed(grid, scan.affine)


def _packed(voxels: Any, affine: Any) -> bytes:
    import nibabel

    return bytes(nibabel.Nifti1Image(np.asarray(voxels), affine).to_bytes())
