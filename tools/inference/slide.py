"""A network over all windows of a volume, blended into one answer. Arrays are torch's, (1, channel, *axes).

With a bundle's own window, overlap and blending the answers are those of MONAI's `sliding_window_inference`, to
rounding. Windows in which nothing lies that matters are left out; an image too large for the device goes there a batch
of windows at a time, each put together while the one before is computed; sums stay on the device. Knows no scan and no
file.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from tools.errors import ToolFailed
from tools.inference.memory import Attempt, first_that_fits, is_out_of_memory, most_voxels, on_cpu, placed, room_bytes
from tools.inference.precision import has_fast_bfloat16
from tools.inference.windows import OVERLAP, Windows, fitted

Progress = Callable[[float], None]

LEAST_WEIGHT = 1e-3
"""Of a Gaussian's corner: below it a weight is as good as nothing and would be divided by."""
BATCH = {"cuda": 4, "cpu": 1}
"""Windows at a time. On a CPU one: four took 15.5 s where one by one took 12.8 (nine windows of 96^3, two cores)."""
FLOAT_BYTES = 4
IMAGE_SHARE = 0.25
"""An image that takes at most this share of a GPU's room is put there whole."""
TRIAL = 48
"""Side of the window on which a network's memory is measured; a volume no larger than that is not cut at all."""


class OtherSize(ToolFailed):
    """The network answers on another grid than it is given: its windows cannot be put together here."""


@dataclass(frozen=True)
class Sliding:
    """How a volume is gone through.

    Attributes:
        window: voxels an axis; a side of 0 or less is the volume's own; None fits windows to volume and memory.
        overlap: share of a side that neighbours see too.
        mode: weight of a window's voxels: the same for all, or less toward its border.
        sigma_scale: of the Gaussian, in sides of the window.
        padding_mode, pad_value: what stands outside a volume smaller than the window.
        multiple: of a fitted window's sides.
        batch: windows at a time; None: as the device likes it.
        bfloat16: compute in sixteen bits where the device is fast in them (`precision.py`).
        outside: the answer, a value a channel, where no window was looked at.
    """

    window: tuple[int, ...] | None = None
    overlap: float | tuple[float, ...] = OVERLAP
    mode: Literal["constant", "gaussian"] = "constant"
    sigma_scale: float | tuple[float, ...] = 0.125
    padding_mode: str = "constant"
    pad_value: float = 0.0
    multiple: int = 16
    batch: int | None = None
    bfloat16: bool = False
    outside: tuple[float, ...] | None = None


@dataclass(frozen=True)
class Answer:
    """A volume's answer.

    Attributes:
        values: float32, (1, channel, *axes), on the CPU.
        looked_at, windows: how many windows were computed, of how many.
        notes: what a reader must know of how it ran.
    """

    values: Any
    looked_at: int
    windows: int
    notes: tuple[str, ...] = ()


def infer(
    image: Any, network: Any, how: Sliding, device: str, *, matters: Any = None, what: str = "the network",
    progress: Progress | None = None,
) -> Answer:  # fmt: skip
    """Return a network's answer for a whole volume, within the memory there is.

    Args:
        image: float32 on the CPU, (1, channel, *axes).
        network: a module in evaluation mode on the device: (n, channel, *window) -> (n, answers, *window).
        how: windows and blending.
        device: ``cpu``, ``cuda``, ``cuda:1``.
        matters: boolean, (1, 1, *axes): windows without a voxel that does are left out. Needs `how.outside`.
        what: who runs, for messages.
        progress: told the fraction done.

    Raises:
        ToolFailed: the memory does not suffice in any way.
        OtherSize: an answer does not have its window's size.
    """
    asked = how if how.window is not None else replace(how, window=_fitted(image, network, how, device))
    ways = [Attempt("", lambda: slide(image, network, asked, device, matters=matters, progress=progress))]
    for said, smaller in _smaller(asked, image.shape[2:], device, fixed=how.window is not None):
        ways.append(_way(said, image, network, smaller, device, matters, progress))
    if device != "cpu":
        last = replace(asked, batch=1, bfloat16=False)
        ways.append(Attempt("on the CPU", lambda: _on_cpu(image, network, last, device, matters, progress)))
    answer, notes = first_that_fits(ways, what)
    return replace(answer, notes=notes)


def _way(said: str, image: Any, network: Any, how: Sliding, *rest: Any) -> Attempt[Answer]:
    device, matters, progress = rest
    return Attempt(said, lambda: slide(image, network, how, device, matters=matters, progress=progress))


def _smaller(how: Sliding, shape: Sequence[int], device: str, fixed: bool) -> Iterator[tuple[str, Sliding]]:
    """Yield ways that need less: a window at a time; then smaller windows, where their size is not the model's own."""
    assert how.window is not None
    if _batch(how, device) > 1:
        yield "one window at a time", replace(how, batch=1)
    if fixed:
        return
    voxels, seen = Windows.over(shape, how.window).voxels, {how.window}
    for _ in range(3):
        voxels //= 4
        window = fitted(shape, how.multiple, voxels)
        if window not in seen:
            seen.add(window)
            yield "in smaller windows", replace(how, window=window, batch=1)


def _on_cpu(
    image: Any, network: Any, how: Sliding, device: str, matters: Any, progress: Progress | None
) -> Answer:
    """Run with the network on the CPU, and put it back."""
    with on_cpu(network, device):
        return slide(image, network, how, "cpu", matters=matters, progress=progress)


def _fitted(image: Any, network: Any, how: Sliding, device: str) -> tuple[int, ...]:
    """Return the largest windows that the device's memory holds, after measuring what the network needs."""
    shape = tuple(image.shape[2:])
    for side in (TRIAL, TRIAL // 2):
        trial = fitted(shape, how.multiple, float(side ** len(shape)))
        if math.prod(trial) >= math.prod(shape):
            return trial
        try:
            most = most_voxels(network, image.shape[1], trial, device, _batch(how, device))
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            continue
        return fitted(shape, how.multiple, most)
    return trial


def _batch(how: Sliding, device: str) -> int:
    return how.batch or BATCH[device.split(":")[0]]


def slide(
    image: Any, network: Any, how: Sliding, device: str, *, matters: Any = None, progress: Progress | None = None
) -> Answer:
    """Return a network's answer for a whole volume with the windows given. See `infer`, which minds the memory."""
    import torch
    from torch.nn import functional

    assert how.window is not None
    if matters is not None and how.outside is None:
        raise ValueError("Windows are to be left out, but no answer is given for what lies there. Give `outside`.")
    network = placed(network, device)
    plan = Windows.over(tuple(image.shape[2:]), how.window, how.overlap)
    pad = [n for pair in reversed(plan.padding) for n in pair]
    with torch.inference_mode():
        if any(pad):
            value = how.pad_value if how.padding_mode == "constant" else None
            image = functional.pad(image, pad, how.padding_mode, value)
            matters = None if matters is None else functional.pad(matters, pad)
        places = [place for place in plan if matters is None or bool(matters[(0, 0, *place)].any())]
        sums = _run(image, network, how, device, plan, places, progress)
        inside = [slice(a, a + n) for (a, _), n in zip(plan.padding, plan.shape, strict=True)]
        values = _mean(sums, image, how)[(slice(None), slice(None), *inside)]
        return Answer(values.cpu().contiguous(), len(places), len(plan))


def _run(
    image: Any, network: Any, how: Sliding, device: str, plan: Windows, places: Sequence[tuple[slice, ...]],
    progress: Progress | None,
) -> _Sums | None:  # fmt: skip
    """Return the sums of all answers; None where there is no window."""
    import torch

    weight = _weight(plan.size, how, device)
    lower = torch.autocast(device.split(":")[0], torch.bfloat16, enabled=how.bfloat16 and has_fast_bfloat16(device))
    sums: _Sums | None = None
    done = 0
    for batch, where in _batches(image, places, _batch(how, device), device):
        with lower:
            answer = network(batch)
        answer = answer[0] if isinstance(answer, list | tuple) else answer
        if tuple(answer.shape[2:]) != plan.size:
            raise OtherSize(f"A window of {plan.size} voxels was answered with {tuple(answer.shape[2:])} values.")
        sums = sums or _Sums(answer.shape[1], plan, weight, device)
        sums.add(answer.float(), where)
        done += len(where)
        if progress is not None:
            progress(done / len(places))
    return sums


class _Sums:
    """The weighted sum of all answers and the sum of weights: on the device while they fit there.

    The answer of a volume's only window is the sum; no weight then changes it, and `count` is None.
    """

    def __init__(self, channels: int, plan: Windows, weight: Any, device: str) -> None:
        import torch

        need = FLOAT_BYTES * (channels + 1) * math.prod(plan.padded)
        self._keep = device if device == "cpu" or need < room_bytes(device) else "cpu"
        self._weight = weight
        self._worth = 1.0 if weight is None else weight.to(self._keep)
        self.whole: Any = None
        self.count: Any = None
        if len(plan) > 1:
            self.whole = torch.zeros((1, channels, *plan.padded), device=self._keep)
            self.count = torch.zeros((1, 1, *plan.padded), device=self._keep)

    def add(self, answers: Any, where: Sequence[tuple[slice, ...]]) -> None:
        """Add the answers of a batch of windows."""
        if self.count is None:
            self.whole = answers.to(self._keep)
            return
        for one, place in zip(answers, where, strict=True):
            at = (slice(None), slice(None), *place)
            self.whole[at] += (one if self._weight is None else one * self._weight).to(self._keep)
            self.count[at] += self._worth


def _batches(
    image: Any, places: Sequence[tuple[slice, ...]], size: int, device: str
) -> Iterator[tuple[Any, Sequence[tuple[slice, ...]]]]:
    """Yield windows on the device, a batch at a time; on a GPU the next is put together while this one is computed."""
    import torch

    groups = [places[n : n + size] for n in range(0, len(places), size)]
    if device.startswith("cuda") and image.nbytes < IMAGE_SHARE * room_bytes(device):
        image = image.to(device)  # the whole of it at once: its windows then need not travel
    if not device.startswith("cuda") or image.is_cuda:
        for where in groups:
            windows = [image[(slice(None), slice(None), *place)] for place in where]
            batch = windows[0] if len(windows) == 1 else torch.cat(windows)
            yield (batch.contiguous(memory_format=_layout(batch)) if image.is_cuda else batch), where
        return

    def sent(where: Sequence[tuple[slice, ...]]) -> Any:
        windows = torch.cat([image[(slice(None), slice(None), *place)] for place in where]).pin_memory()
        return windows.to(device, non_blocking=True, memory_format=_layout(windows))

    ahead = sent(groups[0]) if groups else None
    for n, where in enumerate(groups):
        batch, ahead = ahead, sent(groups[n + 1]) if n + 1 < len(groups) else None
        yield batch, where


def _layout(windows: Any) -> Any:
    """Return the channels-last layout of a batch: what convolutions in GPU hardware read."""
    import torch

    return torch.channels_last_3d if windows.ndim == 5 else torch.channels_last


def _weight(size: Sequence[int], how: Sliding, device: str) -> Any:
    """Return a window's weights, (*axes), or None where all weigh the same."""
    import torch

    if how.mode == "constant":
        return None
    scales = how.sigma_scale if isinstance(how.sigma_scale, tuple) else (how.sigma_scale,) * len(size)
    weight = torch.ones((), device=device)
    for n, (side, scale) in enumerate(zip(size, scales, strict=True)):
        place = torch.arange(side, dtype=torch.float32, device=device) - (side - 1) / 2
        along = torch.exp(place**2 / (-2 * (scale * side) ** 2))
        weight = weight.unsqueeze(-1) * along if n else along
    least = float(weight[weight > 0].min())
    return weight.clamp(min=max(least, LEAST_WEIGHT))


def _mean(sums: _Sums | None, image: Any, how: Sliding) -> Any:
    """Return the blended answer; what no window looked at has the answer given for it."""
    import torch

    if sums is None:
        assert how.outside is not None
        made = torch.tensor(how.outside, dtype=torch.float32).reshape(1, -1, *(1,) * (image.ndim - 2))
        return made.expand(1, len(how.outside), *image.shape[2:])
    whole, count = sums.whole, sums.count
    if count is None:
        return whole
    if how.outside is None:
        return whole.div_(count)
    given = torch.tensor(how.outside, dtype=torch.float32, device=whole.device).reshape(1, -1, *(1,) * (whole.ndim - 2))
    return torch.where(count > 0, whole.div_(count.clamp(min=1e-12)), given)
