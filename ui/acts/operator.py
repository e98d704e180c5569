"""What an operator does in the app: the endpoint, which tools feed criteria, who may log in; and the audit log.

Each act is in the table of `agent.people`; whoever lacks the role is told so. Knows nothing of Gradio.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

from agent.people import roles_of
from agent.secret import has_password
from tools.allowed import allow
from tools.contract import NotApplicable
from ui.acts.stage import Stage, Update
from ui.login import Login, reader_id
from ui.login.readers import BadReader
from ui.operator_html import allowed_html, log_html, readers_html
from ui.panels import settings_html
from ui.rooms import Room
from ui.tools_panel import tools_html
from ui.words import say

_LINES = 200
"""Newest lines of the log that are shown; the download has all."""


class OperatorActs(Stage):
    """Acts on what all readers share."""

    @property
    def _login(self) -> Login:
        return self._rooms.login

    def language(self, owner: str | None, language: str) -> Iterator[Update]:
        """Set the language of what the app says and suggests; it is kept for this reader."""

        def work(room: Room) -> Update:
            room.language = "zh" if language == "zh" else "en"
            self._rooms.workspace.cases.choose(room.owner, language=room.language)
            return {"settings": self._settings(room, say("kept", room.language))}

        yield from self._quietly(owner, work)

    def endpoint(self, owner: str | None, base_url: str, model: str, api_key: str) -> Iterator[Update]:
        """Use another language model until the app is started again; an empty key leaves the one there is."""

        def work(room: Room) -> Update:
            room.person.check("set up")
            url = base_url.strip()
            if url and not url.startswith(("http://", "https://")):
                raise NotApplicable("An endpoint's address starts with http:// or https://. Nothing was changed.")
            if has_password(url):
                raise NotApplicable("An address holds no name or key, they would be shown. Put the key into its field.")
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
            workspace.audit.add(room.owner, "endpoint set", detail=workspace.settings.place if url else "none")
            self._rooms.renew()
            return {"settings": self._settings(room, "In use from the next message on.")}

        yield from self._quietly(owner, work)

    def allow(self, owner: str | None, name: str, yes: str) -> Iterator[Update]:
        """Let a tool's results feed guideline criteria (``yes``), or take that back."""

        def work(room: Room) -> Update:
            room.person.check("allow tools")
            workspace = self._rooms.workspace
            tool = workspace.registry.get(name)
            if tool.shipped:
                raise NotApplicable(f"{name} comes with Scanwright and feeds criteria as it is.")
            allow(tool.spec, workspace.settings.own_tools, yes == "yes")
            tool.trusted = yes == "yes"
            done = "allowed" if tool.trusted else "no longer allowed"
            workspace.audit.add(room.owner, f"tool {done}", detail=f"{name} {tool.spec.version}")
            return {"tools": self._tools(room)}

        yield from self._quietly(owner, work)

    def reader_add(self, owner: str | None, name: str, password: str, roles: str) -> Iterator[Update]:
        """Let a reader log in."""

        def work(room: Room) -> str:
            self._login.readers.add(name.strip(), password, roles_of(roles.split("+")))
            return f"{name.strip()} may log in now."

        yield from self._managing(owner, name, "reader added", work)

    def reader_roles(self, owner: str | None, name: str, roles: str) -> Iterator[Update]:
        """Give a reader other roles; they hold from the reader's next act on."""

        def work(room: Room) -> str:
            if name == room.person.name and "operator" not in roles:
                raise BadReader("You would lock yourself out of this. Let another operator do it.")
            self._login.readers.set_roles(name, roles_of(roles.split("+")))
            return f"{name} is {roles.replace('+', ' and ')} now."

        yield from self._managing(owner, name, f"reader's roles set: {roles[:40]}", work)

    def reader_password(self, owner: str | None, name: str, password: str) -> Iterator[Update]:
        """Give a reader another password and end their log-ins."""

        def work(room: Room) -> str:
            self._login.readers.set_password(name, password)
            self._login.sessions.end_all(name)
            return f"{name} logs in with the new password."

        yield from self._managing(owner, name, "reader's password set", work)

    def reader_remove(self, owner: str | None, name: str) -> Iterator[Update]:
        """Let a reader log in no more; their cases stay."""

        def work(room: Room) -> str:
            if name == room.person.name:
                raise BadReader("You cannot take yourself out. Let another operator do it.")
            self._login.readers.remove(name)
            self._login.sessions.end_all(name)
            return f"{name} can no longer log in; their cases are kept."

        yield from self._managing(owner, name, "reader removed", work)

    def _managing(self, owner: str | None, name: str, what: str, work: Callable[[Room], str]) -> Iterator[Update]:
        def done(room: Room) -> Update:
            room.person.check("manage readers")
            if not self._login.by_password:
                raise BadReader("Readers are not kept here: there is no file of them, or a proxy lets them in.")
            told = work(room)
            self._rooms.workspace.audit.add(room.owner, what, detail=f"of {reader_id(name.strip())[:16]}")
            return {"settings": self._settings(room, told)}

        yield from self._quietly(owner, done)

    def _settings(self, room: Room, told: str = "", *, brief: bool = False) -> str:
        """Return the settings; for an operator, unless in brief, the readers and the newest lines of the log too."""
        workspace, may = self._rooms.workspace, room.person.may
        shown = settings_html(
            workspace.settings, room.language, may_change=may("set up"), told=told, person=room.person,
            leaves=self._login.by_password,
        )  # fmt: skip
        if brief:
            return shown
        if may("manage readers") and self._login.by_password:
            shown += readers_html(self._login.readers.all(), room.person.name)
        if may("read the log"):
            lines = workspace.audit.newest(_LINES)
            names = {who: workspace.cases.name_of(who) for who in {line.who for line in lines}}
            shown += log_html(lines, names)
        return shown

    def _tools(self, room: Room) -> str:
        workspace = self._rooms.workspace
        registry = workspace.registry
        own = {n: t.trusted for n, t in registry.tools.items() if not t.shipped}
        shown = tools_html(registry, workspace.runtime.device)
        return shown + (allowed_html(own) if own and room.person.may("allow tools") else "")
