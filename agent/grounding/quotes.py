"""What of a clause is a quotation of what it cites: it carries itself. Also the edition of a guideline, where it is one.

Everything is blanked position by position, so that what is left keeps its place. Knows no claims.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent.grounding.support import editions
from tools.evidence import Evidence

QUOTE = 24
"""A run of this many characters found in a cited text is a quotation of it and carries itself."""
_EDITION = re.compile(r"(?:\s*(?:society|guidelines?|criteria|statement|version|v|指南|标准))*[\s-]*v?\.?\s*(\d{4}|\d\.\d)(?![\d.])", re.I)
_NUMBER_AT_END = re.compile(r"(?:[\d.,]+\s*(?:-|–|to|x|×|至)?\s*)*$")
_NUMBER_BEFORE = re.compile(r"\d[\s-]*$")
_UNIT_AT_START = re.compile(r"[\s-]*(?:[A-Za-z]+|[%%]|[\u3400-\u9fff]{1,2})")


def without_quotes(text: str, sources: tuple[str, ...]) -> str:
    """Return the text with every long run that stands in a source blanked, position by position."""
    shown = list(text)
    lower = text.lower()
    if is_a_sentence(lower, sources):
        return " " * len(text)
    for source in sources:
        held = source.lower()
        if 4 <= len(held) < QUOTE:
            start = lower.find(held)
            edges = start >= 0 and (
                not (lower[start - 1 : start] + lower[start + len(held) : start + len(held) + 1]).isalnum()
            )
            if edges and not held.isalpha():
                shown[start : start + len(held)] = " " * len(held)
            continue
        start = 0
        while start + QUOTE <= len(lower):
            length = 0
            if lower[start : start + QUOTE] in held:
                length = QUOTE
                while start + length < len(lower) and lower[start : start + length + 1] in held:
                    length += 1
                # A run that ends inside a number or a word is cut back to the word before.
                while 0 < length < len(lower) - start and _inside(lower, start + length):
                    length -= 1
            if _goes_on(lower, start + length):
                length = len(_NUMBER_AT_END.sub("", lower[start : start + length], count=1))
            if length >= QUOTE // 2 and not _inside(lower, start):
                # A unit at the run's start belongs to the number before it, which is not part of the run.
                first = _UNIT_AT_START.match(lower, start) if _NUMBER_BEFORE.search(lower[:start]) else None
                kept = first.end() if first else start
                shown[kept : start + length] = " " * (start + length - kept)
                start += length
            else:
                start += 1
    return "".join(shown)


def is_a_sentence(clause: str, sources: tuple[str, ...]) -> bool:
    """Return whether the whole clause is a sentence that stands in a source, however short."""
    said = clause.strip().rstrip(".。 ")
    if len(said) < QUOTE // 3:
        return False
    whole = re.compile(rf"(?:^|[.。]\s*){re.escape(said)}(?=[.。]|\s*$)")
    return any(whole.search(source.lower()) for source in sources if len(source) > len(said))


def _goes_on(text: str, at: int) -> bool:
    """Return whether a word (a unit, perhaps) follows a position, so that a number before it must not be cut from it."""
    after = text[at : at + 2].strip()[:1]
    return after.isalpha() or (after != "" and after in "%\uff05")


def _inside(text: str, at: int) -> bool:
    """Return whether a position lies inside a word or a number (Chinese has no such borders)."""
    if not 0 < at < len(text):
        return False
    a, b = text[at - 1], text[at]
    if "\u3400" <= a <= "\u9fff" or "\u3400" <= b <= "\u9fff":
        return a.isdigit() and b.isdigit()
    return (a.isalnum() and b.isalnum()) or (a.isdigit() and b in ".,-–") or (a in ".,-–" and b.isdigit())


def without_editions(text: str, cited: Sequence[Evidence]) -> str:
    """Return the text with a guideline's edition blanked where it is one that is shipped or cited."""
    shown = text
    own = {str(e.inputs.get("edition")) for e in cited}
    for name, known in editions().items():
        for match in re.finditer(re.escape(name), shown, re.IGNORECASE):
            edition = _EDITION.match(shown, match.end())
            if edition and edition[1] in (*known, *own):
                shown = shown[: match.end()] + " " * (edition.end() - match.end()) + shown[edition.end() :]
    return shown
