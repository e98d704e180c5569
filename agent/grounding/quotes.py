"""What of a clause is a quotation of what it cites: it carries itself. Also the edition of a guideline, where it is one.

Everything is blanked position by position, so that what is left keeps its place. Knows no claims.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent.grounding.support import editions
from agent.grounding.told import is_a_row
from tools.evidence import Evidence

QUOTE = 24
"""A run of this many characters found in a cited text is a quotation of it and carries itself."""
_EDITION = re.compile(r"(?:\s*(?:society|guidelines?|criteria|statement|version|v|指南|标准))*[\s-]*v?\.?\s*(\d{4}|\d\.\d)(?![\d.])", re.I)
_NUMBER_AT_END = re.compile(r"(?:[\d.,]+\s*(?:-|–|to|x|×|至)?\s*)*$")
_DENIAL = re.compile(r"\b(?:not|never|no longer|without|isn't|aren't|doesn't|don't)\s+|(?:并|绝|从)?(?:不|未|没有|非|无需|无)(?:是|在)?", re.IGNORECASE)
_NUMBER_BEFORE = re.compile(r"\d[\s-]*$")
_UNIT_AT_START = re.compile(r"[\s-]*(?:[A-Za-z]+|[%%]|[\u3400-\u9fff]{1,2})")


def without_quotes(text: str, sources: tuple[str, ...]) -> str:
    """Return the text with every long run that stands in a source blanked, position by position."""
    shown = list(text)
    lower = text.lower()
    if stands(lower, sources):
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


def stands(clause: str, sources: tuple[str, ...]) -> bool:
    """Return whether a clause is nothing but a sentence of a source, or one of its rows told in a frame."""
    return is_a_sentence(clause, sources) or is_a_row(clause, sources)


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
    low = text.lower()
    for name, known in editions().items():
        if name not in low:
            continue
        for match in re.finditer(re.escape(name), shown, re.IGNORECASE):
            edition = _EDITION.match(shown, match.end())
            literal = _named_edition(shown, match.end(), known)
            if edition and edition[1] in (*known, *own):
                literal = edition.end()
            shown = shown[: match.end()] + " " * (literal - match.end()) + shown[literal:]
    return shown


def denied_quote(text: str, rest: str) -> str:
    """Return the negation that stands right before a run blanked as a quotation, which turns what is quoted.

    >>> denied_quote("并不在叶间裂旁而在胸膜下的结节", "并不在" + " " * 12)
    '并不在'
    """
    found = next((m for m in _DENIAL.finditer(text) if rest[m.start() : m.end()] == m[0] and _blanked(text, rest, m.end())), None)
    return found[0].strip() if found else ""


def _blanked(text: str, rest: str, at: int) -> bool:
    """Return whether a long run that begins here was blanked."""
    after = rest[at : at + QUOTE // 2]
    return len(after) == QUOTE // 2 and not after.strip() and bool(text[at : at + QUOTE // 2].strip())


def _named_edition(text: str, at: int, known: Sequence[str]) -> int:
    """Return where an edition with a name of its own ("5th edition") ends, right behind a guideline's name."""
    follows = text[at:].lower()
    lead = len(follows) - len(follows.lstrip(" ,"))
    found = [e for e in known if not e[:4].isdigit() and len(e) > len("1.1") and follows[lead:].startswith(e.lower())]
    return at + lead + max(map(len, found)) if found else at
