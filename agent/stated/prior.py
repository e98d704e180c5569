"""What the reader states about an earlier scan, also in passing: how long ago it was made; and which lesions are
targets.

"Compare with the CT from 6 months ago" is an order, and still says when the CT was. Knows no case and no header.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.stated.words import QUOTED, WIDE

_SMALL = "one two three four five six seven eight nine ten eleven twelve".split()
_ZH = {c: n for n, c in enumerate("零一二三四五六七八九十")} | {"两": 2, "半": 0.5}
_DAYS = {"day": 1.0, "week": 7.0, "month": 30.4375, "year": 365.25, "天": 1.0, "日": 1.0, "周": 7.0, "月": 30.4375, "年": 365.25}
"""Days of a unit: a month and a year are means."""
_MOST_DAYS = 36_525
_NUM = rf"(?:\d{{1,4}}(?:\.\d)?|an?|half an?|{'|'.join(_SMALL)})"
_UNIT = r"(?P<unit>days?|weeks?|months?|years?)"
_SCAN = r"(?:ct|scans?|study|studies|exam\w*|imaging|priors?|film|baseline)"
_IS = r"(?:,|\s|\b(?:is|was|are|were|dates?|dated|made|done|taken|acquired|performed|from|about|around|roughly|approximately|exactly|that|which|it)\b)*"
_INTERVAL = re.compile(
    rf"\b{_SCAN}\b{_IS}(?<![\w.])(?P<n>{_NUM})[\s-]*{_UNIT}\s*(?:ago|before|earlier|old|prior|apart|back)\b"
    rf"|(?<![\w.])(?P<m>{_NUM})[\s-]*(?P<unit2>days?|weeks?|months?|years?)\s*(?:ago|before|earlier|apart|between)\b[^.;!?]{{0,20}}\b{_SCAN}\b"
    rf"|\binterval\b[^.;!?\d]{{0,30}}(?<![\w.])(?P<k>{_NUM})[\s-]*(?P<unit3>days?|weeks?|months?|years?)\b",
    re.ASCII,
)
_INTERVAL_ZH = re.compile(
    r"(?P<n>\d{1,4}|[一二两三四五六七八九十]{1,3}|半)\s*(?P<unit>天|日|周|个?月|年)(?:之)?前的?(?:那[次个张])?(?:胸部)?(?:ct|片|扫描|检查|影像|旧片)"
    r"|(?:既往|上次|前次|之前|旧|前)的?(?:ct|片子?|扫描|检查|影像)(?:是|在|为|做于)*\s*(?P<m>\d{1,4}|[一二两三四五六七八九十]{1,3}|半)\s*(?P<unit2>天|日|周|个?月|年)(?:之)?前"
    r"|(?:间隔|相隔|相距)\D{0,4}(?P<k>\d{1,4}|[一二两三四五六七八九十]{1,3}|半)\s*(?P<unit3>天|日|周|个?月|年)"
)
_NOT_A_SCAN = re.compile(r"\b(?:if|suppose|slice|section|should|recommend\w*|follow[- ]?up (?:interval|in)|report\w*)\b|如果|假如|层|随访间隔|复查间隔|报告|\d\s*(?:mm|cm|毫米|厘米)")
"""What makes a time in a sentence another one: a rule, a size from a report, a distance of slices."""
_TARGETS = re.compile(
    r"\btargets?(?: lesions?)?\s*(?:are|is|:|=|will be|shall be)\s*(?:lesions?|nodules?|numbers?|no\.?|#)*\s*"
    r"(?P<n>\d{1,3}(?:\s*(?:,|and|&|\+)\s*(?:(?:lesion|nodule)\s*)?\d{1,3})*)\b(?!\s*(?:mm|cm|%|\.\d))"
    r"|\b(?:use|take|choose|pick)\s+(?:lesions?|nodules?)\s*(?P<m>\d{1,3}(?:\s*(?:,|and|&)\s*\d{1,3})*)\s+as (?:the |my )?targets?\b"
    r"|(?:靶病灶|靶灶)(?:是|为|:)(?:病灶)?\s*(?P<k>\d{1,3}(?:\s*(?:,|、|和|与)\s*(?:病灶)?\d{1,3})*)(?!\s*(?:mm|毫米))"
)

Told = tuple[str, str | float, str, str]
"""Field, value, the reader's words, unit."""


def interval_of(text: str) -> Iterator[Told]:
    """Yield how long before the open scan an earlier one was made, in days.

    >>> [(name, value) for name, value, _, _ in interval_of("Compare with the CT from 6 weeks ago.")]
    [('prior_interval', 42.0)]
    """
    for sentence, words in sentences(text):
        found = _INTERVAL.search(sentence) or _INTERVAL_ZH.search(sentence)
        if found is None or _NOT_A_SCAN.search(sentence):
            continue
        number = next(_number(g) for g in (found["n"], found["m"], found["k"]) if g)
        unit = next(g for g in (found["unit"], found["unit2"], found["unit3"]) if g).rstrip("s").lstrip("个")
        days = round(number * _DAYS[unit])
        if 1 <= days <= _MOST_DAYS:
            yield "prior_interval", float(days), words, "d"


_AGO = re.compile(rf"(?<![\w.])(?P<n>{_NUM})[\s-]*{_UNIT}\s*(?:ago|before|earlier|back|old)\b", re.ASCII)
_AGO_ZH = re.compile(r"(?P<n>\d{1,4}|[一二两三四五六七八九十]{1,3}|半)\s*(?P<unit>天|日|周|个?月|年)(?:之|以)?前")
_WITH = re.compile(r"\b(?:with|to|against|since|versus|vs\.?)\s+([^.;?!]{3,80})|(?:与|和|跟|同)([^。;?!,]{2,40})|(?:对比|比较)([^。;?!,]{2,40})")


def days_ago(text: str) -> int | None:
    """Return how many days ago a phrase says.

    >>> days_ago("the CT from 6 months ago"), days_ago("两年前的CT"), days_ago("the oldest")
    (183, 730, None)
    """
    plain = text.translate(WIDE).lower()
    found = _AGO.search(plain) or _AGO_ZH.search(plain)
    days = round(_number(found["n"]) * _DAYS[found["unit"].rstrip("s").lstrip("个")]) if found else 0
    return days if 1 <= days <= _MOST_DAYS else None


def compared_with(text: str) -> str:
    """Return the reader's words for what is compared with; the whole text where none stand apart.

    >>> compared_with("Please compare with the scan from March.")
    'the scan from March'
    """
    found = _WITH.search(text)
    return next((g for g in found.groups() if g), text).strip() if found else text


def targets_of(text: str) -> Iterator[Told]:
    """Yield the numbers of the lesions that the reader chose as targets.

    >>> [value for _, value, _, _ in targets_of("The targets are lesions 1 and 3")]
    ['1, 3']
    """
    for sentence, words in sentences(text):
        found = _TARGETS.search(sentence)
        if found is not None:
            named = next(g for g in (found["n"], found["m"], found["k"]) if g)
            yield "targets", ", ".join(dict.fromkeys(re.findall(r"\d+", named))), words, ""


def sentences(text: str) -> Iterator[tuple[str, str]]:
    """Yield sentences in lower case with quotations taken out, and as they were typed."""
    plain = text.translate(WIDE).lower()
    raw = text if len(plain) == len(text) else plain
    plain = QUOTED.sub(lambda m: " " * len(m[0]), plain)
    for match in re.finditer(r"(?:[^.!?;。\n]|\.(?=\d))+", plain):
        if match[0].strip():
            yield match[0], raw[match.start() : match.end()].strip()


def _number(word: str) -> float:
    word = word.strip()
    if re.fullmatch(r"\d+(?:\.\d)?", word):
        return float(word)
    if word in ("a", "an"):
        return 1.0
    if word.startswith("half"):
        return 0.5
    if word in _SMALL:
        return float(_SMALL.index(word) + 1)
    tens, ten, ones = word.partition("十")
    if not ten:
        return float(_ZH.get(word, 0))
    return float((_ZH.get(tens, 1) if tens else 1) * 10 + (_ZH.get(ones, 0) if ones else 0))
