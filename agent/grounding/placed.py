"""Whose side it is: where a clause speaks of several lesions, each side and third belongs to the lesion it stands beside.

Also how many of them lie there ("two on the right, one on the left"), and whether one is the only one that does. Knows no
amount of anything else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

from agent.grounding import vocabulary as words
from agent.grounding.bound import About, Mention, mentions
from agent.grounding.numerals import value_of
from tools.evidence import Evidence

_PARTS = re.compile(r"[;,。、]|\b(?:while|whereas|but|and (?=(?:the )?(?:lesions?|nodules?) \d+ (?:is|are|lies?|sits?|in|on)\b))|而|\.\s", re.IGNORECASE)
_OPPOSED = re.compile(r"\bone (?:in|on)\b|一[个枚左右]|\b(?:unlike|in contrast to|not|opposite)\b|不同|不在|对侧|相反|并非|不是", re.IGNORECASE)
_RIGHT_BEHIND = re.compile(r"(?:[- ]sided|[- ]lung)?\s*(?:侧|肺)?的?\s*", re.IGNORECASE)
_ONLY = re.compile(r"\b(?:only|alone|sole)\b|只有|仅有?|唯独", re.IGNORECASE)
_WORDED = "one|two|three|four|five|six|seven|eight|nine|ten"
_ZH = r"\d{1,2}|[一二两三四五六七八九十]"
_COUNTED = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?<![\w.])(?P<n>(?:{_WORDED}|\d{{1,2}}(?= (?:\w+ )?(?:lesions|nodules)))) (?:of (?:them|these) |(?:\w+ )?(?:lesions?|nodules?) )?"
        r"(?:is |are |lies? |sits? |located )*(?:on|in) the (?P<side>right|left)\b",
        rf"(?P<side>[左右])(?:侧|肺|边)*[内上]?(?:共?有|为|可?见|:)?\s*(?P<n>{_ZH})\s*[个枚]",
        rf"(?<!病灶)(?<!结节)(?P<n>{_ZH})\s*[个枚](?:病灶|结节)?(?:位于|在)(?P<side>[左右])",
    )
)
"""How many lesions lie on a side."""
_LESION = r"(?:(?:the )?(?:lesion|nodule|mass)\s+|(?:病灶|结节|肿块)\s*)"
_ABOVE = re.compile(
    rf"{_LESION}(?P<a>\d{{1,3}})(?!\d)[^,;。\d]{{0,24}}?(?:(?P<up>\babove|superior to|cranial to|higher up than)|(?P<down>\bbelow|inferior to|caudal to|lower down than))\s+{_LESION}(?P<b>\d{{1,3}})(?!\d)"
    rf"|{_LESION}(?P<c>\d{{1,3}})\s*(?:位于|在|处于)\s*{_LESION}(?P<d>\d{{1,3}})\s*的?(?:(?P<zhup>上方)|(?P<zhdown>下方))",
    re.IGNORECASE,
)
"""One lesion above or below another, as the thirds of the lung lie."""
_IN_TURN = (re.compile(r"\bthe former\b|前者", re.IGNORECASE), re.compile(r"\bthe latter\b|后者", re.IGNORECASE))
_THIRDS = ("lower", "middle", "upper")
_SIDE = {"左": "left", "右": "right"}


def misplaced(text: str, cited: Sequence[Evidence], about: About) -> list[str]:
    """Say which sides and thirds are told of another lesion than the one that lies there."""
    held = _held(cited, about)
    found = _of_others(text, held)
    if len(held) > 1:
        found += [*_counted(text, held), *_alone(text, held), *_stacked(text, held)]
    return list(dict.fromkeys(found))


def counts(text: str, start: int, end: int, value: int, cited: Sequence[Evidence], about: About) -> bool:
    """Return whether a number of lesions is how many of those cited lie on the side that its stretch names."""
    begin = max((m.end() for m in re.finditer(r"[,;。]", text[:start])), default=0)
    stop = min((m.start() for m in re.finditer(r"[,;。]", text) if m.start() >= end), default=len(text))
    sides = _sides(text[begin:stop])
    return len(sides) == 1 and sum(sides <= held for held in _held(cited, about).values()) == value


def _held(cited: Sequence[Evidence], about: About) -> dict[int, set[str]]:
    """Return what of sides and thirds is known of each lesion by the outlines that are cited."""
    found: dict[int, set[str]] = {}
    for item in cited:
        known = {str(item.inputs[k]) for k in ("side", "third") if isinstance(item.inputs.get(k), str)}
        if item.inputs.get("field") == "lobe":  # what was stated may differ from the outline: either may be told
            stated = str(item.inputs.get("value"))
            known |= {side for side in words.SIDES if side in stated or (side, stated) == ("left", "lingula")}
            known |= {third for third in _THIRDS if third in stated}
        if len(about[item.id]) == 1 and known:
            found.setdefault(next(iter(about[item.id])), set()).update(known)
    return found


def _of_others(text: str, held: Mapping[int, set[str]]) -> list[str]:
    problems = []
    places = mentions(text)
    cuts = [0, *(m.end() for m in _PARTS.finditer(text)), len(text)]
    for start, end in pairwise(cuts):
        near = [m for m in places if start <= m.start < end] or _beside(text, start, end, places)
        if not near or _OPPOSED.search(text, start, end):
            continue
        for at, after, name in _told(text, start, end):
            owner = _owner(text, at, after, near)
            problems += [
                f"{name!r} is not where lesion {n} lies in what is cited"
                for n in owner.numbers
                if n in held and name not in held[n] and _judges(name, held[n])
            ]
    return problems


def _beside(text: str, start: int, end: int, places: Sequence[Mention]) -> list[Mention]:
    """Return the lesion that a part without one speaks of: "the former", the one named before it, the one put behind it."""
    named = [n for m in places if m.end <= start for n in m.numbers]
    turn = next((k for k, pattern in enumerate(_IN_TURN) if pattern.search(text, start, end)), None)
    if turn is not None and len(named) == 2:
        return [Mention((named[turn],), start, start)]
    last = max((m.start() for m in re.finditer(r"[;。,]", text[: max(0, start)])), default=0)
    cut = max((m.end() for m in re.finditer(r"[;。]", text[:start])), default=0)
    before = [m for m in places if cut <= m.start < start]
    if last >= cut and len(before) == 1 and text[start - 1 : start] in ",":
        return before
    behind = next((m for m in places if m.start >= end), None)
    return [behind] if behind and not before and text[end - 1 : end] in "," and not text[end : behind.start].strip() else []


def _judges(name: str, held: set[str]) -> bool:
    return bool(held & (set(words.SIDES) if name in words.SIDES else {"upper", "middle", "lower"}))


def _told(text: str, start: int, end: int) -> list[tuple[int, int, str]]:
    plain = words.NOT_A_SIDE.sub(lambda m: " " * len(m[0]), text)
    patterns = {**words.SIDES, **{k: words.PLACES[k] for k in ("upper", "middle", "lower")}}
    return sorted((m.start(), m.end(), name) for name, p in patterns.items() for m in p.finditer(plain, start, end))


def _owner(text: str, at: int, after: int, near: Sequence[Mention]) -> Mention:
    """Return the lesion a side stands beside: right before it, else the last one before, else the first one behind."""
    behind = [m for m in near if m.start >= after]
    if behind and _RIGHT_BEHIND.fullmatch(text[after : behind[0].start]):
        return behind[0]
    before = [m for m in near if m.end <= at]
    return before[-1] if before else (behind or list(near))[0]


def _sides(text: str) -> set[str]:
    plain = words.NOT_A_SIDE.sub(" ", text)
    return {name for name, pattern in words.SIDES.items() if pattern.search(plain)}


def _counted(text: str, held: Mapping[int, set[str]]) -> list[str]:
    """Say which counts of lesions on one side are not what the cited outlines give."""
    return [
        f"{match[0].strip()!r} is not how many of the cited lesions lie there"
        for pattern in _COUNTED
        for match in pattern.finditer(text)
        if sum(_SIDE.get(match["side"], match["side"].lower()) in known for known in held.values()) != int(value_of(match["n"]))
    ]


def _alone(text: str, held: Mapping[int, set[str]]) -> list[str]:
    """Say where one lesion is told to be the only one on a side, and another one lies there too."""
    only, sides, named = _ONLY.search(text), _sides(text), {n for m in mentions(text) for n in m.numbers}
    if only is None or len(sides) != 1 or len(named) != 1:
        return []
    others = [n for n in held if n not in named and sides <= held[n]]
    return [f"lesion {n} lies there too" for n in others]


def _stacked(text: str, held: Mapping[int, set[str]]) -> list[str]:
    """Say which lesions are told to lie above or below another one, where the cited thirds do not say so."""
    found = []
    for match in _ABOVE.finditer(text):
        high, low = (int(match["a"] or match["c"]), int(match["b"] or match["d"]))
        high, low = (high, low) if match["up"] or match["zhup"] else (low, high)
        ranks = [next((_THIRDS.index(t) for t in _THIRDS if t in held.get(n, ())), -1) for n in (high, low)]
        if min(ranks) < 0 or ranks[0] <= ranks[1]:
            found.append(f"{match[0].strip()!r} is not how the cited places are")
    return found
