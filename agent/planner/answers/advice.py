"""What a guideline's table or its passages say, with what was stated, and the one question that asks for the rest."""


from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from agent.planner import slots
from agent.planner.answers.wording import cite, joined, pick, safe, sentences
from agent.planner.reading import Language, plain

LONGEST_PASSAGES = 2
"""Passages that are quoted; the rest stand in the evidence."""

_ASK: dict[str, tuple[str, str]] = {
    "setting": ("the setting (incidental, screening or follow-up)", "是偶然发现、筛查发现还是随访"),
    "age": ("the patient's age", "患者年龄"),
    "known_cancer": ("any known cancer", "有无已知恶性肿瘤"),
    "immunosuppressed": ("any immunosuppression", "有无免疫抑制"),
    "type": ("the nodule type (solid, part-solid or ground-glass)", "结节类型(实性、部分实性或磨玻璃)"),
    "count": ("one nodule or several", "单发还是多发"),
    "risk": ("the risk of the patient (smoking history)", "患者的风险高低(吸烟史)"),
    "solid_component_mm": ("the size of the solid part in mm", "实性成分的大小(毫米)"),
    "slice_thickness_mm": ("the slice thickness in mm", "层厚(毫米)"),
    "mean_diameter_mm": ("the mean diameter in mm", "平均直径(毫米)"),
    "timing": ("whether the nodule is seen first (baseline), new or known from before", "结节是基线发现、新发还是以前已有"),
    "growing": ("whether it is growing", "是否增大"),
    "solid_component_growing": ("whether its solid component is new or growing", "实性成分是否新出现或增大"),
    "previous_category": ("its previous Lung-RADS category", "上次的Lung-RADS类别"),
    "doubling_days": ("the volume doubling time in days", "体积倍增时间(天)"),
    "sex": ("the patient's sex", "患者性别"),
    "family_history": ("any lung cancer in the family", "有无肺癌家族史"),
    "emphysema": ("any emphysema", "有无肺气肿"),
    "upper_lobe": ("whether it lies in an upper lobe", "是否位于上叶"),
    "nodule_count": ("how many nodules there are", "共有多少个结节"),
    "spiculation": ("whether it is spiculated", "有无毛刺"),
    "smoker": ("any smoking, now or before", "有无吸烟史"),
    "cancer_over_5_years_ago": ("any other cancer long ago (over five years)", "五年以前有无其他恶性肿瘤"),
    "baseline_sum_mm": ("the baseline sum of target diameters in mm", "基线靶病灶径线总和(毫米)"),
    "nadir_sum_mm": ("the nadir, the smallest sum so far, in mm", "迄今最小总和(nadir,毫米)"),
    "current_sum_mm": ("the current sum, or which lesions are the targets", "目前总和,或哪些病灶为靶病灶"),
    "targets_gone": ("whether all targets are gone", "靶病灶是否全部消失"),
}
_COUNTED = "lesions outlined in this case"
_MEASURED_ZH = {
    "measured sum of the diameters of the targets": "靶病灶径线之和(测得)",
    "targets as outlined": "靶病灶按勾画",
    "comparison with the prior scan": "与前次扫描的比较",
    "solid by measured attenuation (not stated)": "由测得的CT值读为实性(非陈述)"}
"""How `assess` words what it took from a measurement, in Chinese."""
_EDITION = re.compile(r"-[\d.]+$")
"""What follows a guideline's name where a table is named: passages carry the edition beside the name."""

Card = Mapping[str, Any]
Result = Mapping[str, Any]


def assessed(result: Result, card: Card, language: Language) -> tuple[list[str], tuple[str, ...]]:
    """Say the row that applies, or why none does, or ask for what is missing; and ready answers to that question."""
    gone = [str(e) for e in result.get("withdrawn") or []]
    if result.get("needs"):
        said = [_withdrawn(gone or [str(e) for e in card.get("withdrawn") or []], None, language)] if gone or card.get("withdrawn") else []
        return [*said, question(result, card, language)], options(result, language)
    item = str(result["evidence"])
    said = []
    if result.get("out_of_scope"):
        said += _not_applied(result, item, language)
    else:
        said.append(_row(result, item, language))
    said += [cite(language, str(c.get(language) or c.get("en") or ""), item) for c in result.get("caveats") or []]
    if gone:
        said.append(_withdrawn(gone, item, language))
    return said, ()


def _row(result: Result, item: str, language: Language) -> str:
    action = str((result.get("action") or {}).get(language, "")).rstrip(".。")
    stated = stated_words(result.get("basis") or {})
    row = safe(str(result.get("category") or result.get("row")))
    en = f"{result['title']}, row “{row}”, if {joined(stated, 'en') or 'as stated'}: {action}"
    zh = f"{result['title']},条目“{row}”,若{','.join(_MEASURED_ZH.get(s, s) for s in stated) or '如所陈述'}:{action}"
    return cite(language, pick(language, en, zh), item)


def _not_applied(result: Result, item: str, language: Language) -> list[str]:
    number = result["lesion"]
    reason = str(result["out_of_scope"].get(language, ""))
    return [
        cite(language, pick(language, f"{result['title']} does not apply to lesion {number}",
                            f"{result['title']}不适用于病灶{number}"), item),
        cite(language, reason, item),
    ]  # fmt: skip


def _withdrawn(gone: Sequence[str], item: str | None, language: Language) -> str:
    text = pick(language, "The earlier advice is withdrawn and no longer holds", "先前的建议已撤回,不再适用")
    return cite(language, text, *([item] if item else gone))


def question(result: Result, card: Card, language: Language) -> str:
    """Ask in one question for everything that is still missing."""
    names = [n["name"] for n in result["needs"]]
    context = card.get("context") or {}
    if str(result.get("guideline", "")).startswith("fleischner") and "known_cancer" in names:
        # The table asks in two rounds; a reader would rather answer in one.
        basis = result.get("basis") or {}
        told = context.keys() & {"risk", "smoking", "pack_years"}
        known = {"type": "type" in basis or _stated_type(card), "risk": "risk" in basis or bool(told)}
        names += [n for n in ("type", "risk") if n not in names and not known[n]]
    parts = [pick(language, *_ASK.get(n, (n.replace("_", " "), n))) for n in dict.fromkeys(names)]
    if language == "zh":
        return f"应用{result['title']}还需要了解:{'、'.join(parts)},请告知?"
    return f"To apply {result['title']}, could you tell me {joined(parts, 'en')}?"


def options(result: Result, language: Language) -> tuple[str, ...]:
    """Return ready answers where one yes-or-no or one choice is missing."""
    names = [n["name"] for n in result["needs"]]
    ready = {
        "known_cancer": (("No known cancer.", "Known cancer."), ("无恶性肿瘤病史。", "有恶性肿瘤病史。")),
        "immunosuppressed": (("Immunocompetent.", "Immunosuppressed."), ("免疫功能正常。", "免疫抑制。")),
        "type": (("Solid nodule.", "Part-solid nodule.", "Ground-glass nodule."), ("实性结节。", "部分实性结节。", "磨玻璃结节。")),
        "risk": (("Low risk.", "High risk."), ("低危。", "高危。")),
        "setting": (("Incidental finding.", "Screening.", "Follow-up."), ("偶然发现。", "筛查。", "随访。")),
    }  # fmt: skip
    if len(names) != 1 or names[0] not in ready:
        return ()
    return ready[names[0]][language == "zh"]


def passages(result: Result, language: Language) -> list[str]:
    """Quote the passages that were found, each sentence with its citation, and their sources."""
    held = list(result.get("passages") or [])
    named = slots.guideline(plain(str(result.get("question", ""))))
    if named:
        held = [p for p in held if _EDITION.sub("", named) in plain(str(p.get("guideline", "")))]
    if not held:
        return [nothing_found(language)]
    said: list[str] = _from_question(result.get("applied"), language)
    for passage in held[: 1 if held[0].get("score", 0) >= 0.9 else LONGEST_PASSAGES]:
        item = str(passage["evidence"])
        lines = sentences(str(passage["text"]))
        head = f"{passage['guideline']} {passage['edition']}"
        head += pick(language, f", {passage['section']}", f"「{passage['section']}」") if passage.get("section") else ""
        for number, line in enumerate(lines):
            lead = pick(language, f"{head}: ", f"{head}:") if number == 0 else ""
            said.append(cite(language, lead + line, item))
        if passage.get("source"):
            said.append(cite(language, pick(language, f"Source: {passage['source']}", f"来源:{passage['source']}"), item))
    return said


def _from_question(applied: Result | None, language: Language) -> list[str]:
    """Say what a table gives for the figures that the question itself states."""
    if not applied:
        return []
    item, action = str(applied["evidence"]), str(applied["action"].get(language, "")).rstrip(".。")
    row = safe(str(applied["category"]))
    said = pick(language, f"{applied['title']}, row “{row}”, if it is as the question states: {action}",
                f"{applied['title']},条目“{row}”,若如问题所述:{action}")  # fmt: skip
    return [cite(language, said, item), *(cite(language, str(c.get(language, "")), item) for c in applied["caveats"])]


def nothing_found(language: Language) -> str:
    """Say that the guidelines at hand hold no passage on this."""
    return pick(language, "The guidelines at hand hold no passage that answers this, so I give no advice on it.",
                "现有指南中没有能回答这个问题的段落,因此不给出建议。")  # fmt: skip


def stated_words(basis: Mapping[str, str]) -> list[str]:
    """Return what was stated, in the reader's words, each once; what was only counted is not stated."""
    words = [safe(part).replace(", not stated", " (not stated)") for text in basis.values() if text != _COUNTED for part in re.split(r";\s*", str(text))]
    return [w[:1].lower() + w[1:] if w[1:2].islower() else w for w in dict.fromkeys(words) if w]


def _stated_type(card: Card) -> bool:
    return "nodule_type" in (card.get("context") or {}) or any(
        s.get("field") == "nodule_type" for s in card.get("stated_now") or []
    )
