"""Who a browser is: a random cookie, set at its first page; and the headers that keep patient pictures private.

Only a hash of the cookie is stored or compared. Knows nothing about cases.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from http.cookies import SimpleCookie
from typing import Any

NAME = "scanwright_reader"
_BYTES = 32
_YEAR_S = 365 * 24 * 3600
_SHAPE = re.compile(r"^[A-Za-z0-9_-]{40,64}$")

HEADERS = {
    # The browser itself refuses every request to another host, whatever a report or an answer may contain.
    "content-security-policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' data: blob:; object-src 'none'; "
        "base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
_CLOSED = ("/gradio_api/file=", "/gradio_api/file/", "/gradio_api/proxy=", "/gradio_api/stream/")
"""Gradio's routes that hand out files, or fetch addresses, to whoever names them. Nothing here needs them."""

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]


def owner_of(cookies: Mapping[str, str] | None) -> str | None:
    """Return the id under which a browser's cases are kept, or None when it has no valid cookie."""
    value = (cookies or {}).get(NAME, "")
    return hashlib.sha256(value.encode()).hexdigest() if _SHAPE.match(value) else None


class ReaderCookie:
    """Gives a browser its cookie with its first page, and every answer the protecting headers.

    The cookie is Lax and not Strict: a reader who follows a link to the app from elsewhere would arrive without a
    Strict one and lose the case. What another site sends in the background arrives without it either way.
    """

    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["path"].startswith(_CLOSED):
            await _not_found(send)
            return
        added = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
        if scope["method"] == "GET" and scope["path"] == "/" and owner_of(_cookies(scope)) is None:
            added.append((b"set-cookie", _fresh(secure=scope.get("scheme") == "https").encode()))

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *added]
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _fresh(*, secure: bool) -> str:
    value = f"{NAME}={secrets.token_urlsafe(_BYTES)}; Path=/; Max-Age={_YEAR_S}; HttpOnly; SameSite=Lax"
    return f"{value}; Secure" if secure else value


def _cookies(scope: Mapping[str, Any]) -> dict[str, str]:
    jar: SimpleCookie = SimpleCookie()
    for name, value in scope["headers"]:
        if name == b"cookie":
            jar.load(value.decode("latin-1"))
    return {name: morsel.value for name, morsel in jar.items()}


async def _not_found(send: Send) -> None:
    await send({"type": "http.response.start", "status": 404, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"Not here."})
