"""BM25 over the sections' words, in one language, and how much of a question a section covers.

Built in memory from the files: nothing to keep or to repair. Knows no vectors.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from knowledge.library import Guideline, Section
from knowledge.types import Language
from knowledge.words import words

_TITLE_WEIGHT = 2
"""Times a title and a guideline's name count against once for its text."""


class LexicalIndex:
    """BM25 scores and covered shares by section key."""

    def __init__(self, sections: Iterable[tuple[str, Guideline, Section]], language: Language) -> None:
        """Index the sections' words in `language`: titles, text, how people ask, and the guideline's names."""
        from knowledge.embed import quiet_libraries

        with quiet_libraries():
            import bm25s

        self.language = language
        documents: list[list[str]] = []
        self.keys: list[str] = []
        for key, guideline, section in sections:
            self.keys.append(key)
            documents.append(words(_indexed(guideline, section, language), language))
        self._held = {key: frozenset(document) for key, document in zip(self.keys, documents, strict=True)}
        counts = Counter(word for held in self._held.values() for word in held)
        self._weight = {word: math.log(1 + len(documents) / count) for word, count in counts.items()}
        self._unknown = math.log(1 + 2 * len(documents))
        self._bm25 = bm25s.BM25()
        self._bm25.index(documents, show_progress=False)

    def scores(self, question: Sequence[str]) -> dict[str, float]:
        """Return BM25 by section key for a question's words; sections that share none are left out."""
        known = [word for word in question if word in self._weight]
        if not known:
            return {}
        found = np.asarray(self._bm25.get_scores(known))
        return {self.keys[at]: float(found[at]) for at in np.flatnonzero(found > 0)}

    def covered(self, question: Sequence[str], key: str) -> float:
        """Return the share of the question's words, weighted by rarity, that the section holds: 0 to 1."""
        held = self._held[key]
        total = sum(self._weight.get(word, self._unknown) for word in question)
        return sum(self._weight[word] for word in question if word in held) / total if total else 0.0

    def known(self, question: Sequence[str]) -> float:
        """Return the share of the question's words, weighted by rarity, that any section holds: 0 to 1."""
        total = sum(self._weight.get(word, self._unknown) for word in question)
        return sum(self._weight.get(word, 0.0) for word in question) / total if total else 0.0



def _indexed(guideline: Guideline, section: Section, language: Language) -> str:
    own: Language = language if language in section.texts else next(iter(section.texts))
    names = [guideline.guideline, guideline.edition, *guideline.aliases, guideline.title.get(own, "")]
    heads = [*names, section.titles[own]] * _TITLE_WEIGHT
    return " . ".join([*heads, section.texts[own], *section.asks])
