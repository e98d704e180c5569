"""Secrets among the settings: in the environment or in a file that it names, nowhere else; and addresses without any.

    AgentError
    └── BadSetting     a setting cannot be used as it is. The message names the variable, never what it holds

Knows no environment: `agent.settings` hands it over.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from agent.events import AgentError

MOST_SECRET = 10_000
"""Characters of a secret: keys and tokens are far shorter; what is longer is another file."""


class BadSetting(AgentError):
    """A setting cannot be used as it is. The message names the variable, never a secret or a path."""


def secret(env: Mapping[str, str], name: str) -> str | None:
    """Return a secret: what its variable holds, or the file named in the variable with _FILE behind it.

    Raises:
        BadSetting: the file cannot be read, is empty, or holds more than a secret.
    """
    if env.get(name):
        return env[name]
    place = env.get(f"{name}_FILE")
    if not place:
        return None
    try:
        text = Path(place).expanduser().read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        told = f"The file that {name}_FILE names could not be read ({why}). Mend it, or set {name}."
        raise BadSetting(told) from None
    if not text or len(text) > MOST_SECRET or "\n" in text:
        raise BadSetting(f"The file that {name}_FILE names holds no secret: it has one line with nothing but it.")
    return text


def address(env: Mapping[str, str], name: str, instead: str) -> str | None:
    """Return an address. Raises BadSetting for one with a name or password in it: libraries log addresses.

    `instead`: the variable that a password belongs in.
    """
    text = env.get(name) or None
    if text is not None and has_password(text):
        raise BadSetting(
            f"{name} holds a name or password, and addresses are logged. Take it out, and put it into {instead} or "
            f"{instead}_FILE."
        )
    return text


def has_password(url: str) -> bool:
    """Return whether a name or password stands in an address.

    >>> has_password("https://me:word@host/v1"), has_password("https://host/v1?to=a@b")
    (True, False)
    """
    try:
        return "@" in urlsplit(url).netloc
    except ValueError:
        return "@" in url
