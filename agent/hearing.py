"""What one message states, and what somebody else states in it: the first is recorded, the second is offered.

A yes to the offer takes the letter's facts as the reader's statements; any other message lets it lapse.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from agent.events import Event, Question
from agent.planner.reading import language_of
from agent.privacy.pasted import in_code, pasted
from agent.stated import Statement, read_statements
from agent.stated.letter import accepts, offer, others_words

if TYPE_CHECKING:
    from agent.toolset.desk import Desk

_TERMINAL = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)", re.DOTALL)
"""What a terminal reads as a colour or a move; its letters and digits are no words."""
_LINE_ENDS = re.compile(r"\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_UNSEEN = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]"
)
"""Characters nobody sees: what stands around them is read as one word, as it looks."""
_OFFERED = "letter"
"""Where the case's state keeps a letter that is offered."""


def typed(text: str) -> str:
    """Return a message as it looks: without control characters, what steers a terminal, and what nobody sees.

    >>> typed("mea\\x00sure\\x1b[31m les\\u202eion 1\\x07")
    'measure lesion 1'
    """
    return _UNSEEN.sub("", _LINE_ENDS.sub("\n", _TERMINAL.sub("", text))).strip()


def heard(desk: Desk, text: str) -> list[Statement]:
    """Return what the reader states in a message; keep what a letter in it states until the next one."""
    state = desk.state
    waiting, focus = state.get(_OFFERED), state.get("focus")
    letter = others_words(text)
    found = letter if letter and read_statements(letter, lesion=focus) else None
    if found != waiting:
        desk.keep(**{_OFFERED: found})
    if waiting and accepts(text):  # a letter's own words may name somebody
        return [in_code(s, language_of(waiting)) for s in read_statements(waiting, lesion=focus)]
    read = read_statements(text, asked=(state.get("asked") or {}).get("needs", ()), lesion=focus)
    blocks = [text[start:end] for start, end in pasted(text)]
    return [in_code(s, language_of(text)) if any(s.words in b for b in blocks) else s for s in read]


def offered(desk: Desk, text: str) -> Iterator[Event]:
    """Yield the question that offers what a letter in this message states, if there is one."""
    letter = desk.state.get(_OFFERED)
    if letter:
        facts = [s.words for s in read_statements(letter, lesion=desk.state.get("focus"))]
        yield Question(*offer(facts, language_of(text)))
