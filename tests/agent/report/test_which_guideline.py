"""The stated setting decides which guidelines the report applies; two that differ are said to differ."""

from __future__ import annotations

import pytest

from agent.report import Report, bring_up_to_date
from agent.toolset.advice import assess

BASE = "58-year-old woman, no known cancer, not immunosuppressed, solid nodule, never smoked"
ROOMS = {
    "incidental": f"incidental finding, baseline CT, {BASE}",
    "brock": f"incidental finding, baseline CT, {BASE}, no emphysema, no family history of lung cancer, spiculated, single nodule, "
             "right upper lobe",
    "screening": f"lung cancer screening, baseline screening CT, {BASE}",
    "oncology": f"oncology patient, {BASE.replace('no known', 'known')}, targets are lesions 1, baseline sum 100 mm, nadir 60 mm, targets are still there",
}  # fmt: skip


def advice(case, language: str = "en") -> str:
    bring_up_to_date(case.desk)
    report: Report = case.compose(language)
    assert report.problems == ()
    assert case.verify(report) == []
    return "\n".join(s.text for s in report.section("recommendation").statements)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_incidental_is_fleischner_with_bts_beside_it_and_what_brock_needs(case, chest, language):
    case.outline(chest[1][0])
    case.state(ROOMS["incidental"], lesion=1)
    text = advice(case, language)
    assert "Fleischner 2017" in text
    assert "solid-single-gt8" in text
    wanted = {
        "en": "BTS 2015 is not applied yet: it goes by the Brock probability; not stated: family history",
        "zh": "尚未应用BTS 2015:其依据Brock概率;未陈述:肺癌家族史",
    }
    assert wanted[language] in text
    assert "Lung-RADS" not in text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_two_guidelines_that_differ_are_said_to_differ_with_both_sources(case, chest, language):
    case.outline(chest[1][0])
    case.state(ROOMS["brock"], lesion=1)
    text = advice(case, language)
    assert {"en": "Fleischner 2017 and BTS 2015 differ", "zh": "Fleischner 2017与BTS 2015不一致"}[language] in text
    assert {"en": "BTS 2015, row solid-ge8-brock", "zh": "BTS 2015,条目solid-ge8-brock"}[language] in text
    assert {"en": "Source of BTS 2015", "zh": "BTS 2015来源"}[language] in text
    assert case.session.record.lesion(1).category.inputs["guideline"] == "fleischner-2017", "the leading one is the latest"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_screening_is_lung_rads_alone(case, chest, language):
    case.outline(chest[1][0])
    case.state(ROOMS["screening"], lesion=1)
    text = advice(case, language)
    assert "Lung-RADS 2022" in text
    assert "Fleischner" not in text
    assert "BTS" not in text
    assert {"en": "category 4", "zh": "4"}[language] in text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_oncology_is_recist_on_the_readers_targets_and_says_why_fleischner_is_not(case, chest, language):
    case.outline(chest[1][0])
    case.state(ROOMS["oncology"], lesion=1)
    text = advice(case, language)
    assert "RECIST 1.1" in text
    assert "target lesions: partial response (PR)" in text
    assert {"en": "Fleischner 2017 was not applied", "zh": "未应用Fleischner 2017"}[language] in text
    assert "overall response: " not in text.replace("no overall response: state", ""), "not from targets alone"


def test_oncology_without_targets_asks_for_them(case, chest):
    case.outline(*chest[1])
    case.state("oncology patient, known cancer")
    text = advice(case)
    assert "RECIST 1.1 is not applied yet; not stated: which lesions are the targets" in text


def test_the_agents_own_assess_takes_the_guideline_of_the_setting_too(case, chest):
    case.outline(chest[1][0])
    case.state(ROOMS["screening"], lesion=1)
    assert assess(case.desk)["guideline"] == "lung-rads-2022"


def test_a_changed_setting_withdraws_the_advice_and_gives_the_others(case, chest):
    case.outline(chest[1][0])
    case.state(ROOMS["incidental"], lesion=1)
    assert "row solid-single-gt8" in advice(case)
    case.state("lung cancer screening")
    text = advice(case)
    assert "Lung-RADS 2022, row" in text
    assert "row solid-single-gt8" not in text
