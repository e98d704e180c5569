"""How much one reader may ask of the app, and for how long they stay logged in: defaults, and how they are read.

    SCANWRIGHT_IDLE_MINUTES           without a request, until a log-in ends (60)
    SCANWRIGHT_SESSION_HOURS          until a log-in ends in any case (12)
    SCANWRIGHT_SESSIONS_A_READER      log-ins of one reader at the same time; one more ends the longest unused (5)
    SCANWRIGHT_MESSAGES_A_MINUTE      messages of one reader (30)
    SCANWRIGHT_ACTS_A_MINUTE          requests of one reader to the app's queue: clicks, strokes, messages (300)
    SCANWRIGHT_UPLOAD_FILE_GB         one uploaded file (4)
    SCANWRIGHT_UPLOAD_GB_AN_HOUR      uploads of one reader (20)
    SCANWRIGHT_UPLOAD_FILES_AN_HOUR   files of one reader: two big studies a minute (200000)

Knows no environment: `agent.settings` hands it over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from agent.secret import BadSetting


@dataclass(frozen=True)
class Limits:
    """What holds for each reader."""

    idle_minutes: float = 60.0
    session_hours: float = 12.0
    sessions_a_reader: int = 5
    messages_a_minute: int = 30
    acts_a_minute: int = 300
    upload_file_gb: float = 4.0
    upload_gb_an_hour: float = 20.0
    upload_files_an_hour: int = 200_000

    @classmethod
    def of(cls, env: Mapping[str, str]) -> Limits:
        """Return the limits that an environment names, the defaults elsewhere. Raises BadSetting."""
        given: dict[str, Any] = {}
        for one in fields(cls):
            name = f"SCANWRIGHT_{one.name.upper()}"
            text = (env.get(name) or "").strip()
            if text:
                given[one.name] = _number(name, text, whole=isinstance(one.default, int))
        return cls(**given)


def _number(name: str, text: str, *, whole: bool) -> float | int:
    try:
        value: float | int = int(text) if whole else float(text)
    except ValueError:
        value = 0
    if not 0 < value < 1e9:
        kind = "whole number" if whole else "number"
        raise BadSetting(f"{name} is {text!r}; it takes a {kind} above 0, or leave it out for the default.")
    return value
