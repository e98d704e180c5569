"""Several segmenters side by side on one prompt: each outline is evidence of its own, their agreement is measured.

A lesion keeps one current outline. The others are alternatives: they rest on it, belong to no lesion's numbers, and
fall with it; one becomes the outline when the reader takes it. Knows no tool by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

from agent.record import LesionRecord
from agent.toolset import anatomy
from agent.toolset.desk import Desk, brief
from agent.toolset.measuring import measure_one
from tools.contract import (
    Cancelled,
    MeasureRequest,
    NotApplicable,
    SegmentRequest,
    SegmentResult,
    StateDown,
    ToolError,
    ToolSpec,
)
from tools.evidence import Evidence
from tools.mask import Mask
from tools.quantity import Quantity

EVERY = "all"
"""Stands for every tool that takes this scan and this kind of prompt."""
MOST_TOOLS = 6
"""More outlines than this over one another cannot be told apart."""
ALTERNATIVE = "alternative_to"
"""The input that holds the number of the lesion an alternative is of."""
_MEASURED = "outlines"
_KIND = {"segment": "segmenters", "classify": "classifiers"}


@dataclass(frozen=True)
class Outline:
    """One tool's outline before it is recorded."""

    mask: Mask
    tool: str
    version: str
    weights: str | None
    quantities: tuple[Quantity, ...]
    text: str = ""

    @classmethod
    def of_result(cls, mask: Mask, result: SegmentResult, spec: ToolSpec, quantities: tuple[Quantity, ...]) -> Outline:
        """Build it from what a tool answered."""
        return cls(mask, spec.name, spec.version, spec.weights_sha256, quantities, " ".join(result.notes))

    @classmethod
    def of_evidence(cls, desk: Desk, item: Evidence) -> Outline:
        """Build it from what was recorded."""
        return cls(desk.evidence.mask(item), item.producer, item.version, item.weights, item.quantities, item.text)


def meant(
    desk: Desk, names: Sequence[str], *, task: Literal["segment", "classify"] = "segment", prompted: bool = False
) -> list[str]:
    """Return the tools of a task to run side by side, by name, the scan's best first where all are meant.

    Raises:
        UnknownTool: there is no tool of a name.
        NotApplicable: fewer than two take this scan and this prompt, or more than can be shown.
    """
    registry, scan = desk.workspace.registry, desk.need_scan()
    wanted = list(dict.fromkeys(names))
    if EVERY in wanted:
        fits = [t.spec for t in registry.all_for(task, scan) if not t.spec.anatomy]
        never = ("unused" if prompted else "needed") if task == "segment" else None
        wanted = [s.name for s in fits if s.prompts != never]
        if len(wanted) < 2:
            there = ", ".join(wanted) or "none"
            raise NotApplicable(
                f"Side by side needs two {_KIND[task]} that take this scan; there is {there}. Put another into the "
                "tools folder (scanwright tools list shows what is at hand), or ask for one alone."
            )
    if not 2 <= len(wanted) <= MOST_TOOLS:
        raise NotApplicable(f"Between 2 and {MOST_TOOLS} tools are shown side by side; {len(wanted)} were named.")
    for name in wanted:
        spec = registry.get(name).spec
        if spec.task != task:
            raise NotApplicable(f"{name} is a tool to {spec.task}, not to {task}.")
    return wanted


def others(
    desk: Desk, first: Evidence, names: Sequence[str], request: SegmentRequest, seed: Mapping[str, Any]
) -> dict[str, Any]:
    """Run the other tools on the prompt of a lesion's outline, record what they drew, and measure all of them.

    A tool that cannot answer is named with its reason, and the others go on.
    """
    drawn: list[Outline] = []
    failed: list[dict[str, str]] = []
    for name in names:
        try:
            result, spec = desk.submit("segment", "segment", request, name)
        except (Cancelled, StateDown):
            raise
        except ToolError as error:
            failed.append({"tool": name, "why": str(error)})
            continue
        if not result.mask.count:
            failed.append({"tool": name, "why": f"{name} outlined nothing there."})
            continue
        cut = Quantity("threshold", result.threshold, "1", "probability at which a voxel counts as inside")
        drawn.append(Outline.of_result(result.mask, result, spec, (cut,)))
    return {**_beside(desk, first, drawn, seed), "not_outlined": failed}


def taken(desk: Desk, lesion: LesionRecord, tool: str | None) -> dict[str, Any] | None:
    """Make an alternative by a tool the lesion's outline, the old one an alternative; None where there is none."""
    waiting = desk.record.alternatives(lesion.number)
    chosen = next((e for e in waiting if e.producer == tool), None)
    if chosen is None:
        return None
    old = lesion.mask_evidence
    outline = Outline.of_evidence(desk, chosen)
    rest = [Outline.of_evidence(desk, e) for e in (old, *waiting) if e.id != chosen.id and e.kind == "mask"]
    seed = {k: v for k, v in chosen.inputs.items() if k not in (ALTERNATIVE, "label", "outlined")}
    item = _record(desk, outline, {**seed, "lesion": lesion.number, "taken_from": chosen.id}, supersedes=(old.id,))
    anatomy.locate_all(desk)
    desk.keep(focus=lesion.number, selection=None)
    cut = item.quantity("threshold")
    return {
        "lesion": lesion.number, "evidence": item.id, "where": item.inputs.get("where", ""),
        "side": item.inputs.get("side"), "threshold": cut.value if cut else None, "supersedes": [old.id],
        "tool": item.producer, "notes": [], **_beside(desk, item, rest, seed), "not_outlined": [], "taken": True,
    }  # fmt: skip


def dice(a: Mask, b: Mask) -> Quantity:
    """Return how far two outlines agree: twice the shared voxels over the sum of both, 0 to 1."""
    value = 2.0 * a.overlap(b) / max(1, a.count + b.count)
    return Quantity("dice", value, "1", "2 x voxels in both / (voxels of one + voxels of the other)")


def _beside(desk: Desk, first: Evidence, drawn: Sequence[Outline], seed: Mapping[str, Any]) -> dict[str, Any]:
    """Record alternatives to an outline, the size of each and the agreement of every two."""
    number = int(first.inputs["lesion"])
    lesion = desk.record.lesion(number)
    assert lesion is not None
    kept = {k: v for k, v in seed.items() if k not in ("lesion", "side", "third", "where", "taken_from")}
    items = [first]
    sizes = [measure_one(desk, lesion)]
    for outline in drawn:
        item = _record(desk, outline, {**kept, ALTERNATIVE: number, **desk.place(outline.mask)}, parents=(first.id,))
        items.append(item)
        sizes.append(_measured(desk, number, item))
    return {
        "beside": [
            {"tool": e.producer, "evidence": e.id, "measurement": s["evidence"], "quantities": s["quantities"],
             "current": e is first}
            for e, s in zip(items, sizes, strict=True)
        ],
        "agreement": [_agreement(desk, number, a, b) for a, b in combinations(items, 2)],
    }  # fmt: skip


def _record(
    desk: Desk, outline: Outline, inputs: Mapping[str, Any], parents: tuple[str, ...] = (),
    supersedes: tuple[str, ...] = (),
) -> Evidence:
    return desk.evidence.add(
        "mask", outline.tool, outline.version, mask=outline.mask, weights=outline.weights, scan_id=outline.mask.scan_id,
        inputs={"label": outline.mask.label, "outlined": True, **inputs}, quantities=outline.quantities,
        text=outline.text, parents=parents, supersedes=supersedes,
    )  # fmt: skip


def _measured(desk: Desk, number: int, item: Evidence) -> dict[str, Any]:
    scan = desk.need_scan()
    result, spec = desk.submit("measure", "measure", MeasureRequest(scan, desk.evidence.mask(item)))
    size = desk.evidence.add(
        "measurement", spec.name, spec.version, scan_id=scan.id, parents=(item.id,),
        inputs={ALTERNATIVE: number, "mask": item.id, "tool": item.producer}, quantities=result.quantities,
        text=" ".join(result.notes),
    )  # fmt: skip
    return {"evidence": size.id, "quantities": brief(result.quantities)}


def _agreement(desk: Desk, number: int, a: Evidence, b: Evidence) -> dict[str, Any]:
    value = dice(desk.evidence.mask(a), desk.evidence.mask(b))
    item = desk.evidence.add(
        "comparison", "outline-overlap", "1", scan_id=a.scan_id, parents=(a.id, b.id), quantities=(value,),
        inputs={"kind": _MEASURED, "lesion": number, "outlines": [a.id, b.id], "tools": [a.producer, b.producer]},
    )  # fmt: skip
    return {"tools": [a.producer, b.producer], "evidence": item.id, "dice": round(value.value, 3)}
