"""Words of others in a message: quoted lines, a pasted letter or report, "the GP wrote". They are not the reader's own statement.

What they state is offered in one question ("the letter says 62 years, never smoked: shall I take it as stated?") and
recorded only after a yes; what they order is not done. An earlier size that a report gives is stated as such by the
reader who tells it, and so is what comes with "add that". Knows no case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from agent.stated import words as said

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
_ASKED = re.compile(r"\b(?:what|how|why|does|did|do)(?: (?:does|did|do))?\s*$", re.IGNORECASE)
"""Before who wrote: "what does the report say"."""
_HEAD = (
    r"(?:findings?|impression|technique|conclusions?|opinion|comparison|clinical (?:history|information|details|indication|data)|indications?|"
    r"history|exam(?:ination)?|procedure|recommendations?|检查所见|影像所见|影像学?表现|所见|检查结论|影像诊断|诊断意见|诊断印象|诊断结论|印象|"
    r"检查方法|检查技术|检查项目|检查部位|临床诊断|临床资料|病史摘要|主诉|现病史|既往史)"
)
_REPORTS_OWN = re.compile(
    r"findings?|impression|technique|conclusions?|opinion|examination|检查所见|影像.*|所见|检查结论|诊断.*|印象|检查方法|检查技术", re.IGNORECASE
)
_ADMIN = (
    r"(?:(?:patient(?:'s)?|full)[ \t]+(?:name|id)|name|surname|d\.?o\.?b\.?|date of birth|mrn|nhs (?:no|number)|hospital (?:no|number)|accession(?: no| number)?|"
    r"referring (?:physician|doctor|clinician)|address|tel(?:ephone)?|患者姓名|姓名|住院号|门诊号|病历号|检查号|影像号|出生日期|身份证号?码?|报告医[生师]|审核医[生师])"
)
_LABEL = re.compile(rf"^[ \t]*(?:(?P<head>{_HEAD})|(?P<admin>{_ADMIN}))[ \t]*(?:[:\uff1a]|$)", re.IGNORECASE | re.MULTILINE)
"""A line that begins as a report's section or its head does."""
_INLINE = re.compile(r"(?:(?<=\s)|^)(?P<head>FINDINGS?|IMPRESSION|TECHNIQUE|CONCLUSIONS?|COMPARISON|INDICATION|检查所见|影像所见|影像表现|诊断意见|影像诊断|诊断印象|检查方法)[ \t]*[:\uff1a]|(?<=[。;\uff1b])(?:诊断意见|影像诊断|诊断印象)[:\uff1a]")
"""The same in the middle of a line: a report whose lines were lost when it was copied."""
_ABOVE = re.compile(r"\b(?:report|radiology|department|hospital|CT|MRI?|PET)\b[^\n?]*$|(?:医院|报告单?|科)[^\n?\uff1f]*$", re.IGNORECASE)
"""The title lines over a report."""
_SIGNED = re.compile(r"\s*(?:(?:electronically )?(?:signed|reported|dictated|verified|authori[sz]ed)\b|dr\b\.?|consultant|radiologist|报告医|审核医|医师|医生)", re.IGNORECASE)
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
    bare = [re.sub(r"^[ \t]*>[ \t]?", "", _WROTE.sub(" ", _unlabelled(p)), flags=re.MULTILINE) for p in parts]
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


def letters(text: str) -> list[tuple[int, int]]:
    """Return where quoted lines, letters and reports stand, unordered."""
    return [(m.start(), m.end()) for m in (*_QUOTED_LINE.finditer(text), *_LETTER.finditer(text))] + _reports(text)


def told(text: str) -> list[tuple[int, int]]:
    """Return the sentences that are told of a letter, whatever they say."""
    return [span for span, _ in _told(text)]


def _spans(text: str) -> list[tuple[int, int]]:
    """Return where others speak, in order, none overlapping another."""
    found = letters(text)
    if not _TAKEN.search(text):
        found += [span for span, is_own in _told(text) if not is_own]
    kept: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if kept and start < kept[-1][1]:
            kept[-1] = (kept[-1][0], max(end, kept[-1][1]))
        else:
            kept.append((start, end))
    return kept


def _told(text: str) -> Iterator[tuple[tuple[int, int], bool]]:
    """Yield the sentences that are told of somebody, and whether they are the reader's own: one that gives an earlier
    size is, and so is a question."""
    for match in _WROTE.finditer(text):
        after = text[match.end() :].lstrip(" \t")
        stop = (_PARAGRAPH_END if after[:1] in (":", "\uff1a") or match[0].rstrip()[-1:] in (":", "\uff1a") else _SENTENCE_END).search(text, match.end())
        end = stop.end() if stop else len(text)
        sentence = text[match.start() : end].lower()
        asked = sentence.rstrip().endswith(("?", "\uff1f")) or _ASKED.search(text[: match.start()]) is not None
        yield (match.start(), end), asked or bool(said.SIZE.search(sentence) and said.BEFORE.search(sentence))


def _reports(text: str) -> list[tuple[int, int]]:
    """Return where a report stands: two or more of its labels, one of them a report's own or a line that names somebody."""
    marks = sorted((*_LABEL.finditer(text), *_INLINE.finditer(text)), key=lambda m: m.start())
    heads = {str(m.groupdict().get("head") or m.groupdict().get("admin") or m[0]).strip().lower() for m in marks}
    own = any(m.groupdict().get("admin") or _REPORTS_OWN.match(str(m.groupdict().get("head") or m[0])) for m in marks)
    if len(heads) < 2 or not own:
        return []
    return [(_top(text, marks[0].start()), _foot(text, marks[-1]))]


def _top(text: str, start: int) -> int:
    """Return where a report begins: with the title lines right above its first label."""
    start = text.rfind("\n", 0, start) + 1 if text[:start].rpartition("\n")[2].strip() == "" else start
    while start > 0:
        line = text.rfind("\n", 0, start - 1) + 1
        above = text[line : start - 1]
        if above.strip() and not (_ABOVE.search(above) and not above.rstrip().endswith((":", "\uff1a"))):
            break
        if not above.strip() and not _ABOVE.search(text[text.rfind("\n", 0, max(0, line - 1)) + 1 : max(0, line - 1)]):
            break
        start = line
    return start


def _foot(text: str, last: re.Match[str]) -> int:
    """Return where a report ends: with the paragraph of its last label, what signs it, and before a closing question."""
    end = _paragraph_end(text, last.end())
    if not text[last.end() : end].strip():  # the label stands alone, its text below it
        end = _paragraph_end(text, end + len(text[end:]) - len(text[end:].lstrip()))
    while (rest := text[end:].lstrip()) and _SIGNED.match(rest):
        end = _paragraph_end(text, len(text) - len(rest))
    body = text[:end].rstrip()
    line = body.rfind("\n") + 1
    return line if body.endswith(("?", "\uff1f")) and line > last.end() else end


def _paragraph_end(text: str, at: int) -> int:
    found = re.compile(r"\n[ \t]*\n|\Z").search(text, at)
    return found.start() if found else len(text)


def _unlabelled(part: str) -> str:
    """Return a report's text without its labels and without the lines of its head, which state nothing."""
    kept = [line for line in part.split("\n") if not ((m := _LABEL.match(line)) and m.group("admin"))]
    return _INLINE.sub("\n", "\n".join(_LABEL.sub("", line) for line in kept))
