"""A session's turns: stopped, abandoned, waited for, broken by a model, and held until the reader approves."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import scripted
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from scripted import BIG, ScriptedModel, balls, call
from wire import of, says

from agent.events import Approval, Busy, Failed, Notice, ToolFinished, ToolProgress, ToolStarted
from agent.session import Session
from agent.workspace import Workspace
from tools import SegmentRequest, SegmentResult

# Turns


class Slow(scripted.CutSegmenter):
    """Works until it is told to go on; tells its progress meanwhile."""

    spec = scripted.CutSegmenter.spec
    at_work, go_on = threading.Event(), threading.Event()

    def run(self, request: SegmentRequest, progress: Any = lambda fraction, phrase: None) -> SegmentResult:
        Slow.at_work.set()
        for _ in range(1000):
            progress(0.5, "at work")
            if Slow.go_on.wait(0.01):
                break
        return super().run(request, progress)


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Workspace]:
    """A workspace whose segmenter waits to be let go."""
    made = scripted.workspace(tmp_path / "slow")
    del made.registry.tools["cut-segmenter"]
    made.registry.add(Slow)
    Slow.at_work.clear()
    Slow.go_on.clear()
    yield made
    Slow.go_on.set()
    made.close()


def test_stop_ends_a_turn_at_the_tools_next_step_and_leaves_the_case_whole(slow: Workspace) -> None:
    model = ScriptedModel(steps=[call("segment", point=list(BIG)), AIMessage("Outlined [E2].")])
    session = Session.open(balls(), workspace=slow, endpoint=model)
    events = []
    start = time.monotonic()
    for event in session.ask("segment it"):
        events.append(event)
        if isinstance(event, ToolProgress) and event.phrase == "at work":
            session.stop()
    assert time.monotonic() - start < 5
    assert of(events, ToolFinished) == []
    assert says(events) == []
    assert len(of(events, Notice)) == 1
    assert of(events, Failed) == []
    assert [e.kind for e in session.evidence.all()] == ["scan"]
    Slow.go_on.set()
    model.steps.clear()
    assert says(list(session.ask("hello"))) == ["Done."]
    messages = model.asked[-1]
    calls = {c["id"] for m in messages if isinstance(m, AIMessage) for c in m.tool_calls}
    assert calls == {m.tool_call_id for m in messages if isinstance(m, ToolMessage)}
    assert [m.text for m in messages if isinstance(m, HumanMessage)][-1] == "hello"


def test_stop_between_sentences_releases_no_more(session: Session, workspace: Workspace) -> None:
    said = threading.Event()

    def long(messages: Any) -> AIMessage:
        said.set()
        return AIMessage(" ".join(f"Sentence of words {'x' * n}." for n in range(1, 200)))

    talkative = Session.open(balls(shift=2), workspace=workspace, endpoint=ScriptedModel(steps=[long]))
    events = []
    for event in talkative.ask("talk"):
        events.append(event)
        talkative.stop()
    assert said.is_set()
    assert 1 <= len(says(events)) < 100
    assert talkative.history()[-1] == {"role": "assistant", "text": " ".join(says(events))}


def test_an_abandoned_turn_frees_the_case(session: Session) -> None:
    turn = session.ask("hello")
    next(turn)
    turn.close()  # type: ignore[attr-defined]
    assert says(list(session.ask("hello"))) == ["Done."]


def test_what_a_step_that_would_not_end_still_does_falls_into_no_other_turn(workspace: Workspace) -> None:
    go_on, began = threading.Event(), threading.Event()

    def slow(messages: Sequence[BaseMessage]) -> AIMessage:
        began.set()
        go_on.wait(30)
        return AIMessage("Late.")

    workspace.settings = dataclasses.replace(workspace.settings, timeout_s=0.05)
    model = ScriptedModel(steps=[call("recall"), slow])
    session = Session.open(balls(), workspace=workspace, endpoint=model)
    turn = session.ask("hello")
    assert isinstance(next(turn), ToolStarted)
    assert began.wait(30)
    turn.close()  # type: ignore[attr-defined]
    assert [e.error for e in session.ask("hello") if isinstance(e, Failed)] == ["Busy"]
    go_on.set()
    while any(t.name == "scanwright-turn" for t in threading.enumerate()):
        time.sleep(0.01)
    assert says(list(session.ask("hello"))) == ["Done."]


def test_a_turn_may_be_drawn_from_several_threads(session: Session) -> None:
    turn, events = session.ask("hello"), []

    def draw() -> None:
        events.append(next(turn, None))

    while not events or events[-1] is not None:
        thread = threading.Thread(target=draw)
        thread.start()
        thread.join()
    assert says(events) == ["Done."]
    assert says(list(session.ask("hello"))) == ["Done."]


def test_a_second_turn_of_one_case_waits_and_then_says_so(session: Session, workspace: Workspace) -> None:
    workspace.wait_s = 0.05
    turn = session.ask("hello")
    next(turn)
    other = Session.open(case=session.case_id, workspace=workspace, endpoint=ScriptedModel())
    assert [e.error for e in other.ask("hello")] == ["Busy"]
    with pytest.raises(Busy):
        other.call("find")
    list(turn)
    assert says(list(other.ask("hello"))) == ["Done."]


def test_a_model_that_breaks_hands_over_and_a_broken_planner_leaves_the_case(workspace: Workspace) -> None:
    session = Session.open(
        balls(), workspace=workspace, endpoint=ScriptedModel(steps=[RuntimeError("x"), RuntimeError("y")])
    )
    session.call("segment", point=list(BIG))
    events = list(session.ask("measure lesion 1"))
    assert len(of(events, Notice)) == 1
    assert any("16.8 mm" in s for s in says(events))


# Approval


def test_nothing_leaves_before_it_is_approved(workspace: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    steps = [call("write_report", to="r"), call("export", destination=str(folder)), AIMessage("Written.")]
    session = Session.open(balls(), workspace=workspace, endpoint=ScriptedModel(steps=steps))
    session.call("segment", point=list(BIG))
    session.call("measure")
    events = list(session.ask("export the report"))
    assert of(events, Approval) == [Approval("export", {"destination": str(folder)})]
    assert "export" not in [e.function for e in of(events, ToolStarted)]
    assert not folder.exists()
    again = Session.open(
        case=session.case_id, workspace=workspace, endpoint=ScriptedModel(steps=[AIMessage("Written.")])
    )
    events = list(again.resume("approve"))
    assert [e.function for e in of(events, ToolStarted)] == ["export"]
    assert says(events) == ["Written."]
    assert {"report.md", "evidence.json"} <= {f.name for f in folder.iterdir()}
    assert [e.error for e in again.resume("approve")] == ["NothingToApprove"]


def test_what_is_rejected_is_not_done(workspace: Workspace, tmp_path: Path) -> None:
    steps = [call("export", destination=str(tmp_path / "out")), AIMessage("It was not written.")]
    session = Session.open(balls(), workspace=workspace, endpoint=ScriptedModel(steps=steps))
    list(session.ask("export"))
    assert says(list(session.resume("reject"))) == ["It was not written."]
    assert not (tmp_path / "out").exists()


def test_a_new_message_instead_of_an_answer_leaves_the_approval_behind(workspace: Workspace, tmp_path: Path) -> None:
    model = ScriptedModel(steps=[call("export", destination=str(tmp_path / "out")), AIMessage("Hello.")])
    session = Session.open(balls(), workspace=workspace, endpoint=model)
    list(session.ask("export"))
    assert says(list(session.ask("never mind, hello"))) == ["Hello."]
    assert [e.error for e in session.resume("approve")] == ["NothingToApprove"]
    assert not (tmp_path / "out").exists()
    messages = model.asked[-1]
    calls = {c["id"] for m in messages if isinstance(m, AIMessage) for c in m.tool_calls}
    assert calls == {m.tool_call_id for m in messages if isinstance(m, ToolMessage)}


def test_a_rejected_draft_beside_a_waiting_call_never_shows_in_the_thread(workspace: Workspace, tmp_path: Path) -> None:
    asking = call("export", destination=str(tmp_path / "out"))
    asking.content = "Lesion 1 is 43.7 mm long [E3]. I will export it."
    model = ScriptedModel(steps=[asking, AIMessage(""), AIMessage("It was not written.")])
    session = Session.open(balls(), workspace=workspace, endpoint=model)
    session.call("segment", point=list(BIG))
    session.call("measure")
    events = list(session.ask("export"))
    shown = session.history()[-1]["text"]
    assert "43.7" not in str(says(events)) + shown
    assert shown == " ".join(says(events))
    again = Session.open(case=session.case_id, workspace=workspace, endpoint=model)
    assert again.history()[-1]["text"] == shown
    assert says(list(again.resume("reject"))) == ["It was not written."]
    assert "43.7" not in str(again.thread.messages)
    assert [m["text"] for m in again.history()][1:] == [shown, "It was not written."]
