"""A server that plays the OpenAI wire in this process: answers in order, streamed or whole, and keeps what it was sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx

from agent.events import Clause, Failed, Struck
from agent.session import Session

Answer = Callable[[dict[str, Any]], httpx.Response]


class Server:
    """An OpenAI-compatible endpoint that gives its answers in order and keeps every request body."""

    def __init__(self) -> None:
        self.answers: list[Answer | Exception] = []
        self.bodies: list[dict[str, Any]] = []
        self.raw: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/v1/chat/completions"
        self.raw.append(request.content.decode())
        self.bodies.append(json.loads(request.content))
        answer = self.answers.pop(0) if self.answers else text("Done.")
        if isinstance(answer, Exception):
            raise answer
        return answer(self.bodies[-1])

    def sent(self, role: str = "user") -> list[str]:
        """Return the texts of a role in the last request."""
        return [str(m.get("content")) for m in self.bodies[-1]["messages"] if m["role"] == role]


def stream(deltas: list[dict[str, Any]], finish: str, *, cut: bool = False) -> Answer:
    def answer(body: dict[str, Any]) -> httpx.Response:
        assert body["stream"] is True
        head = {"id": f"chatcmpl-{id(deltas)}", "object": "chat.completion.chunk", "created": 1, "model": body["model"]}
        parts = [{"index": 0, "delta": d, "finish_reason": None} for d in deltas]
        if not cut:
            parts.append({"index": 0, "delta": {}, "finish_reason": finish})
        lines = [f"data: {json.dumps({**head, 'choices': [p]})}\n\n" for p in parts]
        done = "" if cut else "data: [DONE]\n\n"
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, text="".join(lines) + done)

    return answer


def text(words: str, *, cut: bool = False) -> Answer:
    """Stream a text a few characters at a time."""
    pieces = [words[n : n + 6] for n in range(0, len(words), 6)]
    return stream([{"role": "assistant", "content": ""}, *({"content": p} for p in pieces)], "stop", cut=cut)


def tool(name: str, arguments: dict[str, Any] | str, call: str = "call_1") -> Answer:
    """Stream a tool call, its arguments in pieces."""
    written = arguments if isinstance(arguments, str) else json.dumps(arguments)
    first = {"index": 0, "id": call, "type": "function", "function": {"name": name, "arguments": ""}}
    rest = [{"index": 0, "function": {"arguments": written[n : n + 4]}} for n in range(0, len(written), 4)]
    head = {"role": "assistant", "content": None, "tool_calls": [first]}
    return stream([head, *({"tool_calls": [r]} for r in rest)], "tool_calls")


def whole(message: dict[str, Any]) -> Answer:
    """Answer with one JSON body, whatever was asked for."""

    def answer(body: dict[str, Any]) -> httpx.Response:
        choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}
        head = {"id": "chatcmpl-w", "object": "chat.completion", "created": 1, "model": body["model"]}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        return httpx.Response(200, json={**head, "choices": [choice], "usage": usage})

    return answer


def status(code: int, body: str = "", kind: str = "text/html") -> Answer:
    """Answer with a status and a body; no second try."""
    headers = {"content-type": kind, "x-should-retry": "false"}
    return lambda _: httpx.Response(code, headers=headers, text=body)


def of(events: list[Any], kind: type) -> list[Any]:
    return [e for e in events if isinstance(e, kind)]


def says(events: list[Any]) -> list[str]:
    return [e.text for e in of(events, Clause)]


def said(session: Session, text: str) -> str:
    """Ask, have nothing fail or be struck out, and return what was answered."""
    events = list(session.ask(text))
    assert not [e for e in events if isinstance(e, Failed | Struck)], events
    return " ".join(says(events))
