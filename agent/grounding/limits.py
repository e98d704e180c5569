"""What a text asserts beside what it says was not looked at: "its type was not determined, with emphysema".

A part that states a limit may name what it limits; what is only hung on it, or said of the lesion it names, is a claim
like any other. Knows no evidence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from agent.grounding.vocabulary import LIMITS

_BRACKETS = re.compile(r"[(\uff08][^()\uff08\uff09]*[)\uff09]")
_SEGMENTS = re.compile(r"[,\uff0c]|\b(?:and|but)\b(?= (?:it|they|the \w+) )")
_HUNG_ON = re.compile(
    r"\s*(?:(?:and|but) )?(?:(?:it|they) (?:is|are|has|have) )?(?:with(?! respect| regard)\b|beside|accompanied|"
    r"along with|next to|larger\b|bigger\b|smaller\b|unchanged|stable\b|new\b(?! (?:scan|measurement))|grown|growing|"
    r"in the (?:right|left)\b)"
    r"|\s*(?:(?:having|has|have|had) )?(?:gained|lost|risen|swollen|halved|doubled|appeared|reduced|diminished|contracted|expanded|identical|"
    r"constant|steady|twice|half|bulkier|wider|thicker|absent|grown|(?:as|less|no|not|first|without|the same|up|down) (?:\w+ ){0,3}?"
    r"(?:than|as|since|seen|change|changed|different|size|before|now)\b)"
    r"|\s*(?:伴|并有|合并|较前|较上次|比(?:上次|之前|以前|前)|稳定|为?新发|增大|缩小|位于[左右]|[是与和跟]上次|与前|同前|大小如前|变化不大|"
    r"(?:此前|上次|之前)(?:未见|没有)|首次|体积(?:有所)?[增减])",
    re.IGNORECASE,
)
"""How something is hung on a sentence that it has nothing to do with."""
_SHOWN = re.compile(
    r"^(?!\s*(?:and |but )?(?:whether|if|because|since|as|so|which is why)\b).*\b(?:is|are|has|have|shows?|looks?|appears?|seems?)\b"
    r"|^(?!\s*(?:是否|因|由于|所以|故)).*(?:有|见|呈|伴|为|位于)",
    re.IGNORECASE,
)
"""A stretch with a verb of its own: it asserts."""
_NAMED = re.compile(
    r"(?:\b(?!(?:the|of|for|on|in|no|to|a|that|which)\b)[a-z-]+ +)?\b(?:lesion|nodule|mass) +\d+"
    r"|[^,;:,。;:、\s]{0,5}(?:病灶|结节|肿块)\s*\d+",
    re.IGNORECASE,
)
"""A lesion by its number, with the word before it."""


def asserted(parts: Sequence[str], *, named: bool = True) -> str:
    """Return what parts of a clause assert: whole, or beside the limit that they state (see `beside`)."""
    return "; ".join(text for part in parts for text in ([part] if not LIMITS.search(part) else beside(part, named=named)))


def beside(part: str, *, named: bool = True) -> list[str]:
    """Return what is asserted in a part that states a limit; `named`: also the lesion that it names, with a word before.

    >>> beside("The type of lesion 2 was not determined, with emphysema")
    ['lesion', ' with emphysema']
    """
    plain = _BRACKETS.sub(lambda m: " " * len(m[0]), part)
    found = [re.sub(r"\s*\d+$", "", m[0]) for m in _NAMED.finditer(plain) if named]  # which lesion it is, is checked elsewhere
    cut = [0, *(m.start() for m in _SEGMENTS.finditer(plain)), len(plain)]
    segments = [plain[a:b].lstrip("," + "\uff0c") for a, b in pairwise(cut)]
    said = [s for n, s in enumerate(segments) if (n and _HUNG_ON.match(s)) or _SHOWN.match(s)]
    return [*found, *(s for s in said if not LIMITS.search(s))]
