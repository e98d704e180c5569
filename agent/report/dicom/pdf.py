"""The report's PDF inside a DICOM object, so that it lies beside the images it is about. Knows no layout."""

from __future__ import annotations

from typing import Any

from agent.report.dicom import codes
from agent.report.dicom.concepts import anatomy
from agent.report.dicom.filing import PRODUCT, Filing
from agent.report.dicom.original import EMPTY_WHEN_ABSENT

SERIES_NUMBER = 9003
INHERITED = (
    *EMPTY_WHEN_ABSENT, "IssuerOfPatientID", "PatientAge", "PatientSize", "PatientWeight", "StudyInstanceUID",
    "StudyDescription", "SpecificCharacterSet",
)  # fmt: skip


def encapsulated_pdf(filing: Filing, pdf: bytes) -> Any:
    """Return the Encapsulated PDF object (a pydicom dataset). Raises NoOriginal with the reason why there is none."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import EncapsulatedPDFStorage, ExplicitVRLittleEndian

    images = filing.original
    made = Dataset()
    for keyword in INHERITED:
        if keyword in images.first:
            made[keyword] = images.first[keyword]
    made.SOPClassUID, made.SOPInstanceUID = EncapsulatedPDFStorage, filing.instance_uid("pdf")
    made.SeriesInstanceUID, made.SeriesNumber = filing.series_uid("pdf"), SERIES_NUMBER
    made.InstanceNumber, made.Modality = max(1, filing.report.version), "DOC"
    made.SeriesDescription = "Report"
    made.Manufacturer = made.ManufacturerModelName = PRODUCT
    made.DeviceSerialNumber = made.SoftwareVersions = filing.version
    made.ConversionType = "WSD"
    made.ContentDate = made.InstanceCreationDate = filing.moment.strftime("%Y%m%d")
    made.ContentTime = made.InstanceCreationTime = filing.moment.strftime("%H%M%S")
    made.AcquisitionDateTime = ""
    made.BurnedInAnnotation = "YES"  # a site's template may name the patient: the careful answer
    made.DocumentTitle = filing.report.title[:1024]
    made.ConceptNameCodeSequence = [anatomy(codes.DOCUMENT_TITLE)]
    made.VerificationFlag = "VERIFIED" if filing.report.signature else "UNVERIFIED"
    made.SourceInstanceSequence = [_refer(h) for h in images.headers]
    made.MIMETypeOfEncapsulatedDocument = "application/pdf"
    made.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
    made.EncapsulatedDocumentLength = len(pdf)
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    return made


def _refer(header: Any) -> Any:
    from pydicom.dataset import Dataset

    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = header.SOPClassUID, header.SOPInstanceUID
    return item
