"""Who a browser is: its cookie, or the reader who logged in; which roles they have; where the app may listen without.

    SCANWRIGHT_LOGINS              a file of readers (see `readers`)
    SCANWRIGHT_PROXY_HEADER        the header in which a reverse proxy names the reader it let in; the proxy must be the
                                   only way to the app, and must replace that header where a browser sends one
    SCANWRIGHT_PROXY_ROLES_HEADER  the header in which it names their roles, commas between; groups of its own are left
                                   aside, and who has none of ours is a reader
    SCANWRIGHT_PROXY_ROLES_FILE    or a file of them: name:roles, one a line; who is not in it is a reader

With a proxy that says no roles by either, whoever it lets in is a signer, as before there were roles. Without any login
there is no name to sign in: whoever uses this machine is its operator and a reader. All are read by `agent.settings`.
Knows nothing about cases.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.people import MACHINE, Person, Role, roles_of
from agent.settings import Settings
from ui.login.cookie import owner_of
from ui.login.readers import BEFORE_ROLES, NAME, Readers, made_reader
from ui.login.sessions import Sessions
from ui.login.tries import Tries

LOOPBACK = ("127.0.0.1", "localhost", "::1")
SESSION = "scanwright_session"
"""The cookie of who logged in with a password."""


class NoLogin(Exception):
    """The app would listen where others reach it, and nobody would be asked who they are."""


@dataclass
class Login:
    """How readers are told apart: by cookie alone, by a file of passwords, or by a proxy in front."""

    file: Path | None = None
    header: str | None = None
    roles_header: str | None = None
    roles_file: Path | None = None
    sessions: Sessions = field(default_factory=Sessions)
    tries: Tries = field(default_factory=Tries)
    _people: dict[str, Person] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Settings) -> Login:
        """Return how readers are told apart by an operator's settings."""
        return cls(
            settings.logins, settings.proxy_header, settings.proxy_roles_header, settings.proxy_roles_file,
            Sessions(settings.limits),
        )  # fmt: skip

    @property
    def asked(self) -> bool:
        """Whether readers are asked who they are."""
        return self.file is not None or self.header is not None

    @property
    def by_password(self) -> bool:
        """Whether readers log in here; a proxy's word goes before a file."""
        return self.file is not None and self.header is None

    def check_place(self, host: str) -> None:
        """Raise NoLogin for an address that others reach while nobody is asked to log in."""
        if host not in LOOPBACK and not self.asked:
            raise NoLogin(
                f"The app would listen on {host}, where others reach it, and nobody would be asked to log in. Listen "
                "on 127.0.0.1, or name a file of readers in SCANWRIGHT_LOGINS, or the header of a reverse proxy that "
                "asks them in SCANWRIGHT_PROXY_HEADER."
            )

    def owner(self, request: Any, *, use: bool = True) -> str | None:
        """Return the id under which a request's cases are kept, or None for one that has no business here.

        `use`: the request counts as a sign of life of its log-in.
        """
        if not self.asked:
            return owner_of(request.cookies)
        name = self.name(request, use=use)
        if name is None:
            return None
        made = reader_id(name)
        self._people[made] = Person(made, name, self._roles(name, request))
        return made

    def person(self, owner: str) -> Person:
        """Return who an owner id is, with the roles they have now; a stranger is a reader without a name."""
        if not self.asked:
            return Person(owner, "", MACHINE)
        held = self._people.get(owner, Person(owner))
        if self.by_password and held.name:
            found = self.readers.find(held.name)
            return Person(owner, held.name, found.roles) if found else Person(owner, held.name, frozenset())
        return held

    def name(self, request: Any, *, use: bool = True) -> str | None:
        """Return the name of the reader who logged in, or None."""
        if self.header is not None:
            given = str(request.headers.get(self.header) or "").strip()
            return given if NAME.match(given) else None
        token = (request.cookies or {}).get(SESSION)
        name = self.sessions.name(token, use=use)
        held = self.readers.find(name) if name is not None else None
        if held is None or self.sessions.mark(token) not in ("", held.hash):
            self.sessions.end(token)  # taken out of the file meanwhile, or given another password
            return None
        return name

    def start(self, name: str) -> str:
        """Log a reader in whose password was right, and return the token that their browser keeps."""
        held = self.readers.find(name)
        return self.sessions.start(name, held.hash if held else "")

    def lets_in(self, name: str, password: str) -> bool:
        """Return whether a name and password are in the file."""
        return self.by_password and self.readers.lets_in(name, password)

    def knows(self, name: str) -> bool:
        """Return whether a reader of this name may come here; of a proxy's readers nobody can say, so any may."""
        if not NAME.match(name) or not self.asked:
            return False
        return self.readers.find(name) is not None if self.by_password else True

    @property
    def readers(self) -> Readers:
        """The file of readers."""
        assert self.file is not None
        return Readers(self.file)

    def _roles(self, name: str, request: Any) -> frozenset[Role]:
        if self.by_password:
            found = self.readers.find(name)
            return found.roles if found else frozenset()
        if self.roles_header is not None:
            return roles_of(str(request.headers.get(self.roles_header) or "").split(","))
        if self.roles_file is not None:
            return roles_of(_listed(self.roles_file, name))
        return BEFORE_ROLES


def reader_id(name: str) -> str:
    """Return the id under which the cases of a reader who logs in are kept."""
    return hashlib.sha256(f"login:{name}".encode()).hexdigest()


def hashed(name: str, password: str, *roles: str) -> str:
    """Return a reader's line for the file. Raises BadReader for a name or password that is not taken.

    >>> hashed("dr. a", "one two three", "signer").startswith("dr. a:")
    True
    """
    return made_reader(name, password, roles_of(roles)).line


def _listed(file: Path, name: str) -> list[str]:
    """Return the roles that a file gives to a name; none where it is not there or cannot be read."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    found = next((line.partition(":")[2] for line in lines if line.partition(":")[0].strip() == name), "")
    return found.replace("+", ",").split(",")
