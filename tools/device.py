"""Which device models run on, and how many threads compute on a CPU."""

from __future__ import annotations

import contextlib
import math
import os
import sys
from collections.abc import Mapping
from pathlib import Path

OWN_SETTINGS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
"""Where a user says how many threads compute: then nothing is changed here."""
CONTAINER = Path("/sys/fs/cgroup/cpu.max")


def best_device() -> str:
    """Return ``cuda`` when there is a GPU that torch can use, else ``cpu``."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def cores(quota: Path = CONTAINER) -> int:
    """Return the cores that this process may use: those it is bound to, within its container's share of time."""
    try:
        found = len(os.sched_getaffinity(0))
    except AttributeError:  # only Linux tells
        found = os.cpu_count() or 1
    with contextlib.suppress(OSError, ValueError):  # no container, or "max"
        share, period = quota.read_text(encoding="ascii").split()
        found = min(found, math.ceil(float(share) / float(period)))
    return max(1, found)


def use_cores(available: int | None = None, environment: Mapping[str, str] = os.environ) -> None:
    """Let torch compute on no more threads than there are cores, and on no thread beside those.

    More of them fight for the cores: a window took three times as long. A smaller number that was set stays, and so
    does what the user's environment says. Does nothing before torch is imported.
    """
    torch = sys.modules.get("torch")
    if torch is None or any(environment.get(name) for name in OWN_SETTINGS):
        return
    most = cores() if available is None else available
    if torch.get_num_threads() > most:
        torch.set_num_threads(most)
    if torch.get_num_interop_threads() != 1:
        with contextlib.suppress(RuntimeError):  # somebody else's work has begun already
            torch.set_num_interop_threads(1)
