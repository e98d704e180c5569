"""Where tools run: `submit(tool, request)` returns a `Job` with progress and cancel.

One queue a device, so that two readers never share a GPU's memory by accident; a model is loaded once. Knows no
tool by name and nothing about evidence.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import Any

from tools.contract import RESULTS, Cancelled, Request, ToolError, ToolFailed
from tools.device import best_device
from tools.registry import Installed

log = logging.getLogger(__name__)

OnProgress = Callable[[float, str], None]


class Job:
    """One piece of work under way."""

    def __init__(self, future: Future[Any], stop: threading.Event, waiting: int) -> None:
        self._future = future
        self._stop = stop
        self.place_in_queue = waiting

    def result(self, timeout: float | None = None) -> Any:
        """Wait for the result. Raises the tool's ToolError, or Cancelled."""
        try:
            return self._future.result(timeout)
        except CancelledError:
            raise Cancelled("Stopped before it began; nothing was recorded.") from None

    def cancel(self) -> None:
        """Stop the work at its next progress call, or before it starts."""
        self._stop.set()

    @property
    def done(self) -> bool:
        """Whether the work has ended, well or not."""
        return self._future.done()


class Runtime:
    """Runs tools in this process, one at a time a device."""

    def __init__(self, device: str | None = None) -> None:
        self._device = device
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="scanwright-tool")
        self._waiting = 0
        self._lock = threading.Lock()

    @property
    def device(self) -> str:
        """The device models are loaded on, found at first use."""
        if self._device is None:
            self._device = best_device()
        return self._device

    def submit(self, tool: Installed, request: Request, on_progress: OnProgress | None = None) -> Job:
        """Queue a request and return its job. Scope is checked now, before anything is loaded.

        Raises:
            NotApplicable: the scan is outside the tool's scope.
            ToolFailed: the runtime is closed.
        """
        tool.spec.check_request(request)
        stop = threading.Event()
        with self._lock:
            try:
                future = self._pool.submit(self._work, tool, request, on_progress, stop)
            except RuntimeError as error:
                raise ToolFailed("The runtime is closed and takes no new work. Start the app again.") from error
            waiting, self._waiting = self._waiting, self._waiting + 1
        return Job(future, stop, waiting)

    def run(self, tool: Installed, request: Request, on_progress: OnProgress | None = None) -> Any:
        """Submit and wait."""
        return self.submit(tool, request, on_progress).result()

    def close(self) -> None:
        """Let running work end and refuse new work."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _work(self, tool: Installed, request: Request, on_progress: OnProgress | None, stop: threading.Event) -> Any:
        def progress(fraction: float, phrase: str) -> None:
            if stop.is_set():
                raise Cancelled("Stopped by the reader; nothing was recorded.")
            if on_progress is not None:
                on_progress(min(1.0, max(0.0, fraction)), phrase)

        try:
            progress(0.0, "starting")
            tool.load(self.device)
            result = tool.run(request, progress)
        except ToolError:
            raise
        except (Exception, SystemExit) as error:  # a plug-in may raise anything; the case must survive it
            log.exception("%s failed", tool.spec.name)
            raise ToolFailed(
                f"{tool.spec.name} failed ({type(error).__name__}); nothing was recorded. Try another point or tool."
            ) from error
        finally:
            with self._lock:
                self._waiting -= 1
        expected = RESULTS.get(tool.spec.task)
        if expected is not None and not isinstance(result, expected):
            raise ToolFailed(f"{tool.spec.name} answered {type(result).__name__} where {expected.__name__} is due.")
        return result
