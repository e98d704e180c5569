"""What an engine adds to a call: a tool that does nothing, on a scan of 60 slices that was handed over before.

    python tests/bench/engines.py [--only local|ray]

The aim is under 20 ms a call in this process and under 60 ms with Ray. Times include the queue, progress and the way
there and back; "first" is from nothing to the first answer.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from tools import Known, Mask, MeasureRequest, Registry, Runtime, Scan
from tools.runtime import open_runtime

CALLS = 60
AIM_MS = {"local": 20.0, "ray": 60.0}
SHAPE = (512, 512, 60)
TOOL = '''
from tools import MeasureResult, Quantity, ToolSpec, VisionTool


class Nothing(VisionTool):
    spec = ToolSpec(name="nothing", task="measure", version="1", summary="does nothing", not_for="n", modalities=("CT",),
                    body_parts=(), labels=(), licence="MIT")

    def run(self, request, progress=lambda fraction, phrase: None):
        progress(0.5, "half")
        seen = int(request.scan.voxels[0, 0, 0])
        return MeasureResult((Quantity("seen", seen, "1", "one voxel"), Quantity("held", request.mask.count, "1", "m")))
'''


def scan_of(value: int) -> Scan:
    """Return a scan of 60 slices, 31 MB."""
    voxels = np.full(SHAPE, value, np.int16, order="F")
    return Scan.build(voxels, np.diag([0.7, 0.7, 2.5, 1.0]), modality=Known("CT", "known"))


def measure(only: str | None = None) -> list[dict[str, Any]]:
    """Return a row an engine: ms a call (median, worst of 20), ms to hand a new scan over, s to the first answer."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "nothing.py").write_text(TOOL, encoding="utf-8")
        for engine in (only,) if only else tuple(AIM_MS):
            runtime = open_runtime("cpu", engine=engine, folder=folder)
            try:
                rows.append(_row(engine, runtime, folder))
            finally:
                runtime.close()
    return rows


def _row(engine: str, runtime: Runtime, folder: Path) -> dict[str, Any]:
    tool = Registry.discover(folder).get("nothing")
    scan, other = scan_of(1), scan_of(2)
    mask, also = (Mask.from_grid(s.id, _ball(), s.affine) for s in (scan, other))

    def call(request: MeasureRequest) -> float:
        begun = time.perf_counter()
        result = runtime.run(tool, request, lambda fraction, phrase: None)
        spent = time.perf_counter() - begun
        assert [q.value for q in result.quantities] == [request.scan.voxels[0, 0, 0], request.mask.count]
        return spent

    first = call(MeasureRequest(scan, mask))
    times = sorted(1000 * call(MeasureRequest(scan, mask)) for _ in range(CALLS))
    return {
        "engine": engine,
        "calls": CALLS,
        "ms a call, median": round(statistics.median(times), 2),
        "ms a call, 95th of 100": round(times[int(0.95 * CALLS)], 2),
        "aim, ms": AIM_MS[engine],
        "ms of a first call on a new scan": round(1000 * call(MeasureRequest(other, also)), 1),
        "s to the first answer": round(first, 2),
    }


def _ball() -> np.ndarray[Any, np.dtype[np.bool_]]:
    held = np.zeros(SHAPE, bool)
    held[200:240, 200:240, 20:30] = True
    return held


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description="What an engine adds to a call.")
    parser.add_argument("--only", choices=tuple(AIM_MS))
    for row in measure(parser.parse_args().only):
        print("; ".join(f"{key}: {value}" for key, value in row.items()))


if __name__ == "__main__":
    main()
