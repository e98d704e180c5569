"""One turn as the messages hold it: what the reader typed, the case card, what was called and what came of it.

Knows nothing of intents and writes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agent.planner.again import bare
from agent.planner.goals import Goal
from agent.planner.reading import plain
from agent.planner.spelling import spelled

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

CARD_START, CARD_END = "<case_card>", "</case_card>"
PLAN_KEY = "planner_goals"
"""Where a turn's plan is kept: beside the calls of its first message, so that later steps walk the same plan."""
LOOKS_BACK = 6
"""Messages that a bare "and 3?" may follow each other: the request that they take up stands before them."""
GOES_ON = ("find_guideline", "recall", "show")
"""What is still worth doing after another call has failed."""


@dataclass(frozen=True)
class Done:
    """A call that was made in this turn, and its result."""

    function: str
    arguments: dict[str, Any]
    result: dict[str, Any]

    @property
    def ok(self) -> bool:
        """Whether it did what was asked."""
        return bool(self.result.get("ok"))


@dataclass(frozen=True)
class Turn:
    """What a step is decided from."""

    text: str = ""
    before: str = ""
    last_answer: str = ""
    card: dict[str, Any] = field(default_factory=dict)
    done: tuple[Done, ...] = ()
    kept: tuple[Goal, ...] | None = None


def read_turn(messages: Sequence[BaseMessage]) -> Turn:
    """Return the turn that a list of messages ends with."""
    from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage

    card = next((found for m in messages if isinstance(m, SystemMessage) and (found := read_card(str(m.text)))), {})
    asked = [i for i, m in enumerate(messages) if isinstance(m, HumanMessage)]
    if not asked:
        return Turn(card=card)
    start = asked[-1]
    calls: dict[str, tuple[str, dict[str, Any]]] = {}
    done: list[Done] = []
    kept: tuple[Goal, ...] | None = None
    for message in messages[start + 1 :]:
        if isinstance(message, AIMessage):
            calls |= {str(c["id"]): (c["name"], dict(c["args"])) for c in message.tool_calls}
            kept = kept if kept is not None else read_goals(message.additional_kwargs.get(PLAN_KEY))
        elif isinstance(message, ToolMessage):
            name, arguments = calls.get(message.tool_call_id, (str(message.name or ""), {}))
            done.append(Done(name, arguments, _result(str(message.text))))
    said = [str(m.text) for m in messages[:start] if isinstance(m, AIMessage) and str(m.text).strip()]
    return Turn(
        text=str(messages[start].text),
        before=_before([str(messages[i].text) for i in asked[:-1]]),
        last_answer=said[-1] if said else "",
        card=card,
        done=tuple(done),
        kept=kept,
    )


def _before(typed: Sequence[str]) -> str:
    """Return the reader's last message that was more than "and the second one?"; the last of all where none was."""
    recent = list(reversed(typed[-LOOKS_BACK:]))
    return next((t for t in recent if not bare(spelled(plain(t)))), recent[0] if recent else "")


def read_card(text: str) -> dict[str, Any]:
    """Return the case card in a system message, or an empty one."""
    start = text.find(CARD_START)
    if start < 0:
        return {}
    body = text[start + len(CARD_START) :].lstrip()
    try:
        card, _ = json.JSONDecoder().raw_decode(body)
    except ValueError:
        return {}
    return card if isinstance(card, dict) else {}


def write_goals(goals: Sequence[Goal]) -> list[dict[str, Any]]:
    """Return goals as a message can keep them."""
    return [{"function": g.function, "arguments": g.arguments, "same": g.same} for g in goals]


def read_goals(kept: Any) -> tuple[Goal, ...] | None:
    """Return the goals that a message kept, or None."""
    if not isinstance(kept, list):
        return None
    return tuple(Goal(str(g["function"]), dict(g["arguments"]), bool(g["same"])) for g in kept)


def remaining(goals: Sequence[Goal], done: Sequence[Done], *, kept: bool) -> list[Goal]:
    """Return the goals still to be done; after a failure, or a search that found nothing, only what does not need it.

    Args:
        goals: the plan. done: what was called.
        kept: whether the calls were made by this very plan, in its order; else they are matched by function.
    """
    if kept:
        left = list(goals[len(done) :])
    else:
        left = list(goals)
        for call in done:
            hit = next((g for g in left if g.function == call.function), None)
            if hit is not None:
                left.remove(hit)
    if any(not d.ok for d in done):
        return [g for g in left if g.function in GOES_ON and not g.same]
    if any(d.function == "find" and not d.result.get("count") for d in done):
        return [g for g in left if not g.same]
    return left


def settled(goal: Goal, turn: Turn) -> Goal:
    """Return a goal with its lesion filled in from the step before it."""
    if not goal.same or "lesion" in goal.arguments:
        return goal
    number = _last_lesion(turn)
    return Goal(goal.function, {**goal.arguments, "lesion": number} if number is not None else dict(goal.arguments))


def _last_lesion(turn: Turn) -> int | None:
    for call in reversed(turn.done):
        result: Mapping[str, Any] = call.result
        if call.function == "find" and result.get("candidates"):
            whole = [c for c in result["candidates"] if not c.get("cut_off")]  # an organ at the edge is often one
            return int((whole or result["candidates"])[0]["lesion"])
        if call.function == "measure" and len(result.get("results") or []) == 1:
            return int(result["results"][0]["lesion"])
        if isinstance(result.get("lesion"), int):
            return int(result["lesion"])
    return None


def _result(content: str) -> dict[str, Any]:
    try:
        data = json.loads(content)
    except ValueError:
        return {"ok": False, "error": "NotJson", "message": content}
    return data if isinstance(data, dict) else {"ok": False, "error": "NotJson", "message": content}
