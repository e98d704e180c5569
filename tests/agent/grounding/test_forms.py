"""Numbers, places, dates and changes written otherwise: read like any other, and caught where they are not true."""

from __future__ import annotations

import pytest

from agent.grounding.claims import amounts, claims
from agent.grounding.numerals import unread

CARRIED = [
    "Lesion 1 measures fourteen point four millimetres [E3].",
    "Lesion 1 measures 14.4mm [E3].",
    "Lesion 1 measures about ≈14.4 mm [E3].",
    "Lesion 1 measures 14·4 mm [E3].",
    "Lesion 1 lies in the right lung, middle third [E2].",
    "Lesion 1 is on the right-hand side, in the mid zone [E2].",
    "病灶1长径14.4毫米 [E3]。",
    "病灶1长径十四点四毫米 [E3]。",
    "病灶1位于右侧肺中野 [E2]。",
]
ALTERED = [
    ("Lesion 1: sizex43.7 mm [E3].", "glued to a word"),
    ("Lesion 1 measures ≈43.7mm [E3].", "glued to a sign"),
    ("Lesion 1 measures 4 3.7 mm [E3].", "parted by a space"),
    ("Lesion 1 measures 4\u200b3.7 mm [E3].", "parted by a sign without width"),
    ("Lesion 1 measures 43,7 mm [E3].", "a decimal comma"),
    ("Lesion 1 measures 43·7 mm [E3].", "a decimal point in the middle"),
    ("Lesion 1 measures \uff14\uff13\uff0e\uff17 mm [E3].", "full width"),
    ("Lesion 1 measures \u2463 mm [E3].", "a number in a circle"),
    ("Lesion 1 measures forty-three point seven millimetres [E3].", "English words"),
    ("Lesion 1 measures half a centimetre [E3].", "half a unit"),
    ("Lesion 1 measures one and a half cm [E3].", "one and a half"),
    ("Lesion 1 measures half an inch [E3].", "a unit of elsewhere"),
    ("Lesion 1 measures XLIII mm [E3].", "Roman numerals"),
    ("Lesion 1 is double its former size [E3].", "a ratio"),
    ("病灶1直径43.7毫米 [E3]。", "glued to Chinese"),
    ("病灶1大小43.7mm大小 [E3]。", "between Chinese"),
    ("病灶1长径四十三点七毫米 [E3]。", "Chinese numerals"),
    ("病灶1长径半厘米 [E3]。", "half a unit"),
    ("病灶1是上次的两倍 [E3]。", "a ratio"),
    ("Lesion 1 lies at the lung base [E2].", "a zone by a synonym"),
    ("Lesion 1 lies in the L lung [E2].", "a side by a letter"),
    ("病灶1位于右肺底部 [E2]。", "a zone by a synonym"),
    ("Lesion 1 does not lie in the right lung [E2].", "a place denied"),
    ("Lesion 1 isn't 14.4 mm long [E3].", "a size denied"),
    ("病灶1不位于右肺 [E2]。", "a place denied"),
    ("病灶1长径不是14.4 mm [E3]。", "a size denied"),
    ("Lesion 1 measures 14.4 mm, as on 14 May 2023 [E3].", "a date in words"),
    ("Lesion 1 measures 14.4 mm, as on 02/11/2022 [E3].", "a date in figures"),
    ("病灶1长径14.4 mm,见于2022年11月 [E3]。", "a month"),
    ("Lesion 1 has gained in size [E3].", "growth in other words"),
    ("Lesion 1 measures 14.4 mm, identical to the last scan [E3].", "stability in other words"),
    ("Lesion 1 measures 14.4 mm, not seen before [E3].", "new in other words"),
    ("The type of lesion 1 was not determined, halved since the prior [E3].", "a change hung on a limit"),
    ("病灶1较前无明显变化 [E3]。", "stability in other words"),
    ("病灶1此前未见 [E3]。", "new in other words"),
    ("Fleischner 2017: under 6 mm, CT at 6 to 12 months [E10].", "another row's interval"),
    ("For a nodule under 6 mm Fleischner 2017 has: CT at 6 to 12 months [E10].", "another row's interval"),
    ("Over 8 mm: CT at 6 to 12 months [E10].", "another row's interval"),
    ("From 6 to 8 mm: consider CT at 3 months [E10].", "another row's interval"),
    ("Over 6 mm (over 100 mm³): no routine follow-up at low risk [E10].", "a limit turned"),
    ("Under 6 mm: optional CT at 12 months at low risk [E10].", "another risk's interval"),
]


@pytest.mark.parametrize("clause", CARRIED)
def test_another_form_of_what_is_true_passes(case, clause: str) -> None:
    assert case.problems(clause) == []


@pytest.mark.parametrize(("clause", "why"), ALTERED, ids=[f"{why}: {clause[:40]}" for clause, why in ALTERED])
def test_another_form_of_what_is_not_true_falls(case, clause: str, why: str) -> None:
    assert case.problems(clause), why


def test_every_row_of_a_passage_passes_as_it_stands(case) -> None:
    """Every shipped passage, sentence by sentence, is true of itself."""
    import re

    from agent.grounding import check
    from knowledge.library import shipped
    from tools.evidence import Evidence

    first: Evidence = case.items["E10"]
    from dataclasses import replace

    failed = []
    for guideline in shipped():
        for section in guideline.sections:
            for language, text in section.texts.items():
                item = replace(first, text=text, inputs={"guideline": guideline.guideline, "edition": guideline.edition})
                for sentence in re.split(r"(?<=\.)\s+(?=[A-Z(])|(?<=。)", text):
                    clause = f"{sentence.strip().rstrip('.。')} [E10]{'.' if language == 'en' else '。'}"
                    if sentence.strip() and check(clause, {"E10": item}, current={"E10"}):
                        failed.append(clause)
    assert failed == []


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("CT at 1, 2 and 4 years", ["1", "2/4"]),
        ("14.2 mm x 9.8 mm", ["14.2/9.8"]),
        ("two hundred and six mm", ["206"]),
        ("in the RUL, series T2, mm3, COVID19", []),
        ("一个病灶", ["1"]),
        ("百分之三十", ["30"]),
        ("5到10毫米", ["5/10"]),
        ("up by 1,234 mm³", ["1234"]),
    ],
)
def test_what_is_read_of_a_text(text: str, values: list[str]) -> None:
    assert ["/".join(str(v) for v in a.values) for a in amounts(text, names="")][: len(values)] == values


def test_a_name_that_is_cited_holds_no_number_to_judge() -> None:
    assert claims("row solid-multiple-ge6.5-low", names="solid-multiple-ge6.5-low").amounts == ()
    assert unread("512 mm³ and 20 m²") == []
