"""Fetch one thing by name into the operator's tools folder, hold it to its hash, and make of it what a tool can load.

A network comes as a pickle, of a whole model or with a training log: what the manifest names reads it, builds nothing
but tensors and keeps them as safetensors. A zoo bundle stays the zip it is, and its weights are pinned.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tools.contract import Progress
from tools.fetch.download import digest, download, from_folder
from tools.fetch.errors import FetchFailed
from tools.fetch.manifest import ITEMS, ZOO, ZOO_LIST, Item, item_of

BOOK = "fetched.json"
"""In the tools folder: what was fetched, from where, with which hash, and the hash of what was made of it."""
_CACHE = ".fetched"


@dataclass(frozen=True)
class Fetched:
    """What came of it."""

    name: str
    file: Path
    bytes: int
    sha256: str
    first_seen: bool


Say = Callable[[Item, int | None], None]


def fetch(
    name: str, folder: Path, say: Say, progress: Progress = lambda f, p: None, offline: Path | None = None,
    zoo_list: str = ZOO_LIST,
) -> Fetched:  # fmt: skip
    """Fetch what a name means into the tools folder and return what came of it.

    Args:
        name: ``chest-xray``, ``lobes``, or ``zoo:NAME`` for a MONAI Model Zoo bundle.
        folder: the operator's tools folder.
        say: told what is fetched and its size before it is.
        progress: told how far it is.
        offline: a folder that holds the file under its own name (and, for a bundle, model_info.json).
        zoo_list: where the Model Zoo's list lies.

    Raises:
        FetchFailed: not had, or not what its hash says it is; nothing of it is used then.
    """
    cache = folder / _CACHE
    cache.mkdir(parents=True, exist_ok=True)
    item = item_of(name, _zoo(cache, offline, zoo_list) if name.startswith(ZOO) and name not in ITEMS else None)
    target = cache / item.file
    if offline is not None:
        from_folder(item.file, offline, target, lambda size: say(item, size), item.url)
    else:
        download(item.url, target, lambda size: say(item, size), progress)
    first = _hold(item, target, folder)
    seen, size = digest(target), target.stat().st_size
    file = _install_bundle(item, target, folder) if name.startswith(ZOO) else _install_network(item, target, folder)
    _note(folder, item, seen, digest(file))
    return Fetched(item.name, file, size, seen, first)


def noted(folder: Path) -> dict[str, dict[str, str]]:
    """Return what was fetched: address and hashes by name. Raises FetchFailed when the list is damaged."""
    book = folder / BOOK
    if not book.is_file():
        return {}
    try:
        return {str(k): {a: str(b) for a, b in v.items()} for k, v in json.loads(book.read_text("utf-8")).items()}
    except (ValueError, AttributeError) as error:
        raise FetchFailed(f"{BOOK} in the tools folder is damaged; take it away and fetch again.") from error


def _zoo(cache: Path, offline: Path | None, address: str) -> str:
    target = cache / "model_info.json"
    if offline is not None:
        from_folder(target.name, offline, target, lambda size: None, address)
    else:
        download(address, target, lambda size: None)
    return target.read_text(encoding="utf-8")


def _hold(item: Item, file: Path, folder: Path) -> bool:
    """Hold a file to its hash, known or seen before; return whether it is seen for the first time."""
    seen = digest(file)
    before = noted(folder).get(item.name, {})
    due = item.sha256 or (before.get("sha256") if before.get("url") == item.url else None)
    wrong = (due is not None and seen != due) or (item.sha1 is not None and digest(file, "sha1") != item.sha1)
    if wrong:
        file.unlink()
        raise FetchFailed(
            f"{item.file} is not what it should be: its sha256 is {seen[:12]}…"
            + (f", {due[:12]}… is due" if due else "; the Model Zoo's list gives another checksum")
            + ". It was thrown away; fetch it again, and ask its makers if it stays so."
        )
    return due is None


def _install_network(item: Item, file: Path, folder: Path) -> Path:
    import importlib

    target = folder / item.name / "weights.safetensors"
    target.parent.mkdir(exist_ok=True)
    importlib.import_module(item.made_by).convert(file, target)
    file.unlink()
    return target


def _install_bundle(item: Item, file: Path, folder: Path) -> Path:
    """Put a bundle's zip where the registry finds it, and pin its weights."""
    from tools.bundles.discover import unpacked
    from tools.bundles.expressions import Refused
    from tools.bundles.pins import PINS, renew
    from tools.scan import ScanError

    target = folder / f"{item.name.removeprefix(ZOO)}.zip"
    os.replace(file, target)
    try:
        renew(unpacked(target), folder / PINS)
    except (ScanError, OSError, Refused) as error:
        target.unlink(missing_ok=True)
        raise FetchFailed(f"{target.name} is no bundle that can be used: {error}.") from error
    return target


def _note(folder: Path, item: Item, sha256: str, made: str) -> None:
    draft = folder / f"{BOOK}.draft"
    line = {"url": item.url, "sha256": sha256, "made_sha256": made, "licence": item.licence}
    draft.write_text(json.dumps({**noted(folder), item.name: line}, indent=1, sort_keys=True), encoding="utf-8")
    os.replace(draft, folder / BOOK)
