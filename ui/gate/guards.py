"""What the gate works with: whose a page's stream is, a request's body read whole, an answer of its own.

Knows no door.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

MOST_BODY = 4_000_000
"""Bytes of a request of the page: a long brush stroke has some ten thousand."""
MOST_STREAMS = 20_000
LONGEST_NAME = 64


class Streams:
    """Which reader each open page belongs to: a page names itself by a random word that only it should know.

    Whoever comes first with a word has it; another reader who learnt it can neither listen nor speak there.
    """

    def __init__(self) -> None:
        self._owners: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def is_of(self, name: str, owner: str) -> bool:
        """Return whether a page is this reader's, or nobody's so far: then it is theirs from now on."""
        if len(name) > LONGEST_NAME:
            return False
        with self._lock:
            held = self._owners.setdefault(name, owner)
            self._owners.move_to_end(name)
            while len(self._owners) > MOST_STREAMS:
                self._owners.popitem(last=False)
            return held == owner


async def read_body(receive: Receive) -> tuple[bytes | None, Receive]:
    """Return a request's whole body (None: it is too long), and what hands the request on."""
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        more = bool(message.get("more_body"))
        if size > MOST_BODY:
            return None, receive
    body, handed = b"".join(parts), False

    async def again() -> Message:
        nonlocal handed
        if handed:
            return await receive()
        handed = True
        return {"type": "http.request", "body": body, "more_body": False}

    return body, again


async def answer(send: Send, status: int, text: str, *more: tuple[bytes, bytes]) -> None:
    """Answer a request with a sentence."""
    body = json.dumps({"detail": text}).encode()
    headers = [
        (b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"), *more,
    ]  # fmt: skip
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
