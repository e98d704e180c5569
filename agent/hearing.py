"""What one message states, and what somebody else states in it: the first is recorded, the second is offered.

A yes to the offer takes the letter's facts as the reader's statements; any other message lets it lapse.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from agent.events import Event, Question
from agent.stated_letter import accepts, offer, others_words
from agent.statements import Statement, read_statements

if TYPE_CHECKING:
    from agent.toolset.desk import Desk

_OFFERED = "letter"
"""Where the case's state keeps a letter that is offered."""


def heard(desk: Desk, text: str) -> list[Statement]:
    """Return what the reader states in a message; keep what a letter in it states until the next one."""
    state = desk.state
    waiting, focus = state.get(_OFFERED), state.get("focus")
    letter = others_words(text)
    found = letter if letter and read_statements(letter, lesion=focus) else None
    if found != waiting:
        desk.keep(**{_OFFERED: found})
    if waiting and accepts(text):
        return read_statements(waiting, lesion=focus)
    return read_statements(text, asked=(state.get("asked") or {}).get("needs", ()), lesion=focus)


def offered(desk: Desk, text: str) -> Iterator[Event]:
    """Yield the question that offers what a letter in this message states, if there is one."""
    letter = desk.state.get(_OFFERED)
    if letter:
        facts = [s.words for s in read_statements(letter, lesion=desk.state.get("focus"))]
        yield Question(*offer(facts, "zh" if re.search(r"[\u3400-\u9fff]", text) else "en"))
