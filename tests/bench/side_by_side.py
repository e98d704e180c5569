"""Timing two or more ways in turn, so that a machine whose speed drifts harms all of them alike.

A figure is the median over rounds of a way's time, and of its ratio to the first way's time in the same round.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def in_turn(ways: Mapping[str, Callable[[], Any]], rounds: int, warm: int = 1, clock: Callable[[], float] = time.perf_counter) -> dict[str, dict[str, float]]:
    """Return median seconds of each way, and its median, least and largest ratio to the first; `warm` rounds go first.

    With `clock=time.process_time` it is this process's own seconds of CPU: what a busy machine leaves alone.
    """
    times: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + warm):
        for name, act in ways.items():
            began = clock()
            act()
            if number >= warm:
                times[name].append(clock() - began)
    first = times[next(iter(ways))]
    found = {}
    for name, held in times.items():
        ratios = sorted(a / b for a, b in zip(held, first, strict=True))
        found[name] = {
            "seconds": statistics.median(held), "ratio": statistics.median(ratios), "least": ratios[0], "most": ratios[-1],
        }  # fmt: skip
    return found


def in_a_process(module: str, call: str, seconds: float = 900.0) -> Any:
    """Return what a function of a bench module returns, run in a process of its own, so that its peak memory is its own.

    Raises:
        RuntimeError: it failed, or took longer than these seconds.
    """
    code = f"import json, {module}; print('RESULT' + json.dumps({module}.{call}))"
    try:
        done = _run(code, seconds)
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"{module}.{call} took longer than {seconds:.0f} s on this machine as busy as it was") from error
    if done.returncode:
        raise RuntimeError(f"{module}.{call} failed: {done.stderr[-800:]}")
    return json.loads(done.stdout.rpartition("RESULT")[2])


def _run(code: str, seconds: float) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT, timeout=seconds,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tests"), str(Path(__file__).parent)))},
    )  # fmt: skip


def from_here() -> float:
    """Begin to look for this process's largest memory anew; return megabytes resident now."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _status("VmRSS")


def peak_mb() -> float:
    """Return the largest resident memory of this process since `from_here`, in megabytes."""
    return _status("VmHWM")


def _status(key: str) -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{key}:"))


def machine() -> dict[str, Any]:
    """Return what the figures were measured on, and how busy it was."""
    import torch

    named = next((v.partition(":")[2].strip() for v in _cpuinfo() if v.startswith("model name")), platform.processor())
    gpu = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "none"
    return {
        "processor": named, "cores": len(os.sched_getaffinity(0)), "gpu": gpu, "threads": torch.get_num_threads(),
        "load": [round(v, 1) for v in os.getloadavg()], "python": platform.python_version(), "torch": torch.__version__,
    }  # fmt: skip


def _cpuinfo() -> list[str]:
    try:
        return Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return []
