"""NRRD (.nrrd, and .nhdr with its data in the same folder) -> Scan. It names no modality and no patient.

pynrrd parses the header; the voxels are read here, never more of them than the header claims, because packed data
can unpack to a thousand times its size.
"""

from __future__ import annotations

import bz2
import gzip
import math
import warnings
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from tools.scan.grid import INDEX_FRAME
from tools.scan.model import Scan, Source, Spacing, UnreadableScan
from tools.scan.nifti import MAX_DEFLATE, MAX_VOXELS

_TO_RAS: Mapping[str, tuple[float, float, float]] = {
    "right-anterior-superior": (1, 1, 1), "ras": (1, 1, 1),
    "left-anterior-superior": (-1, 1, 1), "las": (-1, 1, 1),
    "left-posterior-superior": (-1, -1, 1), "lps": (-1, -1, 1),
}  # fmt: skip
"""Sign of each axis toward RAS, by the header's `space`."""
_TYPES: Mapping[str, str] = {
    name: code
    for code, names in {
        "i1": "signed char|int8|int8_t",
        "u1": "uchar|unsigned char|uint8|uint8_t",
        "i2": "short|short int|signed short|signed short int|int16|int16_t",
        "u2": "ushort|unsigned short|unsigned short int|uint16|uint16_t",
        "i4": "int|signed int|int32|int32_t",
        "u4": "uint|unsigned int|uint32|uint32_t",
        "i8": "longlong|long long|long long int|signed long long|signed long long int|int64|int64_t",
        "u8": "ulonglong|unsigned long long|unsigned long long int|uint64|uint64_t",
        "f4": "float",
        "f8": "double",
    }.items()
    for name in names.split("|")
}
_NAMED = frozenset(
    "block hex hexadecimal list time point vector covariant-vector normal stub scalar complex 2-vector 3-color "
    "rgb-color hsv-color xyz-color 4-color rgba-color 3-vector 3-gradient 3-normal 4-vector quaternion "
    "2d-symmetric-matrix 2d-matrix 3d-symmetric-matrix 3d-matrix".split()
)
"""What NRRD allows and is not read: errors repeat these words and no other text of the header."""
MAX_BZIP = 2 * 2**30
"""bzip2 packs zeros a million fold, so its ratio says nothing: more bytes than this are not unpacked."""
_MM = {"mm": 1.0, "millimeter": 1.0, "millimeters": 1.0, "cm": 10.0, "m": 1000.0, "um": 0.001, "": 1.0}
_RAW, _GZIP, _BZIP, _TEXT = {"raw"}, {"gzip", "gz"}, {"bzip2", "bz2"}, {"ascii", "text", "txt"}


def load_nrrd(path: Path) -> Scan:
    """Return a NRRD image as a scan, its `space` turned into RAS mm.

    Raises:
        UnreadableScan: more than three axes, a size that the file does not hold, data outside the header's folder,
            an unknown encoding or type, damaged data.
    """
    import nrrd

    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            with path.open("rb") as stream:
                header = {str(k).lower(): v for k, v in nrrd.read_header(stream).items()}
                detached = header.get("data file", header.get("datafile"))
                if detached is None:
                    voxels = _voxels(stream, header, path.stat().st_size)
                else:
                    data = beside(path, detached)
                    with data.open("rb") as other:
                        voxels = _voxels(other, header, data.stat().st_size)
            affine, spacing, known = _frame(header, len(header["sizes"]))
    except (nrrd.NRRDError, OSError, EOFError, ValueError, TypeError, KeyError, IndexError, AttributeError,
            ArithmeticError, AssertionError, zlib.error, np.linalg.LinAlgError) as e:  # fmt: skip
        raise UnreadableScan(f"The NRRD file is damaged ({type(e).__name__}). Export it again.") from None
    notes = [] if known else ["The NRRD header has no patient frame: left and right are unknown."]
    if spacing[0] is None:
        notes.append("The NRRD header gives no spacing: lengths are in pixels.")
    return Scan.build(
        voxels,
        affine,
        owned=True,
        spacing=spacing,
        calibration="none" if spacing[0] is None else "patient",
        laterality_known=known,
        slice_interval_mm=spacing[2] if voxels.shape[2] > 1 else None,
        notes=tuple(notes),
        source=Source(files=(path,), format="NRRD"),
    )


def beside(header: Path, named: Any) -> Path:
    """Return the detached data file that a header names.

    Raises:
        UnreadableScan: several data files, a path out of the header's folder, or no such file.
    """
    if not isinstance(named, str) or named.upper().startswith("LIST") or "%" in named:
        raise UnreadableScan("The NRRD header spreads its data over several files. Save it as one .nrrd file.")
    folder = header.parent.resolve()
    data = (folder / named).resolve()
    if Path(named).is_absolute() or not data.is_relative_to(folder):
        raise UnreadableScan("The NRRD header's data file lies outside the header's folder. Put both in one folder.")
    if not data.is_file():
        raise UnreadableScan("The NRRD header's data file is not in its folder. Put both in one folder.")
    return data


def _voxels(stream: IO[bytes], header: Mapping[str, Any], held: int) -> npt.NDArray[Any]:
    """Return the voxels (i, j, k) from a stream that stands at the data."""
    shape = _shape(header)
    code = _TYPES.get(str(header["type"]).lower())
    if code is None:
        raise UnreadableScan(f"NRRD voxels of {_named(header['type'])} type are not read. Export grey values.")
    order = "<" if str(header.get("endian", "little")).lower() == "little" else ">"
    kind = np.dtype(order + code)
    encoding = str(header["encoding"]).lower()
    if encoding not in _RAW | _GZIP | _BZIP | _TEXT:
        raise UnreadableScan(f"NRRD data of {_named(encoding)} encoding is not read. Save it as raw or gzip.")
    claimed = math.prod(shape) * kind.itemsize
    if encoding in _BZIP and claimed > MAX_BZIP:
        raise UnreadableScan(
            f"The NRRD header claims {claimed} bytes of voxels; of bzip2 at most {MAX_BZIP} are read. Save it as gzip."
        )
    if (encoding in _RAW and claimed > held) or (encoding in _GZIP and claimed > held * MAX_DEFLATE):
        raise UnreadableScan(
            f"The NRRD header claims {claimed} bytes of voxels, more than the file can hold. Export it again."
        )
    if encoding in _TEXT:
        return np.array(stream.read().split(), dtype=np.float64).reshape(shape, order="F")
    packed = _unpacked(stream, header, encoding, claimed)
    if len(packed) < claimed:
        raise UnreadableScan(
            f"The NRRD data ends after {len(packed)} of {claimed} bytes: the file was cut short. Copy it again."
        )
    voxels = np.frombuffer(packed, dtype=kind).reshape(shape, order="F")
    return voxels.astype(kind.newbyteorder("="), copy=False)


def _named(value: Any) -> str:
    """Return a word of the format's own vocabulary, quoted; anything else may be anybody's name."""
    word = str(value).lower()
    return f"'{word}'" if word in _NAMED else "an unknown"


def _shape(header: Mapping[str, Any]) -> tuple[int, int, int]:
    sizes = [int(v) for v in header["sizes"]]
    if any(v <= 0 for v in sizes) or len(sizes) != int(header["dimension"]):
        raise UnreadableScan(f"The NRRD header gives sizes {sizes}: every axis needs a voxel. Export it again.")
    if len(sizes) not in (2, 3):
        raise UnreadableScan(f"The NRRD image has {len(sizes)} axes: export one volume with three axes.")
    kinds = [str(k).lower() for k in header.get("kinds") or ()]
    odd = [k for k in kinds if k not in ("domain", "space", "none", "???", "")]
    if odd:
        raise UnreadableScan(f"The NRRD image has an axis of {_named(odd[0])} kind: export one grey volume.")
    if math.prod(sizes) > MAX_VOXELS:
        raise UnreadableScan(
            f"The NRRD header claims {math.prod(sizes)} voxels; at most {MAX_VOXELS} are read. Export a part."
        )
    a, b, c = (*sizes, 1)[:3]
    return a, b, c


def _unpacked(stream: IO[bytes], header: Mapping[str, Any], encoding: str, claimed: int) -> bytes:
    """Return at most `claimed` bytes of voxels, after the lines and bytes the header says to skip."""
    for _ in range(int(header.get("line skip", header.get("lineskip", 0)))):
        stream.readline()
    skip = int(header.get("byte skip", header.get("byteskip", 0)))
    if encoding in _RAW:
        if skip == -1:
            stream.seek(-claimed, 2)
        else:
            stream.seek(max(0, skip), 1)
        return stream.read(claimed)
    reader = gzip.GzipFile(fileobj=stream) if encoding in _GZIP else bz2.BZ2File(stream)
    reader.read(max(0, skip))
    return reader.read(claimed)


def _frame(header: Mapping[str, Any], axes: int) -> tuple[npt.NDArray[np.float64], Spacing, bool]:
    """Return affine to RAS mm, spacing, and whether left and right are known."""
    signs = _TO_RAS.get(str(header.get("space", "")).lower())
    units = header.get("space units") or header.get("units") or [""]
    scale = _MM.get(str(units[0]).strip("\"' ").lower())
    rows = header.get("space directions")
    if rows is not None and scale is not None:
        matrix = np.array([[math.nan] * 3 if r is None else r for r in rows], dtype=np.float64)
        if axes == 3 and matrix.shape == (3, 3):
            origin = np.asarray(header.get("space origin", np.zeros(3)), dtype=np.float64)
            affine = np.eye(4)
            affine[:3, :3], affine[:3, 3] = matrix.T * scale, origin * scale
            affine = np.diag([*(signs or (-1.0, -1.0, 1.0)), 1.0]) @ affine
            a, b, c = (float(v) for v in np.linalg.norm(affine[:3, :3], axis=0))
            return affine, (a, b, c), signs is not None
    sizes = header.get("spacings")
    if sizes is not None and scale is not None and np.isfinite(sizes).all() and (np.asarray(sizes) > 0).all():
        lengths = [float(v) * scale for v in sizes]
        third = lengths[2] if len(lengths) == 3 else None
        frame = INDEX_FRAME @ np.diag([lengths[0], lengths[1], third or 1.0, 1.0])
        return frame, (lengths[0], lengths[1], third), False
    return INDEX_FRAME.copy(), (None, None, None), False
