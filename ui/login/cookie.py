"""The cookies: a random one that tells browsers apart where nobody logs in, and how any of ours is written.

Only a hash of a cookie is stored or compared. A cookie is Lax and not Strict: a reader who follows a link to the app
from elsewhere would arrive without a Strict one and lose the case; what another site sends in the background arrives
without it either way. Knows nothing about cases.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping

NAME = "scanwright_reader"
_BYTES = 32
_YEAR_S = 365 * 24 * 3600
_SHAPE = re.compile(r"^[A-Za-z0-9_-]{40,64}$")


def owner_of(cookies: Mapping[str, str] | None) -> str | None:
    """Return the id under which a browser's cases are kept, or None when it has no valid cookie."""
    value = (cookies or {}).get(NAME, "")
    return hashlib.sha256(value.encode()).hexdigest() if _SHAPE.match(value) else None


def fresh(*, secure: bool) -> str:
    """Return the line that gives a browser its cookie."""
    return written(NAME, secrets.token_urlsafe(_BYTES), secure=secure, seconds=_YEAR_S)


def written(name: str, value: str, *, secure: bool, seconds: int | None = None) -> str:
    """Return the line that sets a cookie; without seconds it ends with the browser, 0 takes it away."""
    line = f"{name}={value}; Path=/; HttpOnly; SameSite=Lax"
    line += f"; Max-Age={seconds}" if seconds is not None else ""
    return f"{line}; Secure" if secure else line
