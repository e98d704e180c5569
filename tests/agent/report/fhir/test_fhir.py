"""The FHIR Bundle: valid, its closed lists checked by us, its values the record's, its patient only where one is known."""

from __future__ import annotations

import base64
import copy
import dataclasses
from typing import Any

import pytest
from filed import Filed, ball_series, file_again

from agent.report.fhir import bundle, problems
from agent.report.fhir.check import resources


def of_kind(found: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [r for r in resources(found) if r["resourceType"] == kind]


@pytest.mark.parametrize(
    ("signed_by", "amends", "status"),
    [(None, None, "preliminary"), ("Ada King", None, "final"), ("Ada King", 1, "amended"), (None, 1, "preliminary")],
)
def test_status_follows_the_signature(filed: Filed, signed_by: str | None, amends: int | None, status: str) -> None:
    found = bundle(file_again(filed.case, filed.series, signed_by=signed_by, amends=amends).filing)
    assert problems(found) == []
    (report,) = of_kind(found, "DiagnosticReport")
    assert report["status"] == status
    assert {o["status"] for o in of_kind(found, "Observation")} == {status}
    assert [p["name"][0]["text"] for p in of_kind(found, "Practitioner")] == ([signed_by] if signed_by else [])


def test_values_units_and_tracking_are_the_records_own(filed: Filed) -> None:
    filing = filed.filing
    found = bundle(filing, b"%PDF-1.4")
    for observation, lesion in zip(of_kind(found, "Observation"), filing.lesions, strict=True):
        given = [c["valueQuantity"] for c in observation["component"] if "valueQuantity" in c]
        assert [(g["value"], g["code"]) for g in given] == [(q.value, q.unit) for q in lesion.measurement.quantities]
        assert observation["identifier"][0]["value"] == f"urn:oid:{filing.tracking_uid(lesion.number)}"
        assert observation["device"]["type"] == "Device"
    (report,) = of_kind(found, "DiagnosticReport")
    assert base64.b64decode(report["presentedForm"][0]["data"]) == b"%PDF-1.4"
    assert found["entry"][0]["resource"]["resourceType"] == "DiagnosticReport"


def test_patient_and_study_are_the_images_own(filed: Filed) -> None:
    filing = filed.filing
    found = bundle(filing)
    (patient,), (study,) = of_kind(found, "Patient"), of_kind(found, "ImagingStudy")
    assert (patient["identifier"][0]["value"], patient["birthDate"], patient["gender"]) == ("MRN-771", "1911-02-03", "other")
    assert patient["name"][0] == {"text": "Quimby Zephyr", "family": "Quimby", "given": ["Zephyr"]}
    assert study["identifier"][0]["value"] == f"urn:oid:{filing.original.first.StudyInstanceUID}"
    assert study["started"] == "2024-02-29"
    uids = {i["uid"] for s in study["series"] for i in s["instance"]}
    assert uids == {str(h.SOPInstanceUID) for h in filing.original.headers}


def test_a_scan_that_was_not_dicom_has_neither_and_is_still_valid(open_case: Any, chest: Any) -> None:
    case = open_case(chest[0])
    case.outline(*chest[1])
    found = bundle(file_again(case, ball_series()).filing)
    assert problems(found) == []
    assert of_kind(found, "Patient") == of_kind(found, "ImagingStudy") == []
    assert len(of_kind(found, "Observation")) == 2
    sides = [o["bodySite"]["text"] for o in of_kind(found, "Observation")]
    assert sides[0].startswith("right lung")
    assert sides[1].startswith("left lung")


def test_an_outline_that_is_not_measured_and_a_case_without_lesions_are_valid(open_case: Any, chest: Any) -> None:
    case = open_case(chest[0])
    empty = bundle(file_again(case, ball_series()).filing)
    assert problems(empty) == []
    assert of_kind(empty, "Observation") == []
    case.outline(chest[1][0], measured=False)
    found = bundle(file_again(case, ball_series()).filing)
    assert problems(found) == []
    assert of_kind(found, "Observation")[0]["dataAbsentReason"]["text"] == "outlined, not measured"


def test_conclusion_is_the_impression_without_citations(open_case: Any, chest: Any) -> None:
    case = open_case(chest[0])
    case.outline(chest[1][0])
    filing = dataclasses.replace(file_again(case, ball_series()).filing, report=case.compose())
    (report,) = of_kind(bundle(filing), "DiagnosticReport")
    assert "mm" in report["conclusion"]
    assert "[E" not in report["conclusion"]
    assert " ." not in report["conclusion"]


@pytest.mark.parametrize(
    ("kind", "key", "value", "said"),
    [
        ("DiagnosticReport", "status", "finished", "DiagnosticReport.status"), ("Observation", "status", "draft", "Observation.status"),
        ("ImagingStudy", "status", "done", "ImagingStudy.status"), ("Patient", "gender", "M", "Patient.gender"),
        ("Device", "status", "on", "Device.status"), ("Bundle", "type", "report", "Bundle.type"),
        ("DiagnosticReport", "result", [{"reference": "urn:uuid:nowhere"}], "leads nowhere"),
        ("DiagnosticReport", "issued", "yesterday", "issued"), ("Patient", "birthDate", "1911", ""),
    ],
)  # fmt: skip
def test_what_is_invalid_is_told(filed: Filed, kind: str, key: str, value: Any, said: str) -> None:
    found = copy.deepcopy(bundle(filed.filing))
    of_kind(found, kind)[0][key] = value
    told = problems(found)
    assert (any(said in t for t in told) if said else told == []), told


def test_a_unit_that_does_not_fit_and_a_shared_identifier_are_told(filed: Filed) -> None:
    made = bundle(filed.filing)
    found = copy.deepcopy(made)
    of_kind(found, "Observation")[0]["component"][0]["valueQuantity"]["code"] = "mm3"
    assert "no unit of it" in problems(found)[0]
    found = copy.deepcopy(made)
    first, second = of_kind(found, "Observation")
    second["identifier"] = first["identifier"]
    assert "of their own" in problems(found)[0]
