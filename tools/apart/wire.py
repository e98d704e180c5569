"""What goes between the two processes: a length and JSON each way, and back also one file without a name.

The file holds the arrays' bytes one after the other; the JSON says their types and shapes. The parent believes
neither: both are compared with the file's real size before anything is mapped.
"""

from __future__ import annotations

import fcntl
import json
import math
import mmap
import os
import socket
import struct
import tempfile
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

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


def put_arrays(arrays: Sequence[npt.NDArray[Any]], named: bool = False) -> tuple[int, list[dict[str, Any]]]:
    """Write arrays into a file without a name; return the open file and what the parent needs to find them.

    Nothing is left of it when both processes are gone. On Linux it lies in memory and is sealed, so that the parent's
    map of it cannot be cut short; elsewhere (`named` forces it) it is a temporary file that is unlinked at once.
    """
    if named or not hasattr(os, "memfd_create"):
        with tempfile.TemporaryFile() as made:
            file = os.dup(made.fileno())
    else:
        file = os.memfd_create("scan", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    heads = []
    with os.fdopen(file, "wb", closefd=False) as out:
        for array in arrays:
            whole = np.ascontiguousarray(array)
            out.write(b"\0" * (-out.tell() % _ALIGNED))
            heads.append({"at": out.tell(), "dtype": whole.dtype.str, "shape": list(whole.shape)})
            if whole.size:
                out.flush()
                whole.tofile(out)
                out.seek(0, os.SEEK_END)
    if not named and hasattr(os, "memfd_create"):
        fcntl.fcntl(file, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
    return file, heads


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
    kind, at = head["dtype"], int(head["at"])
    shape = tuple(int(n) for n in head["shape"])
    if kind not in DTYPES or at < 0 or any(n < 0 for n in shape) or len(shape) > 3:
        raise Garbled
    count = math.prod(shape)
    if at + count * np.dtype(kind).itemsize > size:
        raise Garbled
    return np.frombuffer(held, dtype=kind, count=count, offset=at).reshape(shape) if count else np.empty(shape, kind)
