"""What a question gives away before any search: the guideline it names, its body part, its setting.

Also the well-known guidelines that people ask for and that are not held here, so that search can say so instead of
offering another one. Reads ``cues.yaml``. Knows no index.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from knowledge.facts import read_yaml
from knowledge.library import Guideline, Section
from knowledge.words import EVERYDAY, TYPES, glossary, joined

_ANY = "any"
NOT_COVERED = "not-covered"
"""The file whose passages say which well-known guidelines are not held."""


@dataclass(frozen=True)
class Cues:
    """What one question gives away. `parts` are body parts that a guideline may name; None when it names none."""

    named: frozenset[str]
    parts: frozenset[str] | None
    settings: frozenset[str]
    is_finding: bool = False
    """Whether it speaks of a finding: a nodule, a lesion, a cyst."""
    types: frozenset[str] = frozenset()
    """Types of nodule it names (see `words.TYPES`)."""
    several: bool = False
    """Whether it speaks of more than one."""

    @property
    def domain(self) -> float:
        """Return 1 for a question about what is held here, -1 about another part of the body, 0 when it is open."""
        if self.parts is not None and not self.parts:
            return -1.0
        return 1.0 if self.named or self.parts or self.is_finding or "oncology" in self.settings else 0.0

    def names(self, guideline: Guideline) -> float:
        """Return 1 when the question names this guideline, -1 when it names another one only, else 0."""
        if guideline.name in self.named:
            return 1.0
        return -1.0 if self.named else 0.0

    def part(self, guideline: Guideline) -> float:
        """Return 1 when the guideline is made for the question's body part, -1 when it is made for others, else 0."""
        made_for = set(guideline.body_parts)
        if self.parts is None or _ANY in made_for:
            return 0.0
        return 1.0 if self.parts & made_for else -1.0

    def setting(self, guideline: Guideline) -> float:
        """Return 1 when the guideline is made for the question's setting, -1 when for others, else 0."""
        if not self.settings or not guideline.population:
            return 0.0
        return 1.0 if self.settings & set(guideline.population) else -1.0

    def type(self, section: Section) -> float:
        """Return 1 when the section's title names a type of nodule that the question names, -1 another only, else 0."""
        made_for = _types_of(section.titles.get("en", ""))
        if not self.types or not made_for:
            return 0.0
        return 1.0 if self.types & made_for else -1.0

    def count(self, section: Section) -> float:
        """Return 1 when question and title speak of several, -1 when only one of them does, else 0."""
        title = section.titles.get("en", "").lower()
        if not self.several:
            return -1.0 if _several().search(title) else 0.0
        return 1.0 if _several().search(title) else -1.0 if "single" in title else 0.0

    def usual(self, guideline: Guideline) -> float:
        """Return 0 for a guideline that is meant only when it is named and is not, else 1."""
        return float(guideline.name in self.named or guideline.name not in _raw()["by_name"])


@dataclass(frozen=True)
class _Part:
    covers: frozenset[str]
    words: re.Pattern[str]


def cues_of(question: str, guidelines: Sequence[Guideline]) -> Cues:
    """Return what a question gives away."""
    plain, named = _plain(question), _named(question, guidelines)
    seen = [part for part in _parts().values() if part.words.search(plain)]
    return Cues(
        named=named,
        parts=frozenset().union(*(part.covers for part in seen)) if seen else None,
        settings=frozenset(name for name, words in _settings().items() if words.search(plain)),
        is_finding=bool(_subjects().search(plain)),
        types=_types_of(question),
        several=bool(_several().search(plain)),
    )


def not_held(question: str, guidelines: Sequence[Guideline]) -> tuple[str, ...]:
    """Return the guidelines that a question asks for and that are not held; none when it names one that is."""
    rest, found = _plain(question), []
    for name, words in _absent().items():
        if words.search(rest):
            found.append(name)
            rest = words.sub(" ", rest)  # "pneumonia severity index" does not name what is held for pneumonia
    held = _named(rest if found else question, guidelines) - {NOT_COVERED}
    return () if held else tuple(found)


@lru_cache(maxsize=1024)
def _types_of(text: str) -> frozenset[str]:
    """Return the types of nodule named; one that has a solid part is part-solid, subsolid is either."""
    flat = joined(text)
    found = set(TYPES & set(re.findall(r"[a-z]+", flat)))
    if "实性" in flat:
        found.add("solid")
    if "solidpart" in flat or "partsolid" in found:
        found = {"partsolid"}
    if "subsolid" in found:
        found |= {"partsolid", "groundglass"}
    return frozenset(found)


def word_lists() -> Iterator[str]:
    """Yield every English word and term that the lists hold."""
    lists = [*(entry["words"] for entry in _raw()["parts"].values()), *_raw()["settings"].values(),
             *_raw()["names"].values(), *_raw()["absent"].values(), _raw()["subjects"], _raw()["several"]]  # fmt: skip
    for terms in lists:
        yield from map(str, terms)
    yield from EVERYDAY
    yield from _raw()["left_alone"]
    yield from (*glossary()["en"], *glossary()["en"].values(), *glossary()["zh"].values())


def _plain(question: str) -> str:
    return re.sub(r"[\s_]+", " ", question.lower())


def _named(question: str, guidelines: Sequence[Guideline]) -> frozenset[str]:
    """Return the guidelines whose alias the question holds; of aliases within one another the longest counts.

    An alias that is an everyday word (who) counts in capitals only (WHO).
    """
    flat = re.sub(r"[\s_-]+", " ", question)
    found: list[tuple[int, int, str]] = []
    for item in guidelines:
        for alias in {*item.aliases, item.name, *_raw()["names"].get(item.name, ())}:
            low = alias.lower().replace("-", " ")
            everyday = low in EVERYDAY
            pattern = rf"(?<![A-Za-z0-9]){re.escape(low.upper() if everyday else low)}(?![A-Za-z])"
            hits = re.finditer(pattern, flat if everyday else flat.lower())
            found += [(*hit.span(), item.name) for hit in hits]
    named = frozenset(
        name
        for start, end, name in found
        if not any(a <= start and end <= b and (b - a) > (end - start) for a, b, _ in found)
    )
    return named - set(_raw()["yields"]) or named


def _pattern(words: Iterable[str]) -> re.Pattern[str]:
    parts = [rf"(?<![a-z0-9]){re.escape(w)}(?![a-z0-9])" if w.isascii() else re.escape(w) for w in map(str, words)]
    return re.compile("|".join(parts))


@lru_cache(maxsize=1)
def _raw() -> dict[str, Any]:
    raw: dict[str, Any] = read_yaml(Path(__file__).with_name("cues.yaml").read_text(encoding="utf-8"))
    return raw


@lru_cache(maxsize=1)
def _parts() -> dict[str, _Part]:
    found: dict[str, _Part] = {}
    for name, entry in _raw()["parts"].items():
        found[name] = _Part(frozenset(entry["covers"]), _pattern(entry["words"]))
    return found


@lru_cache(maxsize=1)
def _settings() -> dict[str, re.Pattern[str]]:
    return {name: _pattern(words) for name, words in _raw()["settings"].items()}


@lru_cache(maxsize=1)
def _subjects() -> re.Pattern[str]:
    return _pattern(_raw()["subjects"])


@lru_cache(maxsize=1)
def _several() -> re.Pattern[str]:
    return _pattern(_raw()["several"])


@lru_cache(maxsize=1)
def _absent() -> dict[str, re.Pattern[str]]:
    return {name: _pattern(words) for name, words in _raw()["absent"].items()}
