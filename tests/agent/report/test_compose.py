"""The report says what the evidence holds, in both languages, and nothing else gets in."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest

from agent.report import Report, to_markdown
from agent.report.compose import Gate, material_of
from agent.report.material import Draft, RowDraft
from agent.report.phrases import COLUMNS
from agent.stated import Statement
from agent.toolset.vision import find, measure
from tools import Mask, Quantity
from tools.phantom import Sphere, chest_phantom
from tools.quantity import show

NEVER = re.compile(
    r"\bno (?:other )?nodules?\b|unremarkable|otherwise clear|malignan|"
    r"benign|\bstable\b|contrast-enhanced|radiologist-level",
    re.IGNORECASE,
)


def words(report: Report, key: str) -> str:
    section = report.section(key)
    return "" if section is None else "\n".join(s.text for s in section.statements)


def sound(case, report: Report) -> None:
    """Every sentence got in, and `verify` finds nothing."""
    assert report.problems == ()
    assert case.verify(report) == []
    assert not NEVER.search(to_markdown(report))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_empty_case_says_that_nothing_was_looked_at(case, language):
    report = case.compose(language)
    sound(case, report)
    text = to_markdown(report)
    assert report.section("measurements") is None
    expected = {"en": "the scan was not searched", "zh": "未搜索本图像"}[language]
    assert expected in words(report, "findings")
    assert expected in words(report, "impression")
    assert {"en": "DRAFT, not signed", "zh": "草稿,未签署"}[language] in text
    assert {"en": "Research use only. Not a medical device.", "zh": "仅供研究使用。不是医疗器械。"}[language] in text
    assert {"en": "generated phantom, not a patient", "zh": "生成的模体,不是患者"}[language] in text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_search_without_candidates_is_no_negative_read(case, language):
    find(case.desk)
    report = case.compose(language)
    sound(case, report)
    if language == "en":
        assert "no candidate above threshold" in words(report, "impression")
        assert "not a negative read" in words(report, "impression")
    else:
        assert "未见超过阈值的候选" in words(report, "impression")
        assert "不等于阴性结论" in words(report, "impression")
    assert "Lymph nodes were not searched" in words(report, "not_assessed")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_measured_lesion_carries_every_digit_of_its_evidence(case, chest, language):
    case.outline(chest[1][0])
    report = case.compose(language)
    sound(case, report)
    lesion = case.session.record.lesion(1)
    table = report.section("measurements").table
    assert table.heads == COLUMNS[language]
    shown = [
        show(lesion.measurement.quantity(n), language)
        for n in ("axial_long_axis", "axial_short_axis", "mean_diameter", "volume_voxel", "hu_mean")
    ]
    assert list(table.rows[0].cells[2:]) == shown
    assert table.rows[0].cites == (lesion.measurement.id, lesion.mask_evidence.id)
    for name in ("findings", "impression"):
        assert shown[0] in words(report, name)
    side = {"en": f"{lesion.side} lung", "zh": {"right": "右肺", "left": "左肺"}[lesion.side]}[language]
    assert side in words(report, "impression")
    assert all(s.cites for s in report.section("findings").statements)


def test_a_sentence_that_its_evidence_does_not_carry_stays_out_and_is_told(case, chest):
    case.outline(chest[1][0])
    gate = Gate(material_of(case.desk, "en"))
    lesion = case.session.record.lesion(1)
    size, mask = lesion.measurement.id, lesion.mask_evidence.id
    wrong = [
        f"Lesion 1 measures 99.0 mm [{size}].",
        f"Lesion 1 is spiculated [{mask}].",
        f"Lesion 1 measures {{{size}.no_such_quantity}} [{size}].",
        "Lesion 1 measures {E99.axial_long_axis} [E99].",
        f"Lesion 1 has grown [{size}].",
    ]
    right = f"Lesion 1 measures {{{size}.axial_long_axis}} [{size}]."
    admitted = gate.admit(Draft(t) for t in [*wrong, right])
    assert len(admitted) == 1
    assert len(gate.problems) == len(wrong)
    assert gate.table(("Lesion", "Volume", "Evidence"), [RowDraft(("1", "7 mm³"), (size,))]) is None
    assert len(gate.problems) == len(wrong) + 1


def test_rejected_lesion_is_nowhere(case, chest):
    case.outline(*chest[1])
    case.session.judge(2, "rejected", "vessel")
    report = case.compose()
    sound(case, report)
    assert not re.search(r"\blesion 2\b", to_markdown(report), re.IGNORECASE)
    assert [r.cells[0] for r in report.section("measurements").table.rows] == ["1"]
    case.session.judge(1, "rejected", "vessel")
    report = case.compose()
    sound(case, report)
    assert "the reader rejected what was recorded" in words(report, "findings")
    assert report.section("measurements") is None


def test_accepted_lesion_is_said_to_be(case, chest):
    case.outline(chest[1][0])
    case.session.judge(1, "accepted")
    for language, said in (("en", "accepted by the reader"), ("zh", "阅片者已确认")):
        report = case.compose(language)
        sound(case, report)
        assert said in words(report, "findings")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_candidates_are_listed_as_such_and_not_measured(case, chest, searcher, language):
    searcher.masks = chest[1]
    find(case.desk)
    report = case.compose(language)
    sound(case, report)
    found = words(report, "findings")
    assert found.count({"en": "candidate of the search", "zh": "搜索所得候选"}[language]) == 2
    assert found.count({"en": "not outlined, not measured", "zh": "未勾画,未测量"}[language]) == 2
    assert report.section("measurements") is None
    assert {"en": "lesion 1, lesion 2", "zh": "病灶1、病灶2"}[language] in words(report, "impression")
    case.session.judge(1, "rejected", "vessel")
    report = case.compose(language)
    sound(case, report)
    assert "1" not in re.sub(r"\[.*?\]", "", words(report, "impression"))
    case.session.judge(2, "rejected", "vessel")
    report = case.compose(language)
    sound(case, report)
    expected = {"en": "no candidate is kept after review", "zh": "复核后无保留的候选"}[language]
    assert expected in words(report, "findings")


def test_measured_candidate_is_called_a_rough_region(case, chest, searcher):
    searcher.masks = chest[1][:1]
    find(case.desk)
    measure(case.desk, 1)
    report = case.compose()
    sound(case, report)
    assert "measured on the search's rough region and not on an outline" in words(report, "findings")
    assert report.section("measurements").table.rows[0].cells[0] == "1 (rough region)"
    assert "mm" not in words(report, "impression")


def test_search_of_one_side_says_which(case, chest):
    find(case.desk, side="left")
    report = case.compose()
    sound(case, report)
    assert "the other lung was not searched" in words(report, "not_assessed")
    assert "the left lung only" in words(report, "findings")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_picture_without_spacing_is_measured_in_pixels(radiograph, language):
    report = radiograph.compose(language)
    sound(radiograph, report)
    text = to_markdown(report)
    assert {"en": "sizes are in pixels, not in millimetres", "zh": "大小以像素计"}[language] in text
    assert not re.search(r"\d\s*mm", text)
    assert {"en": "pixels", "zh": "像素"}[language] in words(report, "impression")
    assert {"en": "it is for chest CT", "zh": "适用于胸部CT"}[language] in words(report, "recommendation")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_context_stands_as_the_clinician_stated_it(case, language):
    case.state(
        "65-year-old man, current smoker, 40 pack-years, high risk, history of adenocarcinoma of the colon, "
        "screening, family history of lung cancer, no emphysema, immunocompetent"
    )
    report = case.compose(language)
    assert report.problems == ()
    assert case.verify(report) == []
    said = words(report, "context")
    assert "“65-year-old man”" in said
    assert "“history of adenocarcinoma of the colon”" in said
    assert {"en": "as stated by the clinician", "zh": "医生陈述"}[language] in said
    assert "adenocarcinoma" not in words(report, "impression")


def test_context_is_said_to_be_missing(case):
    assert words(case.compose(), "context") == "No clinical context was stated."


@pytest.mark.parametrize("language", ["en", "zh"])
def test_remark_with_citation_markup_and_stops_breaks_nothing(case, chest, language):
    case.outline(chest[1][0])
    hostile = "Smoker. See [E1] {E3.volume_voxel} | <b>`x`</b> 77 mm. Benign!\nNew line"
    case.session.state_fact(Statement("smoking", "current", hostile))
    report = case.compose(language)
    assert report.problems == ()
    assert case.verify(report) == []
    said = words(report, "context")
    assert "77 mm" in said
    assert "<b>" not in said
    assert "\n" not in said


@pytest.mark.parametrize("language", ["en", "zh"])
def test_prior_size_is_given_as_stated_never_compared(case, chest, language):
    case.outline(chest[1][0])
    case.state("it was 9 mm in the outside report", lesion=1)
    report = case.compose(language)
    sound(case, report)
    said = words(report, "comparison")
    assert "9.0 mm" in said
    assert {"en": "not re-measured here", "zh": "此处未重新测量"}[language] in said
    assert not re.search(r"grown|larger|increase|增大|增长", said)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_lobe_on_the_other_side_is_pointed_out(case, chest, language):
    case.outline(chest[1][0])
    other = {"right": "left upper lobe", "left": "right upper lobe"}[case.session.record.lesion(1).side]
    case.state(f"it lies in the {other}", lesion=1)
    report = case.compose(language)
    assert len(report.problems) == 1
    assert other in report.problems[0]
    assert {"en": "do not agree", "zh": "不一致"}[language] in words(report, "findings")
    assert case.verify(report) == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_rating_stands_in_findings_alone(case, chest, language):
    case.outline(chest[1][0])
    mask = case.session.record.lesion(1).mask_evidence
    case.desk.evidence.add(
        "classification", "nodule-rating", "1.0.0", weights="ab" * 32, scan_id=case.desk.scan.id, parents=(mask.id,),
        inputs={"lesion": 1},
        quantities=(
            Quantity("lidc_rating", 3.14, "{rating}", "LIDC readers' rating, 1-5, from shape"),
            Quantity("lidc_texture", 4.26, "{rating}", "LIDC readers' rating of the texture, 1-5"),
            Quantity("lidc_texture_from_diameter", 4.6, "{rating}", "the same from the diameter"),
        ),
    )  # fmt: skip
    report = case.compose(language)
    sound(case, report)
    assert re.search(r"LIDC.*1-5:\s?3\.1", words(report, "findings"))
    assert re.search(r"LIDC.*1-5.*(?:texture|密度)[^.。]*4\.3", words(report, "findings"))
    assert "4.6" not in words(report, "findings"), "what diameter gives of an attribute is no part of a report"
    assert "LIDC" not in words(report, "impression")
    assert "LIDC" not in words(report, "recommendation")
    assert "`abababababab`" in words(report, "provenance")


@pytest.mark.parametrize(("thickness", "provisional", "too_thick"), [(1.5, 0, 0), (2.0, 1, 0), (3.0, 1, 1)])
def test_slice_thickness_limits_what_is_said(open_case, thickness, provisional, too_thick):
    scan, masks = chest_phantom((Sphere((-80.0, 10.0, 20.0), 20.0),), spacing=(2.5, 2.5, thickness))
    case = open_case(scan)
    case.outline(*masks)
    for language in ("en", "zh"):
        report = case.compose(language)
        sound(case, report)
        said = words(report, "technique")
        assert said.count({"en": "is provisional", "zh": "结节类型为暂定"}[language]) == provisional
        assert said.count({"en": "doubling time are not determined", "zh": "不能判断部分实性"}[language]) == too_thick


def test_contrast_and_kernel_are_given_only_when_known(open_case, case, chest):
    said = words(case.compose(), "technique")
    assert "Contrast agent: not stated" in said
    assert "Reconstruction kernel: not stated" in said
    case = open_case(dataclasses.replace(chest[0], contrast=True, kernel="B50f"))
    report = case.compose()
    sound(case, report)
    said = words(report, "technique")
    assert "Contrast agent: given, by the file's header" in said
    assert "Reconstruction kernel: B50f" in said


def test_cut_off_lesion_has_lower_bounds(open_case, chest):
    scan = chest[0]
    case = open_case(scan)
    grid = np.zeros(scan.shape, bool)
    grid[100:108, 60:68, :4] = True
    case.outline(Mask.from_grid(scan.id, grid, scan.affine))
    report = case.compose()
    sound(case, report)
    assert "lower bounds" in words(report, "findings")
    assert "lower bounds" in words(report, "impression")


def test_outlined_and_unmeasured_lesion_has_no_size(case, chest):
    case.outline(chest[1][0], measured=False)
    report = case.compose()
    sound(case, report)
    assert "outlined and not measured" in words(report, "findings")
    assert "Sizes of lesion 1 were not measured" in words(report, "not_assessed")
    assert report.section("measurements") is None
    assert "no lesion is outlined and measured" in words(report, "recommendation")


def test_impression_starts_with_the_largest(case, chest):
    small, large = sorted(chest[1], key=lambda m: m.count)
    case.outline(small, large)
    lines = words(case.compose(), "impression").splitlines()
    assert lines[0].startswith("Lesion 2")


def test_short_form_keeps_what_must_be_said(case, chest):
    case.outline(chest[1][0])
    report = case.compose(form="short")
    sound(case, report)
    keys = [s.key for s in report.sections]
    assert keys == ["about", "measurements", "impression", "recommendation", "not_assessed", "provenance"]


def test_provenance_names_every_producer_of_what_is_cited(case, chest):
    case.outline(chest[1][0])
    report = case.compose()
    text = words(report, "provenance")
    items = case.session.record.by_id
    for name in report.cites:
        assert f"`{items[name].producer}`" in text
        assert f"`{name}`" in text
    assert f"`{case.desk.scan.id[:12]}`" in text


def test_report_reads_back_identical(case, chest):
    case.outline(*chest[1])
    report = case.compose("zh")
    assert Report.from_json(report.to_json()) == report


def test_fifty_lesions_each_have_a_row(open_case, chest):
    scan = chest[0]
    case = open_case(scan)
    for n in range(50):
        grid = np.zeros(scan.shape, bool)
        i, j = 30 + 4 * (n % 25), 60 + 40 * (n // 25)
        grid[i : i + 2, j : j + 2, 40:42] = True
        case.desk.evidence.add(
            "drawn", "reader", "1", mask=Mask.from_grid(scan.id, grid, scan.affine), scan_id=scan.id,
            inputs={"lesion": n + 1, "label": "nodule", "outlined": True, "side": None, "third": None, "where": ""},
        )  # fmt: skip
        measure(case.desk, n + 1)
    report = case.compose()
    sound(case, report)
    assert len(report.section("measurements").table.rows) == 50
