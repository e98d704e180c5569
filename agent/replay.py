"""Replays a case from its record, without a model: each recorded call is run again and what comes out is compared.

Nothing is recorded by it. What the reader stated or drew, and the scan itself, are given and not computed; what was
answered is checked once more against the evidence that it cites.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from agent import grounding
from agent.replay_change import Comparisons, differences, scan_called
from agent.toolset.desk import Desk
from tools.contract import (
    ClassifyRequest,
    FindRequest,
    MeasureRequest,
    SegmentRequest,
    ToolError,
)
from tools.evidence import Evidence
from tools.mask import Mask
from tools.quantity import Quantity
from tools.scan import Scan

if TYPE_CHECKING:
    from agent.session import Session

GIVEN = ("scan", "stated", "drawn", "passage")
"""Kinds that no call computed."""


@dataclass(frozen=True)
class Replay:
    """What came of a replay.

    Attributes:
        same: evidence that came out the same again.
        different: what did not, one line each.
        given: evidence that is given, not computed.
        not_run: evidence of a kind that is not run again.
        answers: clauses that were checked again.
        ungrounded: what is wrong with them.
    """

    same: tuple[str, ...]
    different: tuple[str, ...]
    given: tuple[str, ...]
    not_run: tuple[str, ...]
    answers: int
    ungrounded: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether everything that was run again came out the same, and every answer still stands."""
        return not self.different and not self.ungrounded


def replay(session: Session) -> Replay:
    """Return what comes of running a case's recorded calls again."""
    desk = session.desk
    same, different, given, not_run = [], [], [], []
    comparisons = Comparisons(desk, desk.record)
    for item in desk.record.items:
        again = (lambda _, e: comparisons.differs(e)) if item.kind == "comparison" else _AGAIN.get(item.kind)
        if item.kind in GIVEN or item.producer == "reader":
            given.append(item.id)
        elif again is None or (desk.scan is not None and item.scan_id not in _scans(desk)):
            not_run.append(item.id)
        else:
            found = _differs(again, desk, item)
            different += [f"{item.id} ({item.kind}): {found}"] if found else []
            same += [] if found else [item.id]
    checked, ungrounded = _answers(session)
    return Replay(tuple(same), tuple(different), tuple(given), tuple(not_run), checked, tuple(ungrounded))


def _scans(desk: Desk) -> set[str | None]:
    """Return the ids of the scans that the case still holds; None for what is about no scan."""
    return {None, desk.need_scan().id, *(p.scan.scan_id for p in desk.record.priors)}


def _scan(desk: Desk, item: Evidence) -> Scan:
    return desk.need_scan() if item.scan_id is None else scan_called(desk, item.scan_id)


def _differs(again: Callable[[Desk, Evidence], str], desk: Desk, item: Evidence) -> str:
    try:
        return again(desk, item)
    except ToolError as error:
        return f"could not be run again: {error}"


def _search(desk: Desk, item: Evidence) -> str:
    most, side = item.inputs.get("max_candidates", 10), item.inputs.get("side")
    request = FindRequest(scan=desk.need_scan(), max_candidates=most, side=side)
    result, spec = _run(desk, item, "find", request)
    counted = (Quantity("candidates", len(result.candidates), "{candidate}", ""),)
    found = _version(spec, item) or differences(item, counted)
    if found:
        return found
    masks = [e for e in desk.record.items if item.id in e.parents and e.kind == "mask"]
    there = [c.mask for c in result.candidates]
    lost = [e.id for e in masks if not any(_same_mask(desk.evidence.mask(e), m) for m in there)]
    return f"{', '.join(lost)} is no candidate of the search any more" if lost else ""


def _mask(desk: Desk, item: Evidence) -> str:
    if item.inputs.get("outlined") is False:
        return ""  # a candidate's rough region: compared with its search
    seed = item.inputs
    clicks = tuple((_place(p), keep) for name, keep in (("add", True), ("avoid", False)) for p in seed.get(name) or [])
    box = seed.get("box")
    threshold = item.quantity("threshold")
    request = SegmentRequest(
        _scan(desk, item), point=_place(seed["point"]) if seed.get("point") else None,
        box=(_place(box[:3]), _place(box[3:])) if box else None, clicks=clicks,
        threshold=threshold.value if threshold else 0.5,
    )  # fmt: skip
    result, spec = _run(desk, item, "segment", request)
    if not any(_same_mask(desk.evidence.mask(item), m) for m in (result.mask, *result.parts)):
        return _version(spec, item) or "the outline is another one"
    return _version(spec, item)


def _measurement(desk: Desk, item: Evidence) -> str:
    mask = desk.record.by_id.get(str(item.inputs.get("mask")))
    if mask is None or not mask.array:
        return "its outline is not in the record"
    result, spec = _run(desk, item, "measure", MeasureRequest(_scan(desk, item), desk.evidence.mask(mask)))
    return _version(spec, item) or differences(item, result.quantities)


def _classification(desk: Desk, item: Evidence) -> str:
    mask = next((e for p in item.parents if (e := desk.record.by_id[p]).array), None)
    if mask is None:
        return "its outline is not in the record"
    result, spec = _run(desk, item, "classify", ClassifyRequest(desk.need_scan(), desk.evidence.mask(mask)))
    return _version(spec, item) or differences(item, result.scores)


def _category(desk: Desk, item: Evidence) -> str:
    import knowledge

    found = knowledge.assess(str(item.inputs["guideline"]), **dict(item.inputs.get("used") or {}))
    was, now = (item.inputs.get("row"), item.inputs.get("category")), (found.row, found.category)
    return "" if was == now else f"the row was {was[0]!r} and is now {now[0]!r}"


_AGAIN: Mapping[str, Callable[[Desk, Evidence], str]] = {
    "search": _search, "mask": _mask, "measurement": _measurement, "classification": _classification,
    "category": _category,
}  # fmt: skip


def _run(desk: Desk, item: Evidence, task: Any, request: Any) -> tuple[Any, Any]:
    return desk.submit(task, task, request, item.producer)


def _version(spec: Any, item: Evidence) -> str:
    if (spec.version, spec.weights_sha256) == (item.version, item.weights):
        return ""
    return f"{spec.name} was version {item.version} and is {spec.version} now"


def _same_mask(a: Mask, b: Mask) -> bool:
    return a.offset == b.offset and np.array_equal(a.box, b.box)


def _place(values: Any) -> tuple[float, float, float]:
    x, y, z = values
    return float(x), float(y), float(z)


def _answers(session: Session) -> tuple[int, list[str]]:
    """Check every clause that was said again; a citation that was current then may be history now."""
    record = session.record
    checked, problems = 0, []
    for said in session.history():
        if said["role"] != "assistant":
            continue
        for clause in grounding.split_clauses(said["text"]):
            checked += 1
            found = grounding.check(clause, record.by_id, current=set(record.by_id))
            problems += [f"{p}: {clause.strip()}" for p in found]
    return checked, problems
