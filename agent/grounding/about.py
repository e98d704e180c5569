"""Which lesions a piece of evidence is about, in the numbers that a clause may name them by.

A lesion of this scan has a number. One that is outlined on a prior has that prior's number, and its number in this case
where the two scans were compared: beside what was measured before either may be named. Knows no amount and no word of
comparison.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from agent.grounding.vocabulary import NAMED_LESION
from tools.evidence import Evidence

_PRIOR = (
    re.compile(r"(?:\b(?:prior|previous|earlier|former)\s+|前片(?:上|中)?的?\s*|上次(?:检查)?的?\s*|既往的?\s*)$", re.IGNORECASE),
    re.compile(r"\s*(?:of|on|from|in) the (?:prior|previous|earlier|last)\b", re.IGNORECASE),
)
"""What makes a number one of a prior's: before the lesion, or behind it."""


def numbers_of(item: Evidence) -> set[int]:
    """Return the lesions of this case that a piece of evidence is about."""
    return _whole([item.inputs.get("lesion"), *(item.inputs.get("lesions") or ())])


def about(item: Evidence, text: str, named: Iterable[int], evidence: Iterable[Evidence]) -> set[int]:
    """Return the lesions a piece of evidence is about, as a clause may number them.

    Args:
        item: the evidence. text: the clause without citations. named: the lesions that it names.
        evidence: the whole case's, to tell which lesion of the case is which of a prior's.
    """
    own, before = numbers_of(item), _whole([item.inputs.get("prior_lesion"), *(item.inputs.get("prior_lesions") or ())])
    if own:
        marked = before & _of_prior(text) if item.inputs.get("kind") == "gone" else set()
        return marked or own
    same = {n for e in evidence if before & _whole(e.inputs.get("prior_lesions") or ()) for n in numbers_of(e)}
    return ((before | same) & set(named)) or same or before


def _of_prior(text: str) -> set[int]:
    found = [m for m in NAMED_LESION.finditer(text) if _PRIOR[0].search(text[: m.start()]) or _PRIOR[1].match(text, m.end())]
    return {int(n) for m in found for g in m.groups() if g for n in re.findall(r"\d+", g)}


def _whole(numbers: Iterable[object]) -> set[int]:
    return {n for n in numbers if isinstance(n, int) and not isinstance(n, bool)}


def count(cited: Iterable[Evidence], lesions: Mapping[str, set[int]]) -> set[int]:
    """Return how many lesions cited evidence may be said to show: all of them, or those of one time alone."""
    items = list(cited)
    then = {n for e in items if isinstance(e.inputs.get("prior"), int) and not numbers_of(e) for n in lesions[e.id]}
    now = {n for e in items if numbers_of(e) for n in lesions[e.id]}
    return {len(then), len(now)} - {0} if then else {len(now)}
