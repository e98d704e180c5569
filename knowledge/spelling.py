"""Misspelt words of a question put right, by the words that the passages and word lists hold.

A word that is held stays; one that is not is replaced by the only held word (or the commonest of them) that is one slip
of the keyboard away: a letter left out, put in, changed, or two swapped; two slips in a long word. The first letter
must be right, and short words are left alone: among them too many other words lie near. Chinese
slips and everyday words are listed in ``glossary.yaml``. Knows no index and no score.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from knowledge.words import glossary

_GLUED = re.compile(r"[A-Za-z]{5,}(?=[0-9])")
"""A name and a category run together, as in birads4."""
_WORD = re.compile(r"[A-Za-z]+")
SHORTEST = 5
"""Letters from which on a word is put right."""
LONG = 9
"""Letters from which on two slips are allowed."""


class Speller:
    """The words held, ready to put a question right."""

    def __init__(self, texts: Iterable[str]) -> None:
        """Take every word of the texts as rightly spelt."""
        self._held = Counter(word for text in texts for word in _WORD.findall(text.lower()))
        self._by_first: dict[str, list[str]] = {}
        for word in self._held:
            if len(word) >= SHORTEST - 1:
                self._by_first.setdefault(word[0], []).append(word)

    def mended(self, question: str) -> str:
        """Return the question with its misspelt words replaced.

        >>> Speller(["pulmonary nodule", "screening"]).mended("Pulmonry ndule on screning")
        'pulmonary nodule on screening'
        """
        apart = _GLUED.sub(lambda found: f"{found[0]} " if found[0].lower() in self._held else found[0], question)
        mended = _WORD.sub(lambda found: self._word(found.group()), apart)
        for typed, meant in glossary()["as"].items():
            if meant not in mended:
                mended = mended.replace(typed, meant)
        return mended

    def _word(self, word: str) -> str:
        low = word.lower()
        if len(low) < SHORTEST or low in self._held:
            return word
        slips = 2 if len(low) >= LONG else 1
        tried = [other for other in self._by_first.get(low[0], ()) if abs(len(other) - len(low)) <= slips]
        near = [(slips_between(low, other, slips), -self._held[other], other) for other in tried]
        best = min(near, default=(slips + 1, 0, word))
        return best[2] if best[0] <= slips else word


def slips_between(a: str, b: str, most: int) -> int:
    """Return how many slips lie between two words, neighbours swapped counting as one; `most` + 1 for more.

    >>> slips_between("ndule", "nodule", 2), slips_between("solid", "sloid", 2), slips_between("liver", "kidney", 2)
    (1, 1, 3)
    """
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, letter in enumerate(a, start=1):
        older, before, row = before, row, [i]
        for j, other in enumerate(b, start=1):
            row.append(min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other)))
            if i > 1 and j > 1 and letter == b[j - 2] and a[i - 2] == other:
                row[j] = min(row[j], older[j - 2] + 1)
        if min(row) > most:
            return most + 1
    return min(row[-1], most + 1)
