"""Who a browser is: its cookie, or the reader who logged in; and where the app may listen without a login.

    SCANWRIGHT_LOGINS        a file of readers, one a line: name:salt:scrypt hash, as `hashed` makes it
    SCANWRIGHT_PROXY_HEADER  the header in which a reverse proxy names the reader it let in; the proxy must be the only
                             way to the app, and must replace that header where a browser sends one

Both are read by `agent.settings`. Knows nothing about cases.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.settings import Settings
from ui.cookie import owner_of

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_NAME = re.compile(r"^[\w .@-]{1,64}$")
_COST = {"n": 2**14, "r": 8, "p": 1}
"""scrypt as its authors advise for logins: some tens of milliseconds a try."""


class NoLogin(Exception):
    """The app would listen where others reach it, and nobody would be asked who they are."""


@dataclass
class Login:
    """How readers are told apart: by cookie alone, by a file of passwords, or by a proxy in front."""

    file: Path | None = None
    header: str | None = None
    names: dict[str, str] = field(default_factory=dict)
    """Readers' names by owner id, as they come."""
    gradio: Any = None
    """The Gradio app that keeps who logged in."""

    @classmethod
    def of(cls, settings: Settings) -> Login:
        """Return how readers are told apart by an operator's settings."""
        return cls(settings.logins, settings.proxy_header)

    def follow(self, app: Any) -> None:
        """Read who logged in from the Gradio app mounted on an app."""
        self.gradio = next(r.app for r in reversed(app.routes) if hasattr(getattr(r, "app", None), "tokens"))

    @property
    def asked(self) -> bool:
        """Whether readers are asked who they are."""
        return self.file is not None or self.header is not None

    def check_place(self, host: str) -> None:
        """Raise NoLogin for an address that others reach while nobody is asked to log in."""
        if host not in LOOPBACK and not self.asked:
            raise NoLogin(
                f"The app would listen on {host}, where others reach it, and nobody would be asked to log in. Listen "
                "on 127.0.0.1, or name a file of readers in SCANWRIGHT_LOGINS, or the header of a reverse proxy that "
                "asks them in SCANWRIGHT_PROXY_HEADER."
            )

    def owner(self, request: Any) -> str | None:
        """Return the id under which a request's cases are kept, or None for one that has no business here."""
        if not self.asked:
            return owner_of(request.cookies)
        name = self.name(request)
        if name is None:
            return None
        made = hashlib.sha256(f"login:{name}".encode()).hexdigest()
        self.names[made] = name
        return made

    def name(self, request: Any) -> str | None:
        """Return the name of the reader who logged in, or None."""
        if self.header is not None:
            given = str(request.headers.get(self.header) or "").strip()
            return given if _NAME.match(given) else None
        cookies = request.cookies or {}
        for name in ("access-token", "access-token-unsecure") if self.gradio is not None else ():
            token = cookies.get(f"{name}-{self.gradio.cookie_id}")
            if token and token in self.gradio.tokens:
                return str(self.gradio.tokens[token])
        return None

    def lets_in(self, name: str, password: str) -> bool:
        """Return whether a name and password are in the file; it is read at each try."""
        if self.file is None or not _NAME.match(name):
            return False
        lines = self.file.read_text(encoding="utf-8").splitlines()
        held = next((line.split(":") for line in lines if line.partition(":")[0] == name), None)
        salt, wanted = (held[1], held[2].strip()) if held and len(held) == 3 else ("00", "")
        return hmac.compare_digest(_scrypt(password, salt), wanted)


def hashed(name: str, password: str) -> str:
    """Return a reader's line for the file. Raises ValueError for a name that is not taken.

    >>> hashed("dr. a", "secret").startswith("dr. a:")
    True
    """
    if not _NAME.match(name):
        raise ValueError("A name has 1 to 64 letters, digits, blanks and . @ - _.")
    salt = secrets.token_hex(16)
    return f"{name}:{salt}:{_scrypt(password, salt)}"


def _scrypt(password: str, salt: str) -> str:
    return hashlib.scrypt(password.encode(), salt=bytes.fromhex(salt), dklen=32, **_COST).hex()
