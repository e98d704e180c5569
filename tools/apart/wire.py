"""What goes between the two processes: a length and JSON each way, and back also one file without a name.

The file holds the arrays' bytes one after the other; the JSON says their types and shapes. The parent believes
neither: both are compared with the file's real size before anything is mapped.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import math
import mmap
import os
import socket
import struct
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tools.scan.room import Memory, Stack

MOST_JSON = 64 * 2**20
"""Bytes of one message: the file list of a study is under 10 MB."""
DTYPES = ("<i2", "<f4", "<i8")
"""What a scan's voxels and a segment's indices are made of."""
_ALIGNED = 64
_LENGTH = struct.Struct("<Q")


class Garbled(Exception):
    """The other side said what it never says."""


def send(channel: socket.socket, said: dict[str, Any], file: int | None = None) -> None:
    """Send one message, and an open file with it."""
    body = json.dumps(said).encode()
    if file is None:
        channel.sendall(b"\0")
    else:
        socket.send_fds(channel, [b"\1"], [file])
    channel.sendall(_LENGTH.pack(len(body)) + body)


def receive(channel: socket.socket) -> tuple[dict[str, Any], int | None]:
    """Return the next message and the file that came with it.

    Raises:
        EOFError: the other side is gone.
        Garbled: this is no message.
    """
    mark, files, _, _ = socket.recv_fds(channel, 1, 1)
    file = files[0] if files else None
    try:
        if not mark:
            raise EOFError
        (length,) = _LENGTH.unpack(_exactly(channel, _LENGTH.size))
        if length > MOST_JSON:
            raise Garbled
        said = json.loads(_exactly(channel, length))
        if not isinstance(said, dict):
            raise Garbled
    except BaseException as error:
        if file is not None:
            os.close(file)
        if isinstance(error, ValueError | RecursionError):
            raise Garbled from None
        raise
    return said, file


def _exactly(channel: socket.socket, length: int) -> bytes:
    got = bytearray()
    while len(got) < length:
        part = channel.recv(min(length - len(got), 2**20))
        if not part:
            raise EOFError
        got += part
    return bytes(got)


class Shelf:
    """Keeps a volume where the parent can map it, so that it need not be written again; the last one begun only.

    Slices are written into a file without a name: that is faster than filling a map of it, page by page.
    """

    def __init__(self) -> None:
        self._file: int | None = None
        self._whole: npt.NDArray[Any] | None = None

    def stack(self, shape: tuple[int, int, int], dtype: npt.DTypeLike) -> Stack:
        """Return a place for slices. Raises MemoryError."""
        if not hasattr(os, "memfd_create") or 0 in shape:
            return Memory(shape, dtype)
        return _Shelved(self, shape, np.dtype(dtype))

    def keep(self, file: int, whole: npt.NDArray[Any]) -> None:
        """Remember a file and the array that it holds."""
        self.clear()
        self._file, self._whole = file, whole

    def take(self, array: npt.NDArray[Any]) -> int | None:
        """Return the open file that holds this array and nothing else, or None where it lies elsewhere."""
        file, whole = self._file, self._whole
        if file is None or whole is None or array.nbytes != whole.nbytes or not np.may_share_memory(array, whole):
            return None
        self._file = self._whole = None
        return file

    def clear(self) -> None:
        """Forget what was kept."""
        if self._file is not None:
            os.close(self._file)
        self._file = self._whole = None


class _Shelved:
    """Slices in a file without a name."""

    def __init__(self, shelf: Shelf, shape: tuple[int, int, int], dtype: np.dtype[Any]) -> None:
        self._shelf, self._shape, self._dtype = shelf, shape, dtype
        self._size = math.prod(shape[1:]) * dtype.itemsize
        self._file = _memory_file()
        weakref.finalize(self, os.close, self._file)
        with _no_memory():
            os.ftruncate(self._file, self._size * shape[0])

    def put(self, index: int, values: npt.NDArray[Any]) -> None:
        """Write a slice."""
        left, at = np.ascontiguousarray(values, self._dtype).data.cast("B"), index * self._size
        while left:
            with _no_memory():
                done = os.pwrite(self._file, left, at)
            left, at = left[done:], at + done

    def whole(self) -> npt.NDArray[Any]:
        """Return all slices, mapped."""
        with _no_memory():
            held = mmap.mmap(self._file, self._size * self._shape[0])
        found = np.frombuffer(held, self._dtype).reshape(self._shape)
        self._shelf.keep(os.dup(self._file), found)
        return found


@contextlib.contextmanager
def _no_memory() -> Iterator[None]:
    """Say MemoryError where the system has none left."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOMEM, errno.ENOSPC, errno.EFBIG):
            raise
        raise MemoryError from None


def _memory_file() -> int:
    return os.memfd_create("scan", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)


def _seal(file: int) -> None:
    fcntl.fcntl(file, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)


def put_arrays(
    arrays: Sequence[npt.NDArray[Any]], named: bool = False, shelf: Shelf | None = None
) -> tuple[int, list[dict[str, Any]]]:
    """Write arrays into a file without a name; return the open file and what the parent needs to find them.

    A single array that lies on the shelf is not written again.

    Nothing is left of it when both processes are gone. On Linux it lies in memory and is sealed, so that the parent's
    map of it cannot be cut short; elsewhere (`named` forces it) it is a temporary file that is unlinked at once.
    """
    if named or not hasattr(os, "memfd_create"):
        with tempfile.TemporaryFile() as made:
            file = os.dup(made.fileno())
    else:
        kept = shelf.take(arrays[0]) if shelf is not None and len(arrays) == 1 else None
        if kept is not None:
            _seal(kept)
            return kept, [_head(arrays[0], 0)]
        file = _memory_file()
    heads = []
    with os.fdopen(file, "wb", closefd=False) as out:
        for array in arrays:
            whole = array if array.flags.f_contiguous else np.ascontiguousarray(array)
            out.write(b"\0" * (-out.tell() % _ALIGNED))
            heads.append(_head(whole, out.tell()))
            if whole.size:
                out.flush()
                (whole.T if whole.flags.f_contiguous else whole).tofile(out)
                out.seek(0, os.SEEK_END)
    if not named and hasattr(os, "memfd_create"):
        _seal(file)
    return file, heads


def _head(array: npt.NDArray[Any], at: int) -> dict[str, Any]:
    order = "F" if array.flags.f_contiguous else "C"
    return {"at": at, "dtype": array.dtype.str, "shape": list(array.shape), "order": order}


def get_arrays(file: int | None, heads: Any) -> list[npt.NDArray[Any]]:
    """Return the arrays in a file, mapped and read-only, and close the file.

    Raises:
        Garbled: they are not what the file holds.
    """
    if file is None:
        raise Garbled
    try:
        size = os.fstat(file).st_size
        held = mmap.mmap(file, 0, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ) if size else b""
    finally:
        os.close(file)
    try:
        return [_array(held, size, head) for head in heads]
    except (TypeError, KeyError, ValueError, OverflowError):
        raise Garbled from None


def _array(held: Any, size: int, head: dict[str, Any]) -> npt.NDArray[Any]:
    kind, at, order = head["dtype"], int(head["at"]), head["order"]
    shape = tuple(int(n) for n in head["shape"])
    if kind not in DTYPES or order not in ("C", "F") or at < 0 or any(n < 0 for n in shape) or len(shape) > 3:
        raise Garbled
    count = math.prod(shape)
    if at + count * np.dtype(kind).itemsize > size:
        raise Garbled
    if not count:
        return np.empty(shape, kind)
    return np.frombuffer(held, dtype=kind, count=count, offset=at).reshape(shape, order=order)
