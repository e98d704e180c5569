"""One `Scan` for every format: DICOM, NIfTI, NRRD, PNG and JPEG. One file a format."""

from tools.scan.load import load_scan
from tools.scan.model import (
    Calibration,
    IrregularSlices,
    Known,
    Point,
    Scan,
    ScanError,
    Source,
    Spacing,
    UnreadableScan,
    UnsafeArchive,
)

__all__ = [
    "Calibration",
    "IrregularSlices",
    "Known",
    "Point",
    "Scan",
    "ScanError",
    "Source",
    "Spacing",
    "UnreadableScan",
    "UnsafeArchive",
    "load_scan",
]
