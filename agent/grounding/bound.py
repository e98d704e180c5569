"""Whose number it is: where a clause speaks of several lesions, each size belongs to the lesion it stands beside.

"Lesion 1 measures 9.4 mm and lesion 2 measures 16.9 mm" is false when the two are the other way round, though both
numbers stand in what is cited. Knows no passage and no time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from agent.grounding import vocabulary as words
from agent.grounding.claims import Amount
from agent.grounding.names import rated
from agent.grounding.support import carries
from tools.evidence import Evidence

_BODILY = ("mm", "cm", "mm2", "cm2", "mm3", "ml", "hu", "pixel", "um", "%", "day")
"""Units of what a lesion measures."""
_EACH = re.compile(r"\b(?:both|each|all|either)\b|均|都|各", re.IGNORECASE)
_BY = re.compile(r"[x×*乘]|\bby\b", re.IGNORECASE)
_TWO = 2
_VERSUS = re.compile(r"(?:\b(?:versus|vs\.?|against|compared (?:to|with))|对比|而另一(?:个|枚)?为?)\s*$", re.IGNORECASE)
"""Right before the other one's size: "lesion 1 is the larger, at 16.9 mm versus 12.5 mm"."""
_NEXT = re.compile(r"\s*(?:in|of|for|at)\s+(?:the )?", re.IGNORECASE)
"""Between a size and the lesion behind it: "11.0 mm in lesion 2" is that lesion's."""
_LEADS = re.compile(r"(?:\b(?:versus|vs\.?|against|and|with|to|than|of|twice|half|double|times)|对|和|与|、|而)\s*(?:the )?$", re.IGNORECASE)
"""Before such a size, where another lesion's stands before it."""
_BOTH = re.compile(
    r"\s*,?\s*(?:versus|vs\.?|against|compared (?:to|with)|and|instead of|respectively|对|比|和|与|、|而)\s*(?:the )?", re.IGNORECASE
)
"""Between two sizes that are given of two lesions in their order."""
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
        if found and re.fullmatch(r"\s*(?:and|&|vs\.?|versus|和|与|及|、)\s*", text[found[-1].end : match.start()]):
            found[-1] = Mention((*found[-1].numbers, *numbers), found[-1].start, match.end())
        else:
            found.append(Mention(numbers, match.start(), match.end()))
    return found


def misplaced(
    text: str, amounts: Sequence[Amount], cited: Sequence[Evidence], about: About,
    *, befores: Callable[[Amount], Sequence[str]], pairs: Sequence[tuple[int, int]] = (), spent: Collection[int] = (),
) -> list[str]:  # fmt: skip
    """Say which sizes are told of another lesion than the one that they are of.

    Args:
        text: the clause without citations. amounts: what it gives. cited: its evidence. about: the lesions of each.
        befores: what may stand before an amount, with its name. pairs: lesions that are held against each other.
        spent: where numbers begin that a comparison gives, which are no lesion's own.
    """
    told = [a for a in amounts if a.start not in spent and (a.unit in _BODILY or _told_apart(text, a))]
    places = mentions(text)
    everyone = {n for numbers in about.values() for n in numbers}
    if len(everyone) < 2 or not told:
        return []
    problems = []
    paired = _of_pairs(text, told, places, pairs)
    for place, group in paired or _grouped(text, told, places, everyone):
        for lesion, amount in _pairs(text, place, group):
            turned = _VERSUS.search(text[: amount.start]) is not None and len(place) == 1 and len(everyone) == _TWO
            others = turned and not paired and amount not in _led(text, told, places)
            own = [e for e in cited if not about[e.id] or (lesion in about[e.id]) != others]
            if lesion in everyone and not any(carries(e, amount, b) for e in own for b in befores(amount)):
                problems.append(f"{amount.text!r} is not the size of lesion {lesion} in what is cited")
    return problems


def _told_apart(text: str, amount: Amount) -> bool:
    """Return whether a number without a unit is a lesion's own: a rating, a sphericity."""
    return amount.unit == "" and any("." in str(v) for v in amount.values) and rated(text[: amount.start])


def _of_pairs(
    text: str, told: list[Amount], places: list[Mention], pairs: Sequence[tuple[int, int]]
) -> list[tuple[tuple[int, ...], list[Amount]]]:
    """Return whose two sizes are that stand together beside a comparison: "larger than lesion 2, 16.8 mm versus 10.4 mm"."""
    if len(told) != _TWO or len(pairs) != 1 or not _BOTH.fullmatch(text[told[0].end : told[1].start]):
        return []
    if any(told[0].end <= m.start < told[1].start for m in places) or told[1] in _led(text, told, places):
        return []
    return [((pairs[0][n],), [told[n]]) for n in (0, 1)]


def _grouped(
    text: str, told: list[Amount], places: list[Mention], everyone: set[int]
) -> list[tuple[tuple[int, ...], list[Amount]]]:
    """Return the lesions named and the amounts that stand behind them, or before them where nothing else does."""
    if not places:
        return [(tuple(sorted(everyone)), told)] if _EACH.search(text) or re.search(r"两个|三个", text) else []
    found: dict[int, list[Amount]] = {}
    for amount in told:
        before = [n for n, p in enumerate(places) if p.end <= amount.start]
        own = before[-1] if before else 0
        own += bool(before) and amount in _led(text, told, places)
        found.setdefault(own, []).append(amount)
    return [(places[n].numbers, group) for n, group in found.items()]


def _led(text: str, told: list[Amount], places: list[Mention]) -> list[Amount]:
    """Return the amounts whose own lesion stands right behind them: "compared with 11.0 mm in lesion 2"."""
    behind = {a: next((m for m in places if m.start >= a.end), None) for a in told}
    return [a for a, m in behind.items() if m and _NEXT.fullmatch(text[a.end : m.start]) and _LEADS.search(text[: a.start])]


def _pairs(text: str, lesions: tuple[int, ...], group: list[Amount]) -> list[tuple[int, Amount]]:
    if len(lesions) == 1:
        return [(lesions[0], a) for a in group]
    single = [a for a in group if len(a.values) == 1]
    if len(group) == 1 and (single or _BY.search(group[0].text)) and _EACH.search(text):
        return [(n, group[0]) for n in lesions]
    if len(single) == len(group) == len(lesions):
        return list(zip(lesions, group, strict=True))
    return []
