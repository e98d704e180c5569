"""The writer: clauses are held, filled, checked and only then released; what falls is retried, restated or struck."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import AIMessage
from scripted import BIG, ScriptedModel

from agent.events import Clause, Event, Question, Struck
from agent.session import Session
from agent.toolset import act
from agent.writer import Writer

SIZE = "{E3.axial_long_axis}"


@pytest.fixture
def measured(session: Session) -> Session:
    """E1 the scan, E2 lesion 1's outline, E3 its measurement: 16.8 mm."""
    act(session.desk, "segment", {"point": list(BIG)})
    act(session.desk, "measure", {})
    return session


@pytest.fixture
def writer(measured: Session) -> Writer:
    return Writer(lambda: measured.record, "en")


def clean(text: str) -> str:
    return text.replace("Quimby", "[withheld]")


def end(writer: Writer, model: Any = None) -> list[Event]:
    return list(writer.finish(model, clean))


def test_digits_are_filled_in_and_what_is_referred_to_is_cited(writer: Writer) -> None:
    assert list(writer.take("m", f"Lesion 1 is {SIZE} long.\n")) == [Clause("Lesion 1 is 16.8 mm long [E3].", ("E3",))]
    assert end(writer) == []
    assert writer.released == {"m": ["Lesion 1 is 16.8 mm long [E3]."]}


def test_digits_that_match_their_citation_are_accepted(writer: Writer) -> None:
    assert list(writer.take("m", "Lesion 1 is 16.8 mm long [E3].\n")) == [
        Clause("Lesion 1 is 16.8 mm long [E3].", ("E3",))
    ]


def test_however_the_text_arrives_the_clauses_are_the_same(writer: Writer) -> None:
    text = f"Lesion 1 is outlined [E2]. It is {SIZE} long. [E3] Its volume is {{E3.volume_voxel}} [E3]. Anything else?"
    for size in (1, 3, 7, 1000):
        events: list[Event] = []
        for start in range(0, len(text), size):
            events += writer.take(f"m{size}", text[start : start + size])
        events += end(writer)
        assert [e.text for e in events if isinstance(e, Clause)] == [
            "Lesion 1 is outlined [E2].",
            "It is 16.8 mm long. [E3]",
            "Its volume is 2208 mm³ [E3].",
            "Anything else?",
        ]


def test_a_clause_is_released_once_the_next_begins(writer: Writer) -> None:
    assert list(writer.take("m", "Lesion 1 is outlined [E2].")) == []
    assert [type(e) for e in writer.take("m", " It ")] == [Clause]


@pytest.mark.parametrize(
    "wrong",
    [
        "Lesion 1 is 99.9 mm long [E3].",
        "Lesion 1 is 16.8 mm long.",
        "Lesion 1 is 16.8 cm long [E3].",
        "Lesion 1 is {E3.no_such_name} long.",
        "Lesion 1 is {E77.axial_long_axis} long.",
        "Lesion 1 is {E3 long.",
        "Lesion 4 is 16.8 mm long [E3].",
        "Lesion 1 in the left lung is 16.8 mm long [E3].",
        "The lesion is malignant [E3].",
        "Otherwise the lungs are clear.",
        "The lesion is stable [E3].",
    ],
)
def test_what_its_evidence_does_not_carry_is_never_released(writer: Writer, wrong: str) -> None:
    assert list(writer.take("m", wrong + "\n")) == []
    events = end(writer)
    shown = " ".join(e.text for e in events if isinstance(e, Clause))
    assert wrong.split("[")[0].strip() not in shown
    assert "99.9" not in shown
    restated = "E3" in wrong and "E3." not in wrong and "{" not in wrong
    assert [type(e) for e in events] == [Clause if restated else Struck] or "E3" in wrong


def test_a_fallen_clause_is_restated_from_what_it_cites(writer: Writer) -> None:
    list(writer.take("m", "Lesion 1 is 99.9 mm long [E3].\n"))
    events = end(writer)
    assert [type(e) for e in events] == [Clause]
    assert isinstance(events[0], Clause)
    assert events[0].text.startswith("Lesion 1: axial long axis 16.8 mm")


def test_a_fallen_clause_without_numbers_to_restate_is_struck_with_its_reason(writer: Writer) -> None:
    list(writer.take("m", "It lies in the left lung [E1].\n"))
    events = end(writer)
    assert [type(e) for e in events] == [Struck]
    assert isinstance(events[0], Struck)
    assert "left" in events[0].reason


def test_the_model_gets_one_retry_with_the_reason_and_no_identifier(writer: Writer) -> None:
    model = ScriptedModel(steps=[AIMessage(f"Lesion 1 is {SIZE} long [E3].")])
    list(writer.take("m", "Quimby's lesion 1 is 99.9 mm long [E3].\n"))
    assert end(writer, model) == [Clause("Lesion 1 is 16.8 mm long [E3].", ("E3",))]
    assert len(model.asked) == 1
    sent = " ".join(str(m.content) for m in model.asked[0])
    assert "99.9" in sent
    assert "held by nothing that is cited" in sent
    assert "axial_long_axis" in sent
    assert "Quimby" not in sent
    assert writer.released["m"] == ["Lesion 1 is 16.8 mm long [E3]."]


def test_a_second_wrong_answer_is_restated_not_asked_again(writer: Writer) -> None:
    model = ScriptedModel(steps=[AIMessage("Lesion 1 is 88.8 mm long [E3]."), AssertionError("asked twice")])
    list(writer.take("m", "Lesion 1 is 99.9 mm long [E3].\n"))
    events = end(writer, model)
    assert [type(e) for e in events] == [Clause]
    assert "16.8 mm" in events[0].to_json()["text"]
    assert len(model.asked) == 1


@pytest.mark.parametrize("answer", [AIMessage(""), AIMessage("  \n"), RuntimeError("down")])
def test_a_retry_that_gives_nothing_is_restated_or_struck(writer: Writer, answer: Any) -> None:
    list(writer.take("m", "Lesion 1 is 99.9 mm long [E3].\n"))
    list(writer.take("m", "The lungs are clear.\n"))
    events = end(writer, ScriptedModel(steps=[answer]))
    assert [type(e) for e in events] == [Clause, Struck]


def test_a_question_with_ready_answers_is_a_question(writer: Writer) -> None:
    text = "I found two. Which one do you mean?"
    events = [*writer.take("m", text, ("1", "2")), *end(writer)]
    assert events == [Clause("I found two.", ()), Question("Which one do you mean?", ("1", "2"))] or (
        events[-1] == Question("Which one do you mean?", ("1", "2"))
    )


def test_a_chinese_question_ends_in_its_own_mark(measured: Session) -> None:
    writer = Writer(lambda: measured.record, "zh")
    events = [*writer.take("m", "您指的是哪一个\uff1f", ("1", "2")), *end(writer)]
    assert events == [Question("您指的是哪一个\uff1f", ("1", "2"))]


def test_chinese_digits_and_units(measured: Session) -> None:
    writer = Writer(lambda: measured.record, "zh")
    events = list(writer.take("m", "病灶1长径为{E3.axial_long_axis}。\n"))
    assert events == [Clause("病灶1长径为16.8 mm [E3]。", ("E3",))]


def test_what_a_cut_message_left_is_forgotten(writer: Writer) -> None:
    list(writer.take("cut", "Lesion 1 is 99.9 mm long [E3].\nLesion 1 is"))
    list(writer.take("whole", "Lesion 1 is outlined [E2]."))
    writer.keep_only({"whole"})
    assert end(writer) == [Clause("Lesion 1 is outlined [E2].", ("E2",))]


def test_stale_evidence_is_not_spoken_of_as_current(measured: Session, writer: Writer) -> None:
    act(measured.desk, "segment", {"lesion": 1, "change": "tighter"})
    assert list(writer.take("m", f"Lesion 1 is {SIZE} long [E3].\n")) == []
    assert [type(e) for e in writer.take("m", f"Lesion 1 was {SIZE} long before [E3].\n")] == [Clause]


def test_where_nothing_could_be_said_what_the_turn_measured_is_told(writer: Writer) -> None:
    assert list(writer.take("m", "It is 25.4 mm [E1]. It is malignant.\n")) == []
    events = list(writer.finish(None, clean, ["E3"]))
    assert [type(e) for e in events] == [Struck, Struck, Clause]
    assert isinstance(events[-1], Clause)
    assert events[-1].text.startswith("Lesion 1: axial long axis 16.8 mm")


def test_where_something_was_said_the_turns_evidence_is_not_told_over_it(writer: Writer) -> None:
    assert len(list(writer.take("m", f"Lesion 1 is {SIZE} long. It is malignant.\n"))) == 1
    assert [type(e) for e in writer.finish(None, clean, ["E3"])] == [Struck]
