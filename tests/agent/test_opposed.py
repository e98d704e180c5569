"""Two opposite orders or facts in one message: nothing is done or recorded, and the reader is asked; all else goes on."""

from __future__ import annotations

from typing import Any

import pytest
import scripted

from agent.events import Clause, Question, ToolStarted
from agent.hearing import typed
from agent.opposed import opposed
from agent.session import Session
from agent.workspace import Workspace

OPPOSED = [
    "accept lesion 1 and reject lesion 1", "make lesion 1 tighter and wider", "delete lesion 1 but keep it", "measure lesion 1, do not measure lesion 1",
    "she has cancer and she has no cancer", "immunosuppressed and not immunosuppressed", "接受病灶1并拒绝病灶1", "把病灶1收紧又放宽", "患者有肿瘤病史,没有肿瘤病史",
]  # fmt: skip


@pytest.mark.parametrize("text", OPPOSED)
def test_what_cannot_both_hold_is_known(text: str) -> None:
    assert opposed(text)


@pytest.mark.parametrize(
    "text",
    ["accept lesion 1 and reject lesion 2", "accept or reject lesion 1?", "tighter, no, wider", "make it tighter, then wider", "keep lesion 1 and delete lesion 2",
     "measure lesion 1, do not measure lesion 2", "never smoked, no cancer", "62, no cancer, not immunosuppressed", "tighter and lung window, wider window",
     "接受病灶1,拒绝病灶2", "先收紧再放宽", "从不吸烟,无肿瘤病史", "delete the report but keep lesion 1", "should I accept it and reject it?", ""],
)  # fmt: skip
def test_two_orders_that_go_together_do(text: str) -> None:
    assert opposed(text) is None


@pytest.mark.parametrize("text", OPPOSED)
def test_nothing_is_done_and_one_question_is_asked(workspace: Workspace, text: str) -> None:
    session = Session.open(scripted.balls(), workspace=workspace)
    session.call("segment", point=list(scripted.BIG))
    before = [e.hash for e in session.evidence.all()]
    events: list[Any] = list(session.ask(text))
    assert [type(e) for e in events] == [Question]
    assert events[0].options == opposed(text)
    assert [e.hash for e in session.evidence.all()] == before


@pytest.mark.parametrize(
    ("text", "looks"),
    [("mea\x00sure\x1b[31m les\u202eion 1\x07", "measure lesion 1"), ("a\r\nb\rc\u2028d", "a\nb\nc\nd"), ("\x1b]0;title\x07measure it", "measure it"),
     ("62\u200b years", "62 years"), ("mea\U000e0041sure", "measure"), ("\ufeff病灶1", "病灶1"), ("\x1b[2J\x1b[1;1H", "")],
)  # fmt: skip
def test_a_message_is_read_as_it_looks(text: str, looks: str) -> None:
    assert typed(text) == looks


def test_what_steers_a_terminal_states_nothing(workspace: Workspace) -> None:
    """A colour's "31m" is no age."""
    session = Session.open(scripted.balls(), workspace=workspace)
    session.call("segment", point=list(scripted.BIG))
    events = list(session.ask("mea\x00sure\x1b[31m les\u202eion 1\x07"))
    assert [e.function for e in events if isinstance(e, ToolStarted)] == ["measure"]
    assert any("16.8 mm" in e.text for e in events if isinstance(e, Clause))
    assert session.record.context == {}
