"""What a text claims: amounts with units, sides, places, qualifiers, findings, comparisons, lesion numbers.

Used on a clause and, the same way, on the text of the evidence it cites. Knows no evidence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from itertools import zip_longest

from agent.grounding import numerals
from agent.grounding import vocabulary as words
from agent.grounding.dates import dates_of

_UNITS: tuple[tuple[str, str], ...] = (
    ("mm3", r"㎣|mm\s?(?:³|\^?3)(?!\d)|cubic millimet(?:er|re)s?|立方毫米"),
    ("mm2", r"㎟|mm\s?(?:²|\^?2)(?!\d)|square millimet(?:er|re)s?|平方毫米"),
    ("ml", r"ml(?![A-Za-z0-9])|millilit(?:er|re)s?|cm\s?(?:³|\^?3)(?!\d)|cc(?![A-Za-z0-9])|毫升|立方厘米"),
    ("cm2", r"cm\s?(?:²|\^?2)(?!\d)|平方厘米"),
    ("mm", r"㎜|mm(?![A-Za-z0-9])|millimet(?:er|re)s?|个?毫米|公厘"),
    ("cm", r"㎝|cm(?![A-Za-z0-9])|centimet(?:er|re)s?|个?厘米|个?公分"),
    ("inch", r"inch(?:es)?(?![A-Za-z])|英寸"),
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
    ("slice", r"(?:(?:axial|transverse|ct) )*slices?(?![A-Za-z0-9])|sections?(?![A-Za-z0-9])|层(?!厚)"),
    ("candidate", r"(?:(?:mass|nodule) )?candidates?(?![A-Za-z0-9])|个?(?:肿块|结节)?候选"),
    ("lesion", r"(?:(?:lung|solid|pulmonary|target|outlined|measured|current|other|more) )*(?:lesions?|nodules?|masses)(?![A-Za-z0-9])|个?(?:病灶|结节|肿块)"),
)  # fmt: skip
_UNIT = "|".join(f"(?P<u{n}>{pattern})" for n, (_, pattern) in enumerate(_UNITS))
_NUMBER = r"\d{1,3}(?:,\d{3})+(?![\d])|(?<!\d)\d{1,3},\d{1,2}(?=\s?(?:mm|cm|毫米|厘米))|\d+(?:\.\d+)?|(?<![\w.])\.\d+"
_BEFORE_UNIT = r"(?=\s*(?:个|毫米|厘米|公分|微米|毫升|立方|平方|年|周|天|岁|月|包年|倍|层|㎜|㎝|mm|cm))"
_WORD = (
    rf"(?:(?<![A-Za-z])(?:{numerals.ENGLISH})(?![A-Za-z])|{numerals.CHINESE}{_BEFORE_UNIT}"
    rf"|(?<![A-Za-z])(?-i:(?=[MDCLXVI]){numerals.ROMAN})(?=\s*(?:mm|cm|毫米|厘米|months?|years?)(?![A-Za-z])))"
)
_JOIN = r"\s*(?:-|–|—|~|〜|to|至|到|x|×|\*|by|乘以?|and|or|或|和)\s*"
_STRAY = r"(?:(?<=[-–—~〜至到])(?:[≈=±约]|(?:x|d|size|about|approx)(?=\d))\s*)?"
"""A sign or a word glued between a range's dash and its second number: "1–≈3 cm" is a range."""
_STRAY = r"(?:(?<=[-–—~〜至到])(?:[≈=±约]|(?:x|d|size|about|approx)(?=\d))\s*)?"
_READ = (
    rf"(?P<sign>(?<![A-Za-z0-9])[-−])?(?P<chain>(?:{_NUMBER}|{_WORD})(?:{_JOIN}{_STRAY}(?:[-−])?(?:{_NUMBER}|{_WORD}))*)"
    rf"(?:[\s-]*(?:{_UNIT}))?"
)
_AMOUNT = re.compile(rf"(?<![A-Za-z0-9_.]){_READ}", re.IGNORECASE)
_GLUED = re.compile(rf"(?<![0-9.]){_READ}", re.IGNORECASE)
"""The same where letters stand right before a number: ``sizex43.7 mm``."""
_EACH_UNIT = re.compile(r"(?<=\d)(\s*)(mm|cm|毫米|厘米)(?=\s*(?:x|×|\*|by|乘以?)\s*\d+(?:\.\d+)?\s*\2)", re.IGNORECASE)
"""The unit of the first number in ``14.2 mm x 9.8 mm``: the same is written after the second."""
_PIECE = re.compile(rf"(?P<join>{_JOIN}{_STRAY})?(?P<minus>[-−])?(?P<number>{_NUMBER}|{_WORD})", re.IGNORECASE)
_LEAD = re.compile(r"[A-Za-z_]+$")
_TOKEN_BEFORE, _TOKEN_AFTER = re.compile(r"[\w./:-]*$"), re.compile(r"[\w./:-]*\w|")
_POWER = ("mm", "cm", "m", "px")
"""Letters after which a 2 or a 3 is a power: an area, a volume."""
_SHORT_NAME = 8
"""Letters of a name that may end in a whole number: T2, S6, COVID19. A longer run hides a number."""
_A_COUNT = 12
"""Up to this a number word without a unit is a word ("one of them"); above it a number."""
_PARTED = re.compile(r"[,;:.(\uff0c\uff1b\uff1a\u3002\u3001]|(?<![没未])(?:且|但|并|又)?有(?!无)|伴|\b(?:but|yet)\b|\band (?:has|have|with|an?)\b", re.IGNORECASE)
"""Where a negation's reach ends: at a mark, or where something is affirmed anew."""
_PER_CENT = re.compile(rf"百分之\s*(?P<n>{numerals.CHINESE}|\d+(?:\.\d+)?)")


_AGAINST = re.compile(r"\s*(?:vs\.?|versus|against|对)\s*", re.IGNORECASE)
"""Between two numbers that share the unit of the second."""


@dataclass(frozen=True)
class Amount:
    """Numbers that share a unit: ``14.2 x 9.8 mm``, ``6-12 months``, ``62``. Unit is ``""`` where none is written.

    `stop` is where the numbers end and the unit begins.
    """

    values: tuple[Decimal, ...]
    unit: str
    start: int
    end: int
    text: str
    worded: bool = False
    stop: int = 0


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


def claims(text: str, *, names: str | None = None) -> Claims:
    """Return what a text claims. Citations must be gone already (see `clauses.bare`).

    Args:
        text: the text.
        names: what identifiers may stand in it, in lower case (the cited texts); with it, a number glued to letters is
            read too. Evidence is read without.
    """
    folded = numerals.folded(text)
    dates, plain = dates_of(folded)
    named = list(words.NAMED_LESION.finditer(plain))
    lesions = frozenset(int(n) for m in named for g in m.groups() if g for n in _numbers(g))
    plain = words.NAMED_LESION.sub(_blank, plain)
    plain = words.LIDC_SCALE.sub(_blank, plain)
    plain = words.DIMENSION.sub(_blank, plain)
    sided = words.NOT_A_SIDE.sub(_blank, text)
    return Claims(
        amounts=amounts(plain, names=names),
        dates=dates,
        lesions=lesions,
        sides=frozenset(name for name, pattern in words.SIDES.items() if pattern.search(sided)),
        places=frozenset(name for name, pattern in words.PLACES.items() if pattern.search(text)),
        qualifiers=_said(words.QUALIFIERS, text),
        findings=_said(words.FINDINGS, text),
        comparisons=comparisons(text),
    )


def comparisons(text: str) -> frozenset[str]:
    """Return the comparisons of a text alone."""
    return frozenset(name for name, pattern in words.COMPARISONS.items() if pattern.search(text))


def amounts(text: str, *, names: str | None = None) -> tuple[Amount, ...]:
    """Return the amounts written in a text, in figures, in words or in numerals.

    >>> [(str(a.values[0]), a.unit) for a in amounts("sizex43.7 mm, half a centimetre, 十四点四毫米", names="")]
    [('43.7', 'mm'), ('0.5', 'cm'), ('14.4', 'mm')]
    """
    found = []
    read = _EACH_UNIT.sub(_blank, text)
    for match in _matches(read, names):
        unit = next((_UNITS[n][0] for n in range(len(_UNITS)) if match[f"u{n}"]), "")
        worded = not re.search(r"\d", match["chain"])
        values = []
        for number, piece in enumerate(_PIECE.finditer(read, match.start("chain"), match.end())):
            if piece.start() >= match.end("chain"):
                break
            value = numerals.value_of(piece["number"])
            negative = bool(piece["minus"]) or (number == 0 and bool(match["sign"]))
            values.append(-value if negative else value)
        if not values or (worded and not unit and max(values) <= _A_COUNT):
            continue
        found.append(Amount(tuple(values), unit, match.start(), match.end(), match[0].strip(), worded, match.end("chain")))
    for share in _PER_CENT.finditer(read):
        found.append(Amount((numerals.value_of(share["n"]),), "%", share.start(), share.end(), share[0], True, share.end()))
    return tuple(_shared(text, found))


def _shared(text: str, found: Sequence[Amount]) -> Iterator[Amount]:
    """Yield amounts, a number with the unit that is written behind the one it is held against: "16.9 vs 12.5 mm"."""
    for amount, after in zip_longest(found, found[1:]):
        joined = after is not None and not amount.unit and not amount.worded and _AGAINST.fullmatch(text[amount.end : after.start])
        yield replace(amount, unit=after.unit) if joined else amount


def _matches(read: str, names: str | None) -> Iterator[re.Match[str]]:
    """Yield where numbers stand. Behind a name that ends in one ("TR1 -0.3 %") the next number is read for itself."""
    pattern, at = (_AMOUNT if names is None else _GLUED), 0
    while match := pattern.search(read, at):
        at = match.end()
        unit = next((_UNITS[n][0] for n in range(len(_UNITS)) if match[f"u{n}"]), "")
        if names is None or not _is_name(read, match, unit, names):
            yield match
        elif gap := re.search(r"\s", match["chain"]):
            at = match.start("chain") + gap.start()


def _is_name(text: str, match: re.Match[str], unit: str, names: str) -> bool:
    """Return whether a number glued to letters belongs to a name: of a row, a unit, a scheme that is cited."""
    lead = _LEAD.search(text, 0, match.start())
    if lead is None:
        return False
    number = match["chain"]
    if lead[0].lower() in _POWER and number in ("2", "3"):
        return True
    before, after = _TOKEN_BEFORE.search(text, 0, match.start()), _TOKEN_AFTER.match(text, match.start())
    token = (before[0] if before else "") + (after[0] if after else "")
    if token.lower().strip("./:-") in names:
        return True
    return not unit and number.isdigit() and len(lead[0]) <= _SHORT_NAME


def _said(vocabulary: Mapping[str, re.Pattern[str]], text: str) -> frozenset[tuple[str, bool]]:
    """Return (term, affirmed) for each term in a text; a term before which a negation stands is not affirmed."""
    found = set()
    for name, pattern in vocabulary.items():
        for match in pattern.finditer(text):
            before = _PARTED.split(text[max(0, match.start() - words.NEGATION_REACH) : match.start()])[-1]
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
