"""Nothing that a Source says of a patient survives, however it is typed; the words of the trade do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.card import PROMPT
from agent.privacy import WITHHELD, Redactor
from tools.scan import Source

FOLDER = Path("/srv/archive/Quimby_Zephyr/20240229")
SOURCE = Source(
    files=(FOLDER / "IM-0001-ZQ.dcm", FOLDER / "b7.dcm"),
    format="DICOM",
    identity={
        "PatientName": "Quimby^Zephyr^Ignatius",
        "PatientID": "MRN-77123",
        "PatientBirthDate": "19110203",
        "PatientBirthTime": "041530",
        "OtherPatientIDs": "['AX 9921', 'PP0042']",
        "PatientAddress": "12 Larkspur Mews, Ambridge",
        "PatientTelephoneNumbers": "+44 20 7946 0958",
        "AccessionNumber": "8842117",
        "StudyID": "402",
        "StudyInstanceUID": "1.2.826.0.1.3680043.8.498.1",
        "StudyDate": "20240229",
        "StudyDescription": "CT lung nodule follow-up for Quimby",
        "SeriesDescription": "Thorax thin axial",
        "ReferringPhysicianName": "Wójcik^Łucja",
        "InstitutionName": "Saint Elsewhere",
    },
    study_date="2024-02-29",
)  # fmt: skip

IDENTIFIERS = [
    "Quimby", "quimby", "QUIMBY", "Zephyr Quimby", "Quimby, Zephyr", "Quimby^Zephyr^Ignatius", "Quimby's", "Mr.Quimby",
    "Zephyr Ignatius Quimby", "ZephyrQuimby", "Ignatius", "患者Quimby的结节", "Quimby_Zephyr", "CT_Quimby_1",
    "MRN-77123", "mrn-77123", "MRN77123", "MRN 77123", "77123", "AX 9921", "AX9921", "PP0042", "8842117", "402",
    "Larkspur", "12 Larkspur Mews, Ambridge", "Ambridge", "+44 20 7946 0958", "1.2.826.0.1.3680043.8.498.1",
    "Saint Elsewhere", "Elsewhere", "Wójcik", "Wojcik", "Łucja Wójcik", "04:15",
    "/srv/archive/Quimby_Zephyr/20240229/IM-0001-ZQ.dcm", "IM-0001-ZQ.dcm", "IM-0001-ZQ",
]  # fmt: skip
DATES = [
    "19110203", "1911-02-03", "1911/02/03", "1911.2.3", "1911-2-3", "03.02.1911", "3.2.1911", "03/02/1911",
    "02/03/1911", "2/3/1911", "3-2-1911", "03/02/11", "3 Feb 1911", "3 February 1911", "3rd of February 1911",
    "February 3, 1911", "Feb. 3rd, 1911", "03-Feb-1911", "3FEB1911", "1911 Feb 3", "Feb 3", "February 1911",
    "1911年2月3日", "1911年02月03日", "2月3日", "1911年2月", "1911", "20240229", "2024-02-29", "29.02.2024",
    "2/29/2024", "29 Feb 2024", "February 29, 2024", "2024年2月29日", "20240229101500",
]  # fmt: skip
GONE = (
    "quimby", "zephyr", "ignatius", "77123", "9921", "pp0042", "8842117", "402", "larkspur", "ambridge", "7946",
    "3680043", "elsewhere", "wójcik", "wojcik", "ucja", "04:15", "0001-zq", "1911", "2024", "feb", "2月",
)  # fmt: skip


@pytest.fixture(scope="module")
def redactor() -> Redactor:
    return Redactor([SOURCE])


@pytest.mark.parametrize("typed", IDENTIFIERS + DATES)
def test_no_identifier_survives(redactor: Redactor, typed: str) -> None:
    quoted = json.dumps({"text": typed}, ensure_ascii=False)
    for text in (typed, f"Measure the nodule of {typed}, please.", f"({typed})", quoted):
        left = redactor.clean(text).lower()
        assert WITHHELD in left
        assert not [word for word in GONE if word in left]


@pytest.mark.parametrize("typed", [*DATES, "Quimby, Zephyr", "Quimby^Zephyr^Ignatius", "MRN 77123", "+44 20 7946 0958"])
def test_an_identifier_goes_as_a_whole(redactor: Redactor, typed: str) -> None:
    assert redactor.clean(f"({typed})") == f"({WITHHELD})"


@pytest.mark.parametrize(
    "text",
    [
        "Segment the lung nodule again, tighter, and compare with follow-up on thin axial slices.",
        "Lesion 2 now measures {E9.axial_long_axis} [E9].",
        "The thorax CT shows a 40.2 mm mass; volume 402 mm³, 402 slices, 12 mm.",
        '{"axial_long_axis": {"value": 14.402, "unit": "mm"}, "volume_voxel": {"value": 402.5}}',
        "58, no cancer history, immunocompetent",
        "62岁女性,从不吸烟,无肿瘤病史",
        "Fleischner 2017: consider CT at 6 to 12 months, then CT at 18 to 24 months.",
        "breast cancer in 2015",
        "febrile, decades ago, mayor, marching",
        PROMPT,
    ],
)
def test_common_words_and_measurements_stay(redactor: Redactor, text: str) -> None:
    assert redactor.clean(text) == text


@pytest.mark.parametrize("name", ["张伟", "Zhang^Wei=张^伟", "Zhang^Wei=张伟"])
@pytest.mark.parametrize("typed", ["患者张伟的结节有多大", "张伟", "张伟,62岁"])
def test_a_chinese_name_is_found_inside_a_sentence(name: str, typed: str) -> None:
    left = Redactor([Source(identity={"PatientName": name})]).clean(typed)
    assert "张伟" not in left
    assert WITHHELD in left


def test_a_short_name_is_taken_as_a_whole_and_leaves_short_words_alone() -> None:
    redactor = Redactor([Source(identity={"PatientName": "Li^Na", "StudyID": "1", "PatientID": "7"})])
    for typed in ("Li Na", "Na Li", "li, na", "LiNa", "Li^Na"):
        assert redactor.clean(f"about {typed}.") == f"about {WITHHELD}."
    assert redactor.clean("lesion 1 and slice 7, na") == "lesion 1 and slice 7, na"


def test_a_name_that_is_a_word_of_the_trade_goes_but_not_inside_a_quantitys_name() -> None:
    redactor = Redactor([Source(identity={"PatientName": "Long^Mary"})])
    assert redactor.clean("Mary Long has a nodule") == f"{WITHHELD} has a nodule"
    assert redactor.clean("{E3.axial_long_axis}") == "{E3.axial_long_axis}"


def test_without_a_source_nothing_is_changed() -> None:
    assert Redactor([]).clean("Quimby, 1911-02-03") == "Quimby, 1911-02-03"
    assert Redactor([Source()]).clean("Quimby") == "Quimby"


@pytest.mark.parametrize("value", ["", "   ", "^^^", "(a)+[b", "\\", "00000000", "19119999", "?*", "a\\b"])
def test_odd_header_values_make_a_working_redactor(value: str) -> None:
    redactor = Redactor([Source(identity={"PatientName": value, "PatientID": value, "PatientBirthDate": value})])
    assert redactor.clean("Measure lesion 2.") == "Measure lesion 2."


def test_several_sources_are_all_known() -> None:
    one, two = (Source(identity={"PatientName": n}) for n in ("Quimby^Zephyr", "Vandermeer^Ottoline"))
    assert Redactor([one, two]).clean("Quimby and Ottoline") == f"{WITHHELD} and {WITHHELD}"


@pytest.mark.parametrize("file", ["picture.png", "photo.jpg", "screenshot_final.png", "films/frontal view.png"])
def test_a_file_called_by_a_word_of_every_day_takes_no_word_out(file: str) -> None:
    made = Redactor([Source(files=(Path("/srv/archive") / file,), format="PNG")])
    text = "On the picture the box is 20 px wide; no photo, no screenshot and no frontal view was measured, final or not."
    assert made.clean(text) == text
    assert WITHHELD in made.clean(f"open /srv/archive/{file}")


def test_a_file_called_by_a_patients_name_still_takes_it_out() -> None:
    made = Redactor([Source(files=(Path("/srv/archive/picture_Quimby.png"),), format="PNG")])
    assert made.clean("the picture of Quimby") == f"the picture of {WITHHELD}"
