"""A tool that runs in a process of its own, as the registry and the runtime see it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from tools import contract
from tools.contract import Progress, Request, ToolFailed, ToolSpec
from tools.isolated.wire import read_result, write_request

TIME_LIMIT_S = 600.0
MEMORY_LIMIT_MB = 16_000
"""Of address space, of which libraries that are imported take some 6,000 without using them."""
_ERRORS = ("UnknownTool", "NotApplicable", "MissingSpacing", "ToolFailed")


class IsolatedTool:
    """Runs a tool of a name in a child process, one a request."""

    def __init__(
        self, spec: ToolSpec, folder: Path | None, time_limit_s: float = TIME_LIMIT_S, megabytes: int = MEMORY_LIMIT_MB
    ) -> None:
        self.spec = spec
        self._folder = folder
        self._time_limit_s = time_limit_s
        self._megabytes = megabytes
        self._device = ""

    def load(self, device: str) -> None:
        """Note the device; the child loads at each run."""
        self._device = device

    def run(self, request: Request, progress: Progress = lambda fraction, phrase: None) -> Any:
        """Hand the request to a child and return its result.

        Raises:
            ToolError: what the tool raised, or ToolFailed when the child died, took too long or too much memory.
        """
        with tempfile.TemporaryDirectory(prefix="scanwright-tool-") as name:
            work = Path(name)
            write_request(work, request)
            self._child(work, progress)
            return read_result(work, self.spec.task)

    def _child(self, work: Path, progress: Progress) -> None:
        command = [
            sys.executable, "-m", "tools.isolated.child", self.spec.name, str(self._folder or ""), str(work),
            self._device, str(self._megabytes),
        ]  # fmt: skip
        here = str(Path(__file__).resolve().parents[2])
        path = os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH"))))
        environment = {**os.environ, "PYTHONPATH": path}
        child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
        )
        late = threading.Event()

        def stop() -> None:
            late.set()
            child.kill()

        watch = threading.Timer(self._time_limit_s, stop)
        watch.start()
        try:
            ended = _listen(child, progress)
        finally:
            watch.cancel()
            child.kill()
            child.wait()
            if child.stdout is not None:
                child.stdout.close()
        if late.is_set():
            raise ToolFailed(
                f"{self.spec.name} was stopped after {self._time_limit_s:.0f} s; nothing was recorded. "
                "Try another tool."
            )
        if not ended:
            how = "was killed" if child.returncode < 0 else "ended"
            raise ToolFailed(f"{self.spec.name}'s process died: it {how} before it answered; nothing was recorded.")


def _listen(child: subprocess.Popen[str], progress: Progress) -> bool:
    """Pass progress on until the child says it is done; return whether it did. Raises what it raised, and Cancelled."""
    assert child.stdout is not None
    for line in child.stdout:
        try:
            said = json.loads(line)
        except ValueError:
            continue
        if "progress" in said:
            progress(float(said["progress"][0]), str(said["progress"][1]))
        elif "error" in said:
            kind, text = said["error"]
            raise getattr(contract, kind if kind in _ERRORS else "ToolFailed")(text)
        elif said.get("done"):
            return True
    return False
