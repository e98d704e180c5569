"""A turn in a process of its own that is killed (SIGKILL) at a point that is named; run by `test_kill`.

    python killed_turn.py HOME CASE POINT    POINT: tool, evidence, finished, clause, settle, none or a delay like 0.05
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent)]

import scripted  # noqa: E402

from agent import Clause, Session, ToolFinished  # noqa: E402
from agent.thread import Thread  # noqa: E402
from tools import MeasureRequest, MeasureResult  # noqa: E402
from tools.measure import LesionMeasure  # noqa: E402


def die() -> None:
    """End this process as a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)


class Dying(LesionMeasure):
    """Measures, and is killed in the middle of it."""

    def run(self, request: MeasureRequest, progress: Any = lambda fraction, phrase: None) -> MeasureResult:
        die()
        return super().run(request, progress)


class DyingThread(Thread):
    """Is killed after the turn, before its thread is settled."""

    def settle(self, released: Any) -> bool:
        die()
        return super().settle(released)


class DyingSession(Session):
    """A session whose thread dies."""

    @property
    def thread(self) -> Thread:
        """The kept conversation."""
        return DyingThread(self.graph, self.workspace.checkpoints, self.case_id)


def main(home: str, case: str, point: str) -> None:
    """Run one turn and die at the point."""
    made = scripted.workspace(Path(home))
    if point == "tool":
        made.registry = type(made.registry)()
        for tool in (*scripted.TOOLS[:-1], Dying):
            made.registry.add(tool)
    kind = DyingSession if point == "settle" else Session
    session = kind.open(case=case, workspace=made)
    print("ready", flush=True)
    if point.replace(".", "").isdigit():
        threading.Timer(float(point), die).start()
    for event in session.ask("62, never smoked. tighter, measure it and write the report"):
        ended = isinstance(event, ToolFinished)
        if (point == "evidence" and ended) or (point == "clause" and isinstance(event, Clause)):
            die()
        if point == "finished" and ended and event.function == "measure":
            die()
    print("done", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
