"""The headers that protect every answer: what a page may load and do, who may frame it, what a browser may keep.

The page itself gets a word of its own at each load, without which the browser runs no script that stands in it: text
that slipped into it as HTML stays text. Gradio makes our scripts from text (`unsafe-eval`), and sets styles in place
(`unsafe-inline`, of styles only). Knows no route but the page's.
"""

from __future__ import annotations

import re
import secrets

from ui.gate.guards import Message, Send

PAGE = "/"
_HSTS_S = 365 * 24 * 3600
_COMMON = {
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_SCRIPT = re.compile(rb"<script(?=[\s>])")


def policy(word: str | None) -> str:
    """Return what a browser may load: nothing from another host, whatever a report or an answer may contain.

    `word`: the page's own, which its scripts carry; None: no script runs.
    """
    scripts = f"script-src 'self' 'unsafe-eval' 'nonce-{word}'" if word else "script-src 'none'"
    return (
        f"default-src 'self'; {scripts}; worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' data: blob:; object-src 'none'; "
        "base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
    )


class Headers:
    """Puts the headers on one answer."""

    def __init__(self, *, secure: bool, page: bool) -> None:
        """Take whether the request came over TLS, and whether it is for the page."""
        self._word = secrets.token_urlsafe(16) if page else None
        self._added = {**_COMMON, "content-security-policy": policy(self._word)}
        if secure:
            self._added["strict-transport-security"] = f"max-age={_HSTS_S}"
        if page:
            self._added["cache-control"] = "no-store"  # after logging out, going back shows nothing

    def of(self, send: Send) -> Send:
        """Return a way out that adds them; of the page the whole body is held, and its scripts get the word."""
        start: Message | None = None
        held: list[bytes] = []

        async def sent(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                message["headers"] = self._mended(message.get("headers", []))
                if self._word is None or not _is_html(message):
                    await send(message)
                else:
                    start = message
                return
            if start is None:
                await send(message)
                return
            held.append(message.get("body", b""))
            if not message.get("more_body"):
                await self._page(start, b"".join(held), send)

        return sent

    async def _page(self, start: Message, body: bytes, send: Send) -> None:
        assert self._word is not None
        body = _SCRIPT.sub(b'<script nonce="%s"' % self._word.encode(), body)
        kept = [(k, v) for k, v in start["headers"] if k.lower() != b"content-length"]
        start["headers"] = [*kept, (b"content-length", str(len(body)).encode())]
        await send(start)
        await send({"type": "http.response.body", "body": body})

    def _mended(self, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        """Return headers with ours in the place of any of those names, and none that opens them to other sites."""
        ours = {name.encode(): value.encode() for name, value in self._added.items()}
        kept = [
            (k, v) for k, v in headers
            if k.lower() not in ours and not k.lower().startswith(b"access-control-")
        ]  # fmt: skip
        return [*kept, *ours.items()]


def _is_html(start: Message) -> bool:
    found = {k.lower(): v for k, v in start["headers"]}
    return found.get(b"content-type", b"").startswith(b"text/html") and b"content-encoding" not in found
