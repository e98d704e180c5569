"""A scan kept in a case's folder: voxels as one .npy read by memory map, everything else as JSON beside it.

Knows nothing of where a scan came from: its `Source` is kept elsewhere, so that this folder names nobody.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tools.scan.model import Known, Scan, Source, UnreadableScan

_VOXELS, _HEAD = "voxels.npy", "scan.json"


def save_scan(scan: Scan, folder: Path) -> None:
    """Write a scan into a folder, whole or not at all; a folder that holds it already is left as it is."""
    if (folder / _HEAD).exists():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".part-"))
    try:
        np.save(made / _VOXELS, scan.voxels, allow_pickle=False)
        (made / _HEAD).write_text(json.dumps(head_of(scan)), encoding="utf-8")
        try:
            os.replace(made, folder)
        except OSError:
            if not (folder / _HEAD).exists():  # else another process was first with the same scan
                raise
    finally:
        shutil.rmtree(made, ignore_errors=True)


def open_scan(folder: Path) -> Scan:
    """Return the scan in a folder; its voxels are mapped when first used.

    Raises:
        UnreadableScan: the folder does not hold one, or its voxels are not of the recorded shape.
    """
    try:
        return _scan(json.loads((folder / _HEAD).read_text(encoding="utf-8")), folder / _VOXELS)
    except (OSError, ValueError, TypeError, LookupError) as error:
        raise UnreadableScan("The case's copy of the scan is missing or damaged. Open the scan again.") from error


def _scan(head: dict[str, Any], file: Path) -> Scan:
    shape = _shape(head)

    @functools.cache
    def read() -> npt.NDArray[Any]:
        try:
            voxels = np.load(file, mmap_mode="r", allow_pickle=False)
        except (OSError, EOFError, ValueError) as error:
            raise UnreadableScan("The case's copy of the voxels is damaged. Open the scan again.") from error
        if voxels.shape != shape:
            raise UnreadableScan("The case's copy of the voxels has another shape. Open the scan again.")
        return np.asarray(voxels)

    return of_head(head, read)


def of_head(
    head: dict[str, Any], read: Callable[[], npt.NDArray[Any]] | None = None, source: Source | None = None
) -> Scan:
    """Return the scan that `head_of` described; without `read` its geometry only.

    Raises:
        ValueError, TypeError, LookupError: this is no description of a scan.
    """
    affine = np.array(head["affine"], dtype=np.float64)
    affine.setflags(write=False)
    a, b, c = head["spacing"]
    return Scan(
        id=head["id"],
        shape=_shape(head),
        affine=affine,
        spacing=(a, b, c),
        calibration=head["calibration"],
        modality=Known(**head["modality"]),
        body_part=Known(**head["body_part"]),
        slice_thickness_mm=head["slice_thickness_mm"],
        slice_interval_mm=head["slice_interval_mm"],
        kernel=head["kernel"],
        contrast=head["contrast"],
        windows=tuple((float(c), float(w)) for c, w in head["windows"]),
        laterality_known=head["laterality_known"],
        notes=tuple(head["notes"]),
        source=source or Source(format=head["format"]),
        read_voxels=read,
    )


def _shape(head: dict[str, Any]) -> tuple[int, int, int]:
    a, b, c = (int(n) for n in head["shape"])
    return a, b, c


def head_of(scan: Scan) -> dict[str, Any]:
    """Return everything of a scan but its voxels and its source, ready for JSON."""
    return {
        "id": scan.id,
        "shape": list(scan.shape),
        "affine": scan.affine.tolist(),
        "spacing": list(scan.spacing),
        "calibration": scan.calibration,
        "modality": vars(scan.modality),
        "body_part": vars(scan.body_part),
        "slice_thickness_mm": scan.slice_thickness_mm,
        "slice_interval_mm": scan.slice_interval_mm,
        "kernel": scan.kernel,
        "contrast": scan.contrast,
        "windows": [list(w) for w in scan.windows],
        "laterality_known": scan.laterality_known,
        "notes": list(scan.notes),
        "format": scan.source.format,
    }
