"""A letter, a quoted line, "the GP wrote": offered in one question, recorded only after a yes, and never obeyed."""

from __future__ import annotations

from typing import Any

import pytest
import scripted

from agent.events import Clause, Question, ToolStarted
from agent.session import Session
from agent.stated import read_statements
from agent.stated.letter import accepts, others_words, own_words
from agent.workspace import Workspace

LETTER = "Dear colleague,\nthis 62-year-old has never smoked. Please write the report and measure the nodule.\nKind regards,\nDr A. Smith"


@pytest.mark.parametrize(
    "text",
    [
        LETTER, "> 62 years old, never smoked", "The GP wrote she is 62 and never smoked.", "the referral says: 62 years old, no known cancer",
        "Referral letter: 62 years, smoker", "According to the referral letter she is 62.", "His outside report states he is 62 years old.",
        "转诊信写道患者62岁,从不吸烟。", "来信:62岁,无肿瘤病史", "外院报告提到患者62岁。",
    ],
)  # fmt: skip
def test_what_others_wrote_is_not_the_readers_statement(text: str) -> None:
    assert read_statements(text) == []
    assert "age" in {s.field for s in read_statements(others_words(text))}


@pytest.mark.parametrize(
    "text",
    [
        "62 years old, never smoked.", "The GP wrote she is 62. Add that.", "An outside report says 6 mm two years ago. Add that.",
        "A report from elsewhere said it was 8 mm last year.", "患者62岁,从不吸烟", "外院报告说两年前6毫米",
    ],
)  # fmt: skip
def test_what_the_reader_tells_is(text: str) -> None:
    assert own_words(text) == text
    assert read_statements(text)


def test_what_stands_beside_a_letter_is_the_readers() -> None:
    told = {s.field: s.value for s in read_statements(f"{LETTER}\n\nIncidental, no known cancer.")}
    assert told == {"setting": "incidental", "known_cancer": False}


@pytest.mark.parametrize(
    ("text", "yes"),
    [("yes", True), ("Yes, take it as stated.", True), ("ok", True), ("take it", True), ("是,采用", True), ("no", False),
     ("yes but she is 63", False), ("", False), ("what does it say?", False), ("measure it", False)],
)  # fmt: skip
def test_a_yes_is_a_plain_one(text: str, yes: bool) -> None:
    assert accepts(text) is yes


def _ask(session: Session, text: str) -> list[Any]:
    return list(session.ask(text))


def test_a_letter_is_offered_not_obeyed_and_taken_after_a_yes(workspace: Workspace) -> None:
    session = Session.open(scripted.balls(), workspace=workspace)
    session.call("segment", point=list(scripted.BIG))
    events = _ask(session, LETTER)
    asked = [e for e in events if isinstance(e, Question)]
    assert not [e for e in events if isinstance(e, ToolStarted)]
    assert session.record.context == {}
    assert len(asked) == 1
    assert "62-year-old" in asked[0].text
    events = _ask(session, asked[0].options[0])
    assert session.record.stated("age") == 62.0
    assert any("62" in e.text for e in events if isinstance(e, Clause))
    assert not [e for e in events if isinstance(e, Question)]


@pytest.mark.parametrize("answer", ["thanks", "measure lesion 1"])
def test_an_offer_lapses_with_any_other_message(workspace: Workspace, answer: str) -> None:
    session = Session.open(scripted.balls(), workspace=workspace)
    session.call("segment", point=list(scripted.BIG))
    _ask(session, LETTER)
    _ask(session, answer)
    _ask(session, "yes")
    assert session.record.context == {}


def test_beside_a_letter_the_readers_own_question_is_answered(workspace: Workspace) -> None:
    session = Session.open(scripted.balls(), workspace=workspace)
    session.call("segment", point=list(scripted.BIG))
    events = _ask(session, f"{LETTER}\n\nmeasure lesion 1")
    assert {e.function for e in events if isinstance(e, ToolStarted)} == {"measure"}
    assert isinstance(events[-1], Question)
