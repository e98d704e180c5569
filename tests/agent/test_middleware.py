"""Middleware, one reason a class: card, privacy, fallback, scope, errors."""

from __future__ import annotations

import json
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from scripted import BIG, QUIMBY, ScriptedModel, balls, call
from wire import of

from agent.events import Clause, Failed, Notice, ToolFinished, ToolStarted
from agent.middleware import RECENT_MESSAGES, recent
from agent.session import Session
from agent.workspace import Workspace
from tools import Known


def open_with(workspace: Workspace, *steps: Any, **scan: Any) -> tuple[Session, ScriptedModel]:
    model = ScriptedModel(steps=list(steps))
    return Session.open(balls(**scan), workspace=workspace, endpoint=model), model


def test_each_model_call_reads_the_card_as_it_stands_then(workspace: Workspace) -> None:
    session, model = open_with(workspace, call("segment", point=list(BIG)), AIMessage("Outlined [E2]."))
    list(session.ask("outline it"))
    cards = []
    for messages in model.asked:
        assert isinstance(messages[0], SystemMessage)
        block = str(messages[0].content).split("<case_card>")[1].split("</case_card>")[0]
        cards.append(json.loads(block))
    assert [len(c["lesions"]) for c in cards] == [0, 1]
    assert not [m for m in session.thread.messages if isinstance(m, SystemMessage)]


def test_a_long_thread_is_cut_at_a_readers_message() -> None:
    thread: list[Any] = []
    for n in range(40):
        thread += [HumanMessage(f"q{n}"), AIMessage("", tool_calls=[{"name": "f", "args": {}, "id": str(n)}]),
                   ToolMessage("r", tool_call_id=str(n)), AIMessage("a")]  # fmt: skip
    kept = recent(thread)
    assert len(kept) <= RECENT_MESSAGES
    assert isinstance(kept[0], HumanMessage)
    assert kept[-1] is thread[-1]
    assert recent(thread[:8]) == thread[:8]


def test_one_turn_longer_than_the_limit_is_kept_whole() -> None:
    turn = [HumanMessage("q"), *[AIMessage(str(n)) for n in range(60)]]
    assert recent(turn) == turn


def test_identifiers_are_replaced_in_what_is_sent_and_kept_in_the_thread(workspace: Workspace) -> None:
    shown = call("show", window="Zephyr Quimby, 3 Feb 1911")
    session, model = open_with(workspace, shown, AIMessage("Shown."), source=QUIMBY)
    list(session.ask("What about Mr Quimby's nodule, MRN-77123?"))
    sent = " ".join(
        f"{m.content} {json.dumps(getattr(m, 'tool_calls', []))} {m.additional_kwargs}"
        for messages in model.asked
        for m in messages
    ).lower()
    assert "withheld" in sent
    assert not [w for w in ("quimby", "zephyr", "77123", "1911") if w in sent]
    assert session.history()[0]["text"] == "What about Mr Quimby's nodule, MRN-77123?"


def test_a_failing_endpoint_is_told_and_the_planner_answers_this_turn_only(workspace: Workspace) -> None:
    session, _ = open_with(workspace, RuntimeError("boom at /srv/x"), AIMessage("I am back."))
    session.select(point=BIG)
    first = list(session.ask("segment it and measure it"))
    notices = of(first, Notice)
    assert len(notices) == 1
    assert "RuntimeError" in notices[0].text
    assert "boom" not in notices[0].text
    assert [e.function for e in of(first, ToolStarted)] == ["segment", "measure"]
    assert any("16.8 mm" in e.text for e in of(first, Clause))
    second = list(session.ask("hello"))
    assert [e.text for e in of(second, Clause)] == ["I am back."]
    assert of(second, Notice) == []


def test_an_empty_answer_counts_as_a_failure(workspace: Workspace) -> None:
    session, _ = open_with(workspace, AIMessage(""))
    events = list(session.ask("hello"))
    assert len(of(events, Notice)) == 1
    assert of(events, Clause)


@pytest.mark.parametrize(
    ("bad", "error", "says"),
    [
        (call("paint", lesion=1), "NotApplicable", "no function 'paint'"),
        (call("find", max_candidates=900), "NotApplicable", "at most 50 is allowed, 900 was asked for"),
        (call("segment", point=[1.0, 2.0]), "NotApplicable", "3 values are needed, 2 were given"),
        (call("measure", lesion="two"), "NotApplicable", "arguments it does not take"),
        (call("measure", lesion=1, colour="red"), "NotApplicable", "colour"),
        (call("measure", lesion=9), "NotApplicable", "no lesion 9"),
        (call("segment", point=[900, 0, 0]), "NotApplicable", "outside the image"),
        (call("segment", point=list(BIG), tool="magic"), "UnknownTool", "magic"),
        (call("assess", guideline="moon"), "NotApplicable", "No criteria called 'moon'"),
        (call("find_guideline", question="x", guideline="moon"), "UnknownGuideline", "moon"),
        (call("compare"), "NotApplicable", "No prior scan"),
    ],
)
def test_what_cannot_be_done_is_one_failed_event_and_a_message_the_model_reads(
    workspace: Workspace, bad: AIMessage, error: str, says: str
) -> None:
    session, model = open_with(workspace, bad, AIMessage("That could not be done."))
    before = [e.hash for e in session.evidence.all()]
    events = list(session.ask("do it"))
    failed = of(events, Failed)
    assert [f.error for f in failed] == [error]
    assert says in failed[0].text
    seen = json.loads(str(model.asked[1][-1].content))
    assert (seen["ok"], seen["error"]) == (False, error)
    assert says in seen["message"]
    assert [e.text for e in of(events, Clause)] == ["That could not be done."]
    assert [e.hash for e in session.evidence.all()] == before


def test_the_scope_is_checked_before_a_tool_runs(workspace: Workspace) -> None:
    session, _ = open_with(
        workspace, call("segment", point=list(BIG)), AIMessage("Not for this scan."), modality=Known("MR", "known")
    )
    events = list(session.ask("segment"))
    assert [f.error for f in of(events, Failed)] == ["NotApplicable"]
    assert "MR" in of(events, Failed)[0].text


def test_several_calls_at_once_each_have_their_result(workspace: Workspace) -> None:
    both = AIMessage("", tool_calls=[
        {"name": "recall", "args": {"what": "findings"}, "id": "a", "type": "tool_call"},
        {"name": "recall", "args": {"what": "nonsense"}, "id": "b", "type": "tool_call"},
    ])  # fmt: skip
    session, _ = open_with(workspace, both, AIMessage("Read."))
    events = list(session.ask("what is there?"))
    assert {e.call for e in of(events, ToolFinished)} == {"a", "b"}
    assert len(of(events, Failed)) == 1


def test_a_model_that_never_stops_calling_is_stopped_and_the_reader_told(workspace: Workspace) -> None:
    endless = [call("recall", to=f"c{n}", what="findings") for n in range(60)]
    session, model = open_with(workspace, *endless)
    events = list(session.ask("go on for ever"))
    assert len(model.asked) <= workspace.settings.max_steps
    assert [(e.error, "12 steps" in e.text) for e in of(events, Failed)] == [("TooManySteps", True)]
    assert of(events, Clause) == []
    model.steps.clear()
    assert [e.text for e in of(list(session.ask("hello")), Clause)] == ["Done."]


def test_only_evidence_ids_lie_beside_a_functions_message(workspace: Workspace) -> None:
    session, _ = open_with(workspace, call("segment", point=list(BIG)), AIMessage("Outlined [E2]."))
    list(session.ask("outline it"))
    artifacts = [m.artifact for m in session.thread.messages if isinstance(m, ToolMessage)]
    assert artifacts == [["E2"]]
