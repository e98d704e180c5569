"""Whether two guidelines would consider the same next steps, read from the words of their actions. Knows no table."""

from __future__ import annotations

import re

_SPAN = re.compile(r"(\d+)(?: (?:to|and|or) (\d+))* (month|year)s?")
_NONE = re.compile(r"no (?:routine )?follow-up|discharge")
_STEPS = {
    "none": _NONE, "pet": re.compile(r"\bPET"), "tissue": re.compile(r"biops|tissue|sampling"),
    "resection": re.compile(r"resect"), "surveillance": re.compile(r"surveillance"), "work-up": re.compile(r"work-up"),
}  # fmt: skip


def steps_of(action: str) -> frozenset[str]:
    """Return the steps that an English action names: spans of time, and what is done.

    >>> sorted(steps_of("consider CT at 3 months, PET/CT, or tissue sampling"))
    ['3 month', 'pet', 'tissue']
    """
    spans = {found.group().rstrip("s") for found in _SPAN.finditer(action)}
    return frozenset(spans | {name for name, words in _STEPS.items() if words.search(action)})


def same_steps(one: str, other: str) -> bool:
    """Return whether two English actions name the same steps.

    >>> same_steps("no routine follow-up", "no follow-up: consider discharge")
    True
    """
    return steps_of(one) == steps_of(other)
