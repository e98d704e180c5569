"""What the reader states for criteria beside Fleischner's: when a nodule was seen, growth, sums of targets, categories.

Read from one clause that states something, lower case with full-width signs made plain. Knows no case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

Told = tuple[str, str | float | bool, str]
"""Field, value, unit."""

TRUTHS = {
    "growing", "solid_component_growing", "spiculation", "upper_lobe", "family_history", "emphysema", "smoker",
    "cancer_over_5_years_ago", "targets_gone", "new_lesions",
}  # fmt: skip
"""Yes-or-no inputs of criteria: a bare yes or no answers the one that was asked for."""
OF_LESION = {"timing", "growing", "solid_component_growing", "spiculation", "previous_category"}

_UNSURE = re.compile(r"suspect|suspicio|possib|probab|maybe|perhaps|might|could|unsure|not sure|unclear|怀疑|可疑|可能|疑似|不清楚|不确定")
_DENIED = re.compile(r"(?:\b(?:no|not|without|never|isn't)\b|[无未不]|没有?)[^,;]{0,15}$")
_TIMING = (
    ("new", r"\bnew (?:solid |part-solid |ground-glass )?nodule\b|\bnew since\b|新发(?:的)?结节|新出现的结节"),
    ("baseline", r"\bbaseline (?:screen\w*|ct|ldct|scan)\b|\bfirst (?:screen\w*|ldct)\b|基线(?:筛查|ct)|首次筛查"),
    ("known", r"\b(?:seen|present|known) (?:before|previously|on (?:the )?(?:prior|previous|earlier|last))\b|以前已有|前次已有"),
)
_BARE_TIMING = re.compile(r"^(?:it is |it's )?(?:the |a )?(baseline|new|known)(?: one| nodule| ct| screen\w*)?$")
_SPICULATED = re.compile(r"(?<!non-)(?<!non)(?<!un)spiculat\w+|毛刺")
_NON_SPICULATED = re.compile(r"\b(?:non-?|un)spiculated|smooth margins?|无毛刺|边缘光滑")
_NEW_LESIONS = re.compile(r"\bnew lesions?\b|新(?:发)?病灶")
_NON_TARGET = (
    ("progression", r"non-?targets?(?: lesions?)?[^,;]{0,20}(?:progress|unequivocal)|非靶病灶[^,;]{0,6}进展"),
    ("persistent", r"non-?targets?(?: lesions?)?[^,;]{0,20}(?:persist|stable|unchanged|still there|non-?cr)|非靶病灶[^,;]{0,6}(?:存在|稳定)"),
    ("complete", r"non-?targets?(?: lesions?)?[^,;]{0,20}(?:gone|disappear|resolved|complete)|非靶病灶[^,;]{0,6}消失"),
    ("none", r"\bno non-?targets?|non-?targets?(?: lesions?)?\s*(?::|=|are|is)?\s*none|无非靶病灶|没有非靶病灶"),
)
_TARGETS_GONE = re.compile(
    r"(?<!non-)(?<!non)(?<!non )\btargets?(?: lesions?)? (?:are |have |has |is )?(?:all |both )?(?:now )?"
    r"(?:gone|disappeared|resolved)\b"
    r"|(?<!非)靶病灶(?:均|都|全部|已)*消失"
)
_TARGETS_LEFT = re.compile(
    r"(?<!non-)(?<!non)(?<!non )\btargets?(?: lesions?)? (?:are |is )?(?:still there|still present|not (?:all )?gone|remain|persist)"
    r"|(?<!非)靶病灶(?:仍在|仍存在|仍可见|未(?:全部)?消失)"
)
_MM = r"(\d{1,4}(?:\.\d{1,3})?)\s*(mm|cm|毫米|厘米)?(?![\w.%])"
_GAP = r"(?:\s|of|was|is|:|=|sum|target|diameters?|the|径线|总和|和|为|是){0,8}?"
_SUMS = (
    ("baseline_sum", re.compile(rf"(?:baseline sum|sum (?:at|of) baseline|基线(?:径线)?总?和){_GAP}{_MM}")),
    ("nadir_sum", re.compile(rf"(?:\bnadir|lowest sum|smallest sum|最低(?:径线)?总?和|最小(?:径线)?总?和){_GAP}{_MM}")),
    ("current_sum", re.compile(rf"(?:current sum|sum (?:is )?now|now sum|目前(?:径线)?总和|现在(?:的)?总?和){_GAP}{_MM}")),
)
_BARE_MM = re.compile(rf"^(?:about |it is |it was |约|是)?{_MM}$")
_CATEGORY = re.compile(r"\b(?:previous|prior|last|earlier)(?: time)?[^,;]{0,20}?(?:category|lung-?rads|was)\s*(2|3|4a|4b)\b|(?:上次|前次)[^,;]{0,8}?(2|3|4a|4b)\s*类")
_BARE_CATEGORY = re.compile(r"^(?:category |cat\.? ?|it was )?(2|3|4a|4b)\s*类?$")
_COUNT = re.compile(r"^(?:there are |about )?(\d{1,2})(?: nodules)?$|^(\d{1,2})个(?:结节)?$")
_NO_GROWTH = re.compile(r"^(?:it )?(?:(?:is|has) )?(?:not (?:growing|grown)|stable|unchanged|no growth)$|^(?:无|没有|未见?)(?:增大|增长)$|^稳定$")
_GROWTH = re.compile(r"^(?:it )?(?:(?:is|has) )?(?:growing|grown)$|^(?:有)?(?:增大|增长)$")


def read(text: str, asked: Sequence[str]) -> Iterator[Told]:
    """Yield what one clause states of these inputs.

    >>> list(read("baseline sum 100 mm", []))
    [('baseline_sum', 100.0, 'mm')]
    """
    bare = _BARE_TIMING.match(text) if "timing" in asked else None
    timing = bare[1] if bare else next((v for v, p in _TIMING if re.search(p, text, re.ASCII)), None)
    if timing:
        yield "timing", timing, ""
    if _UNSURE.search(text):
        return
    smooth, spiculated = _NON_SPICULATED.search(text), _SPICULATED.search(text)
    if smooth or spiculated:
        yield "spiculation", not smooth and spiculated is not None and not _denied(text, spiculated), ""
    if fresh := _NEW_LESIONS.search(text):
        yield "new_lesions", not _denied(text, fresh), ""
    if _TARGETS_GONE.search(text) or _TARGETS_LEFT.search(text):
        yield "targets_gone", _TARGETS_LEFT.search(text) is None, ""
    left = next((v for v, p in _NON_TARGET if re.search(p, text)), None)
    if left:
        yield "non_target", left, ""
    yield from _sums(text, asked)
    yield from _answers(text, asked)


def _denied(text: str, found: re.Match[str]) -> bool:
    return _DENIED.search(text[: found.start()]) is not None


def _sums(text: str, asked: Sequence[str]) -> Iterator[Told]:
    for name, pattern in _SUMS:
        if found := pattern.search(text):
            yield name, _mm(found), "mm"
    wanted = [name for name, _ in _SUMS if f"{name}_mm" in asked]
    if len(wanted) == 1 and len(asked) == 1 and (found := _BARE_MM.match(text)):
        yield wanted[0], _mm(found), "mm"


def _mm(found: re.Match[str]) -> float:
    return round(float(found[1]) * (10.0 if found[2] in ("cm", "厘米") else 1.0), 3)


def _answers(text: str, asked: Sequence[str]) -> Iterator[Told]:
    earlier = _CATEGORY.search(text) or (_BARE_CATEGORY.match(text) if "previous_category" in asked else None)
    if earlier:
        yield "previous_category", next(g for g in earlier.groups() if g).upper(), ""
    if "nodule_count" in asked and (count := _COUNT.match(text)):
        yield "nodule_count", float(count[1] or count[2]), "{nodule}"
    if "growing" in asked and (_GROWTH.match(text) or _NO_GROWTH.match(text)):
        yield "growing", _GROWTH.match(text) is not None, ""
