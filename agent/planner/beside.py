"""Outlines side by side: "segment it with both", "compare the two models", "take the second"; and those of places.

The tools are those the card names; which of several outlines is taken is told by its place in the table or by its
tool's name. Knows no tool by name and runs none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from agent.planner import refer

EVERY = "all"
Card = Mapping[str, Any]

_MODELS = r"(?:models?|tools?|segmenters?|networks?|methods|algorithms)"
_WANTED = re.compile(
    rf"\bwith (?:both|each|all(?: of them)?)(?! (?:the )?(?:lesions|nodules|lungs|sides|scans|priors?))(?: (?:of )?(?:the |these )?(?:two |three |available )?{_MODELS})?(?=[ ,.;!?]*(?:$|,|;|and\b|at once|side))"
    rf"|\b(?:both|all|two|three|every|each|several|different|other) (?:of )?(?:the )?(?:available |applicable |installed |segmentation )?{_MODELS}\b"
    rf"|\bwith the other one\b|\b{_MODELS} side by side\b|\b(?:outlines|segmentations|masks) side by side\b"
    r"|(?:用|让|拿|把)?(?:两|二|三|所有|全部|每|各|几|另一|另外一|不同)(?:个|种|款)?的?(?:分割)?(?:模型|工具|算法|方法)",
    re.ASCII,
)
_NOT_OUTLINES = re.compile(
    r"\b(?:what|which|how many|list|are there|do you have|install\w*)\b|\b(?:classif\w+|rat(?:e|ing)|malignan\w+|prior|report)\b|哪些|什么|几个|有没有|分类|评分|报告", re.ASCII
)
_LOBES = re.compile(r"\blobes\b|\blobe (?:model|tool|network|segment\w+)\b|\blobar segment|肺叶(?!里|内|中)|五(?:个)?叶", re.ASCII)
_OUTLINES = re.compile(r"\b(?:segment\w*|outlin\w+|contour|delineate|draw|run|mask|mark)\b|分割|勾画|勾|描|画出|圈|运行|跑|用", re.ASCII)
_LESION = re.compile(r"\b(?:lesions?|nodules?|mass(?:es)?|tumou?rs?)\b|结节|病灶|肿块", re.ASCII)
_PLACES = {
    "first": 0, "1st": 0, "top": 0, "second": 1, "2nd": 1, "third": 2, "3rd": 2, "fourth": 3, "4th": 3,
    "一": 0, "1": 0, "二": 1, "2": 1, "两": 1, "三": 2, "3": 2, "四": 3, "4": 3,
}  # fmt: skip
_TAKES = re.compile(
    r"\b(?:take|use|keep|choose|pick|prefer|accept|want|switch to|go (?:with|for|back to))\b|用|选|采用|采纳|取|换成|保留|要", re.ASCII
)
_WHICH = re.compile(
    r"\b(?:the )?(first|second|third|fourth|1st|2nd|3rd|4th|top|other)(?: (?:one|outline|mask|contour|segmentation|model|tool))?(?=\s*(?:$|[,.;!?]|instead|please|now|then|as|for|and))"
    r"|第([一二三四1-4])(?:个|种|款|条)?(?=$|[,。;!?]|轮廓|模型|结果|勾画|吧|的)|(另)(?:外)?一?(?:个|种)", re.ASCII
)


def wanted(clause: str, card: Card) -> bool:
    """Return whether several tools are to outline the same.

    >>> wanted("segment it with both", {}), wanted("用两个模型都分割", {}), wanted("show both lesions", {})
    (True, True, False)
    """
    if len(_named(clause, card)) > 1:
        return True
    return _WANTED.search(clause) is not None and _NOT_OUTLINES.search(clause) is None


def tools_of(clause: str, card: Card) -> list[str]:
    """Return the tools to run: those that are named, in that order, or all that fit."""
    named = _named(clause, card)
    return named if len(named) > 1 else [EVERY]


def without(clause: str) -> str:
    """Return a clause without the words that ask for several tools: "both" is no two lesions then.

    >>> without("segment lesion 2 with both")
    'segment lesion 2  '
    """
    return _WANTED.sub(" ", clause)


def taken(clause: str, card: Card) -> dict[str, Any] | None:
    """Return the lesion and the tool whose outline, of several that lie side by side, is to be kept.

    >>> held = {"lesions": [{"id": 1, "outlines": ["a-cut", "b-net"]}]}
    >>> taken("take the second", held), taken("take the second", {"lesions": [{"id": 1}]})
    ({'lesion': 1, 'tool': 'b-net'}, None)
    """
    number = refer.focus(card)
    held = [str(n) for n in refer.lesion(card, number).get("outlines") or []]
    if len(held) < 2 or not _TAKES.search(clause):
        return None
    said = next((n for n in held if n in clause), None)
    found = _WHICH.search(clause)
    if said is None and found is not None:
        word = next(g for g in found.groups() if g)
        at = 1 if word in ("other", "另") else _PLACES[word]
        said = held[at] if at < len(held) else None
    return None if said is None else {"lesion": number, "tool": said}


def anatomy(card: Card) -> list[str]:
    """Return the tools that outline places instead of lesions."""
    return [str(t.get("name")) for t in card.get("tools") or [] if t.get("anatomy")]


def places_tool(clause: str, card: Card) -> str | None:
    """Return the tool that outlines the lobes, where they are asked for and no lesion is.

    >>> places_tool("segment the lobes", {"tools": [{"name": "lobes", "task": "segment", "anatomy": True}]})
    'lobes'
    """
    known = anatomy(card)
    if not known or _LESION.search(clause):
        return None
    asked = _LOBES.search(clause) is not None and _OUTLINES.search(clause) is not None
    return next((n for n in known if n in clause and _OUTLINES.search(clause)), known[0] if asked else None)


def _named(clause: str, card: Card) -> list[str]:
    """Return the segmenters that a clause names, in the order it names them."""
    apart = anatomy(card)
    tools = [t for t in card.get("tools") or [] if t.get("task") == "segment"]
    known = [str(t.get("name")) for t in tools if t.get("name") not in apart]
    return sorted((n for n in known if re.search(rf"(?<![\w-]){re.escape(n)}(?![\w-])", clause)), key=clause.find)
