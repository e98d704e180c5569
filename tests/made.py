"""Images that tests write themselves: DICOM series of known voxels and geometry, radiographs, multi-frame objects.

The truth of each is worked out here from the definition of DICOM's plane (PS3.3, C.7.6.2.1.1), not by the reader
under test: a voxel's place is origin + column * spacing * row cosines + row * spacing * column cosines + k * normal.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, MRImageStorage

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)
SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)
SECRETS = ("Quimby", "Zephyr", "MRN-771", "1911", "Saint Elsewhere")
"""What the made headers call the patient: no message, note or repr may repeat any of it."""


def uid(*parts: object) -> str:
    """Return a valid UID that is the same for the same parts."""
    return "2.25." + str(int(hashlib.sha256(repr(parts).encode()).hexdigest()[:30], 16))


def oblique(yaw: float = 20.0, pitch: float = 15.0) -> tuple[float, ...]:
    """Return six direction cosines of an axial plane turned by two angles in degrees."""
    a, b = np.radians([yaw, pitch])
    about_z = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    turned = about_z @ about_x
    return tuple(float(v) for v in (*turned[:, 0], *turned[:, 1]))


def values(shape: tuple[int, int, int] = (7, 5, 4), seed: int = 1, low: int = -1000, high: int = 1200) -> Any:
    """Return whole numbers, int16, axes (i, j, k), every slice different."""
    return np.random.default_rng(seed).integers(low, high, size=shape).astype(np.int16)


@dataclass(frozen=True)
class Made:
    """How a series is written. Voxel axes are (column i, row j, slice k) along the normal."""

    hu: npt.NDArray[Any] = field(default_factory=values)
    column_mm: float = 0.7
    row_mm: float = 0.9
    interval_mm: float = 2.5
    thickness_mm: float | None = 3.0
    orientation: Sequence[float] = AXIAL
    origin: tuple[float, float, float] = (-120.5, -90.25, -310.0)
    slope: float = 1.0
    intercept: float = -1024.0
    signed: bool = False
    series: str = "one"
    number: int = 1
    description: str = "Quimby thin"
    tilt_degrees: float = 0.0
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def directions(self) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]:
        """Unit vectors (LPS) along i, along j, and the normal."""
        along_i, along_j = np.array(self.orientation[:3]), np.array(self.orientation[3:])
        return along_i, along_j, np.cross(along_i, along_j)

    def position(self, k: float) -> npt.NDArray[Any]:
        """LPS mm of the first voxel of slice k; a tilted gantry also moves it along j."""
        _, along_j, normal = self.directions
        sideways = np.tan(np.radians(self.tilt_degrees)) * self.interval_mm * k
        return np.array(self.origin) + normal * self.interval_mm * k + along_j * sideways

    @property
    def affine(self) -> npt.NDArray[Any]:
        """The truth: (i, j, k) -> RAS mm."""
        along_i, along_j, normal = self.directions
        lps = np.eye(4)
        lps[:3, :3] = np.stack(
            [along_i * self.column_mm, along_j * self.row_mm, normal * self.interval_mm], axis=1
        )
        lps[:3, 3] = self.origin
        return np.diag([-1.0, -1.0, 1.0, 1.0]) @ lps

    def stored(self, k: int) -> npt.NDArray[Any]:
        """Stored values of slice k, axes (row, column)."""
        raw = np.rint((self.hu[:, :, k].T.astype(np.float64) - self.intercept) / self.slope)
        return raw.astype(np.int16 if self.signed else np.uint16)

    def dataset(self, k: int) -> Dataset:
        """The image of slice k."""
        ds = image(self.stored(k), uid(self.series, k))
        ds.SeriesInstanceUID, ds.SeriesNumber = uid(self.series), self.number
        ds.SeriesDescription = self.description
        ds.InstanceNumber = k + 1
        ds.ImagePositionPatient = [f"{v:.6g}" if abs(v) < 1e-9 else f"{v:.8g}" for v in self.position(k)]
        ds.ImageOrientationPatient = [f"{v:.8f}"[:16] for v in self.orientation]
        ds.PixelSpacing = [self.row_mm, self.column_mm]
        if self.thickness_mm is not None:
            ds.SliceThickness = self.thickness_mm
        ds.RescaleSlope, ds.RescaleIntercept = self.slope, self.intercept
        for keyword, value in self.extra.items():
            setattr(ds, keyword, value)
        return ds

    @property
    def count(self) -> int:
        """Number of slices."""
        return int(self.hu.shape[2])

    def write(self, folder: Path, slices: Sequence[int] | None = None, syntax: str | None = None) -> list[Path]:
        """Write slices (all when not said) into a folder under names that are no order; return the files."""
        folder.mkdir(parents=True, exist_ok=True)
        files = []
        for k in range(self.count) if slices is None else slices:
            name = hashlib.sha256(f"{self.series}{k}".encode()).hexdigest()[:8]
            files.append(save(self.dataset(k), folder / f"{name}.dcm", syntax))
        return files


def image(stored: npt.NDArray[Any], instance: str, storage: str = CTImageStorage, modality: str = "CT") -> Dataset:
    """Return a single grey image whose header names a patient who is nobody."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = storage
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = instance
    ds.PatientName, ds.PatientID, ds.PatientBirthDate = "Quimby^Zephyr", "MRN-771", "19110203"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = uid("study"), uid("series")
    ds.FrameOfReferenceUID = uid("frame")
    ds.StudyDate, ds.InstitutionName = "20240229", "Saint Elsewhere"
    ds.Modality = modality
    if modality == "CT":
        ds.BodyPartExamined = "CHEST"
    set_pixels(ds, stored)
    return ds


def set_pixels(ds: Dataset, stored: npt.NDArray[Any]) -> None:
    """Put stored values, (rows, columns) or (frames, rows, columns), into a dataset."""
    ds.Rows, ds.Columns = stored.shape[-2:]
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    bits = stored.dtype.itemsize * 8
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = bits, bits, bits - 1
    ds.PixelRepresentation = int(stored.dtype.kind == "i")
    ds.PixelData = np.ascontiguousarray(stored).tobytes()
    if len(ds.PixelData) % 2:
        ds.PixelData += b"\0"


def save(ds: Dataset, path: Path, syntax: str | None = None) -> Path:
    """Write a dataset, compressed when a transfer syntax is named."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if syntax is not None:
            from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEG2000Lossless

            if syntax == DeflatedExplicitVRLittleEndian:
                ds.file_meta.TransferSyntaxUID = syntax
            elif syntax == JPEG2000Lossless:
                _jpeg2000(ds)
            else:
                ds.compress(syntax, generate_instance_uid=False)
        ds.save_as(path, enforce_file_format=True)
    return path


def _jpeg2000(ds: Dataset) -> None:
    """Compress in place, by openjpeg itself: pydicom's own encoder wants a package that we do not ship."""
    from openjpeg.utils import encode_array
    from pydicom.encaps import encapsulate
    from pydicom.uid import JPEG2000Lossless

    frames = ds.pixel_array.reshape(-1, ds.Rows, ds.Columns)
    ds.PixelData = encapsulate([bytes(encode_array(f, bits_stored=ds.BitsStored)) for f in frames])
    ds["PixelData"].VR = "OB"
    ds.file_meta.TransferSyntaxUID = JPEG2000Lossless


def enhanced_ct(made: Made, order: Sequence[int] | None = None) -> Dataset:
    """Return one Enhanced CT object of a series, its frames in the order given."""
    from pydicom.uid import EnhancedCTImageStorage

    order = list(range(made.count)) if order is None else list(order)
    ds = image(np.stack([made.stored(k) for k in order]), uid(made.series, "all"), EnhancedCTImageStorage)
    ds.NumberOfFrames = len(order)
    shared, rescale = Dataset(), Dataset()
    rescale.RescaleSlope, rescale.RescaleIntercept = made.slope, made.intercept
    orientation, measures = Dataset(), Dataset()
    orientation.ImageOrientationPatient = [f"{v:.8f}"[:16] for v in made.orientation]
    measures.PixelSpacing, measures.SliceThickness = [made.row_mm, made.column_mm], made.thickness_mm
    window = Dataset()
    window.WindowCenter, window.WindowWidth = [-600.0, 40.0], [1500.0, 400.0]
    shared.PlaneOrientationSequence = Items([orientation])
    shared.PixelMeasuresSequence = Items([measures])
    shared.PixelValueTransformationSequence = Items([rescale])
    shared.FrameVOILUTSequence = Items([window])
    ds.SharedFunctionalGroupsSequence = Items([shared])
    frames = []
    for k in order:
        frame, place = Dataset(), Dataset()
        place.ImagePositionPatient = [f"{v:.8g}" for v in made.position(k)]
        frame.PlanePositionSequence = Items([place])
        frames.append(frame)
    ds.PerFrameFunctionalGroupsSequence = Items(frames)
    return ds


def radiograph(stored: npt.NDArray[Any], **fields: Any) -> Dataset:
    """Return a digital radiograph of stored values (rows, columns)."""
    from pydicom.uid import DigitalXRayImageStorageForPresentation

    ds = image(stored, uid("dx"), DigitalXRayImageStorageForPresentation, "DX")
    for keyword, value in fields.items():
        setattr(ds, keyword, value)
    return ds


def mr_image(stored: npt.NDArray[Any]) -> Dataset:
    """Return one MR image without a body part."""
    return image(stored, uid("mr"), MRImageStorage, "MR")


def tells_nobody(text: str, *more: str) -> bool:
    """Return whether a message keeps to itself who the patient is and what the file is called."""
    return not any(word.lower() in text.lower() for word in (*SECRETS, *more))
