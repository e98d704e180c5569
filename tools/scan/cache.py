"""A scan kept with a case, or handed to another process: voxels as one .npy read by memory map, the rest as JSON.

Knows nothing of where a scan came from: its `Source` is kept elsewhere, so that what lies here names nobody.
"""

from __future__ import annotations

import functools
import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tools.blobs import BlobError, Blobs, Data, StoreDown, folder_blobs
from tools.scan.model import Known, Scan, Source, UnreadableScan

_VOXELS, _HEAD = "voxels.npy", "scan.json"


def save_scan(scan: Scan, folder: Path) -> None:
    """Write a scan into a folder, whole or not at all; a folder that holds it already is left as it is."""
    keep_scan(scan, folder_blobs(folder.parent), folder.name)


def open_scan(folder: Path) -> Scan:
    """Return the scan in a folder; its voxels are mapped when first used.

    Raises:
        UnreadableScan: the folder does not hold one, or its voxels are not of the recorded shape.
    """
    return kept_scan(folder_blobs(folder.parent), folder.name)


def keep_scan(scan: Scan, blobs: Blobs, name: str) -> None:
    """Keep a scan below a name, its head last: what has a head is whole. What is there already is left as it is.

    Where blobs are fetched from elsewhere the voxels are named by their hash, so that a copy can be told from another.
    """
    if blobs.exists(f"{name}/{_HEAD}"):
        return
    parts, head, file = _npy(scan.voxels), head_of(scan), _VOXELS
    if blobs.hashed:
        file = head["voxels"] = hashed_name(scan)
    # Not synced: it can be opened again from where it came, and a second of waiting for the disk cannot be had back.
    blobs.put(f"{name}/{file}", parts, sync=False)
    blobs.put(f"{name}/{_HEAD}", json.dumps(head).encode(), sync=False)


def kept_scan(blobs: Blobs, name: str) -> Scan:
    """Return the scan kept below a name; its voxels are mapped, or fetched, when first used.

    Raises:
        UnreadableScan: there is none, or its voxels are not of the recorded shape.
        StoreDown: the store cannot be reached.
    """
    try:
        head = json.loads(blobs.get(f"{name}/{_HEAD}"))
        return _scan(head, blobs, f"{name}/{head.get('voxels', _VOXELS)}")
    except StoreDown:
        raise
    except (BlobError, OSError, ValueError, TypeError, LookupError, AttributeError) as error:
        raise UnreadableScan("The case's copy of the scan is missing or damaged. Open the scan again.") from error


def _scan(head: dict[str, Any], blobs: Blobs, name: str) -> Scan:
    shape = _shape(head)

    @functools.cache
    def read() -> npt.NDArray[Any]:
        try:
            file = blobs.file(name)
            voxels = np.load(file, mmap_mode="r", allow_pickle=False) if file else _of_npy(blobs.get(name))
        except StoreDown:
            raise
        except (BlobError, OSError, EOFError, ValueError) as error:
            raise UnreadableScan("The case's copy of the voxels is damaged. Open the scan again.") from error
        if voxels.shape != shape:
            raise UnreadableScan("The case's copy of the voxels has another shape. Open the scan again.")
        return np.asarray(voxels)

    return of_head(head, read)


def hashed_name(scan: Scan) -> str:
    """Return the name that a scan's voxels have where they are named by their hash."""
    digest = hashlib.sha256()
    for part in _npy(scan.voxels):
        digest.update(part)
    return f"voxels.sha256-{digest.hexdigest()}.npy"


def _npy(voxels: npt.NDArray[Any]) -> list[Data]:
    """Return what an .npy file of the voxels holds, without copying them where they lie in one piece."""
    across = not voxels.flags.c_contiguous and voxels.flags.f_contiguous
    flat = voxels.T if across else np.ascontiguousarray(voxels)
    head = io.BytesIO()
    what = {"descr": np.lib.format.dtype_to_descr(voxels.dtype), "fortran_order": across, "shape": voxels.shape}
    np.lib.format.write_array_header_1_0(head, what)
    return [head.getvalue(), flat.reshape(-1).view(np.uint8).data]


def _of_npy(data: bytes) -> npt.NDArray[Any]:
    """Return the array of an .npy file's bytes, over them. Raises ValueError."""
    head = io.BytesIO(data)
    if np.lib.format.read_magic(head) != (1, 0):
        raise ValueError("not the form that we write")
    shape, across, kind = np.lib.format.read_array_header_1_0(head)
    return np.frombuffer(data, kind, offset=head.tell()).reshape(shape, order="F" if across else "C")


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
