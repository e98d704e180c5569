"""Whose number it is: where a clause speaks of several lesions, each size belongs to the lesion it stands beside.

"Lesion 1 measures 9.4 mm and lesion 2 measures 16.9 mm" is false when the two are the other way round, though both
numbers stand in what is cited. The same for lesions compared with each other: which is the larger is told by their
sizes. Knows no passage and no time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agent.grounding import vocabulary as words
from agent.grounding.claims import Amount
from agent.grounding.support import carries
from tools.evidence import Evidence

_BODILY = ("mm", "cm", "mm2", "cm2", "mm3", "ml", "hu", "pixel", "um")
"""Units of what a lesion measures."""
_EACH = re.compile(r"\b(?:both|each|all|either)\b|均|都|各", re.IGNORECASE)
_BY = re.compile(r"[x×*乘]|\bby\b", re.IGNORECASE)
_SIZES = ("axial_long_axis", "mean_diameter", "volume_voxel")
_TWO = 2
_ASIDE = re.compile(r"\s*\([^()]*\)")
_VERSUS = re.compile(r"(?:\b(?:versus|vs\.?|against|compared (?:to|with))|对比|而另一(?:个|枚)?为?)\s*$", re.IGNORECASE)
"""Right before the other one's size: "lesion 1 is the larger, at 16.9 mm versus 12.5 mm"."""
_EQUAL = 0.05
"""Sizes closer than this, in mm, are written with the same digits."""
_BIG, _SMALL = "larger|bigger|longer|greater|largest|biggest|longest|dominant", "smaller|shorter|smallest|shortest"
_NAME = r"(?:(?:the )?(?:lesion|nodule|mass|candidate)\s+(?:no\.?\s*|number\s*|#)?|(?:病灶|结节|肿块)\s*){0}"
_SAME = "(?:相同|一样|相等|相仿|相当|一致|等大)"
_A, _B = _NAME.format(r"(?P<a>\d{1,3})"), _NAME.format(r"(?P<b>\d{1,3})")
_OF_TWO = tuple(
    (sign, re.compile(pattern, re.IGNORECASE))
    for sign, pattern in (
        (1, rf"{_A}\s+(?:is |being |was )?(?:the )?(?:\w+ )?(?:{_BIG})(?: \w+){{0,3}}? than\s+{_B}"),
        (-1, rf"{_A}\s+(?:is |being |was )?(?:the )?(?:\w+ )?(?:{_SMALL})(?: \w+){{0,3}}? than\s+{_B}"),
        (1, rf"\bthan\s+{_B},?\s+{_A}\s+is (?:the )?(?:\w+ )?(?:{_BIG})"),
        (-1, rf"\bthan\s+{_B},?\s+{_A}\s+is (?:the )?(?:\w+ )?(?:{_SMALL})"),
        (1, rf"{_A}\s+(?:exceeds|surpasses|outmeasures)\s+{_B}"),
        (1, rf"{_A}\s*(?:明显|略|稍)?(?:大于|长于|超过)\s*{_B}"),
        (-1, rf"{_A}\s*(?:明显|略|稍)?(?:小于|短于|不及)\s*{_B}"),
        (1, rf"{_A}\s*比\s*{_B}\s*(?:更|要|略|稍|明显)?[大长]"),
        (-1, rf"{_A}\s*比\s*{_B}\s*(?:更|要|略|稍|明显)?[小短]"),
        (1, rf"[与和较]\s*{_B}\s*相?比?,?\s*{_A}\s*[较更][大长]"),
        (-1, rf"[与和较]\s*{_B}\s*相?比?,?\s*{_A}\s*[较更][小短]"),
        (0, rf"{_A}.{{0,40}}?\b(?:the same (?:\w+ )?as|as (?:large|big|long|small) as|equal to|identical to)\s+{_B}"),
        (0, rf"{_A}[^。;]{{0,30}}?[与和跟同]\s*{_B}\s*(?:的)?(?:大小|长径|体积)?\s*{_SAME}"),
    )
)  # fmt: skip
_OF_ALL = tuple(
    (sign, re.compile(pattern, re.IGNORECASE))
    for sign, pattern in (
        (1, rf"\bthe (?:{_BIG})(?: (?:one|lesion|nodule))?(?: of (?:the|these) (?:\w+ ?){{1,2}}?)?,? is,?\s+{_A}"),
        (-1, rf"\bthe (?:{_SMALL})(?: (?:one|lesion|nodule))?(?: of (?:the|these) (?:\w+ ?){{1,2}}?)?,? is\s+{_A}"),
        (1, rf"{_A}\s+is the (?:{_BIG})\b(?! (?:\w+ )?than)"), (-1, rf"{_A}\s+is the (?:{_SMALL})\b(?! (?:\w+ )?than)"),
        (1, rf"(?:较|最|更)[大长](?:者|的)?(?:病灶|结节)?(?:是|为)\s*{_A}"),
        (-1, rf"(?:较|最|更)[小短](?:者|的)?(?:病灶|结节)?(?:是|为)\s*{_A}"),
        (1, rf"{_A}\s*(?:是|为)?最[大长](?![^,。;]{{0,4}}径)"), (-1, rf"{_A}\s*(?:是|为)?最[小短](?![^,。;]{{0,4}}径)"),
    )
)  # fmt: skip

About = Mapping[str, set[int]]
"""The lesions of each piece of evidence, by its id."""


@dataclass(frozen=True)
class Mention:
    """Lesions that are named in one place of a clause."""

    numbers: tuple[int, ...]
    start: int
    end: int


def mentions(text: str) -> list[Mention]:
    """Return where lesions are named; names joined by "and" are one place.

    >>> [m.numbers for m in mentions("Lesions 1 and 2 measure more than lesion 3")]
    [(1, 2), (3,)]
    """
    found: list[Mention] = []
    for match in words.NAMED_LESION.finditer(text):
        numbers = tuple(int(n) for g in match.groups() if g for n in re.findall(r"\d+", g))
        if found and re.fullmatch(r"\s*(?:and|&|和|与|及|、)\s*", text[found[-1].end : match.start()]):
            found[-1] = Mention((*found[-1].numbers, *numbers), found[-1].start, match.end())
        else:
            found.append(Mention(numbers, match.start(), match.end()))
    return found


def misplaced(text: str, amounts: Sequence[Amount], cited: Sequence[Evidence], about: About) -> list[str]:
    """Say which sizes are told of another lesion than the one that they are of.

    Args:
        text: the clause without citations. amounts: what it gives. cited: its evidence. about: the lesions of each.
    """
    told = [a for a in amounts if a.unit in _BODILY]
    places = mentions(text)
    everyone = {n for numbers in about.values() for n in numbers}
    if len(everyone) < 2 or not told:
        return []
    problems = []
    for place, group in _grouped(text, told, places, everyone):
        for lesion, amount in _pairs(text, place, group):
            others = _VERSUS.search(text[: amount.start]) is not None and len(place) == 1 and len(everyone) == _TWO
            own = [e for e in cited if not about[e.id] or (lesion in about[e.id]) != others]
            if lesion in everyone and not any(carries(e, amount, text[: amount.start]) for e in own):
                problems.append(f"{amount.text!r} is not the size of lesion {lesion} in what is cited")
    return problems


def _grouped(
    text: str, told: list[Amount], places: list[Mention], everyone: set[int]
) -> list[tuple[tuple[int, ...], list[Amount]]]:
    """Return the lesions named and the amounts that stand behind them, or before them where nothing else does."""
    if not places:
        return [(tuple(sorted(everyone)), told)] if _EACH.search(text) or re.search(r"两个|三个", text) else []
    found: dict[int, list[Amount]] = {}
    for amount in told:
        before = [n for n, p in enumerate(places) if p.end <= amount.start]
        found.setdefault(before[-1] if before else 0, []).append(amount)
    return [(places[n].numbers, group) for n, group in found.items()]


def _pairs(text: str, lesions: tuple[int, ...], group: list[Amount]) -> list[tuple[int, Amount]]:
    if len(lesions) == 1:
        return [(lesions[0], a) for a in group]
    single = [a for a in group if len(a.values) == 1]
    if len(group) == 1 and (single or _BY.search(group[0].text)) and _EACH.search(text):
        return [(n, group[0]) for n in lesions]
    if len(single) == len(group) == len(lesions):
        return list(zip(lesions, group, strict=True))
    return []


def of_two(text: str, cited: Sequence[Evidence], about: About) -> tuple[bool | None, str, str]:
    """Return whether lesions are compared as their sizes are (None: not compared), in which words, and the rest."""
    if len({n for numbers in about.values() for n in numbers}) < 2:
        return None, "", text
    sizes = _sizes(cited, about)
    plain = _ASIDE.sub(lambda m: " " * len(m[0]), text)
    for sign, pattern in _OF_TWO:
        match = pattern.search(plain)
        if match:
            return _ranked(sizes, int(match["a"]), [int(match["b"])], sign), match[0], _without(text, match)
    for sign, pattern in _OF_ALL:
        match = pattern.search(plain)
        if match:
            others = [n for n in {n for held in sizes.values() for n in held} if n != int(match["a"])]
            return _ranked(sizes, int(match["a"]), others, sign), match[0], _without(text, match)
    return None, "", text


def _without(text: str, match: re.Match[str]) -> str:
    return text[: match.start()] + " " * len(match[0]) + text[match.end() :]


def _ranked(sizes: Mapping[str, Mapping[int, float]], one: int, others: Sequence[int], sign: int) -> bool:
    """Return whether a lesion is the larger (or smaller) by a size that is cited of all of them."""
    ranked = (held for held in sizes.values() if one in held and all(n in held for n in others))
    return bool(others) and any(all(_as_told(held[one] - held[n], sign) for n in others) for held in ranked)


def _as_told(difference: float, sign: int) -> bool:
    return abs(difference) < _EQUAL if sign == 0 else difference * sign > 0


def _sizes(cited: Sequence[Evidence], about: About) -> dict[str, dict[int, float]]:
    found: dict[str, dict[int, float]] = {name: {} for name in _SIZES}
    for item in cited:
        if len(about[item.id]) != 1 or item.kind not in ("measurement", "drawn", "mask"):
            continue
        for name in _SIZES:
            quantity = item.quantity(name)
            if quantity is not None:
                found[name][next(iter(about[item.id]))] = quantity.value
    return found
