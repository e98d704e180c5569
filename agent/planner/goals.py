"""One clause's intent into goals: the function to call, its arguments, and what has to be asked first.

A goal is a call whose lesion may still have to come from the step before it (`same`). Knows no message and no result.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agent.planner import beside, changes, refer, slots, why
from agent.planner.mention import reference
from agent.planner.reading import Language, after_correction, plain
from agent.stated.prior import compared_with

MAX_TEXT = 500
"""Longest question or instruction that a function takes."""

Card = Mapping[str, Any]


@dataclass(frozen=True)
class Goal:
    """One call to make. `same`: its lesion is the one that the step before it ended with."""

    function: str
    arguments: dict[str, Any] = field(default_factory=dict)
    same: bool = False


@dataclass(frozen=True)
class Which:
    """Several lesions fit what was said; only the reader can choose."""

    function: str
    between: tuple[int, ...]
    arguments: dict[str, Any] = field(default_factory=dict)


def goals_for(intent: str, clause: str, raw: str, card: Card, language: Language) -> list[Goal] | Which:
    """Return the goals of a clause whose intent is a function, or what to ask.

    Args:
        intent: a function's name, or ``recall.…``.
        clause: the plain clause. raw: the message as typed, for what keeps its capitals.
        card: the case card.
        language: of the message.
    """
    if intent.startswith("recall."):
        return _recall(intent.removeprefix("recall."), clause, card)
    if intent == "segment":
        return _segment(clause, card)
    if intent in ("measure", "classify", "assess"):
        return _one_lesion(intent, clause, card)
    return _PLAIN[intent](clause, raw, card, language)


def _one_lesion(function: str, clause: str, card: Card) -> list[Goal] | Which:
    by = beside.scorers(clause, card) if function == "classify" else {}
    seen = beside.without(clause, *by.get("tools") or [by["tool"]]) if by else clause
    meant = refer.meant(reference(after_correction(seen)), card)
    named = slots.guideline(clause) if function == "assess" else None
    rest: dict[str, Any] = {"guideline": named} if named else {}
    if function == "measure" and slots.own_line(clause):
        rest["own_line"] = True
    if function == "classify" and why.looked_at(clause):
        rest["explain"] = True
    rest |= by
    if meant.between:
        return Which(function, meant.between, rest)
    if not meant.numbers:
        return [Goal(function, dict(rest))]
    return [Goal(function, {**rest, "lesion": n}) for n in meant.numbers]


def _segment(clause: str, card: Card) -> list[Goal] | Which:
    chosen = beside.taken(clause, card)
    if chosen is not None:
        return [Goal("segment", chosen)]
    seen = after_correction(clause)
    arguments: dict[str, Any] = {}
    box, point = slots.box(seen), slots.point(seen)
    if box:
        arguments["box"] = box
    elif point:
        arguments["point"] = point
    threshold, change = slots.threshold(clause), (slots if beside.wanted(clause, card) else changes).change(clause)
    if threshold is None and not point and not box:
        threshold = slots.lone_share(clause)
    clicked = point or (card.get("selection") or {}).get("point")
    if clicked and refer.lesions(card) and slots.leaves_out(clause):
        return _corrected("avoid", clicked, seen, card)
    if point and refer.lesions(card) and slots.takes_in(clause):
        return _corrected("add", point, seen, card)
    if threshold is not None:
        arguments["threshold"] = threshold
    elif change is not None:
        arguments["change"] = change
    tool = beside.named(clause, card, "segment")
    if (places := beside.places_tool(clause, card)) is not None:
        return [Goal("segment", {"tool": places})]
    if beside.wanted(clause, card):
        arguments["tools"] = beside.tools_of(clause, card)
    elif tool:
        arguments["tool"] = tool
    mentioned = reference(beside.without(seen) if "tools" in arguments else seen)
    fresh = bool(card.get("selection")) and not (change or threshold) and not mentioned.numbers
    clicked_on = mentioned.clicked or reference(clause).clicked
    if box or point or clicked_on or (fresh and not mentioned.place and not mentioned.by_size):
        return [Goal("segment", arguments)]
    meant = refer.meant(mentioned, card)
    if meant.between:
        return Which("segment", meant.between, arguments)
    if not meant.numbers:
        return [Goal("segment", arguments)]
    return [Goal("segment", {"lesion": n, **arguments}) for n in meant.numbers]


def _corrected(how: str, place: Sequence[float], seen: str, card: Card) -> list[Goal] | Which:
    """A place is added to, or left out of, the lesion in focus, or the one that is named."""
    meant = refer.meant(reference(seen), card)
    if len(meant.between) > 1:
        return Which("segment", meant.between)
    only = meant.numbers[0] if meant.numbers else refer.focus(card)
    if only is None:
        return Which("segment", tuple(int(x["id"]) for x in refer.lesions(card)))
    return [Goal("segment", {"lesion": only, how: [[float(v) for v in place]]})]


_MOST = re.compile(r"\b(?:biggest|largest|smallest)\b|最")
"""One of them is asked for, not how they stand to each other."""


def _recall(what: str, clause: str, card: Card) -> list[Goal]:
    said = reference(clause)
    both = what == "measurements" and said.by_size is not None and not _MOST.search(clause)  # "which is bigger?"
    of_all = what in ("context", "report") or both
    meant = refer.Meant() if of_all else refer.meant(said, card)
    only = refer.focus(card) if meant.between else None  # "is it in the left lung?" is of it, wherever it lies
    numbers = meant.numbers or ((only,) if only is not None else ())
    arguments: dict[str, Any] = {"what": what}
    first = _unmeasured(card) if what == "measurements" and said.by_size is not None else []
    ids = [int(x["id"]) for x in refer.lesions(card)]
    if both and card.get("focus") in ids and len(ids) > 1:  # left out, it would be of the one in focus alone
        return [*first, *(Goal("recall", {**arguments, "lesion": n}) for n in ids)]
    return [*first, Goal("recall", {**arguments, **({"lesion": numbers[0]} if numbers and not first else {})})]


def _unmeasured(card: Card) -> list[Goal]:
    """What has to be measured before lesions can be ranked by size."""
    there = [x for x in refer.lesions(card) if x.get("outlined") and "axial_long_axis" in x and not x["axial_long_axis"]]
    return [Goal("measure", {"lesion": int(x["id"])}) for x in there]


def _find(clause: str, raw: str, card: Card, language: Language) -> list[Goal]:
    arguments: dict[str, Any] = {}
    side = slots.side(clause)
    if slots.other_lung(clause):
        here = refer.lesion(card, refer.focus(card)).get("side")
        side = {"right": "left", "left": "right"}.get(str(here))
    if side:
        arguments["side"] = side
    if (most := slots.most(clause)) is not None:  # out of range too: the tool says what the range is
        arguments["max_candidates"] = most
    if (tool := beside.named(clause, card, "find")) is not None:
        arguments["tool"] = tool
    return [Goal("find", arguments)]


_THE_LAST = re.compile(r"\b(?:last|previous|prior|earlier|old|first|before)\b|上次|上回|之前|以前|前片|既往|旧|老", re.ASCII)


def _compare(clause: str, raw: str, card: Card, language: Language) -> list[Goal]:
    days = slots.days(clause) or slots.days_between(plain(raw))  # "prior was 120 days ago, compare"
    arguments: dict[str, Any] = {"days": days} if days else {}
    if (number := slots.prior_number(plain(raw))) is not None:
        return [Goal("compare", {**arguments, "prior": number})]
    several = int((card.get("prior") or {}).get("priors") or 0) > 1
    if slots.which_prior(clause) and (several or not (days or _THE_LAST.search(clause))):  # of one there is no choice
        arguments["which"] = compared_with(raw)[:200]
    if slots.sum_wanted(clause):
        targets = slots.targets(clause) or _summed(clause) or slots.targets(plain(raw))
        arguments |= {"targets": targets} if targets else {"sum_targets": True}
    return [Goal("compare", arguments)]


def _summed(clause: str) -> list[int]:
    """Return the lesions of a sum that are named by number alone: "SLD of 1+3"."""
    plus = re.search(r"(?<![\d.])(\d{1,2})\s*\+\s*(\d{1,2})(?![\d.]|\s*mm)", clause)
    numbers = [int(n) for n in plus.groups()] if plus else list(reference(clause).numbers)
    return numbers if len(numbers) > 1 else []


def _find_guideline(clause: str, raw: str, card: Card, language: Language) -> list[Goal]:
    return [Goal("find_guideline", {"question": _said(clause, raw)})]


def _show(clause: str, raw: str, card: Card, language: Language) -> list[Goal] | Which:
    arguments: dict[str, Any] = {}
    window, plane, number = slots.window(clause), slots.plane(clause), slots.slice_number(clause)
    mentioned = reference(after_correction(clause))
    meant = refer.meant(mentioned, card)
    step = re.search(r"\b(?:(next)|previous) (?:one|lesion|nodule|candidate)\b|(下)一个|上一个", clause, re.ASCII)
    if step:
        meant = _next(card, 1 if step[1] or step[2] else -1)
    # "lung window" and "that in coronal" name no lesion; a bare "it" beside a view means the picture.
    names_one = mentioned.numbers or mentioned.place or mentioned.by_size or mentioned.other
    if len(meant.between) > 1 and not (window or plane or number):
        return Which("show", meant.between)
    if meant.numbers and number is None and (names_one or not window):
        arguments["lesion"] = meant.numbers[0]
    for name, value in (("plane", plane), ("window", window), ("slice", number)):
        if value is not None:
            arguments[name] = value
    return [Goal("show", arguments)]


def _next(card: Card, way: int) -> refer.Meant:
    ids = [int(x["id"]) for x in refer.lesions(card)]
    if not ids:
        return refer.Meant()
    here = ids.index(card["focus"]) if card.get("focus") in ids else -1 if way > 0 else 0
    return refer.Meant((ids[(here + way) % len(ids)],), said=True)


_IN_ENGLISH = re.compile(r"\b(?:in|into|to) english\b|\benglish (?:report|version|language)\b|(?:用|出|写|改成?)\s*english|english\s*(?:出|写|版|的)|英文|英语", re.ASCII)
_IN_CHINESE = re.compile(r"\b(?:reads?|speaks?|understands?|talks?|knows?) (?:only )?(?:chinese|mandarin)\b|\b(?:in|into|to) (?:chinese|mandarin)\b|\bchinese (?:report|version|language)\b|中文|汉语", re.ASCII)
_SPECIAL = re.compile(
    r"^(?:(?:please|also|and|then|now)[ ,]*)*(?:note|append|write|dictate)(?: (?:this|the following))?\s*:|\b(?:updat\w+|revis\w+|sentences?|lines?|paragraphs?|wording|phras\w+|edit\w*|amend\w*|shorten\w*|shorter|longer|lengthen|rewrit\w+|rephras\w+|reword\w*|correct\w*|"
    r"chang\w+|fix|trim|put (?!everything)|add|insert|includ\w+|mention\w*|remov\w+|delet\w+|drop|without|only|just|concise\w*|crisp\w*|terse\w*|cut|halve|half|tidy|polish|"
    r"impression|conclusion|findings section|letter|section|with the new|brief\w*|detailed|(?:tak|leav|cut|cross|strik)\w* (?:[\w-]+ ){0,4}out|expand\w*|condens\w*|replac\w*|swap|mov\w+|simplif\w+|simpler|clearer|plainer|tone down|reorder|translat\w*|point form|bullet\w*)\b"
    r"|更新|修改|修订|改|重写|精简|缩短|短一点|补充|加上|加入|加到|加进|写进|写入|放进|删|去掉|注明|只写|仅写|结论|印象|写上|报告里加|简单|简要|简洁|简短|短(?:些|点|一些)|长(?:些|点|一些)|详细|去除|拿掉|换成|替换|挪|移到|扩写|压缩|精炼|(?:加|补|添|写)(?:上|入)?一?(?:句|条|行|段)|^(?:请|再|另外|还)*(?:加|补|添|注|补充|加上)\s*:",
    re.ASCII,
)


_ONLY_LANGUAGE = re.compile(
    r"^(?:(?:please|now|and|can you|could you|just)[ ,]*)*(?:re-?write|translate|redo|give me|make|switch|put) (?:it|this|that|the (?:whole |full )?report|everything)? ?(?:in|into|to) (?:english|chinese|mandarin)\W*$"
    r"|^(?:请|把|再)*(?:报告)?(?:改|换|翻译?|译|重?写)(?:成|为|用)?(?:一份|个)?(?:英文|中文|英语|汉语)(?:的|版|报告)*\W*$"
)
"""A report wanted in another language, and nothing else of it changed."""


def _write_report(clause: str, raw: str, card: Card, language: Language) -> list[Goal]:
    arguments: dict[str, Any] = {}
    if _IN_ENGLISH.search(clause):
        arguments["language"] = "en"
    elif _IN_CHINESE.search(clause) or language == "zh":
        arguments["language"] = "zh"
    elif (card.get("report") or {}).get("language") == "zh":
        arguments["language"] = "en"  # left out, it would be written as the last one was
    if _SPECIAL.search(clause) and not (arguments and _ONLY_LANGUAGE.match(clause)):
        arguments["instruction"] = _said(clause, raw)
    return [Goal("write_report", arguments)]


_HIDES = r"(?:without|w/o|w/out|minus|no|strip\w*|remov\w*|leav\w* out|tak\w* out|hid\w*|blank\w*|drop\w*)"
_NAMELESS = re.compile(
    rf"\b(?:de-?identif|anonym|pseudonym)\w*|\bwithout (?:the |any )?(?:patient|name|identit)|"
    rf"\b{_HIDES} (?:\S+ ){{0,3}}?(?:(?:patient|personal)\S* (?:names?|info\w*|data|details|identi\w+)|names?\b|identi\w+)|"
    r"去标识|脱敏|匿名|(?:去掉|去除|删掉?|隐去|抹掉|不带|别带|别留|不留|不含|不要)[^,。]{0,4}(?:患者|病人|个人|身份|姓名|名字)",
    re.IGNORECASE,
)
"""Words that want a name or an identity left out, wherever in the message they stand."""
_NAMED = re.compile(
    r"\b(?:not|don't|never|no need to|nothing) (?:\w+ )?(?:de-?identif|anonym|pseudonym)\w*|\b(?:un-?anonym|non-?anonym)\w*|(?:不要?|别|不用|无需|没必要|未)(?:做|进行|给我)?(?:去标识|脱敏|匿名)",
    re.IGNORECASE,
)
"""The same words denied."""


def _export(clause: str, raw: str, card: Card, language: Language) -> list[Goal]:
    arguments: dict[str, Any] = {}
    if re.search(r"\bjson\b", clause, re.ASCII):
        arguments["format"] = "json"
    elif re.search(r"\bmark ?down\b|\.md\b", clause, re.ASCII):
        arguments["format"] = "markdown"
    else:
        asked = re.search(r"\b(pdf|html|fhir|dicom)\b", clause, re.ASCII)
        if asked:
            arguments["format"] = asked[1]
    folder = slots.folder(raw)
    if folder:
        arguments["destination"] = folder
    if re.search(r"\bpacs\b", clause, re.ASCII):
        arguments = {"destination": "pacs"}
    if _NAMELESS.search(plain(raw)) and not _NAMED.search(plain(raw)):
        arguments["deidentify"] = True
    return [Goal("export", arguments)]


def _said(clause: str, raw: str) -> str:
    """Return the clause as it was typed where the message holds nothing else, else as it was read."""
    typed = " ".join(raw.split())
    return (typed if len(typed) <= len(clause) + 2 else clause)[:MAX_TEXT]


_PLAIN = {
    "find": _find,
    "compare": _compare,
    "find_guideline": _find_guideline,
    "show": _show,
    "write_report": _write_report,
    "export": _export,
}
