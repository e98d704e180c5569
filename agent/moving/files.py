"""The files of a move: each sent once, and compared with what was sent.

A scan's voxels get the name that their hash gives them, where files are fetched from the new place. Knows no row.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from tools.blobs import BlobError, Blobs, StoreDown
from tools.scan import ScanError
from tools.scan.cache import hashed_name, keep_scan, kept_scan
from tools.vault import is_sealed

Step = Callable[[int, int], None]
_HEAD = "/scan.json"
_OURS = ("cases/", "evidence/arrays/")
"""What belongs to cases; the rest of a data folder is databases, guidelines, tools and copies."""


def copy_files(source: Blobs, target: Blobs, told: Step) -> int:
    """Send what is not there yet; return how many files there are."""
    names = list(_names(source))
    for done, name in enumerate(names, start=1):
        if name.endswith(_HEAD):
            folder = name.removesuffix(_HEAD)
            keep_scan(kept_scan(source, folder), target, folder)
        elif not target.exists(name):
            target.put(name, _plain(source, name))
        told(done, len(names))
    return len(names)


def differing(source: Blobs, target: Blobs, told: Step) -> list[str]:
    """Return the names of files that are not what was sent, or cannot be read."""
    names, wrong = list(_names(source)), []
    for done, name in enumerate(names, start=1):
        try:
            same = _same(source, target, name)
        except StoreDown:
            raise
        except (BlobError, ScanError, ValueError, KeyError):
            same = False
        if not same:
            wrong.append(name)
        told(done, len(names))
    return wrong


def _names(source: Blobs) -> Iterator[str]:
    """Give every file of a case, a scan's voxels by its head alone."""
    names = [n for n in source.names() if n.startswith(_OURS)]
    scans = tuple(n.removesuffix(_HEAD.removeprefix("/")) for n in names if n.endswith(_HEAD))
    for name in names:
        if name.endswith(_HEAD) or not (name.endswith(".npy") and name.startswith(scans)):
            yield name


def _plain(source: Blobs, name: str) -> bytes:
    """Return a file's bytes; one that came in unencrypted and still lies so is read as it is."""
    root = getattr(source.place, "root", None)
    if source.cipher is not None and isinstance(root, Path):
        data = (root / name).read_bytes()
        if not is_sealed(data):
            return data
    return source.get(name)


def _same(source: Blobs, target: Blobs, name: str) -> bool:
    if not name.endswith(_HEAD):
        return target.get(name) == _plain(source, name)
    folder = name.removesuffix(_HEAD)
    scan, head, made = kept_scan(source, folder), json.loads(source.get(name)), json.loads(target.get(name))
    if not target.hashed:
        return bool(head == made and np.array_equal(kept_scan(target, folder).voxels, scan.voxels, equal_nan=True))
    voxels = made.pop("voxels")
    head.pop("voxels", None)
    if (head, hashed_name(scan)) != (made, voxels):
        return False
    target.get(f"{folder}/{voxels}")  # read whole, and held to the hash in its name
    return True
