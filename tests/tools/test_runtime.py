"""Work is queued, tells how far it is, can be stopped, and breaks in one way only: in this process and on a cluster."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from acting import Actors, asked, small_scan, wait_until

from tools import Cancelled, NotApplicable, Runtime, ToolFailed
from tools.engines import Engine, LocalEngine
from tools.engines.remote import RayEngine


class Kept:
    """An engine that several runtimes of these tests use one after the other: none of them ends it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.device = engine.device
        self.lane, self.batch, self.perform, self.ready = engine.lane, engine.batch, engine.perform, engine.ready

    def close(self) -> None:
        """Leave it to whoever made it."""


@pytest.fixture(scope="module")
def actors(tmp_path_factory: pytest.TempPathFactory) -> Actors:
    return Actors(tmp_path_factory.mktemp("acting"))


@pytest.fixture(scope="module", params=["local", pytest.param("ray", marks=[pytest.mark.long, pytest.mark.timeout(900)])])
def engine(request: pytest.FixtureRequest, actors: Actors) -> Iterator[Engine]:
    if request.param == "local":
        yield LocalEngine("cpu")
        return
    pytest.importorskip("ray")
    made = RayEngine(device="cpu", replicas=1, folder=actors.folder, cpus=2, store_mb=200)
    yield made
    made.close()


@pytest.fixture
def made(engine: Engine) -> Iterator[Callable[[], Runtime]]:
    """Makes runtimes on the engine."""
    all_made: list[Runtime] = []

    def make() -> Runtime:
        all_made.append(Runtime(engine=Kept(engine)))
        return all_made[-1]

    yield make
    for runtime in all_made:
        runtime.close()


@pytest.fixture
def runtime(made: Callable[[], Runtime]) -> Runtime:
    return made()


def test_the_result_and_the_progress_come_back(runtime: Runtime, actors: Actors) -> None:
    seen: list[tuple[float, str]] = []
    request = asked(progress=[[0.5, "half way"], [7.0, "too far"]])
    job = runtime.submit(actors.tool(), request, lambda fraction, phrase: seen.append((fraction, phrase)))
    assert job.result(200).mask.count == 64
    assert job.done
    assert seen == [(0.0, "starting"), (0.5, "half way"), (1.0, "too far")]
    assert runtime.run(actors.tool(), asked()).mask.count == 64


def test_a_running_job_stops_at_its_next_progress(runtime: Runtime, actors: Actors, tmp_path: Path) -> None:
    begun, passed = tmp_path / "begun", tmp_path / "passed"
    job = runtime.submit(actors.tool(), asked(begun=begun, steps=4000, passed=passed))
    wait_until(begun)
    job.cancel()
    with pytest.raises(Cancelled, match="nothing was recorded"):
        job.result(20)
    assert runtime.run(actors.tool(), asked()).mask.count == 64
    assert not passed.exists()


def test_whoever_watches_may_stop_it_too(runtime: Runtime, actors: Actors, tmp_path: Path) -> None:
    def watch(fraction: float, phrase: str) -> None:
        if phrase == "working":
            raise Cancelled("Stopped by the reader; nothing further was recorded.")

    passed = tmp_path / "passed"
    with pytest.raises(Cancelled, match="nothing further"):
        runtime.run(actors.tool(), asked(steps=4000, passed=passed), watch)
    assert runtime.run(actors.tool(), asked()).mask.count == 64
    assert not passed.exists()


def test_a_waiting_job_is_stopped_before_it_begins(runtime: Runtime, actors: Actors, tmp_path: Path) -> None:
    go, ran = tmp_path / "go", tmp_path / "ran"
    first = runtime.submit(actors.tool(), asked(begun=tmp_path / "begun", go=go))
    wait_until(tmp_path / "begun")
    waiting = runtime.submit(actors.tool(), asked(passed=ran))
    waiting.cancel()
    with pytest.raises(Cancelled):
        waiting.result(20)
    go.touch()
    assert first.result(20).mask.count == 64
    assert runtime.run(actors.tool(), asked()).mask.count == 64
    assert not ran.exists()


def test_one_at_a_time_in_order(runtime: Runtime, actors: Actors, tmp_path: Path) -> None:
    log = tmp_path / "log"
    jobs = [runtime.submit(actors.tool(), asked(passed=log, word=n, slow=0.01)) for n in range(6)]
    for job in jobs:
        job.result(20)
    assert log.read_text().split() == [str(n) for n in range(6)]
    assert jobs[0].place_in_queue == 0
    assert [j.place_in_queue for j in jobs] == sorted(j.place_in_queue for j in jobs)
    assert runtime.submit(actors.tool(), asked()).place_in_queue == 0


def test_one_case_with_forty_requests_does_not_starve_another(
    runtime: Runtime, actors: Actors, tmp_path: Path
) -> None:
    go, log = tmp_path / "go", tmp_path / "log"
    first = runtime.submit(actors.tool(), asked(begun=tmp_path / "begun", go=go), case="a")
    wait_until(tmp_path / "begun")
    many = [runtime.submit(actors.tool(), asked(passed=log, word=f"a{n}"), case="a") for n in range(40)]
    two = [runtime.submit(actors.tool(), asked(passed=log, word=f"b{n}"), case="b") for n in range(2)]
    other = runtime.submit(actors.tool(), asked(small_scan(9), passed=log, word="scan"))
    assert [job.place_in_queue for job in (*two, other)] == [1, 3, 2]
    assert many[-1].place_in_queue == 40
    go.touch()
    for job in (first, *many, *two, other):
        job.result(200)
    order = log.read_text().split()
    assert order[:6] == ["b0", "scan", "a0", "b1", "a1", "a2"]
    assert [w for w in order if w.startswith("a")] == [f"a{n}" for n in range(40)]


@pytest.mark.parametrize("error", ["ValueError", "MemoryError", "SystemExit", "KeyError"])
def test_whatever_breaks_is_tool_failed(runtime: Runtime, actors: Actors, error: str) -> None:
    with pytest.raises(ToolFailed, match=rf"acting failed \({error}\); nothing was recorded") as caught:
        runtime.run(actors.tool(), asked(**{"raise": error}))
    assert "Quimby" not in str(caught.value)
    assert runtime.run(actors.tool(), asked()).mask.count == 64


def test_the_error_underneath_is_kept_for_the_log(actors: Actors) -> None:
    runtime = Runtime("cpu")
    with pytest.raises(ToolFailed) as caught:
        runtime.run(actors.tool(), asked(**{"raise": "KeyError"}))
    runtime.close()
    assert isinstance(caught.value.__cause__, KeyError)


def test_a_tools_own_refusal_stays_what_it_is(runtime: Runtime, actors: Actors) -> None:
    with pytest.raises(NotApplicable, match="lies in air"):
        runtime.run(actors.tool(), asked(**{"raise": "NotApplicable"}))


def test_weights_that_do_not_load_are_tool_failed(runtime: Runtime, actors: Actors) -> None:
    with pytest.raises(ToolFailed, match=r"unloadable failed \(OSError\)"):
        runtime.run(actors.tool("unloadable"), asked())


@pytest.mark.parametrize("answer", ["NoneType", "int", "dict", "str"])
def test_an_answer_of_the_wrong_type(runtime: Runtime, actors: Actors, answer: str) -> None:
    with pytest.raises(ToolFailed, match=rf"answered {answer} where SegmentResult is due"):
        runtime.run(actors.tool(), asked(answer=answer))


def test_scope_is_checked_at_submission(runtime: Runtime, actors: Actors) -> None:
    with pytest.raises(NotApplicable, match="this image is MR"):
        runtime.submit(actors.tool(), asked(small_scan(modality="MR")))


def test_a_closed_runtime_refuses_work(made: Callable[[], Runtime], actors: Actors, tmp_path: Path) -> None:
    runtime, go = made(), tmp_path / "go"
    running = runtime.submit(actors.tool(), asked(begun=tmp_path / "begun", go=go))
    wait_until(tmp_path / "begun")
    waiting = runtime.submit(actors.tool(), asked())
    closer = threading.Thread(target=runtime.close)
    closer.start()
    with pytest.raises(Cancelled, match="before it began"):
        waiting.result(20)
    go.touch()
    closer.join(20)
    assert running.result(20).mask.count == 64
    with pytest.raises(ToolFailed, match="closed"):
        runtime.submit(actors.tool(), asked())


def test_a_model_is_loaded_once_and_ahead_when_asked(runtime: Runtime, actors: Actors) -> None:
    before = len(actors.loads("fresh"))
    runtime.ready(actors.tool("fresh"))
    for _ in range(3):
        runtime.run(actors.tool("fresh"), asked())
    assert actors.loads("fresh")[before:] == ["cpu"]


def test_the_device_is_found_at_first_use() -> None:
    runtime = Runtime()
    assert runtime.device in ("cpu", "cuda")
    runtime.close()


def answers(runtime: Runtime, actors: Actors, count: int) -> list[Any]:
    jobs = [runtime.submit(actors.tool(), asked(small_scan(n % 12)), case=f"case {n}") for n in range(count)]
    return [job.result(200).mask.scan_id for job in jobs]


def test_thirty_two_cases_at_once_each_get_their_own_answer(runtime: Runtime, actors: Actors) -> None:
    """Of more scans than the cluster's memory keeps at a time."""
    assert answers(runtime, actors, 32) == [small_scan(n % 12).id for n in range(32)]


def held(runtime: Runtime, actors: Actors, tmp_path: Path) -> Path:
    """Keep the tool that takes batches at work until the file that is returned is there."""
    runtime.submit(actors.tool("together"), asked(begun=tmp_path / "begun", go=tmp_path / "go"))
    wait_until(tmp_path / "begun", 200)
    (actors.folder / "batches").unlink(missing_ok=True)
    return tmp_path / "go"


def batches(actors: Actors) -> list[str]:
    file = actors.folder / "batches"
    return file.read_text().split() if file.exists() else []


def test_what_waits_is_given_to_a_tool_that_takes_batches(runtime: Runtime, actors: Actors, tmp_path: Path) -> None:
    go = held(runtime, actors, tmp_path)
    seen: dict[int, list[str]] = {n: [] for n in range(6)}
    jobs = [
        runtime.submit(
            actors.tool("together"), asked(small_scan(n), progress=[[0.5, "half"]]),
            lambda f, phrase, n=n: seen[n].append(phrase), case=f"case {n}",
        )
        for n in range(6)
    ]  # fmt: skip
    go.touch()
    assert [job.result(200).mask.scan_id for job in jobs] == [small_scan(n).id for n in range(6)]
    assert batches(actors) == ["4", "2"]
    assert all(phrases[0] == "starting" and "half" in phrases for phrases in seen.values())


def test_in_a_batch_each_fails_or_is_stopped_alone(runtime: Runtime, actors: Actors, tmp_path: Path) -> None:
    def stop(fraction: float, phrase: str) -> None:
        raise Cancelled("Stopped by the reader; nothing further was recorded.")

    go, tool = held(runtime, actors, tmp_path), actors.tool("together")
    good = runtime.submit(tool, asked(), case="a")
    refused = runtime.submit(tool, asked(**{"raise": "NotApplicable"}), case="b")
    stopped = runtime.submit(tool, asked(), stop, case="c")
    wrong = runtime.submit(tool, asked(answer="int"), case="d")
    go.touch()
    assert good.result(200).mask.count == 64
    with pytest.raises(NotApplicable, match="lies in air"):
        refused.result(200)
    with pytest.raises(Cancelled, match="nothing further"):
        stopped.result(200)
    with pytest.raises(ToolFailed, match="answered int"):
        wrong.result(200)
    assert batches(actors) == ["3"], "the stopped one left before the batch began"
    assert runtime.submit(tool, asked()).place_in_queue == 0


def test_a_batch_that_breaks_is_answered_one_by_one(runtime: Runtime, actors: Actors, tmp_path: Path) -> None:
    go, tool = held(runtime, actors, tmp_path), actors.tool("together")
    jobs = [runtime.submit(tool, asked(small_scan(n), spoil=n == 1), case=f"case {n}") for n in range(3)]
    go.touch()
    assert [job.result(200).mask.scan_id for job in jobs] == [small_scan(n).id for n in range(3)]
    assert batches(actors) == ["3"]
