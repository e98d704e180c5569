"""What a category was given, and what was stated: a clause beside it may not tell another value of the same input.

A guideline's own scope ("for lung cancer screening only") is no word about the patient where the category says that it
is out of it. Knows no amount and no lesion.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

from agent.grounding import vocabulary as words
from agent.grounding.claims import claims_of
from agent.grounding.support import guideline_names
from tools.evidence import Evidence

_REACH = 24
"""Characters before a scope in which the guideline stands that it is of."""
_IT = re.compile(r"\b(?:it|which) (?:is|was) (?:only |solely |meant |intended |made |designed )*$|[(,](?=[仅只专]?$)|其|该(?:指南|分类|系统)|[,(]$", re.IGNORECASE)

Said = Collection[tuple[str, bool]]
"""Qualifiers of a clause, and whether each is affirmed."""


def against(said: Said, parts: Sequence[str], cited: Sequence[Evidence]) -> list[str]:
    """Say which qualifiers are another value of an input than the one that a cited category was given.

    Args:
        said: the clause's qualifiers. parts: its statements. cited: its evidence.
    """
    used: dict[str, Any] = {k: v for e in cited if e.kind == "category" for k, v in dict(e.inputs.get("used") or {}).items()}
    affirmed = {name for name, yes in said if yes}
    found = [
        f"{name!r} is not what the category was given ({key}: {used[key]})"
        for key, values in words.INPUT_VALUES.items()
        if key in used
        for name in sorted(affirmed & set(values))
        if values[name] != str(used[key]) and not _of_scope(name, parts, cited)
    ]
    found += [
        f"{name!r} is denied, and it is what the category was given"
        for key, values in words.INPUT_VALUES.items()
        for name, value in values.items()
        if (name, False) in said and name not in affirmed and str(used.get(key)) == value
        if not any((name, False) in claims_of(e.text).qualifiers for e in cited if e.kind == "category")
    ]
    told = dict(said) if len({n for n, _ in said}) == len(said) else {}
    return found + [
        f"{name!r} is not what the category was given ({key}: {used[key]})"
        for key, name in words.TRUE_OR_NOT.items()
        if isinstance(used.get(key), bool) and told.get(name, used[key]) != used[key]
    ]


def has_smoked(name: str, affirmed: bool, text: str, cited: Sequence[Evidence]) -> bool:
    """Return whether a clause tells of smoking what is cited holds in other words: as a code, or as pack-years."""
    if affirmed and name in ("current smoker", "former smoker"):
        return any(e.inputs.get("field") == "smoking" and e.inputs.get("value") == name.split()[0] for e in cited)
    packs = [e.inputs.get("value") for e in cited if e.inputs.get("field") == "pack_years"]
    smoked = any(isinstance(n, (int, float)) and n > 0 for n in packs)
    return name == "smoker" and affirmed and smoked and words.SMOKED.search(text) is not None


def _of_scope(name: str, parts: Sequence[str], cited: Sequence[Evidence]) -> bool:
    """Return whether a value is named as what a guideline is for, where a category says so and that this is not it."""
    scope = words.SCOPES.get(name)
    named = scope is not None and any(pattern.search(p) for p in parts for pattern, _ in guideline_names())
    if scope is None or not named or not any(_is_its_own(p[max(0, m.start() - _REACH) : m.start()]) for p in parts for m in scope.finditer(p)):
        return False
    return any(e.kind == "category" and e.inputs.get("out_of_scope") is True and scope.search(e.text) for e in cited)


def _is_its_own(before: str) -> bool:
    """Return whether a guideline is what a scope is told of: its name, or "it", stands right before."""
    return _IT.search(before) is not None or any(pattern.search(before) for pattern, _ in guideline_names())
