"""The cases that other agents work on, and what they are told: JSON with evidence ids, no arrays, names or paths.

The same functions, evidence and limits as in the conversation; knows no protocol. An agent's cases are its own: it
reaches none that was opened elsewhere, and what it opened is kept under the owner `mcp`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from agent.events import AgentError, UnknownCase
from agent.io.archive import NotApproved
from agent.io.mcp_folders import Folders, names_in
from agent.io.mcp_offers import consent, function_of
from agent.people import AGENT
from agent.privacy import WITHHELD, Redactor
from agent.session import Session
from agent.stated import read_statements
from agent.toolset import validated
from agent.workspace import Workspace
from knowledge import KnowledgeError
from tools.contract import NotApplicable, ToolError
from tools.evidence import EvidenceError
from tools.scan import Scan, ScanError, Source, load_scan

log = logging.getLogger(__name__)

OWNER = AGENT.id
"""Whose cases these are, and who the audit log names."""
MOST_CASES = 50
"""Cases that one server keeps at hand; more is an agent that has lost its way."""
_ACTS = {"open_scan": "open", "export": "export"}
"""What a function is in the table of `agent.people`; any other is work in a case."""
Tell = Callable[[float, str], None]
KNOWN = (ToolError, ScanError, EvidenceError, KnowledgeError, AgentError)


def _nobody(fraction: float, phrase: str) -> None:
    """Tell nobody."""


class Room:
    """The cases of one server."""

    def __init__(
        self, workspace: Workspace, folders: Folders, modality: str | None = None, body_part: str | None = None
    ) -> None:
        """Take the services, the folders that may be read, and what the operator states of files that do not say."""
        self.workspace = workspace
        self._folders = folders
        self._stated = {"modality": modality, "body_part": body_part}
        self._cases: dict[str, Session] = {}
        self._last: str | None = None
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    def do(
        self, name: str, arguments: Mapping[str, Any], *, approved: bool | None = None, tell: Tell = _nobody
    ) -> tuple[dict[str, Any], bool]:
        """Run one function; return what the other agent reads, and whether it went well.

        `approved`: what a person said to `consent`; None: nobody could be asked.
        """
        try:
            return {"ok": True, "function": name, **self._done(name, dict(arguments), approved, tell)}, True
        except KNOWN as error:
            text = self._without_places(str(error))
            return {"ok": False, "function": name, "error": type(error).__name__, "message": text}, False
        except Exception as error:
            log.exception("the function %s broke", name)
            text = f"{name} broke ({type(error).__name__}); what it had recorded is kept, nothing else changed."
            return {"ok": False, "function": name, "error": type(error).__name__, "message": text}, False

    def consent(self, name: str, arguments: Mapping[str, Any]) -> str | None:
        """Return what a person must say yes to first; None where nobody need be asked, or nothing would be done."""
        try:
            _, known = self._checked(name, dict(arguments))
        except KNOWN:
            return None
        return consent(name, known)

    def state(self, case: str | None, answers: Mapping[str, str], lesion: int | None) -> None:
        """Record what a person answered to an open question, each answer read as the conversation reads it."""
        session = self._session(case)
        for name, words in answers.items():
            for statement in read_statements(words, asked=(name,), lesion=lesion):
                try:
                    session.state_fact(statement)
                except ToolError as error:
                    log.info("an answer was not kept: %s", type(error).__name__)

    def _done(self, name: str, arguments: dict[str, Any], approved: bool | None, tell: Tell) -> dict[str, Any]:
        AGENT.check(_ACTS.get(name, "work"))
        case, known = self._checked(name, arguments)
        if consent(name, known) is not None and not approved:
            raise NotApproved(_refusal(name, approved))
        if name == "open_scan":
            return self._open(**known)
        if name == "find_guideline":
            self.workspace.passages.ready(tell)  # the first question builds the index
        session = self._session(case, may_be_new=name == "find_guideline")
        with self._one_at_a_time(session.case_id):
            before = len(session.evidence.all())
            session.desk.on_progress = lambda function, fraction, phrase: tell(fraction, phrase)
            result = self._prior(session, **known) if name == "add_prior" else session.call(name, **known)
            made = [e.id for e in session.evidence.all()[before:]]
        if name == "export":
            self.workspace.audit.add(OWNER, "exported", session.case_id, detail=str(known.get("format", "all")))
        return {"case": session.case_id, **self._clean(session, result), "recorded": made}

    def _checked(self, name: str, arguments: dict[str, Any]) -> tuple[str | None, dict[str, Any]]:
        """Return the case that is named and the validated arguments. Raises NotApplicable."""
        case = arguments.pop("case", None)
        function = function_of(name)
        if case is not None and not isinstance(case, str):
            raise NotApplicable("A case is named by the text that open_scan returned.")
        return case, validated(function, arguments)

    def _open(self, path: str, modality: str | None = None, body_part: str | None = None) -> dict[str, Any]:
        if len(self._cases) >= MOST_CASES:
            raise NotApplicable(f"{MOST_CASES} cases are open already. Go on with one of them, or restart the server.")
        scan = self._load(self._folders.find(path))
        session = Session.open(
            scan, owner=OWNER, workspace=self.workspace,
            modality=modality or self._default(scan, "modality"),
            body_part=body_part or self._default(scan, "body_part"),
        )  # fmt: skip
        self._keep(session)
        self.workspace.audit.add(OWNER, "opened", session.case_id)
        return {"case": session.case_id, **self._clean(session, _geometry(session))}

    def _default(self, scan: Scan, name: str) -> str | None:
        """Return what the operator states of files that do not say it; the file's own word stands."""
        return None if getattr(scan, name).how == "known" else self._stated[name]

    def _prior(self, session: Session, path: str, days: int | None = None) -> dict[str, Any]:
        found = session.add_prior(self._load(self._folders.find(path)), days=days)
        return {
            "prior": found.number, "evidence": found.scan.id, "days": found.days,
            "identity": found.scan.inputs.get("identity"),
        }  # fmt: skip

    def _load(self, path: Path) -> Scan:
        try:
            return load_scan(path)
        except ScanError as error:
            names = Redactor([Source(files=names_in(path))])
            raise type(error)(names.clean(str(error))) from error

    def _session(self, case: str | None, *, may_be_new: bool = False) -> Session:
        found = self._cases.get(case or self._last or "")
        if found is not None:
            return found
        if case is None and may_be_new:
            made = self.workspace.cases.create(OWNER)
            session = Session.open(None, case=made.id, owner=OWNER, workspace=self.workspace)
            self._keep(session)
            return session
        raise UnknownCase("No such case was opened here. Call open_scan first and use the case that it returns.")

    def _keep(self, session: Session) -> None:
        self._cases[session.case_id] = session
        self._last = session.case_id

    def _one_at_a_time(self, case: str) -> threading.Lock:
        with self._guard:
            return self._locks.setdefault(case, threading.Lock())

    def _clean(self, session: Session, value: Any) -> Any:
        redactor = Redactor(self.workspace.cases.sources(session.case_id))
        return _each_text(value, lambda text: self._without_places(redactor.clean(text)))

    def _without_places(self, text: str) -> str:
        """Return a text in which this machine's folders are replaced."""
        for folder in (*self._folders.allowed, self.workspace.settings.home.resolve(), self.workspace.settings.home):
            if folder != folder.parent:  # of "/" there is nothing to hide
                text = text.replace(str(folder), WITHHELD)
        return text


def _refusal(name: str, said: bool | None) -> str:
    if said is False:
        return f"The person who was asked did not approve this call of {name}. Nothing was done."
    return (
        f"{name} with these arguments needs a person's yes, and this client cannot ask a person (it does not offer MCP "
        "elicitation). Nothing was done. Use a client that can, or do this in the app or on the command line."
    )


def _geometry(session: Session) -> dict[str, Any]:
    """Return what another agent is told of a scan that was opened: the case card's part of it, and where it lies."""
    scan = session.scan
    assert scan is not None
    corners = [scan.to_mm((i, j, k)) for i in (0, scan.shape[0] - 1) for j in (0, scan.shape[1] - 1)
               for k in (0, scan.shape[2] - 1)]  # fmt: skip
    extent = {axis: [round(float(f([c[n] for c in corners])), 1) for f in (min, max)] for n, axis in enumerate("xyz")}
    return {
        "scan": session.card()["scan"],
        "voxels": list(scan.shape),
        "extent_ras_mm" if scan.has_mm else "extent_pixels": extent,
        "notes": list(scan.notes),
    }


def _each_text(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {k: _each_text(v, change) for k, v in value.items()}
    return [_each_text(v, change) for v in value] if isinstance(value, Sequence) else value
