"""A worker process: ``python -m agent.batch.worker`` takes jobs on standard input until that closes.

It closes when the batch is gone, however that ended: the worker then ends at once, so that nobody works on for
nobody. What libraries print goes to standard error.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from typing import TextIO

from agent.batch.crew import job_of
from agent.batch.model import BatchStopped, Job
from agent.batch.one import run_study
from agent.workspace import Workspace


def main(workspace: Workspace) -> None:
    """Work on what comes in; answer a line a job."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # a library that prints must not break into an answer
    jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin, jobs), name="scanwright-batch", daemon=True).start()
    while True:
        job = jobs.get()
        try:
            said = run_study(workspace, job).to_json()
        except BatchStopped as error:
            said = {"stopped": str(error)}
        answers.write(json.dumps(said, ensure_ascii=False) + "\n")
        answers.flush()


def _listen(lines: TextIO, jobs: queue.SimpleQueue[Job]) -> None:
    for line in lines:
        jobs.put(job_of(json.loads(line)))
    os._exit(0)


if __name__ == "__main__":
    main(Workspace.open())
