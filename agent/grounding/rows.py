"""Whether a clause puts a cited text's numbers together as that text does: which answer under which condition.

A passage holds many numbers; each belongs to a row: a condition ("under 6 mm, at low risk") and an answer ("CT at 12
months"). A number told under another row's condition, or on the other side of a limit, is false though the passage
holds it. Works on words and numbers alone; knows no guideline.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise

from agent.grounding import numerals
from agent.grounding.claims import Amount, amounts
from agent.grounding.told import framed

UNDER, OVER = "<", ">"
_TURNED = {UNDER: OVER, OVER: UNDER}
_UNDER_BEFORE = re.compile(
    r"(?:\b(?:under|below|less than|smaller than|shorter than|thinner than|fewer than|up to|at most|no more than|not more than|not over|within|until)\s*"
    r"|小于(?:等于)?|低于|少于|不足|不到|不超过|未超过|不大于|至多|最多|[<≤<]\s*)(?:about |约|the )?$",
    re.IGNORECASE,
)
_OVER_BEFORE = re.compile(
    r"(?:\b(?:over|above|more than|larger than|greater than|bigger than|longer than|thicker than|exceed(?:s|ing)?|at least|no less than|not under|from|beyond)\s*"
    r"|(?<!不)(?<!未)(?:大于(?:等于)?|超过|高于|多于|达到或超过|达到|达|至少|不小于|不低于)|[>≥>]\s*)(?:about |约|the )?$",
    re.IGNORECASE,
)
_UNDER_AFTER = re.compile(r"\s*(?:or|and) (?:less|under|below|smaller|fewer|shorter)\b|\s*(?:及|或|和)?以[下内]", re.IGNORECASE)
_OVER_AFTER = re.compile(r"\s*(?:or|and) (?:more|above|over|larger|greater|bigger|longer)\b|\s*(?:及|或|和)?以上", re.IGNORECASE)
_PAIR = 2
_TO_UNDER = re.compile(r"\s*(?:to|-|–|~|至|到)\s*(?:under|below|less than|<|小于|不足|不到)\s*", re.IGNORECASE)
_SLICE_OF = re.compile(r"\bslice (?P<n>\d+) of (?P<of>\d+)\b|第\s*(?P<zn>\d+)\s*/\s*(?P<zof>\d+)\s*层", re.IGNORECASE)
_ABOUT = re.compile(
    r"(?:(?<![A-Za-z])[A-Za-z]{1,8}|(?:[≈~=±]|\b(?:about|approx(?:imately)?\.?|around|roughly|circa)|大?约)\s*)$", re.IGNORECASE
)
"""What stands between a limit's word and its number and says nothing of it, were it glued to the number."""
_OTHER_BEFORE = re.compile(r"\d+(?:\.\d+)?\s*(?:mm|cm|HU)[³²]?\s*(?:or|或)\s*$", re.IGNORECASE)
_OTHER_AFTER = re.compile(r"^\s*(?:or|或)\s*\d+(?:\.\d+)?\s*(?:mm|cm|HU)[³²]?", re.IGNORECASE)
"""The same limit in another unit: "under 8 mm or 300 mm³"."""
_COUNTED = re.compile(r"^\s*(?:分|类|级|points?\b)")
_SENTENCE = re.compile(r"(?<=[.。])\s+(?=\S)|(?<=。)|\n")
_HEAD = re.compile(r"^(?P<head>[^:\uff1a;\uff1b]{2,240}?)[:\uff1a]\s*(?P<tail>.+)$", re.DOTALL)
_CUT = re.compile(r"[;\uff1b]|[,\uff0c](?!\d{3}\b)")
_LABEL = re.compile(r"(?<![a-z0-9.])(?:i{1,3}f?|iv|v|tr\d|\d(?!st|nd|rd|th)[a-z]{1,2}|[a-z]r\d|[csp][dr])(?![a-z0-9])|(?<=category )\d\b|\d(?=[类级分])")
"""A category's name: III, TR4, 4A, PR."""
_KINDS = tuple(
    (family, tuple((value, re.compile(pattern, re.IGNORECASE)) for value, pattern in values))
    for family, values in (
        ("risk", (("low", r"(?<!very )\blow(?:er)?[- ]risk\b|低危|低风险"), ("high", r"(?<!extremely )\bhigh(?:er)?[- ]risk\b|(?<!极)高危|(?<!极)高风险"),
                  ("mid", r"\b(?:mid|intermediate|moderate)[- ]risk\b|中危"), ("extreme", r"\bextremely high risk\b|极高危"))),
        ("type", (("part-solid", r"\bpart-?solid\b|部分实性"), ("ground-glass", r"\bground-?glass\b|\bnon-?solid\b|(?<!混合)磨玻璃"),
                  ("solid", r"(?<![a-z-])solid (?:nodule|lesion)|(?<!部分)(?<!亚)实性结节"))),
        ("count", (("one", r"\b(?:one|a single|solitary) \w|单发"), ("several", r"\bseveral\b|\bmultiple\b|多发"))),
        ("response", (("complete", r"\bcomplete response|完全缓解"), ("partial", r"\bpartial response|部分缓解"),
                      ("progressive", r"\bprogressi(?:ve|on)\b|疾病进展"), ("stable", r"\bstable disease|疾病稳定"))),
        ("washout", (("absolute", r"\babsolute washout|绝对廓清"), ("relative", r"\brelative washout|相对廓清"))),
    )
)  # fmt: skip
_HEAD_LENGTH, _PHRASE_LENGTH = (6, 3), (9, 4)
"""Letters, or Chinese signs, from which a condition or an answer is known again when it is repeated."""
_MOST_CATEGORIES = 10
"""A number without a unit up to this may be a category or a score."""

Token = tuple[str, str]
"""What kind of condition stands beside a number, and which: ``("limit mm", "<6")``, ``("risk", "low")``."""


@dataclass(frozen=True)
class Row:
    """One stretch of a text: its sentence's condition, its own words, the numbers it holds."""

    head: str
    text: str
    beside: frozenset[Token]
    of_sentence: frozenset[Token]
    held: tuple[Amount, ...]


def misplaced(text: str, wanted: Sequence[Amount], passages: Sequence[str], others: Sequence[str] = ()) -> list[str]:
    """Say which amounts or answers of a clause a source holds in another row, or on the other side of a limit.

    Args:
        text: the clause without citations. wanted: its amounts. passages: cited passages in full. others: texts that
            have no rows, but limits.
    """
    held = tuple(row for source in passages for row in rows_of(source))
    limits = [found for source in (*passages, *others) for found in _limits(source)]
    known = frozenset(token for row in held for token in row.beside)
    problems = []
    for amount in wanted:
        own = limit(text, amount)
        theirs = {side for key, side in limits if key == _key(amount)}
        if own and theirs and own not in theirs and "" not in theirs:
            problems.append(f"{amount.text!r} is a limit from the other side in what is cited")
            continue
        if not amount.unit:
            continue  # a category, a score, an edition: what belongs to it is told by what stands beside it
        mine = [r for r in held if any(_key(a) == _key(amount) for a in r.held)]
        near, far = _context(text, amount, wanted, held)
        if mine and not any(_fits(r, near, far, known) for r in mine):
            problems.append(f"{amount.text!r} stands under another condition in what is cited")
    low = text.lower()
    for phrase in {_answer(r.text) for r in held}:
        if phrase and phrase in low:
            mine = [r for r in held if phrase in r.text.lower()]
            near = _near(low, low.find(phrase), wanted, held)
            if not any(_fits(r, near, frozenset(), known) for r in mine):
                problems.append(f"{phrase!r} stands under another condition in what is cited")
    return problems


def turned(text: str, told: Sequence[Amount]) -> Iterator[str]:
    """Yield ranges whose upper limit lies not above their lower one: "6 mm to under 6 mm".

    >>> list(turned("6 mm to under 6 mm", amounts("6 mm to under 6 mm")))
    ['6 mm to under 6 mm']
    """
    for slice_ in _SLICE_OF.finditer(text):
        if int(slice_["n"] or slice_["zn"]) > int(slice_["of"] or slice_["zof"]):
            yield slice_[0]
    for low, high in pairwise(told):
        between = text[low.end : high.start]
        if low.unit == high.unit and _TO_UNDER.fullmatch(between) and high.values[0] <= low.values[-1]:
            yield text[low.start : high.end].strip()


_IN_ORDER = re.compile(
    r"\s*(?:\(?\w+\)?\s*)?(?:,|\()\s*(?:which is |that is |thus |or )?(?:a little |a bit |slightly |somewhat |just |well |clearly |much |far )?"
    r"(?:(?P<less>less|smaller|lower|shorter)|(?P<more>more|larger|greater|higher|longer)) than (?:the )?"
    r"|[,(]\s*(?:略|稍|稍微|明显)?(?:(?P<zhless>[小低短少]于)|(?P<zhmore>[大高长多]于))[^,。;\d]{0,8}",
    re.IGNORECASE,
)


def disordered(text: str, told: Sequence[Amount]) -> Iterator[str]:
    """Yield two numbers that are told to be in an order that they are not in: "364 mm³, more than the 392 mm³".

    >>> list(disordered("6 mm, more than the 8 mm", amounts("6 mm, more than the 8 mm")))
    ['6 mm, more than the 8 mm']
    """
    for one, other in pairwise(told):
        order = _IN_ORDER.fullmatch(text[one.end : other.start])
        if order is None or one.unit != other.unit:
            continue
        low, high = (one, other) if order["less"] or order["zhless"] else (other, one)
        if low.values[-1] >= high.values[0]:
            yield text[one.start : other.end].strip()


def limit(text: str, amount: Amount) -> str:
    """Return whether an amount is told as a lower or an upper limit, or neither.

    >>> [limit(t, amounts(t)[0]) for t in ("under 6 mm", "6 mm or more", "小于6 mm", "6 mm")]
    ['<', '>', '<', '']
    """
    before, after = text[max(0, amount.start - 40) : amount.start], text[amount.end : amount.end + 40]
    if len(amount.values) >= _PAIR:
        return ""
    after = _COUNTED.sub("", _OTHER_AFTER.sub("", after), count=1)
    if _UNDER_AFTER.match(after):
        return UNDER
    if _OVER_AFTER.match(after):
        return OVER
    for words in (before, _ABOUT.sub("", before), _OTHER_BEFORE.sub("", before)):
        if _UNDER_BEFORE.search(words):
            return UNDER
        if _OVER_BEFORE.search(words):
            return OVER
    return ""


@lru_cache(maxsize=512)
def rows_of(source: str) -> tuple[Row, ...]:
    """Return the rows of a text: each ends behind a number, and begins with its sentence's condition."""
    found = []
    lead: frozenset[Token] = frozenset()
    for number, sentence in enumerate(s for s in _SENTENCE.split(numerals.folded(source)) if s and s.strip()):
        if number == 0 and not amounts(sentence):
            lead = _tokens(sentence)
            continue
        whole = _tokens(sentence)
        for part, head in _rows(sentence):
            held = tuple(a for a in (*amounts(part), *amounts(head)) if not _labels(part, a))
            said = {("head", _plain(head))} if head else set()
            found.append(Row(head, part, frozenset({*_tokens(head), *_tokens(part), *lead, *said}), whole | lead | said, held))
    return tuple(found)


def _rows(sentence: str) -> Iterator[tuple[str, str]]:
    """Yield each stretch that ends behind a number, with the head of its sentence."""
    headed = _HEAD.match(sentence)
    head, tail = (headed["head"], headed["tail"]) if headed else ("", sentence)
    start = 0
    for cut in _CUT.finditer(tail):
        piece = tail[start : cut.start()]
        if cut[0] in ";\uff1b" or amounts(piece):
            yield piece, head
            start = cut.end()
    if tail[start:].strip():
        yield tail[start:], head


def _fits(row: Row, near: frozenset[Token], far: frozenset[Token], known: frozenset[Token]) -> bool:
    """Return whether nothing that stands beside a number in the clause speaks against a row."""
    return not (_against(_among(near, known), row.beside) or _against(_among(far, known), row.of_sentence))


def _among(said: frozenset[Token], known: frozenset[Token]) -> frozenset[Token]:
    """Return what a source speaks of at all; of a limit, from whichever side."""
    return frozenset((f, v) for f, v in said if (f, v) in known or (f.startswith("limit") and (f, _TURNED[v[0]] + v[1:]) in known))


def _against(said: frozenset[Token], held: frozenset[Token]) -> bool:
    families = {family for family, _ in held}
    return any(token not in held and token[0] in families for token in said)


def _context(
    text: str, amount: Amount, wanted: Sequence[Amount], held: Sequence[Row]
) -> tuple[frozenset[Token], frozenset[Token]]:
    """Return what stands beside an amount: in its own stretch, and in those that hold no amount of its unit."""
    near: set[Token] = set()
    far: set[Token] = set()
    at = 0
    for part, head in _rows(text):
        at = max(at, text.find(part, at))
        inside = at <= amount.start < at + len(part)
        if head and amount.start < text.find(head) + len(head):
            return _tokens(head, without=amount) | _heads(text, held), frozenset()
        if inside:
            near |= {*_tokens(part, without=amount, shift=at), *_tokens(head)}
        elif not any(a.unit == amount.unit and at <= a.start < at + len(part) for a in wanted):
            far |= {*_tokens(part), *_tokens(head)}
        else:
            far |= _tokens(head)
    return frozenset(near) | _heads(text, held), frozenset(far)


def _near(text: str, at: int, wanted: Sequence[Amount], held: Sequence[Row]) -> frozenset[Token]:
    """Return what stands in the stretch of a place, with the condition of its sentence."""
    begun = 0
    for part, head in _rows(text):
        begun = max(begun, text.find(part, begun))
        if begun <= at < begun + len(part):
            return frozenset({*_tokens(part), *_tokens(head)}) | _heads(text, held)
    return _heads(text, held)


def _heads(text: str, held: Sequence[Row]) -> frozenset[Token]:
    """Return the conditions of a source that a clause repeats word by word, the longest where one holds another."""
    own = _HEAD.match(text)
    for where in (own["head"], text) if own else (text,):
        low = _plain(where)
        found = {_plain(r.head) for r in held if _plain(r.head) in low and (_long(r.head, _HEAD_LENGTH) or _alone(r.head, low))}
        if found:
            return frozenset(("head", h) for h in found if not any(h != other and h in other for other in found))
    return frozenset()


def _alone(head: str, low: str) -> bool:
    """Return whether a short condition ("under 6 mm") is all of the condition that a clause gives, in a frame."""
    return bool(re.search(r"\d", head)) and framed(low.replace(_plain(head), " ", 1))


def _answer(part: str) -> str:
    """Return a stretch without its numbers' tail where it is long enough to be known again, in lower case."""
    plain = re.sub(r"^(?:\s|and|then|or)+", "", part.lower()).strip(" .。,\uff0c;\uff1b")
    return plain if _long(plain, _PHRASE_LENGTH) else ""


def _long(text: str, least: tuple[int, int]) -> bool:
    letters, signs = len(re.findall(r"[a-z]", text.lower())), len(re.findall(r"[\u3400-\u9fff]", text))
    return letters >= least[0] or signs >= least[1] or bool(_LABEL.search(text.lower()))


def _plain(text: str) -> str:
    return " ".join(text.lower().split()).strip(" .。,\uff0c;\uff1b")


def _tokens(text: str, *, without: Amount | None = None, shift: int = 0) -> frozenset[Token]:
    """Return what a stretch says of numbers, limits, levels, types and categories."""
    found: set[Token] = set()
    for amount in amounts(text, names=""):
        if (without is not None and amount.start + shift == without.start) or _labels(text, amount):
            continue
        side = limit(text, amount)
        if not amount.unit and not side and not all(v <= _MOST_CATEGORIES for v in amount.values):
            continue  # a year, an edition
        found |= {(f"number {amount.unit}", str(v.normalize())) for v in amount.values}
        ends = (OVER, UNDER) if len(amount.values) == _PAIR else (side,)
        found |= {(f"limit {amount.unit}", f"{e}{v.normalize()}") for e, v in zip(ends, amount.values, strict=False) if e}
    low = text.lower()
    found |= {("label", m[0]) for m in _LABEL.finditer(low)}
    found |= {(family, value) for family, values in _KINDS for value, pattern in values if pattern.search(low)}
    return frozenset(found)


def _labels(text: str, amount: Amount) -> bool:
    """Return whether a number is part of a category's name: 4A."""
    return not amount.unit and text[amount.end : amount.end + 1].isascii() and text[amount.end : amount.end + 1].isalpha()


@lru_cache(maxsize=512)
def _limits(source: str) -> tuple[tuple[tuple[tuple[Decimal, ...], str], str], ...]:
    """Return every amount of a text with the side on which it is a limit; a range has two."""
    text = numerals.folded(source)
    found = []
    for amount in amounts(text):
        found.append((_key(amount), limit(text, amount)))
        if len(amount.values) == _PAIR:
            found += [(((v,), amount.unit), side) for v, side in zip(amount.values, (OVER, UNDER), strict=True)]
    return tuple(found)


def _key(amount: Amount) -> tuple[tuple[Decimal, ...], str]:
    return amount.values, amount.unit
