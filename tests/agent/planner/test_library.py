"""A question that brings its own patient goes to the guidelines; one about this case does not."""

from __future__ import annotations

import pytest

from agent.planner import plan
from agent.planner.library import asks_library
from agent.toolset.from_question import applied

CARD = {"lesions": [{"id": 1, "outlined": True, "axial_long_axis": "E5"}], "focus": 1}
LIBRARY = (
    "9 mm adrenal thickening/nodule: do I need to chase it?", "Metformin and iodinated contrast with eGFR 26: hold it?",
    "How many targets overall and per organ?", "10mm实性结节,下一步是什么?", "肾囊肿有3mm厚的光滑强化壁,Bosniak分级?",
    "What is the Wells score for PE?", "recist max no. of targets",
)  # fmt: skip
CASE = (
    "measure the nodule", "what does Fleischner say for this one?", "is lesion 1 growing?", "how big is it?",
    "58-year-old woman, never smoked, no known cancer", "find nodules in the right lung", "doubling time?",
    "what is the fleischner category", "这个结节怎么随访?", "写报告", "solid nodule, incidental finding",
)  # fmt: skip


@pytest.mark.parametrize("text", LIBRARY)
def test_a_question_of_its_own_patient_is_looked_up_whole(text: str) -> None:
    assert asks_library(text)
    (call,) = plan(text, card=CARD)
    assert (call.name, call.arguments) == ("find_guideline", {"question": text})


@pytest.mark.parametrize("text", CASE)
def test_what_is_of_this_case_is_not_taken_for_one(text: str) -> None:
    assert not asks_library(text)


@pytest.mark.parametrize(
    ("question", "first", "category"),
    [
        ("62-year-old woman, one 10 mm spiculated solid nodule in the upper lobe, no emphysema or family history: Brock?",
         None, "Brock, full model with spiculation: 20.1 %"),
        ("70-year-old smoker, no cancer history, 15 mm non-spiculated upper-lobe nodule: Mayo?", None, "Mayo: 35.3 %"),
        ("Sum went from 82 mm baseline, nadir 50, now 58. Response?", "recist-1.1",
         "target lesions: stable disease (SD); sum 58.0 mm, -29.3 % from baseline, +16.0 % from the nadir"),
        ("16 mm solid nodule at baseline screen, which category?", "lung-rads-2022",
         "category 4B: solid, 15 mm or more at baseline"),
    ],
)  # fmt: skip
def test_a_row_is_computed_from_a_questions_own_figures(question: str, first: str | None, category: str) -> None:
    got = applied(question, first)
    assert got is not None
    assert got[2].category == category


@pytest.mark.parametrize(
    "question", ["Brock probability of a 10 mm nodule?", "7 mm solid nodule, Fleischner?", "What is RECIST?"]
)
def test_no_row_is_computed_while_something_is_missing(question: str) -> None:
    assert applied(question, "fleischner-2017") is None
