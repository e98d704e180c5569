"""The way a GPU takes, on tensors that only say they are on one: every tensor is where the next step needs it.

What is computed cannot be seen so, nor how fast; that is for the tests marked `gpu`.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

import tools.inference
from tools.inference import Sliding, infer, memory, slide
from tools.models.nodule_segmenter import model

torch = pytest.importorskip("torch")
SLIDE = sys.modules[tools.inference.Sliding.__module__]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Tensors without data, on whatever device they are put; pinning is the driver's and does nothing here."""
    from torch._subclasses.fake_tensor import FakeTensorMode

    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda self: self)
    with FakeTensorMode(allow_non_fake_inputs=True) as mode:
        yield mode


class Network(torch.nn.Module):
    """A convolution that keeps what it was given."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.inner = torch.nn.Conv3d(channels, 3, 3, padding=1)
        self.given: list[Any] = []

    def forward(self, x: Any) -> Any:
        self.given.append(x)
        return self.inner(x)


@pytest.mark.parametrize("room", [1e12, 0.0], ids=["image and sums on the device", "windows travel, sums on the CPU"])
@pytest.mark.parametrize("batch", [1, 2])
def test_a_volume_is_gone_through_on_the_device(
    fake: Any, monkeypatch: pytest.MonkeyPatch, room: float, batch: int
) -> None:
    monkeypatch.setattr(SLIDE, "room_bytes", lambda device: room)
    with torch.device("cuda"):
        network = Network(2).eval()
    image = torch.randn((1, 2, 44, 36, 20))
    answer = slide(image, network, Sliding((16, 16, 16), batch=batch, outside=(0.0, 1.0, 2.0)), "cuda")
    assert answer.values.device.type == "cpu"
    assert answer.values.dtype == torch.float32
    assert answer.values.shape == (1, 3, 44, 36, 20)
    assert answer.looked_at == answer.windows == sum(x.shape[0] for x in network.given)
    assert {x.device.type for x in network.given} == {"cuda"}
    assert all(x.is_contiguous(memory_format=torch.channels_last_3d) for x in network.given)


@pytest.mark.parametrize(("counted", "windows"), [(2**31, 1), (3 * 24**3, 4)], ids=["all at once", "as kernels count"])
def test_windows_are_fitted_to_what_was_measured_on_the_device(
    fake: Any, monkeypatch: pytest.MonkeyPatch, counted: int, windows: int
) -> None:
    """Of memory there is plenty: what bounds a window is how many values of its widest layer a kernel can count."""
    for where in (SLIDE, memory):
        monkeypatch.setattr(where, "room_bytes", lambda device: 1e12)
    monkeypatch.setattr(SLIDE, "TRIAL", 16)
    monkeypatch.setattr(memory, "COUNTED", counted)
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda device: None)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: 0)
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda device: 300 * 16**3)
    with torch.device("cuda"):
        network = Network(2).eval()
    answer = infer(torch.randn((1, 2, 44, 36, 20)), network, Sliding(multiple=4, batch=1), "cuda")
    assert (answer.windows, answer.notes) == (windows, ())
    assert {x.device.type for x in network.given} == {"cuda"}
    assert all(3 * x[0, 0].numel() <= counted for x in network.given)


@pytest.mark.parametrize("fast", [True, False])
def test_a_prompted_window_is_answered_on_the_device(
    fake: Any, monkeypatch: pytest.MonkeyPatch, fast: bool
) -> None:
    asked: list[bool] = []
    real = torch.autocast

    def autocast(kind: str, dtype: Any, enabled: bool) -> Any:
        asked.append(enabled)
        return real("cpu", dtype, enabled=False)

    monkeypatch.setattr(torch, "autocast", autocast)
    monkeypatch.setattr(model, "has_fast_bfloat16", lambda device: fast)
    tool = model.NoduleSegmenter()
    with torch.device("cuda"):
        tool._network = Network(7).eval()
    batch = torch.from_numpy(np.zeros((4, 7, 6, 16, 16), np.float32))
    answer = tool._answer(batch, "cuda")
    assert (answer.device.type, answer.dtype, tuple(answer.shape)) == ("cpu", torch.float32, (4, 6, 16, 16))
    assert tool._network.given[0].device.type == "cuda"
    assert asked == [fast], "bfloat16 only where the GPU has it in hardware"
