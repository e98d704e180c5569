"""Tools in this process: the default. A model is loaded once; one piece of work at a time on the device."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from tools.contract import RESULTS, Cancelled, Progress, Request, ToolError, ToolFailed, ToolSpec
from tools.device import best_device
from tools.registry import Installed

log = logging.getLogger(__name__)

Answer = Any
"""A tool's result, or the ToolError that is one request's own."""


class Engine(Protocol):
    """What carries work out. The queue before it, progress and cancelling are the runtime's."""

    @property
    def device(self) -> str:
        """What models run on, for the reader."""

    def lane(self, tool: Installed) -> tuple[str, int]:
        """Return the queue that a tool's work waits in, and how many pieces of it run at a time."""

    def batch(self, tool: Installed) -> int:
        """Return how many waiting requests a tool is given at once, at most."""

    def perform(
        self, tool: Installed, requests: Sequence[Request], progress: Progress, stopped: Callable[[], bool]
    ) -> list[Answer]:
        """Answer requests that run together, or raise a ToolError for all. `progress` raises Cancelled once stopped."""

    def ready(self, tool: Installed) -> None:
        """Load a tool ahead of its first use. Raises what loading raises."""

    def close(self) -> None:
        """Give back what the engine holds. Work is over by then."""


class LocalEngine:
    """Runs tools in this process."""

    def __init__(self, device: str | None = None) -> None:
        self._device = device

    @property
    def device(self) -> str:
        """The device models are loaded on, found at first use."""
        if self._device is None:
            self._device = best_device()
        return self._device

    def lane(self, tool: Installed) -> tuple[str, int]:
        """One queue for the device, so that two readers never share a GPU's memory by accident."""
        return "device", 1

    def batch(self, tool: Installed) -> int:
        """As many as the tool takes, where its device gains from it; one before the device was looked for."""
        return batch_size(tool.spec, self._device) if self._device else 1

    def perform(
        self, tool: Installed, requests: Sequence[Request], progress: Progress, stopped: Callable[[], bool]
    ) -> list[Answer]:
        """Answer requests here."""
        return carried_out(tool, requests, self.device, progress)

    def ready(self, tool: Installed) -> None:
        """Load the tool."""
        tool.load(self.device)

    def close(self) -> None:
        """Nothing is held."""


def batch_size(spec: ToolSpec, device: str) -> int:
    """Return how many requests a tool is given at once on a device (``cpu``, ``cuda``, ``cuda:1``)."""
    return spec.batch if device.partition(":")[0] in spec.batch_on else 1


def carried_out(tool: Installed, requests: Sequence[Request], device: str, progress: Progress) -> list[Answer]:
    """Load a tool, answer requests and check the answers' types: in order, a result or a ToolError each.

    When a batch breaks as a whole, each of its requests is answered by itself: one bad request costs no other.

    Raises:
        Cancelled: by `progress`.
    """
    if len(requests) > 1:
        try:
            tool.load(device)
            answers = list(tool.run_batch(requests, progress))
            if len(answers) == len(requests):
                return [a if isinstance(a, ToolError) else _checked(tool, a) for a in answers]
            log.error("%s gave %d answers to %d requests", tool.spec.name, len(answers), len(requests))
        except Cancelled:
            raise
        except (Exception, SystemExit):  # a plug-in may raise anything, for want of memory too
            log.exception("%s failed on a batch of %d; each is tried by itself", tool.spec.name, len(requests))
    return [_one(tool, request, device, progress) for request in requests]


def answer(tool: Installed, request: Request, device: str | None = None) -> Any:
    """Answer one request in this thread and return the result; whatever the tool raises comes as a ToolError.

    Raises:
        ToolError: the tool's, or ToolFailed in place of anything else it raised or answered.
    """
    tool.spec.check_request(request)
    (found,) = carried_out(tool, [request], device or best_device(), lambda fraction, phrase: None)
    if isinstance(found, ToolError):
        raise found
    return found


def _one(tool: Installed, request: Request, device: str, progress: Progress) -> Answer:
    try:
        tool.load(device)
        return _checked(tool, tool.run(request, progress))
    except Cancelled:
        raise
    except ToolError as error:
        return error
    except (Exception, SystemExit) as error:  # a plug-in may raise anything; the case must survive it
        log.exception("%s failed", tool.spec.name)
        failed = ToolFailed(
            f"{tool.spec.name} failed ({type(error).__name__}); nothing was recorded. Try another point or tool."
        )
        failed.__cause__ = error
        return failed


def _checked(tool: Installed, result: Any) -> Answer:
    expected = RESULTS.get(tool.spec.task)
    if expected is not None and not isinstance(result, expected):
        return ToolFailed(f"{tool.spec.name} answered {type(result).__name__} where {expected.__name__} is due.")
    return result
