"""Edits of a report, read out of what a reader typed: add, change, delete a sentence, take an edit back, sign.

Deterministic, English and Chinese. Knows no report and no case.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Act = Literal["add", "change", "delete", "undo", "sign"]

_SECTIONS: tuple[tuple[str, str], ...] = (
    ("impression", r"impressions?|conclusions?|印象|结论|诊断意见"),
    ("recommendation", r"recommendations?|建议"),
    ("technique", r"technique|检查技术|技术"),
    ("comparison", r"comparison|对比"),
    ("context", r"(?:clinical )?(?:context|indication|history)|临床信息|检查指征|病史"),
    ("not_assessed", r"not[- ]assessed|未评估(?:内容)?"),
    ("findings", r"findings?|所见|发现|report|报告"),
)
_WHERE = "|".join(p for _, p in _SECTIONS)
_ORDINALS = ("first|1st", "second|2nd", "third|3rd", "fourth|4th", "fifth|5th", "sixth|6th", "seventh|7th", "eighth|8th",
             "ninth|9th", "tenth|10th")  # fmt: skip
_NTH = "|".join(_ORDINALS)
_ZH_DIGITS = "一二三四五六七八九十"
_LINE = r"(?:sentences?|lines?|statements?|points?|items?)"
_ADD = (
    re.compile(
        rf"\b(?:add|insert|include|append|write|put|note|mention)\b(?:\s+(?:this|the following|a (?:sentence|line|note)))?"
        rf"\s+(?:in|into|to|at the end of|under)\s+(?:the |my )?(?P<where>{_WHERE})(?:\s+section)?(?: of the report)?"
        rf"(?:\s*[:：,]\s*|\s+(?:that|saying)\s+)(?P<text>.+)$", re.I | re.S),
    re.compile(
        rf"\b(?:add|insert|include|append|put)\s+[\"“](?P<text>.+?)[\"”]\s+(?:in|into|to|under)\s+(?:the |my )?"
        rf"(?P<where>{_WHERE})\b", re.I | re.S),
    re.compile(
        rf"(?:在|往|向)?(?:报告的?)?(?P<where>{_WHERE})(?:部分)?(?:里|中|内|上|末尾)*(?:加上?|添加|补充|写上|写入|增加|加入|注明)"
        rf"(?:一句|一条|一行)?(?:话)?\s*[:：,，]?\s*(?P<text>.+)$", re.S),
    re.compile(
        rf"(?:加|添加|补充|写|增加)(?:到|进|入|在)(?:报告的?)?(?P<where>{_WHERE})(?:部分)?(?:里|中|内)*\s*[:：,，]\s*(?P<text>.+)$",
        re.S),
    re.compile(
        rf"把[\"“](?P<text>.+?)[\"”](?:加|写|添)(?:到|进|入)(?:报告的?)?(?P<where>{_WHERE})", re.S),
)  # fmt: skip
_CHANGE = (
    re.compile(
        rf"\b(?:change|replace|rewrite|reword|edit|rephrase)\s+(?:the )?(?P<nth>{_NTH}|last|\d{{1,2}}(?:st|nd|rd|th)?)?\s*"
        rf"{_LINE}\s*(?P<num>\d{{1,2}})?\s*(?:of|in)\s+(?:the |my )?(?P<where>{_WHERE})(?:\s+section)?\s*"
        rf"(?:to|with|by|as|into)?\s*[:：]?\s+(?P<text>.+)$", re.I | re.S),
    re.compile(
        rf"把?(?:报告的?)?(?P<where>{_WHERE})(?:部分)?(?:里|中)?的?第(?P<zh>[{_ZH_DIGITS}]|\d{{1,2}})(?:句话?|条|行)"
        rf"(?:改成|改为|换成|写成)\s*[:：]?\s*(?P<text>.+)$", re.S),
)  # fmt: skip
_DELETE = (
    re.compile(
        rf"\b(?:delete|remove|drop|strike|take out|leave out|erase)\s+(?:the )?(?P<nth>{_NTH}|last|\d{{1,2}}(?:st|nd|rd|th)?)?"
        rf"\s*{_LINE}\s*(?P<num>\d{{1,2}})?\s*(?:of|in|from)\s+(?:the |my )?(?P<where>{_WHERE})", re.I),
    re.compile(
        rf"(?:把|删除?掉?|去掉)(?:报告的?)?(?P<where>{_WHERE})(?:部分)?(?:里|中)?的?第(?P<zh>[{_ZH_DIGITS}]|\d{{1,2}})"
        rf"(?:句话?|条|行)(?:删除?掉?|去掉)?"),
    re.compile(
        rf"\b(?:delete|remove|drop|strike|take out|leave out)\s+(?:the )?{_LINE}\s+(?:about|on|with|that mentions)\s+"
        rf"(?P<about>.+?)\s+(?:of|in|from)\s+(?:the |my )?(?P<where>{_WHERE})\b", re.I),
)  # fmt: skip
_UNDO = re.compile(
    r"\b(?:undo|revert|take back|withdraw)\s+(?:my |the )?(?:last )?(?:edit|change)s?\b.{0,24}\breport\b|"
    r"\b(?:undo|revert|take back) (?:my|the) last (?:report )?edit\b|撤销(?:报告的?)?(?:上一个|上次|最后一次)?(?:报告)?(?:修改|编辑)", re.I
)  # fmt: skip
_SIGN = re.compile(r"\bsign (?:off )?(?:on )?(?:the |this |my )?report\b|签(?:署|发)(?:这份|本)?报告|报告签(?:署|发|字)", re.I)
_POLITE = 24
"""Characters that may stand before an edit that a message opens with: "please", "could you now"."""


_ACTS: tuple[tuple[Act, tuple[re.Pattern[str], ...]], ...] = (("change", _CHANGE), ("delete", _DELETE), ("add", _ADD))


@dataclass(frozen=True)
class Said:
    """One edit that a message asks for.

    Attributes:
        text: the words to put in.
        section: where.
        number: which sentence of the section, from 1; -1 for the last, None where it is told otherwise.
        about: words that the one sentence meant holds.
        before: what the message says before it.
    """

    act: Act
    text: str = ""
    section: str = "findings"
    number: int | None = None
    about: str = ""
    before: str = ""


def read_edit(text: str) -> Said | None:
    """Return the edit of a report that a message asks for, or None.

    >>> read_edit("add to the report: no pleural effusion seen").text
    'no pleural effusion seen'
    >>> read_edit("delete the second sentence of the impression").number
    2
    >>> read_edit("update the report") is None
    True
    """
    flat = " ".join(text.split())
    if _SIGN.search(flat):
        return Said("sign")
    if _UNDO.search(flat):
        return Said("undo")
    for act, patterns in _ACTS:
        for pattern in patterns:
            match = pattern.search(flat)
            if match is not None:
                found = match.groupdict()
                words = (found.get("text") or "").strip().strip("\"“”").strip()
                about = (found.get("about") or "").strip()
                before = flat[: match.start()]
                return Said(act, words, _section(found["where"]), _number(found), about, before)
    return None


def opens_with_edit(text: str) -> bool:
    """Return whether a message is an edit from its beginning: what follows are the report's words, no requests."""
    said = read_edit(text)
    return said is not None and len(said.before.strip()) <= _POLITE


def _section(word: str) -> str:
    return next(key for key, pattern in _SECTIONS if re.fullmatch(pattern, word, re.I))


def _number(found: dict[str, str | None]) -> int | None:
    word = (found.get("nth") or found.get("num") or found.get("zh") or "").lower()
    if word == "last":
        return -1
    if word in _ZH_DIGITS and word:
        return _ZH_DIGITS.index(word) + 1
    digits = re.match(r"\d+", word)
    if digits:
        return int(digits[0])
    return next((n for n, names in enumerate(_ORDINALS, start=1) if word in names.split("|")), None)
