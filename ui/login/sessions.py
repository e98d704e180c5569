"""Who is logged in: one random token a log-in, kept as a hash, ended by time or by logging out.

A log-in ends when no request came for a while, when it is too old, when its reader logs out, and when the same reader
logs in once more than is allowed (the longest unused one goes). Kept in memory: a restart logs everybody out. Knows no
password and no request.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from agent.limits import Limits

_BYTES = 32


@dataclass
class Held:
    """One log-in: whose, since when, when last used (seconds of the clock), and what the password then was known by."""

    name: str
    since: float
    used: float
    mark: str = ""


class Sessions:
    """The log-ins of one process."""

    def __init__(self, limits: Limits | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        limits = limits or Limits()
        self.idle_s, self.most_s = limits.idle_minutes * 60, limits.session_hours * 3600
        self._a_reader = limits.sessions_a_reader
        self._clock = clock
        self._held: dict[str, Held] = {}
        self._lock = threading.Lock()

    def start(self, name: str, mark: str = "") -> str:
        """Log a reader in and return the token that their browser keeps; `mark`: what the password is known by."""
        token, now = secrets.token_urlsafe(_BYTES), self._clock()
        with self._lock:
            self._tidy(now)
            theirs = sorted((h.used, key) for key, h in self._held.items() if h.name == name)
            for _, key in theirs[: max(0, len(theirs) - self._a_reader + 1)]:
                del self._held[key]
            self._held[_key(token)] = Held(name, now, now, mark)
        return token

    def name(self, token: str | None, *, use: bool = True) -> str | None:
        """Return who a token logs in, or None when that ended; `use`: it counts as a sign of life."""
        if not token:
            return None
        now = self._clock()
        with self._lock:
            held = self._held.get(_key(token))
            if held is None or self._over(held, now):
                self._held.pop(_key(token), None)
                return None
            if use:
                held.used = now
            return held.name

    def mark(self, token: str | None) -> str:
        """Return what the password of a log-in was known by when it began; empty where that was not said."""
        with self._lock:
            held = self._held.get(_key(token or ""))
            return held.mark if held is not None else ""

    def end(self, token: str | None) -> None:
        """Log out."""
        with self._lock:
            self._held.pop(_key(token or ""), None)

    def end_all(self, name: str) -> None:
        """End every log-in of a reader: who was taken out, or has another password now."""
        with self._lock:
            for key in [key for key, held in self._held.items() if held.name == name]:
                del self._held[key]

    def count(self, name: str) -> int:
        """Return how many log-ins a reader has."""
        with self._lock:
            self._tidy(self._clock())
            return sum(held.name == name for held in self._held.values())

    def _over(self, held: Held, now: float) -> bool:
        return now - held.used > self.idle_s or now - held.since > self.most_s

    def _tidy(self, now: float) -> None:
        for key in [key for key, held in self._held.items() if self._over(held, now)]:
            del self._held[key]


def _key(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
