"""Two orders or two facts in one message that cannot both hold: nothing is done, and the reader is asked which one.

Only what is plainly the opposite of the other, of the same thing and in one breath: "accept it and reject it", "tighter
and wider", "she has cancer and she has no cancer". A correction ("no, wider"), a choice ("accept or reject?") and a
sequence ("accept 1, reject 2") are none. Knows no case.
"""

from __future__ import annotations

import re

from agent.stated.letter import own_words
from tools.quantity import Language

_PAIRS = (
    (r"^(?:accept|接受|采纳)", r"^(?:reject|拒绝|否决)"),
    (r"^(?:delete|remove|discard|drop|删除|删掉|去掉)", r"^(?:keep|retain|保留|留下)"),
    (r"\b(?:tighter|narrower|shrink)\b|收紧|缩小|紧一[点些]", r"\b(?:wider|looser|expand)\b|放宽|扩大|松一[点些]"),
    (r"^(?:include|纳入|包括)", r"^(?:exclude|排除)"),
)
_SPLIT = re.compile(
    r"[,;.\n\uff0c\uff1b。、]+\s*(?:(?:and|but|yet|also)\b\s*)*|\s+(?:and|but|yet|&)\s+(?:also\s+)?"
    r"|但是?|并且?|而且|同时|又|和(?=[接拒删保收放缩扩])",
    re.IGNORECASE,
)
_POLITE = re.compile(r"^(?:please|pls|now|also|can you|could you|请|把|再|给我)\s*", re.IGNORECASE)
_OTHER = re.compile(
    r"\b(?:or|then|first|no(?=,)|sorry|instead|rather|actually|mean|not that|window|report|sentence|slice"
    r"|margin|top|bottom|if|unless|except|other|rest|others|both)\b"
    r"|或|还是|然后|先|不对|更正|应该|窗|报告|句|层|如果|除|其他|其余",
    re.IGNORECASE,
)
"""A choice, a correction, a sequence, a condition, or something else than a lesion."""
_NUMBER = re.compile(
    r"(?:lesion|nodule|number|no\.?|#|病灶|结节)\s*(\d+)|(\d+)\s*(?:号|st\b|nd\b|rd\b|th\b)", re.IGNORECASE
)
_NOT = re.compile(r"\b(?:do not|don't|dont|never|not|no|isn't|hasn't|without)\b\s*|不要|没有|别|不|无", re.IGNORECASE)
_EMPTY = re.compile(r"\b(?:any|known|the|a|an|is|has|have|had|she|he|patient)\b|患者|有|是|已知", re.IGNORECASE)
_LONGEST = 200
"""Characters of a message that is looked at: orders in one breath are short."""


def opposed(text: str) -> tuple[str, str] | None:
    """Return the two halves of a message that cannot both hold, or None.

    >>> opposed("accept lesion 1 and reject lesion 1")
    ('accept lesion 1', 'reject lesion 1')
    >>> opposed("accept lesion 1 and reject lesion 2")
    """
    said = own_words(text).strip()
    if not said or len(said) > _LONGEST or said.endswith(("?", "\uff1f")) or _OTHER.search(said):
        return None
    parts = [p.strip(" .!。\uff01") for p in _SPLIT.split(said)]
    halves = [(p, _POLITE.sub("", p)) for p in parts if p]
    for n, (one, bare) in enumerate(halves):
        for other, against in halves[n + 1 :]:
            if _same(bare, against) and (_opposite(bare, against) or _denied(bare, against)):
                return one, other
    return None


def which(halves: tuple[str, str], language: Language) -> str:
    """Return the question that tells both halves and that nothing was done."""
    if language == "zh":
        return f"“{halves[0]}”与“{halves[1]}”互相矛盾\uff0c因此什么都没有做。以哪一个为准\uff1f"
    return f"“{halves[0]}” and “{halves[1]}” cannot both hold, so nothing was done. Which one is meant?"


def _same(one: str, other: str) -> bool:
    """Return whether two halves may be about the same lesion: the same number, or one names none."""
    numbers = [{next(g for g in m.groups() if g) for m in _NUMBER.finditer(half)} for half in (one, other)]
    return not all(numbers) or numbers[0] == numbers[1]


def _opposite(one: str, other: str) -> bool:
    def says(pattern: str, half: str) -> bool:
        return re.search(pattern, half, re.IGNORECASE) is not None and not _NOT.search(half)

    return any((says(a, one) and says(b, other)) or (says(b, one) and says(a, other)) for a, b in _PAIRS)


def _denied(one: str, other: str) -> bool:
    """Return whether one half is the other with a "not" in it."""
    if bool(_NOT.search(one)) == bool(_NOT.search(other)):
        return False
    bare = ["".join(re.findall(r"\w+", _EMPTY.sub("", _NOT.sub("", half)).lower())) for half in (one, other)]
    return bool(bare[0]) and bare[0] == bare[1]
