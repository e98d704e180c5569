"""Text into clauses, clauses into citations and digits. Knows nothing of what a clause claims."""

from __future__ import annotations

import re
from collections.abc import Mapping

from agent.events import UngroundedAnswer
from tools.evidence import Evidence
from tools.quantity import Language, show

CITE = re.compile(r"\[\s*(E\d+(?:\s*[,;,、]\s*E\d+)*)\s*\]")
"""``[E9]`` or ``[E4, E9]``."""
_REFERENCE = re.compile(r"\{\s*(E\d+)\s*\.\s*([A-Za-z0-9_]+)\s*\}")
_END = re.compile(r"(?:[.!?]+[\"')]*(?=\s)|[。!?\uff01\uff1f]+[”」』)]*|\n)\s*")
_SHORTENED = re.compile(r"(?:\b(?:e\.g|i\.e|vs|approx|ca|fig|no|dr|cf|incl|resp|min|max)|(?<![A-Za-z])[A-Z])\.$", re.I)
_FINAL = re.compile(r"([.!?。\uff01\uff1f]*)(\s*)$")


def split_clauses(text: str) -> list[str]:
    """Return the clauses of a text; joined again they are the text.

    A citation that follows a full stop belongs to the clause before it.

    >>> split_clauses("It is 14.2 mm long. [E9] Next?")
    ['It is 14.2 mm long. [E9] ', 'Next?']
    """
    clauses: list[str] = []
    start = 0
    for end in _END.finditer(text):
        after = text[end.end() :]
        if after.startswith("[") and "\n" not in end[0]:
            cited = re.match(r"(?:\[[^\]]*\]\s*)+[.。]?\s*", after)
            if cited is None or end.end() + cited.end() <= start:
                continue
            stop = end.end() + cited.end()
        elif _SHORTENED.search(text[start : end.start() + 1]) and "\n" not in end[0]:
            continue
        else:
            stop = end.end()
        if stop > start:
            clauses.append(text[start:stop])
            start = stop
    if start < len(text):
        clauses.append(text[start:])
    return [c for c in clauses if c.strip()] if any(c.strip() for c in clauses) else []


def cites_of(clause: str) -> tuple[str, ...]:
    """Return the evidence ids a clause cites or refers to, in their order, each once."""
    found = [(m.start(), name) for m in CITE.finditer(clause) for name in re.findall(r"E\d+", m[1])]
    found += [(m.start(), m[1]) for m in _REFERENCE.finditer(clause)]
    return tuple(dict.fromkeys(name for _, name in sorted(found)))


def fill(clause: str, evidence: Mapping[str, Evidence], language: Language) -> str:
    """Return the clause with every ``{E9.name}`` replaced by value and unit; what it refers to is cited at its end.

    Raises:
        UngroundedAnswer: a reference to evidence or a quantity that is not there.
    """

    def digits(match: re.Match[str]) -> str:
        item = evidence.get(match[1])
        if item is None:
            raise UngroundedAnswer(f"{match[1]} is referred to and not in this case.")
        quantity = item.quantity(match[2])
        if quantity is None:
            held = ", ".join(q.name for q in item.quantities) or "no quantity"
            raise UngroundedAnswer(f"{match[1]} holds no {match[2]}; it holds {held}.")
        return show(quantity, language)

    wanted = cites_of(clause)
    filled = _REFERENCE.sub(digits, clause)
    if "{" in filled or "}" in filled:
        raise UngroundedAnswer("A reference in braces could not be read; write {E9.axial_long_axis}.")
    absent = [name for name in wanted if name not in cites_of(filled)]
    if absent:
        filled = _FINAL.sub(lambda m: f" [{', '.join(absent)}]{m[1]}{m[2]}", filled, count=1)
    return filled


def bare(clause: str) -> str:
    """Return the clause without its citations."""
    return CITE.sub(" ", clause)
