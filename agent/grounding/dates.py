"""Dates in the ways they are written, English and Chinese, as ISO: one date is one date in whatever form.

A month with its year is a date too (``2023-05``). Knows no evidence.
"""

from __future__ import annotations

import re

_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_MONTH = r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
_YEAR, _DAY = r"(?P<year>(?:19|20)\d\d)", r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_NOT_BEFORE, _NOT_AFTER = r"(?<![\d.])", r"(?!\d|\.\d)"
_ISO = re.compile(r"(?<!\d)(?P<iso>\d{4}-\d{2}-\d{2})(?:T[\d:.+Z-]+)?")
_WRITTEN = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_NOT_BEFORE}{_DAY}(?:\s+of)?\s+{_MONTH},?\s+{_YEAR}{_NOT_AFTER}",
        rf"\b{_MONTH}\s+{_DAY},?\s+{_YEAR}{_NOT_AFTER}",
        rf"\b{_MONTH},?\s+(?:of )?{_YEAR}{_NOT_AFTER}",
        rf"{_NOT_BEFORE}{_YEAR}\s*年\s*(?P<m>\d{{1,2}})\s*月(?:\s*(?P<day>\d{{1,2}})\s*[日号])?",
        rf"{_NOT_BEFORE}{_YEAR}[./](?P<m>\d{{1,2}})[./](?P<day>\d{{1,2}}){_NOT_AFTER}",
        rf"{_NOT_BEFORE}(?P<day>\d{{1,2}})[./-](?P<m>\d{{1,2}})[./-]{_YEAR}{_NOT_AFTER}",
        rf"{_NOT_BEFORE}(?P<year>20\d\d)(?P<m>0[1-9]|1[0-2])(?P<day>0[1-9]|[12]\d|3[01]){_NOT_AFTER}(?!\s*(?:mm|HU))",
    )
)


def dates_of(text: str) -> tuple[tuple[str, ...], str]:
    """Return the dates of a text in ISO, and the text with them blanked, position by position.

    >>> dates_of("seen on 14 May 2023 and in 2022年11月")[0]
    ('2023-05-14', '2022-11')
    """
    found: list[tuple[int, str]] = []

    def take(match: re.Match[str]) -> str:
        held = match.groupdict()
        iso = held.get("iso") or _iso(held)
        if iso is None:
            return match[0]
        found.append((match.start(), iso))
        return " " * len(match[0])

    plain = _ISO.sub(take, text)
    for pattern in _WRITTEN:
        plain = pattern.sub(take, plain)
    return tuple(iso for _, iso in sorted(found)), plain


def _iso(held: dict[str, str | None]) -> str | None:
    """Return year, month and day in ISO; None where no calendar has them."""
    named = held.get("month")
    month = _MONTHS.index(named[:3].lower()) + 1 if named else int(held.get("m") or 0)
    day = held.get("day")
    if not 1 <= month <= 12 or (day is not None and not 1 <= int(day) <= 31):
        return None
    return f"{held['year']}-{month:02d}" + (f"-{int(day):02d}" if day else "")
