"""The structured report: every value, line, name and reference read back from its bytes as the record has them."""

from __future__ import annotations

import dataclasses
import warnings
from pathlib import Path
from typing import Any

import highdicom
import numpy as np
import pydicom
import pytest
from filed import BALLS, CT, Filed, ball_masks, ball_series, file_again, file_report, load_series, write_series
from made import CORONAL, oblique, radiograph, save

from agent.report.dicom import check, codes
from agent.stated import Statement
from tools import Mask, load_scan
from tools.scan.grid import LPS_TO_RAS


def numbers(group: Any) -> list[Any]:
    """Return the NUM items of a group."""
    return [item for item in group.ContentSequence if item.ValueType == "NUM"]


def told(item: Any) -> tuple[str, str, float]:
    """Return a number's code, unit and value."""
    value = item.MeasuredValueSequence[0]
    number = float(value.get("FloatingPointValue", value.NumericValue))
    return item.ConceptNameCodeSequence[0].CodeValue, value.MeasurementUnitsCodeSequence[0].CodeValue, number


def line_of(item: Any) -> Any:
    """Return the line under a number, or None."""
    return next((i for i in item.get("ContentSequence", ()) if i.ValueType in ("SCOORD", "SCOORD3D")), None)


@pytest.mark.parametrize(
    "how",
    [{"orientation": oblique()}, {"orientation": CORONAL}, {"multiframe": True}, pytest.param({}, marks=pytest.mark.long)],
    ids=str,
)
def test_values_and_lines_read_back_identical(open_case: Any, tmp_path: Path, how: dict[str, Any]) -> None:
    how = dict(how)
    multiframe = how.pop("multiframe", False)
    order = (3, 0, 11, 7, 1, 9, 5, 2, 10, 8, 4, 6) if multiframe else None
    filed = file_report(open_case, tmp_path / "in", ball_series(**how), multiframe=multiframe, order=order)
    images = {h.SOPInstanceUID: h for h in (pydicom.dcmread(f) for f in (tmp_path / "in").iterdir())}
    groups = check.groups(filed.dataset("sr.dcm"))
    assert len(groups) == len(filed.filing.lesions) == 2
    drawn = 0
    for group, lesion in zip(groups, filed.filing.lesions, strict=True):
        coded = [(q, c) for q in lesion.measurement.quantities if (c := codes.coded(q.name, q.unit, "CT"))]
        assert [told(i) for i in numbers(group)] == [(c.name.value, q.unit, q.value) for q, c in coded]
        for item, (quantity, _) in zip(numbers(group), coded, strict=True):
            line = line_of(item)
            assert (line is not None) == bool(quantity.end_points_mm)
            if line is not None:
                drawn += 1
                assert np.allclose(ends_mm(line, images), quantity.end_points_mm, atol=2e-3)
    assert drawn == 6, "long axis, short axis and longest diameter of each"


def ends_mm(line: Any, images: dict[str, Any]) -> Any:
    """Return the ends of a line in RAS mm, worked out from the image's own header (PS3.3, C.7.6.2.1.1)."""
    data = np.array(line.GraphicData, dtype=np.float64)
    if line.ValueType == "SCOORD3D":
        return data.reshape(-1, 3) @ LPS_TO_RAS[:3, :3]
    reference = line.ContentSequence[0].ReferencedSOPSequence[0]
    header = images[reference.ReferencedSOPInstanceUID]
    position, orientation, spacing = header.get("ImagePositionPatient"), header.get("ImageOrientationPatient"), header.get("PixelSpacing")
    if position is None:
        shared = header.SharedFunctionalGroupsSequence[0]
        frame = header.PerFrameFunctionalGroupsSequence[int(reference.ReferencedFrameNumber) - 1]
        position = frame.PlanePositionSequence[0].ImagePositionPatient
        orientation = shared.PlaneOrientationSequence[0].ImageOrientationPatient
        spacing = shared.PixelMeasuresSequence[0].PixelSpacing
    columns, rows = data.reshape(-1, 2).T - 0.5
    along, down = np.array(orientation[:3], float), np.array(orientation[3:], float)
    places = np.array(position, float) + np.outer(columns * float(spacing[1]), along) + np.outer(rows * float(spacing[0]), down)
    return places @ LPS_TO_RAS[:3, :3]


def test_a_draft_is_unverified_and_a_signed_one_names_who_signed(open_case: Any, tmp_path: Path) -> None:
    filed = file_report(open_case, tmp_path / "in", pdf=b"%PDF-1.4\n%%EOF")
    draft = filed.dataset("sr.dcm")
    assert (draft.VerificationFlag, draft.CompletionFlag, draft.PreliminaryFlag) == ("UNVERIFIED", "PARTIAL", "PRELIMINARY")
    assert "VerifyingObserverSequence" not in draft
    assert filed.dataset("report.dcm").VerificationFlag == "UNVERIFIED"
    again = file_again(filed.case, filed.series, signed_by="Ada King", pdf=b"%PDF-1.4\n%%EOF")
    signed = again.dataset("sr.dcm")
    assert (signed.VerificationFlag, signed.CompletionFlag, signed.PreliminaryFlag) == ("VERIFIED", "COMPLETE", "FINAL")
    (who,) = signed.VerifyingObserverSequence
    assert (str(who.VerifyingObserverName), who.VerifyingOrganization) == ("King^Ada", "Saint Elsewhere")
    assert again.dataset("report.dcm").VerificationFlag == "VERIFIED"
    assert signed.SOPInstanceUID != draft.SOPInstanceUID
    assert signed.SeriesInstanceUID == draft.SeriesInstanceUID
    assert [check.tracking(g) for g in check.groups(signed)] == [check.tracking(g) for g in check.groups(draft)]


def test_written_twice_it_is_the_same_object_and_measured_again_another(open_case: Any, tmp_path: Path) -> None:
    filed = file_report(open_case, tmp_path / "in")
    assert file_again(filed.case, filed.series).files == filed.files
    scan = filed.filing.scan
    smaller = ball_masks(scan, filed.series, ((BALLS[0][0], 6.0),))[0]
    filed.case.session.load_drawn(smaller, number=1)
    filed.case.session.call("measure", lesion=1)
    other = file_again(filed.case, filed.series)
    assert other.dataset("sr.dcm").SOPInstanceUID != filed.dataset("sr.dcm").SOPInstanceUID
    before, after = (check.groups(f.dataset("sr.dcm"))[0] for f in (filed, other))
    assert check.tracking(before) == check.tracking(after)
    assert told(numbers(before)[0])[2] > told(numbers(after)[0])[2]


def test_two_cases_of_one_series_never_share_a_tracking_uid(open_case: Any, tmp_path: Path) -> None:
    filed = file_report(open_case, tmp_path / "in")
    other = open_case(filed.filing.scan)
    other.outline(*ball_masks(filed.filing.scan, filed.series))
    again = file_again(other, filed.series)
    assert filed.filing.tracking_uid(1) != again.filing.tracking_uid(1)


def test_highdicom_finds_a_lesion_by_its_tracking_uid(filed: Filed, tmp_path: Path) -> None:
    (tmp_path / "sr.dcm").write_bytes(filed.files["sr.dcm"])
    content = highdicom.sr.srread(tmp_path / "sr.dcm").content
    (group,) = content.get_volumetric_roi_measurement_groups(tracking_uid=filed.filing.tracking_uid(2))
    assert group.tracking_identifier == "Lesion 2"
    assert group.finding_type.meaning == "Nodule"
    (volume,) = group.get_measurements(name=highdicom.sr.CodedConcept("118565006", "SCT", "Volume"))[:1]
    assert volume.value == filed.filing.lesions[1].measurement.quantity("volume_voxel").value
    assert group.referenced_segment[0].ReferencedSOPSequence[0].ReferencedSegmentNumber == 2


def test_segment_and_images_are_referred_to(filed: Filed) -> None:
    sr, seg = filed.dataset("sr.dcm"), filed.dataset("seg.dcm")
    assert check.problems(sr, seg) == []
    named = {str(r.ReferencedSOPInstanceUID) for i, _ in check.items(sr) for r in i.get("ReferencedSOPSequence", ())}
    originals = {str(h.SOPInstanceUID) for h in filed.filing.original.headers}
    assert named - originals == {seg.SOPInstanceUID}
    assert named & originals


def test_tools_are_named_with_their_versions_and_a_readers_hand_is_not(filed: Filed) -> None:
    group = check.groups(filed.dataset("sr.dcm"))[0]
    names = [i for i in group.ContentSequence if i.ConceptNameCodeSequence[0].CodeValue == "111001"]
    assert names == [], "the outline is a reader's"
    under = {i.ConceptNameCodeSequence[0].CodeValue: i.TextValue for i in numbers(group)[0].ContentSequence if "TextValue" in i}
    assert under == {"111001": "lesion-measure", "111003": "1.0.0"}


def test_side_and_stated_lobe_are_coded(open_case: Any, tmp_path: Path) -> None:
    filed = file_report(open_case, tmp_path / "in")
    filed.case.session.state_fact(Statement("lobe", "left lower lobe", "left lower lobe", lesion=1))
    group = check.groups(file_again(filed.case, filed.series).dataset("sr.dcm"))[0]
    (site,) = [i for i in group.ContentSequence if i.ConceptNameCodeSequence[0].CodeValue == "363698007"]
    assert site.ConceptCodeSequence[0].CodeMeaning == "Lower lobe of lung"
    assert site.ContentSequence[0].ConceptCodeSequence[0].CodeMeaning == "Left"


@pytest.mark.parametrize(
    ("charset", "name"),
    [("GB18030", "王^芳"), ("ISO_IR 100", "Müller^Jürgen"), (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎"), ("ISO_IR 192", "Žižek^Š")],
)
def test_a_name_survives_its_character_set(open_case: Any, tmp_path: Path, charset: Any, name: str) -> None:
    series = ball_series()
    series = dataclasses.replace(series, extra={**CT, "SpecificCharacterSet": charset, "PatientName": name})
    filed = file_report(open_case, tmp_path / "in", series, pdf=b"%PDF-1.4\n%%EOF", signed_by="李 医生")
    for file in filed.files:
        ds = filed.dataset(file)
        assert str(ds.PatientName) == name
        assert ds.SpecificCharacterSet == "ISO_IR 192"
    assert str(filed.dataset("sr.dcm").VerifyingObserverSequence[0].VerifyingObserverName) == "医生^李"


def test_a_broken_header_field_is_left_empty(open_case: Any, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        extra = {**CT, "PatientSex": "Female", "StudyTime": "noon", "PatientBirthDate": "1911"}
        series = dataclasses.replace(ball_series(), extra=extra)
        filed = file_report(open_case, tmp_path / "in", series)
    ds = filed.dataset("sr.dcm")
    assert (ds.PatientSex, ds.StudyTime, ds.PatientBirthDate) == ("", "", "")


def test_what_the_validators_miss_is_caught(filed: Filed) -> None:
    seg = filed.dataset("seg.dcm")

    def altered(change: Any) -> list[str]:
        sr = filed.dataset("sr.dcm")
        change(sr, check.groups(sr))
        return check.problems(sr, seg)

    def unit(sr: Any, groups: Any) -> None:
        numbers(groups[0])[0].MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0].CodeValue = "mm3"

    def same_tracking(sr: Any, groups: Any) -> None:
        for item in groups[1].ContentSequence:
            if item.ValueType == "UIDREF":
                item.UID = check.tracking(groups[0])

    def unknown_code(sr: Any, groups: Any) -> None:
        numbers(groups[0])[0].ConceptNameCodeSequence[0].CodeValue = "103339999"

    def unlisted(sr: Any, groups: Any) -> None:
        del sr.CurrentRequestedProcedureEvidenceSequence

    assert altered(lambda sr, groups: None) == []
    assert "mm3" in altered(unit)[0]
    assert "tracking" in altered(same_tracking)[0]
    assert "103339999" in altered(unknown_code)[0]
    assert "evidence" in altered(unlisted)[0]


def test_a_radiograph_is_filed_as_a_picture_with_a_word_on_its_scale(open_case: Any, tmp_path: Path) -> None:
    stored = np.random.default_rng(3).integers(0, 3000, (40, 50)).astype(np.uint16)
    ds = radiograph(stored, ImagerPixelSpacing=[0.2, 0.2], PatientOrientation=["L", "F"], **{k: v for k, v in CT.items() if k != "ImageType"})
    scan = load_scan(save(ds, tmp_path / "dx.dcm"), body_part="CHEST")
    grid = np.zeros(scan.shape, bool)
    grid[10:20, 12:18, 0] = True
    case = open_case(scan)
    case.outline(Mask.from_grid(scan.id, grid, scan.affine, "nodule"))
    filed = file_again(case, ball_series())
    assert set(filed.absent) == {"report.dcm"}, filed.absent
    (group,) = check.groups(filed.dataset("sr.dcm"))
    assert any("detector plane" in i.get("TextValue", "") for i in group.ContentSequence)
    assert {line_of(i).ValueType for i in numbers(group) if line_of(i) is not None} == {"SCOORD"}
    (tmp_path / "seg.dcm").write_bytes(filed.files["seg.dcm"])
    from tools.lesions import read_labels

    assert np.array_equal(read_labels(tmp_path / "seg.dcm", scan)[1].voxels, grid)


def test_reasons_why_not(open_case: Any, chest: Any, tmp_path: Path) -> None:
    made_case = open_case(chest[0])
    made_case.outline(chest[1][0])
    assert "names no patient" in file_again(made_case, ball_series()).absent["sr.dcm"]

    series = ball_series()
    scan = load_series(write_series(series, tmp_path / "in"))
    empty = open_case(scan)
    assert file_again(empty, series).absent["seg.dcm"].startswith("no lesion is outlined")
    other = open_case(scan)
    other.outline(*ball_masks(scan, series))
    for file in sorted((tmp_path / "in").iterdir())[:1]:
        file.unlink()
    filed = file_again(other, series, pdf=b"%PDF-1.4")
    assert filed.files == {}
    assert {"no longer there" in why for why in filed.absent.values()} == {True}


def test_images_that_are_others_now_are_not_referred_to(open_case: Any, tmp_path: Path) -> None:
    filed = file_report(open_case, tmp_path / "in")
    moved = dataclasses.replace(filed.series, origin=(0.0, 0.0, 0.0))
    write_series(moved, tmp_path / "in")
    again = file_again(filed.case, filed.series)
    assert again.files == {}
    assert "are others" in again.absent["sr.dcm"]


def test_images_without_a_frame_of_reference_say_so(open_case: Any, tmp_path: Path) -> None:
    series = ball_series()
    folder = write_series(series, tmp_path / "in")
    for file in folder.iterdir():
        ds = pydicom.dcmread(file)
        del ds.FrameOfReferenceUID
        ds.save_as(file)
    case = open_case(load_series(folder))
    case.outline(*ball_masks(case.session.scan, series))
    assert "frame of reference" in file_again(case, series).absent["seg.dcm"]
