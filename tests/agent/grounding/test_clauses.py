"""Text into clauses and digits."""

from __future__ import annotations

import pytest

from agent.events import UngroundedAnswer
from agent.grounding import cites_of, fill, split_clauses


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("One. Two.", ["One. ", "Two."]),
        ("It is 14.2 mm long [E9]. Next.", ["It is 14.2 mm long [E9]. ", "Next."]),
        ("It is long. [E9] Next.", ["It is long. [E9] ", "Next."]),
        ("See e.g. this one. Two.", ["See e.g. this one. ", "Two."]),
        ("长径14.2 mm [E9]。第二句。", ["长径14.2 mm [E9]。", "第二句。"]),
        ("- a [E1]\n- b [E2]\n", ["- a [E1]\n", "- b [E2]\n"]),
        ("   ", []),
        ("no end", ["no end"]),
    ],
)
def test_clauses_joined_again_are_the_text(text: str, clauses: list[str]) -> None:
    assert split_clauses(text) == clauses
    assert "".join(clauses) == (text if text.strip() else "")


def test_cites_come_in_order_and_once() -> None:
    assert cites_of("a {E3.x} b [E4, E9] c [E3;E10]") == ("E3", "E4", "E9", "E10")
    assert cites_of("E9 without brackets, [E] and [9]") == ()


def test_references_are_filled_with_value_and_unit(case) -> None:
    assert fill("Lesion 1: {E3.axial_long_axis} [E3].", case.items, "en") == "Lesion 1: 14.4 mm [E3]."
    assert fill("层数{E1.slices} [E1]。", case.items, "zh") == "层数96 层 [E1]。"


def test_what_is_referred_to_is_cited(case) -> None:
    assert fill("Lesion 1: {E3.axial_long_axis}.", case.items, "en") == "Lesion 1: 14.4 mm [E3]."


@pytest.mark.parametrize("draft", ["{E99.axial_long_axis}", "{E3.weight}", "{E3}", "a { b", "{nonsense.name}"])
def test_a_reference_to_nothing_is_refused(case, draft: str) -> None:
    with pytest.raises(UngroundedAnswer):
        fill(f"Lesion 1 has {draft} [E3].", case.items, "en")
