"""A network over a whole volume: ours beside MONAI's sliding window and beside the bare forward passes.

Time on a U-Net of fixed random weights (what it answers means nothing); Dice on held-out hippocampus crops, where the
shipped bundle's weights are at hand, of each way against the outlines. Instance norm: answers change with the window.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from side_by_side import ROOT, in_turn

HIPPOCAMPUS = ROOT.parent / "shared" / "data" / "hippocampus"
USUAL = (96, 96, 96)
WHOLE = {"full": (240, 240, 60), "quick": (168, 168, 60)}


def network() -> Any:
    """Return a U-Net of the hippocampus bundle's shape with fixed random weights."""
    import torch
    from monai.networks.nets import UNet

    torch.manual_seed(0)
    return UNet(3, 1, 3, (16, 32, 64, 96), (2, 2, 2), num_res_units=2, norm="INSTANCE").eval()


def times(size: str, rounds: int) -> dict[str, Any]:
    """Return seconds and ratios to MONAI as usually called, of each way to go through one volume."""
    import torch
    from monai.inferers import sliding_window_inference

    from tools.inference import Sliding, Windows, fitted, infer

    device = "cuda" if torch.cuda.is_available() else "cpu"
    net = network().to(device)
    shape = WHOLE[size]
    image = torch.randn((1, 1, *shape), generator=torch.Generator().manual_seed(1))
    best = fitted(shape, 8, float(np.prod(shape)) * 1.2)

    def monai(window: tuple[int, ...], batch: int) -> Any:
        with torch.inference_mode():
            return sliding_window_inference(image.to(device), window, batch, net).cpu()

    def bare() -> None:
        padded = torch.nn.functional.pad(image, [0, best[2] - shape[2]])
        with torch.inference_mode():
            for place in Windows.over(padded.shape[2:], best):
                net(padded[(slice(None), slice(None), *place)].to(device)).cpu()

    ways = {
        "MONAI as usually called (fp32, 96x96x96, batch 4)": lambda: monai(USUAL, 4),
        "MONAI, 96x96x96, batch 1": lambda: monai(USUAL, 1),
        f"MONAI at its best ({'x'.join(map(str, best))}, batch 1)": lambda: monai(best, 1),
        "bare forward passes on our windows": bare,
        "ours": lambda: infer(image, net, Sliding(multiple=8), device),
        "ours, bfloat16": lambda: infer(image, net, Sliding(multiple=8, bfloat16=True), device),
    }
    net(torch.zeros((1, 1, 32, 32, 32), device=device))
    if device == "cpu":
        return {"volume": list(shape), "device": device, "of": "CPU seconds", "ways": in_turn(ways, rounds, 0, time.process_time)}
    return {"volume": list(shape), "device": device, "of": "seconds", "ways": in_turn(ways, rounds)}


def dice(most: int) -> dict[str, Any]:
    """Return mean Dice of held-out crops against their outlines, the shipped bundle's weights gone through each way."""
    if not (HIPPOCAMPUS / "images").is_dir():
        return {"skipped": "needs the hippocampus crops, which are not part of the repository"}
    import torch
    from monai.inferers import sliding_window_inference

    from tools import Registry, load_scan
    from tools.inference import Sliding, infer
    from tools.models.hippocampus.train import split

    tool = Registry.discover().get("hippocampus")
    tool.load("cpu")
    net = tool._tool._network
    _, _, held = split([p.name for p in (HIPPOCAMPUS / "images").glob("*.nii.gz")])
    scores: dict[str, list[float]] = {}
    for name in held[:most]:
        values = np.asarray(load_scan(HIPPOCAMPUS / "images" / name, modality="MR").voxels, np.float32)
        truth = np.asarray(load_scan(HIPPOCAMPUS / "labels" / name, modality="MR").voxels) > 0
        seen = values[values != 0]
        image = torch.from_numpy(np.where(values != 0, (values - seen.mean()) / seen.std(), 0.0).astype(np.float32))[None, None]
        with torch.inference_mode():
            found = {
                "MONAI as usually called (padded to 96x96x96)": sliding_window_inference(image, USUAL, 4, net),
                "ours": infer(image, net, Sliding(multiple=8), "cpu").values,
                "ours, bfloat16": infer(image, net, Sliding(multiple=8, bfloat16=True), "cpu").values,
            }
        for way, answer in found.items():
            mask = answer[0].argmax(0).numpy() > 0
            scores.setdefault(way, []).append(2.0 * float((mask & truth).sum()) / max(1, int(mask.sum() + truth.sum())))
    return {"crops": min(most, len(held)), "dice": {way: round(float(np.mean(v)), 4) for way, v in scores.items()}}


def prompted(rounds: int, windows: int = 8) -> dict[str, Any]:
    """Return seconds of so many windows of the prompted segmenter: one after the other, and several in one pass.

    On a GPU also of the network compiled, where torch can, and of a whole click, from scan to outline.
    """
    import torch

    from tools import SegmentRequest
    from tools.models.nodule_segmenter.model import NoduleSegmenter
    from tools.phantom import Sphere, chest_phantom

    device = "cuda" if torch.cuda.is_available() else "cpu"
    tool = NoduleSegmenter()
    tool.load(device)
    rng = np.random.default_rng(0)
    given = [rng.standard_normal((7, 22, 48, 48)).astype(np.float32) for _ in range(windows)]

    def passes(count: int) -> None:
        for n in range(0, windows, count):
            tool._looked(given[n : n + count])

    ways = {f"{windows} windows one by one": lambda: passes(1)}
    ways |= {f"{count} in one pass": lambda count=count: passes(count) for count in (2, windows)}
    if device == "cpu":
        return {"windows": windows, "device": device, "of": "CPU seconds", "ways": in_turn(ways, rounds, 1, time.process_time)}
    scan, _ = chest_phantom((Sphere((60.0, 0.0, 0.0), 12.0, 30.0),), spacing=(0.7, 0.7, 1.25))
    ways["one click, from scan to outline"] = lambda: tool.run(SegmentRequest(scan, (60.0, 0.0, 0.0)))
    compiled = NoduleSegmenter()
    compiled.load(device)
    compiled._network = torch.compile(compiled._network, mode="reduce-overhead")
    why = _breaks(lambda: compiled._looked(given[:1]))
    if not why:
        ways[f"{windows} windows one by one, compiled (CUDA graphs)"] = lambda: [compiled._looked([w]) for w in given]
    told = {"compiled": f"it cannot be compiled here ({why})"} if why else {}
    return {"windows": windows, "device": device, "of": "seconds", **told, "ways": in_turn(ways, rounds)}


def _breaks(act: Callable[[], Any]) -> str:
    """Return the kind of error that an act ends with; empty when it ends well."""
    try:
        act()
    except Exception as error:  # compiling fails in as many ways as there are compilers
        return type(error).__name__
    return ""


def imports() -> dict[str, float]:
    """Return seconds from nothing to the segmenter's first outline, in a process of its own each, and of MONAI alone.

    And how many of MONAI's modules that first outline imports.
    """
    import subprocess
    import sys

    first = (
        "from tools import SegmentRequest; from tools.phantom import Sphere, chest_phantom\n"
        "from tools.models.nodule_segmenter.model import NoduleSegmenter\n"
        "scan, _ = chest_phantom((Sphere((60.0, 0.0, 0.0), 12.0, 30.0),), spacing=(1.4, 1.4, 2.5))\n"
        "tool = NoduleSegmenter(); tool.load('cpu'); tool.run(SegmentRequest(scan, (60.0, 0.0, 0.0)))\n"
        "import sys; print(sum(m.partition('.')[0] == 'monai' for m in sys.modules))"
    )
    said: list[str] = []
    programs = {"first outline": first, "import torch": "import torch", "import monai.networks.nets": "import monai.networks.nets"}

    def act(code: str) -> float:
        began = time.perf_counter()
        said.append(subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True).stdout)
        return round(time.perf_counter() - began, 2)

    found = {name: min(act(code) for _ in range(2)) for name, code in programs.items()}
    return {**found, "modules of MONAI imported": int(said[0])}
