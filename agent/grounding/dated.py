"""Whether a clause tells what was measured now as of now, and what was measured on a prior as of then.

Where all that is cited is of one time, a clause that names the other scan alone is wrong; and a pair is held against the
prior, never against the scan that it was compared from. Knows no number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tools.evidence import Evidence

_MEASURED = ("measurement", "drawn", "mask", "scan")
_THEN = re.compile(
    r"\b(?:prior|previous(?:ly)?|earlier|before|formerly|last (?:scan|time|exam\w*|study)|then|ago|was|were|had|old)\b"
    r"|前片|前次|上次|此前|之前|既往|以前|原|曾|早先|当时|过去",
    re.IGNORECASE,
)
_PRIOR_SCAN = re.compile(
    r"\b(?:on|in|at|of|from) (?:the |its )?(?:prior|previous|earlier|last)\b(?! (?:to|than|note))|\b(?:the|its|a) (?:prior|previous|earlier) "
    r"(?:scan|ct|study|exam\w*|volume|size|long|short|mean|diameter|pixel|slices?|measure\w*)\b|前片|上次(?:检查|扫描)",
    re.IGNORECASE,
)
_NOW = re.compile(r"\b(?:current(?:ly)?|now|at present|today|this (?:scan|ct|study)|present)\b|目前|现在|本次|当前|如今|现为", re.IGNORECASE)
_LIMIT = re.compile(r"\bno (?:prior|previous|earlier)\b|\bwithout (?:a |any )?(?:prior|previous)\b|\bnot\b|无|没有|未|不", re.IGNORECASE)
_A_ROW = re.compile(r"[|–—]|:\s*-")
"""A row of a table, or a blank in it: what it names stands over a column."""
_AGAINST_NOW = re.compile(
    r"\b(?:since|than (?:on|in|at)|compared (?:with|to)|(?:match|pair)\w* (?:to|with)|registration with|as on|from|of) (?:lesion \d+ (?:of|on) )?(?:the |its )?current\b"
    r"|[较比与](?:本次|当前|现在)(?:检查|扫描)?(?!.{0,6}前片)(?:相比|对比|增|减|缩|多|少|大|小|病灶|间隔)",
    re.IGNORECASE,
)  # fmt: skip


def problems(text: str, cited: Sequence[Evidence], *, stale: bool) -> list[str]:
    """Say what is told of another time than what is cited is of.

    Args:
        text: the clause without citations. cited: its evidence. stale: whether some of it has been superseded.
    """
    measured = [isinstance(e.inputs.get("prior"), int) for e in cited if e.kind in _MEASURED]
    pairs = [e for e in cited if e.kind == "comparison"]
    then, now = _THEN.search(text), _NOW.search(text)
    against = _AGAINST_NOW.search(text)
    if pairs and against and not re.search(r"\b(?:prior|previous|earlier|before)\b|前片|上次|此前|之前", text, re.IGNORECASE):
        return [f"{against[0].strip()!r} is not what was compared with"]
    if not measured or pairs or stale or len(measured) != len(cited):
        return []
    if all(measured) and now and not then:
        return [f"{now[0]!r} is said of what was measured on a prior"]
    prior = _PRIOR_SCAN.search(text)
    if not any(measured) and prior and not now and not _LIMIT.search(text) and not _A_ROW.search(text):
        return [f"{prior[0].strip()!r} is said of what was measured on this scan"]
    return []
