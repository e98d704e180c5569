"""What a text claims: amounts with units, sides, places, qualifiers, findings, comparisons, lesion numbers.

Used on a clause and, the same way, on the text of the evidence it cites. Knows no evidence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from agent.grounding import vocabulary as words

_UNITS: tuple[tuple[str, str], ...] = (
    ("mm3", r"mm\s?(?:³|\^?3)(?!\d)|cubic millimet(?:er|re)s?|立方毫米"),
    ("mm2", r"mm\s?(?:²|\^?2)(?!\d)|square millimet(?:er|re)s?|平方毫米"),
    ("ml", r"ml(?![A-Za-z0-9])|millilit(?:er|re)s?|cm\s?(?:³|\^?3)(?!\d)|cc(?![A-Za-z0-9])|毫升|立方厘米"),
    ("cm2", r"cm\s?(?:²|\^?2)(?!\d)|平方厘米"),
    ("mm", r"mm(?![A-Za-z0-9])|millimet(?:er|re)s?|毫米"),
    ("cm", r"cm(?![A-Za-z0-9])|centimet(?:er|re)s?|厘米|公分"),
    ("um", r"µm(?![A-Za-z0-9])|um(?![A-Za-z0-9])|microns?(?![A-Za-z0-9])|微米"),
    ("hu", r"hu(?![A-Za-z0-9])|hounsfield(?: units?)?"),
    ("pixel2", r"square (?:pixels?|px)|平方像素"),
    ("pixel", r"pixels?(?![A-Za-z0-9])|px(?![A-Za-z0-9])|像素"),
    ("voxel", r"voxels?(?![A-Za-z0-9])|体素"),
    ("%", r"%|%|percent(?![A-Za-z0-9])|per cent(?![A-Za-z0-9])"),
    ("pack-year", r"pack[- ]?years?(?![A-Za-z0-9])|包年|包·年"),
    ("day", r"days?(?![A-Za-z0-9])|天|日(?!期)"),
    ("week", r"weeks?(?![A-Za-z0-9])|周(?!岁)"),
    ("month", r"months?(?![A-Za-z0-9])|mo(?![A-Za-z0-9])|个月|月(?!\d)"),
    ("year", r"years?(?:[- ]old)?(?![A-Za-z0-9])|yrs?(?![A-Za-z0-9])|y/?o(?![A-Za-z0-9])|年|周岁|岁"),
    ("slice", r"slices?(?![A-Za-z0-9])|sections?(?![A-Za-z0-9])|层(?!厚)"),
    ("candidate", r"(?:(?:mass|nodule) )?candidates?(?![A-Za-z0-9])|个?(?:肿块|结节)?候选"),
    ("lesion", r"(?:(?:lung|solid|pulmonary|target|outlined|measured|current|other|more) )*(?:lesions?|nodules?|masses)(?![A-Za-z0-9])|个?(?:病灶|结节|肿块)"),
)  # fmt: skip
_UNIT = "|".join(f"(?P<u{n}>{pattern})" for n, (_, pattern) in enumerate(_UNITS))
_ONES = "one two three four five six seven eight nine ten eleven twelve".split()
_ZH_ONES = "一二三四五六七八九十"
_NUMBER = r"\d{1,3}(?:,\d{3})+(?![\d])|\d+(?:\.\d+)?"
_WORD = rf"(?:\b(?:{'|'.join(_ONES)})\b|[{_ZH_ONES}两]+(?=\s*(?:个|毫米|厘米|年|周|天|岁|月)))"
_JOIN = r"\s*(?:-|–|—|~|〜|to|至|到|x|×|\*|by|and|or|或|和)\s*"
_AMOUNT = re.compile(
    rf"(?<![A-Za-z0-9_.])(?P<sign>(?<![A-Za-z0-9)])[-−])?(?P<chain>(?:{_NUMBER}|{_WORD})(?:{_JOIN}(?:[-−])?(?:{_NUMBER}|{_WORD}))*)"
    rf"(?:[\s-]*(?:{_UNIT}))?",
    re.IGNORECASE,
)
_EACH_UNIT = re.compile(r"(?<=\d)(\s*)(mm|cm|毫米|厘米)(?=\s*(?:x|×|\*|by)\s*\d+(?:\.\d+)?\s*\2)", re.IGNORECASE)
"""The unit of the first number in ``14.2 mm x 9.8 mm``: the same is written after the second."""
_PIECE = re.compile(
    rf"(?P<join>{_JOIN})?(?P<minus>[-−])?(?P<number>{_NUMBER}|\b(?:{'|'.join(_ONES)})\b|[{_ZH_ONES}两]+)", re.IGNORECASE
)


@dataclass(frozen=True)
class Amount:
    """Numbers that share a unit: ``14.2 x 9.8 mm``, ``6-12 months``, ``62``. Unit is ``""`` where none is written."""

    values: tuple[Decimal, ...]
    unit: str
    start: int
    end: int
    text: str
    worded: bool = False


@dataclass(frozen=True)
class Claims:
    """Everything a text claims."""

    amounts: tuple[Amount, ...]
    dates: tuple[str, ...]
    lesions: frozenset[int]
    sides: frozenset[str]
    places: frozenset[str]
    qualifiers: frozenset[tuple[str, bool]]
    findings: frozenset[tuple[str, bool]]
    comparisons: frozenset[str]


def claims(text: str) -> Claims:
    """Return what a text claims. Citations must be gone already (see `clauses.bare`)."""
    dates = tuple(m[0] for m in words.DATE.finditer(text))
    plain = words.DATE.sub(_blank, text)
    named = list(words.NAMED_LESION.finditer(plain))
    lesions = frozenset(int(n) for m in named for g in m.groups() if g for n in _numbers(g))
    plain = words.NAMED_LESION.sub(_blank, plain)
    plain = words.LIDC_SCALE.sub(_blank, plain)
    plain = words.DIMENSION.sub(_blank, plain)
    sided = words.NOT_A_SIDE.sub(_blank, text)
    return Claims(
        amounts=amounts(plain),
        dates=dates,
        lesions=lesions,
        sides=frozenset(name for name, pattern in words.SIDES.items() if pattern.search(sided)),
        places=frozenset(name for name, pattern in words.PLACES.items() if pattern.search(text)),
        qualifiers=_said(words.QUALIFIERS, text),
        findings=_said(words.FINDINGS, text),
        comparisons=frozenset(name for name, pattern in words.COMPARISONS.items() if pattern.search(text)),
    )


def amounts(text: str) -> tuple[Amount, ...]:
    """Return the amounts written in a text, in digits or as number words before a unit."""
    found = []
    for match in _AMOUNT.finditer(_EACH_UNIT.sub(_blank, text)):
        unit = next((_UNITS[n][0] for n in range(len(_UNITS)) if match[f"u{n}"]), "")
        worded = not re.search(r"\d", match["chain"])
        if worded and not unit:
            continue
        values = []
        for number, piece in enumerate(_PIECE.finditer(match["chain"])):
            value = _value(piece["number"])
            negative = bool(piece["minus"]) or (number == 0 and bool(match["sign"]))
            values.append(-value if negative else value)
        found.append(Amount(tuple(values), unit, match.start(), match.end(), match[0].strip(), worded))
    return tuple(found)


def _value(written: str) -> Decimal:
    lower = written.lower()
    if lower in _ONES:
        return Decimal(_ONES.index(lower) + 1)
    if lower[:1] in _ZH_ONES + "两":
        return Decimal(_chinese(lower))
    return Decimal(written.replace(",", ""))


def _chinese(written: str) -> int:
    """Return a Chinese numeral from 1 to 99."""
    digit = {c: n for n, c in enumerate(_ZH_ONES[:9], start=1)} | {"两": 2}
    if "十" not in written:
        return digit[written[0]]
    tens, _, ones = written.partition("十")
    return (digit.get(tens[:1], 1) if tens else 1) * 10 + (digit.get(ones[:1], 0) if ones else 0)


def _said(vocabulary: Mapping[str, re.Pattern[str]], text: str) -> frozenset[tuple[str, bool]]:
    """Return (term, affirmed) for each term in a text; a term before which a negation stands is not affirmed."""
    found = set()
    for name, pattern in vocabulary.items():
        for match in pattern.finditer(text):
            before = re.split(r"[,;:,;:。.、]", text[max(0, match.start() - words.NEGATION_REACH) : match.start()])[-1]
            found.add((name, words.NEGATION.search(before) is None))
    return frozenset(found)


def _numbers(text: str) -> list[str]:
    found = re.findall(r"\d+", text)
    span = re.fullmatch(r"\s*(\d+)\s*(?:to|-)\s*(\d+)\s*", text)
    return [str(n) for n in range(int(span[1]), min(int(span[2]), int(span[1]) + 200) + 1)] if span else found


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


@lru_cache(maxsize=4096)
def claims_of(text: str) -> Claims:
    """Return `claims`, remembered: passages are cited again and again."""
    return claims(text)
