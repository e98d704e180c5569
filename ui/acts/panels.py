"""What a reader does in the panels: state the context, look up and add guidelines, edit and sign the report, set up.

Knows nothing of Gradio.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from agent.events import NoRight
from agent.stated import Statement, read_statements
from knowledge import KnowledgeError, search
from knowledge.ingest import documents, ingest, remove
from tools.contract import NotApplicable
from ui.acts.hand import session_of as opened
from ui.acts.operator import OperatorActs
from ui.acts.search import SearchActs
from ui.acts.stage import NO_COOKIE, Update, lone_note
from ui.context import FIELDS, OF_TRUTH
from ui.panels import guidelines_html
from ui.rooms import Room
from ui.words import say

_FOUND = 5
MOST_PRIOR_TEXT = 8000
"""Characters of a pasted prior report that are kept: some pages."""
_TAKEN_FROM_PRIOR = ("prior_size", "prior_interval")
"""What is read from a prior report; all else in it is somebody else's finding."""


class PanelActs(SearchActs, OperatorActs):
    """Acts in the panels."""

    def context(self, owner: str | None, given: Mapping[str, Any]) -> Iterator[Update]:
        """Record what the form states, field by field; what is empty or as before changes nothing."""

        def work(room: Room) -> None:
            session = opened(room)
            for field in FIELDS:
                text = str(given.get(field.name) or "").strip()
                if not text:
                    continue
                value = _value(field.name, text, field.most)
                held = session.record.context.get(field.name)
                if held is not None and held.inputs.get("value") == value:
                    continue
                said = Statement(field.name, value, f"{field.title}: {text}", field.unit)
                item = session.state_fact(said)
                room.transcript.note(
                    "hand", say("stated", room.language, field=field.title, value=text, evidence=item.id)
                )

        yield from self._quietly(owner, work)

    def prior_report(self, owner: str | None, text: str) -> Iterator[Update]:
        """Keep a pasted prior report, and take the earlier size and interval that it names as stated."""

        def work(room: Room) -> None:
            session = opened(room)
            words = text.strip()[:MOST_PRIOR_TEXT]
            if not words:
                raise NotApplicable("The prior report is empty. Paste its text.")
            item = session.state_fact(Statement("prior_report", "as pasted", words))
            taken = [s for s in read_statements(words) if s.field in _TAKEN_FROM_PRIOR]
            made = [item, *(session.state_fact(s) for s in taken)]
            room.transcript.note(
                "hand", f"Prior report kept; {len(taken)} of its statements taken [{', '.join(e.id for e in made)}]"
            )

        yield from self._quietly(owner, work)

    # Guidelines and tools

    def look_up(self, owner: str | None, question: str) -> Iterator[Update]:
        """Search the guidelines."""

        def work(room: Room) -> Update:
            return {"guidelines": self._guidelines(question.strip())}

        yield from self._known(owner, work)

    def forget(self, owner: str | None, name: str) -> Iterator[Update]:
        """Take a document of the reader's own out of the search."""

        def work(room: Room) -> Update:
            room.person.check("keep guidelines")
            remove(name, self._rooms.workspace.passages)
            return {"guidelines": self._guidelines("")}

        yield from self._known(owner, work)

    def _keep_documents(self, room: Room, files: Sequence[Path]) -> Update:
        room.person.check("keep guidelines")
        for file in files:
            made = ingest(file, self._rooms.workspace.passages)
            room.transcript.note("notice", f"Guideline added: {made.name}, {len(made.sections)} passages.")
        return {"guidelines": self._guidelines("")}

    def _known(self, owner: str | None, work: Any) -> Iterator[Update]:
        def told(room: Room) -> Update | None:
            try:
                return work(room)  # type: ignore[no-any-return]
            except KnowledgeError as error:
                room.transcript.note("failed", str(error))
                return None

        yield from self._opening(owner, told)

    def _guidelines(self, question: str) -> str:
        store = self._rooms.workspace.passages
        found = search(question, k=_FOUND, store=store) if question else []
        return guidelines_html(found, documents(store), [g for g in store.guidelines if g.shipped], question)

    def panel(self, owner: str | None, name: str) -> Iterator[Update]:
        """Show a panel that is made when it is first looked at: the guidelines, the tools, or the settings."""

        def work(room: Room) -> Update:
            if name == "guidelines":
                return {"guidelines": self._guidelines("")}
            return {"settings": self._settings(room)} if name == "settings" else {"tools": self._tools(room)}

        yield from self._known(owner, work)

    # The report

    def edit(self, owner: str | None, statement: str, section: str, text: str) -> Iterator[Update]:
        """Change a sentence of the report (empty: delete it), or add one to a section."""

        def work(room: Room) -> None:
            session = opened(room)
            if statement and text:
                session.edit_report(statement, text)
            elif statement:
                session.delete_from_report(statement)
            else:
                session.add_to_report(text, section)

        yield from self._quietly(owner, work)

    def sign(self, owner: str | None) -> Iterator[Update]:
        """Sign the report as the reader who logged in."""

        def work(room: Room) -> None:
            session = opened(room)
            if not room.person.name:
                raise NoRight("Signing needs a login, and this app runs without one. Ask its operator.")
            room.person.check("sign")
            session.sign_report(room.person.name)

        yield from self._quietly(owner, work)

    def arrive(self, owner: str | None) -> Iterator[Update]:
        """A page was loaded: bring its case back."""
        room = self._room(owner)
        if room is None:
            yield {"chat": lone_note(NO_COOKIE)}
            return
        yield self._all(room) | {"settings": self._settings(room, brief=True)}


def _value(name: str, text: str, most: float) -> Any:
    """Return a field's value as a statement holds it. Raises NotApplicable for a number out of range."""
    if name in OF_TRUTH:
        return text == "yes"
    if not most:
        return text
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= most:
        raise NotApplicable(
            f"{name.replace('_', ' ').capitalize()} is a number from 0 to {most:g}; {text!r} was given."
        )
    return number
