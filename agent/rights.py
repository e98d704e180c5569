"""The mark of what a session's method takes of its case: asked anew at each call, so a share that ended ends at once.

Knows no case; the session looks it up.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

from agent.people import Level

F = TypeVar("F", bound=Callable[..., Any])


def needs(level: Level) -> Callable[[F], F]:
    """Return what makes a session's method ask for its reader's right first (`need`); the level stays on it."""

    def of(method: F) -> F:
        @functools.wraps(method)
        def asked(self: Any, *args: Any, **given: Any) -> Any:
            self.need(level)
            return method(self, *args, **given)

        asked.needs = level  # type: ignore[attr-defined]
        return cast(F, asked)

    return of
