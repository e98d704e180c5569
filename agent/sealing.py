"""Encrypting what a data folder already holds, taking that back, and changing the key: file by file, resumable.

The folder says meanwhile what is being done (`tools.vault`), nothing else opens it, and the same command goes on where
it was broken off: each file is either as it was or done. Databases are rewritten beside their place; nobody may have
one open. What is not touched: guidelines and their index, tools, templates and viewer (no patient is in them), and
exported files, which are named so that they can be moved away.

A file that was plain is replaced, not scrubbed: the disk may keep its old blocks until it uses them anew.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal

from agent.cases import closed_name
from agent.home import database_files, prepare
from tools.blobs import Blobs, folder_blobs
from tools.blobs_remote import open_store
from tools.contract import ToolError
from tools.keys import SIZE, read_keys, write_keys
from tools.vault import State, Vault, VaultError, is_sealed, keep_state, state_of

if TYPE_CHECKING:
    from agent.settings import Settings

Act = Literal["encrypt", "decrypt", "rotate"]
_PLAIN_HEAD = b"SQLite format 3\0"
_KEPT = ("cases", "evidence/arrays")
"""Where blobs lie that are encrypted."""
EXPORTED = ("report", "deidentified")
"""Folders of a case that hold exported files: for whoever they were exported for, so not ours to close."""
_STATES: dict[Act, tuple[State, State, State]] = {
    "encrypt": ("open", "closing", "closed"), "decrypt": ("closed", "opening", "open"),
    "rotate": ("closed", "closed", "closed"),
}  # fmt: skip
"""Before, meanwhile and afterwards. Where there is a store too, one of the two may be done already."""


@dataclass(frozen=True)
class Sealed:
    """What was done: databases and blobs rewritten now, those that were done already, exported files left plain."""

    databases: int
    blobs: int
    already: int
    exported: tuple[str, ...]
    key_id: str


def encrypt(settings: Settings) -> Sealed:
    """Encrypt what a data folder, and the store, hold with the key of the settings.

    Raises:
        VaultError, KeyFileError: there is no key, it is another one's, or the folder is encrypted already.
        ToolError: a database is in use.
    """
    vault = _vault(settings)
    prepare(settings.home)
    places = _places(settings, "encrypt", {vault.key_id})

    def write(blobs: Blobs, name: str, data: bytes) -> bool:
        if is_sealed(data):
            return False
        closed = closed_name(name)
        Blobs(blobs.place, vault).put(closed, data)
        if closed != name:
            blobs.delete(name)
        return True

    return _rewrite(settings, places, "encrypt", vault, [None], vault.database_key, write)


def decrypt(settings: Settings) -> Sealed:
    """Take encryption back; see `encrypt`."""
    vault = _vault(settings)
    places = _places(settings, "decrypt", {vault.key_id})

    def write(blobs: Blobs, name: str, data: bytes) -> bool:
        if not is_sealed(data):
            return False
        blobs.put(name, vault.unseal(name, data))
        return True

    return _rewrite(settings, places, "decrypt", vault, [vault.database_key], None, write)


def rotate(settings: Settings) -> Sealed:
    """Make a new key, put it before the others in the key file, and encrypt everything with it; see `encrypt`.

    The older keys stay in the file: backups made before need them.
    """
    vault = _vault(settings)
    assert settings.key_file is not None
    places = _places(settings, "rotate", set(vault.key_ids))
    if all(state_of(place)[1] == vault.key_id for place in places):  # else it was broken off and goes on
        _look_for_users(settings.home)
        write_keys(settings.key_file, (secrets.token_bytes(SIZE), *read_keys(settings.key_file)))
        vault = _vault(settings)
    old = [vault.only(name).database_key for name in vault.key_ids[1:]]

    def write(blobs: Blobs, name: str, data: bytes) -> bool:
        if vault.sealed_now(data):
            return False
        Blobs(blobs.place, vault).put(name, vault.unseal(name, data))
        return True

    return _rewrite(settings, places, "rotate", vault, old, vault.database_key, write)


def _vault(settings: Settings) -> Vault:
    vault = Vault.of(settings.key_file)
    if vault is None:
        raise VaultError(
            "No key is named. Make one (scanwright key new FILE), name the file in SCANWRIGHT_KEY_FILE, and keep a "
            "copy of it elsewhere: what it closes is lost without it."
        )
    return vault


def _places(settings: Settings, act: Act, key_ids: set[str]) -> list[Blobs]:
    """Return the folder and the store, without a cipher. Raises VaultError where they are not as the act needs them."""
    places = [folder_blobs(settings.home)]
    places += [open_store(settings.store, settings.home)] if settings.store is not None else []
    found = [state_of(place) for place in places]
    nothing = act != "rotate" and all(state == _STATES[act][2] for state, _ in found)
    strange = next((state for state, _ in found if state not in _STATES[act]), None)
    if nothing or strange is not None:
        told = {"open": "not encrypted", "closed": "encrypted already"}
        is_now = told.get(strange or _STATES[act][2], "being changed")
        raise VaultError(f"The data folder is {is_now}, so there is nothing to {act}. Nothing was changed.")
    other = next((held for state, held in found if state != "open" and held not in key_ids), None)
    if other is not None:
        raise VaultError(f"The data folder is encrypted with another key (its id is {other}). Nothing was changed.")
    return places


def _rewrite(
    settings: Settings,
    places: list[Blobs],
    act: Act,
    vault: Vault,
    old: Sequence[str | None],
    new: str | None,
    write: Callable[[Blobs, str, bytes], bool],
) -> Sealed:
    _look_for_users(settings.home)
    _, during, after = _STATES[act]
    for place in places if act != "rotate" else ():
        keep_state(place, during, vault.key_id)
    databases = sum(_rewritten(file, old, new) for file in database_files(settings.home).values() if file.exists())
    done = already = 0
    exported: list[str] = []
    for place in places:
        for name in _blobs(place, exported):
            changed = write(place, name, place.place.read(name))
            done, already = done + changed, already + (not changed)
    for place in places:
        keep_state(place, after, vault.key_id)
    return Sealed(databases, done, already, tuple(sorted(exported)), vault.key_id)


def _blobs(place: Blobs, exported: list[str]) -> Iterator[str]:
    """Yield the names of what is encrypted; what was exported is noted instead."""
    for prefix in _KEPT:
        for name in place.names(prefix):
            parts = PurePosixPath(name).parts
            if prefix == "cases" and len(parts) > 2 and parts[2] in EXPORTED:
                exported.append(name)
            else:
                yield name


def _rewritten(file: Path, old: Sequence[str | None], new: str | None) -> bool:
    """Write a database anew from the key it has to the one it is to have; return whether it had to be."""
    from tools.database.cipher import copy

    if _opens(file, new):
        return False
    for key in old:
        if _opens(file, key):
            draft = file.with_name(f".{file.name}.new")
            copy(file, draft, key, new)
            os.chmod(draft, file.stat().st_mode & 0o777)
            _sync(draft)
            os.replace(draft, file)
            return True
    raise VaultError(f"{file.name} in the data folder cannot be opened with a key that is held. It was left as it is.")


def _opens(file: Path, key: str | None) -> bool:
    from tools.database.cipher import connect

    with file.open("rb") as start:
        head = start.read(16)
    if key is None or head == _PLAIN_HEAD or not head:
        return key is None and head in (_PLAIN_HEAD, b"")
    connection = connect(file, key, timeout=1.0)
    try:
        connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        return True
    except sqlite3.Error as error:
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
            raise
        return False
    finally:
        connection.close()


def _look_for_users(home: Path) -> None:
    """Raise ToolError when somebody has a database of the folder open: its write-ahead file is there only then."""
    for file in database_files(home).values():
        beside = file.with_name(f"{file.name}-shm")
        if beside.exists() and _is_open(beside):
            raise ToolError(
                f"{file.name} in the data folder is in use. Stop the app and everything else that works on the folder, "
                "then say it again. Nothing was changed."
            )


def _is_open(file: Path) -> bool:
    """Return whether another process holds SQLite's lock on a database's shared memory (its byte 128)."""
    try:
        import fcntl
    except ImportError:  # Windows refuses by itself to replace a file that is open
        return False
    with contextlib.suppress(OSError), file.open("r+b") as handle:
        try:
            fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 128)
        except OSError:
            return True
        fcntl.lockf(handle, fcntl.LOCK_UN, 1, 128)
    return False


def _sync(file: Path) -> None:
    with file.open("rb") as handle:
        os.fsync(handle.fileno())
