"""Replaces a case's known identifiers in text that leaves the machine.

What is known comes from the scan's `Source`: names, numbers, dates, addresses, file names. What a reader types that
no header holds cannot be known; the app says so where an endpoint is configured.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tools.scan import Source

WITHHELD = "[withheld]"
SHORTEST = 3
"""Parts of a name shorter than this would take common words with them."""

_DATE = re.compile(r"^(\d{4})(\d{2})(\d{2})$")
_COMMON = frozenset("chest thorax lung image scan series study none anonymous unknown the and for ct mr dicom".split())


class Redactor:
    """Knows what must not leave and takes it out of text."""

    def __init__(self, sources: Iterable[Source]) -> None:
        words: set[str] = set()
        for source in sources:
            for value in source.identity.values():
                words |= _forms(value)
            for file in source.files:
                words |= _forms(file.name.split(".")[0]) | {str(file), file.name}
            if source.study_date:
                words |= _forms(source.study_date.replace("-", ""))
        kept = sorted((w for w in words if len(w) >= SHORTEST and w.lower() not in _COMMON), key=len, reverse=True)
        self._pattern = (
            re.compile("|".join(rf"(?<!\w){re.escape(w)}(?!\w)" for w in kept), re.IGNORECASE) if kept else None
        )

    def clean(self, text: str) -> str:
        """Return the text with every known identifier replaced."""
        return text if self._pattern is None else self._pattern.sub(WITHHELD, text)


def _forms(value: str) -> set[str]:
    """Return a header value's spellings: whole, in parts, and dates as people write them."""
    value = str(value).strip()
    date = _DATE.match(value)
    if date:
        year, month, day = date.groups()
        return {
            value, f"{year}-{month}-{day}", f"{year}/{month}/{day}", f"{day}.{month}.{year}", f"{day}/{month}/{year}",
            f"{month}/{day}/{year}", f"{int(day)}.{int(month)}.{year}", f"{int(month)}/{int(day)}/{year}",
            f"{year}年{int(month)}月{int(day)}日",
        }  # fmt: skip
    parts = [p for p in re.split(r"[\^,=\s]+", value) if p]
    return {value, *parts, " ".join(parts), " ".join(reversed(parts))}
