"""Keys of 32 random bytes in a file of its own: made once, read by its owner alone, never shown.

The file holds one in base64 a line: the first is the one in use, those below it still open what they closed. What a
key is for, its user knows.

    KeyFileError   there is none, it is no key, or others may read it. The message says what to do
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
import stat
from collections.abc import Sequence
from pathlib import Path

SIZE = 32
"""Bytes: what AES-256 takes, and as much as a SHA-256 can tell apart."""
_LONGEST_FILE = 4096
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class KeyFileError(ValueError):
    """A key file cannot be used. The message names no path's folder and never the key."""


def make_key(path: Path) -> None:
    """Write a new key into a file that only its owner may read. Raises KeyFileError when it is there already."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(_line(secrets.token_bytes(SIZE)))
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError as error:
        told = f"{path.name} is there already and was left as it is: what a key opens is lost with it. Name a new file."
        raise KeyFileError(told) from error
    except OSError as error:
        raise KeyFileError(f"The key file {path.name} cannot be written ({error.strerror}). Name another.") from error


def read_key(path: Path) -> bytes:
    """Return the key in use in a file. Raises KeyFileError."""
    return read_keys(path)[0]


def read_keys(path: Path) -> tuple[bytes, ...]:
    """Return the keys in a file, the one in use first. Raises KeyFileError."""
    try:
        mode = path.stat().st_mode
        data = path.read_bytes()[: _LONGEST_FILE + 1]
    except OSError as error:
        told = f"The key file {path.name} cannot be read ({error.strerror}). Put it back, or name the right one."
        raise KeyFileError(told) from error
    if os.name == "posix" and mode & _OTHERS:
        raise KeyFileError(f"Others than its owner may use the key file {path.name}. Say: chmod 600 {path.name}")
    keys = tuple(_decoded(line) for line in data.split() if line)
    if not keys or any(len(key) != SIZE for key in keys):
        raise KeyFileError(
            f"{path.name} holds no key: {SIZE} random bytes in base64 a line. Make one: scanwright key new FILE"
        )
    return keys


def write_keys(path: Path, keys: Sequence[bytes]) -> None:
    """Write keys into a file that is there already, whole or not at all. Raises KeyFileError."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(b"".join(_line(key) for key in keys))
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        told = f"The key file {path.name} cannot be written ({error.strerror}); it is as it was."
        raise KeyFileError(told) from error


def _line(key: bytes) -> bytes:
    return base64.b64encode(key) + b"\n"


def _decoded(line: bytes) -> bytes:
    try:
        return base64.b64decode(line, validate=True)
    except (binascii.Error, ValueError):
        return b""


def own_key(path: Path) -> bytes:
    """Return the key in a file, made at first use: for what only this data folder must tell alike."""
    if not path.exists():
        try:
            make_key(path)
        except KeyFileError:
            if not path.exists():  # else another process was first
                raise
    return read_key(path)
