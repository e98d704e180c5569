"""compare: this scan's lesions against an earlier scan's, every pair as evidence, and the sum of chosen targets.

What a model or the planner sees, beside the ids of what was recorded:

    {"priors": [{"prior": 1, "scan": "E2", "identity": "same patient by the headers", "days": 365,
                 "interval": "E2", "from": "headers", "registration": "E9"}],
     "pairs": [{"evidence": "E10", "prior": 1, "kind": "matched", "lesion": 2, "lesions": [2], "prior_lesions": [1],
                "within_readers_noise": true, "growth_allowed": false, "reasons": ["…"], "quantities": {…}}],
     "sum": {"evidence": "E11", "targets": [1, 2], "nodes": [{"lesion": 2, "statement": "E8"}],
             "small_nodes": [{"lesion": 2, "size": "E7"}], "quantities": {…}} or null,
     "notes": ["…"]}

`from` is ``headers``, ``stated`` or null. A pair's kinds are those of `tools.compare`, and ``unmatched`` where a tool
and no reader outlined the prior, or where the other scan does not show the place: that makes no lesion new or gone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from agent.record import LesionRecord, PriorRecord, is_axis
from agent.toolset.before import NOT_REVIEWED, measure_prior, outline_prior, scan_of
from agent.toolset.desk import Desk, brief
from agent.toolset.gone import gone_numbers
from agent.toolset.measuring import measure_one
from agent.toolset.sums import sum_of_targets, wanted_targets
from agent.toolset.which_prior import meant
from tools.compare import Comparison, Pair, TimePoint
from tools.contract import NotApplicable
from tools.evidence import Evidence
from tools.mask import Mask
from tools.quantity import Quantity
from tools.scan import Scan

PRODUCER, VERSION = "lesion-compare", "1.0.0"
READER = "reader"
NO_PRIOR = (
    "No prior scan is in this case, so nothing was compared. Add the earlier scan and, best, its outlines; a prior "
    "size that you state is kept and shown as stated, not as measured."
)


def compare(
    desk: Desk,
    days: int | None = None,
    prior: int | None = None,
    which: str | None = None,
    targets: Sequence[int] | None = None,
    sum_targets: bool = False,
) -> dict[str, Any]:
    """Compare with every prior of the case, or the one that is meant, and add up the targets' diameters if wanted.

    `prior`: its number; `which`: the reader's words for it.

    Raises:
        NotApplicable: no prior, or nothing outlined.
        ToolError: the scans could not be laid onto each other.
    """
    desk.need_scan()
    picked = meant(desk, which) if which and prior is None else None
    chosen = _priors(desk, picked.number if picked else prior)
    if not chosen and not (targets or sum_targets):
        raise NotApplicable(NO_PRIOR)
    numbers = wanted_targets(desk, targets, sum_targets)
    told, pairs, notes = [], [], []
    for one in chosen:
        notes += _check_interval(one, days)
        found = _compared(desk, one.number)
        told.append(_told(desk, one.number, found[0]))
        pairs += [_pair(e) for e in found[1:]]
        notes += [str(n) for n in found[0].inputs.get("notes") or ()]
    total = sum_of_targets(desk, numbers, _latest(chosen)) if numbers else None
    shown = _told_sum(desk, total) if total else None
    return {"priors": told, "pairs": pairs, "sum": shown, "notes": list(dict.fromkeys(notes))}


def _priors(desk: Desk, number: int | None) -> list[PriorRecord]:
    there = desk.record.priors
    if number is None:
        return there
    found = [p for p in there if p.number == number]
    if not found:
        held = ", ".join(str(p.number) for p in there) or "none"
        raise NotApplicable(f"There is no prior {number} in this case. Priors: {held}.")
    return found


def _latest(priors: Sequence[PriorRecord]) -> int | None:
    """Return the prior nearest in time, else the one added last; None for none."""
    dated = [p for p in priors if p.days is not None]
    found = min(dated, key=lambda p: p.days or 0) if dated else priors[-1] if priors else None
    return None if found is None else found.number


def _check_interval(prior: PriorRecord, days: int | None) -> list[str]:
    """Hold an interval that was handed in against the headers and what the reader stated; it is no evidence itself."""
    if days is None or prior.days == days:
        return []
    if prior.days is None:
        return ["An interval was asked for that neither the headers nor the reader gives; none is used. State it."]
    held = "headers" if prior.interval is prior.scan else "reader's statement"
    return [f"The interval of the {held} stands; another one was asked for."]


def _compared(desk: Desk, number: int) -> list[Evidence]:
    """Return a registration and its pairs: those on record where nothing has changed since, else made anew."""
    lesions = _current(desk)
    prior = _prior(desk, number)
    held = _held(desk, prior, lesions)
    if held:
        return held
    for lesion in lesions:
        if lesion.measurement is None:
            measure_one(desk, lesion)
    lesions = _current(desk)
    scan = scan_of(desk, prior)
    if not prior.outlines:
        outline_prior(desk, prior, scan, lesions)
        prior = _prior(desk, number)
    measure_prior(desk, prior, scan)
    prior = _prior(desk, number)
    result = _run(desk, prior, scan, lesions)
    return _record(desk, prior, lesions, result)


def _current(desk: Desk) -> list[LesionRecord]:
    found = [x for x in desk.record.lesions if x.status != "rejected" and x.outlined]
    if not found:
        raise NotApplicable(
            "No lesion is outlined on this scan, so there is nothing to compare. Click on one or draw a box, and ask "
            "to outline it."
        )
    return found


def _prior(desk: Desk, number: int) -> PriorRecord:
    return next(p for p in desk.record.priors if p.number == number)


def _basis(prior: PriorRecord, lesions: Sequence[LesionRecord]) -> dict[str, Any]:
    """Return what a comparison rests on: while this is the same, it is not made again."""
    return {
        "current_outlines": [x.mask_evidence.id for x in lesions],
        "prior_outlines": [e.id for e in prior.outlines.values()],
        "interval": prior.interval.id if prior.interval else None,
    }


def _held(desk: Desk, prior: PriorRecord, lesions: Sequence[LesionRecord]) -> list[Evidence]:
    record = desk.record
    mine = [e for e in record.live if e.kind == "comparison" and e.inputs.get("prior") == prior.number]
    first = next((e for e in mine if e.inputs.get("kind") == "registration"), None)
    if first is None or any(first.inputs.get(k) != v for k, v in _basis(prior, lesions).items()):
        return []
    pairs = [e for e in mine if first.id in e.parents]
    return [first, *pairs] if len(pairs) == first.inputs.get("pairs") else []


def _run(desk: Desk, prior: PriorRecord, scan: Scan, lesions: Sequence[LesionRecord]) -> Comparison:
    current = TimePoint(
        desk.need_scan(),
        {x.number: desk.evidence.mask(x.mask_evidence) for x in lesions},
        {x.number: method(x.mask_evidence) for x in lesions},
    )
    return desk.compare(current, TimePoint(scan, *_outlines(desk, prior)), prior.days)


def _outlines(desk: Desk, prior: PriorRecord) -> tuple[dict[int, Mask], dict[int, str]]:
    masks = {n: desk.evidence.mask(e) for n, e in prior.outlines.items()}
    return masks, {n: method(e) for n, e in prior.outlines.items()}


def method(mask: Evidence) -> str:
    """Return how an outline was made: by a reader, or by which version of which tool."""
    return READER if mask.kind == "drawn" else f"{mask.producer} {mask.version}"


def _record(
    desk: Desk, prior: PriorRecord, lesions: Sequence[LesionRecord], result: Comparison
) -> list[Evidence]:
    """Record the registration, then every pair; what an earlier comparison with this prior said is superseded."""
    record = desk.record
    replaced = {old for e in record.items for old in e.supersedes}
    earlier = [
        e.id
        for e in record.items
        if e.kind == "comparison" and e.inputs.get("prior") == prior.number and e.id not in replaced
    ]
    numbers = gone_numbers(desk, prior, result)
    by_tool = any(e.kind == "mask" for e in prior.outlines.values())
    parents = [prior.scan.id, *(x.mask_evidence.id for x in lesions), *(e.id for e in prior.outlines.values())]
    parents += [record.scan.id] if record.scan else []
    parents += [prior.interval.id] if prior.interval else []
    first = desk.evidence.add(
        "comparison", PRODUCER, VERSION, scan_id=desk.need_scan().id, parents=tuple(dict.fromkeys(parents)),
        inputs={
            "kind": "registration", "prior": prior.number, "pairs": len(result.pairs),
            "identity": prior.scan.inputs.get("identity"), **_basis(prior, lesions),
            "how": list(result.registration.notes), "notes": list(result.notes),
            "matrix": [list(row) for row in result.registration.matrix],
        },
        quantities=result.registration.quality, supersedes=tuple(earlier),
    )  # fmt: skip
    current = {x.number: x for x in lesions}
    pairs = [_unreviewed(p) for p in result.pairs] if by_tool else result.pairs
    return [first, *(_record_pair(desk, p, first, prior, current, numbers, by_tool) for p in pairs)]


def _unreviewed(pair: Pair) -> Pair:
    """Return a pair of which no growth may be told, because nobody has looked at its outline on the prior."""
    if not pair.current or not pair.prior:
        return pair
    return dataclasses.replace(pair, growth_allowed=False, reasons=(*pair.reasons, NOT_REVIEWED))


def _record_pair(
    desk: Desk, pair: Pair, first: Evidence, prior: PriorRecord, current: Mapping[int, LesionRecord],
    gone: Mapping[tuple[int, ...], int], by_tool: bool,
) -> Evidence:  # fmt: skip
    lesions = list(pair.current) or [gone[pair.prior]]
    here = [current[n] for n in pair.current]
    parents = [first.id, *(x.mask_evidence.id for x in here), *(prior.outlines[n].id for n in pair.prior)]
    parents += [x.measurement.id for x in here if x.measurement is not None and not is_axis(x.measurement)]
    parents += [prior.measurements[n].id for n in pair.prior if n in prior.measurements]
    quantities = [q for q in pair.quantities if pair.growth_allowed or q.name != "doubling_time"]
    if prior.days is not None:
        how = "between the study dates in the two headers" if prior.interval is prior.scan else "stated by the reader"
        quantities.append(Quantity("interval", prior.days, "d", how))
    return desk.evidence.add(
        "comparison", PRODUCER, VERSION, scan_id=desk.need_scan().id, parents=tuple(dict.fromkeys(parents)),
        inputs={
            "kind": _kind(pair, by_tool=by_tool), "lesion": lesions[0], "lesions": lesions,
            "prior": prior.number, "prior_lesions": list(pair.prior), "only_before": not pair.current,
            "confidence": pair.confidence, "within_readers_noise": pair.within_readers_noise,
            "growth_allowed": pair.growth_allowed, "reasons": list(pair.reasons),
            "identity": prior.scan.inputs.get("identity"),
        },
        quantities=tuple(quantities),
    )  # fmt: skip


def _kind(pair: Pair, *, by_tool: bool) -> str:
    """Return a pair's kind; ``unmatched`` where nothing tells a new lesion from one not outlined or not in view."""
    unseen = pair.kind in ("new", "gone") and pair.confidence == 0.0
    return "unmatched" if unseen or (by_tool and pair.kind == "new") else pair.kind


def _told(desk: Desk, number: int, first: Evidence) -> dict[str, Any]:
    prior = _prior(desk, number)
    held = prior.interval
    return {
        "prior": number, "scan": prior.scan.id, "identity": prior.scan.inputs.get("identity"), "days": prior.days,
        "interval": held.id if held else None, "registration": first.id,
        "from": None if held is None else "headers" if held is prior.scan else "stated",
    }  # fmt: skip


def _told_sum(desk: Desk, total: Evidence) -> dict[str, Any]:
    lesions = {x.number: x for x in desk.record.lesions}
    sizes = {n: x.measurement.id for n, x in lesions.items() if x.measurement is not None}
    nodes = [{"lesion": n, "statement": lesions[n].stated["lymph_node"].id} for n in total.inputs["nodes"]]
    small = [{"lesion": n, "size": sizes[n]} for n in total.inputs["small_nodes"]]
    return {
        "evidence": total.id, "targets": total.inputs["targets"], "nodes": nodes, "small_nodes": small,
        "quantities": brief(total.quantities),
    }  # fmt: skip


def _pair(item: Evidence) -> dict[str, Any]:
    kept = ("prior", "kind", "lesion", "lesions", "prior_lesions", "within_readers_noise", "growth_allowed", "reasons")
    return {"evidence": item.id, **{k: item.inputs.get(k) for k in kept}, "quantities": brief(item.quantities)}
