"""Tools side by side: "segment it with both", "classify it with both", "take the second"; and those of places.

The tools are those the card names; which of several outlines is taken is told by its place in the table or by its
tool's name. Knows no tool by name and runs none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from agent.planner import refer
from agent.planner.intents import examples
from agent.planner.reading import plain

EVERY = "all"
Card = Mapping[str, Any]

_MODELS = r"(?:models?|tools?|segmenters?|classifiers?|networks?|methods|algorithms)"
_WANTED = re.compile(
    rf"\bwith (?:both|each|all(?: of them)?)(?! (?:the )?(?:lesions|nodules|lungs|sides|scans|priors?))(?: (?:of )?(?:the |these )?(?:two |three |available )?{_MODELS})?(?=[ ,.;!?]*(?:$|,|;|and\b|at once|side))"
    rf"|\b(?:both|all|two|three|every|each|several|different|other) (?:of )?(?:the )?(?:(?:available|applicable|installed|segmentation|possible) )*{_MODELS}\b"
    rf"|\bwith the other one\b|\b{_MODELS} side by side\b|\b(?:outlines|segmentations|masks) side by side\b"
    r"|(?:用|让|拿|把)?(?:两|二|三|所有|全部|每|各|几|另一|另外一|不同)(?:个|种|款)?(?:可用|适用|现有|已装)?的?(?:分割)?(?:模型|工具|算法|方法|分类器)",
    re.ASCII,
)
_NAME = r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)+|[a-z0-9]*(?:net|seg|sam|former|gpt|segmentator|xrayvision)(?:v?\d+)?"
_BY_NAME = re.compile(
    rf"(?:\b(with|using|via|and|or)\s+(?:the\s+)?|[用让]\s*)(?:({_NAME})(?=\s*(?:$|[,.;!?,。]|and\b|please\b|{_MODELS}\b|分割|勾画|来|评分|分类|搜))"
    rf"|([a-z][a-z0-9]{{2,}})\s+(?:model|tool|segmenter|classifier|network)\b)",
    re.ASCII,
)
_NO_TOOLS = frozenset((
    "ground-glass", "part-solid", "sub-solid", "non-solid", "soft-tissue", "cut-off", "follow-up", "low-dose", "x-ray",
    "side-by-side", "well-defined", "ill-defined", "thin-slice", "high-resolution", "re-measure", "large-cell", "small-cell",
    "the", "this", "that", "same", "other", "another", "first", "second", "third", "last", "best", "default", "your", "our",
    "different", "better", "lung", "nodule", "new", "old", "own", "shipped", "right", "good", "any", "one", "each", "every",
    "both", "lobe", "segmentation", "fastest", "smallest", "usual", "standard", "trained", "deep", "built", "available",
    "internet",
))  # fmt: skip
_NOT_OUTLINES = re.compile(
    r"\b(?:what|which|how many|list|are there|do you have|install\w*)\b|\b(?:classif\w+|rat(?:e|ing)|malignan\w+|prior|report)\b|哪些|什么|几个|有没有|分类|评分|报告", re.ASCII
)
_SCORED = re.compile(
    r"\b(?:classif(?:y|ies|ied|ication|iers?)|characteri[sz](?:e|ed|ation)|rat(?:e|ed|ing)|scor(?:e|ed|ing))\b|分类|评分|打分", re.ASCII
)
_ASKED_ABOUT = re.compile(r"\b(?:what|which|how many|list|are there|do you have|install\w*)\b|哪些|什么|几个|有没有", re.ASCII)
_RUN = re.compile(r"\b(?:with|by|run|use|using|try|apply|ask)\b|用|跑|试|运行", re.ASCII)
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
    if len(_meant(clause, card)) > 1:
        return True
    return _WANTED.search(clause) is not None and _NOT_OUTLINES.search(clause) is None


def tools_of(clause: str, card: Card) -> list[str]:
    """Return the tools to run: those that are named, in that order, or all that fit."""
    meant = _meant(clause, card)
    return meant if len(meant) > 1 else [EVERY]


def without(clause: str, *names: str) -> str:
    """Return a clause without the words that ask for several tools, and without names: "both" is no two lesions then.

    >>> without("segment lesion 2 with both"), without("rate lesion 2 with net-3", "net-3")
    ('segment lesion 2  ', 'rate lesion 2 ')
    """
    for name in names:
        clause = re.sub(rf"(?:\b(?:with|by|using|and|or)\b|[,,、和与跟及用]|\s)*{re.escape(name)}", " ", clause)
    return _WANTED.sub(" ", clause)


def scorers(clause: str, card: Card) -> dict[str, Any]:
    """Return which classifiers are to score a lesion: several side by side, one by name, or nothing for the best.

    >>> held = {"tools": [{"name": "net-a", "task": "classify"}, {"name": "net-b", "task": "classify"}]}
    >>> scorers("characterise it with both", held), scorers("rate it with net-b", held), scorers("rate it", held)
    ({'tools': ['all']}, {'tool': 'net-b'}, {})
    """
    meant = [*_named(clause, card, "classify"), *strangers(clause, card)]
    if len(meant) > 1:
        return {"tools": meant}
    if _WANTED.search(clause) and _SCORED.search(clause) and not _ASKED_ABOUT.search(clause):
        return {"tools": [EVERY]}
    return {"tool": meant[0]} if meant else {}


def scored(clause: str, card: Card) -> bool:
    """Return whether a clause asks for scores by saying which tools are to give them."""
    if not (_named(clause, card, "classify") or _SCORED.search(clause) or _WANTED.search(clause)):
        return False  # by a name that is not there: for segmenting as likely
    asked = scorers(clause, card)
    return "tools" in asked or ("tool" in asked and (_RUN.search(clause) or _SCORED.search(clause)) is not None
                                and _ASKED_ABOUT.search(clause) is None)  # fmt: skip


def named(clause: str, card: Card, task: str) -> str | None:
    """Return the tool of a task that a clause names: one of the card's, or what is named as one and is not there.

    A name that nobody has is handed on all the same: the registry says that it is not there, and what is.

    >>> held = {"tools": [{"name": "my-find", "task": "find"}]}
    >>> named("search with my-find", held, "find"), named("segment it with nnunet", held, "segment")
    ('my-find', 'nnunet')
    >>> named("segment it with care", held, "segment"), named("outline with a cut-off of 0.4", held, "segment")
    (None, None)
    """
    held = _named(clause, card, task)
    return held[0] if held else next(iter(strangers(clause, card)), None)


def strangers(clause: str, card: Card) -> list[str]:
    """Return what a clause names as a tool and the card does not have.

    That is a word after "with" or "using" which is built as tools' names are, or which stands before "model".
    """
    known = {str(t.get("name")) for t in card.get("tools") or []}
    beside_known = any(k in clause for k in known)  # "with a-net and b-net", not "segment and re-measure"
    said = [m[2] or m[3] for m in _BY_NAME.finditer(clause) if beside_known or m[1] not in ("and", "or")]
    return [n for n in said if n not in known and n not in _NO_TOOLS and not any(n in k for k in known)]


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


def _named(clause: str, card: Card, task: str = "segment") -> list[str]:
    """Return the tools of a task that a clause names, in the order it names them.

    By name, by name in words ("the bright region tool"), or by a sentence that only this tool brings along.
    """
    apart = anatomy(card)
    tools = [t for t in card.get("tools") or [] if t.get("task") == task and t.get("name") not in apart]
    found = {str(t["name"]): _place(clause, str(t["name"]), t.get("asked") or ()) for t in tools}
    return sorted((n for n, at in found.items() if at >= 0), key=lambda n: found[n])


def _meant(clause: str, card: Card) -> list[str]:
    """Return the segmenters that a clause names, and with them the names that nobody has."""
    known = _named(clause, card)
    return [*known, *strangers(clause, card)] if known else []


def _place(clause: str, name: str, sentences: Sequence[str]) -> int:
    """Return where a clause names a tool; below 0 where it does not."""
    words = re.escape(name).replace(r"\-", "[- ]")
    said = re.search(rf"(?<![a-z0-9_-])(?:{re.escape(name)}(?![a-z0-9_-])|{words} {_MODELS}\b)", clause)
    if said is not None:
        return said.start()
    return max((clause.find(plain(s)) for s in sentences if plain(s) and plain(s) not in _ours()), default=-1)


@lru_cache(maxsize=1)
def _ours() -> frozenset[str]:
    """Return the shipped example sentences: one of these is nobody's own."""
    return frozenset(plain(line) for lines in examples().values() for line in lines)
