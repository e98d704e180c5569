"""The segmenter's network without MONAI answers to the bit as the one it was trained as, and MONAI stays unimported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tools.models.nodule_segmenter.lean import COPIES, lean_network
from tools.models.nodule_segmenter.model import WEIGHTS
from tools.models.nodule_segmenter.network import CHANNELS, FIRST_CHANNELS, build_network, widened

torch = pytest.importorskip("torch")
ROOT = Path(__file__).resolve().parents[3]
CLICK = """
import sys
from tools import SegmentRequest
from tools.models.nodule_segmenter.model import NoduleSegmenter
from tools.phantom import Sphere, chest_phantom
scan, _ = chest_phantom((Sphere((60.0, 0.0, 0.0), 12.0, 30.0),), spacing=(1.4, 1.4, 2.5))
tool = NoduleSegmenter()
tool.load("cpu")
assert tool.run(SegmentRequest(scan, (60.0, 0.0, 0.0))).mask.count > 50
print(sorted({name.split(".")[0] for name in sys.modules} & {"monai", "torchvision", "skimage", "pydicom", "SimpleITK"}))
"""


@pytest.mark.parametrize("channels", [len(CHANNELS), FIRST_CHANNELS])
def test_answers_are_the_same_to_the_bit(channels: int) -> None:
    from safetensors.torch import load

    weights = load(WEIGHTS.read_bytes())
    for name in ("input_block.", f"{COPIES}downsample."):
        weights[f"{name}conv1.conv.weight"] = weights[f"{name}conv1.conv.weight"][:, :channels]
    trained = build_network()
    trained.load_state_dict(widened(weights))
    lean = lean_network(weights, len(CHANNELS))
    batch = torch.randn((2, len(CHANNELS), 5, 24, 24), generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        assert torch.equal(lean(batch), trained.eval()(batch))


def test_other_weights_are_refused() -> None:
    with pytest.raises(RuntimeError, match="the weights hold no"):
        lean_network({"conv.weight": torch.zeros(1)}, 7)


def test_a_first_click_imports_only_what_it_uses() -> None:
    done = subprocess.run([sys.executable, "-c", CLICK], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
