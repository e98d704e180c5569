"""What a reader does to share a case, and to take it back. In the app only: what is typed in a chat shares nothing.

Knows nothing of Gradio.
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.events import NoRight
from agent.people import Level
from ui.acts.stage import Stage, Update
from ui.rooms import Room
from ui.words import say


class ShareActs(Stage):
    """Acts on who else may see a case."""

    def share(self, owner: str | None, case: str, name: str, level: str) -> Iterator[Update]:
        """Share a case of one's own with a reader by name, ``read`` or ``work``."""

        def work(room: Room) -> None:
            room.person.check("share")
            workspace, named = self._rooms.workspace, name.strip()
            if not room.person.name:
                raise NoRight(say("no logins", room.language))
            workspace.cases.get(case, room.owner)
            other = self._rooms.reader_named(named)
            if other is None:
                raise NoRight(say("nobody", room.language, name=named))
            for_: Level = "work" if level == "work" else "read"
            workspace.share(case, room.owner, other, for_)
            workspace.cases.meet(other, named)
            workspace.cases.meet(room.owner, room.person.name)
            told = say("shared", room.language, name=named, level=say(f"to {for_}", room.language))
            room.transcript.note("notice", told)

        yield from self._quietly(owner, work)

    def unshare(self, owner: str | None, case: str, reader: str) -> Iterator[Update]:
        """End the sharing of a case of one's own with a reader, by their id."""

        def work(room: Room) -> None:
            room.person.check("share")
            workspace = self._rooms.workspace
            workspace.unshare(case, room.owner, reader)
            name = workspace.cases.name_of(reader) or reader[:8]
            room.transcript.note("notice", say("unshared", room.language, name=name))

        yield from self._quietly(owner, work)
