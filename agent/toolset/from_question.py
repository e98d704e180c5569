"""Criteria applied to what a question itself states: "62-year-old woman, one 10 mm spiculated nodule …: Brock?".

The question brings its own patient; nothing of it is kept as stated of the case. A row is given only when all that it
needs stands in the question; else the passages alone answer. Knows no threshold.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from agent.stated import read_statements

_N = r"(\d+(?:\.\d+)?)"
_MM = r"(\d{1,4}(?:\.\d+)?)\s*(mm|cm|毫米|厘米)"
_SOLID_PART = re.compile(
    rf"{_MM}\s*(?:solid (?:component|part|portion|bit|core)|实性成分)|"
    rf"(?:solid (?:component|part|portion|bit|core)|实性成分)(?:\s|of|is|:|为|约)*{_MM}", re.IGNORECASE
)
_SIZE = re.compile(_MM, re.IGNORECASE)
_SMOOTH = re.compile(r"\b(?:non-?|un)spiculated|\bno spiculation|smooth|无毛刺|边缘光滑", re.IGNORECASE)
_NONE_OF = re.compile(r"\b(?:no|without|denies)\s+([^,.;:?]+)|无([^,。;]*)", re.IGNORECASE)
_FLAGS = {
    "emphysema": r"emphysema|肺气肿", "family_history": r"family history|家族史",
    "cancer_over_5_years_ago": r"cancer|恶性肿瘤|肿瘤",
}  # fmt: skip
"""Yes-or-no inputs that a question may deny together: "no emphysema or family history"."""
_TYPES = (
    ("part-solid", r"part(?:ly|ially)?[- ]?solid|部分实性|混合磨玻璃"),
    ("ground-glass", r"ground[- ]?glass|\bggn|\bggo|non-?solid|磨玻璃"),
    ("solid", r"\bsolid\b|实性"),
)  # fmt: skip
_AS_STATED = ("age", "sex", "setting", "immunosuppressed", "known_cancer")
_ONE = re.compile(r"\b(?:one|single|solitary|lone)\b|单发|单个", re.IGNORECASE)
_SUMS = {
    "baseline_sum_mm": rf"baseline(?: sum)?\D{{0,8}}?{_N}|{_N}\s*(?:mm)?\s*(?:at )?baseline|基线\D{{0,6}}{_N}",
    "nadir_sum_mm": rf"nadir\D{{0,8}}?{_N}|最低(?:总?和|值)?\D{{0,4}}{_N}",
    "current_sum_mm": rf"\bnow\D{{0,8}}?{_N}|(?:现在|目前|现)\D{{0,4}}{_N}",
}  # fmt: skip
_TIMES = {"baseline": r"\bbaseline\b|first screen|基线|首次", "new": r"\bnew\b|新发|新出现"}


def read_inputs(question: str, guideline: str) -> dict[str, Any]:
    """Return what a question states of a table's inputs.

    >>> read_inputs("Sum went from 82 mm baseline, nadir 50, now 58", "recist-1.1")
    {'baseline_sum_mm': 82.0, 'nadir_sum_mm': 50.0, 'current_sum_mm': 58.0}
    """
    from knowledge.criteria.table import table

    takes = table(guideline).inputs
    found = _sums(question) if guideline == "recist-1.1" else _finding(question, guideline)
    return {name: value for name, value in found.items() if name in takes}


def _sums(question: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, pattern in _SUMS.items():
        if hit := re.search(pattern, question, re.IGNORECASE):
            found[name] = float(next(g for g in hit.groups() if g))
    if re.search(r"\bno new lesions?\b|(?:没有|无)新病灶", question, re.IGNORECASE):
        found["new_lesions"] = False
    if "nadir_sum_mm" not in found and "baseline_sum_mm" in found:
        found["nadir_sum_mm"] = found["baseline_sum_mm"]  # no other sum is told: baseline is the lowest so far
    return found


def _finding(question: str, guideline: str) -> dict[str, Any]:
    stated = {s.field: s.value for s in read_statements(question)}
    found: dict[str, Any] = {name: stated[name] for name in _AS_STATED if name in stated}
    seen = (name for name, words in _TYPES if re.search(words, question, re.IGNORECASE))
    kind = stated.get("nodule_type") or next(seen, None)
    if kind is not None:
        found["type"] = kind
    part = _SOLID_PART.search(question)
    if part:
        found["solid_component_mm"] = _mm([g for g in part.groups() if g])
        found["type"] = "part-solid"
    rest = question[: part.start()] + question[part.end() :] if part else question
    if size := _SIZE.search(rest):
        found["diameter_mm" if guideline in ("brock", "mayo", "bts-2015") else "mean_diameter_mm"] = _mm(size.groups())
    smoking = stated.get("smoking")
    if smoking is not None:
        found["smoker"] = smoking != "never"
    if smooth := _SMOOTH.search(question):
        found["spiculation"] = False
    elif re.search(r"spiculat|毛刺", question, re.IGNORECASE) and not smooth:
        found["spiculation"] = True
    if re.search(r"\bupper[- ]lobe|上叶", question, re.IGNORECASE):
        found["upper_lobe"] = True
    elif re.search(r"\b(?:lower|middle)[- ]lobe|下叶|中叶", question, re.IGNORECASE):
        found["upper_lobe"] = False
    if _ONE.search(question):
        found |= {"nodule_count": 1, "count": "single"}
    denied = " ".join(g for hit in _NONE_OF.finditer(question) for g in hit.groups() if g)
    found |= {name: False for name, words in _FLAGS.items() if re.search(words, denied, re.IGNORECASE)}
    when = [name for name, words in _TIMES.items() if re.search(words, question, re.IGNORECASE)]
    if len(when) == 1:
        found["timing"] = when[0]
    if guideline == "lung-rads-2022":
        found.setdefault("setting", "screening")
    return found


def _mm(groups: Any) -> float:
    return float(groups[0]) * (10.0 if str(groups[1]).lower() in ("cm", "厘米") else 1.0)


def named_criteria(question: str, first: str | None) -> str | None:
    """Return the criteria that a question asks for: the one it names, else that of the best passage; None for none."""
    from knowledge import criteria_names
    from knowledge.subject import named_in

    held = criteria_names()
    named = [name for name in named_in(question) if name in held]
    chosen = named[0] if len(named) == 1 else first
    return chosen if chosen in held else None


def applied(question: str, first: str | None) -> tuple[str, Mapping[str, Any], Any] | None:
    """Return the criteria's name, the inputs read, and what `assess` found; None when no row fires."""
    import knowledge

    name = named_criteria(question, first)
    values = read_inputs(question, name) if name else {}
    if name is None or not values:
        return None
    try:
        found = knowledge.assess(name, **values)
    except knowledge.BadInput:
        return None
    return (name, values, found) if found.row and not found.needs and not found.out_of_scope else None
