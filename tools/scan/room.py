"""Where a volume that is read slice by slice is kept: in this process's memory, or where a caller wants it.

The process that decodes files for the app puts slices where its parent can map them, so that nothing is copied on the
way. Knows no format.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt


class Stack(Protocol):
    """Slices of one shape and type that are put in any order."""

    def put(self, index: int, values: npt.NDArray[Any]) -> None:
        """Keep a slice."""

    def whole(self) -> npt.NDArray[Any]:
        """Return all slices, (slice, row, column)."""


Maker = Callable[[tuple[int, int, int], Any], Stack]
"""Number of slices, rows and columns, and the type of a value."""


class Memory:
    """Slices in this process's memory. Raises MemoryError where there is none."""

    def __init__(self, shape: tuple[int, int, int], dtype: npt.DTypeLike) -> None:
        self._values: npt.NDArray[Any] = np.empty(shape, dtype)

    def put(self, index: int, values: npt.NDArray[Any]) -> None:
        """Keep a slice."""
        self._values[index] = values

    def whole(self) -> npt.NDArray[Any]:
        """Return all slices."""
        return self._values


_maker: ContextVar[Maker] = ContextVar("maker", default=Memory)


def stack(shape: tuple[int, int, int], dtype: npt.DTypeLike) -> Stack:
    """Return a place for slices."""
    return _maker.get()(shape, dtype)


@contextlib.contextmanager
def provided(maker: Maker) -> Iterator[None]:
    """Keep volumes elsewhere, for the length of a block."""
    token = _maker.set(maker)
    try:
        yield
    finally:
        _maker.reset(token)
