"""What report writers say in words of their own passes; what they slip in beside it, or put in another order, does not."""

from __future__ import annotations

import pytest

from agent.card import PROMPT
from agent.grounding.claims import claims
from agent.grounding.names import series
from agent.grounding.speech import unknown

TRUE = [
    "A nodule of 14.4 mm is noted, designated lesion 1 [E3].",
    "Sizewise, lesion 1 comes in at 14.4 mm in its long axis [E3].",
    "The right lung harbours lesion 1 [E2].",
    "Anatomically, lesion 1 falls into the middle third of the right lung [E2].",
    "The outlined nodule, number 1, is 14.4 mm long [E3].",
    "The longest distance across lesion 1 on a single axial slice is 14.4 mm [E3].",
    "This CT dataset consists of 96 axial slices spaced 2.5 mm apart [E1].",
    "Fleischner 2017 recommends CT at 6 to 12 months for a single solid nodule of 6 to 8 mm [E10].",
    "\u5c31\u75c5\u70761\u6765\u8bb2\uff0c\u957f\u5f84\u4e3a14.4 mm [E3]\u3002",
    "\u75c5\u70761\u52fe\u753b\u5b8c\u6bd5\uff0c\u6240\u5f97\u957f\u5f8414.4 mm [E3]\u3002",
    "\u75c5\u70761\u5750\u843d\u4e8e\u53f3\u80ba [E2]\u3002",
]
FALSE = [
    ("Lesion 1 doubles to 14.4 mm [E3].", "a change as a verb"),
    ("Lesion 1 persists at 14.4 mm [E3].", "stability as a verb"),
    ("Lesion 1 falls to 14.4 mm [E3].", "shrinking as a verb"),
    ("Lesion 1 measures 14.4 mm, that is T1c [E3].", "a stage"),
    ("Lesion 1 measures 14.4 mm on the coronal plane [E3].", "a plane that was not measured"),
    ("Lesion 1 measures 14.4 mm on MRI [E3].", "another modality"),
    ("Lesion 1 is the only nodule, 14.4 mm [E3].", "a negative read"),
    ("Lesion 1 reached 14.4 mm within a year [E3].", "a time nobody gave"),
    ("Lesion 1 measures 14.4 mm, twice the size of 2021 [E3].", "a factor"),
    ("Alarmingly, lesion 1 measures 14.4 mm [E3].", "a verdict before it"),
    ("Lesion 1 occupies 14.4 mm of the lung [E3].", "a size that is not the lesion's"),
    ("Lesion 1 lies in both lungs [E2].", "two places"),
    ("A lobe cannot be given for lesion 1, since none was outlined, smaller than before [E2].", "a change behind a limit"),
    ("The lobe of lesion 1 is not known, it is spiculated [E2].", "a claim behind a limit"),
    ("By Fleischner 2017, 6 mm to under 6 mm: CT at 6 to 12 months [E10].", "a range that is none"),
    ("\u75c5\u70761\u80ba\u53f6\u672a\u786e\u5b9a\uff0c\u8fb9\u7f18\u6709\u6bdb\u523a [E2]\u3002", "a claim behind a limit"),
    ("\u75c5\u70761\u957f\u5f8414.4 mm\uff0c\u6709\u5360\u4f4d\u6548\u5e94 [E3]\u3002", "a word made of listed signs"),
]


@pytest.mark.parametrize("clause", TRUE)
def test_a_writers_own_words_pass(case, clause: str) -> None:
    assert case.problems(clause) == []


@pytest.mark.parametrize(("clause", "why"), FALSE, ids=[why for _, why in FALSE])
def test_what_is_slipped_in_falls(case, clause: str, why: str) -> None:
    assert case.problems(clause), why


def test_names_that_share_a_row_of_numbers_are_read_in_their_order(case) -> None:
    long, short = (f"{case.items['E3'].quantity(q).value:.1f}" for q in ("axial_long_axis", "axial_short_axis"))
    assert series("the mean diameter is ") == ((), 0)
    assert case.problems(f"The long and short axes of lesion 1 are {long} mm and {short} mm [E3].") == []
    assert long != short
    assert case.problems(f"The long and short axes of lesion 1 are {short} mm and {long} mm [E3].")


def test_a_number_behind_a_name_that_ends_in_one_is_read() -> None:
    assert [str(a.values[0]) for a in claims("TR1 -5.0 %, TR2 1.5 %", names="tr1 0.3 %, tr2 1.5 %").amounts] == ["-5.0", "1.5"]


def test_a_manner_of_speaking_is_no_claim_and_a_manner_of_growing_is_one() -> None:
    assert unknown("Numerically and lengthwise, technically", "") == []
    assert unknown("dramatically metabolically markedly", "") == ["dramatically", "metabolically", "markedly"]


def test_a_model_is_told_which_wording_passes() -> None:
    assert "one fact each" in PROMPT
    assert "give a size its name" in PROMPT
