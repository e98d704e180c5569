"""The store that was named for the blobs: a bucket, any other URL that fsspec knows, or a folder that is mounted.

An object store writes an object whole or not at all; elsewhere a blob is written beside its place and moved there.
What is mapped is fetched once into a cache folder of this machine, by the hash in its name, and dropped from it, oldest
first, above `CACHE_BYTES`. The cache holds nothing that is not in the store. Credentials are not ours: the library
reads them from where it always does (for S3 the environment's AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and
AWS_ENDPOINT_URL, or the machine's role).

Knows no case, no scan and no cipher.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tools.blobs import BlobError, Blobs, Data, MissingBlob, Place, StoreDown, TakenBlob, checked, folder_blobs

CACHE_BYTES = 20 * 2**30
"""What the cache may hold: about a hundred chest scans."""
_CONNECT_S, _READ_S, _TRIES = 5, 20, 2
"""Tries of S3's library, and as many rounds of them by the one above it: a store that is away is told of in some ten
seconds, one that takes connections and then says nothing in a minute and a half."""
_PUT_S, _PUT_RATE = 60.0, 2**20
"""How long a write may take: a minute, and a second a megabyte. By itself it waits for a silent server without end."""
_EXCLUSIVE = ("s3", "s3a")
"""Where the server itself refuses to write what is there already."""
_WHOLE = (*_EXCLUSIVE, "gs", "gcs", "abfs", "abfss", "az", "memory")
"""Where an object appears only once it is whole."""


def open_store(where: str, home: Path) -> Blobs:
    """Return the blobs of a store, without a cipher.

    Args:
        where: a folder or any URL that fsspec knows (``s3://bucket/prefix``).
        home: the data folder; what is fetched from elsewhere is kept in its ``cache``.

    Raises:
        BlobError: the address is none, or the part that reaches it is not installed.
    """
    path = where.removeprefix("file://")
    if "://" not in path:
        return folder_blobs(Path(path).expanduser().resolve())
    return Blobs(Remote(where, home / "cache"))


class Remote(Place):
    """A place that fsspec reaches."""

    hashed = True

    def __init__(self, url: str, cache: Path) -> None:
        self.copies: Path = cache
        self.shown = _shown(url)
        self._scheme = urlsplit(url).scheme
        self._fs, root = _file_system(url, self._scheme, self.shown)
        self._root = root.rstrip("/")

    def write(self, name: str, parts: Sequence[Data], *, new: bool, sync: bool) -> None:
        """Write an object; the server says when it is safe."""
        path, data = self._path(name), bytes(parts[0]) if len(parts) == 1 else b"".join(parts)
        with self._reaching(name):
            exclusive = new and self._scheme in _EXCLUSIVE
            if new and not exclusive and self._fs.exists(path):
                raise TakenBlob(f"{name} is there already.")
            if self._scheme in _WHOLE:
                more: dict[str, Any] = {"mode": "create"} if exclusive else {}
                if self._scheme in _EXCLUSIVE:
                    more["timeout"] = _PUT_S + len(data) / _PUT_RATE
                self._fs.pipe_file(path, data, **more)
                return
            draft = f"{path}.{os.urandom(6).hex()}.part"
            self._fs.makedirs(path.rpartition("/")[0], exist_ok=True)
            self._fs.pipe_file(draft, data)
            self._fs.mv(draft, path)

    def read(self, name: str) -> bytes:
        """Return an object's bytes."""
        with self._reaching(name):
            return bytes(self._fs.cat_file(self._path(name)))

    def exists(self, name: str) -> bool:
        """Return whether there is an object. The library's own answer is no where the store is away."""
        with self._reaching(name):
            self._fs.invalidate_cache()
            try:
                return bool(self._fs.info(self._path(name))["type"] == "file")
            except FileNotFoundError as error:
                if _no_bucket(error):
                    raise
                return False

    def delete(self, name: str) -> None:
        """Delete an object and the copy of it here."""
        self._cached(name).unlink(missing_ok=True)
        with self._reaching(name), contextlib.suppress(FileNotFoundError):
            self._fs.rm_file(self._path(name))

    def delete_under(self, prefix: str) -> None:
        """Delete the objects below a name, and the copies of them here."""
        for name in self.names(prefix):
            self.delete(name)

    def names(self, prefix: str) -> list[str]:
        """Return the objects below a name."""
        top = self._path(prefix) if prefix else self._root
        with self._reaching(prefix), contextlib.suppress(FileNotFoundError):
            self._fs.invalidate_cache()
            found = (str(p).lstrip("/") for p in self._fs.find(top) if not str(p).endswith(".part"))
            return sorted(p.removeprefix(self._root.lstrip("/") + "/") for p in found)
        return []

    def file(self, name: str) -> Path | None:
        """Return this machine's copy of an object, fetched and checked at first use; the names say what it is."""
        kept = self._cached(name)
        if kept.is_file():
            with contextlib.suppress(OSError):
                os.utime(kept)  # the oldest by use goes first
            return kept
        data = checked(name, self.read(name))
        kept.parent.mkdir(parents=True, exist_ok=True)
        self._make_room(len(data))
        handle, draft = tempfile.mkstemp(dir=kept.parent, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.replace(draft, kept)
        finally:
            Path(draft).unlink(missing_ok=True)
        return kept

    def _make_room(self, needed: int) -> None:
        found = []
        for path in self.copies.rglob("*"):
            with contextlib.suppress(OSError):  # another process was quicker
                if path.is_file():
                    found.append((path.stat().st_mtime, path.stat().st_size, path))
        held = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if held + needed <= CACHE_BYTES:
                return
            path.unlink(missing_ok=True)
            held -= size

    def _cached(self, name: str) -> Path:
        return self.copies / name

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    @contextlib.contextmanager
    def _reaching(self, name: str) -> Iterator[None]:
        try:
            yield
        except BlobError:
            raise
        except FileNotFoundError as error:
            if _no_bucket(error):
                raise StoreDown(_down(self.shown, error)) from error
            raise MissingBlob(f"{name} is not there.") from error
        except FileExistsError as error:
            raise TakenBlob(f"{name} is there already.") from error
        except Exception as error:  # each file system of fsspec raises errors of its own libraries
            if "PreconditionFailed" in str(error) or "pre-conditions" in str(error):
                raise TakenBlob(f"{name} is there already.") from error
            raise StoreDown(_down(self.shown, error)) from error


def _file_system(url: str, scheme: str, shown: str) -> tuple[Any, str]:
    try:
        import fsspec
    except ImportError as error:
        raise BlobError(_extra(shown)) from error
    # The library would hand out one object for one address, whatever the environment has come to say since.
    options: dict[str, Any] = {"skip_instance_cache": True} if scheme != "memory" else {}
    if scheme in _EXCLUSIVE:
        options["config_kwargs"] = {
            "connect_timeout": _CONNECT_S, "read_timeout": _READ_S, "retries": {"total_max_attempts": _TRIES}
        }  # fmt: skip
        options["use_listings_cache"] = False
    try:
        made, root = fsspec.core.url_to_fs(url, **options)
    except ImportError as error:
        raise BlobError(_extra(shown)) from error
    except (ValueError, OSError) as error:
        raise BlobError(
            f"SCANWRIGHT_STORE names {shown}, which cannot be opened ({type(error).__name__}). "
            "Give a folder, s3://BUCKET/PREFIX, or another address that fsspec knows."
        ) from None
    if scheme in _EXCLUSIVE:
        made.retries = _TRIES
    return made, str(root)


def _shown(url: str) -> str:
    """Return an address without a user, a password or a query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _extra(shown: str) -> str:
    scheme = shown.partition(":")[0]
    return (
        f"The store {shown} needs a part that is not installed. Install it: pip install 'scanwright[shared]' "
        f"(S3), or fsspec's own package for {scheme}://."
    )


def _no_bucket(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if "NoSuchBucket" in str(cause) or "bucket does not exist" in str(cause):
            return True
        cause = cause.__cause__
    return False


def _down(shown: str, error: BaseException) -> str:
    kind = type(error).__name__
    if isinstance(error, PermissionError) or "Credential" in kind or "AccessDenied" in str(error):
        return (
            f"The store {shown} refused us ({kind}). Check its credentials (for S3 AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY) and their rights to the bucket. What was kept is untouched."
        )
    if isinstance(error, FileNotFoundError):
        return f"The store {shown} has no such bucket. Make it, or name another one in SCANWRIGHT_STORE."
    return (
        f"The store {shown} cannot be reached ({kind}). Check that it runs, its address (for S3 AWS_ENDPOINT_URL) "
        "and the network, then try again. What was kept is untouched."
    )
