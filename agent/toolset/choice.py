"""Which criteria a lesion of this case is held to where none are named: by the setting that the reader stated.

The one choice that the agent's `assess` and the report share. Knows no threshold and applies nothing.
"""

from __future__ import annotations

import re

from agent.record import Record

FLEISCHNER, LUNG_RADS, BTS, RECIST = "fleischner-2017", "lung-rads-2022", "bts-2015", "recist-1.1"
DEFAULT = FLEISCHNER
"""Asked for first while no setting is stated: it asks for the setting."""
_BY_SETTING: dict[str, tuple[str, ...]] = {
    "incidental": (FLEISCHNER, BTS),
    "follow-up": (FLEISCHNER, BTS),
    "screening": (LUNG_RADS,),
    "oncology": (FLEISCHNER, RECIST),
}
"""Fleischner and BTS are both for nodules found by chance; Lung-RADS is for screening and nothing else is; in oncology
Fleischner says why it does not apply, and RECIST goes by the targets that the reader chooses."""


def by_setting(record: Record) -> tuple[str, ...]:
    """Return the names of the criteria for the stated setting, the leading one first."""
    chosen = _BY_SETTING.get(str(record.stated("setting")), (DEFAULT,))
    return tuple(reversed(chosen)) if RECIST in chosen and targets(record) else chosen


def targets(record: Record) -> list[int]:
    """Return the numbers of the lesions that the reader chose as targets; none where none were chosen."""
    return list(dict.fromkeys(int(n) for n in re.findall(r"\d+", str(record.stated("targets") or ""))))
