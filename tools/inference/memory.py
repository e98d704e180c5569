"""Memory: what a network needs, what there is, and what is done when it does not fit: smaller, then slower, said so.

`first_that_fits` is the house's one answer to a device that is out of memory; whoever runs a network gives it the ways
there are, best first. Knows no network's kind and no tool.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from tools.errors import ToolFailed

log = logging.getLogger(__name__)

T = TypeVar("T")
_measured: WeakKeyDictionary[Any, dict[str, tuple[float, float]]] = WeakKeyDictionary()
"""Of each network that lives, by device: bytes a voxel, and values a voxel of its widest layer."""
COUNTED = 2**31
"""Values of one tensor that many of a GPU's kernels can count (32 bits); where there is memory for more they refuse."""

MACHINE, CONTAINER = Path("/proc/meminfo"), Path("/sys/fs/cgroup")
"""Where Linux says what is free: of the machine, and of the container that this process is in."""
SHARE = 0.6
"""Of the memory that is free, used at most: the rest is the allocator's waste, the answer and everybody else's."""
_WORDS = (
    "out of memory", "can't allocate memory", "not enough memory", "alloc_failed", "unable to allocate",
    "unable to find an engine",
)  # fmt: skip
"""How torch and the libraries below it say so where the error has no type of its own; the last is cuDNN without room
to work in."""


@dataclass(frozen=True)
class Attempt(Generic[T]):
    """One way to do a piece of work.

    Attributes:
        said: what the reader is told when it took this way, e.g. ``in smaller windows``; the first way says nothing.
        act: does the work.
    """

    said: str
    act: Callable[[], T]


def first_that_fits(attempts: Sequence[Attempt[T]], what: str) -> tuple[T, tuple[str, ...]]:
    """Return the first way's result whose memory sufficed, and a note on it (none for the first way).

    Args:
        attempts: the ways, best first, each needing less memory than the one before, or that of another device.
        what: for messages, e.g. ``nodule-segmenter``.

    Raises:
        ToolFailed: none fitted.
    """
    for n, attempt in enumerate(attempts):
        try:
            result = attempt.act()
        except (MemoryError, RuntimeError) as error:  # torch's own error of a full GPU is a RuntimeError
            if not is_out_of_memory(error):
                raise
            log.warning("%s: out of memory (way %d of %d)", what, n + 1, len(attempts))
        else:
            if n == 0:
                return result, ()
            return result, (f"The memory did not suffice for the usual way: {what} ran {attempt.said}.",)
        free_what_is_held()
    raise ToolFailed(
        f"{what} needs more memory than there is, in each of {len(attempts)} ways tried; nothing was recorded. Close "
        "other programs, or load a part of the scan."
    )


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error says that memory ran out, on the GPU or off it."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _WORDS)


def free_what_is_held() -> None:
    """Give back what was left over by work that failed, and what torch holds in reserve on a GPU."""
    gc.collect()
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()


@contextlib.contextmanager
def on_cpu(network: Any, device: str) -> Iterator[None]:
    """Have a network on the CPU for a while, then on its device again.

    Where there is no room for it there now, all of it stays on the CPU and `placed` tries again at its next use.
    """
    network.to("cpu")
    try:
        yield
    finally:
        try:
            network.to(device)
        except (MemoryError, RuntimeError) as error:
            network.to("cpu")  # a network on two devices answers nothing
            if not is_out_of_memory(error):
                raise
            log.warning("no room on %s to put a network back; it is tried again at its next use", device)


def placed(network: Any, device: str) -> Any:
    """Return a network on a device, put there where it had to stay on the CPU."""
    held = next(iter(network.parameters()), None) if hasattr(network, "parameters") else None
    return network.to(device) if held is not None and held.device.type != device.partition(":")[0] else network


def room_bytes(device: str) -> float:
    """Return the bytes that a network may use on a device, `SHARE` of what is free."""
    if device.startswith("cuda"):
        import torch

        free, _ = torch.cuda.mem_get_info(device)
        reserve = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return SHARE * (free + reserve)
    return SHARE * free_bytes()


def free_bytes(machine: Path = MACHINE, group: Path = CONTAINER) -> float:
    """Return the bytes of memory that this machine, and this container, has free."""
    found = [math.inf]
    try:
        lines = dict(line.split(":") for line in machine.read_text(encoding="ascii").splitlines())
        found.append(float(lines["MemAvailable"].split()[0]) * 1024)
        most = (group / "memory.max").read_text(encoding="ascii").strip()
        if most != "max":
            found.append(float(most) - float((group / "memory.current").read_text(encoding="ascii")))
    except (OSError, ValueError, LookupError):
        pass
    least = min(found)
    return least if math.isfinite(least) else 4.0 * 2**30


def most_voxels(network: Any, channels: int, window: Sequence[int], device: str, batch: int) -> float:
    """Return the voxels that a window may have, `batch` at a time, measured on a small one.

    Bounded by the memory there is, and on a GPU by what its kernels can count.
    """
    need, widest = _needs(network, channels, window, device)
    room = room_bytes(device) / max(need * batch, 1.0)
    return min(room, COUNTED / (widest * batch)) if device.startswith("cuda") else room


def _needs(network: Any, channels: int, window: Sequence[int], device: str) -> tuple[float, float]:
    """Return bytes and values of the widest layer, a voxel of a window.

    On a GPU the bytes are the peak of its allocator; elsewhere the sum of all that the layers give out, which is more
    than is alive at a time and so on the safe side.
    """
    import torch

    known = _measured.get(network, {}).get(device)
    if known is None:
        sample = torch.zeros((1, channels, *window), device=device)
        need, widest = _measure(sample, placed(network, device), device)
        known = need / math.prod(window), widest / math.prod(window)
        _measured.setdefault(network, {})[device] = known
    return known


def _measure(sample: Any, network: Any, device: str) -> tuple[float, float]:
    """Return the bytes that a network needs for a sample, and the values of its widest layer."""
    import torch

    with torch.inference_mode():
        given_out, widest = _given_out(network, sample)  # on a GPU what is set up once is then not counted
        if not device.startswith("cuda"):
            return given_out, widest
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        network(sample)
        return float(torch.cuda.max_memory_allocated(device) - before), widest


def _given_out(network: Any, sample: Any) -> tuple[float, float]:
    """Return the bytes of all that a network's layers give out, and the values of the widest."""
    total, widest = [float(sample.nbytes)], [float(sample.numel())]

    def count(module: Any, given: Any, answer: Any) -> None:
        if hasattr(answer, "nbytes"):
            total[0] += answer.nbytes
            widest[0] = max(widest[0], answer.numel())

    hooks = [m.register_forward_hook(count) for m in network.modules() if not list(m.children())]
    try:
        network(sample)
    finally:
        for hook in hooks:
            hook.remove()
    return total[0], widest[0]
