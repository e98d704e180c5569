"""assess and find_guideline: what a guideline says, from its table in code and its passages, both as evidence.

A criterion's inputs come from measurements and from what the reader stated, never from a model's arguments.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agent.record import LesionRecord, Record
from agent.toolset.desk import Desk
from agent.toolset.vision import measure_one
from tools.contract import NotApplicable
from tools.evidence import Evidence

HEAVY_SMOKING_PACK_YEARS = 20
"""Pack-years from which stated smoking alone is taken as high risk: the cut-off at which USPSTF 2021 screens."""

SOLID_HU = -50.0
"""Mean attenuation from which a whole outline is plainly soft tissue. Ground glass lies under -300 HU, and part-solid
nodules average between; fat is under -50. Scanwright's own limit, kept safe; the reader's word goes before it."""
TYPE_SLICE_MM = 1.5
"""Thickest slices on which a type is taken from attenuation (the thin sections that Fleischner 2017 asks for)."""

RISK_RAISERS = ("family_history", "emphysema", "fibrosis", "asbestos")
"""Stated facts that make the risk high whatever the smoking history."""


@dataclass(frozen=True)
class Inputs:
    """What a criterion is given: values, the evidence each rests on, and how each was come by."""

    values: dict[str, Any]
    parents: tuple[str, ...]
    basis: dict[str, str]


def assess(desk: Desk, guideline: str = "fleischner-2017", lesion: int | None = None) -> dict[str, Any]:
    """Apply a guideline's table to a lesion, or say what is missing, or why it does not apply."""
    import knowledge

    names = knowledge.criteria_names()
    if guideline not in names:
        raise NotApplicable(f"No criteria called {guideline!r}. There are: {', '.join(names)}.")
    chosen = desk.pick(lesion)
    if chosen.measurement is None:
        measure_one(desk, chosen)
        chosen = desk.pick(chosen.number)
    inputs = gather(desk, chosen)
    found = knowledge.assess(guideline, **inputs.values)
    earlier = _earlier(desk.record, chosen.number, guideline)
    title = _title(guideline)
    result: dict[str, Any] = {
        "guideline": guideline, "title": title, "lesion": chosen.number, "evidence": None,
        "category": found.category, "row": found.row, "action": dict(found.action),
        "needs": [{"name": n.name, "question": dict(n.question)} for n in found.needs],
        "out_of_scope": dict(found.out_of_scope), "caveats": [dict(c) for c in found.caveats],
        "cites": [], "stated": list(inputs.parents), "basis": inputs.basis, "withdrawn": [],
    }  # fmt: skip
    if found.needs:
        desk.keep(
            focus=chosen.number,
            asked={
                "function": "assess", "guideline": guideline, "lesion": chosen.number,
                "needs": [n.name for n in found.needs],
            },
        )  # fmt: skip
        result["withdrawn"] = [e.id for e in earlier if e.id not in desk.record.current and e.inputs.get("row")]
        return result
    passages = [record_passage(desk, knowledge.passage(name)) for name in found.cites]
    item = desk.evidence.add(
        "category", guideline, "1", scan_id=desk.scan.id if desk.scan else None,
        inputs={
            "guideline": guideline, "title": title, "lesion": chosen.number, "row": found.row,
            "category": found.category, "used": {k: v for k, v in inputs.values.items() if v is not None},
            "basis": inputs.basis, "out_of_scope": bool(found.out_of_scope),
        },
        text=_text(found),
        parents=tuple(dict.fromkeys((*inputs.parents, *(p.id for p in passages)))),
        supersedes=tuple(e.id for e in earlier),
    )  # fmt: skip
    last = earlier[-1] if earlier else None
    changed = last is not None and last.inputs.get("row") and last.inputs.get("row") != found.row
    desk.keep(focus=chosen.number, asked=None)
    result |= {"evidence": item.id, "cites": [p.id for p in passages]}
    result["withdrawn"] = [last.id] if changed and last else []
    return result


def find_guideline(desk: Desk, question: str, guideline: str | None = None) -> dict[str, Any]:
    """Search the passages and record those found."""
    import knowledge

    found = knowledge.search(question, k=3, guideline=guideline, store=desk.workspace.passages)
    shown = []
    for passage in found:
        item = record_passage(desk, passage)
        shown.append(
            {
                "evidence": item.id, "guideline": passage.guideline, "edition": passage.edition,
                "section": passage.section, "text": passage.text, "language": passage.language,
                "source": passage.source, "score": round(passage.score, 3),
            }
        )  # fmt: skip
    return {"question": question, "passages": shown}


def record_passage(desk: Desk, passage: Any) -> Evidence:
    """Record a passage, once a case."""
    for item in desk.record.live:
        if item.kind == "passage" and item.inputs.get("passage") == passage.id and item.text == passage.text:
            return item
    return desk.evidence.add(
        "passage", "guidelines", passage.edition, text=passage.text,
        inputs={
            "passage": passage.id, "guideline": passage.guideline, "edition": passage.edition,
            "section": passage.section, "source": passage.source, "language": passage.language,
            "page": passage.page, "confidence": passage.confidence,
        },
    )  # fmt: skip


def gather(desk: Desk, lesion: LesionRecord) -> Inputs:
    """Return what is known for a criterion: sizes from measurements, everything else as the reader stated it."""
    record = desk.record
    parents: list[str] = []
    basis: dict[str, str] = {}
    values: dict[str, Any] = {}
    size = lesion.measurement.quantity("mean_diameter") if lesion.measurement else None
    if lesion.measurement is None or size is None or size.unit != "mm":
        raise NotApplicable(
            "A guideline's size rule needs millimetres, and this lesion has no measurement in mm (no pixel spacing "
            "or no outline). Load the DICOM original, or outline the lesion."
        )
    values["mean_diameter_mm"] = size.value
    parents.append(lesion.measurement.id)
    for name, source in (
        ("setting", "setting"), ("age", "age"), ("known_cancer", "known_cancer"),
        ("immunosuppressed", "immunosuppressed"), ("perifissural", "perifissural"),
    ):  # fmt: skip
        item = lesion.stated.get(source) or record.context.get(source)
        if item is not None:
            values[name] = item.inputs["value"]
            parents.append(item.id)
            basis[name] = item.text
    kind = lesion.stated.get("nodule_type") or record.context.get("nodule_type")
    if kind is not None:
        values["type"] = kind.inputs["value"]
        parents.append(kind.id)
        basis["type"] = kind.text
    elif reads_as_solid(record, lesion):
        values["type"] = "solid"
        basis["type"] = "solid by measured attenuation, not stated"
    part = lesion.stated.get("solid_component") or record.context.get("solid_component")
    if part is not None:
        values["solid_component_mm"] = part.inputs["value"]
        parents.append(part.id)
        basis["solid_component_mm"] = part.text
    _count(record, values, parents, basis)
    _risk(record, values, parents, basis)
    thickness = _thickness(record)
    if thickness is not None and record.scan is not None:
        values["slice_thickness_mm"] = thickness
        parents.append(record.scan.id)
    return Inputs(values, tuple(dict.fromkeys(parents)), basis)


def reads_as_solid(record: Record, lesion: LesionRecord) -> bool:
    """Return whether a lesion's measured attenuation on thin slices leaves no doubt that it is solid.

    Anything else (thick or unknown slices, a subsolid or fatty mean, no Hounsfield units) is for the reader to state.
    """
    mean = lesion.measurement.quantity("hu_mean") if lesion.measurement else None
    thickness = _thickness(record)
    return mean is not None and thickness is not None and thickness <= TYPE_SLICE_MM and mean.value >= SOLID_HU


def _count(record: Record, values: dict[str, Any], parents: list[str], basis: dict[str, str]) -> None:
    stated = record.context.get("count")
    if stated is not None:
        values["count"] = stated.inputs["value"]
        parents.append(stated.id)
        basis["count"] = stated.text
        return
    outlined = [x for x in record.lesions if x.outlined and x.status != "rejected"]
    values["count"] = "single" if len(outlined) <= 1 else "multiple"
    basis["count"] = "lesions outlined in this case"


def _risk(record: Record, values: dict[str, Any], parents: list[str], basis: dict[str, str]) -> None:
    stated = record.context.get("risk")
    raisers = [record.context[n] for n in RISK_RAISERS if record.stated(n) is True]
    years = record.context.get("pack_years")
    smoking = record.context.get("smoking")
    if stated is not None:
        chosen, risk = [stated], stated.inputs["value"]
    elif raisers:
        chosen, risk = raisers, "high"
    elif years is not None and float(years.inputs["value"]) >= HEAVY_SMOKING_PACK_YEARS:
        chosen, risk = [years], "high"
    elif smoking is not None and smoking.inputs["value"] == "never":
        chosen, risk = [smoking], "low"
    else:
        return
    values["risk"] = risk
    parents.extend(e.id for e in chosen)
    basis["risk"] = "; ".join(e.text for e in chosen)


def _thickness(record: Record) -> float | None:
    if record.scan is None:
        return None
    found = [q.value for n in ("slice_thickness", "slice_interval") if (q := record.scan.quantity(n)) is not None]
    return max(found, default=None)


def _earlier(record: Record, number: int, guideline: str) -> list[Evidence]:
    """Return earlier advice that nothing has replaced, current or not, oldest first."""
    replaced = {old for e in record.items for old in e.supersedes}
    found = record.history(number, "category")
    return [e for e in found if e.inputs.get("guideline") == guideline and e.id not in replaced]


def _title(guideline: str) -> str:
    name, _, edition = guideline.rpartition("-")
    names = {"fleischner": "Fleischner", "lung-rads": "Lung-RADS", "bts": "BTS", "recist": "RECIST"}
    return f"{names.get(name, name.title())} {edition}".strip()


def _text(found: Any) -> str:
    parts = [*found.action.values(), *found.out_of_scope.values()]
    for caveat in found.caveats:
        parts += caveat.values()
    return " | ".join(parts)
