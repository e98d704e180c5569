"""What lies in a data folder, closed with the operator's key: blobs by AES-256-GCM, databases by SQLCipher.

A blob begins with the format, the key's id and a nonce of its own; its name is authenticated with it, so that one
cannot be put in another's place, and long ones go in pieces whose number and end are too. Keys that were in use before
still open what they closed (`tools.keys`). Which key closed a folder, its blob `encrypted` says by the key's id, from
which no key can be told; so a wrong or missing key is one clear line before anything is opened.

Knows no case, no scan and no place where a blob lies.

    VaultError   the folder is closed with another key, or none is given, or the extra is not installed
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from tools.blobs import Blobs, DamagedBlob, MissingBlob
from tools.contract import ToolError
from tools.keys import read_keys

FORMAT = b"SWB\x01"
PIECE = 2**28
"""Bytes closed at once: AES-GCM takes less than 2 GB, and a scan may be longer."""
_ID, _NONCE, _TAG = 8, 12, 16
MARK = "encrypted"
"""The blob of a data folder, never closed itself, that says which key it is closed with."""
FOLDER, STORE = "The data folder", "The store in SCANWRIGHT_STORE"
State = Literal["open", "closing", "closed", "opening"]
_EXTRA = (
    "Encryption needs the extra `encryption`, which is not installed. Install it: pip install 'scanwright[encryption]'."
)


class VaultError(ToolError):
    """What is closed cannot be opened, or the other way round. Nothing was changed."""


class Vault:
    """The operator's keys. Also what closes blobs (`tools.blobs.Cipher`)."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """Take the keys, the one in use first. Raises VaultError when the extra is not installed."""
        try:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        except ImportError as error:
            raise VaultError(_EXTRA) from error
        self._keys = tuple(keys)
        self._by_id = {_derived(key, "id", _ID): AESGCM(_derived(key, "blobs")) for key in keys}

    def __repr__(self) -> str:
        return f"Vault({self.key_id})"

    @classmethod
    def of(cls, file: Path | None) -> Vault | None:
        """Return the vault of a key file, or None without one. Raises KeyFileError, VaultError."""
        return cls(read_keys(file)) if file is not None else None

    @cached_property
    def key_id(self) -> str:
        """The id of the key in use."""
        return _derived(self._keys[0], "id", _ID).hex()

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The ids of all keys, the one in use first."""
        return tuple(name.hex() for name in self._by_id)

    def only(self, key_id: str) -> Vault:
        """Return a vault with the key of an id alone. Raises VaultError."""
        for key, name in zip(self._keys, self.key_ids, strict=True):
            if name == key_id:
                return Vault((key,))
        raise VaultError(_other(key_id, self.key_id))

    @cached_property
    def database_key(self) -> str:
        """The key in use for databases, in hexadecimal."""
        return _derived(self._keys[0], "database").hex()

    def seal(self, name: str, data: bytes) -> bytes:
        """Return what is written for a blob."""
        key_id, cipher = next(iter(self._by_id.items()))
        head = FORMAT + key_id
        pieces = [head]
        count = max(1, -(-len(data) // PIECE))
        for n in range(count):
            nonce = secrets.token_bytes(_NONCE)
            piece = data[n * PIECE : (n + 1) * PIECE]
            pieces += [nonce, cipher.encrypt(nonce, piece, _about(head, name, n, n == count - 1))]
        return b"".join(pieces)

    def unseal(self, name: str, data: bytes) -> bytes:
        """Return what was sealed under a name. Raises DamagedBlob."""
        from cryptography.exceptions import InvalidTag

        head = bytes(data[: len(FORMAT) + _ID])
        cipher = self._by_id.get(head[len(FORMAT) :])
        if not head.startswith(FORMAT) or cipher is None:
            raise DamagedBlob(_unknown(name, head))
        body, step = memoryview(data)[len(head) :], _NONCE + PIECE + _TAG
        count = max(1, -(-len(body) // step))
        try:
            found = []
            for n in range(count):
                piece = body[n * step : (n + 1) * step]
                about = _about(head, name, n, n == count - 1)
                found.append(cipher.decrypt(bytes(piece[:_NONCE]), bytes(piece[_NONCE:]), about))
        except (InvalidTag, ValueError) as error:
            raise DamagedBlob(f"{name} is not what was kept under that name. Put a backup of it back.") from error
        return found[0] if len(found) == 1 else b"".join(found)

    def sealed_now(self, data: bytes) -> bool:
        """Return whether bytes are a blob that the key in use closed."""
        return data[: len(FORMAT) + _ID] == FORMAT + bytes.fromhex(self.key_id)


def is_sealed(data: bytes) -> bool:
    """Return whether bytes are a blob that some key closed."""
    return data[: len(FORMAT)] == FORMAT


def state_of(place: Blobs) -> tuple[State, str]:
    """Return whether what lies in a place is closed, and the key's id. Raises VaultError for a mark that is none."""
    try:
        data = json.loads(place.get(MARK))
        return data["state"], str(data["key"])
    except MissingBlob:
        return "open", ""
    except (ValueError, KeyError, TypeError) as error:
        raise VaultError(
            f"`{MARK}`, which says which key closed the data folder, cannot be read. Put its backup back."
        ) from error


def keep_state(place: Blobs, state: State, key_id: str) -> None:
    """Write down whether what lies in a place is closed."""
    if state == "open":
        place.delete(MARK)
    else:
        place.put(MARK, json.dumps({"format": 1, "state": state, "key": key_id}).encode())


def admit_all(places: Sequence[tuple[str, Blobs, Callable[[], bool]]], vault: Vault | None) -> None:
    """Raise VaultError unless these keys fit every place; empty ones are closed with them once all fit.

    Args:
        places: the data folder, and the store: what it is called, its blobs without a cipher, and whether nothing is
            kept in it yet.
        vault: the operator's keys; None: there are none.
    """
    new = [place for what, place, empty in places if _is_new(what, place, vault, empty)]
    if vault is None:
        return
    for place in new:
        keep_state(place, "closed", vault.key_id)


def _is_new(what: str, place: Blobs, vault: Vault | None, empty: Callable[[], bool]) -> bool:
    """Return whether a place is to be closed from now on. Raises VaultError unless the keys fit it."""
    state, key_id = state_of(place)
    if state in ("closing", "opening"):
        act = "encrypt" if state == "closing" else "decrypt"
        raise VaultError(
            f"{what} was being {act}ed and that was broken off. Say `scanwright key {act}` again: it goes on "
            "where it stopped. Nothing is lost."
        )
    if state == "open":
        if vault is not None and not empty():
            raise VaultError(
                f"SCANWRIGHT_KEY_FILE names a key, but {what[0].lower()}{what[1:]} is not encrypted. Say `scanwright "
                "key encrypt` to encrypt what is in it, or take the setting away. Nothing was changed."
            )
        return True
    if vault is None:
        raise VaultError(
            f"{what} is encrypted (key {key_id}). Name the key's file in SCANWRIGHT_KEY_FILE. Nothing was changed."
        )
    if key_id != vault.key_id:
        if key_id in vault.key_ids:
            raise VaultError(
                "The key was being changed and that was broken off. Say `scanwright key rotate` again: it goes on "
                "where it stopped."
            )
        raise VaultError(_other(key_id, vault.key_id, what))
    return False


def _other(wanted: str, given: str, what: str = FOLDER) -> str:
    return (
        f"{what} is encrypted with another key (its id is {wanted}; the key file's is {given}). Name the "
        "right file in SCANWRIGHT_KEY_FILE. Nothing was changed."
    )


def _unknown(name: str, head: bytes) -> str:
    if head.startswith(FORMAT):
        return f"{name} is encrypted with a key that the key file does not hold (id {head[len(FORMAT) :].hex()})."
    return f"{name} is not encrypted though the data folder is: it was put there by somebody else. Put its backup back."


def _about(head: bytes, name: str, number: int, last: bool) -> bytes:
    return head + number.to_bytes(4, "big") + bytes([last]) + name.encode()


def _derived(key: bytes, what: str, length: int = 32) -> bytes:
    """Return a key, or an id, for one purpose; none of them tells another."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    made: Any = HKDF(SHA256(), length, salt=None, info=f"scanwright {what} 1".encode()).derive(key)
    return bytes(made)
