"""classify: what a classifier says of one lesion, and what several say side by side. Never a diagnosis.

Each tool's scores are evidence of their own. How far two are apart is measured where both give the same score, and
nothing here says who is right. The lesion keeps the first one's; the others rest on it and fall with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

from agent.record import LesionRecord
from agent.toolset.beside import ALTERNATIVE, meant
from agent.toolset.desk import Desk, brief
from agent.toolset.why import explained
from tools.contract import Cancelled, ClassifyRequest, ClassifyResult, StateDown, ToolError, ToolSpec
from tools.evidence import Evidence
from tools.quantity import Quantity

LARGEST = "largest_difference"
SCORES = "scores"
"""The kind of comparison that says how far two tools' scores are apart."""


def classify(
    desk: Desk,
    lesion: int | None = None,
    explain: bool = False,
    tool: str | None = None,
    tools: list[str] | None = None,
) -> dict[str, Any]:
    """Say what a tool sees in one lesion, never a diagnosis; asked for, why.

    `tools` are asked side by side; the first that answers gives the lesion's scores.
    """
    scan = desk.need_scan()
    chosen = desk.pick(lesion)
    request = ClassifyRequest(scan, desk.evidence.mask(chosen.mask_evidence))
    names = meant(desk, tools, task="classify") if tools else [tool]
    answers, failed = _answers(desk, request, names)
    result, spec = answers[0]
    item = _record(desk, chosen, result, spec, None)
    desk.keep(focus=chosen.number)
    why = {"explanation": explained(desk, request, spec.name)} if explain else {}
    more = _beside(desk, chosen, item, answers[1:], failed) if tools else {}
    return {
        "lesion": chosen.number, "evidence": item.id, "tool": spec.name, "quantities": brief(result.scores),
        "notes": list(result.notes), "sayable": _sayable(item), **why, **more,
    }  # fmt: skip


def _sayable(item: Evidence) -> bool:
    """Return whether the scores can be read out by name: none of their names would say what the lesion is."""
    from agent.restate import quantity_name

    return all(_claims_nothing(f"It is {quantity_name(q.name)}") for q in item.quantities)


def _claims_nothing(text: str) -> bool:
    from agent.grounding import never_said
    from agent.grounding.claims import claims

    return claims(text) == claims("") and not never_said(text)


def apart(
    a: Sequence[Quantity], b: Sequence[Quantity], tools: Sequence[str] = ("one tool", "the other")
) -> tuple[Quantity, ...]:
    """Return how far two tools are apart in every score that both give, without a sign; the largest first.

    Where the scores have several units there is no largest.
    """
    held, method = {(q.name, q.unit): q.value for q in b}, f"between {tools[0]} and {tools[1]}, without a sign"
    each = tuple(
        Quantity(f"{q.name}_difference", abs(q.value - held[q.name, q.unit]), q.unit, method)
        for q in a if (q.name, q.unit) in held
    )  # fmt: skip
    if len({q.unit for q in each}) != 1:
        return each
    top = max(q.value for q in each)
    return (Quantity(LARGEST, top, each[0].unit, f"of the {len(each)} scores that both give"), *each)


def _answers(
    desk: Desk, request: ClassifyRequest, names: Sequence[str | None]
) -> tuple[list[tuple[ClassifyResult, ToolSpec]], list[dict[str, Any]]]:
    """Return what the tools answer, and which could not and why. Raises the first one's error when none could."""
    answers: list[tuple[ClassifyResult, ToolSpec]] = []
    errors: list[ToolError] = []
    failed: list[dict[str, Any]] = []
    for name in names:
        try:
            answers.append(desk.submit("classify", "classify", request, name))
        except (Cancelled, StateDown):
            raise
        except ToolError as error:
            errors.append(error)
            failed.append({"tool": str(name), "why": str(error), "sayable": _claims_nothing(str(error))})
    if not answers:
        raise errors[0]
    return answers, failed


def _record(
    desk: Desk, lesion: LesionRecord, result: ClassifyResult, spec: ToolSpec, first: Evidence | None
) -> Evidence:
    """Record a tool's scores: as the lesion's, or beside those of `first`."""
    mask = lesion.mask_evidence.id
    old = (lesion.rating.id,) if lesion.rating and first is None else ()
    return desk.evidence.add(
        "classification", spec.name, spec.version, weights=spec.weights_sha256, scan_id=desk.need_scan().id,
        parents=(mask,) if first is None else (mask, first.id),
        inputs={"lesion": lesion.number} if first is None else {ALTERNATIVE: lesion.number},
        quantities=result.scores, text=" ".join(result.notes), supersedes=old,
    )  # fmt: skip


def _beside(
    desk: Desk, lesion: LesionRecord, first: Evidence, rest: Sequence[tuple[ClassifyResult, ToolSpec]],
    failed: list[dict[str, Any]],
) -> dict[str, Any]:
    items = [first, *(_record(desk, lesion, result, spec, first) for result, spec in rest)]
    return {
        "beside": [
            {"tool": e.producer, "evidence": e.id, "quantities": brief(e.quantities), "sayable": _sayable(e)}
            for e in items
        ],
        "agreement": [_agreement(desk, lesion.number, a, b) for a, b in combinations(items, 2)],
        "not_scored": failed,
    }  # fmt: skip


def _agreement(desk: Desk, number: int, a: Evidence, b: Evidence) -> dict[str, Any]:
    """Record how far two are apart; nothing is recorded where they share no score."""
    tools = [a.producer, b.producer]
    shared = apart(a.quantities, b.quantities, tools)
    if not shared:
        return {"tools": tools, "evidence": None, "differences": {}}
    item = desk.evidence.add(
        "comparison", "score-difference", "1", scan_id=a.scan_id, parents=(a.id, b.id), quantities=shared,
        inputs={"kind": SCORES, "lesion": number, "classifications": [a.id, b.id], "tools": tools},
    )  # fmt: skip
    return {"tools": tools, "evidence": item.id, "differences": brief(shared)}
