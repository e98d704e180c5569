"""Who works on a batch's studies: processes of our own, or threads over an engine that runs the models elsewhere.

A worker process takes one study after the other over its standard input and answers on its standard output, a JSON
object a line. One that dies costs its study alone; one whose batch is gone ends at once, in the middle of a study.
Knows no journal.
"""

from __future__ import annotations

import dataclasses
import json
import os
import queue
import subprocess
import sys
import threading
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from agent.batch.model import BatchStopped, Job, Options, Outcome
from agent.batch.one import drop_case, run_study
from agent.settings import for_a_process, set_already
from agent.workspace import Workspace
from tools.device import cores
from tools.inference.memory import free_bytes

RENEWED_AFTER = 200
"""Studies after which a worker process is replaced, so that what libraries never give back stays bounded."""
MOST_DEATHS = 5
"""Workers that end one after the other, with no study done between, before the batch is given up."""
_ROOT = str(Path(__file__).resolve().parents[2])
BYTES_EACH = 4 * 2**30
"""Memory that a worker is given room for: it holds torch, the models and one study with what is computed of it."""
MOST_ON_GPU = 4
"""Workers that share a GPU: each has the models on it, and while one computes the others read and write."""
REMOTE = 8
"""Studies at once where the models run on a cluster: enough to keep it busy while others are read and written."""
_COMMAND = ("-m", "agent.batch.worker")
_SPUN = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")


class Crew(ABC):
    """Some workers, each at one study at a time."""

    size: int

    @abstractmethod
    def work(self, job: Job) -> Outcome:
        """Work on a study and return what came of it; called from `size` threads at once. Raises BatchStopped."""

    @abstractmethod
    def close(self) -> None:
        """Let the workers go; what is under way ends where it is."""


class Threads(Crew):
    """Workers in this process: for an engine that runs the models elsewhere."""

    def __init__(self, workspace: Workspace, size: int) -> None:
        self._workspace = workspace
        self.size = size

    def work(self, job: Job) -> Outcome:
        """See `Crew.work`."""
        return run_study(self._workspace, job)

    def close(self) -> None:
        """Nothing to let go: the workspace is its opener's."""


class Processes(Crew):
    """Workers in processes of their own, started when they are first needed."""

    def __init__(self, workspace: Workspace, size: int, command: tuple[str, ...] = _COMMAND) -> None:
        """Keep up to `size` processes of our interpreter with this command; they open the same data folder."""
        self._workspace = workspace
        self.size = size
        self._command = command
        self._idle: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        self._all: set[_Worker] = set()
        self._lock = threading.Lock()
        self._closed = False
        self._deaths = 0

    def work(self, job: Job) -> Outcome:
        """See `Crew.work`."""
        worker = self._take()
        answer = worker.ask(job)
        if answer is None:
            self._end(worker)
            self._deaths += 1
            if self._closed or self._deaths >= MOST_DEATHS:
                raise BatchStopped(f"The batch was stopped: {self._deaths} workers ended, the last by {worker.ended}.")
            drop_case(self._workspace, job.case, job.options.owner)
            return Outcome(
                study=job.study, status="failed", error="WorkerDied",
                message=f"The process that worked on it ended ({worker.ended}). Where memory is short, run it alone: "
                "--workers 1.",
            )  # fmt: skip
        self._deaths = 0
        if worker.done >= RENEWED_AFTER:
            self._end(worker)
        else:
            self._idle.put(worker)
        if "stopped" in answer:
            raise BatchStopped(answer["stopped"])
        return Outcome.from_json(answer)

    def close(self) -> None:
        """See `Crew.close`."""
        with self._lock:
            self._closed = True
            workers = list(self._all)
        for worker in workers:
            self._end(worker)

    def _take(self) -> _Worker:
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            pass
        with self._lock:
            if self._closed:
                raise BatchStopped("The batch was stopped.")
            worker = _Worker(self._command, self._environment())
            self._all.add(worker)
        return worker

    def _end(self, worker: _Worker) -> None:
        with self._lock:
            self._all.discard(worker)
        worker.end()

    def _environment(self) -> dict[str, str]:
        """Return the environment of a worker: the cores are shared out, where the user has not done so."""
        path = os.pathsep.join(filter(None, (_ROOT, set_already("PYTHONPATH"))))
        settings = self._workspace.settings
        each = str(max(1, cores() // self.size))
        spread = {name: set_already(name) or each for name in _SPUN}
        return for_a_process(**spread, PYTHONPATH=path, SCANWRIGHT_HOME=str(settings.home))


class _Worker:
    """One process."""

    def __init__(self, command: tuple[str, ...], environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, encoding="utf-8", env=environment, start_new_session=True,
        )  # fmt: skip
        self.done = 0

    def ask(self, job: Job) -> dict[str, Any] | None:
        """Return the answer to a job, or None when the process died over it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(dataclasses.asdict(job)) + "\n")
            self._process.stdin.flush()
            answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        except (OSError, ValueError):
            return None
        self.done += 1
        return answer

    @property
    def ended(self) -> str:
        """How it ended."""
        code = self._process.wait()
        return f"signal {-code}" if code < 0 else f"exit {code}"

    def end(self) -> None:
        """Stop it, wherever it is."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()


def job_of(data: dict[str, Any]) -> Job:
    """Build a job from its JSON."""
    return Job(**{**data, "files": tuple(data["files"]), "options": Options(**data["options"])})


def crew_for(workspace: Workspace, size: int | None = None) -> Crew:
    """Return the crew that suits this workspace: processes of our own, or threads over an engine elsewhere.

    `size`: studies at once; None takes what the engine, or this machine, does best with.
    """
    if workspace.settings.engine == "ray":
        return Threads(workspace, size or REMOTE)
    return Processes(workspace, size or _fitting())


def _fitting() -> int:
    """Return how many worker processes suit this machine: one a core, as far as its memory and its GPU hold them.

    Memory is what is free here, in a container what that is given: a machine's own size would have workers killed.
    """
    memory = free_bytes()
    most = MOST_ON_GPU if Path("/dev/nvidia0").exists() else cores()
    return max(1, min(cores(), most, int(memory // BYTES_EACH)))
