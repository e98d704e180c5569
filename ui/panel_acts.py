"""What a reader does in the panels: state the context, look up and add guidelines, edit and sign the report, set up.

Knows nothing of Gradio.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from agent.events import UnknownCase
from agent.statements import Statement, read_statements
from knowledge import KnowledgeError, search
from knowledge.ingest import documents, ingest, remove
from tools.contract import NotApplicable
from ui.case_acts import CaseActs
from ui.context import FIELDS, OF_TRUTH
from ui.hand import session_of as opened
from ui.panels import guidelines_html, settings_html, tools_html
from ui.rooms import Room
from ui.stage import Update
from ui.words import say

_FOUND = 5
MOST_PRIOR_TEXT = 8000
"""Characters of a pasted prior report that are kept: some pages."""
_TAKEN_FROM_PRIOR = ("prior_size", "prior_interval")
"""What is read from a prior report; all else in it is somebody else's finding."""


class PanelActs(CaseActs):
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
            self._check_operator(room)
            remove(name, self._rooms.workspace.passages)
            return {"guidelines": self._guidelines("")}

        yield from self._known(owner, work)

    def _keep_documents(self, room: Room, files: Sequence[Path]) -> Update:
        self._check_operator(room)
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
        """Show a panel that is made when it is first looked at: the guidelines or the tools."""

        def work(room: Room) -> Update:
            if name == "guidelines":
                return {"guidelines": self._guidelines("")}
            workspace = self._rooms.workspace
            return {"tools": tools_html(workspace.registry.specs, workspace.registry.broken, workspace.runtime.device)}

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
            if room.login is None:
                raise UnknownCase("Signing needs a login, and this app runs without one. Ask its operator.")
            session.sign_report(room.login)

        yield from self._quietly(owner, work)

    # Settings

    def language(self, owner: str | None, language: str) -> Iterator[Update]:
        """Set the language of what the app says and suggests."""

        def work(room: Room) -> Update:
            room.language = "zh" if language == "zh" else "en"
            return {"settings": self._settings(room, "Kept.")}

        yield from self._quietly(owner, work)

    def endpoint(self, owner: str | None, base_url: str, model: str, api_key: str) -> Iterator[Update]:
        """Use another language model until the app is started again; an empty key leaves the one there is."""

        def work(room: Room) -> Update:
            self._check_operator(room)
            url = base_url.strip()
            if url and not url.startswith(("http://", "https://")):
                raise NotApplicable("An endpoint's address starts with http:// or https://. Nothing was changed.")
            workspace = self._rooms.workspace
            now = workspace.settings
            # A key is never sent to another address than the one it was given for.
            kept = now.api_key if url == (now.base_url or "") else None
            workspace.settings = dataclasses.replace(
                now,
                base_url=url or None,
                model=model.strip() or now.model,
                api_key=(api_key.strip() or kept) if url else None,
            )
            self._rooms.renew()
            return {"settings": self._settings(room, "In use from the next message on.")}

        yield from self._quietly(owner, work)

    def _settings(self, room: Room, told: str = "") -> str:
        workspace = self._rooms.workspace
        return settings_html(workspace.settings, room.language, may_change=self._rooms.operators, told=told)

    def _check_operator(self, room: Room) -> None:
        if not self._rooms.operators:
            raise UnknownCase("Guidelines and settings are shared by all readers; the operator changes them.")

    def arrive(self, owner: str | None) -> Iterator[Update]:
        """A page was loaded: bring its case back."""
        room = self._room(owner)
        if room is None:
            from ui.stage import NO_COOKIE, lone_note

            yield {"chat": lone_note(NO_COOKIE)}
            return
        yield self._all(room) | {"settings": self._settings(room)}


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
