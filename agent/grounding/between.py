"""Lesions compared with each other within one scan: told by the numbers that are cited of both, or not at all.

"Lesion 1 is larger than lesion 3", "体积最小的是病灶2", "about twice that of lesion 2", "4.4 mm longer than lesion 3": one
measured quantity, the lesions, a direction. True where every quantity that is meant is cited of all of them and stands
in that order; false where it is not; where nothing is compared, nothing is said. Knows no passage and no change.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise

from agent.grounding import compared_words as words
from agent.grounding import numerals
from agent.grounding.bound import About, Mention, mentions
from agent.grounding.claims import Amount, amounts
from agent.grounding.names import DENSITY, names_in
from agent.grounding.numerals import value_of
from agent.grounding.support import is_quantity
from agent.grounding.vocabulary import NAMED_LESION
from tools.evidence import Evidence
from tools.quantity import Quantity, show_value

_SIZES = (("axial_long_axis",), ("mean_diameter",), ("volume_voxel",))
"""What "larger" means where no quantity is named."""
_RATINGS = tuple((re.compile(p, re.IGNORECASE), (name,)) for p, name in (
    (r"\btexture\b|质地", "lidc_texture"), (r"\bmargins?\b|边缘", "lidc_margin"), (r"\b(?:rat(?:ings?|ed)|scored?)\b|评分", "lidc_rating"),
))  # fmt: skip
_NEAR, _NEAR_BY, _JUST_BEFORE = 0.15, 40, 5
"""A factor in words ("about twice") may be off by this share; a word of time stands within so many characters."""
_SENTENCE = re.compile(r"(?:[^;。.]|\.(?=\d))+")
_TWO = 2
NOW, THEN = "now", "then"
Sizes = Mapping[tuple[str, str], Mapping[int, Quantity]]
"""By time and quantity: each lesion's."""


@dataclass(frozen=True)
class Said:
    """One comparison: of a lesion with others (none named: with all that are cited), in which words, by what.

    `sign` is 1 for more, -1 for less, 0 for as much; `spent` are numbers that no quantity holds: factors, differences.
    """

    sign: int
    one: int
    others: tuple[int, ...]
    start: int
    end: int
    named: tuple[tuple[str, ...], ...] = ()
    factor: Decimal | None = None
    worded: bool = False
    difference: Amount | None = None
    spent: tuple[int, ...] = ()
    denied: bool = False


@dataclass(frozen=True)
class Ranking:
    """Whether what a clause compares is so (None: nothing is compared), in which words, and the rest of the clause.

    `spent`: where numbers begin that the comparison itself gives; `pairs`: which lesion was held against which.
    """

    true: bool | None
    words: str
    rest: str
    spent: frozenset[int] = frozenset()
    pairs: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class _Part:
    """One sentence of a clause: where it stands, the lesions that it names, its numbers."""

    text: str
    start: int
    end: int
    places: tuple[Mention, ...]
    told: tuple[Amount, ...]
    everyone: tuple[int, ...]


def ranking(text: str, cited: Sequence[Evidence], about: About) -> Ranking:
    """Judge every comparison of cited lesions with each other in a clause without citations."""
    everyone = tuple(sorted({n for numbers in about.values() for n in numbers}))
    said = list(_all(text, everyone)) if len(everyone) >= _TWO else []
    if not said:
        return Ranking(None, "", text)
    sizes = _sizes(cited, about)
    wrong = [s for s in said if not _is_so(s, sizes, everyone, _time(text, s))]
    rest = text
    for s in said:
        rest = rest[: s.start] + " " * (s.end - s.start) + rest[s.end :]
    shown = " ".join(text[s.start : s.end].strip() for s in (wrong[:1] or said))
    spent = frozenset(n for s in said for n in s.spent)
    return Ranking(not wrong, shown, rest, spent, tuple((s.one, s.others[0]) for s in said if len(s.others) == 1))


def _all(text: str, everyone: tuple[int, ...]) -> Iterator[Said]:
    plain = words.ASIDE.sub(lambda m: " " * len(m[0]), text)
    places, told = mentions(plain), amounts(NAMED_LESION.sub(lambda m: " " * len(m[0]), numerals.folded(plain)))
    for found in _SENTENCE.finditer(plain):
        a, b = found.span()
        part = _Part(plain, a, b, tuple(m for m in places if a <= m.start < b), tuple(t for t in told if a <= t.start < b), everyone)
        two = list(_of_two(part)) or list(_times(part))
        most = [s for s in _of_all(part) if not any(t.start < s.end and s.start < t.end for t in two)]
        yield from two or ([] if most else [*_alike(part), *_apart(part), *_listed(part)])
        yield from most


def _of_two(part: _Part) -> Iterator[Said]:
    """Yield what is compared with one other lesion: a word of order, and the other lesion that it is held against."""
    for order in words.ORDER.finditer(part.text, part.start, part.end):
        kind = order.lastgroup or ""
        other = _held_against(part, order, kind)
        one = other and _subject(part, order, other)
        if other is None or one is None or len(other.numbers) != 1 or one.numbers == other.numbers:
            continue
        ahead = other.start >= order.end()
        end = other.end if ahead else order.end()
        factor = words.FACTOR.search(part.text, order.end(), other.start) if ahead else None
        difference = _difference(part, order, end, kind)
        yield Said(
            1 if kind in words.UPWARD else -1, one.numbers[0], other.numbers, order.start(), end,
            _meant(part, min(one.start, other.start, order.start()), max(one.end, end), order),
            _factor(factor["n"]) if factor else None, factor is not None, difference, _starts(difference),
            _denied(part.text, one, other, order),
        )  # fmt: skip


def _held_against(part: _Part, order: re.Match[str], kind: str) -> Mention | None:
    """Return the lesion that another is compared with: behind "than", "exceeds", 大于; or before, behind "compared with"."""
    for mention in part.places:
        if mention.start >= order.end() and words.JOINS[kind].fullmatch(part.text[order.end() : mention.start]):
            return mention
    for mention in reversed(part.places):
        before, between = part.text[part.start : mention.start], part.text[mention.end : order.start()]
        if mention.end <= order.start() and any(a.search(before) and b.fullmatch(between) for a, b in words.HELD_BEFORE):
            return mention
    return None


def _subject(part: _Part, order: re.Match[str], other: Mention) -> Mention | None:
    """Return the lesion that is compared: the one between, else the last one before, else the first one behind."""
    inside = [m for m in part.places if order.end() <= m.start and m.end <= other.start]
    before = [m for m in part.places if m.end <= order.start() and m != other]
    after = [m for m in part.places if m.start >= order.end() and m != other]
    return next((m for m in (*inside[-1:], *before[-1:], *after[:1]) if len(m.numbers) == 1), None)


def _times(part: _Part) -> Iterator[Said]:
    """Yield what is told as a multiple of another lesion's: "twice that of lesion 2", 是病灶2的5.5倍."""
    for pattern in (words.TIMES, words.TIMES_ZH):
        for found in pattern.finditer(part.text, part.start, part.end):
            close = [m for m in part.places if m.start >= found.end() and words.OF_IT.fullmatch(part.text[found.end() : m.start])]
            if pattern is words.TIMES_ZH:
                near = [m for m in part.places if m.end <= found.start()]
                close = [m for m in near[-1:] if words.OF_IT_ZH.fullmatch(part.text[m.end : found.start()])]
            ones = [m for m in part.places if m.end <= min(found.start(), *(c.start for c in close))] if close else []
            if not ones or len(ones[-1].numbers) != 1 or len(close[0].numbers) != 1 or ones[-1].numbers == close[0].numbers:
                continue
            begin, end = min(found.start(), close[0].start), max(found.end(), close[0].end)
            number = tuple(a.start for a in part.told if found.start() <= a.start < found.end())
            yield Said(0, ones[-1].numbers[0], close[0].numbers, begin, end, _meant(part, ones[-1].start, end),
                       _factor(found["n"]), not re.search(r"\d", found["n"]), spent=number,
                       denied=_denied(part.text, ones[-1], close[0], found))  # fmt: skip


def _factor(told: str) -> Decimal:
    if told.lower() in words.FACTORS:
        return words.FACTORS[told.lower()]
    parts = [value_of(p) for p in told.split("分之")]
    return parts[1] / parts[0] if len(parts) == _TWO else parts[0]


def _of_all(part: _Part) -> Iterator[Said]:
    """Yield which lesion is told to be the most of all: "the largest", 体积最小的是; and which come next to it."""
    among = words.AMONG.search(part.text, part.start, part.end) is not None
    if words.IN_A_ROW.search(part.text, part.start, part.end):
        return
    for most in words.MOST.finditer(part.text, part.start, part.end):
        if words.IS_A_NAME.match(part.text, most.start()) and not among:
            continue
        begin, end = _segment(part, most)
        places = [m for m in part.places if begin <= m.start < end] or list(part.places)
        behind, before = [m for m in places if m.start >= most.end()], [m for m in places if m.end <= most.start()]
        told = behind and (not before or words.IS.search(part.text[most.end() : behind[0].start]))
        named = behind[:1] if told else before[-1:]
        if not named or len(named[0].numbers) != 1:
            continue
        sign = 1 if most["up"] or most["zhup"] else -1
        meant = _meant(part, begin, end, most)
        yield Said(sign, named[0].numbers[0], (), most.start(), most.end(), meant, denied=_denied(part.text, named[0], named[0], most))
        for a, b in pairwise((named[0], *_following(part, most))):
            yield Said(sign, a.numbers[0], b.numbers, most.start(), most.end(), meant)


def _segment(part: _Part, most: re.Match[str]) -> tuple[int, int]:
    cuts = [m.start() for m in re.finditer(r",", part.text[: part.end]) if m.start() > part.start]
    return (max((c for c in cuts if c < most.start()), default=part.start), min((c for c in cuts if c >= most.end()), default=part.end))


def _following(part: _Part, most: re.Match[str]) -> list[Mention]:
    """Return the lesions that are told to come next, in their order."""
    then = words.FOLLOWED.search(part.text, most.end(), part.end)
    return [Mention((n,), m.start, m.end) for m in part.places if then and m.start >= then.end() for n in m.numbers]


def _listed(part: _Part) -> Iterator[Said]:
    """Yield lesions told in a row: "from the largest to the smallest: lesions 1, 3 and 2", 按体积从大到小依次为."""
    row = words.IN_A_ROW.search(part.text, part.start, part.end)
    if row is None:
        return
    numbers = [n for m in part.places if m.start >= row.end() for n in m.numbers]
    meant = _meant(part, part.start, part.end)
    for a, b in pairwise(numbers):
        yield Said(-1 if row["up"] or row["zhup"] else 1, a, (b,), row.start(), row.end(), meant)


def _denied(text: str, one: Mention, other: Mention, word: re.Match[str]) -> bool:
    """Return whether a comparison is told not to be so: a negation from the first to the last of what it joins."""
    start, end = min(one.start, other.start, word.start()), max(one.end, other.end, word.end())
    return words.NOT.search(text[max(0, start - _JUST_BEFORE) : end]) is not None


def _alike(part: _Part) -> Iterator[Said]:
    """Yield what is told to be the same of lesions that are named together, or one after the other."""
    same = words.ALIKE.search(part.text, part.start, part.end)
    unlike = same is not None and (same["un"] is not None or words.UNLIKE.search(part.text[part.start : same.start()]) is not None)
    if same is None:
        return
    numbers = [n for m in part.places for n in m.numbers] or (part.everyone if words.ALL.search(part.text, part.start, part.end) else ())
    meant = _meant(part, part.start, part.end)
    if len(set(numbers)) >= _TWO and (meant or words.SAME_SIZE.search(part.text, part.start, part.end)):
        yield from (Said(0, numbers[0], (n,), same.start(), same.end(), meant, denied=unlike) for n in numbers[1:] if n != numbers[0])


def _apart(part: _Part) -> Iterator[Said]:
    """Yield by how much two lesions are told to differ: "differ by 6.3 mm", 相差6.3 mm."""
    found = words.APART.search(part.text, part.start, part.end)
    told = next((a for a in part.told if found and a.start == found.end() and a.unit), None)
    numbers = sorted({n for m in part.places for n in m.numbers}) or part.everyone
    if found and told and len(numbers) == _TWO:
        meant = _meant(part, part.start, part.end)
        yield Said(0, numbers[0], (numbers[1],), found.start(), told.end, meant, difference=told, spent=(told.start,))


def _difference(part: _Part, order: re.Match[str], end: int, kind: str) -> Amount | None:
    """Return by how much: "4.4 mm longer than", "longer than lesion 2 by 4.4 mm", 比病灶2长4.4 mm."""
    for told in part.told:
        if told.unit and len(told.values) == 1 and told.end <= order.start() and not part.text[told.end : order.start()].strip():
            return told
        behind = part.text[end : told.start]
        by = words.BY_ZH if kind.startswith("zh") and not kind.endswith("verb") else words.BY
        if told.unit and len(told.values) == 1 and told.start >= end and by.fullmatch(behind):
            return told
    return None


def _starts(amount: Amount | None) -> tuple[int, ...]:
    return () if amount is None else (amount.start,)


def _meant(part: _Part, start: int, end: int, word: re.Match[str] | None = None) -> tuple[tuple[str, ...], ...]:
    """Return the quantities that a comparison is in: those named within it, else those of its part, else by its word."""
    plain = part.text if word is None else part.text[: word.start()] + " " * len(word[0]) + part.text[word.end() :]
    for where in (plain[start:end], plain[part.start : part.end]):
        named = list(dict.fromkeys(names for _, _, names in names_in(where)))
        rated = [names for pattern, names in _RATINGS if pattern.search(where)]
        if named or rated:
            return tuple(named or rated[:1])
        if DENSITY.search(where):
            return (("hu_mean", "intensity_mean"),)
    return words.BY_WORD.get(word[0].lower(), ()) if word is not None else ()


def _sizes(cited: Sequence[Evidence], about: About) -> Sizes:
    found: dict[tuple[str, str], dict[int, Quantity]] = {}
    for item in cited:
        if len(about[item.id]) != 1:
            continue
        for q in item.quantities:
            time, name = THEN if isinstance(item.inputs.get("prior"), int) else NOW, q.name
            if item.kind == "comparison":
                role, _, name = q.name.partition("_")
                time = {"prior": THEN, "current": NOW}.get(role, "")
            found.setdefault((time, name), {})[next(iter(about[item.id]))] = q
    return found


def _time(text: str, said: Said) -> str:
    begin = max(text.rfind(c, 0, said.start) for c in ";。") + 1
    where = text[begin : said.end + _NEAR_BY]
    then, now = words.THEN.search(where), words.NOW.search(where)
    return "" if bool(then) == bool(now) else (THEN if then else NOW)


def _is_so(said: Said, sizes: Sizes, everyone: Sequence[int], time: str) -> bool:
    others = said.others or tuple(n for n in everyone if n != said.one)
    wanted = (said.one, *others)
    verdicts: list[bool | None] = []
    for names in said.named or _SIZES:
        held = {w: s for w in (THEN, NOW) for n in names for s in (sizes.get((w, n)),) if s and all(x in s for x in wanted)}
        held = {time: held[time]} if time in held else held
        if said.named and not held:
            return False
        verdicts += [_as_told(said, s[said.one], s[o]) for s in held.values() for o in others]
    told = [v for v in verdicts if v is not None]
    if said.denied:
        return bool(told) and not any(told) and said.difference is None and said.factor is None
    return bool(told) and all(told)


def _as_told(said: Said, one: Quantity, other: Quantity) -> bool | None:
    """Return whether two quantities stand as told; None: alike, where a size in general was told."""
    gap = one.value - other.value
    if said.difference is not None:
        shown = Decimal(show_value(one)) - Decimal(show_value(other))
        either = (replace(one, value=abs(gap)), replace(one, value=abs(float(shown))))
        if not any(is_quantity(q, said.difference.values[0], said.difference.unit) for q in either):
            return False
    elif said.factor is not None:
        return _multiple(said, one.value / other.value) if other.value else False
    elif said.sign == 0:
        return show_value(one) == show_value(other)
    if gap == 0 and not said.named:
        return None
    return gap * said.sign > 0 if said.sign else True


def _multiple(said: Said, ratio: float) -> bool:
    factor = said.factor or Decimal(1)
    if said.sign:
        return (ratio - float(factor)) * said.sign > 0
    if said.worded:
        return abs(ratio / float(factor) - 1) < _NEAR
    exponent = factor.as_tuple().exponent
    step = Decimal(1).scaleb(exponent if isinstance(exponent, int) else 0)
    return Decimal(repr(ratio)).quantize(step, rounding=ROUND_HALF_UP) == factor
