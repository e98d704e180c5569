"""The conversation as shown: events in, HTML out. Everything written by anybody is escaped; nothing is interpreted.

Knows nothing of how a turn runs.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agent.approving import NAMELESS
from agent.events import (
    Approval,
    Clause,
    Event,
    Failed,
    Notice,
    Question,
    Struck,
    ToolFinished,
    ToolProgress,
    ToolStarted,
)
from agent.grounding import split_clauses

_CITES = re.compile(r"\s*\[\s*(E\d+(?:\s*[,;,、]\s*E\d+)*)\s*\]")
_NAME = re.compile(r"E\d+")
"""The marks a clause carries: ``[E9]``, ``[E9, E4]``. They are shown as chips."""


WHY = "The lesion's slice, plain and with what moved the score: orange raised it, blue lowered it. No evidence."


@dataclass
class Call:
    """A function call, from its start to its end."""

    call: str
    function: str
    arguments: dict[str, Any]
    fraction: float = 0.0
    phrase: str = ""
    seconds: float | None = None
    evidence: tuple[str, ...] = ()
    failed: bool = False
    picture: str = ""
    """The name of a picture of what moved a score, where one was drawn (see `agent.toolset.why`)."""


@dataclass
class Turn:
    """One message of the reader and all that came back."""

    asked: str = ""
    parts: list[Any] = field(default_factory=list)
    running: bool = False


@dataclass(frozen=True)
class Said:
    """Clauses that were released one after the other."""

    clauses: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Note:
    """A quiet callout: ``notice``, ``failed``, ``struck``, or ``hand`` for what was done by hand."""

    kind: str
    text: str


@dataclass
class Waiting:
    """An action that waits for the reader's yes."""

    action: str
    arguments: dict[str, Any]
    answered: str = ""


class Transcript:
    """What one conversation looks like so far."""

    def __init__(self) -> None:
        self.turns: list[Turn] = []

    @classmethod
    def of_history(cls, history: Iterable[Mapping[str, str]]) -> Transcript:
        """Return the transcript of a thread that was kept: its text, without tool steps."""
        made = cls()
        for message in history:
            if message["role"] == "user" or not made.turns:
                made.start(message["text"] if message["role"] == "user" else "")
                made.end()
            if message["role"] != "user":
                clauses = tuple((clause.strip(), ()) for clause in split_clauses(message["text"]))
                made.turns[-1].parts.append(Said(clauses))
        return made

    def start(self, asked: str) -> None:
        """Begin a turn with what the reader typed."""
        self.turns.append(Turn(asked, running=True))

    def end(self) -> None:
        """End the turn: nothing is left spinning."""
        turn = self.turns[-1]
        turn.running = False
        for part in turn.parts:
            if isinstance(part, Call) and part.seconds is None:
                part.seconds, part.failed = 0.0, True

    def note(self, kind: str, text: str) -> None:
        """Add a callout, in a turn of its own when none is there."""
        if not self.turns:
            self.turns.append(Turn())
        self.turns[-1].parts.append(Note(kind, text))

    def answered(self, decision: str) -> None:
        """Mark what waited for approval as answered."""
        for part in self._parts(Waiting):
            part.answered = part.answered or decision

    def take(self, event: Event) -> None:
        """Add one event."""
        parts = self.turns[-1].parts
        match event:
            case ToolStarted():
                parts.append(Call(event.call, event.function, event.arguments))
            case ToolProgress():
                for call in (c for c in self._parts(Call) if c.function == event.function and c.seconds is None):
                    call.fraction, call.phrase = event.fraction, event.phrase
            case ToolFinished():
                for call in (c for c in self._parts(Call) if c.call == event.call):
                    call.seconds, call.evidence = event.seconds, event.evidence
                    call.failed = event.result.get("ok") is False
                    call.picture = str((event.result.get("explanation") or {}).get("picture", ""))
            case Clause():
                last = parts[-1].clauses if parts and isinstance(parts[-1], Said) else ()
                said = Said((*last, (event.text, event.cites)))
                parts[len(parts) - bool(last) :] = [said]
            case Question():
                parts.append(event)
            case Approval():
                parts.append(Waiting(event.action, event.arguments))
            case Failed() | Notice():
                parts.append(Note(event.name, event.text))
            case Struck():
                parts.append(Note(event.name, event.reason))

    def _parts(self, kind: type) -> list[Any]:
        return [p for turn in self.turns for p in turn.parts if isinstance(p, kind)]

    def html(
        self, *, intro: str = "", quick: Sequence[str] = (), case: str = "",
        locked: tuple[str, str] = ("", ""),
    ) -> str:
        """Return the conversation as HTML.

        Args:
            intro: HTML at its end while the reader has said nothing yet.
            quick: what may be asked next.
            case: the case it is about; a browser looks evidence up there.
            locked: why nothing can be asked here, in brief and in full.
        """
        asked = [turn for turn in self.turns if turn.asked]
        shown = "".join(
            _turn(turn, case, last=turn is self.turns[-1], retry=bool(asked) and turn is asked[-1])
            for turn in self.turns
        )
        if not asked and not self._parts(Call):
            shown += intro
        off = f'<p class="sw-note sw-notice">{_text(locked[1])}</p>' if locked[1] else ""
        return (
            f'<div class="sw-log" role="log" aria-label="Conversation" aria-live="polite" tabindex="0" '
            f'data-case="{_attribute(case)}" data-locked="{_attribute(locked[0])}">{shown}{off}{_options(quick)}</div>'
        )


def _turn(turn: Turn, case: str, *, last: bool, retry: bool) -> str:
    mine = f'<div class="sw-you">{_text(turn.asked)}</div>' if turn.asked else ""
    if retry and not turn.running:
        text = _attribute(turn.asked)
        mine += (
            f'<div class="sw-again"><button type="button" class="sw-link" data-act="say" data-text="{text}">Ask again'
            f'</button><button type="button" class="sw-link" data-act="edit" data-text="{text}">Edit</button></div>'
        )
    parts = "".join(_part(part, case, active=last and not turn.running) for part in turn.parts)
    calm = turn.running and not any(isinstance(p, Call) and p.seconds is None for p in turn.parts)
    waiting = '<div class="sw-working" aria-label="Working">Working</div>' if calm else ""
    return f'<div class="sw-turn">{mine}<div class="sw-reply">{parts}{waiting}</div></div>'


def _part(part: Any, case: str, *, active: bool) -> str:
    match part:
        case Call():
            return _call(part, case)
        case Said():
            return f'<p class="sw-said">{" ".join(_clause(*c) for c in part.clauses)}</p>'
        case Note():
            return f'<p class="sw-note sw-{part.kind}">{marked(part.text)}</p>'
        case Question():
            return f'<p class="sw-said">{_text(part.text)}</p>{_options(part.options) if active else ""}'
        case Waiting():
            return _waiting(part)
    return ""


def _call(call: Call, case: str) -> str:
    arguments = ", ".join(f"{name}={_argument(value)}" for name, value in call.arguments.items())
    line = f"<code>{_text(call.function)}({_text(arguments)})</code>"
    if call.seconds is None:
        at_work = f"{call.phrase} " if call.phrase else ""
        percent = round(100 * call.fraction)
        return (
            f'<div class="sw-call sw-running">{line}<span class="sw-aside">{_text(at_work)}'
            f'<progress max="100" value="{percent}">{percent}%</progress></span></div>'
        )
    if call.failed:
        return f'<div class="sw-call sw-broken">{line}<span class="sw-aside">not done</span></div>'
    done = f'<div class="sw-call">{line}<span class="sw-aside">{call.seconds:.1f} s {chips(call.evidence)}</span></div>'
    if not call.picture:
        return done
    address = _attribute(f"/explained/{case}/{call.picture}")
    return f'{done}<img class="sw-why" src="{address}" alt="{WHY}">'


def _clause(text: str, cites: Sequence[str]) -> str:
    inline = [name for mark in _CITES.findall(text) for name in _NAME.findall(mark)]
    rest = [c for c in cites if c not in inline]
    return f"<span>{marked(text)}{' ' if rest else ''}{chips(rest)}</span>"


def marked(text: str) -> str:
    """Return text as HTML, everything in it escaped, its citations as chips."""
    return _CITES.sub(lambda m: " " + chips(_NAME.findall(m[1])), _text(text))


def chips(evidence: Iterable[str]) -> str:
    """Return evidence ids as small labels that open what they name."""
    return "".join(
        f'<button type="button" class="sw-chip" data-evidence="{html.escape(name, quote=True)}">'
        f"{html.escape(name, quote=True)}</button>"
        for name in evidence
    )


def framed(heads: Iterable[str], rows: str) -> str:
    """Return a table that scrolls in its own frame: column titles (plain text) and rows (HTML)."""
    titles = "".join(f'<th scope="col">{_text(h)}</th>' for h in heads)
    return (
        f'<div class="sw-scroll" tabindex="0"><table class="sw-table"><thead><tr>{titles}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _options(options: Sequence[str]) -> str:
    buttons = "".join(
        f'<button type="button" data-act="say" data-text="{_attribute(o)}">{_text(o)}</button>' for o in options
    )
    return f'<div class="sw-options">{buttons}</div>' if options else ""


_NAMELESS = f'<button type="button" data-act="{NAMELESS}">Approve, de-identified</button>'


def _waiting(part: Waiting) -> str:
    what = ", ".join(f"{name}={_argument(value)}" for name, value in part.arguments.items())
    text = f'<p class="sw-said">Waits for your approval: <code>{_text(part.action)}({_text(what)})</code></p>'
    if part.answered:
        return f'<div class="sw-waiting">{text}<span class="sw-aside">{_text(part.answered)}</span></div>'
    return (
        f'<div class="sw-waiting">{text}<div class="sw-options">'
        '<button type="button" data-act="approve">Approve</button>'
        f"{_NAMELESS if part.action == 'export' and not part.arguments.get('deidentify') else ''}"
        '<button type="button" data-act="reject">Reject</button></div></div>'
    )


def _argument(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.1f}" if abs(value) >= 1 else f"{value:g}"
    if isinstance(value, list | tuple):
        return "(" + ", ".join(_argument(v) for v in value) + ")"
    return str(value)


def _text(text: str) -> str:
    return html.escape(str(text), quote=True).replace("\n", "<br>")


def _attribute(text: str) -> str:
    return html.escape(str(text), quote=True).replace("\n", " ")
