"""Studies for tests of batches: two balls in air as NIfTI and as DICOM that names a patient who is nobody."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import scripted
from made import Made

from agent.batch import Batch, Options, Result, Study, Threads
from tools import Scan
from tools.phantom import Sphere, chest_phantom

SECRET = "Quimby_Zephyr"
"""A folder's name, as archives have them."""


def nifti(scan: Scan, path: Path) -> Path:
    """Write a scan as NIfTI and return where."""
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(np.asarray(scan.voxels), scan.affine), path)
    return path


def balls(path: Path, shift: int = 0) -> Path:
    """Write two balls in air."""
    return nifti(scripted.balls(shift), path)


def dicom(folder: Path, seed: int = 0) -> Path:
    """Write a DICOM chest CT of two balls whose headers name a patient; a study of its own a seed."""
    scan = scripted.balls(seed)
    hu = np.asarray(scan.voxels)[:, :, :]
    made = Made(hu=hu, column_mm=1.0, row_mm=1.0, interval_mm=2.0, thickness_mm=2.0, origin=(-31.5, -31.5, -31.0),
                series=f"balls {seed}", extra={"StudyInstanceUID": f"2.25.77{seed}"})  # fmt: skip
    made.write(folder)
    return folder


def phantom(path: Path, number: int) -> Path:
    """Write a coarse generated chest with a nodule whose place and size are the number's."""
    spheres = (Sphere((80.0, 10.0 + number % 7, 20.0), 14.0 + number % 5),)
    return nifti(chest_phantom(spheres, spacing=(1.4, 1.4, 2.5))[0], path)


def run(home: Path, out: Path, studies: tuple[Study, ...], **more: Any) -> Result:
    """Run a batch with made tools, in threads, over a data folder."""
    workspace = scripted.workspace(home)
    options = more.pop("options", Options())
    try:
        return Batch(workspace, out, options, Threads(workspace, more.pop("size", 1)), **more).run(studies)
    finally:
        workspace.close()
