"""The gate that every request passes: is there such a door, may it be opened from there, by whom, how often.

    404  no such door: what is not on the list does not exist, whatever Gradio or FastAPI serve
    421  without logins, another host's name than this machine's: a page elsewhere whose name was turned to this machine
    403  a request that changes something and comes from another site; a browser without its cookie
    401  nobody logged in, or not any more
    429  more requests than one reader may send

And the way out: every answer gets the protecting headers; a stream ends when its log-in does. Knows no case.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from starlette.requests import HTTPConnection

from ui.gate.guards import MOST_BODY, Application, Message, Receive, Scope, Send, Streams, answer, read_body
from ui.gate.headers import PAGE, Headers
from ui.login import LOOPBACK, Login
from ui.login.cookie import fresh
from ui.meters import Meter, TooMuch

SAFE = ("GET", "HEAD", "OPTIONS")
PUBLIC: dict[str, str] = {
    "/login": "where a reader logs in; there is no other way to become known",
}
"""What is open to who has not logged in, each with its reason."""
OF_PASSWORDS = ("/login", "/logout")
"""There only where readers log in with a password."""
DOORS: dict[str, tuple[str, ...]] = {
    "/": ("GET", "HEAD"), "/login": ("GET", "POST"), "/logout": ("POST",), "/audit.jsonl": ("GET",),
    "/niivue.js": ("GET",), "/view/": ("GET",), "/marks/": ("GET",), "/probe/": ("GET",), "/volume/": ("GET",),
    "/explained/": ("GET",), "/evidence/": ("GET",), "/files/": ("GET",), "/upload/": ("POST",),
    # Gradio's: its scripts and styles, and the queue that acts go through. Its files, uploads, proxies, named and
    # numbered calls, recordings, monitoring and run history are not here.
    "/config": ("GET",), "/theme.css": ("GET",), "/assets/": ("GET",), "/static/": ("GET",), "/svelte/": ("GET",),
    "/favicon.ico": ("GET",), "/gradio_api/info": ("GET",), "/gradio_api/startup-events": ("GET",),
    "/gradio_api/heartbeat/": ("GET",), "/gradio_api/queue/join": ("POST",), "/gradio_api/queue/data": ("GET",),
    "/gradio_api/cancel": ("POST",),
}  # fmt: skip
"""Every door there is and how it is opened; a name that ends in / stands for all that lies behind it."""
NO_SESSION = "This browser has no session here. Open the app's first page."
NOBODY = "Nobody is logged in here, or the log-in ended. Open the app's first page and log in."
ELSEWHERE = "This was sent by another site's page, and is not done. Use the app's own page."
NOT_THIS_HOST = (
    "Without logins the app answers under this machine's own name only (127.0.0.1 or localhost). Open it there, or set "
    "up logins (SCANWRIGHT_LOGINS)."
)


class Gate:
    """Lets in, and out, what may pass."""

    def __init__(self, app: Application, login: Login, acts: Meter) -> None:
        self._app, self._login, self._acts = app, login, acts
        self._streams = Streams()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it here."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            headers = Headers(secure=scope.get("scheme") == "https", page=scope["path"] == PAGE)
            await self._http(scope, receive, headers.of(send))
        else:  # nothing here speaks over a web socket
            await send({"type": "websocket.close", "code": 1008})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, method, request = scope["path"], scope["method"], HTTPConnection(scope)
        refusal = self._outside(path, method, request.headers)
        if refusal is not None:
            await answer(send, *refusal)
            return
        if path == PAGE:  # as it is, so that its scripts can be given their word
            scope["headers"] = [(k, v) for k, v in scope["headers"] if k != b"accept-encoding"]
        if path in PUBLIC and self._login.by_password:
            body, receive = await read_body(receive)
            await (self._app(scope, receive, send) if body is not None else answer(send, 413, "That is no log-in."))
            return
        owner = self._login.owner(request, use=not path.startswith("/gradio_api/heartbeat/"))
        if owner is None:
            await self._unknown(scope, receive, send)
            return
        if path.startswith("/gradio_api/"):
            await self._talk(scope, receive, send, owner)
            return
        await self._app(scope, receive, send)

    def _outside(self, path: str, method: str, headers: Mapping[str, str]) -> tuple[int, str] | None:
        """Return why a request does not pass whoever sends it, or None."""
        if not opens(path, method) or (path in OF_PASSWORDS and not self._login.by_password):
            return 404, "Not here."
        if not self._login.asked and _host(headers.get("host", "")) not in LOOPBACK:
            return 421, NOT_THIS_HOST
        return None if method in SAFE or same_site(headers) else (403, ELSEWHERE)

    async def _unknown(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._login.asked and scope["path"] == PAGE:
            line = fresh(secure=scope.get("scheme") == "https")

            async def with_cookie(message: Message) -> None:
                if message["type"] == "http.response.start":
                    message["headers"] = [*message.get("headers", []), (b"set-cookie", line.encode())]
                await send(message)

            await self._app(scope, receive, with_cookie)
        elif not self._login.asked:
            await answer(send, 403, NO_SESSION)
        elif self._login.by_password and scope["path"] == PAGE:
            await answer(send, 303, "Log in first.", (b"location", b"/login"))
        else:
            await answer(send, 401, NOBODY)

    async def _talk(self, scope: Scope, receive: Receive, send: Send, owner: str) -> None:
        """Pass on a request to Gradio's queue: its page's own stream only, and not too many."""
        path = scope["path"]
        if path in ("/gradio_api/queue/join", "/gradio_api/cancel"):
            try:
                self._acts.take(owner)
            except TooMuch as error:
                await answer(send, 429, str(error), (b"retry-after", str(int(error.wait_s) + 1).encode()))
                return
            body, receive = await read_body(receive)
            if body is None:
                await answer(send, 413, f"A request of the page has up to {MOST_BODY} bytes.")
                return
            name = _named(body)
        elif path.startswith("/gradio_api/heartbeat/"):
            name = path.rpartition("/")[2]
        else:
            name = "".join(parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", []))
        if name is None or (name and not self._streams.is_of(name, owner)):
            await answer(send, 404, "There is no such page open here.")
            return
        await self._app(scope, receive, self._while_known(scope, send, owner))

    def _while_known(self, scope: Scope, send: Send, owner: str) -> Send:
        """Return a way out that is closed when the log-in ends."""
        request, over = HTTPConnection(scope), False

        async def sent(message: Message) -> None:
            nonlocal over
            if over:
                return
            if message["type"] == "http.response.body" and self._login.owner(request, use=False) != owner:
                over, message = True, {"type": "http.response.body", "body": b"", "more_body": False}
            await send(message)

        return sent


def opens(path: str, method: str) -> bool:
    """Return whether there is a door of this name that is opened this way."""
    if path in DOORS:
        return method in DOORS[path]
    return any(d.endswith("/") and d != "/" and path.startswith(d) and method in how for d, how in DOORS.items())


def same_site(headers: Mapping[str, str]) -> bool:
    """Return whether a request comes from the app's own page, by what the browser itself says.

    What is no browser says neither, and carries no cookie that it was not given.
    """
    told = headers.get("sec-fetch-site")
    if told is not None:
        return told in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


def _host(text: str) -> str:
    try:
        return urlsplit(f"//{text}").hostname or ""
    except ValueError:
        return ""


def _named(body: bytes) -> str | None:
    """Return the page's stream that a request names; None for one that names none."""
    try:
        data: Any = json.loads(body)
    except ValueError:
        return None
    name = data.get("session_hash") if isinstance(data, dict) else None
    return name if isinstance(name, str) and name else None
