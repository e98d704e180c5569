"""What waits for a reader's yes, and what is said before it: what would leave, and in what state it is.

Knows no function that waits; the session resumes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from agent.events import Approval, Clause
from agent.looking import LOOK

NAMELESS = "approve without the patient"
"""The yes to an export that is de-identified."""
_ARCHIVE = {
    "en": "Sending to the archive leaves this machine and needs your approval first; a report that nobody has signed "
          "goes as a draft.",
    "zh": "发送到影像归档(PACS)会离开本机,需要您先批准;未经签名的报告以草稿发出。",
}  # fmt: skip


def approval_of(action: dict[str, Any]) -> Approval:
    """Return what waits for a yes; where pictures would leave, with what and where to."""
    leaves = {"sends": action["description"]} if action["name"] == LOOK else {}
    return Approval(action["name"], {**action["args"], **leaves})


def said_before(approval: Approval, language: Literal["en", "zh"]) -> Iterator[Clause]:
    """Yield what a reader must know before they say yes."""
    if approval.action == "export" and approval.arguments.get("destination") == "pacs":
        yield Clause(_ARCHIVE[language])
