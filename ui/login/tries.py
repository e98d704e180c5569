"""Log-ins that failed: each one after the first few makes the next wait twice as long, up to a quarter of an hour.

Counted for the name together with the address it came from, for the name from anywhere, and for the address whatever
the name; whether the name exists makes no difference, so none can be found out by trying. Knows no password.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator

FREE_HERE, FREE_NAME, FREE_ADDRESS = 4, 30, 60
"""Failures without a wait: of a name from one address; of a name from all addresses (who guesses from many must not
lock its reader out at once); of all names from one address (which may be a whole department's proxy)."""
LONGEST_S = 900.0
FORGOTTEN_S = 3600.0
"""Without a failure for this long, counting begins anew."""
MOST_KNOWN = 10_000


class Tries:
    """Failed log-ins of one process."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failed: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, name: str, address: str) -> float:
        """Begin a try: return 0 and count it as failed until `succeeded`, or the seconds until one is looked at.

        It is counted before the password is looked at, so that a hundred tries at once are not one.
        """
        now = self._clock()
        with self._lock:
            wait = max(0.0, *(self._until(key, free) - now for key, free in _keys(name, address)))
            if wait > 0:
                return wait
            for key, _ in _keys(name, address):
                count, last = self._failed.get(key, (0, now))
                self._failed[key] = ((count if now - last < FORGOTTEN_S else 0) + 1, now)
                self._failed.move_to_end(key)
            while len(self._failed) > MOST_KNOWN:
                self._failed.popitem(last=False)
        return 0.0

    def succeeded(self, name: str, address: str) -> None:
        """Forget the failures of a name; those of the address stay, but for the try that this was."""
        with self._lock:
            for key, free in _keys(name, address):
                count, last = self._failed.pop(key, (0, 0.0))
                if free == FREE_ADDRESS and count > 1:
                    self._failed[key] = (count - 1, last)

    def _until(self, key: tuple[str, str], free: int) -> float:
        count, last = self._failed.get(key, (0, 0.0))
        over = count - free
        return last + min(LONGEST_S, 2.0 ** min(over, 20)) if over >= 0 and count else 0.0


def _keys(name: str, address: str) -> Iterator[tuple[tuple[str, str], int]]:
    yield (name, address), FREE_HERE
    yield (name, ""), FREE_NAME
    yield ("", address), FREE_ADDRESS
