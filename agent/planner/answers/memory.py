"""What the record holds, in sentences: findings, sizes now and before, settings, places, what was stated."""


from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agent.planner import refer
from agent.planner.answers.anatomy import LOBES_ZH, lies_in
from agent.planner.answers.vision import axes, lies
from agent.planner.answers.wording import cite, in_language, joined, pick, place, ref, safe
from agent.planner.reading import Language

_WANTED = ("setting", "age", "known_cancer", "immunosuppressed", "smoking")
_WANTED_WORDS = {
    "setting": ("how it was found", "发现方式"), "age": ("age", "年龄"),
    "known_cancer": ("cancer history", "肿瘤病史"), "immunosuppressed": ("immune status", "免疫状态"),
    "smoking": ("smoking", "吸烟史"),
}  # fmt: skip

Card = Mapping[str, Any]
Item = Mapping[str, Any]


def recalled(result: Item, card: Card, language: Language, *, after_change: bool = False) -> list[str]:
    """Say what was asked of the record. `after_change`: right after an outline was made again."""
    what, items = result["what"], list(result.get("items") or [])
    if what == "history":
        return _history(items, language, after_change=after_change)
    if what == "context":
        return _context(items, card, language)
    if what == "location":
        return _location(items, card, language)
    if what == "report":
        return _report(result, language)
    if not items:
        return [nothing_yet(language)]
    if what == "settings":
        return [_setting(i, language) for i in items]
    return [s for i in items if (s := _line(i, language))]


def nothing_yet(language: Language) -> str:
    """Say that the record is empty and how to begin."""
    return pick(language, "The record holds no result yet: click on a lesion or draw a box and ask me to outline it, or ask for a search.",
                "记录中尚无结果:请点击病灶或画框后让我勾画,或让我搜索。")  # fmt: skip


def _line(item: Item, language: Language) -> str:
    kind, name, number = item["kind"], str(item["evidence"]), item.get("lesion")
    inputs = item.get("inputs") or {}
    if kind in ("mask", "drawn"):
        where = place(inputs.get("side"), inputs.get("third"), language)
        made = inputs.get("outlined", True)
        en = f"Lesion {number} is {'outlined' if made else 'a candidate of the search, not outlined'}" + (f", {where}" if where else "")
        zh = f"病灶{number}{'已勾画' if made else '为搜索所得候选,未勾画'}" + (f",{where}" if where else "")
        return cite(language, pick(language, en, zh), name)
    if kind == "measurement":
        return axes(int(number or 0), name, list(item.get("quantities") or {}), language)
    if kind == "classification" and "lidc_rating" in (item.get("quantities") or {}):
        return cite(language, pick(language, f"LIDC readers' rating, 1-5, as estimated for lesion {number}: {ref(name, 'lidc_rating')}",
                                   f"LIDC阅片者评分,1-5,病灶{number}的估计值:{ref(name, 'lidc_rating')}"), name)  # fmt: skip
    if kind == "category":
        return _category(item, name, number, language)
    return ""


def _category(item: Item, name: str, number: Any, language: Language) -> str:
    inputs = item.get("inputs") or {}
    title = str(inputs.get("title") or inputs.get("guideline"))
    head = in_language([t.strip() for t in str(item.get("text", "")).split("|")], language)
    if inputs.get("out_of_scope") or not inputs.get("row"):
        text = pick(language, f"{title} does not apply to lesion {number}", f"{title}不适用于病灶{number}")
        return cite(language, text, name)
    row = safe(str(inputs.get("category") or inputs["row"]))
    text = pick(language, f"{title}, row “{row}”, on what was stated: {head}", f"{title},条目“{row}”,依所陈述:{head}")
    return cite(language, text, name)


def _history(items: Sequence[Item], language: Language, *, after_change: bool) -> list[str]:
    held = [i for i in items if i.get("quantities")]
    if not held:
        return [pick(language, "The record holds no measurement yet, so nothing can be said about a size before.",
                     "记录中尚无测量,无法说明此前的大小。")]  # fmt: skip
    old = [i for i in held if not i.get("current")]
    now = [i for i in held if i.get("current")]
    said = [axes(int(i.get("lesion") or 0), str(i["evidence"]), list(i["quantities"]), language, before=True) for i in old[-3:]]
    if after_change:
        return said[-1:]
    if not old:
        name = str(now[-1]["evidence"])
        said.append(cite(language, pick(language, "There was no measurement before the current one", "当前测量之前没有更早的测量"), name))
    return said + [axes(int(i.get("lesion") or 0), str(i["evidence"]), list(i["quantities"]), language) for i in now]


def _setting(item: Item, language: Language) -> str:
    name, number = str(item["evidence"]), item.get("lesion")
    if "threshold" in (item.get("quantities") or {}):
        return cite(language, pick(language, f"Lesion {number} is outlined at a threshold of {ref(name, 'threshold')}",
                                   f"病灶{number}的勾画阈值为{ref(name, 'threshold')}"), name)  # fmt: skip
    if item["kind"] == "drawn":
        return cite(language, pick(language, f"Lesion {number} was drawn or loaded by the reader, without a threshold",
                                   f"病灶{number}由阅片者绘制或载入,未使用阈值"), name)  # fmt: skip
    return cite(language, pick(language, f"Lesion {number} is a candidate of the search, not outlined yet",
                               f"病灶{number}为搜索所得候选,尚未勾画"), name)  # fmt: skip


def _context(items: Sequence[Item], card: Card, language: Language) -> list[str]:
    said = stated([(str(i.get("text", "")), str(i["evidence"])) for i in items], language)
    known = {str((i.get("inputs") or {}).get("field")) for i in items}
    missing = [pick(language, *_WANTED_WORDS[n]) for n in _WANTED if n not in known]
    if not said:
        said = [pick(language, "You have not stated anything about the patient yet.", "您尚未陈述患者的任何情况。")]
    if missing:
        said.append(pick(language, f"Not stated so far: {', '.join(missing)}.", f"尚未陈述:{'、'.join(missing)}。"))
    return said


def stated(told: Sequence[tuple[str, str]], language: Language) -> list[str]:
    """Say in one sentence what the reader stated: (words, evidence) pairs, each wording once; nothing for none."""
    if not told:
        return []
    quoted = [f"“{safe(words)}”" for words in dict.fromkeys(words for words, _ in told)]
    said = pick(language, f"As you stated: {', '.join(quoted)}", f"您的陈述:{'、'.join(quoted)}")
    return [cite(language, said, *dict.fromkeys(evidence for _, evidence in told))]


def _location(items: Sequence[Item], card: Card, language: Language) -> list[str]:
    masks = [i for i in items if i["kind"] in ("mask", "drawn")]
    if not masks:
        return [nothing_yet(language)]
    said = []
    for item in masks:
        name, number = str(item["evidence"]), int(item.get("lesion") or 0)
        inputs = item.get("inputs") or {}
        where = place(inputs.get("side"), inputs.get("third"), language)
        if where:
            said.append(lies(number, where, name, language))
        else:
            said.append(side_unknown(number, name, language))
    outlined = [i for i in items if i["kind"] == "comparison"]
    said += [lies_in(int(i["lesion"]), str(i["inputs"]["value"]), str(i["evidence"]), language) for i in outlined]
    if not outlined:
        said.append(ask_for_lobes(card, language) or no_lobe(language))
    for item in items:
        if item["kind"] == "stated":
            said.append(lobe_stated(str((item.get("inputs") or {}).get("value")), str(item["evidence"]), language))
    return said


def no_lobe(language: Language) -> str:
    """Say that no lobe is determined."""
    return pick(language, "I cannot name the lobe: no tool here determines it.", "没有肺叶模型,无法确定肺叶。")


def ask_for_lobes(card: Card, language: Language) -> str:
    """Say that a tool here outlines the lobes, where one does."""
    name = next((str(t["name"]) for t in card.get("tools") or [] if t.get("anatomy")), "")
    if not name:
        return ""
    return pick(language, f"No lobe is outlined yet: ask me to segment the lobes ({name}).", f"尚未勾画肺叶:可让我分割肺叶({name})。")


def lobe_stated(lobe: str, evidence: str, language: Language) -> str:
    """Say the lobe as the reader stated it."""
    return cite(language, pick(language, f"The lobe as you stated it: {lobe}", f"肺叶为您(医生)所陈述:{LOBES_ZH.get(lobe, lobe)}"), evidence)


def side_unknown(number: int | None, evidence: str | None, language: Language) -> str:
    """Say that the side is not known."""
    which = pick(language, f" of lesion {number}", f"病灶{number}的") if number else ""
    en = f"The side{which} is not known: the image carries no orientation or side marker that I can read"
    return cite(language, pick(language, en, f"{which}侧别未知:图像没有可读取的方位或侧别标记"), evidence)


def _report(result: Item, language: Language) -> list[str]:
    if not result.get("report"):
        return [pick(language, "There is no report in this case yet; ask me to write it.", "本病例尚无报告;可以让我写报告。")]
    return [pick(language, "A draft report stands in the report pane; ask me to write it again to bring it up to date.",
                 "报告草稿见报告窗格;需要更新时可以让我重新写报告。")]  # fmt: skip


def first_lesion(card: Card) -> Mapping[str, Any]:
    """Return the lesion in focus, or the first there is."""
    number = refer.focus(card)
    there = refer.lesions(card)
    return refer.lesion(card, number) if number is not None else (there[0] if there else {})


__all__ = ["joined", "recalled"]
