"""What a reader's wish about the report asks for: a language, a form; and which part of it was not understood.

Deterministic. A part that holds a word this does not know is handed back, never dropped in silence. That every report
is composed anew from current evidence already fulfils "update it" and "put the new size in".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.report.model import Form
from tools.quantity import Language

_PARTS = re.compile(r"[,;.!?,;。!?、\n]+|\b(?:and|then|but)\b|然后|并且|并")
_LANGUAGES: tuple[tuple[Language, str], ...] = (
    ("zh", r"\b(?:chinese|mandarin|zh)\b|中文|汉语"),
    ("en", r"\b(?:english|en)\b|英文|英语"),
)
_IMPRESSION = r"\b(?:the |its |your )?(?:impression|conclusion|summary line)s?\b(?: section)?|印象|结论|诊断意见"
"""The one part of a report that can be asked for by itself, and only to be brief."""
_BE = (
    r"\b(?:make|keep|cut|trim|down|be|should|a bit|a little|much|too long|long|wordy|half)\b"
    r"|写得?|[缩改变]短|短|点|些|一点|太长|更"
)
_FORMS: tuple[tuple[Form, str], ...] = (
    ("short", r"\b(?:shorten|shorter|short|brief(?:er|ly)?|concise(?:ly)?|condensed?)\b"
     r"|简短|精简|缩短|简洁|简单点?|短一点|短一些|短点"),
    ("full", r"\b(?:full|complete|longer|detailed|whole)\b|完整|详细|全文"),
)
_REPORT = (
    r"\b(?:structured|radiology|written|draft(?:ed)?|reports?|version|text|language|form)\b"
    r"|结构化|诊断|报告|草稿|版本|版"
)
_NEW = r"(?:new|latest|current|updated)"
_SIZES = r"(?:measurements?|sizes?|values?|volumes?|diameters?|numbers?|outline)"
_AFRESH = (
    rf"\b(?:put|add|include|insert|use) (?:in )?the {_NEW} {_SIZES}(?: in(?:to)?)?\b|"
    r"\b(?:write|rewrite|written|compose|draft|make|create|generate|prepare|produce|give|show|get|have|want|need|"
    r"finish|dictate|translate|redo|update|revise|refresh|change|switch|document)\b"
    r"|把?新的?(?:测量|大小|尺寸|体积|结果|数值)(?:写进|加到|加入|写入|放进|加进)?|写进|加进|写|出|生成|起草|总结|更新|修改|改|重新|翻译|换"
)
_FILLER = re.compile(
    r"\b(?:please|now|again|once more|up|down|it|this|that|the|an?|in|into|to|as|of|for|with|on|me|i|we|us|you|"
    r"can|could|would|like|just|so|ok(?:ay)?|everything|all|case|scan|patient|instead|more)\b|'d|\b's\b"
    r"|请|帮我?|给我?|一下|一份|一个|个|份|的|成|为|用|以|把|将|再|吧|了|去|得|里|里面|到|加|我|要|想要?|成|这|病例|本"
)
_LEFT = re.compile(r"[a-z0-9]+|[\u3400-\u9fff]+")


@dataclass(frozen=True)
class Wish:
    """What was asked for; None where nothing was. `not_understood` holds the parts that were not."""

    language: Language | None = None
    form: Form | None = None
    not_understood: tuple[str, ...] = ()


def read_wish(text: str | None) -> Wish:
    """Return what an instruction asks for.

    >>> read_wish("write it in Chinese, shorter").form
    'short'
    >>> read_wish("shorten the impression").form
    'brief'
    >>> read_wish("in Chinese and more poetic").not_understood
    ('more poetic',)
    """
    language: Language | None = None
    form: Form | None = None
    unknown = []
    for part in _PARTS.split(text or ""):
        plain = part.strip().lower()
        if not plain:
            continue
        named = next((code for code, words in _LANGUAGES if re.search(words, plain)), None)
        language = named or language
        if _brief_impression(plain):
            form = "brief"
        elif _leftover(plain):
            unknown.append(part.strip())
        else:
            form = next((kind for kind, words in _FORMS if re.search(words, plain)), form)
    return Wish(language, form, tuple(unknown))


def _brief_impression(plain: str) -> bool:
    """Return whether a part asks for a shorter impression, and for nothing else."""
    if not re.search(_IMPRESSION, plain) or re.search(_FORMS[1][1], plain):
        return False
    short = re.search(rf"{_FORMS[0][1]}|缩短|\b(?:cut|trim|too long|wordy)\b|短|太长", plain)
    return short is not None and not _leftover(re.sub(f"{_IMPRESSION}|{_BE}", " ", plain))


def _leftover(plain: str) -> list[str]:
    """Return the words of a part that mean nothing here."""
    known = "|".join((_AFRESH, _REPORT, *(w for _, w in _LANGUAGES), *(w for _, w in _FORMS)))
    rest = re.sub(known, " ", plain)
    return _LEFT.findall(_FILLER.sub(" ", rest))
