"""Work is queued one at a time, tells how far it is, can be stopped, and breaks in one way only."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from tools import (
    Cancelled,
    Known,
    Mask,
    NotApplicable,
    Runtime,
    Scan,
    SegmentRequest,
    SegmentResult,
    ToolFailed,
    ToolSpec,
    VisionTool,
)
from tools.registry import Installed

Act = Callable[[Any, Any], Any]


def tool(act: Act, load: Callable[[str], None] = lambda device: None) -> Installed:
    """A real tool that does what the test says."""

    class Acting(VisionTool):
        spec = ToolSpec(
            name="acting", task="segment", version="1.0.0", summary="s", not_for="n", modalities=("CT",),
            body_parts=(), labels=(), licence="MIT",
        )  # fmt: skip

        def load(self, device: str) -> None:
            load(device)

        def run(self, request: Any, progress: Any = None) -> Any:
            return act(request, progress)

    return Installed(Acting, "test")


@pytest.fixture
def request_() -> SegmentRequest:
    scan = Scan.build(np.zeros((4, 4, 4)), np.eye(4), modality=Known("CT", "known"))
    return SegmentRequest(scan, point=(1.0, 1.0, 1.0))


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    made = Runtime("cpu")
    yield made
    made.close()


def good(request: Any, progress: Any) -> SegmentResult:
    return SegmentResult(Mask.from_grid(request.scan.id, np.ones((4, 4, 4)), np.eye(4)), 0.5)


def test_the_result_and_the_progress_come_back(runtime: Runtime, request_: SegmentRequest) -> None:
    def act(request: Any, progress: Any) -> SegmentResult:
        progress(0.5, "half way")
        progress(7.0, "too far")
        return good(request, progress)

    seen: list[tuple[float, str]] = []
    job = runtime.submit(tool(act), request_, lambda fraction, phrase: seen.append((fraction, phrase)))
    assert job.result(10).mask.count == 64
    assert job.done
    assert seen == [(0.0, "starting"), (0.5, "half way"), (1.0, "too far")]
    assert runtime.run(tool(good), request_).mask.count == 64


def test_a_running_job_stops_at_its_next_progress(runtime: Runtime, request_: SegmentRequest) -> None:
    begun, passed = threading.Event(), threading.Event()

    def act(request: Any, progress: Any) -> SegmentResult:
        begun.set()
        for _ in range(2000):
            progress(0.1, "working")
            time.sleep(0.005)
        passed.set()
        return good(request, progress)

    job = runtime.submit(tool(act), request_)
    assert begun.wait(10)
    job.cancel()
    with pytest.raises(Cancelled, match="nothing was recorded"):
        job.result(10)
    assert not passed.is_set()


def test_a_waiting_job_is_stopped_before_it_begins(runtime: Runtime, request_: SegmentRequest) -> None:
    go, ran = threading.Event(), threading.Event()

    def slow(request: Any, progress: Any) -> SegmentResult:
        go.wait(10)
        return good(request, progress)

    def second(request: Any, progress: Any) -> SegmentResult:
        ran.set()
        return good(request, progress)

    first, waiting = runtime.submit(tool(slow), request_), runtime.submit(tool(second), request_)
    waiting.cancel()
    go.set()
    assert first.result(10).mask.count == 64
    with pytest.raises(Cancelled):
        waiting.result(10)
    assert not ran.is_set()


def test_one_at_a_time_in_order(runtime: Runtime, request_: SegmentRequest) -> None:
    at_work: list[int] = []
    most, order = [0], []

    def act(number: int) -> Act:
        def run(request: Any, progress: Any) -> SegmentResult:
            at_work.append(number)
            most[0] = max(most[0], len(at_work))
            order.append(number)
            time.sleep(0.01)
            at_work.remove(number)
            return good(request, progress)

        return run

    jobs = [runtime.submit(tool(act(n)), request_) for n in range(6)]
    for job in jobs:
        job.result(10)
    assert most == [1]
    assert order == list(range(6))
    assert jobs[0].place_in_queue == 0
    assert [j.place_in_queue for j in jobs] == sorted(j.place_in_queue for j in jobs)
    assert runtime.submit(tool(good), request_).place_in_queue == 0


@pytest.mark.parametrize("error", [ValueError("Quimby, Zephyr: 1911"), MemoryError(), SystemExit(2), KeyError("x")])
def test_whatever_breaks_is_tool_failed(runtime: Runtime, request_: SegmentRequest, error: BaseException) -> None:
    def act(request: Any, progress: Any) -> Any:
        raise error

    with pytest.raises(ToolFailed, match=rf"acting failed \({type(error).__name__}\); nothing was recorded") as caught:
        runtime.run(tool(act), request_)
    assert "Quimby" not in str(caught.value)
    assert caught.value.__cause__ is error
    assert runtime.run(tool(good), request_).mask.count == 64


def test_a_tools_own_refusal_stays_what_it_is(runtime: Runtime, request_: SegmentRequest) -> None:
    def act(request: Any, progress: Any) -> Any:
        raise NotApplicable("The point lies in air.")

    with pytest.raises(NotApplicable, match="lies in air"):
        runtime.run(tool(act), request_)


def test_weights_that_do_not_load_are_tool_failed(runtime: Runtime, request_: SegmentRequest) -> None:
    def load(device: str) -> None:
        raise OSError("no weights")

    with pytest.raises(ToolFailed, match=r"acting failed \(OSError\)"):
        runtime.run(tool(good, load), request_)


@pytest.mark.parametrize("answer", [None, 3, {"mask": 1}, "done"])
def test_an_answer_of_the_wrong_type(runtime: Runtime, request_: SegmentRequest, answer: Any) -> None:
    with pytest.raises(ToolFailed, match=rf"answered {type(answer).__name__} where SegmentResult is due"):
        runtime.run(tool(lambda request, progress: answer), request_)


def test_scope_is_checked_at_submission(runtime: Runtime) -> None:
    scan = Scan.build(np.zeros((4, 4, 4)), np.eye(4), modality=Known("MR", "known"))
    with pytest.raises(NotApplicable, match="this image is MR"):
        runtime.submit(tool(good), SegmentRequest(scan, point=(1.0, 1.0, 1.0)))


def test_a_closed_runtime_refuses_work(request_: SegmentRequest) -> None:
    runtime = Runtime("cpu")
    go = threading.Event()

    def slow(request: Any, progress: Any) -> SegmentResult:
        go.wait(10)
        return good(request, progress)

    running, waiting = runtime.submit(tool(slow), request_), runtime.submit(tool(good), request_)
    closer = threading.Thread(target=runtime.close)
    closer.start()
    time.sleep(0.05)
    go.set()
    closer.join(10)
    assert running.result(10).mask.count == 64
    with pytest.raises(Cancelled, match="before it began"):
        waiting.result(10)
    with pytest.raises(ToolFailed, match="closed"):
        runtime.submit(tool(good), request_)


def test_the_model_is_loaded_on_the_runtimes_device_once(request_: SegmentRequest) -> None:
    seen: list[str] = []
    runtime = Runtime("cpu")
    loaded = tool(good, seen.append)
    runtime.run(loaded, request_)
    runtime.run(loaded, request_)
    runtime.close()
    assert seen == ["cpu"]


def test_the_device_is_found_at_first_use() -> None:
    runtime = Runtime()
    assert runtime.device in ("cpu", "cuda")
    runtime.close()
