"""assess and find_guideline: what a guideline says, from its table in code and its passages, both as evidence.

A criterion's inputs come from measurements and from what the reader stated, never from a model's arguments.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from agent.privacy import Redactor
from agent.privacy.leaving import Leaving, neutral
from agent.record import Record
from agent.toolset.choice import by_setting
from agent.toolset.desk import Desk
from agent.toolset.from_question import applied
from agent.toolset.inputs import SUMS, Inputs, gather
from agent.toolset.measuring import measure_one
from agent.toolset.sums import sum_of_targets, wanted_targets
from tools.contract import NotApplicable
from tools.evidence import Evidence

if TYPE_CHECKING:
    import knowledge


def assess(desk: Desk, guideline: str | None = None, lesion: int | None = None) -> dict[str, Any]:
    """Apply a guideline's table to a lesion, or say what is missing, or why it does not apply.

    Without a name: that of the advice that waits to be given again, else the one for the stated setting.
    """
    import knowledge

    guideline = guideline or _fallen(desk.record, lesion) or by_setting(desk.record)[0]
    names = knowledge.criteria_names()
    if guideline not in names:
        raise NotApplicable(f"No criteria called {guideline!r}. There are: {', '.join(names)}.")
    first = first_target(desk) if guideline == SUMS else None
    chosen = desk.pick(first if lesion is None else lesion)
    if chosen.measurement is None:
        measure_one(desk, chosen)
        chosen = desk.pick(chosen.number)
    inputs = gather(desk, chosen, guideline)
    found = knowledge.assess(guideline, **inputs.values)
    earlier = _earlier(desk.record, chosen.number, guideline)
    title = title_of(guideline)
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
    item = _record_category(desk, result, found, inputs, passages, earlier)
    last = earlier[-1] if earlier else None
    changed = last is not None and last.inputs.get("row") and last.inputs.get("row") != found.row
    desk.keep(focus=chosen.number, asked=None)
    result |= {"evidence": item.id, "cites": [p.id for p in passages]}
    result["withdrawn"] = [last.id] if changed and last else []
    return result


def _record_category(
    desk: Desk, told: dict[str, Any], found: knowledge.Assessment, inputs: Inputs, passages: Sequence[Evidence],
    earlier: Sequence[Evidence],
) -> Evidence:
    """Record what a guideline's table gave, with all it rests on, in place of what it gave before."""
    return desk.evidence.add(
        "category", told["guideline"], "1", scan_id=desk.scan.id if desk.scan else None,
        inputs={
            **{name: told[name] for name in ("guideline", "title", "lesion", "row", "category", "basis")},
            "used": {k: v for k, v in inputs.values.items() if v is not None},
            "rests_on": [k for k in found.used if k in inputs.values],
            "out_of_scope": bool(found.out_of_scope),
        },
        text=_text(found),
        parents=tuple(dict.fromkeys((*inputs.parents, *(p.id for p in passages)))),
        supersedes=tuple(e.id for e in earlier),
    )  # fmt: skip


def find_guideline(desk: Desk, question: str, guideline: str | None = None) -> dict[str, Any]:
    """Search the passages and record those found."""
    import knowledge

    asked = question
    if desk.workspace.embeds_elsewhere:  # what leaves the machine names nobody
        asked = neutral(Leaving(Redactor(desk.workspace.cases.sources(desk.case_id))).words(question))
    found = knowledge.search(asked, k=3, guideline=guideline, store=desk.workspace.passages)
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
    held = [str(s["evidence"]) for s in shown]
    first = found[0].id.partition("/")[0] if found else None
    return {"question": question, "passages": shown, "applied": _applied(desk, question, first, held)}


def _applied(desk: Desk, question: str, first: str | None, passages: list[str]) -> dict[str, Any] | None:
    """Record the row that a question's own figures give, apart from the case; None when they give none."""
    got = applied(question, first)
    if got is None:
        return None
    name, values, found = got
    item = desk.evidence.add(
        "category", name, "1",
        inputs={
            "guideline": name, "title": title_of(name), "row": found.row, "category": found.category,
            "used": dict(values), "question": question, "from_question": True, "out_of_scope": False,
        },
        text=_text(found), parents=tuple(passages),
    )  # fmt: skip
    return {
        "evidence": item.id, "title": title_of(name), "row": found.row, "category": found.category,
        "action": dict(found.action), "caveats": [dict(c) for c in found.caveats],
    }  # fmt: skip


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


def _fallen(record: Record, lesion: int | None) -> str | None:
    """Return the guideline of the latest advice that lost its ground and was not given again; None without any."""
    replaced = {old for e in record.items for old in e.supersedes}
    found = [e for e in record.history(lesion, "category") if e.id not in replaced and e.id not in record.current]
    return str(found[-1].inputs["guideline"]) if found else None


def first_target(desk: Desk) -> int | None:
    """Add up the targets that the reader chose, and return the first of them; None where none were chosen."""
    numbers = wanted_targets(desk, None, False)
    if not numbers:
        return None
    held = desk.record.sums
    sum_of_targets(desk, numbers, held[-1].inputs.get("of_prior") if held else None)
    return numbers[0]


def _earlier(record: Record, number: int, guideline: str) -> list[Evidence]:
    """Return earlier advice that nothing has replaced, current or not, oldest first."""
    replaced = {old for e in record.items for old in e.supersedes}
    found = record.history(number, "category")
    return [e for e in found if e.inputs.get("guideline") == guideline and e.id not in replaced]


def title_of(guideline: str) -> str:
    """Return a guideline's name and edition as a reader writes them."""
    from knowledge import passage
    from knowledge.criteria.table import table

    held = passage(f"{guideline}/{table(guideline).rows[0].section}/en")
    return f"{held.guideline} {held.edition}"


def _text(found: Any) -> str:
    parts = [*found.action.values(), *found.out_of_scope.values()]
    for caveat in found.caveats:
        parts += caveat.values()
    return " | ".join(parts)
