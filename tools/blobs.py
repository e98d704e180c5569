"""What lies beside the databases, by name: arrays, scans, versions of reports. A folder, or a bucket over fsspec.

The only way in is `put(name, data)` and the only way out `get(name)`; `Blobs` is the one place where a cipher can wrap
the bytes (`Cipher`: seal on the way in, unseal on the way out), whatever they are written to. A blob is written whole
or not at all. Where a part of a name is ``sha256-`` and a hash, what is read is checked against it.

Large arrays may be mapped instead of read: `file(name)` is a path with the very bytes where there is one (a folder
without a cipher; a bucket, through a copy kept by `tools.blobs_remote`), and None where there is none: use `get` then.

Knows no case, no scan and no database.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Protocol

from tools.errors import StateDown, ToolError

Data = bytes | bytearray | memoryview
_HASH = re.compile(r"sha256-([0-9a-f]{64})")
_PART = ".part"
"""The end of a file that is still being written."""


class BlobError(ToolError):
    """What is kept could not be read or written. The message says what to do."""


class MissingBlob(BlobError):
    """There is nothing of that name."""


class TakenBlob(BlobError):
    """There is something of that name already, and it was to be new."""


class DamagedBlob(BlobError):
    """What is there is not what its name says, or the cipher does not know it."""


class StoreDown(BlobError, StateDown):
    """The store cannot be reached, refuses us, or is full. What was kept before is still there."""


class Cipher(Protocol):
    """What wraps the bytes of a blob; its name is given so that one cannot be put in another's place."""

    def seal(self, name: str, data: bytes) -> bytes:
        """Return what is written."""

    def unseal(self, name: str, data: bytes) -> bytes:
        """Return what was sealed. Raises DamagedBlob when it is not what was sealed under that name."""


class Place(ABC):
    """Where the bytes go. `Blobs` has checked every name."""

    hashed: bool = False
    """Whether large blobs had better be named by their hash, because they are fetched and kept elsewhere."""
    copies: Path | None = None
    """The folder of this machine that holds copies of what was fetched, under the same names."""

    @abstractmethod
    def write(self, name: str, parts: Sequence[Data], *, new: bool, sync: bool) -> None:
        """Write the parts one behind the other, whole or not at all; see `Blobs.put`."""

    @abstractmethod
    def read(self, name: str) -> bytes:
        """Return the bytes. Raises MissingBlob."""

    @abstractmethod
    def exists(self, name: str) -> bool:
        """Return whether there is one."""

    @abstractmethod
    def delete(self, name: str) -> None:
        """Delete one, where there is one."""

    @abstractmethod
    def delete_under(self, prefix: str) -> None:
        """Delete everything below a name."""

    @abstractmethod
    def names(self, prefix: str) -> list[str]:
        """Return the names of all blobs below a name (all: the empty one), sorted."""

    @abstractmethod
    def file(self, name: str) -> Path | None:
        """Return a file with the bytes as they were written, or None. Raises MissingBlob."""


class Blobs:
    """Blobs by name: parts of letters, digits, ``.``, ``-`` and ``_`` with ``/`` between them."""

    def __init__(self, place: Place, cipher: Cipher | None = None, prefix: str = "") -> None:
        self.place = place
        self.cipher = cipher
        self._prefix = prefix

    @property
    def hashed(self) -> bool:
        """Whether large blobs had better carry their hash in their name."""
        return self.place.hashed

    def under(self, prefix: str) -> Blobs:
        """Return these blobs as they are seen from below a name."""
        return Blobs(self.place, self.cipher, self._name(prefix) + "/")

    def put(self, name: str, data: Data | Sequence[Data], *, new: bool = False, sync: bool = True) -> None:
        """Keep data under a name, whole or not at all; several pieces are joined.

        Args:
            name: under which it is found again.
            data: the bytes.
            new: refuse to replace what is there.
            sync: return only once it would outlive a power cut, where that is a folder's to say.

        Raises:
            TakenBlob: it was to be new, and there is one.
            StoreDown, OSError: it cannot be written.
        """
        full = self._name(name)
        parts = [data] if isinstance(data, Data) else list(data)
        if self.cipher is not None:
            parts = [self.cipher.seal(full, b"".join(parts))]
        self.place.write(full, parts, new=new, sync=sync)

    def get(self, name: str) -> bytes:
        """Return what is kept under a name.

        Raises:
            MissingBlob: nothing is.
            DamagedBlob: it is not what its name says.
            StoreDown, OSError: it cannot be read.
        """
        full = self._name(name)
        data = self.place.read(full)
        return checked(full, data if self.cipher is None else self.cipher.unseal(full, data))

    def file(self, name: str) -> Path | None:
        """Return a file to map the bytes from, or None: there is only `get`. Raises as `get` does."""
        return None if self.cipher is not None else self.place.file(self._name(name))

    def exists(self, name: str) -> bool:
        """Return whether something is kept under a name."""
        return self.place.exists(self._name(name))

    def delete(self, name: str) -> None:
        """Delete what is kept under a name, where something is."""
        self.place.delete(self._name(name))

    def delete_under(self, prefix: str) -> None:
        """Delete everything below a name."""
        self.place.delete_under(self._name(prefix))

    def names(self, prefix: str = "") -> list[str]:
        """Return the names of all blobs below a name, sorted."""
        full = self._name(prefix) if prefix else self._prefix.rstrip("/")
        return [name.removeprefix(self._prefix) for name in self.place.names(full)]

    def _name(self, name: str) -> str:
        parts = PurePosixPath(name).parts
        if not parts or name.startswith("/") or "\\" in name or "\0" in name or any(p in ("..", ".") for p in parts):
            raise BlobError(f"{name!r} is no name of something kept. Names are parts with '/' between them, no '..'.")
        return self._prefix + "/".join(parts)


class Folder(Place):
    """A folder of this machine, or one that several machines mount."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, name: str, parts: Sequence[Data], *, new: bool, sync: bool) -> None:
        """Write a file beside its place and put it there."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=path.parent, suffix=_PART)
        try:
            with os.fdopen(handle, "wb") as file:
                for part in parts:
                    file.write(part)
                if sync:
                    file.flush()
                    os.fsync(file.fileno())
            if new:
                os.link(draft, path)
            else:
                os.replace(draft, path)
        except FileExistsError as error:
            raise TakenBlob(f"{name} is there already.") from error
        finally:
            Path(draft).unlink(missing_ok=True)

    def read(self, name: str) -> bytes:
        """Return a file's bytes."""
        try:
            return (self.root / name).read_bytes()
        except FileNotFoundError as error:
            raise MissingBlob(f"{name} is not there.") from error

    def exists(self, name: str) -> bool:
        """Return whether there is a file."""
        return (self.root / name).is_file()

    def delete(self, name: str) -> None:
        """Delete a file."""
        (self.root / name).unlink(missing_ok=True)

    def delete_under(self, prefix: str) -> None:
        """Delete a folder."""
        shutil.rmtree(self.root / prefix, ignore_errors=True)

    def names(self, prefix: str) -> list[str]:
        """Return the files below a folder; what is half written is none."""
        top = self.root / prefix
        found = (p for p in top.rglob("*") if p.is_file() and p.suffix != _PART)
        return sorted(p.relative_to(self.root).as_posix() for p in found)

    def file(self, name: str) -> Path | None:
        """Return the file itself."""
        if not self.exists(name):
            raise MissingBlob(f"{name} is not there.")
        return self.root / name


def checked(name: str, data: bytes) -> bytes:
    """Return the data. Raises DamagedBlob when the name carries another hash than theirs."""
    due = _HASH.search(name)
    if due is not None and hashlib.sha256(data).hexdigest() != due[1]:
        raise DamagedBlob(f"{name} is not what was kept under that name. Put a backup of it back.")
    return data


def folder_blobs(root: Path, cipher: Cipher | None = None) -> Blobs:
    """Return the blobs of a folder of this machine."""
    return Blobs(Folder(root), cipher)
