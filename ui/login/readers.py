"""The file of readers who may log in, one a line, and what an operator does to it.

    name:salt:scrypt hash:roles     roles: reader, signer, operator, with + between (signer+operator)
    name:salt:scrypt hash           as files were before there were roles: a signer, because until then whoever logged
                                    in could sign, and an upgrade takes nothing away; what the operator did, on the
                                    machine, stays the operator's

The file is looked at for each request, so what is taken out no longer opens. Passwords are kept as scrypt hashes. Knows
no session and no request.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from agent.events import AgentError
from agent.people import Role, roles_of

NAME = re.compile(r"^[\w .@-]{1,64}$")
BEFORE_ROLES: frozenset[Role] = frozenset({"reader", "signer"})
SHORTEST = 10
"""Characters of a password that is set here: length is what makes one hard to guess."""
_COST = {"n": 2**14, "r": 8, "p": 1}
"""scrypt as its authors advise for logins: some tens of milliseconds a try."""
_NOBODY = "00" * 16
_NO_HASH = "0" * 64


class BadReader(AgentError):
    """A name, a password or a line that is not taken. The message says what is."""


@dataclass(frozen=True)
class Reader:
    """One line of the file."""

    name: str
    salt: str
    hash: str
    roles: frozenset[Role] = BEFORE_ROLES

    @classmethod
    def of(cls, line: str) -> Reader | None:
        """Return the reader of a line, or None for one that is none (empty, a remark, broken)."""
        parts = line.strip().split(":")
        if len(parts) not in (3, 4) or not NAME.match(parts[0]) or not _is_hex(parts[1], parts[2]):
            return None
        roles = roles_of(re.split(r"[+, ]+", parts[3])) if len(parts) == 4 else BEFORE_ROLES
        return cls(parts[0], parts[1], parts[2], roles)

    @property
    def line(self) -> str:
        """The line as the file has it."""
        named = [r for r in ("signer", "operator") if r in self.roles]
        return f"{self.name}:{self.salt}:{self.hash}:{'+'.join(named) or 'reader'}"


class Readers:
    """The readers of one file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def all(self) -> list[Reader]:
        """Return the readers, as the file lists them; none where it is not there yet."""
        try:
            seen = self.file.stat()
        except OSError:
            return []
        return list(_read(self.file, (seen.st_ino, seen.st_mtime_ns, seen.st_size)))

    def find(self, name: str) -> Reader | None:
        """Return the reader of a name; of two lines with one name the first holds."""
        return next((r for r in self.all() if r.name == name), None)

    def lets_in(self, name: str, password: str) -> bool:
        """Return whether name and password are in the file; a name that is not costs the same time."""
        held = self.find(name) if NAME.match(name) else None
        made = _scrypt(password, held.salt if held else _NOBODY)
        return hmac.compare_digest(made, held.hash if held else _NO_HASH) and held is not None

    def add(self, name: str, password: str, roles: frozenset[Role]) -> None:
        """Add a reader. Raises BadReader for a name that is there already, or one or a password that is not taken."""
        made = made_reader(name, password, roles)

        def with_one(lines: list[str]) -> list[str]:
            if any(r is not None and r.name == name for r in map(Reader.of, lines)):
                raise BadReader(f"There is a reader {name} already. Change their role or password, or take them out.")
            return [*lines, made.line]

        self._change(with_one)

    def set_roles(self, name: str, roles: frozenset[Role]) -> None:
        """Give a reader other roles. Raises BadReader for a name that is not there."""
        self._replace(name, lambda reader: replace(reader, roles=roles))

    def set_password(self, name: str, password: str) -> None:
        """Give a reader another password. Raises BadReader for one that is not taken."""
        self._replace(name, lambda reader: made_reader(name, password, reader.roles))

    def remove(self, name: str) -> None:
        """Take a reader out. Raises BadReader for a name that is not there."""
        self._replace(name, lambda _: None)

    def _replace(self, name: str, change: Callable[[Reader], Reader | None]) -> None:
        def changed(lines: list[str]) -> list[str]:
            kept, found = [], False
            for line in lines:
                reader = Reader.of(line)
                if reader is None or reader.name != name:
                    kept.append(line)
                    continue
                found, now = True, change(reader)
                kept += [now.line] if now is not None else []
            if not found:
                raise BadReader(f"There is no reader {name}. There are: {', '.join(r.name for r in self.all())}.")
            return kept

        self._change(changed)

    def _change(self, change: Callable[[list[str]], list[str]]) -> None:
        try:
            with self._alone():
                lines = change(self._lines())
                draft = self.file.with_name(f".{self.file.name}.draft")
                draft.unlink(missing_ok=True)
                handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(handle, "w", encoding="utf-8") as out:
                    out.write("".join(f"{line}\n" for line in lines))
                os.replace(draft, self.file)
        except OSError as error:
            raise BadReader(
                f"The file of readers could not be written ({error.strerror}); nothing was changed. The app needs the "
                "right to write it and its folder; or use scanwright people on the machine."
            ) from error

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep two who change the file apart."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.with_name(f".{self.file.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _lines(self) -> list[str]:
        if not self.file.exists():
            return []
        return [line for line in self.file.read_text(encoding="utf-8").splitlines() if line.strip()]


@functools.lru_cache(maxsize=8)
def _read(file: Path, seen: tuple[int, int, int]) -> tuple[Reader, ...]:
    """Return a file's readers; read again when the file is another or has changed (`seen`)."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return tuple(r for r in map(Reader.of, lines) if r is not None)


def made_reader(name: str, password: str, roles: frozenset[Role]) -> Reader:
    """Return a new line's reader. Raises BadReader for a name or a password that is not taken."""
    if not NAME.match(name):
        raise BadReader("A name has 1 to 64 letters, digits, blanks and . @ - _.")
    if len(password) < SHORTEST:
        raise BadReader(f"A password has at least {SHORTEST} characters; several words make a good one.")
    salt = secrets.token_hex(16)
    return Reader(name, salt, _scrypt(password, salt), roles)


def _is_hex(*texts: str) -> bool:
    return all(t and len(t) % 2 == 0 and re.fullmatch(r"[0-9a-f]+", t) for t in texts)


def _scrypt(password: str, salt: str) -> str:
    return hashlib.scrypt(password.encode(), salt=bytes.fromhex(salt), dklen=32, **_COST).hex()
