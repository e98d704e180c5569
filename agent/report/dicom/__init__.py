"""The report as DICOM: a structured report of the measurements, the outlines, the PDF; on the scan's own images.

    codes      what is said, in published codes
    original   the images that the scan was read from
    filing     what the writers draw on, and every UID
    seg sr pdf the three objects
    check      what is looked at before they leave
    concepts   our codes as highdicom's

`dicom_files` gives what can be made as bytes, and for the rest the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from agent.report.dicom.concepts import silent, to_bytes
from agent.report.dicom.filing import Filing, filing_of, uid
from agent.report.dicom.original import NoOriginal, Original, original
from agent.report.model import Made, Report

if TYPE_CHECKING:
    from agent.report.material import Material
    from agent.toolset.desk import Desk
    from tools.deidentify import Pseudonyms

REPORT_PDF = "report.pdf"
SR, SEG, PDF = "sr.dcm", "seg.dcm", "report.dcm"
NO_PDF = "the report was not written as a PDF"


def write(desk: Desk, report: Report, material: Material, made: Mapping[str, bytes]) -> Made:
    """Return the DICOM files of a report, and the reason for each that could not be made."""
    others = desk.nameless.names if desk.nameless else None
    return Made(*dicom_files(filing_of(desk, report), made.get(REPORT_PDF), others))


def dicom_files(
    filing: Filing, pdf: bytes | None = None, others: Pseudonyms | None = None
) -> tuple[dict[str, bytes], dict[str, str]]:
    """Return the DICOM files by name, and the reason for each that could not be made.

    Args:
        filing: the report and what it stands on.
        pdf: the report's PDF; None where there is none.
        others: the other names that the filing goes by, to be said in each object; None where it is the patient's.
    """
    from agent.report.dicom.check import problems
    from agent.report.dicom.pdf import encapsulated_pdf
    from agent.report.dicom.seg import segmentation
    from agent.report.dicom.sr import structured_report
    from tools.deidentify.dataset import STRUCTURED, mark

    def marked(dataset: Any, *more: tuple[str, str]) -> Any:
        if others is not None:
            mark(dataset, others, *more)
        return dataset

    def outlines() -> dict[str, bytes]:
        seg = segmentation(filing)
        sr = structured_report(filing, seg)
        wrong = problems(sr, seg)
        if wrong:
            raise NoOriginal(f"it would not be right: {wrong[0]}")
        return {SR: to_bytes(marked(sr, STRUCTURED)), SEG: to_bytes(marked(seg))}

    def document() -> dict[str, bytes]:
        if pdf is None:
            raise NoOriginal(NO_PDF)
        return {PDF: to_bytes(marked(encapsulated_pdf(filing, pdf)))}

    made: dict[str, bytes] = {}
    absent: dict[str, str] = {}
    with silent():
        for names, writer in (((SR, SEG), outlines), ((PDF,), document)):
            try:
                made |= writer()
            except NoOriginal as reason:
                absent |= dict.fromkeys(names, str(reason))
    return made, absent


__all__ = [
    "PDF", "SEG", "SR", "Filing", "NoOriginal", "Original", "dicom_files", "filing_of", "original", "uid", "write",
]  # fmt: skip
