"""A ticket a try: written by whoever asks, torn off by the one worker that may answer, kept by the cluster's head.

Serve sends a request again by itself when a worker dies before its first word has come back, even where that worker
had begun. A request that kills workers would so be begun more often than the bridge counts. What comes a second time
finds no ticket and is not begun.

Ray's store of small values is in its head; taking a key out of it tells how many were there, so one worker alone has
it. Imports Ray where it is used only.
"""

from __future__ import annotations

import secrets

_PLACE = "scanwright-tickets"


def issue() -> str:
    """Write a new ticket and return its name."""
    from ray.experimental import internal_kv

    ticket = secrets.token_hex(16)
    internal_kv._internal_kv_put(ticket, b"1", namespace=_PLACE)
    return ticket


def take(ticket: str) -> bool:
    """Tear a ticket off; return whether it was there: to one asker ever."""
    from ray.experimental import internal_kv

    return bool(internal_kv._internal_kv_del(ticket, namespace=_PLACE))
