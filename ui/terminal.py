"""A conversation in the terminal: events as lines of text, or as JSON, one a line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agent import Session
    from agent.events import Event

WIDTH = 100
_NOT_TAKEN = ("EmptyMessage", "MessageTooLong")


def open_session(
    scan: str | None, case: str | None, modality: str | None, body_part: str | None, mask: Path | None = None
) -> Session:
    """Open a scan or go on with a case; the lesions of a label file are loaded first."""
    from agent import Session
    from tools.lesions import read_labels

    session = Session.open(scan, case=case, modality=modality, body_part=body_part)
    if mask is not None and session.scan is not None:
        for value, found in sorted(read_labels(mask, session.scan).items()):
            session.load_drawn(found, number=value)
    return session


def converse(session: Session, message: str, *, as_json: bool = False, approve: bool = False) -> int:
    """Take one turn and print its events; with JSON the turn ends in a line ``{"event": "done"}``.

    Returns the exit code: 2 for a message that was not taken, 1 for a turn that could not begin, else 0.
    """
    waiting, code = _show_all(session.ask(message), as_json)
    while waiting:
        if not approve and not as_json:
            print("  (not approved; say --approve to allow it)")
        waiting, _ = _show_all(session.resume("approve" if approve else "reject"), as_json)
    if as_json:
        print(json.dumps({"event": "done", "case": session.case_id}), flush=True)
    return code


def _show_all(events: Any, as_json: bool) -> tuple[bool, int]:
    """Print events; return whether approval is waited for, and the exit code of a turn that is only a failure."""
    from agent.events import Approval, Failed, Notice

    waiting, done, code = False, False, 0
    for event in events:
        waiting = waiting or isinstance(event, Approval)
        if isinstance(event, Failed) and not done:
            code = 2 if event.error in _NOT_TAKEN else 1
        elif not isinstance(event, Notice):
            done, code = True, 0
        if as_json:
            print(json.dumps(event.to_json(), ensure_ascii=False), flush=True)
        else:
            for line in lines_of(event):
                print(line, flush=True)
    return waiting, code


def lines_of(event: Event) -> list[str]:
    """Return an event as lines for a reader."""
    import textwrap

    from agent import events as e

    if isinstance(event, e.ToolStarted):
        arguments = ", ".join(f"{k}={json.dumps(v, ensure_ascii=False)}" for k, v in event.arguments.items())
        return [f"  > {event.function}({arguments})"]
    if isinstance(event, e.ToolFinished):
        made = ", ".join(event.evidence) or "nothing recorded"
        return [f"    {made}  ({event.seconds:.1f} s)"]
    if isinstance(event, e.Clause):
        return textwrap.wrap(event.text, WIDTH, initial_indent="  ", subsequent_indent="  ") or []
    if isinstance(event, e.Question):
        return [f"  {event.text}", *(f"    - {option}" for option in event.options)]
    if isinstance(event, e.Approval):
        return [f"  asks for approval: {event.action} {json.dumps(event.arguments, ensure_ascii=False)}"]
    if isinstance(event, (e.Notice, e.Failed)):
        return textwrap.wrap(event.text, WIDTH, initial_indent="  ! ", subsequent_indent="    ")
    if isinstance(event, e.Struck):
        return [f"  ! {event.reason}"]
    return []
