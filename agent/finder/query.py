"""What is looked for in the archive, and whether a case has it. Lesion filters hold for one and the same lesion.

Knows no database.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from agent.events import AgentError
from agent.finder.entry import Facts
from agent.finder.terms import asked, terms

Side = Literal["right", "left"]
MOST = 50
"""Cases of one answer, where nothing else is said."""
MOST_TEXT = 500
_SATURATION = 1.2
"""BM25's k1: a word's tenth mention says little more than its third."""
_NUMBER, _MM, _MAYBE = r"(\d+(?:\.\d+)?)", r"\s*(?:mm|毫米)", r"\s*(?:mm|毫米)?\s*"
_OVER = r"(?:>=?|≥|over|above|at least|larger than|bigger than|from|大于|超过|至少)"
_UNDER = r"(?:<=?|≤|under|below|at most|smaller than|up to|小于|不超过|至多)"
_RANGE = re.compile(rf"{_NUMBER}{_MAYBE}(?:-|–|to|and|至|到|~)\s*{_NUMBER}{_MM}", re.I)
_LEAST = re.compile(rf"{_OVER}\s*{_NUMBER}{_MM}", re.I)
_FROM = re.compile(rf"{_NUMBER}{_MM}\s*(?:or more|or larger|and above|以上)", re.I)
_MOST = re.compile(rf"{_UNDER}\s*{_NUMBER}{_MM}", re.I)
_UPTO = re.compile(rf"{_NUMBER}{_MM}\s*(?:or less|or smaller|以下)", re.I)
_ON_SIDE = re.compile(r"\b(right|left)\b|([右左])", re.I)
_OTHER: dict[str, Side] = {"right": "left", "右": "left", "left": "right", "左": "right"}
_GROWN = re.compile(r"\b(?:grown|growing|grew|growth)\b|增大|增长", re.I)


class BadSearch(AgentError):
    """A search that cannot be made. The message says what is allowed."""


@dataclass(frozen=True)
class Query:
    """What is looked for; what is None or empty does not matter.

    Attributes:
        text: words, English or Chinese, in reports, statements and labels.
        label, side: of a lesion.
        not_side: where that lesion is known not to lie; one whose side is not known fits.
        size_min, size_max: of that lesion's long axis in the axial plane, mm; one that is not measured has none.
        grown: it grew beyond what readers differ by, on comparable scans.
        modality, body_part: DICOM codes.
        since: cases opened on that day (UTC) or later.
        most: cases of the answer.
    """

    text: str = ""
    label: str = ""
    side: Side | None = None
    not_side: Side | None = None
    size_min: float | None = None
    size_max: float | None = None
    grown: bool = False
    modality: str = ""
    body_part: str = ""
    since: date | None = None
    most: int = MOST

    def __post_init__(self) -> None:
        for size in (self.size_min, self.size_max):
            if size is not None and not 0 <= size < 1000:
                raise BadSearch(f"A size is 0 to 1000 mm; seen {size:g}.")
        if self.size_min is not None and self.size_max is not None and self.size_min > self.size_max:
            raise BadSearch(f"The least size, {self.size_min:g} mm, is above the largest, {self.size_max:g} mm.")
        if len(self.text) > MOST_TEXT:
            raise BadSearch(f"The search has {len(self.text)} characters; up to {MOST_TEXT} are read.")
        if self.text.strip() and not self.words and not self.of_lesions:
            raise BadSearch("None of these is a word that can be looked for. Sizes are asked for as: over 8 mm.")

    @classmethod
    def of_text(cls, text: str) -> Query:
        """Read a search as it is typed: sizes and growth become filters, with the side of that lesion; the rest words.

        >>> found = Query.of_text("right nodule over 8 mm")
        >>> (found.text, found.size_min, found.not_side)
        ('right nodule', 8.0, 'left')
        """
        found: dict[str, Any] = {}
        between = _RANGE.search(text)
        if between:
            found = {"size_min": float(between[1]), "size_max": float(between[2])}
            text = text.replace(between[0], " ")
        for name, patterns in (("size_min", (_LEAST, _FROM)), ("size_max", (_MOST, _UPTO))):
            held = next((m for p in patterns if (m := p.search(text))), None)
            if held is not None:
                found[name] = float(held[1])
                text = text.replace(held[0], " ")
        if _GROWN.search(text):
            found["grown"], text = True, _GROWN.sub(" ", text)
        others = {_OTHER[(m[1] or m[2]).lower()] for m in _ON_SIDE.finditer(text)}
        if found and len(others) == 1:
            (found["not_side"],) = others
        return cls(text=" ".join(text.split()), **found)

    @property
    def words(self) -> list[frozenset[str]]:
        """What is looked for: a set a word, any of which will do."""
        return asked(self.text)

    @property
    def of_lesions(self) -> bool:
        """Whether a lesion must have something."""
        sizes = self.size_min is not None or self.size_max is not None
        return bool(self.label or self.side or self.not_side or self.grown or sizes)

    def lesions(self, facts: Facts) -> list[dict[str, Any]]:
        """Return the lesions of a case that have all that is asked of one."""
        return [x for x in facts.lesions if self._fits(x)]

    def _fits(self, lesion: Mapping[str, Any]) -> bool:
        size = lesion["size_mm"]
        known = size is not None
        return (
            (not self.label or _named(self.label, str(lesion["label"])))
            and self.side in (None, lesion["side"])
            and (self.not_side is None or lesion["side"] != self.not_side)
            and (self.size_min is None or (known and size >= self.size_min))
            and (self.size_max is None or (known and size <= self.size_max))
            and (not self.grown or bool(lesion["grown"]))
        )

    def takes(self, facts: Facts, created: str) -> bool:
        """Return whether a case has what is asked of its scan, its day and its lesions."""
        scan = facts.scan
        return (
            (not self.modality or (scan["modality"] or "") == self.modality.upper())
            and (not self.body_part or (scan["body_part"] or "") == self.body_part.upper())
            and (self.since is None or created[:10] >= self.since.isoformat())
            and (not self.of_lesions or bool(self.lesions(facts)))
        )


def _named(label: str, held: str) -> bool:
    """Whether a lesion's label is the one that is meant, in either language."""
    meant = {word for words in asked(label) for word in words}
    return label.strip().lower() == held.lower() or bool(meant & set(terms(held)))


@dataclass(frozen=True)
class Hit:
    """One case that was found.

    Attributes:
        case, created: id and when it was opened, UTC.
        level: how much of it is this reader's: own, or what it is shared for.
        scan: modality, body part, slices.
        lesions: those that were asked for; all where nothing was asked of them.
        sentence: the one that has most of the words; empty without words.
        score: how well the words fit; only an order.
    """

    case: str
    created: str
    level: str
    scan: dict[str, Any]
    lesions: tuple[dict[str, Any], ...]
    sentence: str = ""
    score: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Return it JSON-ready."""
        return {**vars(self), "lesions": list(self.lesions), "score": round(self.score, 3)}


@dataclass(frozen=True)
class Hits:
    """What a search found: the best first, how many there are in all, and whether each has every word."""

    cases: tuple[Hit, ...] = ()
    count: int = 0
    every_word: bool = True
    unread: tuple[str, ...] = field(default=())
    """Cases whose record could not be read."""


def score(counts: Sequence[int], weights: Sequence[float]) -> float:
    """Return how well a case fits: how often it has each word, and what each word weighs."""
    return sum(w * n * (_SATURATION + 1) / (n + _SATURATION) for n, w in zip(counts, weights, strict=True))


def rarity(cases: int, having: int) -> float:
    """Return a word's weight: the rarer, the more it says."""
    return math.log(1 + (cases - having + 0.5) / (having + 0.5))


def best_sentence(words: Sequence[frozenset[str]], sentences: Sequence[str]) -> str:
    """Return the sentence with most of the words, the first of equals; empty when none has any."""
    counted = [(sum(bool(meant & held) for meant in words), s) for s in sentences for held in (set(terms(s)),)]
    most = max((n for n, _ in counted), default=0)
    return next((s for n, s in counted if n == most), "") if most else ""
