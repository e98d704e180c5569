"""What the planner learned: examples that agree with each other, words never seen, statements beside wishes, outlines' changes."""

from __future__ import annotations

from collections import Counter

import pytest
from planner_cards import CARDS

from agent import plan
from agent.planner import changes
from agent.planner.intents import examples, router
from agent.planner.kinds import SURE
from agent.planner.learned import Learned, lines_of, shape
from agent.planner.steps import make_plan


@pytest.mark.parametrize("folder", ["examples", "outlines"])
def test_no_sentence_is_an_example_of_two_kinds(folder: str) -> None:
    kinds: dict[str, set[str]] = {}
    for kind, lines in lines_of(folder).items():
        for line in lines:
            kinds.setdefault(shape(line), set()).add(kind)
    assert {s: k for s, k in kinds.items() if len(k) > 1} == {}


def test_every_intent_has_examples_in_both_languages() -> None:
    for intent, lines in examples().items():
        chinese = sum(any("\u3400" <= sign <= "\u9fff" for sign in line) for line in lines)
        assert chinese >= 5, intent
        assert len(lines) - chinese >= 5, intent


def test_of_words_never_seen_nothing_is_likelier_than_anything_else() -> None:
    guesses = router({}).guess("qwerty zxcvb", most=99)
    assert len({round(g.share, 9) for g in guesses}) == 1
    assert guesses[0].share < SURE
    assert plan("qwerty zxcvb", card=CARDS["single"]) == []


def test_shares_are_of_one_and_ranked() -> None:
    learned = Learned(["tight it", "wide it", "show it", "tight that", "wide that", "show that"], [*"abcabc"])
    ranked = learned.guess("tight it")
    assert sorted(g.intent for g in ranked) == ["a", "b", "c"]
    assert ranked[0].intent == "a"
    assert sum(g.share for g in ranked) == pytest.approx(1.0)
    assert Counter(g.intent for g in learned.guess("wide that")[:1]) == {"b": 1}


@pytest.mark.parametrize(("text", "calls"), [
    ("rectal cancer, find the nodules", ["find"]),
    ("直肠癌术后,把肺里的结节找出来", ["find"]),
    ("screening interval after a negative LDCT", ["find_guideline"]),
    ("she had a cough for six weeks", []),
    ("咳嗽三个月了", []),
])  # fmt: skip
def test_what_is_told_is_told_apart_from_what_is_wanted(text: str, calls: list[str]) -> None:
    assert [c.name for c in plan(text, card=CARDS["empty"])][:1] == calls


def test_what_cannot_be_recorded_is_said_to_be_so() -> None:
    assert make_plan("she had a cough for six weeks", CARDS["single"], {}).topics == ("told",)


@pytest.mark.parametrize(("text", "way"), [
    ("the mask on 2 ate half the vessel", "tighter"), ("lesion 1 got too fat", "tighter"), ("2号把胸膜吃进去了", "tighter"),
    ("the spicules did not make it into the mask", "looser"), ("毛刺没圈上", "looser"),
    ("outline what I clicked", None), ("用0.6重新分割", None), ("segment lesion 2 with both models", None),
])  # fmt: skip
def test_a_complaint_says_which_way_an_outline_is_to_change(text: str, way: str | None) -> None:
    assert changes.change(text) == way


def test_it_is_the_lesion_that_the_clause_before_named() -> None:
    calls = plan("oncology keeps ringing me for a number on lesion 2, how many mm is it", card=CARDS["pair"])
    assert [(c.name, c.arguments) for c in calls] == [("measure", {"lesion": 2})]


@pytest.mark.parametrize(("text", "hidden"), [
    ("export it without the patient's name", True), ("导出,别带名字", True),
    ("don't anonymise it, just export the pdf", False), ("不用脱敏,直接导出pdf", False),
])  # fmt: skip
def test_a_denied_de_identification_is_none(text: str, hidden: bool) -> None:
    export = next(g for g in make_plan(text, CARDS["reported"], {}).goals if g.function == "export")
    assert export.arguments.get("deidentify", False) is hidden
