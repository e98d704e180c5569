"""The OpenAI wire, end to end: ChatOpenAI over a transport that plays the server. Nothing leaves this process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from scripted import NOBODY, balls
from wire import Answer, Server, of, says, status, text, tool, whole

from agent import llm
from agent.events import Clause, Failed, Notice, Struck, ToolFinished, ToolStarted
from agent.session import Session
from agent.settings import Settings
from agent.workspace import Workspace


def test_a_streamed_conversation_measures_and_answers_with_filled_in_digits(wired: Session, server: Server) -> None:
    server.answers = [
        tool("measure", {"lesion": 1}),
        text("Lesion 1 has a long axis of {E3.axial_long_axis} [E3]. Anything else?"),
    ]
    events = list(wired.ask("Measure lesion 1"))
    kinds = [type(e).__name__ for e in events if type(e).__name__ != "ToolProgress"]
    assert kinds == ["ToolStarted", "ToolFinished", "Clause", "Clause"]
    assert of(events, ToolStarted) == [ToolStarted("call_1", "measure", {"lesion": 1})]
    finished = of(events, ToolFinished)[0]
    assert (finished.call, finished.evidence) == ("call_1", ("E3",))
    assert finished.result["results"][0]["quantities"]["axial_long_axis"] == {"value": 16.8, "unit": "mm"}
    assert of(events, Clause)[0] == Clause("Lesion 1 has a long axis of 16.8 mm [E3].", ("E3",))
    assert wired.history() == [
        {"role": "user", "text": "Measure lesion 1"},
        {"role": "assistant", "text": "Lesion 1 has a long axis of 16.8 mm [E3]. Anything else?"},
    ]


def test_what_the_endpoint_gets_is_a_well_formed_conversation(wired: Session, server: Server) -> None:
    server.answers = [tool("measure", {"lesion": 1}), text("It is measured [E3].")]
    list(wired.ask("Measure lesion 1"))
    first, second = server.bodies
    assert (first["model"], first["stream"]) == ("some-model", True)
    names = {t["function"]["name"] for t in first["tools"]}
    assert names == set(
        "find segment measure classify compare assess find_guideline recall show write_report export".split()
    )
    assert [m["role"] for m in first["messages"]] == ["system", "user"]
    assert [m["role"] for m in second["messages"]] == ["system", "user", "assistant", "tool"]
    made, answered = second["messages"][2], second["messages"][3]
    assert made["tool_calls"][0]["id"] == answered["tool_call_id"] == "call_1"
    assert json.loads(answered["content"])["results"][0]["evidence"] == "E3"
    server.answers = [text("Yes.")]
    list(wired.ask("Thanks"))
    assert [m["role"] for m in server.bodies[-1]["messages"]] == [
        "system",
        "user",
        "assistant",
        "tool",
        "assistant",
        "user",
    ]


def test_an_invented_number_is_held_back_retried_once_and_leaves_no_trace(wired: Session, server: Server) -> None:
    wired.call("measure", lesion=1)
    server.answers = [text("Lesion 1 is 43.7 mm long [E3]."), text("Lesion 1 is {E3.axial_long_axis} long [E3].")]
    events = list(wired.ask("How big is it?"))
    assert says(events) == ["Lesion 1 is 16.8 mm long [E3]."]
    assert len(server.bodies) == 2
    assert "tools" not in server.bodies[1]
    assert "43.7" in server.sent()[0]
    assert not [e for e in events if "43.7" in json.dumps(e.to_json())]
    assert "43.7" not in json.dumps(wired.history())
    assert "43.7" not in str(wired.thread.messages)
    server.answers = [text("Yes.")]
    list(wired.ask("Are you sure?"))
    assert "43.7" not in server.raw[-1]


def test_twice_invented_is_restated_from_the_evidence(wired: Session, server: Server) -> None:
    wired.call("measure", lesion=1)
    server.answers = [text("It is 43.7 mm [E3]."), text("It is 44.4 mm [E3].")]
    events = list(wired.ask("How big is it?"))
    assert [s.split(",")[0] for s in says(events)] == ["Lesion 1: axial long axis 16.8 mm"]
    assert len(server.bodies) == 2
    for wrong in ("43.7", "44.4"):
        assert wrong not in str(events) + str(wired.thread.messages)


def test_invented_without_evidence_is_struck_and_the_reader_told(wired: Session, server: Server) -> None:
    server.answers = [text("The nodule is 43.7 mm wide and malignant. Ask me more."), text("It is 12 mm.")]
    events = list(wired.ask("How big is it?"))
    assert says(events) == ["Ask me more."]
    assert len(of(events, Struck)) == 1
    assert wired.history()[-1]["text"] == "Ask me more."
    assert "43.7" not in str(wired.thread.messages)


@pytest.mark.parametrize(
    ("answer", "seen"),
    [
        (httpx.ConnectError("connection refused"), "cannot be reached"),
        (status(500, "Internal Server Error"), "failed (500)"),
        (status(401, '{"error": {"message": "bad key sk-test"}}', "application/json"), "refused the key"),
        (status(200, "<html><body>It works!</body></html>"), "no chat completion"),
        (status(200, "{not json", "application/json"), "no chat completion"),
        (status(200, '{"hello": "world"}', "application/json"), "no chat completion"),
        (status(200, "data: {broken\n\ndata: [DONE]\n\n", "text/event-stream"), "no chat completion"),
        (status(200, "", "text/event-stream"), "no chat completion"),
        (status(200, 'data: {"choices": []}\n\ndata: [DONE]\n\n', "text/event-stream"), "answered with nothing"),
    ],
    ids=["refused", "500", "401", "html", "not json", "other json", "broken stream", "empty stream", "no choices"],
)
def test_an_endpoint_that_is_down_or_speaks_nonsense_hands_over_to_the_planner(
    wired: Session, server: Server, answer: Any, seen: str
) -> None:
    server.answers = [answer] * 4
    events = list(wired.ask("measure lesion 1"))
    notices = of(events, Notice)
    assert len(notices) == 1
    assert "the embedded planner answers this turn" in notices[0].text
    assert seen in notices[0].text
    assert "sk-test" not in notices[0].text
    assert of(events, Failed) == []
    assert [e.function for e in of(events, ToolStarted)] == ["measure"]
    assert any("16.8 mm" in s for s in says(events))
    assert wired.workspace.evidence.verify() == []
    server.answers = [text("I am back.")]
    assert says(list(wired.ask("hello"))) == ["I am back."]


def test_a_stream_that_is_cut_says_nothing_half(wired: Session, server: Server) -> None:
    def cut(body: dict[str, Any]) -> httpx.Response:
        def stream() -> Iterator[bytes]:
            yield text("Lesion 1 is outlined [E2]. And its si", cut=True)(body).content
            raise httpx.ReadError("connection lost")

        return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=stream())

    server.answers = [cut]
    events = list(wired.ask("measure lesion 1"))
    assert len(of(events, Notice)) == 1
    assert not any("its si" in s for s in says(events))
    assert any("16.8 mm" in s for s in says(events))


@pytest.mark.parametrize(
    ("answer", "says_why"),
    [
        (tool("paint", {"lesion": 1}), "There is no function 'paint'"),
        (tool("measure", {"lesion": "two"}), "arguments it does not take"),
        (tool("measure", {"lesion": 1, "patient": "x"}), "Extra inputs"),
        (tool("measure", {"lesion": 9}), "no lesion 9"),
        (tool("measure", "[1, 2"), "measure was called with arguments it does not take"),
        (tool("measure", "lesion one"), "measure was called with arguments it does not take"),
    ],
    ids=["unknown", "wrong type", "extra", "no lesion", "list", "words"],
)
def test_a_wrong_call_is_one_failed_event_the_model_reads_and_may_repair(
    wired: Session, server: Server, answer: Answer, says_why: str
) -> None:
    server.answers = [answer, tool("measure", {"lesion": 1}, "call_2"), text("It is {E3.axial_long_axis} long.")]
    events = list(wired.ask("measure it"))
    assert len(of(events, Failed)) == 1
    assert says_why in of(events, Failed)[0].text
    read = [m["content"] for m in server.bodies[1]["messages"] if m["role"] == "tool"]
    assert len(read) == 1
    assert says_why in json.loads(read[0])["message"]
    assert says(events) == ["It is 16.8 mm long [E3]."]
    assert [e.id for e in wired.evidence.all()] == ["E1", "E2", "E3"]


def test_a_server_that_cannot_stream_is_asked_for_whole_answers(wired: Session, server: Server) -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "measure", "arguments": '{"lesion": 1}'}}
    first = whole({"content": None, "tool_calls": [call]})
    server.answers = [first, first, whole({"content": "It is {E3.axial_long_axis} long."})]
    events = list(wired.ask("measure it"))
    assert of(events, Notice) == []
    assert says(events) == ["It is 16.8 mm long [E3]."]
    assert [bool(b.get("stream")) for b in server.bodies] == [True, False, False]
    assert wired.history()[-1]["text"] == "It is 16.8 mm long [E3]."


def test_a_server_that_refuses_to_stream_is_asked_for_whole_answers(wired: Session, server: Server) -> None:
    refusal = status(400, '{"error": {"message": "streaming is not supported"}}', "application/json")
    server.answers = [refusal, whole({"content": "Hello."}), whole({"content": "Again."})]
    assert says(list(wired.ask("hello"))) == ["Hello."]
    assert says(list(wired.ask("hello"))) == ["Again."]
    assert [bool(b.get("stream")) for b in server.bodies] == [True, False, False]


def test_a_whole_wrong_answer_is_held_back_too(wired: Session, server: Server) -> None:
    wired.call("measure", lesion=1)
    wrong = whole({"content": "It is 43.7 mm long [E3]."})
    server.answers = [wrong, wrong, wrong]
    events = list(wired.ask("how big is it"))
    assert "43.7" not in str(events) + str(wired.thread.messages)


def test_nothing_that_names_the_patient_no_path_and_no_voxel_is_ever_sent(wired: Session, server: Server) -> None:
    server.answers = [
        tool("segment", {"lesion": 1, "change": "tighter"}),
        tool("measure", {"lesion": 1}, "call_2"),
        tool("classify", {"lesion": 1}, "call_3"),
        tool("find", {}, "call_4"),
        tool("recall", {"what": "findings"}, "call_5"),
        tool("write_report", {}, "call_6"),
        text("Zephyr Quimby's lesion is 43.7 mm [E4]."),
        text("It is {E4.axial_long_axis} [E4]."),
    ]
    typed = "Zephyr Quimby, MRN-77123, born 3 Feb 1911 (1911-02-03), scanned 29.02.2024 at Saint Elsewhere: do it all"
    events = list(wired.ask(typed))
    assert of(events, Failed) == []
    assert len(server.bodies) == 8
    sent = "\n".join(server.raw).lower()
    unescaped = "\n".join(json.dumps(b, ensure_ascii=False) for b in server.bodies).lower()
    for word in (*NOBODY, "3 feb", "29.02.2024", str(wired.workspace.settings.home).lower(), wired.case_id):
        assert word not in sent
        assert word not in unescaped
    assert "[withheld " in sent
    assert wired.scan is not None
    assert wired.scan.id not in sent
    assert max(len(r) for r in server.raw) < 60_000
    for body in server.bodies:
        for message in body["messages"]:
            assert isinstance(message.get("content"), (str, type(None)))


def test_the_key_goes_in_the_header_and_nowhere_else(workspace: Workspace) -> None:
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return text("Hello.")(json.loads(request.content))

    settings = Settings(home=workspace.settings.home, base_url="http://llm.test/v1", api_key="sk-secret")
    with httpx.Client(transport=httpx.MockTransport(handle)) as client:
        model = llm.endpoint(settings, http_client=client)
        list(Session.open(balls(), workspace=workspace, endpoint=model).ask("hello"))
    assert seen[0].headers["authorization"] == "Bearer sk-secret"
    assert b"sk-secret" not in seen[0].content
    assert "sk-secret" not in repr(model)


def test_chinese_is_asked_and_answered_in_chinese(wired: Session, server: Server) -> None:
    server.answers = [tool("measure", {"lesion": 1}), text("病灶1的长径为{E3.axial_long_axis}[E3]。")]
    assert says(list(wired.ask("测量病灶1"))) == ["病灶1的长径为16.8 mm[E3]。"]
