"""What tests of the app without a browser share: a session that follows a script, two browsers, a nodule."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

from coroutines import run

from agent.events import Clause, Event
from agent.session import Session
from tools.phantom import Sphere
from ui.login.cookie import NAME, owner_of
from ui.rooms import Rooms

SPHERE = Sphere((70.0, 0.0, 0.0), 18.0)
ANNA, BERT = ("a" * 43, "b" * 43)
"""Two browsers' cookies."""


class Scripted(Session):
    """A session that answers from a script, so that the app is tested and not the planner."""

    script: tuple[Event | Exception, ...] = (Clause("Done [E1].", ("E1",)),)
    gate: threading.Event | None = None

    def ask(self, text: str) -> Iterator[Event]:
        for event in self.script:
            if self.gate is not None:
                self.gate.wait(10)
            if isinstance(event, Exception):
                raise event
            yield event

    def history(self) -> list[dict[str, str]]:
        return []


def owner(cookie: str) -> str:
    name = owner_of({NAME: cookie})
    assert name is not None
    return name


def case_of(rooms: Rooms, cookie: str) -> str:
    session = rooms.enter(owner(cookie)).session
    assert session is not None
    return session.case_id


def last(updates: Iterator[dict[str, Any]]) -> dict[str, Any]:
    """The state of the page when an act is over."""
    shown: dict[str, Any] = {}
    for update in updates:
        shown |= update
    return shown


def in_a_loop(make: Callable[[], Any]) -> Any:
    """Call in a running event loop: outside of one Gradio opens loops of its own and never closes them."""

    async def made() -> Any:
        return make()

    return run(made())
