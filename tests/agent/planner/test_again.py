"""What follows an earlier message: which lesion instead, orders taken back, the planner's own question answered."""

from __future__ import annotations

from typing import Any

import pytest
from planner_cards import CARDS, FIRST, SECOND, full, lesion

from agent import plan
from agent.planner.steps import make_plan

FOUR: dict[str, Any] = full(lesions=[FIRST, SECOND, lesion(3, "right", "lower", "E8", axial_long_axis="E9", size_mm=6.0)])
PRIOR: dict[str, Any] = full(lesions=[FIRST, SECOND], prior={"id": 1, "priors": 1, "interval_days": 120})

FOLLOWS: tuple[tuple[str, str, dict[str, Any], list[tuple[str, dict[str, Any]]]], ...] = (
    ("size of the one in the right lung?", "no, the left one", CARDS["pair"], [("measure", {"lesion": 2})]),
    ("右边的结节有多大", "不对,我问的是左边的", CARDS["pair"], [("measure", {"lesion": 2})]),
    ("右边的结节有多大", "那左边呢", CARDS["pair"], [("measure", {"lesion": 2})]),
    ("量一下第二个", "不是,第一个", CARDS["pair"], [("measure", {"lesion": 1})]),
    ("measure 2", "same for the other", {**CARDS["pair"], "focus": 2}, [("measure", {"lesion": 1})]),
    ("measure 1", "and the other one", CARDS["pair"], [("measure", {"lesion": 2})]),
    ("show lesion 1 in coronal", "and 2?", CARDS["pair"], [("show", {"lesion": 2, "plane": "coronal"})]),
    ("segment lesion 1 at 30%", "same for 2", CARDS["pair"], [("segment", {"lesion": 2, "threshold": 0.3})]),
    ("分割1号,阈值0.3", "2号同样处理", CARDS["pair"], [("segment", {"lesion": 2, "threshold": 0.3})]),
    ("segment it tighter", "hmm, undo that", CARDS["single"], [("segment", {"change": "looser"})]),
    ("take lesions 1 and 2 as RECIST targets and give me the sum", "sorry, only lesion 1", CARDS["pair"],
     [("compare", {"targets": [1]})]),
)  # fmt: skip


@pytest.mark.parametrize(("before", "text", "card", "calls"), FOLLOWS)
def test_a_bare_reference_takes_up_what_was_asked(
    before: str, text: str, card: dict[str, Any], calls: list[tuple[str, dict[str, Any]]]
) -> None:
    assert [(c.name, c.arguments) for c in plan(text, card=card, before=before)] == calls


def test_two_fit_so_it_is_asked_and_the_answer_chooses_between_them() -> None:
    first = make_plan("measure the nodule on the right", FOUR, {})
    assert first.which is not None
    assert first.which.between == (1, 3)
    for said, number in (("3", 3), ("the lower one", 3), ("the first", 1)):
        assert [c.arguments for c in plan(said, card=FOUR, before="measure the nodule on the right")] == [{"lesion": number}]


def test_the_question_keeps_what_else_was_said() -> None:
    asked = "segment the nodule on the right at 0.4"
    assert plan(asked, card=FOUR) == []
    assert plan("the upper one", card=FOUR, before=asked)[0].arguments == {"lesion": 1, "threshold": 0.4}


@pytest.mark.parametrize("text", ["undo that", "撤销上一步"])
def test_an_order_that_has_no_opposite_is_not_guessed_back(text: str) -> None:
    got = make_plan(text, CARDS["single"], {}, "measure it")
    assert (got.goals, got.topics) == ((), ("undo",))


@pytest.mark.parametrize(
    "text", ["segment at 150%", "threshold 1.5", "threshold -0.2", "阈值设为120%", "阈值1.5", "outline it again, threshold 0"]
)
def test_a_threshold_that_cannot_be_outlines_nothing(text: str) -> None:
    got = make_plan(text, CARDS["single"], {})
    assert (got.goals, got.topics) == ((), ("threshold_beyond",))


@pytest.mark.parametrize("text", ["measure lesion 0", "measure the bigger one"])
def test_a_lesion_that_is_not_told_apart_is_asked_for(text: str) -> None:
    unsized = full(lesions=[{**x, "size_mm": None} for x in (FIRST, SECOND)], focus=2)
    assert make_plan(text, unsized, {}).which is not None


def test_the_wrong_side_is_never_measured_for_the_one_that_was_said() -> None:
    assert plan("measure the left nodule", card=full(lesions=[FIRST], focus=1)) == []


def test_a_side_is_read_from_a_place_in_words() -> None:
    bare = {"lesions": [{"id": 1, "where": "right lung, upper third"}, {"id": 2, "where": "left lung, lower third"}]}
    assert plan("measure the left one", card=bare)[0].arguments == {"lesion": 2}


def test_what_is_ranked_by_size_is_measured_first_and_every_one_is_recalled() -> None:
    card = full(lesions=[{**FIRST, "axial_long_axis": None}, SECOND], focus=2)
    got = [(g.function, g.arguments.get("lesion")) for g in make_plan("which of the two is bigger?", card, {}).goals]
    assert got == [("measure", 1), ("recall", 1), ("recall", 2)]


@pytest.mark.parametrize("text", ["how big was it on the old one?", "and on the earlier scan?", "上次片子上多大", "how many days between the two?"])
def test_what_is_of_an_earlier_scan_is_a_comparison(text: str) -> None:
    assert [c.name for c in plan(text, card=PRIOR)] == ["compare"]


def test_a_chinese_sentence_that_begins_with_no_is_not_thanks() -> None:
    assert "thanks" not in make_plan("不对,左边那个,量左边的", CARDS["pair"], {}).topics


def test_a_table_named_behind_what_is_stated_is_applied() -> None:
    for text in ("incidental finding, 55, never smoked, no cancer, immunocompetent, solid. Apply Fleischner.",
                 "偶然发现,48岁,从不吸烟,无肿瘤史,免疫正常,实性,按Fleischner给建议"):  # fmt: skip
        assert [c.name for c in plan(text, card=CARDS["single"])] == ["assess"], text


def test_a_side_said_before_is_looked_up_not_repeated() -> None:
    assert plan("and on which side did you say that was?", card=CARDS["single"])[0].arguments["what"] == "location"
