"""Which lesion a clause speaks of, in its own words: a number, a place in the list, a size, a side, "it".

Reads English and Chinese from plain text. Knows no case: which lesion that is on a card is `refer`'s matter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.planner.slots import NUM, SMALL_ORDINALS, ZH_NUM, lengths_mm, lobe, number, side

_NOUN = r"(?:lesions?|nodules?|mass(?:es)?|tumou?rs?|candidates?|findings?|targets?|spots?|opacit(?:y|ies)|nodes?)"
_NOUN_ZH = r"(?:病灶|结节|肿块|肿物|候选|目标|淋巴结|病变|团块)"
_NOT_SIZE = r"(?!\s*(?:mm|cm|%|毫米|厘米|个|\.\d|x|×|-?\s*(?:day|week|month|year)))(?![\d.]*\d)"
_NUMBERED = re.compile(
    rf"\b(?:{_NOUN}|masks?|outlines?|contours?|les\.?|nod\.?)\s*(?:no\.?|number|#|nr\.?)?\s*({NUM}(?:\s*(?:,|and|&|to)\s*(?:{_NOUN}\s*)?{NUM})*)\b{_NOT_SIZE}"
    rf"|\b(?:no\.|number|nr\.?|#)\s*({NUM})\b{_NOT_SIZE}|#\s*(\d{{1,3}})|\bl(\d{{1,2}})\b(?!\s*(?:vertebra|spine))", re.ASCII
)
_NUMBERED_ZH = re.compile(
    rf"(?:第\s*)?({ZH_NUM})\s*号(?:{_NOUN_ZH})?|(?:{_NOUN_ZH}|掩膜|轮廓)\s*(?:编号)?\s*({ZH_NUM}(?:\s*[和、,与及]\s*{ZH_NUM})*)"
    rf"(?!\s*(?:mm|cm|%|毫米|厘米|个|枚|[.\d]|时|次|年|月|天))", re.ASCII
)
_BARE_NUMBER = re.compile(
    rf"(?:\b(?:measure|re-?measure|segment|re-?segment|outline|contour|redo|rate|score|classify|assess|tighten|loosen|show|open|go to|jump to|go|size|size of|for|of|on|and|what about|how about|now)\s+|^)"
    rf"(\d{{1,2}}(?:\s*(?:,|and|&)\s*\d{{1,2}})*)(?=\s*(?:$|[?.!,;]|please|again|tighter|looser|too|as well|in (?:axial|coronal|sagittal)|with|at)){_NOT_SIZE}"
    r"|^(\d{1,2})(?=\s+(?:is|was|looks?|seems?|leaks?|needs?|should|misses)\b)", re.ASCII
)
"""A number that stands alone where a lesion is meant: "measure 1 and 2", "tighter on 2"."""
_PLACE_IN_LIST = re.compile(
    rf"\b({'|'.join(SMALL_ORDINALS)}|(\d{{1,2}})(?:st|nd|rd|th))\b(?!\s*(?:time|slice|axis|report|measurement|scan|ct|third))", re.ASCII
)
_PLACE_IN_LIST_ZH = re.compile(rf"第\s*({ZH_NUM})\s*(?:个|枚|处|颗|块|只)|第\s*({ZH_NUM})\s*{_NOUN_ZH}", re.ASCII)
_LAST = re.compile(
    rf"\b(?:last|final|newest|latest|most recent) (?:one|{_NOUN})\b|最后(?:一)?(?:个|枚|处)|最新的?(?:一)?(?:个|{_NOUN_ZH})", re.ASCII
)
_BIGGER = re.compile(
    r"(?<![多太很最更较够])大的(?![小话])|\b(?:bigger|biggest|larger|largest|greater|dominant|main)\b|\b(?:big|large) (?:one|guy|nodule|lesion|mass)\b|(?:^|[这那,]|看|量|测|的)大(?:结节|病灶|肿块)|(?:更|较|最|比较)大(?:的|那个|一个|病灶|结节|者)|最大(?![值径])|主要(?:的|那个|病灶|结节)|大(?:的)?那个|大的那", re.ASCII
)
_SMALLER = re.compile(r"(?<![多太很最更较])小的(?![话])|\b(?:smaller|smallest|tiniest|tiny)\b|\b(?:small|little) (?:one|guy|nodule|lesion|mass)\b|(?:^|[这那,]|看|量|测|的)小(?:结节|病灶|肿块)|(?:更|较|最|比较)小(?:的|那个|一个|病灶|结节|者)|最小(?![值径])|小(?:的)?那个|小的那", re.ASCII)
_OTHER = re.compile(rf"\b(?:the )?other (?:one|{_NOUN})\b|\bthe other\s*(?:$|[.,;?!]|too\b|as well\b|please\b|now\b)|(?:剩下|其余|别)的?那?(?:个|枚)|另(?:外)?一?(?:个|枚|处)|其他那个", re.ASCII)
_ALL = re.compile(
    rf"\b(?:all|every|each|both|everything)\b(?!\s*(?:right|of a sudden))|\ball (?:the )?{_NOUN}|所有|全部|每(?:一)?(?:个|枚|处)|(?:这)?(?:两|三|几)个(?:结节|病灶)|都(?:量|测|分割)|各个|两个都", re.ASCII
)
_POINTER = re.compile(
    rf"\b(?:(?<!\bdo )it|its|it's|(?:this|that)(?! (?:patient|scan|ct|case|image|exam|study|film|x-?ray|picture|report|man|woman|time))|the same(?: one)?)\b|\b(?:the|this|that) (?:[\w-]+ )?{_NOUN}\b|"
    rf"它|这个|那个|该{_NOUN_ZH}|这枚|这处|同一个|刚才那个|[这那]玩意|[这那](?:东西|家伙|病灶|结节|肿块)", re.ASCII
)
_CLICKED = re.compile(r"\b(?:click|clicked|selected|selection|marked|pointed|box(?:ed)?|here|cursor|cross|crosshairs?|marker)\b|点(?:击|的|选|中)|选中|框|十字|光标|这里|此处|标记的", re.ASCII)


@dataclass(frozen=True)
class Reference:
    """Which lesion a clause speaks of, in its own words.

    Attributes:
        numbers: lesion numbers said (``lesion 2``, ``三号``).
        place: place in the list (``the second one``): 1 is the first, -1 the last.
        by_size: ``bigger`` or ``smaller``.
        other: the one that is not in focus.
        every: all of them.
        side, lobe, third, size_mm, group: what it is told apart by.
        pointer: "it", "the nodule": the one in focus, or the only one.
        clicked: what the reader clicked or boxed.
    """

    numbers: tuple[int, ...] = ()
    place: int | None = None
    by_size: str | None = None
    other: bool = False
    every: bool = False
    side: str | None = None
    lobe: str | None = None
    third: str | None = None
    size_mm: float | None = None
    group: str | None = None
    pointer: bool = False
    clicked: bool = False


def reference(text: str) -> Reference:
    """Return what a clause says about which lesion is meant."""
    sizes = lengths_mm(text)
    return Reference(
        numbers=_numbers(text),
        place=_place(text),
        by_size="bigger" if _BIGGER.search(text) else "smaller" if _SMALLER.search(text) else None,
        other=_OTHER.search(text) is not None,
        every=_ALL.search(text) is not None,
        side=side(text),
        lobe=lobe(text),
        third=_third(text),
        size_mm=sizes[0] if len(sizes) == 1 else None,
        group="mass" if re.search(r"\bmass\b|肿块", text, re.ASCII) else None,
        pointer=_POINTER.search(text) is not None or re.search(_NOUN_ZH, text, re.ASCII) is not None,
        clicked=_CLICKED.search(text) is not None,
    )


def _numbers(text: str) -> tuple[int, ...]:
    found: list[int] = []
    named = [*_NUMBERED.finditer(text), *_NUMBERED_ZH.finditer(text)]
    for match in named or _BARE_NUMBER.finditer(text):
        said = next((g for g in match.groups() if g), "")
        parts = [n for p in re.findall(rf"{NUM}|{ZH_NUM}", said) if (n := number(p)) is not None]
        if " to " in said and len(parts) == 2:
            parts = list(range(parts[0], parts[1] + 1))
        found += [n for n in parts if n not in found]
    return tuple(found[:20])


def _place(text: str) -> int | None:
    if _LAST.search(text):
        return -1
    found = _PLACE_IN_LIST.search(text)
    if found:
        return int(found[2]) if found[2] else SMALL_ORDINALS.index(found[1]) + 1
    found = _PLACE_IN_LIST_ZH.search(text)
    return number(found[1] or found[2]) if found else None


def _third(text: str) -> str | None:
    named = [
        third
        for third, pattern in (("upper", r"\b(?:upper|apical|apex|r ?ul|l ?ul)\b|[左右]上(?![次面回])|上(?:叶|肺|部|野|三分之一)|肺尖"),
                               ("middle", r"\b(?:middle|mid|rml)\b|[左右]中|中(?:叶|野|部|三分之一)"),
                               ("lower", r"\b(?:lower|basal|base|rll|lll)\b|[左右]下(?![次面回])|下(?:叶|肺|部|野|三分之一)|肺底"))
        if re.search(pattern, text, re.ASCII)
    ]  # fmt: skip
    return named[0] if len(named) == 1 else None
