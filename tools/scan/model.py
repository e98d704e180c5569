"""What a scan is, whatever file it came from, and the errors of reading one.

    ScanError
    ├── UnreadableScan      not a scan, broken, or of a kind that is not read
    ├── IrregularSlices     slices missing, doubled, unevenly spaced or a tilted gantry
    └── UnsafeArchive       a zip that climbs out of its folder, is a bomb, or holds another zip

Knows nothing about file formats: one reader a format builds these.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Point = tuple[float, float, float]
Spacing = tuple[float | None, float | None, float | None]
Calibration = Literal["patient", "detector plane", "none"]
BLOCK = 32
"""Voxels along an axis that are turned at a time: 512 x 512 x 300 take 0.25 s so, 0.5 to 2.6 s at once."""


class ScanError(Exception):
    """A scan could not be used. The message says what was seen and what to do next."""


class UnreadableScan(ScanError):
    """Not a scan, broken, or of a kind that is not read."""


class IrregularSlices(ScanError):
    """The slices do not form one regular grid."""


class UnsafeArchive(ScanError):
    """The archive was not unpacked because it is dangerous."""


@dataclass(frozen=True)
class Known:
    """A property that is known from the file, assumed from the voxels, stated by the reader, or unknown."""

    value: str | None = None
    how: Literal["known", "assumed", "stated", "unknown"] = "unknown"

    def __str__(self) -> str:
        if self.value is None:
            return "unknown"
        return self.value if self.how == "known" else f"{self.value} ({self.how})"


@dataclass(frozen=True, eq=False)
class Source:
    """Where a scan came from: reached by export alone, never by a tool, the toolset or a language model.

    Attributes:
        files: the files it was read from.
        format: ``DICOM``, ``NIfTI``, ``NRRD``, ``PNG``, ``JPEG`` or ``made``.
        identity: header fields that name the patient or the study, by DICOM keyword.
        study_date: ISO date of the acquisition, or None. Kept local; only intervals leave.
    """

    files: tuple[Path, ...] = ()
    format: str = "made"
    identity: dict[str, str] = field(default_factory=dict, repr=False)
    study_date: str | None = field(default=None, repr=False)

    def datasets(self) -> list[Any]:
        """Read and return the original DICOM datasets, without pixels (empty for another format)."""
        if self.format != "DICOM":
            return []
        import pydicom

        return [pydicom.dcmread(file, stop_before_pixels=True, force=True) for file in self.files]


@dataclass(frozen=True, eq=False)
class Scan:
    """One image: a 3-D volume, or a 2-D picture with one slice. Two scans are equal when their ids are.

    Attributes:
        id: sha256 of canonical voxels and geometry.
        shape: number of voxels along ``(i, j, k)``.
        affine: 4x4 float64, voxel index -> RAS mm; where spacing is unknown, an index frame of unit pixels.
        spacing: mm a voxel axis, or None where unknown.
        calibration: whether spacing is in the patient, in the detector plane (magnified), or unknown.
        modality: DICOM code (``CT``, ``MR``, ``DX``, ``CR``…).
        body_part: DICOM body part (``CHEST``, ``HEAD``…).
        slice_thickness_mm, slice_interval_mm: nominal thickness; distance of slice centres. None when unknown.
        kernel: reconstruction kernel, or None.
        contrast: True or False when the header says so, else None.
        windows: (centre, width) pairs from the header.
        laterality_known: whether left and right are known (False for a picture without a frame).
        notes: what was done or assumed while reading, for the reader.
        read_voxels: returns the voxel array; called at first use only.
    """

    id: str
    shape: tuple[int, int, int]
    affine: npt.NDArray[np.float64]
    spacing: Spacing
    calibration: Calibration
    modality: Known
    body_part: Known
    slice_thickness_mm: float | None = None
    slice_interval_mm: float | None = None
    kernel: str | None = None
    contrast: bool | None = None
    windows: tuple[tuple[float, float], ...] = ()
    laterality_known: bool = True
    notes: tuple[str, ...] = ()
    source: Source = field(default_factory=Source, repr=False)
    read_voxels: Callable[[], npt.NDArray[Any]] | None = field(default=None, repr=False)

    @classmethod
    def build(
        cls,
        voxels: npt.NDArray[Any],
        affine: npt.ArrayLike,
        *,
        spacing: Spacing | None = None,
        calibration: Calibration = "patient",
        modality: Known | None = None,
        body_part: Known | None = None,
        owned: bool = False,
        **rest: Any,
    ) -> Scan:
        """Return a scan of an array, its id computed.

        Args:
            voxels: shape ``(i, j, k)``; integers stay integers (int16 where exact), else float32.
            affine: 4x4, voxel index -> RAS mm.
            spacing: mm an axis; None takes the affine's column lengths.
            calibration: see the class.
            modality, body_part: unknown when not given.
            owned: nobody else holds the array: it is taken as it is where it is canonical, not copied.
            rest: the class's other attributes.

        Raises:
            UnreadableScan: not three axes, no voxel, or an affine that is not finite and invertible.
        """
        array = canonical_voxels(voxels, owned=owned)
        if array.ndim != 3 or 0 in array.shape:
            raise UnreadableScan(f"A scan has three axes (i, j, k) with voxels in each; this has shape {array.shape}.")
        matrix = np.array(affine, dtype=np.float64)
        if matrix.shape != (4, 4) or not np.isfinite(matrix).all() or abs(np.linalg.det(matrix)) < 1e-12:
            raise UnreadableScan(
                "The image's geometry (affine) is not a finite, invertible 4x4 matrix. Export the image again."
            )
        lengths = np.linalg.norm(matrix[:3, :3], axis=0)
        sizes: Spacing = spacing or (float(lengths[0]), float(lengths[1]), float(lengths[2]))
        if any(s is not None and not (math.isfinite(s) and s > 0) for s in sizes):
            raise UnreadableScan(f"Voxel spacing must be positive; this image says {sizes}.")
        array.setflags(write=False)
        matrix.setflags(write=False)
        shape = (int(array.shape[0]), int(array.shape[1]), int(array.shape[2]))
        return cls(
            id=scan_id(array, matrix, sizes),
            shape=shape,
            affine=matrix,
            spacing=sizes,
            calibration=calibration,
            modality=modality or Known(),
            body_part=body_part or Known(),
            read_voxels=lambda: array,
            **rest,
        )

    @property
    def voxels(self) -> npt.NDArray[Any]:
        """The voxels, axes ``(i, j, k)``, read-only; Hounsfield units on CT."""
        if self.read_voxels is None:
            raise UnreadableScan("This scan holds geometry only; its voxels were not kept. Load the file again.")
        return self.read_voxels()

    @property
    def is_2d(self) -> bool:
        """Whether this is a picture, not a volume."""
        return self.shape[2] == 1

    @property
    def has_mm(self) -> bool:
        """Whether every axis of more than one voxel has a patient spacing in mm."""
        return self.calibration == "patient" and all(
            s is not None for s, n in zip(self.spacing, self.shape, strict=True) if n > 1
        )

    @property
    def spacing_or_unit(self) -> Point:
        """Spacing with 1 pixel in place of None: for geometry that is then reported in pixels."""
        a, b, c = (1.0 if s is None else s for s in self.spacing)
        return a, b, c

    def to_mm(self, index: npt.ArrayLike) -> Point:
        """Return the RAS position in mm of a voxel index (fractions allowed)."""
        x, y, z = self.affine[:3, :3] @ np.asarray(index, dtype=np.float64) + self.affine[:3, 3]
        return float(x), float(y), float(z)

    def to_index(self, point_mm: npt.ArrayLike) -> Point:
        """Return the voxel index, with fractions, of a RAS position in mm."""
        i, j, k = np.linalg.solve(self.affine, np.array([*np.asarray(point_mm, dtype=np.float64), 1.0]))[:3]
        return float(i), float(j), float(k)

    def contains(self, point_mm: npt.ArrayLike) -> bool:
        """Return whether a RAS position lies in the image."""
        index = self.to_index(point_mm)
        return all(-0.5 <= v < n - 0.5 for v, n in zip(index, self.shape, strict=True))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scan) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        spacing = " x ".join("?" if s is None else f"{s:.4g}" for s in self.spacing)
        size = " x ".join(str(n) for n in self.shape)
        return f"<Scan {self.id[:8]} {self.modality} {self.body_part}, {size} voxels of {spacing} mm>"


def canonical_voxels(voxels: npt.NDArray[Any], *, owned: bool = False) -> npt.NDArray[Any]:
    """Return voxels as int16 where that is exact, else float32, i fastest and slice after slice, as files hold them.

    Args:
        voxels: any grey values.
        owned: an array that is canonical already may be returned itself; else the answer is never a view of it.

    Raises:
        UnreadableScan: values that are not finite, or too large for float32.
    """
    array = np.asarray(voxels)
    if array.dtype == bool:
        array, owned = array.astype(np.int16), True
    if array.dtype == np.int16:
        return _laid(array, np.int16, owned)
    whole = np.issubdtype(array.dtype, np.integer) or _whole(array)
    if whole and array.size and array.min() >= -32768 and array.max() <= 32767:
        return _laid(array, np.int16, owned)
    with np.errstate(over="ignore"):
        single = _laid(array, np.float32, owned)
    if array.dtype.kind == "f" and array.dtype.itemsize > 4 and not np.isfinite(single).all():
        raise UnreadableScan("The image holds values too large to be measured (over 3e38). Export it again.")
    return single


def _whole(array: npt.NDArray[Any]) -> bool:
    """Return whether there are values and all are whole, looking at a slice at a time to spare memory."""
    whole = array.size > 0
    for part in np.moveaxis(array, -1, 0) if array.ndim == 3 else (array,):
        if not np.isfinite(part).all():
            raise UnreadableScan("The image holds values that are not numbers (NaN or infinite). Export it again.")
        whole = whole and bool((part == np.rint(part)).all())
    return whole


def _laid(array: npt.NDArray[Any], dtype: npt.DTypeLike, owned: bool) -> npt.NDArray[Any]:
    """Return an array in Fortran order; itself where that may be."""
    if owned and array.dtype == dtype and array.flags.f_contiguous:
        return array
    if array.ndim != 3 or array.flags.f_contiguous:
        return np.array(array, dtype=dtype, order="F")
    out = np.empty(array.shape, dtype, order="F")
    for k in range(0, array.shape[2], BLOCK):  # turning axes block by block stays within the cache
        for i in range(0, array.shape[0], BLOCK):
            out[i : i + BLOCK, :, k : k + BLOCK] = array[i : i + BLOCK, :, k : k + BLOCK]
    return out


def scan_id(voxels: npt.NDArray[Any], affine: npt.NDArray[np.float64], spacing: Spacing) -> str:
    """Return the sha256 of canonical voxels and geometry (positions to a micrometre)."""
    head = json.dumps(
        [list(voxels.shape), voxels.dtype.str, [round(float(v), 6) + 0.0 for v in affine.ravel()],
         [None if s is None else round(s, 6) for s in spacing]]
    )  # fmt: skip
    digest = hashlib.sha256(head.encode())
    digest.update(np.ascontiguousarray(voxels.T).data)  # slice after slice, as canonical voxels lie
    return digest.hexdigest()
