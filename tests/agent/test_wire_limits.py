"""The wire where endpoints differ: too many requests, cut streams, no tool calls, repeated and parallel calls, limits."""

from __future__ import annotations

import dataclasses
import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from langchain_core.messages import AIMessage, HumanMessage
from scripted import BIG, SMALL, balls
from wire import Server, of, says, status, stream, text, tool

from agent import llm
from agent.events import Failed, Notice, ToolStarted
from agent.middleware import earlier, written_calls
from agent.session import Session
from agent.settings import Settings
from agent.workspace import Workspace

CALL = '{"name": "measure", "arguments": {"lesion": 1}}'


def _busy(after: str) -> Any:
    headers = {"retry-after": after, "content-type": "application/json"}
    return lambda _: httpx.Response(429, headers=headers, text='{"error": {"message": "slow down"}}')


def test_too_many_requests_are_waited_for_and_tried_again(wired: Session, server: Server) -> None:
    server.answers = [_busy("1"), text("Hello.")]
    began = time.monotonic()
    events = list(wired.ask("hello"))
    assert says(events) == ["Hello."]
    assert of(events, Notice) == []
    assert time.monotonic() - began >= 1.0, "Retry-After was not kept to"


def test_too_many_requests_for_long_hand_over_to_the_planner(wired: Session, server: Server) -> None:
    server.answers = [_busy("0.01")] * 12
    events = list(wired.ask("measure lesion 1"))
    assert len(of(events, Notice)) == 1
    assert any("16.8 mm" in s for s in says(events))


def test_a_server_without_tool_calls_hands_over_to_the_planner(wired: Session, server: Server) -> None:
    refusal = status(400, '{"error": {"message": "this model does not support tools"}}', "application/json")
    server.answers = [refusal] * 6
    events = list(wired.ask("measure lesion 1"))
    assert len(of(events, Notice)) == 1
    assert [e.function for e in of(events, ToolStarted)] == ["measure"]


@pytest.mark.parametrize(
    "written",
    [CALL, f"```json\n{CALL}\n```", f"<tool_call>\n{CALL}\n</tool_call>", f"[{CALL}]",
     json.dumps(json.loads(CALL), indent=1), '{"name": "measure", "parameters": "{\\"lesion\\": 1}"}',
     '{"type": "function", "function": {"name": "measure", "arguments": {"lesion": 1}}}'],
)  # fmt: skip
def test_a_call_that_is_written_out_as_text_is_made(wired: Session, server: Server, written: str) -> None:
    server.answers = [text(written), text("It is {E3.axial_long_axis} long.")]
    events = list(wired.ask("measure it"))
    assert of(events, ToolStarted)[0].arguments == {"lesion": 1}
    assert says(events) == ["It is 16.8 mm long [E3]."]
    assert "measure" not in json.dumps(wired.history()[1:])


def test_what_only_looks_like_a_call_is_none() -> None:
    for odd in ("", "{}", "[]", '{"name": "rm"}', '{"lesion": 1}', "{E3.axial_long_axis}", f"Here: {CALL}", "[1, 2]"):
        assert written_calls(odd) == []


def test_parallel_calls_are_all_made_and_answered(wired: Session, server: Server) -> None:
    wired.call("segment", point=list(SMALL))
    calls = [
        {"index": n, "id": f"call_{n}", "type": "function",
         "function": {"name": "measure", "arguments": json.dumps({"lesion": n + 1})}}
        for n in range(2)
    ]  # fmt: skip
    both = stream([{"role": "assistant", "content": None, "tool_calls": calls}], "tool_calls")
    server.answers = [both, text("Both are measured.")]
    events = list(wired.ask("measure both"))
    assert sorted(e.arguments["lesion"] for e in of(events, ToolStarted)) == [1, 2]  # side by side: in either order
    answered = [m["tool_call_id"] for m in server.bodies[-1]["messages"] if m["role"] == "tool"]
    assert sorted(answered) == ["call_0", "call_1"]


def test_a_name_repeated_in_the_stream_is_refused_or_repaired_not_run_twice(wired: Session, server: Server) -> None:
    first = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "measure", "arguments": ""}}
    again = {"index": 0, "function": {"name": "measure", "arguments": '{"lesion": 1}'}}
    head = {"role": "assistant", "content": None, "tool_calls": [first]}
    server.answers = [stream([head, {"tool_calls": [again]}], "tool_calls"), text("It is {E3.axial_long_axis} long.")]
    events = list(wired.ask("measure it"))
    assert [e.id for e in wired.evidence.all()] == ["E1", "E2", "E3"]
    assert of(events, Failed) == []
    assert says(events) == ["It is 16.8 mm long [E3]."]


def test_a_model_that_never_stops_calling_is_stopped(wired: Session, server: Server) -> None:
    server.answers = [tool("recall", {"what": "findings"}, f"call_{n}") for n in range(40)]
    events = list(wired.ask("go on"))
    assert len(server.bodies) <= wired.workspace.settings.max_steps + 1
    assert any(e.error == "TooManySteps" for e in of(events, Failed))


def test_a_turn_that_sends_too_much_is_finished_by_the_planner(workspace: Workspace, server: Server) -> None:
    workspace.settings = dataclasses.replace(workspace.settings, max_sent=12_000)
    with httpx.Client(transport=httpx.MockTransport(server)) as client:
        model = llm.endpoint(Settings(home=workspace.settings.home, base_url="http://llm.test/v1"), http_client=client)
        session = Session.open(balls(), workspace=workspace, endpoint=model)
        session.call("segment", point=list(BIG))
        server.answers = [tool("recall", {"what": "findings"}, f"call_{n}") for n in range(20)]
        events = list(session.ask("measure lesion 1"))
    assert len(server.bodies) < 8
    assert any("characters" in n.text for n in of(events, Notice))


def test_what_was_cut_from_a_long_thread_leaves_its_evidence_ids() -> None:
    messages: list[Any] = []
    for n in range(60):
        messages += [HumanMessage(f"how big is lesion {n}"), AIMessage(f"It is 4 mm [E{n + 1}].")]
    told = earlier(messages)
    assert all(f"E{n + 1}" in told for n in range(60))
    assert len(told) < 4000
    assert earlier([]) == ""


def test_a_long_thread_is_sent_short_with_its_evidence_ids(wired: Session, server: Server) -> None:
    said = [m for n in range(40) for m in (HumanMessage(f"q {n}", id=f"h{n}"), AIMessage("Outlined [E2].", id=f"a{n}"))]
    wired.graph.update_state(wired.thread.config, {"messages": said})
    server.answers = [text("Yes.")]
    list(wired.ask("go on"))
    sent = server.bodies[-1]["messages"]
    assert len(sent) <= 42
    assert "turns, which cited E2" in sent[0]["content"]


class _Loopback(BaseHTTPRequestHandler):
    """A real server that speaks the wire in pieces, as local servers do."""

    protocol_version = "HTTP/1.1"
    seen: list[dict[str, Any]] = []  # noqa: RUF012 - one list a test

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.seen.append(body)
        asked = body["messages"][-1]["role"] == "user"
        answer = tool("measure", {"lesion": 1}) if asked else text("It is {E3.axial_long_axis} long [E3].")
        made = answer(body)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for start in range(0, len(made.content), 97):
            piece = made.content[start : start + 97]
            self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def loopback() -> Iterator[str]:
    made = ThreadingHTTPServer(("127.0.0.1", 0), _Loopback)
    worker = threading.Thread(target=made.serve_forever, daemon=True)
    worker.start()
    yield f"http://127.0.0.1:{made.server_address[1]}/v1"
    made.shutdown()
    made.server_close()
    worker.join(5)


def test_a_real_server_on_loopback_is_talked_to_by_address_alone(workspace: Workspace, loopback: str) -> None:
    workspace.settings = dataclasses.replace(workspace.settings, base_url=loopback, model="local")
    session = Session.open(balls(), workspace=workspace)
    session.call("segment", point=list(BIG))
    events = list(session.ask("measure it"))
    assert says(events) == ["It is 16.8 mm long [E3]."]
    assert of(events, Notice) == []


def test_a_server_that_never_answers_is_given_up_on(workspace: Workspace) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        workspace.settings = dataclasses.replace(workspace.settings, base_url=address, model="local", timeout_s=0.5)
        session = Session.open(balls(), workspace=workspace)
        session.call("segment", point=list(BIG))
        began = time.monotonic()
        events = list(session.ask("measure lesion 1"))
    assert time.monotonic() - began < 20
    assert len(of(events, Notice)) == 1
    assert any("16.8 mm" in s for s in says(events))
