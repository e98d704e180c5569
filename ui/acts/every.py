"""What a browser can do, and what it is shown for it: each act yields updates of the page's parts, by name.

Everything a reader does to a case goes through its session; nothing is computed here. Knows nothing of Gradio.
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.approving import NAMELESS
from agent.planner.reading import language_of
from ui.acts.hand import HandActs
from ui.acts.panels import PanelActs
from ui.acts.sharing import ShareActs
from ui.acts.stage import Update

_ANSWERED = {"approve": "approved", NAMELESS: "approved, de-identified"}


class Acts(HandActs, PanelActs, ShareActs):
    """All acts, over the rooms of one process: the conversation here, the others in rooms of their own."""

    def ask(self, owner: str | None, text: str) -> Iterator[Update]:
        """Take a message."""
        if text.strip():
            room = self._room(owner)
            if room is not None:
                room.language = language_of(text)
            yield from self._turn(owner, text, lambda session: session.ask(text))

    def state_scan(self, owner: str | None, modality: str, body_part: str) -> Iterator[Update]:
        """Take what the reader says the scan is, from the two small lists; it goes the way of anything typed."""
        yield from self.ask(owner, f"This is a {body_part.lower()} {modality}.".replace("  ", " "))

    def decide(self, owner: str | None, decision: str) -> Iterator[Update]:
        """Approve or reject what waits."""
        room = self._room(owner)
        if room is not None and not room.busy:
            room.transcript.answered(_ANSWERED.get(decision, "rejected"))
        yield from self._turn(owner, "", lambda session: session.resume(decision))

    def stop(self, owner: str | None) -> None:
        """Stop the turn under way."""
        room = self._room(owner)
        if room is not None and room.session is not None and room.busy:
            room.stopping = True
            room.session.stop()
