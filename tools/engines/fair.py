"""A queue that is fair between cases: one item of each in turn, so that forty of one case do not starve another.

Knows nothing of tools: an item belongs to an owner, and may have lost interest in its turn while it waited.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")


class FairQueue(Generic[Item]):
    """Items by owner. Owners take turns; a newcomer comes before the owner who has just had one."""

    def __init__(self, waits: Callable[[Item], bool] = lambda item: True) -> None:
        self._lines: OrderedDict[str, deque[Item]] = OrderedDict()
        """Owners in the order of their turns, each with its items, oldest first."""
        self._served: str | None = None
        self._lock = threading.Lock()
        self._waits = waits
        """Whether an item still wants its turn; one that does not is dropped."""

    def put(self, owner: str, item: Item) -> int:
        """Add an item; return how many others go before it, as things stand now."""
        with self._lock:
            self._drop()
            line = self._lines.get(owner)
            if line is None:
                line = self._lines[owner] = deque()
                if self._served is not None and list(self._lines)[-2:-1] == [self._served]:
                    self._lines.move_to_end(self._served)
            ahead = self._before(owner)
            line.append(item)
            return ahead

    def _before(self, owner: str) -> int:
        """Return how many items go before one that is added to an owner's line: one of each other owner a round."""
        mine, earlier, count = len(self._lines[owner]), True, 0
        for name, line in self._lines.items():
            if name == owner:
                earlier = False
                count += mine
            else:
                count += min(len(line), mine + earlier)
        return count

    def take(self) -> Item | None:
        """Return the next item that still waits, or None when there is none; its owner goes to the round's end."""
        with self._lock:
            self._drop()
            if not self._lines:
                return None
            return self._pop(next(iter(self._lines)))

    def take_alike(self, alike: Callable[[Item], bool], count: int) -> list[Item]:
        """Return up to so many further items of a kind, in the order of turns; only first ones of each line."""
        found: list[Item] = []
        with self._lock:
            self._drop()
            while len(found) < count:
                owner = next((name for name, line in self._lines.items() if alike(line[0])), None)
                if owner is None:
                    break
                found.append(self._pop(owner))
            return found

    def drain(self) -> list[Item]:
        """Take everything that is left."""
        with self._lock:
            left = [item for line in self._lines.values() for item in line]
            self._lines.clear()
            return left

    def _pop(self, owner: str) -> Item:
        line = self._lines[owner]
        item = line.popleft()
        self._lines.move_to_end(owner)
        if not line:
            del self._lines[owner]
        self._served = owner
        return item

    def _drop(self) -> None:
        for owner, line in list(self._lines.items()):
            kept = deque(item for item in line if self._waits(item))
            if kept:
                self._lines[owner] = kept
            else:
                del self._lines[owner]
