"""When the database or the store goes away in the middle of a turn: the turn fails with one clear line.

What was recorded stays, since each piece of evidence is kept whole or not at all; the next turn goes on from it. Knows
no database and no store.
"""

from __future__ import annotations

import contextlib
import functools
import logging
from collections.abc import Callable, Generator, Iterator
from typing import Any, Concatenate, ParamSpec, cast

from agent.events import Event, Failed, NoRight, UnknownCase
from tools.contract import StateDown

log = logging.getLogger(__name__)
P = ParamSpec("P")
Turn = Callable[Concatenate[Any, P], Iterator[Event]]
BROKE = "The turn broke; everything recorded before it is kept. Ask again, or in other words."


def broke(error: Exception) -> Failed:
    """Return what a reader is told of an error that ended a turn; the log has the rest."""
    if isinstance(error, StateDown | UnknownCase | NoRight):
        log.warning("%s", error)
        return Failed(type(error).__name__, str(error))
    log.exception("the turn broke")
    return Failed(type(error).__name__, BROKE)


def told_when_down(turn: Turn[P]) -> Turn[P]:
    """Make a turn tell once that what keeps the case is away, and end."""

    @functools.wraps(turn)
    def whole(session: Any, *args: P.args, **named: P.kwargs) -> Iterator[Event]:
        told = False
        with contextlib.closing(_as_generator(turn(session, *args, **named))) as events:
            try:
                for event in events:
                    if not (is_down := _is_down(event)) or not told:
                        yield event
                    told = told or is_down
            except StateDown as error:
                if not told:
                    yield broke(error)

    return cast("Turn[P]", whole)


def _is_down(event: Event) -> bool:
    return isinstance(event, Failed) and event.error in (c.__name__ for c in StateDown.__subclasses__())


def _as_generator(events: Iterator[Event]) -> Generator[Event, None, None]:
    yield from events
