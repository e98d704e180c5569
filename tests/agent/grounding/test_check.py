"""Clause against evidence: what is carried passes, what is altered falls, in both languages."""

from __future__ import annotations

import pytest

TRUE = [
    "Lesion 1 measures {E3.axial_long_axis} x {E3.axial_short_axis} [E3].",
    "Lesion 1 lies in the right lung, middle third [E2].",
    "Lesion 1 in the right lung has a volume of {E3.volume_voxel} and a mean attenuation of {E3.hu_mean} [E3].",
    "Lesion 1 measures 14.4 mm [E3].",
    "Lesion 1 measures 1.4 cm [E3].",
    "Two lesions are outlined [E2, E4].",
    "The slices are {E1.slice_interval} apart [E1].",
    "There are 96 slices [E1].",
    "The patient is 62 years old, as you stated [E6].",
    "A 62-year-old with no known cancer, as stated [E6, E7].",
    "Solid nodule, as you stated [E8].",
    "Fleischner 2017: from 6 to 8 mm, CT at 6 to 12 months [E10].",
    "Lesion 2 was measured before at {E5.axial_long_axis} [E5].",
    "Lesion 1 lies in the right lower lobe, as you stated [E12].",
    "No lobe was determined; lesion 1 lies in the right lung, middle third [E2].",
    "4 candidates above threshold; sensitivity on whole scans is not established; not a negative read [E13].",
    "The mediastinum, pleural effusion and fractures were not assessed.",
    "Which lesion do you mean: lesion 1 or lesion 2?",
    "How old is the patient, and is there a known cancer?",
    "I can search, outline, measure and report. Click on a lesion to begin.",
    "病灶1长径{E3.axial_long_axis},短径{E3.axial_short_axis} [E3]。",
    "病灶1位于右肺中三分之一 [E2]。",
    "未确定肺叶;病灶1位于右肺 [E2]。",
    "患者62岁,如您所述 [E6]。",
    "您指的是病灶1还是病灶2?",
]

FALSE = [
    ("Lesion 1 measures 14.5 mm [E3].", "number"),
    ("Lesion 1 measures 14.4 cm [E3].", "unit"),
    ("Lesion 1 measures 14.4 [E3].", "no unit"),
    ("Lesion 1 measures {E3.axial_long_axis} [E5].", "swapped citation"),
    ("Lesion 2 measures {E3.axial_long_axis} [E3].", "another lesion"),
    ("Lesion 1: long axis {E3.axial_short_axis} [E3].", "the short axis called the long"),
    ("Lesion 1 measures {E3.axial_short_axis} x {E3.axial_long_axis} [E3].", "axes in the wrong order"),
    ("Lesion 7 measures 14.4 mm [E3].", "no such lesion"),
    ("Lesion 1 measures 14.4 mm.", "nothing cited"),
    ("Lesion 1 measures 14.4 mm [E77].", "cited evidence is not there"),
    ("Lesion 1 lies in the left lung [E2].", "side"),
    ("Lesion 1 lies in the right lung, upper third [E2].", "third"),
    ("Lesion 1 lies in the right upper lobe [E2].", "a lobe nobody gave"),
    ("No lobe was determined; lesion 1 lies in the left lung [E2].", "a side beside a limit"),
    ("Lesion 1 is spiculated [E3].", "qualifier"),
    ("Ground-glass nodule, as you stated [E8].", "another type"),
    ("Lesion 1 with a pleural effusion [E3].", "an invented finding"),
    ("The patient has a known cancer, as you stated [E7].", "polarity"),
    ("The patient is 26 years old, as you stated [E6].", "age"),
    ("Lesion 1 has grown [E3].", "a comparison nobody made"),
    ("Lesion 1 is unchanged [E3].", "stability nobody measured"),
    ("Lesion 2 measures {E5.axial_long_axis} [E5].", "superseded, told as if current"),
    ("Fleischner 2017: from 6 to 8 mm, CT at 3 to 6 months [E10].", "another interval"),
    ("Fleischner 2005 has CT at 6 to 12 months [E10].", "another edition"),
    ("Three lesions are outlined [E2, E4].", "count"),
    ("Contrast-enhanced CT [E1].", "contrast is unknown"),
    ("There are no other nodules [E13].", "a negative read"),
    ("The lungs are clear [E13].", "a negative read"),
    ("Otherwise unremarkable [E13].", "a negative read"),
    ("Lesion 1 is likely malignant [E3].", "a diagnosis"),
    ("Lesion 1 looks benign [E3].", "a diagnosis"),
    ("The probability of cancer is 12 % [E3].", "a probability"),
    ("Lesion 1 must be biopsied [E3].", "an order"),
    ("Partial response [E3].", "a response"),
    ("病灶1长径15.4 mm [E3]。", "number"),
    ("病灶1位于左肺 [E2]。", "side"),
    ("病灶1位于右肺上三分之一 [E2]。", "third"),
    ("病灶1有毛刺 [E3]。", "qualifier"),
    ("病灶1较前增大 [E3]。", "comparison"),
    ("双肺未见其他结节 [E13]。", "negative read"),
    ("病灶1考虑恶性 [E3]。", "a diagnosis"),
    ("建议三个月复查 [E3]。", "an interval in words"),
    ("Consider CT in three months [E3].", "an interval in words"),
]


@pytest.mark.parametrize("clause", TRUE)
def test_what_the_evidence_carries_passes(case, clause: str) -> None:
    assert case.problems(clause) == []


@pytest.mark.parametrize(("clause", "why"), FALSE, ids=[why + ": " + c[:40] for c, why in FALSE])
def test_what_it_does_not_carry_falls(case, clause: str, why: str) -> None:
    assert case.problems(clause), why


def test_every_digit_of_a_true_sentence_matters(case) -> None:
    """Alter each digit of true clauses, one at a time: every one is caught."""
    import re

    from agent.grounding import check, fill

    for clause in TRUE[:4] + TRUE[7:12]:
        filled = fill(clause, case.items, "en")
        body = filled[: filled.index("[")]
        for match in re.finditer(r"\d", body):
            for other in "0123456789":
                if other == match[0]:
                    continue
                altered = body[: match.start()] + other + body[match.end() :] + filled[filled.index("[") :]
                if re.search(r"lesion [0-9]", altered.lower()) and match.start() < 9:
                    continue
                assert check(altered, case.items, current=case.current), altered


def test_a_citation_that_carries_nothing_is_told_in_a_report(case) -> None:
    clause = "Lesion 1 measures {E3.axial_long_axis} [E3, E6]."
    assert case.problems(clause) == []
    assert case.problems(clause, strict=True) == ["E6 is cited and carries nothing of the clause"]


def test_a_message_of_a_hundred_kilobytes_is_judged_too(case) -> None:
    assert case.problems("Lesion 1 measures 14.4 mm [E3] " + "and so on " * 10_000 + ".") == []
