"""Events: frozen, named, and plain JSON."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest

from agent import events
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

ONE_OF_EACH = [
    ToolStarted("c1", "measure", {"lesion": 2}),
    ToolProgress("measure", 0.5, "measuring"),
    ToolFinished("c1", "measure", ("E9",), {"evidence": "E9"}, 0.2),
    Clause("Lesion 2 is 14.2 mm long [E9].", ("E9",)),
    Struck("a number is held by nothing"),
    Question("Which lesion?", ("1", "2")),
    Approval("export", {"format": "all"}),
    Notice("the endpoint is down"),
    Failed("NotApplicable", "There is no lesion 9."),
]
NAMES = [
    "tool_started",
    "tool_progress",
    "tool_finished",
    "clause",
    "struck",
    "question",
    "approval",
    "notice",
    "failed",
]


@pytest.mark.parametrize(("event", "name"), list(zip(ONE_OF_EACH, NAMES, strict=True)), ids=NAMES)
def test_each_event_is_json_with_its_name_first(event: Event, name: str) -> None:
    data = event.to_json()
    assert next(iter(data.items())) == ("event", name)
    assert json.loads(json.dumps(data, ensure_ascii=False)) == data
    assert set(data) == {"event", *(f.name for f in dataclasses.fields(event))}


def test_events_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Clause("a").text = "b"  # type: ignore[misc]


def test_every_event_class_is_covered_here() -> None:
    assert {type(e) for e in ONE_OF_EACH} == set(Event.__subclasses__())


def test_the_error_tree_is_the_one_that_is_drawn() -> None:
    drawn = events.AgentError.__doc__ or ""
    for path in Path(events.__file__).parent.rglob("*.py"):
        for name in re.findall(r"^class (\w+)\(AgentError\)", path.read_text(encoding="utf-8"), flags=re.MULTILINE):
            assert name in drawn, f"{path.name}: {name}"
