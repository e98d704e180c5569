"""One file over HTTPS: resumed where it broke off, its size known first, hashed; or taken from an offline folder.

Proxies come from the environment the way Python's own client reads them (https_proxy, no_proxy). Knows no tool.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tools.contract import Progress
from tools.fetch.errors import FetchFailed

MOST_BYTES = 8 * 2**30
"""Larger than any model that is fetched here; a server that sends more is not what it should be."""
TRIES = 6
"""Times in a row that a connection may break without a byte of progress."""
FIRST_TRIES = 3
"""The same while nothing at all has come: a name that nobody knows is not known a minute later either."""
TIMEOUT_S = 30.0
_PIECE = 1 << 20
_HERE = ("127.0.0.1", "localhost", "::1")
Say = Callable[[int | None], None]
"""Told the size in bytes before anything is fetched; None where the server does not say."""


def download(
    url: str, target: Path, say: Say, progress: Progress = lambda f, p: None, pause_s: float = 1.0
) -> Path:
    """Fetch an address into a file and return it; what an earlier try left is gone on with.

    Args:
        url: https; plain http only on this machine.
        target: the file to write; it appears once it is whole.
        say: told the size first.
        progress: told the fraction.
        pause_s: seconds between tries, doubled each time.

    Raises:
        FetchFailed: no such file, no network, or a server that breaks off again and again; what was had is kept.
    """
    check_address(url)
    part = _Part(target, url)
    tries, told = 0, False

    def say_once(size: int | None) -> None:
        nonlocal told
        if not told:
            told = True
            say(size)

    while True:
        before, most = part.size, TRIES if told or part.size else FIRST_TRIES
        try:
            if _fetch(part, say_once, progress):
                return part.done()
        except urllib.error.HTTPError as error:
            if error.code == 416 and part.size:
                part.drop()
            elif error.code < 500:
                raise FetchFailed(f"{_host(url)} answered {error.code} ({error.reason}) for {target.name}.") from error
        except (OSError, http.client.HTTPException) as error:
            if tries + 1 >= most:
                raise FetchFailed(_broke_off(url, part.size, error)) from error
        tries = 0 if part.size > before else tries + 1
        if tries >= most:
            raise FetchFailed(_broke_off(url, part.size, None))
        if not (told or part.size):
            progress(0.0, f"{_host(url)} does not answer; trying again")
        time.sleep(min(30.0, pause_s * 2**tries))


def from_folder(name: str, folder: Path, target: Path, say: Say, url: str = "") -> Path:
    """Copy a file from an offline folder. Raises FetchFailed when it is not there, with where its makers keep it."""
    source = folder / name
    if not folder.is_dir():
        raise FetchFailed(f"There is no folder {folder}. Give --from a folder that holds {name}.")
    if not source.is_file():
        whence = f" Its makers keep it at {url}" if url else ""
        raise FetchFailed(f"{folder} holds no {name}. Put the file there under this very name.{whence}")
    say(source.stat().st_size)
    draft = target.with_name(f"{target.name}.draft")
    shutil.copyfile(source, draft)
    os.replace(draft, target)
    return target


def digest(path: Path, kind: str = "sha256") -> str:
    """Return a file's hash."""
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, kind).hexdigest()


def check_address(url: str) -> None:
    """Raise FetchFailed for anything but https, or http on this machine."""
    parts = urlsplit(url)
    if not (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _HERE)):
        raise FetchFailed(f"Weights are fetched over https only; this address is {parts.scheme or 'without'}://…")


class _Part:
    """What is there of a file so far, and of which version of it."""

    def __init__(self, target: Path, url: str) -> None:
        self.target, self.url = target, url
        self.path = target.with_name(f"{target.name}.part")
        self._note = target.with_name(f"{target.name}.part.json")
        target.parent.mkdir(parents=True, exist_ok=True)
        known = json.loads(self._note.read_text(encoding="utf-8")) if self._note.is_file() else {}
        self.tag: str | None = known.get("tag") if known.get("url") == url else None
        if self.tag is None:
            self.drop()

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.is_file() else 0

    def note(self, tag: str | None) -> None:
        """Keep which version this is part of; without a tag it cannot be gone on with in a later run."""
        self.tag = tag
        self._note.write_text(json.dumps({"url": self.url, "tag": tag}), encoding="utf-8")

    def drop(self) -> None:
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)

    def done(self) -> Path:
        os.replace(self.path, self.target)
        self._note.unlink(missing_ok=True)
        return self.target


def _fetch(part: _Part, say: Say, progress: Progress) -> bool:
    """Get what is missing, or as much of it as comes; return whether the file is whole."""
    headers = {"User-Agent": "scanwright", "Accept-Encoding": "identity"}
    if part.size and part.tag:
        headers |= {"Range": f"bytes={part.size}-", "If-Range": part.tag}
    request = urllib.request.Request(part.url, headers=headers)  # noqa: S310 - the scheme was checked
    # An opener of our own: the shared one keeps the proxies it was first made with.
    with urllib.request.build_opener().open(request, timeout=TIMEOUT_S) as answer:
        check_address(answer.geturl())
        goes_on = answer.status == 206 and _start(answer) == part.size
        if not goes_on:
            part.drop()
        total = _total(answer, part.size)
        part.note(answer.headers.get("ETag") or answer.headers.get("Last-Modified"))
        say(total)
        with part.path.open("ab") as out:
            _pour(answer, out, part.size, total, progress)
    return total is None or part.size == total


def _pour(answer: Any, out: Any, had: int, total: int | None, progress: Progress) -> None:
    while piece := answer.read(_PIECE):
        had += len(piece)
        if had > (total or MOST_BYTES):
            raise FetchFailed("The server sends more than it said; what it sent is not used. Try again later.")
        out.write(piece)
        out.flush()
        progress(had / total if total else 0.0, f"{had / 1e6:.0f} MB")


def _start(answer: Any) -> int:
    return int(str(answer.headers.get("Content-Range", "bytes -1-")).removeprefix("bytes ").partition("-")[0] or -1)


def _total(answer: Any, had: int) -> int | None:
    length = answer.headers.get("Content-Length")
    total = had + int(length) if length is not None else None
    if total is not None and total > MOST_BYTES:
        raise FetchFailed(f"The file has {total / 1e9:.1f} GB; at most {MOST_BYTES / 1e9:.1f} GB are fetched.")
    return total


def _host(url: str) -> str:
    return urlsplit(url).hostname or "the server"


def _broke_off(url: str, had: int, error: Exception | None) -> str:
    reason = getattr(error, "reason", None)
    told = getattr(reason, "strerror", None) or reason or type(error).__name__
    why = f" ({told})" if error is not None else ""
    here = f"{had / 1e6:.1f} MB are here and the same command goes on from there. " if had else ""
    return (
        f"{_host(url)} could not be reached or broke off again and again{why}. {here}Behind a proxy set https_proxy; "
        "without a network use --from FOLDER."
    )
