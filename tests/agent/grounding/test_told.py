"""What a careless or a hostile model would write beside the truth, and what is true in the same forms."""

from __future__ import annotations

import pytest

from agent.grounding.bound import mentions
from agent.grounding.speech import unknown
from agent.grounding.told import is_a_row

TRUE = [
    "Lesion 1 measures **14.4 mm** [E3].",
    "Lesion 1 (14.4 mm) was outlined [E3].",
    "病灶1\uff08长径\uff1a14.4 mm\uff09\uff0c位于右肺 [E3, E2]。",
    "Lesion 1长径14.4 mm [E3].",
    "For a nodule from 6 to 8 mm, Fleischner 2017 has: CT at 6 to 12 months [E10].",
]
FALSE = [
    ("Lesion 1, which abuts the fissure, measures 14.4 mm [E3].", "a second finding in between"),
    ("Lesion 1 measures 14.4 mm and there is a small liver lesion [E3].", "a second finding at the end"),
    ("The hypermetabolic lesion 1 measures 14.4 mm [E3].", "an adjective on no list"),
    ("Lesion 1 measures 14.4 mm, which is worrisome [E3].", "a verdict"),
    ("Lesion 1 measures 14.4 mm, which needs no follow-up [E3].", "follow-up called off"),
    ("Lesion 1 is several centimetres across [E3].", "a size without a number"),
    ("Lesion 1 has a radius of 14.4 mm [E3].", "another measure"),
    ("Lesion 1 measures 14.4 mm, seen yesterday [E3].", "a time without a date"),
    ("Lesion 1 measures 14.4 mm, looking much the same [E3].", "stability in other words"),
    ("Lesion 1 lies opposite to the right lung [E2].", "the other side"),
    ("病灶1在右肺的对侧 [E2]。", "the other side"),
    ("病灶1长径14.4 mm\uff0c另有甲状腺结节 [E3]。", "a second finding"),
    ("病灶1长径14.4 mm\uff0c牵拉胸膜 [E3]。", "a sign on no list"),
    ("病灶1位于S6段 [E2]。", "a segment nobody gave"),
    ("低密度病灶1长径14.4 mm [E3]。", "a density nobody measured"),
    ("By BTS 2015, from 6 to 8 mm: CT at 6 to 12 months [E10].", "another guideline's name"),
]


@pytest.mark.parametrize("clause", TRUE)
def test_what_is_true_passes_in_any_of_these_forms(case, clause: str) -> None:
    assert case.problems(clause) == []


@pytest.mark.parametrize(("clause", "why"), FALSE, ids=[f"{why}: {clause[:40]}" for clause, why in FALSE])
def test_what_nobody_found_falls(case, clause: str, why: str) -> None:
    assert case.problems(clause), why


def test_a_row_in_a_frame_carries_itself_and_in_any_other_words_does_not() -> None:
    source = ("Progressive disease: 25 % or more up, or a new lesion. Stable disease: between these.",)
    assert is_a_row("WHO 1979 for progressive disease: 25 % or more up, or a new lesion", source)
    assert is_a_row("25 % or more up, or a new lesion (WHO 1979, progressive disease)", source)
    assert not is_a_row("This is progressive disease: 25 % or more up, or a new lesion", source)
    assert not is_a_row("WHO 1979, not progressive disease: 25 % or more up, or a new lesion", source)
    assert not is_a_row("WHO 1979 for stable disease: 25 % or more up, or a new lesion", source)


def test_words_of_measuring_are_known_and_what_is_cited_too() -> None:
    assert unknown("Lesion 1 measures 14.2 mm in its longest diameter", "") == []
    assert unknown("a tethered margin", "") == ["tethered"]
    assert unknown("a tethered margin", "tethered, as stated") == []
    assert [m.numbers for m in mentions("病灶1和病灶2长径分别为")] == [(1, 2)]
