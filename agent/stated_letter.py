"""Words of others in a message: quoted lines, a pasted letter, "the GP wrote". They are not the reader's own statement.

What they state is offered in one question ("the letter says 62 years, never smoked: shall I take it as stated?") and
recorded only after a yes; what they order is not done. An earlier size that a report gives is stated as such by the
reader who tells it, and so is what comes with "add that". Knows no case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from agent import stated_words as said

_QUOTED_LINE = re.compile(r"^[ \t]*>[^\n]*", re.MULTILINE)
_LETTER = re.compile(
    r"^[ \t]*(?:dear\s+(?:dr|doctor|colleagues?|sir|madam|prof\w*|all|mr|ms|mrs)\b|to whom it may concern\b|尊敬的)(?:[\s\S]*?"
    r"(?:(?:kind|best|warm|with)? ?regards|yours (?:sincerely|faithfully|truly)|sincerely|best wishes|此致\s*敬礼|敬上)[^\n]*(?:\n(?!\n)[^\n?\uff1f]{1,60}$)?|[\s\S]*\Z)",
    re.IGNORECASE | re.MULTILINE,
)
"""From a salutation to its closing, or to the end."""
_SALUTATION = re.compile(r"^\s*(?:dear\s+[^\n,:]{1,40}|to whom it may concern|尊敬的[^\n,,:\uff1a]{0,12})[,,:\uff1a]?", re.IGNORECASE)
_WHO = (
    r"(?:reports?|letters?|referral|referr(?:er|ing (?:doctor|physician|clinician))|gp|g\.p\.|general practitioner|family doctor|"
    r"colleague|discharge summary|clinic (?:note|letter)|request(?: form)?|requisition|notes?|chart)"
)
_WROTE = re.compile(
    rf"\b(?:(?:the|an?|his|her|their|my|outside|old|previous|external|referral|gp'?s?|clinic)\s+){{0,3}}{_WHO}\s+"
    r"(?:(?:also|just|only|here|from \w+)\s+)?(?:says?|said|wrote|writes|states?|stated|reads?|mentions?|mentioned|claims?|notes?|noted|tells?|told me)\b(?: that)?"
    rf"|(?:^|\n|(?<=[.;] ))\s*(?:according to|per|as per) (?:(?:the|his|her|an?|outside|old|referral)\s+){{0,2}}{_WHO}\b"
    r"|(?:^|\n)\s*(?:referral(?: letter| note)?|gp letter|letter|request form|requisition)\s*:"
    r"|(?<![在往到把给向])(?:外院)?(?:报告|转诊信|转诊单|来信|申请单|病历|门诊记录|家庭医生|外院(?:医生)?|会诊单|介绍信)(?:上|里|中)?(?:面)?(?:说|写(?:着|道|的是|了|明)|称|提到|记载|注明)|(?:^|\n)\s*(?:转诊信|来信|申请单|病历摘要)\s*[:\uff1a]",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"(?:(?<!\d)\.|\.(?!\d))(?=\s|$)|[!?\uff1f。\uff01]|\n\s*\n")
_PARAGRAPH_END = re.compile(r"\n\s*\n|\Z")
_TAKEN = re.compile(
    r"\b(?:add|note|record|take|use|accept|count) (?:that|this|it|them|these|all of it)\b|\bthat(?:'s| is) (?:right|correct|true)\b|(?:请)?(?:加上|记录|记下|采用|就按)(?:这|它|此|吧|一下)?",
    re.IGNORECASE,
)
ACCEPTS = re.compile(
    r"^(?:yes|yeah|yep|yup|ok(?:ay)?|sure|correct|right|please do|do|go ahead|accept|是的?|好的?|对的?|可以|采用|确认|嗯|行)?[\s,,.!。]*"
    r"(?:please[\s,]*)?(?:(?:take|record|use|accept|add|note) (?:it|that|them|this)(?: as stated)?|(?:请)?(?:采用|记录|按此记录|加上|照记))?[\s.!。]*$",
    re.IGNORECASE,
)
"""A yes to the offer. Nothing at all is none: see `accepts`."""
_SHOWN = 6
"""Facts that a question repeats; a longer letter is told by how many there are."""


def accepts(text: str) -> bool:
    """Return whether a message is a yes to an offer.

    >>> accepts("yes"), accepts("Yes, take it as stated."), accepts("yes but she is 63"), accepts("")
    (True, True, False, False)
    """
    return text.strip() != "" and ACCEPTS.match(text.strip()) is not None


def own_words(text: str) -> str:
    """Return a message with the words of others blanked, position by position.

    >>> own_words("The GP wrote she is 62. Measure it.").strip()
    'Measure it.'
    """
    shown = text
    for start, end in _spans(text):
        shown = shown[:start] + re.sub(r"[^\n]", " ", shown[start:end]) + shown[end:]
    return shown


def others_words(text: str) -> str:
    """Return what others wrote, without what shows that they did.

    >>> others_words("> 62 years old, never smoked")
    '62 years old, never smoked'
    """
    parts = [text[start:end] for start, end in _spans(text)]
    bare = [re.sub(r"^[ \t]*>[ \t]?", "", _WROTE.sub(" ", p), flags=re.MULTILINE) for p in parts]
    return "\n".join(re.sub(r"^(?:\s|[:\uff1a,])+|\s+$", "", _SALUTATION.sub("", b)) for b in bare if b.strip())


def offer(told: Sequence[str], language: str) -> tuple[str, tuple[str, ...]]:
    """Return the question that offers what a letter states, in its own words, and the ready answers."""
    facts = list(dict.fromkeys(t for t in told if t))
    shown = facts[:_SHOWN]
    if language == "zh":
        more = f"等{len(facts)}项" if len(facts) > _SHOWN else ""
        return f"信中写道:{'、'.join(shown)}{more}。是否作为您的陈述记录?", ("是,采用", "否")
    more = f" and {len(facts) - _SHOWN} more" if len(facts) > _SHOWN else ""
    return f"The letter says: {'; '.join(shown)}{more}. Shall I take it as stated?", ("Yes, take it", "No")


def _spans(text: str) -> list[tuple[int, int]]:
    """Return where others speak, in order, none overlapping another."""
    found = [(m.start(), m.end()) for m in (*_QUOTED_LINE.finditer(text), *_LETTER.finditer(text))]
    if not _TAKEN.search(text):
        found += _told(text)
    kept: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if kept and start < kept[-1][1]:
            kept[-1] = (kept[-1][0], max(end, kept[-1][1]))
        else:
            kept.append((start, end))
    return kept


def _told(text: str) -> Iterator[tuple[int, int]]:
    """Yield the sentences that are told of somebody; one that gives an earlier size is the reader's own."""
    for match in _WROTE.finditer(text):
        after = text[match.end() :].lstrip(" \t")
        stop = (_PARAGRAPH_END if after[:1] in (":", "\uff1a") or match[0].rstrip()[-1:] in (":", "\uff1a") else _SENTENCE_END).search(text, match.end())
        end = stop.end() if stop else len(text)
        sentence = text[match.start() : end].lower()
        asked = sentence.rstrip().endswith(("?", "\uff1f"))
        if not asked and not (said.SIZE.search(sentence) and said.BEFORE.search(sentence)):
            yield match.start(), end
