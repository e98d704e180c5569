"""NIfTI (.nii, .nii.gz) -> Scan. NIfTI is RAS already; it names no modality, no body part and no patient.

The header's claim about its size is checked against the file before anything is allocated.
"""

from __future__ import annotations

import errno
import gzip
import math
import warnings
import zlib
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import numpy.typing as npt

from tools.scan.model import Scan, Source, UnreadableScan

MAX_VOXELS = 2**31
"""About eight times the largest CT in use (2048 x 2048 x 500): more is a broken or hostile header."""
MAX_DEFLATE = 1040
"""Deflate packs at best 1,032 fold: a .nii.gz that claims more than this lies about its size."""
DERIVED = "derived: "
"""Begins the description of an image that a preparation tool made; what was done to it follows."""
_MM = {"meter": 1000.0, "mm": 1.0, "micron": 0.001, "unknown": 1.0}


def load_nifti(path: Path) -> Scan:
    """Return a NIfTI volume as a scan, scl_slope and scl_inter applied once, spacing in mm.

    Raises:
        UnreadableScan: time points, colours, no spacing, a size that the file does not hold, damaged data.
    """
    import nibabel
    from nibabel.filebasedimages import ImageFileError
    from nibabel.imageglobals import LoggingOutputSuppressor
    from nibabel.spatialimages import HeaderDataError, ImageDataError
    from nibabel.wrapstruct import WrapStructError

    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"), LoggingOutputSuppressor():
            warnings.simplefilter("ignore")
            with _open(path) as stream:
                image = nibabel.Nifti2Image if _is_second(stream) else nibabel.Nifti1Image
                _check_spacing(image.header_class.from_fileobj(stream, check=False))
                stream.seek(0)
                opened = image.from_stream(stream)
                shape = _shape(opened.header)
                _check_size(opened.header, shape, path)
                scale, affine = _frame(opened)
                voxels = np.asarray(opened.dataobj).reshape(shape)
    except (ImageFileError, HeaderDataError, ImageDataError, WrapStructError, OSError, EOFError, ValueError, TypeError,
            LookupError, ArithmeticError, zlib.error, np.linalg.LinAlgError) as e:  # fmt: skip
        if isinstance(e, OSError) and e.errno == errno.ENOMEM:
            raise MemoryError from None
        raise UnreadableScan(f"The NIfTI file is damaged ({type(e).__name__}). Export it again.") from None
    framed = bool(opened.header["sform_code"] or opened.header["qform_code"])
    notes = [] if framed else ["The NIfTI header has no patient frame: left and right are unknown."]
    if scale != 1.0:
        notes.append("The NIfTI header's lengths were turned into mm.")
    said = bytes(opened.header["descrip"].item()).decode("ascii", "replace").rstrip("\0")
    if said.startswith(DERIVED):
        done = "".join(c for c in said.removeprefix(DERIVED) if c.isprintable())
        notes.append(f"A derived image: {done}. It is to look at; measure the original.")
    return Scan.build(
        _plain(voxels),
        affine,
        owned=True,
        laterality_known=framed,
        slice_interval_mm=float(np.linalg.norm(affine[:3, 2])) if shape[2] > 1 else None,
        notes=tuple(notes),
        source=Source(files=(path,), format="NIfTI"),
    )


def _open(path: Path) -> IO[bytes]:
    """Return the file's bytes, unpacked when they are gzip, whatever the file is called."""
    with path.open("rb") as start:
        packed = start.read(2) == b"\x1f\x8b"
    return cast(IO[bytes], gzip.open(path) if packed else path.open("rb"))


def _is_second(stream: IO[bytes]) -> bool:
    """Return whether this is NIfTI-2: its header says 540 bytes in its first four, NIfTI-1 says 348."""
    start = stream.read(4)
    stream.seek(0)
    return 540 in (int.from_bytes(start, "little"), int.from_bytes(start, "big"))


def _check_spacing(header: Any) -> None:
    """Raise when the spacing is zero and no affine replaces it: nibabel would make it a silent 1 mm."""
    sizes = [float(v) for v in header["pixdim"][1:4]]
    used = [v for v, n in zip(sizes, header["dim"][1:4], strict=True) if n > 1]
    if int(header["sform_code"]) <= 0 and any(not math.isfinite(v) or v == 0 for v in used):
        raise UnreadableScan(f"The NIfTI header gives a voxel spacing of {sizes}: it must be positive. Save it again.")


def _shape(header: Any) -> tuple[int, int, int]:
    """Return the three spatial sizes; trailing axes of one are dropped, a real fourth axis is refused."""
    sizes = [int(v) for v in header.get_data_shape()]
    if any(v <= 0 for v in sizes):
        raise UnreadableScan(f"The NIfTI header gives a size of {sizes}: every axis needs a voxel. Export it again.")
    if any(v > 1 for v in sizes[3:]):
        what = "time points" if len(sizes) == 4 or sizes[3] > 1 else "components"
        count = math.prod(sizes[3:])
        raise UnreadableScan(f"The NIfTI image has {count} {what}: export one volume, three axes, and load that.")
    a, b, c = (*sizes, 1, 1)[:3]
    return a, b, c


def _check_size(header: Any, shape: tuple[int, int, int], path: Path) -> None:
    """Raise when the voxels claimed are too many or cannot be in the file."""
    count = math.prod(shape)
    if count > MAX_VOXELS:
        raise UnreadableScan(f"The NIfTI header claims {count} voxels; at most {MAX_VOXELS} are read. Export a part.")
    kind = header.get_data_dtype()
    if kind.fields is not None or kind.kind not in "iuf":
        raise UnreadableScan(f"NIfTI voxels of type {kind.name} are not read. Export one grey value a voxel.")
    claimed = count * kind.itemsize
    held = path.stat().st_size
    with path.open("rb") as f:
        held = held * MAX_DEFLATE if f.read(2) == b"\x1f\x8b" else held - int(header["vox_offset"])
    if claimed > held:
        raise UnreadableScan(
            f"The NIfTI header claims {claimed} bytes of voxels, more than the file can hold. Export it again."
        )


def _frame(opened: Any) -> tuple[float, npt.NDArray[np.float64]]:
    """Return the factor to mm, and the affine in mm."""
    header = opened.header
    sizes = [float(v) for v in header.get_zooms()[:3]]
    if any(not math.isfinite(v) or v <= 0 for v in sizes):
        raise UnreadableScan(f"The NIfTI header gives a voxel spacing of {sizes}: it must be positive. Save it again.")
    scale = _MM.get(str(header.get_xyzt_units()[0]), 1.0)
    affine = np.array(opened.affine, dtype=np.float64)
    affine[:3] *= scale
    return scale, affine


def _plain(voxels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return voxels in the machine's own byte order, extended floats as float64."""
    if voxels.dtype.kind == "f" and voxels.dtype.itemsize > 8:
        return voxels.astype(np.float64)
    return voxels.astype(voxels.dtype.newbyteorder("="), copy=False)
