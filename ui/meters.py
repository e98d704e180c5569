"""How much a reader did within a while, and the refusal of more: what was taken, what is allowed, until when.

Kept in memory, a bounded number of readers. Knows no route and no act.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from agent.events import AgentError
from agent.limits import Limits

MOST_KNOWN = 10_000
"""Readers whose sums are kept; whoever was quiet longest is forgotten first."""
_STEPS = 60
"""Parts of the while within which amounts are added up: few sums, however many chunks an upload has."""
_WORDS = {60.0: "a minute", 3600.0: "an hour"}


class TooMuch(AgentError):
    """A reader did more within a while than is allowed. `wait_s`: seconds until it is allowed again."""

    def __init__(self, text: str, wait_s: float) -> None:
        super().__init__(text)
        self.wait_s = wait_s


def until(wait_s: float) -> str:
    """Return when a wait ends, for a reader: the time of day, UTC, and how long it is."""
    at = datetime.now(UTC) + timedelta(seconds=wait_s)
    left = f"{wait_s / 60:.0f} min" if wait_s > 90 else f"{max(1, round(wait_s))} s"
    return f"{at:%H:%M:%S} UTC, in {left}"


class Meter:
    """Sums up what each reader takes within a sliding while."""

    def __init__(
        self, what: str, most: float, seconds: float, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Take what is counted ("messages"), how much is allowed, within how many seconds."""
        self.what, self.most, self.seconds = what, most, seconds
        self._clock = clock
        self._taken: OrderedDict[str, deque[tuple[float, float]]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, who: str, amount: float = 1.0) -> None:
        """Count an amount for a reader. Raises TooMuch, and counts nothing, when it is more than is allowed."""
        now = self._clock()
        with self._lock:
            taken = self._taken.setdefault(who, deque())
            self._taken.move_to_end(who)
            while taken and taken[0][0] <= now - self.seconds:
                taken.popleft()
            if sum(a for _, a in taken) + amount > self.most:
                raise self._refusal(taken, now, amount)
            if taken and now - taken[-1][0] < self.seconds / _STEPS:
                at, held = taken.pop()
                taken.append((at, held + amount))
            else:
                taken.append((now, amount))
            while len(self._taken) > MOST_KNOWN:
                self._taken.popitem(last=False)

    def _refusal(self, taken: deque[tuple[float, float]], now: float, amount: float) -> TooMuch:
        wait, held = self.seconds, sum(a for _, a in taken)
        for at, one in taken:
            held -= one
            if held + amount <= self.most:
                wait = at + self.seconds - now
                break
        while_ = _WORDS.get(self.seconds, f"in {self.seconds:.0f} s")
        return TooMuch(
            f"Up to {self.most:g} {self.what} {while_} are taken of one reader; this would be more. Nothing was done. "
            f"The next is taken from {until(wait)}.",
            wait,
        )


class Meters:
    """What is counted of each reader of one app."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.messages = Meter("messages", limits.messages_a_minute, 60.0)
        self.acts = Meter("acts", limits.acts_a_minute, 60.0)
        self.upload_gb = Meter("GB of uploads", limits.upload_gb_an_hour, 3600.0)
        self.upload_files = Meter("uploaded files", limits.upload_files_an_hour, 3600.0)
