"""Figures and terms read from a clause, and which lesion of the card it means."""

from __future__ import annotations

from typing import Any

import pytest
from planner_cards import CARDS, SECOND

from agent.planner import refer, slots
from agent.planner.mention import Reference, reference
from agent.planner.reading import after_correction, clauses, language_of, plain, quoted

PAIR = CARDS["pair"]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("lesion 2", (2,)), ("nodule two", (2,)), ("#3", (3,)),
        ("number 4", (4,)), ("l2", (2,)), ("lesions 1 and 3", (1, 3)),
        ("lesions 1 to 3", (1, 2, 3)), ("二号", (2,)), ("三号结节", (3,)), ("病灶2", (2,)), ("12号病灶", (12,)),
        ("病灶1和2", (1, 2)), ("第2号结节", (2,)), ("a nodule 7 mm", ()), ("nodule 7mm wide", ()), ("2 nodules", ()),
        ("5毫米结节", ()), ("结节8毫米", ()),
    ],
)  # fmt: skip
def test_lesion_numbers(text: str, numbers: tuple[int, ...]) -> None:
    assert reference(text).numbers == numbers


@pytest.mark.parametrize(
    ("text", "value"),
    [("threshold 0.3", 0.3), ("at 40 %", 0.4), ("40%", 0.4),
    ("cut-off of 0.65", 0.65), ("阈值0.35", 0.35), ("threshold of 70", 0.7),
     ("百分之四十", 0.4), ("at 0.2", 0.2), ("threshold 0", None), ("threshold 100%", None), ("measure it", None)],
)  # fmt: skip
def test_thresholds_lie_between_nothing_and_all(text: str, value: float | None) -> None:
    assert slots.threshold(text) == value


@pytest.mark.parametrize(
    ("text", "change"),
    [("a bit tighter", "tighter"), ("too big", None),
    ("the mask is too big", "tighter"), ("looser", "looser"), ("lower the threshold", "looser"),
     ("higher threshold", "tighter"), ("紧一点", "tighter"),
     ("太松了", "tighter"), ("太紧了,松一点", "looser"), ("放宽", "looser"),
     ("tighter and looser", None)],
)  # fmt: skip
def test_tighter_and_looser(text: str, change: str | None) -> None:
    assert slots.change(text) == change


def test_places_and_lengths_and_times() -> None:
    assert slots.point("at (-40.5, 20, -150)") == [-40.5, 20.0, -150.0]
    assert slots.point("at 1 2 3 4") is None
    assert slots.point("at the point 20.5, 121.4") == [20.5, 121.4]
    assert slots.point("measure points 1 and 2") is None
    assert [slots.most(t) for t in ("find 900 candidates", "找80个候选", "find the nodules")] == [900, 80, None]
    assert slots.box("1,2,3 to 20,30,40") == [1, 2, 3, 20, 30, 40]
    assert slots.lengths_mm("a 1.2 cm nodule, 8毫米, 3 mm³") == [12.0, 8.0]
    assert [slots.days(t) for t in ("90 days ago", "6 weeks apart", "三个月前", "now")] == [90, 42, 91, None]
    assert [slots.side(t) for t in ("right lung", "right now", "左肺", "left or right")] == [
        "right",
        None,
        "left",
        None,
    ]
    assert [slots.lobe(t) for t in ("the RUL".lower(), "lingula", "右肺下叶", "upper lobe")] == [
        "right upper lobe", "lingula", "right lower lobe", None,
    ]  # fmt: skip
    assert slots.folder("export to /Data/Out now") == "/Data/Out"
    assert slots.guideline("按fleischner评估") == "fleischner-2017"


@pytest.mark.parametrize(
    ("said", "card", "numbers"),
    [
        (Reference(place=2), PAIR, (2,)),
        (Reference(place=-1), CARDS["far"], (8,)), (Reference(by_size="bigger"), PAIR, (1,)),
        (Reference(by_size="smaller"), PAIR, (2,)),
        (Reference(other=True), CARDS["pair1"], (2,)), (Reference(side="left"), PAIR, (2,)),
        (Reference(third="upper"), PAIR, (1,)),
        (Reference(size_mm=8.0), PAIR, (2,)), (Reference(lobe="lingula"), CARDS["stated"], (2,)),
        (Reference(pointer=True), CARDS["single"], (1,)),
        (Reference(), CARDS["single"], ()), (Reference(every=True), PAIR, ()),
        (Reference(every=True), CARDS["pair1"], (1, 2)), (Reference(numbers=(9,)), PAIR, (9,)),
    ],
)  # fmt: skip
def test_what_a_reference_means_on_a_card(said: Reference, card: dict[str, Any], numbers: tuple[int, ...]) -> None:
    assert refer.meant(said, card).numbers == numbers


def test_it_with_several_to_choose_from_is_asked() -> None:
    assert refer.meant(Reference(pointer=True), PAIR).between == (1, 2)
    assert refer.meant(Reference(pointer=True), {}).between == ()


def test_a_rejected_lesion_is_not_meant() -> None:
    card = {"lesions": [{"id": 1, "status": "rejected"}, SECOND]}
    assert refer.meant(Reference(pointer=True), card).numbers == (2,)


def test_a_message_is_made_plain_and_split() -> None:
    assert plain("Measure\u3000lesion\u200b 2,please!") == "measure lesion 2,please!"
    assert len(plain("a" * 100_000)) <= 4000
    assert clauses("segment it, measure it and tell me the follow-up") == [
        "segment it",
        "measure it",
        "tell me the follow-up",
    ]
    assert clauses("分割病灶,测量,然后出报告") == ["分割病灶", "测量", "出报告"]
    assert clauses("don't segment anything, just measure lesion 2") == ["just measure lesion 2"]
    assert clauses("要不要做活检") == ["要不要做活检"]
    assert after_correction("measure lesion 1, no wait, lesion 2").strip(" ,") == "lesion 2"
    assert quoted("写“双肺未见结节”") == ["双肺未见结节"]
    assert language_of("hello") == "en"
    assert language_of("ok 好") == "zh"
