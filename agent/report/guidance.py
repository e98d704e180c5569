"""What a guideline says about each lesion as the record stands: a recorded category, what is missing, or why not.

Applying a guideline is code over recorded evidence. `bring_up_to_date` records a category that has become possible or
has changed, the same way the reader's own question would; nothing is recorded while something is still missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent.record import LesionRecord, Record
from agent.toolset import advice
from agent.toolset.desk import Desk
from tools.contract import NotApplicable
from tools.evidence import Evidence

GUIDELINE, TITLE = "fleischner-2017", "Fleischner 2017"
"""The one whose table this version holds: for nodules on chest CT."""


@dataclass(frozen=True)
class Guidance:
    """What a guideline says about one lesion now: one of the three, or nothing yet though all inputs are there.

    Attributes:
        category: recorded evidence of a row, or of being out of scope.
        needs: names of inputs still missing, with their questions in both languages.
        no_size: no measurement in millimetres.
    """

    category: Evidence | None = None
    needs: tuple[tuple[str, Mapping[str, str]], ...] = ()
    no_size: bool = False


def bring_up_to_date(desk: Desk) -> None:
    """Record the category of every outlined lesion for which all inputs are there and none current is recorded."""
    import knowledge

    state = desk.state
    for lesion in _in_scope(desk.record):
        values = _inputs(desk, lesion)
        if values is None or _current_category(lesion, values) is not None:
            continue
        if not knowledge.assess(GUIDELINE, **values).needs:
            advice.assess(desk, GUIDELINE, lesion.number)
            asked = state.get("asked") or {}
            answered = asked.get("lesion") == lesion.number and asked.get("guideline") == GUIDELINE
            desk.keep(focus=state.get("focus"), asked=None if answered else state.get("asked"))


def guidance(desk: Desk) -> dict[int, Guidance]:
    """Return what the guideline says about each outlined lesion, by number. Records nothing."""
    import knowledge

    found: dict[int, Guidance] = {}
    for lesion in _in_scope(desk.record):
        values = _inputs(desk, lesion)
        if values is None:
            found[lesion.number] = Guidance(no_size=True)
            continue
        category = _current_category(lesion, values)
        if category is not None:
            found[lesion.number] = Guidance(category=category)
            continue
        needs = knowledge.assess(GUIDELINE, **values).needs
        asked = tuple((n.name, {str(k): v for k, v in n.question.items()}) for n in needs)
        found[lesion.number] = Guidance(needs=asked)
    return found


def _in_scope(record: Record) -> list[LesionRecord]:
    inputs: dict[str, Any] = record.scan.inputs if record.scan else {}
    if inputs.get("modality") != "CT" or inputs.get("body_part") != "CHEST":
        return []
    return [x for x in record.lesions if x.outlined and x.status != "rejected"]


def _inputs(desk: Desk, lesion: LesionRecord) -> dict[str, Any] | None:
    """Return a criterion's inputs for a lesion, or None without a measurement in mm."""
    try:
        return advice.gather(desk, lesion).values
    except NotApplicable:
        return None


def _current_category(lesion: LesionRecord, values: dict[str, Any]) -> Evidence | None:
    """Return the lesion's current category when it rests on just what is known now."""
    category = lesion.category
    if category is None or category.inputs.get("guideline") != GUIDELINE:
        return None
    known = {k: v for k, v in values.items() if v is not None}
    return category if category.inputs.get("used") == known else None
