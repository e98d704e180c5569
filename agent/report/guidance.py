"""What guidelines say about each lesion as the record stands: a recorded category, what is missing, or why not.

Which guidelines is a matter of the stated setting (see `agent.toolset.choice`). Applying one is code over recorded
evidence. `bring_up_to_date` records a category that has become possible or has changed, the same way the reader's own
question would; nothing is recorded while something is still missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agent.record import LesionRecord, Record
from agent.toolset import advice
from agent.toolset.choice import DEFAULT, RECIST, by_setting, targets
from agent.toolset.desk import Desk
from agent.toolset.inputs import gather
from tools.contract import NotApplicable
from tools.evidence import Evidence

TARGETS: tuple[str, Mapping[str, str]] = (
    "targets", {"en": "Which lesions are the targets?", "zh": "哪些病灶是靶病灶?"},
)  # fmt: skip
"""What RECIST needs before any sum: the reader's choice."""


@dataclass(frozen=True)
class Guidance:
    """What one guideline says about one lesion now: one of the three, or nothing yet though all inputs are there.

    Attributes:
        guideline: its name, such as ``fleischner-2017``.
        category: recorded evidence of a row, or of being out of scope.
        needs: names of inputs still missing, with their questions in both languages.
        no_size: no measurement in millimetres.
        not_allowed: the outline is by a tool that the operator has not allowed to feed criteria.
    """

    guideline: str = DEFAULT
    category: Evidence | None = None
    needs: tuple[tuple[str, Mapping[str, str]], ...] = ()
    no_size: bool = False
    not_allowed: bool = False

    @property
    def title(self) -> str:
        """The guideline's name and edition as a reader writes them."""
        return advice.title_of(self.guideline)

    @property
    def gives_row(self) -> bool:
        """Whether a row fired: not out of scope and nothing missing."""
        held = self.category
        return held is not None and bool(held.inputs.get("row")) and not held.inputs.get("out_of_scope")


def bring_up_to_date(desk: Desk) -> None:
    """Record the category of every outlined lesion for which all inputs are there and none current is recorded.

    The leading guideline comes last, so that it is the lesion's latest advice.
    """
    for name in reversed(by_setting(desk.record)):
        for lesion in _held_to(desk.record, name):
            if name == RECIST:
                advice.first_target(desk)
            _record(desk, name, lesion)


def _record(desk: Desk, name: str, lesion: LesionRecord) -> None:
    import knowledge

    state = desk.state
    values = _inputs(desk, lesion, name)
    if values is None or _current_category(desk.record, lesion, name, values) is not None:
        return
    if not knowledge.assess(name, **values).needs:
        advice.assess(desk, name, lesion.number)
        asked = state.get("asked") or {}
        answered = asked.get("lesion") == lesion.number and asked.get("guideline") == name
        desk.keep(focus=state.get("focus"), asked=None if answered else state.get("asked"))


def guidance(desk: Desk) -> dict[int, tuple[Guidance, ...]]:
    """Return what the guidelines say about each outlined lesion, by number, the leading one first. Records nothing."""
    found: dict[int, tuple[Guidance, ...]] = {x.number: () for x in _in_scope(desk.record)}
    for name in by_setting(desk.record):
        for lesion in _held_to(desk.record, name):
            found[lesion.number] = (*found[lesion.number], _of(desk, name, lesion))
    return found


def _of(desk: Desk, name: str, lesion: LesionRecord) -> Guidance:
    import knowledge

    if desk.not_allowed(lesion) is not None:
        return Guidance(name, not_allowed=True)
    values = _inputs(desk, lesion, name)
    if values is None:
        return Guidance(name, no_size=True)
    category = _current_category(desk.record, lesion, name, values)
    if category is not None:
        return Guidance(name, category)
    needs = knowledge.assess(name, **values).needs
    asked = tuple((n.name, {str(k): v for k, v in n.question.items()}) for n in needs)
    missing = name == RECIST and needs and not targets(desk.record)
    return Guidance(name, needs=(TARGETS, *(n for n in asked if n[0] != "current_sum_mm")) if missing else asked)


def _in_scope(record: Record) -> list[LesionRecord]:
    inputs: dict[str, Any] = record.scan.inputs if record.scan else {}
    if inputs.get("modality") != "CT" or inputs.get("body_part") != "CHEST":
        return []
    return [x for x in record.lesions if x.outlined and x.status != "rejected"]


def _held_to(record: Record, name: str) -> list[LesionRecord]:
    """Return the lesions that a guideline is applied to: each; for a sum over targets the first of them."""
    lesions, chosen = _in_scope(record), targets(record)
    if name != RECIST or not chosen:
        return lesions
    return [x for x in lesions if x.number == chosen[0]]


def _inputs(desk: Desk, lesion: LesionRecord, name: str) -> dict[str, Any] | None:
    """Return a criterion's inputs for a lesion, or None without a measurement in mm."""
    try:
        return gather(desk, lesion, name).values
    except NotApplicable:
        return None


def _current_category(record: Record, lesion: LesionRecord, name: str, values: dict[str, Any]) -> Evidence | None:
    """Return the lesion's current category by a guideline when it rests on just what is known now."""
    known = {k: v for k, v in values.items() if v is not None}
    held = [e for e in record.live if e.kind == "category" and e.inputs.get("lesion") == lesion.number]
    of_it = [e for e in held if e.inputs.get("guideline") == name]
    return of_it[-1] if of_it and of_it[-1].inputs.get("used") == known else None
