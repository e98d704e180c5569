"""What a classifier looked at: a picture in the case's folder, asked for in words, told as explanation, no evidence."""

from __future__ import annotations

import re

import pytest
from scripted import BIG

from agent.grounding import check, fill
from agent.planner import plan
from agent.planner.answers.vision import rated
from agent.toolset import act
from agent.toolset.desk import Desk
from agent.toolset.why import picture_of
from tools import NotApplicable

CARD = {"lesions": [{"id": 1}], "focus": 1}


def test_the_map_is_kept_in_the_case_and_no_evidence_holds_it(desk: Desk) -> None:
    act(desk, "segment", {"point": list(BIG)})
    before = len(desk.evidence.all())
    made = act(desk, "classify", {"explain": True})
    told = made["explanation"]
    assert re.fullmatch(r"[0-9a-f]{24}\.png", told["picture"])
    assert told["evidence"] is False
    assert "not evidence" in told["note"]
    assert [e.kind for e in desk.evidence.all()[before:]] == ["classification"]
    picture = picture_of(desk.workspace.cases, desk.case_id, told["picture"])
    assert picture.startswith(b"\x89PNG")
    assert "/" not in str(told)
    held, current = desk.record.by_id, desk.record.current
    for language in ("en", "zh"):
        for clause in rated(made, language, "why"):  # type: ignore[arg-type]
            said = fill(clause, held, language)  # type: ignore[arg-type]
            assert check(said, held, current=current) == [], said
    assert "explanation" not in act(desk, "classify", {})


def test_only_pictures_of_this_case_are_given_out(desk: Desk) -> None:
    for name in ("../../cases.sqlite", "0" * 24 + ".png", "*.png"):
        with pytest.raises(NotApplicable, match="no explanation"):
            picture_of(desk.workspace.cases, desk.case_id, name)


@pytest.mark.parametrize(
    "text",
    ["show me what it looked at", "what did the model look at?", "draw the attention map", "why that rating?", "它看了什么?", "给我看热力图"],
)
def test_words_that_ask_for_the_map(text: str) -> None:
    calls = plan(text, CARD)
    assert [(c.name, c.arguments.get("explain")) for c in calls] == [("classify", True)]


def test_a_bare_why_is_of_the_rating_before_it_and_of_nothing_else() -> None:
    after_rating = plan("why?", CARD, before="rate it")
    assert [(c.name, c.arguments.get("explain")) for c in after_rating] == [("classify", True)]
    assert plan("why?", CARD, before="measure it") == []
    assert plan("rate it", CARD)[0].arguments.get("explain") is None


@pytest.mark.parametrize(("language", "word"), [("en", "not evidence"), ("zh", "不是证据")])
def test_the_answer_says_what_the_picture_is(language: str, word: str) -> None:
    held = {"lidc_rating": 3, "lidc_rating_from_diameter": 3, "lidc_texture": 5, "lidc_margin": 4}
    result = {"lesion": 1, "evidence": "E7", "quantities": held, "explanation": {"picture": "x.png"}}
    said = " ".join(rated(result, language, "why"))  # type: ignore[arg-type]
    assert word in said
    assert "{E7.lidc_texture}" in said
    assert "{E7.lidc_margin}" in said
    assert word not in " ".join(rated({**result, "explanation": None}, language, "rate it"))  # type: ignore[arg-type]
