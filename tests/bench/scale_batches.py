"""Studies an hour and memory of a batch: generated chests, the sample CTs where they are; one worker, and one a core.

    python tests/bench/scale_batches.py [--studies N]

The rate that lasts is taken from the second study of each worker on (the first loads the models); memory is the sum of
what the run's processes hold by themselves (PSS), sampled, at its most.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
SAMPLES = ROOT.parent / "shared" / "data" / "sample"
EVERY_S = 0.5


def measure(studies: int = 6, workers: Sequence[int] | None = None) -> list[dict[str, Any]]:
    """Return a row for each set of studies and number of workers."""
    return list(each(studies, workers))


def each(studies: int = 6, workers: Sequence[int] | None = None) -> Iterator[dict[str, Any]]:
    """Yield the rows of `measure` as they come."""
    import batches

    with tempfile.TemporaryDirectory(prefix="scanwright-bench-") as name:
        base = Path(name)
        sets: dict[str, Callable[[Path], object]] = {
            "generated chests, 243 x 179 x 96": lambda folder: [
                batches.phantom(folder / f"{n}.nii.gz", n) for n in range(studies)
            ]
        }
        if SAMPLES.is_dir():
            sets["sample CTs, 512 x 512, 5 and 8 mm"] = _samples
        for number, (what, fill) in enumerate(sets.items()):
            folder = base / "in" / str(number)
            folder.mkdir(parents=True)
            fill(folder)
            for count in workers or sorted({1, os.cpu_count() or 1}):
                yield {"what": what, **_run(folder, base / f"run{number}-{count}", count)}


def _samples(folder: Path) -> None:
    for file in sorted(SAMPLES.glob("lung*_image.nrrd")):
        shutil.copy(file, folder / file.name)


def _run(folder: Path, base: Path, workers: int) -> dict[str, Any]:
    from agent import Settings, Workspace
    from agent.batch import Batch, Options, Processes, find_studies

    workspace = Workspace.open(Settings(home=base / "home"))
    found = find_studies(folder, modality="CT", body_part="CHEST")
    sampler = _Sampler()
    began = time.monotonic()
    try:
        with sampler:
            batch = Batch(workspace, base / "out", Options(), Processes(workspace, workers))
            result = batch.run(found.studies)
    finally:
        workspace.close()
    wall = time.monotonic() - began
    later = [o.seconds for o in result.outcomes][workers:]
    return {
        "workers": workers, "studies": len(result.outcomes), "failed": sum(o.status == "failed" for o in result.outcomes),
        "wall_s": round(wall, 1), "per_hour_whole": round(3600 * len(result.outcomes) / wall),
        "per_hour_lasting": round(3600 * workers / statistics.median(later)) if later else None,
        "peak_mb": round(sampler.peak / 2**20), "device": workspace.runtime.device,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
    }  # fmt: skip


class _Sampler(threading.Thread):
    """What this process's children and theirs hold in memory, at its most, in bytes."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self._over = threading.Event()

    def __enter__(self) -> _Sampler:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self.join()

    def run(self) -> None:
        while not self._over.wait(EVERY_S):
            self.peak = max(self.peak, sum(_held(p) for p in _family(os.getpid())))


def _family(root: int) -> list[int]:
    """Return the ids of a process's children, and theirs."""
    parents: dict[int, int] = {}
    for place in Path("/proc").iterdir():
        if place.name.isdigit():
            try:
                parents[int(place.name)] = int((place / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (OSError, IndexError, ValueError):
                continue
    found, waiting = [], [root]
    while waiting:
        one = waiting.pop()
        children = [child for child, parent in parents.items() if parent == one]
        found += children
        waiting += children
    return found


def _held(process: int) -> int:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--studies", type=int, default=6)
    for row in each(parser.parse_args().studies):
        print(json.dumps(row), flush=True)
