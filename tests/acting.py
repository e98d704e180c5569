"""A real tool, written into a folder, that does what each request's parameters say: the same here and on a cluster.

It tells what it did through files beside the ones it is given, as a worker shares no memory with the test.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from tools import Known, Registry, Scan, SegmentRequest
from tools.registry import Installed

TOOL = '''
import os
import time
from pathlib import Path

import numpy as np
from tools import Mask, NotApplicable, SegmentResult, ToolSpec, VisionTool

HERE = Path(__file__).parent
ERRORS = {"ValueError": ValueError("Quimby, Zephyr: 1911"), "MemoryError": MemoryError(), "SystemExit": SystemExit(2),
          "KeyError": KeyError("x"), "NotApplicable": NotApplicable("The point lies in air.")}
ANSWERS = {"NoneType": None, "int": 3, "dict": {"mask": 1}, "str": "done"}


def spec(name, version="1.0.0", batch=1):
    return ToolSpec(name=name, batch=batch, task="segment", version=version, summary="s", not_for="n", modalities=("CT",), body_parts=(),
                    labels=(), licence="MIT", parameters={"type": "object"})


def note(path, word):
    with open(path, "a") as file:
        file.write(word + "\\n")


def wait_for(path, progress):
    for _ in range(30_000):  # five minutes: the test says when, and a busy machine may start another worker before
        if Path(path).exists():
            return
        time.sleep(0.01)
    raise TimeoutError(path)


class Acting(VisionTool):
    spec = spec("acting")

    def load(self, device):
        note(HERE / f"{self.spec.name}-loads", f"{device} {os.getpid()}")

    def run(self, request, progress=lambda fraction, phrase: None):
        given = dict(request.parameters)
        if "begun" in given:
            note(given["begun"], str(os.getpid()))
        for fraction, phrase in given.get("progress", ()):
            progress(fraction, phrase)
        if "go" in given:
            wait_for(given["go"], progress)
        for _ in range(given.get("steps", 0)):
            progress(0.1, "working")
            time.sleep(0.005)
        if given.get("die") and not Path(given["die"]).exists():
            note(given["die"], "died")
            os.kill(os.getpid(), 9)
        if given.get("always die"):
            os.kill(os.getpid(), 9)
        if "slow" in given:
            time.sleep(given["slow"])
        if "raise" in given:
            raise ERRORS[given["raise"]]
        if "passed" in given:
            note(given["passed"], str(given.get("word", "passed")))
        if "answer" in given:
            return ANSWERS[given["answer"]]
        scan = request.scan
        assert not scan.voxels.flags.writeable
        assert scan.source.files == () or not given.get("no_source")
        return SegmentResult(Mask.from_grid(scan.id, scan.voxels == 0, scan.affine), 0.5, (str(os.getpid()),))


class Unloadable(Acting):
    spec = spec("unloadable")

    def load(self, device):
        raise OSError("no weights")


class Fresh(Acting):
    spec = spec("fresh")


class Together(Acting):
    spec = spec("together", batch=4)

    def run_batch(self, requests, progress=lambda fraction, phrase: None):
        note(HERE / "batches", str(len(requests)))
        if any(r.parameters.get("spoil") for r in requests):
            raise MemoryError
        return super().run_batch(requests, progress)
'''


class Actors:
    """The tools in a folder, and requests to them."""

    def __init__(self, folder: Path, text: str = TOOL) -> None:
        self.folder = folder / "tools"
        self.folder.mkdir()
        (self.folder / "acting.py").write_text(text, encoding="utf-8")
        self.registry = Registry.discover(self.folder)
        assert not self.registry.broken

    def tool(self, name: str = "acting") -> Installed:
        """Return a tool of the folder."""
        return self.registry.get(name)

    def loads(self, name: str) -> list[str]:
        """Return the device of each time a tool was loaded."""
        file = self.folder / f"{name}-loads"
        return [line.split()[0] for line in file.read_text().splitlines()] if file.exists() else []


def asked(scan: Scan | None = None, **parameters: Any) -> SegmentRequest:
    """Return a request that says what to do; paths become text."""
    given = {key: str(value) if isinstance(value, Path) else value for key, value in parameters.items()}
    return SegmentRequest(scan or small_scan(), point=(1.0, 1.0, 1.0), parameters=given)


def small_scan(value: int = 0, modality: str = "CT") -> Scan:
    """Return 64 voxels, all zero but for one."""
    voxels = np.zeros((4, 4, 4))
    voxels[3, 3, 3] = value
    return Scan.build(voxels, np.eye(4), modality=Known(modality, "known"))


def wait_until(path: Path, seconds: float = 30.0) -> None:
    """Wait until a file is there."""
    until = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < until, f"{path.name} never came"
        time.sleep(0.005)
