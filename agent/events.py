"""What a turn hands to whoever shows it: one frozen event a thing that happened, in order.

The app, the command line and a script all render these and compute nothing. Knows nothing of how a turn runs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar


class AgentError(Exception):
    """The assistant could not do what was asked.

    AgentError
    ├── UngroundedAnswer   a clause was not carried by its evidence
    ├── UnknownCase        no such case, or not this reader's
    ├── NoRight            a role, or what a case is shared for, does not allow it
    ├── Busy               another turn of the case is under way
    ├── DataFolder         the data folder cannot be used as it is (in `home`)
    ├── BadSetting         a setting cannot be used as it is (in `secret`)
    ├── BadTemplate        a site's report template says what it may not, or lacks a section (in `report.template`)
    ├── NoFont             the report's letters are not at hand for this format (in `report.fonts`)
    ├── NoOriginal         what DICOM is written from is missing (in `report.dicom.original`)
    ├── NoArchive, NotApproved, ArchiveFailed    of an archive of images (in `io.archive`)
    ├── BadSearch, BatchError, CannotMove        of many cases at once (in `finder`, `batch`, `moving`)
    ├── NoServer, NotAllowed                     of other agents at work here (in `io.mcp`, `io.mcp_folders`)
    ├── TooMuchSent        a turn would send more to the endpoint than the operator allows
    └── EndpointDown       the language model's endpoint is unreachable or speaks nonsense
    """


class UngroundedAnswer(AgentError):
    """A clause was not carried by its evidence."""


class UnknownCase(AgentError):
    """No such case, or it belongs to somebody else."""


class NoRight(AgentError):
    """A role, or what a case is shared for, does not allow it. The message says what is needed."""


class Busy(AgentError):
    """Another turn of the case is under way."""


class TooMuchSent(AgentError):
    """A turn would send more to the endpoint than the operator allows."""


class EndpointDown(AgentError):
    """The language model's endpoint is unreachable or speaks nonsense."""


@dataclass(frozen=True)
class Event:
    """Something that happened in a turn. `name` is what `--json` prints under ``"event"``."""

    name: ClassVar[str] = "event"

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dictionary with the event's name first."""
        return {"event": self.name, **{k: _plain(v) for k, v in vars(self).items()}}


@dataclass(frozen=True)
class ToolStarted(Event):
    """A function was called."""

    name = "tool_started"
    call: str
    function: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ToolProgress(Event):
    """A function is at work: fraction 0 to 1 and a phrase."""

    name = "tool_progress"
    function: str
    fraction: float
    phrase: str


@dataclass(frozen=True)
class ToolFinished(Event):
    """A function ended. `evidence` lists the ids it recorded; `result` is what the model saw."""

    name = "tool_finished"
    call: str
    function: str
    evidence: tuple[str, ...]
    result: dict[str, Any]
    seconds: float


@dataclass(frozen=True)
class Clause(Event):
    """A sentence that passed its check, digits filled in, with the evidence ids it rests on."""

    name = "clause"
    text: str
    cites: tuple[str, ...] = ()


@dataclass(frozen=True)
class Struck(Event):
    """A sentence that did not pass: what it said is not shown, why it fell is."""

    name = "struck"
    reason: str


@dataclass(frozen=True)
class Question(Event):
    """The assistant asks; `options` are ready answers."""

    name = "question"
    text: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Approval(Event):
    """An action waits for the reader's yes. Answer with `Session.resume`."""

    name = "approval"
    action: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Notice(Event):
    """Something the reader should know that is no clause: an endpoint down, a fallback, a withdrawn advice."""

    name = "notice"
    text: str


@dataclass(frozen=True)
class Impression(Notice):
    """What a language model said of pictures it was shown: no clause, no evidence, in no report."""

    name = "impression"


@dataclass(frozen=True)
class Failed(Event):
    """Something could not be done. `error` names the class, `text` says what was seen and what to do."""

    name = "failed"
    error: str
    text: str


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
