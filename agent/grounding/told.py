"""A cited row told in a frame: "By Fleischner 2017, under 6 mm: no routine follow-up" is the row and joining words.

A guideline's row is a condition and an answer. A clause that gives both word by word, and beside them only the
guideline's name and joining words from a closed list, asserts nothing that the passage does not: it carries itself
whatever it speaks of, also a word that is never said of a patient. Knows no claim and no number.
"""

from __future__ import annotations

import re
from functools import lru_cache

_JOINING = (
    "a according advice advises an and as at by category for gives given has have having if in is it its of on per "
    "says score states the then to when guideline guidelines criteria society version recommends"
)
_JOINING_ZH = (
    "按 根据 依据 依 对于 对 者 时 为 的 则 在 当 若 如 建议 指南 标准 评分 分类 版 第 中 于 规定 "
    "所述 认为 指出 称"
)
_WORDS = re.compile(rf"\b(?:{'|'.join(_JOINING.split())})\b", re.IGNORECASE | re.ASCII)
_SIGNS = re.compile("|".join(sorted(_JOINING_ZH.split(), key=len, reverse=True)))
_LETTER = re.compile(r"[^\W_]")
_ROW = re.compile(r"^(?P<head>[^:\uff1a]{2,160}?)[:\uff1a]\s*(?P<tail>.+)$", re.DOTALL)
_SENTENCE = re.compile(r"(?<=\.)\s+(?=[A-Z0-9(])|(?<=。)\s*|\n")
_LEAST = 3
"""Letters or signs of an answer from which on it may be known again."""


@lru_cache(maxsize=1)
def _names() -> re.Pattern[str]:
    from agent.grounding.support import editions

    known = sorted((*editions(), *(e.lower() for held in editions().values() for e in held)), key=len, reverse=True)
    return re.compile("|".join(rf"(?<![a-z0-9]){re.escape(n)}(?![a-z0-9])" for n in known if n))


def framed(rest: str) -> bool:
    """Return whether what is left of a clause, its row taken out, says nothing: a guideline's name and joining words.

    >>> framed("by fleischner 2017, : "), framed("lesion 1 is : ")
    (True, False)
    """
    plain = _names().sub(" ", rest.lower())
    return _LETTER.search(_SIGNS.sub(" ", _WORDS.sub(" ", plain))) is None


def is_a_row(clause: str, sources: tuple[str, ...]) -> bool:
    """Return whether a clause is one row of a source, word by word, in a frame that says nothing.

    >>> is_a_row("For progressive disease WHO 1979 has: 25 % or more up", ("Progressive disease: 25 % or more up.",))
    True
    """
    said = clause.lower().strip(" .。")
    return any(_stands(said, head, tail) for source in sources for head, tail in rows(source))


@lru_cache(maxsize=512)
def rows(source: str) -> tuple[tuple[str, str], ...]:
    """Return condition and answer of each sentence of a text that has both, in lower case."""
    found = (_ROW.match(sentence.strip().lower().rstrip(".。 ")) for sentence in _SENTENCE.split(source) if sentence)
    return tuple(
        (m["head"].strip(), m["tail"].strip()) for m in found if m and len(_LETTER.findall(m["tail"])) >= _LEAST
    )


def _stands(said: str, head: str, tail: str) -> bool:
    """Return whether a clause is a condition and its answer, in either order, each whole, and a frame."""
    return any(
        framed(left[:at] + " | " + left[at + len(head) :])
        for place in _places(said, tail)
        for left in (said[:place] + "|" * len(tail) + said[place + len(tail) :],)
        for at in _places(left, head)
    )


def _places(text: str, run: str) -> list[int]:
    """Return where a run stands whole in a text: it begins and ends inside no word and no number."""
    return [m.start() for m in re.finditer(re.escape(run), text) if not _inside(text, m.start(), len(run))]


def _inside(text: str, at: int, length: int) -> bool:
    """Return whether a run begins or ends inside a word or a number."""
    around = ((text[at - 1 : at], text[at]), (text[at + length - 1], text[at + length : at + length + 1]))
    return any(a and b and a.isascii() and b.isascii() and a.isalnum() and b.isalnum() for a, b in around)
