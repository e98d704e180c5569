"""The report as FHIR: one Bundle of a DiagnosticReport, an Observation a lesion, the ImagingStudy, and who is meant.

    bundle     composed from the same filing as the DICOM objects
    check      valid by fhir.resources, and where that accepts anything: codes of closed lists, references, units

Written for R4 and checked as R4B, whose resources used here are the same. A scan that was not DICOM has no patient
and no study: the report then names neither.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from agent.report.dicom.filing import filing_of
from agent.report.fhir.bundle import bundle
from agent.report.fhir.check import problems
from agent.report.model import Made, Report

if TYPE_CHECKING:
    from agent.report.material import Material
    from agent.toolset.desk import Desk

FHIR = "fhir.json"
REPORT_PDF = "report.pdf"


def write(desk: Desk, report: Report, material: Material, made: Mapping[str, bytes]) -> Made:
    """Return the FHIR file of a report, or the reason why it could not be made."""
    found = bundle(filing_of(desk, report), made.get(REPORT_PDF))
    wrong = problems(found)
    if wrong:
        return Made({}, {FHIR: f"it would not be valid: {wrong[0]}"})
    return Made({FHIR: json.dumps(found, ensure_ascii=False, indent=1).encode()}, {})


__all__ = ["FHIR", "bundle", "problems", "write"]
