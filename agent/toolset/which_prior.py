"""Which of a case's earlier scans the reader means: by month, date, age, order or number, as the reader put it.

Dates are read from the headers here and go no further: what comes out is a prior's number, or a question with
intervals in days. Two that fit as well are never guessed between.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, timedelta

from agent.record import PriorRecord
from agent.stated.prior import days_ago
from agent.toolset.desk import Desk
from tools.contract import NotApplicable

CLOSE_DAYS, CLOSE_SHARE = 14, 0.2
"""A scan "six months ago" lies within two weeks, or a fifth of that time, of it."""

_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_MONTH = re.compile(
    r"\b(?P<name>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|"
    r"(?:(?<=from )|(?<=in )|(?<=of )|(?<=the )|(?<=last ))may|"
    r"june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
    r"(?:\s*(?:of\s+)?(?P<year>(?:19|20)\d\d))?"
    r"|(?:(?P<zh_year>(?:19|20)\d\d)年)?(?P<zh>1[0-2]|[1-9]|十[一二]?|[一二三四五六七八九])月",
    re.IGNORECASE,
)
_ZH_MONTHS = "一 二 三 四 五 六 七 八 九 十 十一 十二".split()
_DATE = re.compile(r"\b(?:19|20)\d\d-\d\d(?:-\d\d)?\b")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b|(?:19|20)\d\d(?=年)")
_OLDEST = re.compile(r"\b(?:oldest|earliest|first|baseline)\b|最早|首次|第一次|基线", re.IGNORECASE)
_LATEST = re.compile(r"\b(?:latest|newest|most recent|last|previous|nearest)\b|最近|上一次|上次|前一次", re.IGNORECASE)
_NAMED = re.compile(
    r"\bprior(?: scan| ct)?\s+(?:no\.?\s*|#)?([a-h]|\d{1,2})\b(?!\s*(?:mm|day|week|month|year))|既往(?:扫描)?([a-h\d])",
    re.IGNORECASE,
)


def meant(desk: Desk, words: str) -> PriorRecord | None:
    """Return the prior that the words mean; None where they pick none out.

    Raises:
        NotApplicable: no prior fits the words, or more than one does.
    """
    there = desk.record.priors
    fits = _rule(desk, words, there)
    if fits is None or not there:
        return None
    found = [p for p in there if fits(p)]
    if len(found) == 1:
        return found[0]
    held = "; ".join(f"prior {p.number}, {_when(p)}" for p in there)
    what = "No prior scan of this case fits" if not found else f"{len(found)} prior scans of this case fit"
    raise NotApplicable(f"{what} what you said. There are: {held}. Which one, by its number?")


def _when(prior: PriorRecord) -> str:
    return "interval not known" if prior.days is None else f"{prior.days} days before"


def _rule(desk: Desk, words: str, there: Sequence[PriorRecord]) -> Callable[[PriorRecord], bool] | None:
    """Return what a prior must be to be the one that is meant; None where the words say nothing of that."""
    if found := _NAMED.search(words):
        said = (found[1] or found[2]).lower()
        number = int(said) if said.isdigit() else ord(said) - ord("a") + 1
        return lambda p: p.number == number
    if found := _DATE.search(words):
        wanted = found[0]
        return lambda p: (_made(desk, p) or "").startswith(wanted)
    if found := _MONTH.search(words):
        year, month = found["year"] or found["zh_year"], f"-{_month(found):02d}-"
        return lambda p: (made := _made(desk, p) or "")[4:8] == month and made.startswith(year or "")
    if (ago := days_ago(words)) is not None and len(there) > 1:
        return _nearest(there, ago)
    if found := _YEAR.search(words):
        year = found[0]
        return lambda p: (_made(desk, p) or "").startswith(year)
    return _ordered(there, words)


def _month(found: re.Match[str]) -> int:
    zh = found["zh"]
    if zh is None:
        return 1 + _MONTHS.index(found["name"].lower()[:3])
    return int(zh) if zh.isdigit() else 1 + _ZH_MONTHS.index(zh)


def _nearest(there: Sequence[PriorRecord], ago: int) -> Callable[[PriorRecord], bool]:
    gaps = [abs(p.days - ago) for p in there if p.days is not None]
    least = min(gaps, default=-1)
    if least > max(CLOSE_DAYS, CLOSE_SHARE * ago):
        return lambda p: False
    return lambda p: p.days is not None and abs(p.days - ago) == least


def _ordered(there: Sequence[PriorRecord], words: str) -> Callable[[PriorRecord], bool] | None:
    """Return the oldest or the latest, where every interval is known; of one prior alone nothing has to be known."""
    oldest, latest = _OLDEST.search(words), _LATEST.search(words)
    if bool(oldest) == bool(latest) or len(there) < 2:
        return None
    days = [p.days for p in there]
    known = [d for d in days if d is not None]
    if len(known) < len(days):
        return lambda p: False
    wanted = max(known) if oldest else min(known)
    return lambda p: p.days == wanted


def _made(desk: Desk, prior: PriorRecord) -> str | None:
    """Return when a prior was made, ISO 8601: by its header, else counted back from the open scan's."""
    cases = desk.workspace.cases
    own = cases.source(desk.case_id, str(prior.scan.scan_id)).study_date
    if own:
        return own
    now = cases.source(desk.case_id, desk.need_scan().id).study_date
    try:
        return (date.fromisoformat(now or "") - timedelta(days=prior.days)).isoformat() if prior.days else None
    except ValueError:
        return None
