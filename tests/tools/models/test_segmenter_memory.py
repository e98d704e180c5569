"""A GPU that is full: the segmenter goes on view by view, then on the CPU, and says so; the outline is the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scripted import ScriptedModel, workspace

from agent import Session
from tools import SegmentRequest, ToolFailed
from tools.models.nodule_segmenter.model import NoduleSegmenter
from tools.models.nodule_segmenter.network import CHANNELS
from tools.phantom import Sphere, chest_phantom

PLACE = (80.0, 10.0, 20.0)


class Full(torch.nn.Module):
    """A network on a device that is out of memory for the first `times` calls."""

    def __init__(self, network: Any, times: int) -> None:
        super().__init__()
        self.network, self.times = network, times

    def forward(self, x: Any) -> Any:
        self.times -= 1
        if self.times >= 0:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return self.network(x)


class Tight(NoduleSegmenter):
    """The shipped segmenter on a device whose memory does not suffice at first."""

    times = 1

    def load(self, device: str) -> None:
        super().load(device)
        self._network = Full(self._network, self.times)


@pytest.fixture(scope="module")
def scan() -> Any:
    return chest_phantom((Sphere(PLACE, 20.0),), spacing=(1.4, 1.4, 2.5))[0]


def test_view_by_view_gives_the_same_answer() -> None:
    usual, tight = NoduleSegmenter(), Tight()
    usual.load("cpu")
    tight.load("cpu")
    window = np.random.default_rng(2).normal(size=(len(CHANNELS), 16, 32, 32)).astype(np.float32)
    assert np.allclose(usual._predict(window), tight._predict(window), atol=1e-5)


def test_memory_that_never_suffices_is_one_sentence() -> None:
    tight = Tight()
    tight.times = 10_000
    tight.load("cpu")
    with pytest.raises(ToolFailed, match="needs more memory than there is"):
        tight._predict(np.zeros((len(CHANNELS), 16, 32, 32), np.float32))


@pytest.mark.long
def test_the_reader_is_told_and_the_evidence_keeps_it(scan: Any, tmp_path: Path) -> None:
    made = workspace(tmp_path, also=(Tight,))
    session = Session.open(scan, workspace=made, endpoint=ScriptedModel())
    told = session.call("segment", point=list(PLACE), tool="nodule-segmenter")
    assert [n for n in told["notes"] if "memory did not suffice" in n]
    assert "memory did not suffice" in session.evidence.get(told["evidence"]).text
    made.close()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
def test_a_gpu_that_is_full_hands_over_to_the_cpu(scan: Any) -> None:
    tight = Tight()
    tight.times = 2
    tight.load("cuda")
    found = tight.run(SegmentRequest(scan, point=PLACE))
    assert [n for n in found.notes if "on the CPU" in n]
