"""A guideline's row stands in the report only while all it rests on is current; else what is missing, or why not."""

from __future__ import annotations

import pytest

from agent.report import Report, bring_up_to_date
from agent.toolset.vision import measure

FIT = "58-year-old woman, incidental finding, no known cancer, not immunosuppressed, solid nodule, never smoked"
"""Everything that Fleischner's table asks for."""


def advice(report: Report) -> str:
    return "\n".join(s.text for s in report.section("recommendation").statements)


def sound(case, report: Report) -> None:
    assert report.problems == ()
    assert case.verify(report) == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_needs_are_named_while_something_is_missing(case, chest, language):
    case.outline(chest[1][0])
    case.state("incidental finding, no known cancer")
    bring_up_to_date(case.desk)
    report = case.compose(language)
    sound(case, report)
    expected = {"en": "Fleischner 2017 is not applied yet; not stated: age", "zh": "未陈述:年龄"}
    assert expected[language] in advice(report)
    assert {"en": "consider", "zh": "可考虑"}[language] not in advice(report)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_category_reads_as_guideline_row_condition_action_source(case, chest, language):
    case.outline(chest[1][0])
    case.state(FIT, lesion=1)
    bring_up_to_date(case.desk)
    report = case.compose(language)
    sound(case, report)
    text = advice(report)
    if language == "en":
        assert "Fleischner 2017, row solid-single-gt8, if solid" in text
        assert "age 58 years, no known cancer, not immunosuppressed" in text
        assert ": consider CT at 3 months" in text
    else:
        assert "Fleischner 2017,条目solid-single-gt8,若实性" in text
        assert "可考虑3个月复查CT" in text
    assert "doi:10.1148/radiol.2017161659" in text
    category = case.session.record.lesion(1).category
    assert category.id in report.section("recommendation").statements[0].cites


@pytest.mark.parametrize("language", ["en", "zh"])
def test_out_of_scope_says_why(case, chest, language):
    case.outline(chest[1][0])
    case.state("70-year-old man, known breast cancer, solid nodule, not immunosuppressed, incidental", lesion=1)
    bring_up_to_date(case.desk)
    report = case.compose(language)
    sound(case, report)
    expected = {
        "en": "was not applied: Fleischner 2017 is not for patients with a known primary cancer",
        "zh": "Fleischner 2017不适用于已知原发恶性肿瘤的患者",
    }
    assert expected[language] in advice(report)
    assert "row" not in advice(report)


@pytest.mark.parametrize("kind", ["solid", "ground-glass", "part-solid"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_kind_of_answer_passes_its_own_check(case, chest, kind, language):
    case.outline(*chest[1])
    case.state(f"{FIT.replace('solid', kind)}, multiple nodules, high risk")
    bring_up_to_date(case.desk)
    report = case.compose(language)
    sound(case, report)
    assert "Fleischner 2017" in advice(report)


def test_category_of_a_replaced_measurement_is_given_anew(case, chest):
    case.outline(chest[1][0])
    case.state(FIT, lesion=1)
    bring_up_to_date(case.desk)
    first = case.session.record.lesion(1).category.id
    measure(case.desk, 1)
    stale = case.compose()
    assert first not in stale.cites
    assert "all that it needs is recorded" in advice(stale)
    bring_up_to_date(case.desk)
    report = case.compose()
    sound(case, report)
    assert first not in report.cites
    assert "row solid-single-gt8" in advice(report)


def test_second_lesion_changes_the_count_and_so_the_row(case, chest):
    case.outline(chest[1][0])
    case.state(FIT, lesion=1)
    bring_up_to_date(case.desk)
    case.outline(chest[1][1])
    case.state("lesion 2 is solid")
    assert "single" not in advice(case.compose()), "a row given for one nodule does not outlive a second"
    bring_up_to_date(case.desk)
    report = case.compose()
    sound(case, report)
    assert advice(report).count("multiple (lesions outlined in this case)") == 2
    assert "row solid-single" not in advice(report)


def test_lesions_that_lack_the_same_are_asked_for_together(case, chest):
    case.outline(*chest[1])
    report = case.compose()
    sound(case, report)
    assert advice(report).count("not applied yet") == 1
    assert "Lesion 1, lesion 2" in advice(report)


def test_bringing_up_to_date_records_once_and_leaves_focus_and_question(case, chest):
    case.outline(*chest[1])
    case.state(FIT)
    asked = {"function": "assess", "guideline": "other", "lesion": 2, "needs": ["age"]}
    case.desk.keep(focus=2, asked=asked)
    bring_up_to_date(case.desk)
    count = len(case.session.record.items)
    bring_up_to_date(case.desk)
    assert len(case.session.record.items) == count
    assert case.desk.state["focus"] == 2
    assert case.desk.state["asked"] == asked


def test_nothing_is_recorded_while_something_is_missing(case, chest):
    case.outline(chest[1][0])
    count = len(case.session.record.items)
    bring_up_to_date(case.desk)
    assert len(case.session.record.items) == count
