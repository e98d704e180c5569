"""Where tools run: `submit(tool, request)` returns a `Job` with progress and cancel, whatever engine is behind it.

The queue is here, once for every engine: fair between cases, one a device or (on a cluster) one a tool. A tool that
takes a batch is given what waits for it, without waiting for more. Knows no tool by name and nothing about evidence.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tools.contract import Cancelled, Request, ToolFailed
from tools.engines.fair import FairQueue
from tools.engines.local import Engine, LocalEngine
from tools.registry import Installed

if TYPE_CHECKING:
    from pathlib import Path

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
        self._future.cancel()

    @property
    def done(self) -> bool:
        """Whether the work has ended, well or not."""
        return self._future.done()


@dataclass(frozen=True, eq=False)
class _Work:
    tool: Installed
    request: Request
    on_progress: OnProgress | None
    stop: threading.Event = field(default_factory=threading.Event)
    future: Future[Any] = field(default_factory=Future)

    def progress(self, fraction: float, phrase: str) -> None:
        """Tell how far it is. Raises Cancelled once the reader stopped it."""
        if self.stop.is_set():
            raise Cancelled("Stopped by the reader; nothing was recorded.")
        if self.on_progress is not None:
            self.on_progress(min(1.0, max(0.0, fraction)), phrase)


class _Lane:
    """A queue and the threads that take from it."""

    def __init__(self, engine: Engine, name: str, width: int) -> None:
        self._engine = engine
        self._queue: FairQueue[_Work] = FairQueue(lambda work: not work.future.cancelled())
        self._threads = ThreadPoolExecutor(max_workers=width, thread_name_prefix=f"scanwright-{name}")
        self._running = 0
        self._lock = threading.Lock()

    def put(self, owner: str, work: _Work) -> int:
        """Queue a piece of work; return how many go before it. Raises RuntimeError when the lane is closed."""
        with self._lock:
            ahead = self._running + self._queue.put(owner, work)
            self._threads.submit(self._next)
            return ahead

    def _next(self) -> None:
        with self._lock:
            together = [work for work in self._taken() if work.future.set_running_or_notify_cancel()]
            self._running += len(together)
        if together:
            self._carry_out(together)

    def _taken(self) -> list[_Work]:
        """Return the work whose turn it is, and what waits and can run with it."""
        first = self._queue.take()
        if first is None:
            return []
        more = self._engine.batch(first.tool) - 1
        return [first, *(self._queue.take_alike(lambda work: work.tool is first.tool, more) if more > 0 else ())]

    def _carry_out(self, together: list[_Work]) -> None:
        """Run pieces of work together; one that is stopped ends by itself, and all of them when every one is."""
        left = list(together)

        def progress(fraction: float, phrase: str) -> None:
            for work in list(left):
                try:
                    work.progress(fraction, phrase)
                except BaseException as error:
                    if left == [work]:
                        raise
                    left.remove(work)
                    self._end(work, error)

        try:
            progress(0.0, "starting")
            requests, tool = [work.request for work in left], left[0].tool
            at_work = list(left)
            answers = self._engine.perform(tool, requests, progress, lambda: all(w.stop.is_set() for w in left))
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits for the jobs, as a future does
            answers, at_work = [error] * len(left), list(left)
        for work, answer in zip(at_work, answers, strict=True):
            if work in left:
                self._end(work, answer)

    def _end(self, work: _Work, answer: Any) -> None:
        """Hand an answer to whoever waits for the job, an error as a future does."""
        with self._lock:
            self._running -= 1
        if isinstance(answer, BaseException):
            work.future.set_exception(answer)
        else:
            work.future.set_result(answer)

    def close(self) -> None:
        """Let running work end; what waits is cancelled."""
        for work in self._queue.drain():
            work.future.cancel()
        self._threads.shutdown(wait=True, cancel_futures=True)


class Runtime:
    """Runs tools: in this process, one at a time a device, or on the engine it is given."""

    def __init__(self, device: str | None = None, engine: Engine | None = None) -> None:
        self._engine: Engine = engine or LocalEngine(device)
        self._lanes: dict[str, _Lane] = {}
        self._lock = threading.Lock()
        self._closed = False

    @property
    def device(self) -> str:
        """The device models are loaded on, found at first use."""
        return self._engine.device

    def submit(
        self, tool: Installed, request: Request, on_progress: OnProgress | None = None, *, case: str | None = None
    ) -> Job:
        """Queue a request and return its job. Scope is checked now, before anything is loaded.

        Args:
            tool: what is to run.
            request: what it is asked.
            on_progress: told how far it is, from another thread.
            case: whose turn this takes in the queue; None: the scan's.

        Raises:
            NotApplicable: the scan is outside the tool's scope.
            ToolFailed: the runtime is closed.
            EngineError: the engine cannot be reached, or lacks what it needs.
        """
        tool.spec.check_request(request)
        name, width = self._engine.lane(tool)
        work = _Work(tool, request, on_progress)
        try:
            ahead = self._lane(name, width).put(case or request.scan.id, work)
        except RuntimeError as error:
            raise ToolFailed("The runtime is closed and takes no new work. Start the app again.") from error
        return Job(work.future, work.stop, ahead)

    def run(self, tool: Installed, request: Request, on_progress: OnProgress | None = None) -> Any:
        """Submit and wait."""
        return self.submit(tool, request, on_progress).result()

    def ready(self, tool: Installed) -> None:
        """Load a tool ahead of its first use, where the engine would run it. Raises what loading raises."""
        self._engine.ready(tool)

    def close(self) -> None:
        """Let running work end, refuse new work, and give back what the engine holds."""
        with self._lock:
            self._closed = True
            lanes = list(self._lanes.values())
        for lane in lanes:
            lane.close()
        self._engine.close()

    def _lane(self, name: str, width: int) -> _Lane:
        with self._lock:
            if self._closed:
                raise RuntimeError("closed")
            if name not in self._lanes:
                self._lanes[name] = _Lane(self._engine, name, width)
            return self._lanes[name]


def open_runtime(
    device: str | None = None,
    *,
    engine: str = "local",
    address: str | None = None,
    replicas: str | int | None = None,
    folder: Path | None = None,
    isolate: tuple[str, ...] = (),
) -> Runtime:
    """Return the runtime on the engine that the operator chose.

    Args:
        device: where models run; None: the GPU when there is one.
        engine: ``local`` or ``ray``.
        address: of a Ray cluster; None: one of our own on this machine.
        replicas: the most copies of one model on the cluster; None: as many as it holds.
        folder, isolate: as for `Registry.discover`; workers find the same tools in it.

    Raises:
        NoEngine: no engine of that name, or its package is not installed.
        EngineDown: no cluster answers at the address.
    """
    from tools.engines import make_engine

    return Runtime(
        engine=make_engine(engine, device=device, address=address, replicas=replicas, folder=folder, isolate=isolate)
    )
