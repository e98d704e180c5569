"""A bundle's network over a prepared image: its own windows through `tools.inference`, whatever else as it says.

What the bundle names decides what is answered: its window, overlap and blending. Larger windows or sixteen bits are
taken only where its `scanwright.json` says that its accuracy was measured so.
"""

from __future__ import annotations

from typing import Any

from tools.bundles.metadata import About
from tools.contract import Progress
from tools.inference import Attempt, OtherSize, Sliding, first_that_fits, infer, on_cpu, placed

_WINDOWED = ("SlidingWindowInferer", "SlidingWindowInfererAdapt")


def answer_of(
    image: Any, network: Any, inferer: Any, device: str, about: About, progress: Progress
) -> tuple[Any, tuple[str, ...]]:
    """Return the network's answer, (1, channel, *axes) on the CPU, and notes on how it ran.

    Args:
        image: a tensor on the CPU, (1, channel, *axes).
        network: on the device.
        inferer: what the bundle names, built; None calls the network once.
        device: where the network is.
        about: the bundle.
        progress: told 0.3 to 0.9.

    Raises:
        ToolFailed: the memory does not suffice in any way.
    """
    name = about.spec.name
    how = sliding_of(inferer, image.ndim - 2, about)
    if how is not None:
        try:
            found = infer(
                image.as_tensor() if hasattr(image, "as_tensor") else image, network, how, device, what=name,
                progress=lambda done: progress(0.3 + 0.6 * done, "running the network"),
            )  # fmt: skip
            return found.values, found.notes
        except OtherSize:  # a network that answers on a finer or coarser grid: MONAI's own way knows it
            pass
    ways = [Attempt("", lambda: _whole(image, network, inferer, device))]
    if device != "cpu":
        ways.append(Attempt("on the CPU", lambda: _on_cpu(image, network, inferer, device)))
    return first_that_fits(ways, name)


def sliding_of(inferer: Any, axes: int, about: About) -> Sliding | None:
    """Return what MONAI's sliding window was set to; None for another inferer, or one set to what is not done here."""
    if type(inferer).__name__ not in _WINDOWED or inferer.roi_weight_map is not None or inferer.with_coord:
        return None
    side = inferer.roi_size
    window = tuple(s or 0 for s in side) if isinstance(side, list | tuple) else (side or 0,) * axes
    return Sliding(
        window=None if about.window_multiple else window,
        overlap=_each(inferer.overlap),
        mode="gaussian" if str(getattr(inferer.mode, "value", inferer.mode)) == "gaussian" else "constant",
        sigma_scale=_each(inferer.sigma_scale),
        padding_mode=str(getattr(inferer.padding_mode, "value", inferer.padding_mode)),
        pad_value=float(inferer.cval),
        multiple=about.window_multiple or 1,
        bfloat16=about.bfloat16,
    )


def _each(value: Any) -> Any:
    return tuple(float(v) for v in value) if isinstance(value, list | tuple) else float(value)


def _whole(image: Any, network: Any, inferer: Any, device: str) -> Any:
    import torch

    network = placed(network, device)
    with torch.inference_mode():
        batch = image.to(device)
        answer = network(batch) if inferer is None else inferer(batch, network)
    answer = answer[0] if isinstance(answer, list | tuple) else answer
    return answer.cpu()


def _on_cpu(image: Any, network: Any, inferer: Any, device: str) -> Any:
    with on_cpu(network, device):
        return _whole(image, network, inferer, "cpu")
