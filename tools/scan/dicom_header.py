"""DICOM headers -> plain values: which files are images, where each slice lies, what is known, who is named.

Headers are read once, without pixels, and only the fields listed here. Text that could hold a person's name does not
pass: codes are checked against what DICOM allows, and identity goes to `Source.identity` alone.
"""

from __future__ import annotations

import datetime
import logging
import math
import re
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.scan.dicom_plain import PlainPixels, PlainReader
from tools.scan.dicom_terms import BODY_PARTS, MODALITIES, NOT_IMAGES, SAME_PART
from tools.scan.model import Known, UnreadableScan

IDENTITY_KEYWORDS = (
    "PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientBirthTime", "PatientBirthName",
    "OtherPatientIDs", "OtherPatientNames", "PatientAddress", "PatientTelephoneNumbers", "PatientMotherBirthName",
    "MilitaryRank", "MedicalRecordLocator", "CountryOfResidence", "RegionOfResidence", "Occupation",
    "PatientReligiousPreference", "ResponsiblePerson", "ResponsibleOrganization", "PatientComments",
    "AdditionalPatientHistory", "AdmissionID", "AccessionNumber", "StudyInstanceUID", "SeriesInstanceUID",
    "FrameOfReferenceUID", "StudyID", "StudyDate", "StudyTime", "SeriesDate", "AcquisitionDate", "ContentDate",
    "StudyDescription", "SeriesDescription", "InstitutionName", "InstitutionAddress", "InstitutionalDepartmentName",
    "ReferringPhysicianName", "ReferringPhysicianAddress", "ReferringPhysicianTelephoneNumbers",
    "PerformingPhysicianName", "PhysiciansOfRecord", "NameOfPhysiciansReadingStudy", "RequestingPhysician",
    "OperatorsName", "StationName", "DeviceSerialNumber", "RequestingService", "RequestedProcedureID",
    "ScheduledProcedureStepID", "PerformedProcedureStepID", "ProtocolName", "ImageComments",
)  # fmt: skip
_READ_KEYWORDS = (
    "SOPClassUID", "SOPInstanceUID", "Modality", "ImageType", "SeriesNumber", "InstanceNumber", "Rows", "Columns",
    "NumberOfFrames", "SamplesPerPixel", "PhotometricInterpretation", "BitsStored", "PixelRepresentation",
    "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "ImagerPixelSpacing",
    "NominalScannedPixelSpacing", "PixelSpacingCalibrationType", "PatientOrientation", "SliceThickness",
    "BodyPartExamined", "ConvolutionKernel", "ContrastBolusAgent", "ContrastBolusAgentSequence", "WindowCenter",
    "WindowWidth", "RescaleSlope", "RescaleIntercept", "ModalityLUTSequence", "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence", "BurnedInAnnotation", "LongitudinalTemporalInformationModified",
)  # fmt: skip
_SECONDARY = "1.2.840.10008.5.1.4.1.1.7"
"""Secondary capture: screens, scanned films and reports, photographs."""
_KERNEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .,_+/\-]{0,23}")

MAX_FRAMES = 100_000
"""Far above any volume or cine loop: more is a broken or hostile header."""
MAX_INFLATED = 200
"""A deflated dataset is unpacked as a whole by the parser. Images pack 2 to 10 fold; a bomb reaches 1,030."""
_INFLATED_FROM = 10 * 2**20
_DEFLATED = b"1.2.840.10008.1.2.1.99"
_lock = threading.RLock()


def may_show_text(header: Any) -> bool:
    """Return whether text may be burned into the pixels: the header says so, or a capture does not deny it."""
    said = str(header.get("BurnedInAnnotation") or "").upper()
    return said == "YES" or (said != "NO" and str(header.get("SOPClassUID") or "").startswith(_SECONDARY))


def broken() -> tuple[type[Exception], ...]:
    """Return what parsers raise on damaged bytes. Such errors quote header values: never chain them to ours."""
    from pydicom.errors import BytesLengthException, InvalidDicomError

    return (
        OSError, EOFError, ValueError, TypeError, AttributeError, LookupError, RuntimeError, ArithmeticError,
        AssertionError, struct.error, zlib.error, InvalidDicomError, BytesLengthException,
    )  # fmt: skip


@contextmanager
def quiet() -> Iterator[None]:
    """Silence the parser's warnings and log, which quote header values; one thread at a time, as both are global."""
    log = logging.getLogger("pydicom")
    with _lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        was, log.disabled = log.disabled, True
        try:
            yield
        finally:
            log.disabled = was


@dataclass(frozen=True)
class Instance:
    """One DICOM file and its header (a pydicom Dataset of the fields read here, no pixels).

    `pixels` is where they lie, for a plain file (see `dicom_plain`); None leaves them to pydicom.
    """

    path: Path
    header: Any
    pixels: PlainPixels | None = None

    @property
    def frame_count(self) -> int:
        """Number of frames, 1 for a single image. Raises UnreadableScan for a number that no image has."""
        count = max(1, int(self.header.get("NumberOfFrames") or 1))
        if count > MAX_FRAMES:
            raise UnreadableScan(
                f"A DICOM header claims {count} frames; at most {MAX_FRAMES} are read. Export the series again."
            )
        return count

    @property
    def is_image(self) -> bool:
        """Whether it has rows and columns and is of a kind that shows a patient."""
        rows, columns = self.header.get("Rows"), self.header.get("Columns")
        return bool(rows and columns) and self.header.get("Modality") not in NOT_IMAGES

    @property
    def is_localizer(self) -> bool:
        """Whether it is a scout image."""
        kinds = self.header.get("ImageType") or ()
        return "LOCALIZER" in ([kinds] if isinstance(kinds, str) else list(kinds))


@dataclass(frozen=True)
class Slice:
    """One frame's place and scale. Position and orientation are LPS; spacing is (between rows, between columns)."""

    position: tuple[float, ...] | None
    orientation: tuple[float, ...] | None
    spacing: tuple[float, float] | None
    thickness_mm: float | None
    slope: float
    intercept: float


def plain_reader() -> PlainReader:
    """Return what reads the headers of many plain files quickly: one for all files of a reading."""
    return PlainReader(_READ_KEYWORDS + IDENTITY_KEYWORDS)


def read_instance(path: Path, where: str, reader: PlainReader | None = None) -> Instance:
    """Return a file's header. `where` names the file in errors without its name, e.g. ``File 3 of 40``.

    Raises:
        UnreadableScan: not DICOM, or damaged.
    """
    import pydicom

    try:
        with quiet():
            plain = None if reader is None else _plain(reader, path)
            if plain is not None:
                instance = Instance(path, *plain)
            else:
                check_inflation(path, where)
                tags = list(dict.fromkeys(_READ_KEYWORDS + IDENTITY_KEYWORDS))
                header = pydicom.dcmread(path, stop_before_pixels=True, force=True, specific_tags=tags)
                instance = Instance(path, header)
            if instance.is_image:
                _ = instance.frame_count, instance.is_localizer
            return instance
    except broken() as e:
        raise UnreadableScan(f"{where} is a damaged DICOM file ({type(e).__name__}). Export it again.") from None


def _plain(reader: PlainReader, path: Path) -> tuple[Any, PlainPixels] | None:
    try:
        return reader.read(path)
    except broken():  # pydicom reads it, and says what is wrong with it
        return None


def check_inflation(path: Path, where: str) -> None:
    """Raise UnreadableScan when a deflated dataset would unpack to more than an image does."""
    import pydicom

    with path.open("rb") as file:
        if _DEFLATED not in file.read(2048):
            return
        group = pydicom.filereader.read_file_meta_info(path).get("FileMetaInformationGroupLength")
        file.seek(128 + 4 + 12 + int(group or 0))
        packed = file.read()
    limit = max(_INFLATED_FROM, MAX_INFLATED * len(packed))
    if len(zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, limit + 1)) > limit:
        raise UnreadableScan(
            f"{where} is deflated and would unpack more than {MAX_INFLATED} fold. Export the series uncompressed."
        )


def numbers(value: Any, count: int) -> tuple[float, ...] | None:
    """Return exactly `count` finite numbers, or None when the field is absent, empty or something else."""
    if value is None or isinstance(value, str):
        return None
    found = tuple(float(v) for v in (value if hasattr(value, "__iter__") else [value]) if v not in (None, ""))
    return found if len(found) == count and all(math.isfinite(v) for v in found) else None


def number(value: Any) -> float | None:
    """Return one finite number, or None."""
    found = numbers(value, 1)
    return found[0] if found else None


def positive(value: Any) -> float | None:
    """Return one finite number above zero, or None."""
    found = number(value)
    return found if found and found > 0 else None


def pixel_spacing(value: Any) -> tuple[float, float] | None:
    """Return (between rows, between columns) in mm, or None when absent or not positive."""
    found = numbers(value, 2)
    return (found[0], found[1]) if found and min(found) > 0 else None


def slices(instance: Instance) -> list[Slice]:
    """Return one Slice a frame: from the functional groups where there are some, else from the header."""
    header = instance.header
    if not header.get("PerFrameFunctionalGroupsSequence"):
        place = instance.frame_count == 1
        return [
            Slice(
                numbers(header.get("ImagePositionPatient"), 3) if place else None,
                numbers(header.get("ImageOrientationPatient"), 6),
                pixel_spacing(header.get("PixelSpacing")),
                positive(header.get("SliceThickness")),
                *_rescale(header),
            )
        ] * instance.frame_count
    return [_frame(header, group) for group in header.PerFrameFunctionalGroupsSequence]


def _frame(header: Any, group: Any) -> Slice:
    measures = group_item(header, group, "PixelMeasuresSequence")
    values = group_item(header, group, "PixelValueTransformationSequence")
    position = group_item(header, group, "PlanePositionSequence")
    orientation = group_item(header, group, "PlaneOrientationSequence")
    return Slice(
        numbers(position.get("ImagePositionPatient"), 3),
        numbers(orientation.get("ImageOrientationPatient"), 6),
        pixel_spacing(measures.get("PixelSpacing")),
        positive(measures.get("SliceThickness")),
        *_rescale(values if values else header),
    )


def group_item(header: Any, group: Any, keyword: str) -> Any:
    """Return the first item of a functional group: the frame's own, else the shared one, else an empty dict."""
    shared = header.get("SharedFunctionalGroupsSequence") or [{}]
    for place in (group, shared[0]):
        sequence = place.get(keyword)
        if sequence:
            return sequence[0]
    return {}


def _rescale(header: Any) -> tuple[float, float]:
    slope, intercept = number(header.get("RescaleSlope")), number(header.get("RescaleIntercept"))
    return (1.0 if slope is None or slope == 0 else slope), intercept or 0.0


def identity(header: Any) -> dict[str, str]:
    """Return the fields that name the patient or the study, by keyword; empty ones left out."""
    found = {keyword: header.get(keyword) for keyword in IDENTITY_KEYWORDS}
    return {keyword: str(value) for keyword, value in found.items() if value not in (None, "") and str(value).strip()}


def study_date(header: Any) -> str | None:
    """Return the ISO date of the study (of the acquisition where there is none), or None.

    Where an image was de-identified without its dates, those that must stand there are nobody's.
    """
    if str(header.get("LongitudinalTemporalInformationModified") or "").upper() == "REMOVED":
        return None
    for keyword in ("StudyDate", "AcquisitionDate", "SeriesDate", "ContentDate"):
        digits = str(header.get(keyword) or "").replace(".", "")
        if len(digits) == 8 and digits.isdigit():
            try:
                return datetime.datetime.strptime(digits, "%Y%m%d").replace(tzinfo=datetime.UTC).date().isoformat()
            except ValueError:
                continue
    return None


def modality(header: Any) -> Known:
    """Return the modality when it is one of DICOM's terms."""
    value = str(header.get("Modality") or "").strip()
    return Known(value, "known") if value in MODALITIES else Known()


def body_part(header: Any) -> Known:
    """Return the body part when it is one of DICOM's terms."""
    value = str(header.get("BodyPartExamined") or "").upper().strip()
    value = SAME_PART.get(value, value)
    return Known(value, "known") if value in BODY_PARTS else Known()


def _first_group(header: Any, keyword: str) -> Any:
    groups = header.get("PerFrameFunctionalGroupsSequence") or [{}]
    return group_item(header, groups[0], keyword)


_DESCRIPTIONS = frozenset(("SeriesDescription", "ProtocolName"))
"""Scanners write the kernel into these themselves: that a word stands there too says nothing against it."""


def kernel(header: Any) -> str | None:
    """Return the reconstruction kernel's name, or None when absent or no kernel's name."""
    value = header.get("ConvolutionKernel") or _first_group(header, "CTReconstructionSequence").get("ConvolutionKernel")
    if not value:
        return None
    name = " ".join([value] if isinstance(value, str) else [str(v) for v in value]).strip()
    texts = (text for keyword, text in identity(header).items() if keyword not in _DESCRIPTIONS)
    named = {part.upper() for text in texts for part in re.findall(r"\w{4,}", text)}
    known = bool(_KERNEL.fullmatch(name)) and not any(word.upper() in named for word in re.findall(r"\w{4,}", name))
    return name if known or name.upper() in ("STANDARD", "LUNG", "BONE", "SOFT", "DETAIL", "CHST") else None


def contrast(header: Any) -> bool | None:
    """Return True when the header names a contrast agent; never False, absence says nothing."""
    named = str(header.get("ContrastBolusAgent") or "").strip().upper()
    if named and named not in ("NONE", "NO", "N", "WITHOUT", "NO CONTRAST"):
        return True
    return True if header.get("ContrastBolusAgentSequence") else None


def windows(header: Any) -> tuple[tuple[float, float], ...]:
    """Return all (centre, width) pairs of the header, one or many."""
    place = header if header.get("WindowCenter") is not None else _first_group(header, "FrameVOILUTSequence")
    pairs = zip(_many(place.get("WindowCenter")), _many(place.get("WindowWidth")), strict=False)
    return tuple((c, w) for c, w in pairs if w > 0)


def _many(value: Any) -> list[float]:
    if value is None or value == "":
        return []
    found = [float(v) for v in (value if hasattr(value, "__iter__") and not isinstance(value, str) else [value])]
    return found if all(math.isfinite(v) for v in found) else []
