"""Messages and parcels over a socket between the app and the bridge: JSON, then each array's bytes as they lie."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Any

import numpy as np

from tools.apart import wire
from tools.engines.parcel import AnyArray, Parcel

_HEAD, _ARRAYS = "parcel", "arrays"


class Channel:
    """One end. Several threads may send; one receives."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._lock = threading.Lock()

    def send(self, said: dict[str, Any], parcel: Parcel | None = None) -> None:
        """Send a message, and a parcel with it. Raises OSError when the other side is gone."""
        arrays = parcel.arrays if parcel is not None else ()
        heads = [[a.dtype.str, list(a.shape), "C" if a.flags.c_contiguous else "F"] for a in arrays]
        more = {} if parcel is None else {_HEAD: parcel.head, _ARRAYS: heads}
        with self._lock:
            wire.send(self._end, {**said, **more})
            for array in arrays:
                if array.size:
                    self._end.sendall(_bytes(array))

    def receive(self) -> tuple[dict[str, Any], Parcel | None]:
        """Return the next message and its parcel.

        Raises:
            EOFError, OSError: the other side is gone.
            Garbled: it is no message of ours.
        """
        said, _ = wire.receive(self._end)
        if _HEAD not in said:
            return said, None
        head = said.pop(_HEAD)
        return said, Parcel(head, tuple(self._array(*h) for h in said.pop(_ARRAYS)))

    def _array(self, kind: str, shape: list[int], order: Any) -> AnyArray:
        array = np.empty(shape, np.dtype(kind), order=order)
        left = _bytes(array) if array.size else memoryview(b"")
        while left:
            count = self._end.recv_into(left)
            if not count:
                raise EOFError
            left = left[count:]
        return array

    def close(self) -> None:
        """End it; the other side sees the end."""
        with contextlib.suppress(OSError):  # the other side may have been first
            self._end.shutdown(socket.SHUT_RDWR)
        self._end.close()


def _bytes(array: AnyArray) -> memoryview:
    flat = array if array.flags.c_contiguous else array.T
    return flat.data.cast("B")
