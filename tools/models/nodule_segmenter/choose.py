"""Choose the network by cross-validation over patients: anisotropic 3-D against 2.5-D, equal short budgets.

    python -m tools.models.nodule_segmenter.choose --data FOLDER [--steps N]

Only patients who are not held out take part. Every contender learns the first part of the training on two thirds of
them, the same samples in the same order, and is measured on the other third, one click a nodule, on the window's own
grid. Writes choice.json beside this file.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tools.models.nodule_segmenter.data import Nodule, read_nodules
from tools.models.nodule_segmenter.evaluate import central_click
from tools.models.nodule_segmenter.network import FIRST_CHANNELS, NARROW, build_network
from tools.models.nodule_segmenter.scores import Score, texture_of, with_interval
from tools.models.nodule_segmenter.train import FIRST, train
from tools.models.nodule_segmenter.window import PLANE_MM, channels, cut

CHOICE = Path(__file__).parent / "choice.json"
FOLDS = 3
EVERY = 3
"""Of a fold's nodules every third is measured."""
STEPS = 150


def build_two_and_a_half(inputs: int, filters: Sequence[int] = NARROW) -> Any:
    """Return a 2.5-D contender: planar kernels only, each slice seen with the one above and the one below."""
    import torch
    from monai.networks.nets import DynUNet

    class Neighbours(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            plane = (1, 3, 3)
            self.network = DynUNet(
                spatial_dims=3, in_channels=3 * inputs, out_channels=1, kernel_size=(plane,) * 4,
                strides=((1, 1, 1), (1, 2, 2), (1, 2, 2), (1, 2, 2)), upsample_kernel_size=((1, 2, 2),) * 3,
                filters=tuple(round(1.4 * n) for n in filters), norm_name=("BATCH", {"affine": True}),
                act_name=("leakyrelu", {"inplace": True, "negative_slope": 0.01}),
            )  # fmt: skip

        def forward(self, x: Any) -> Any:
            above, below = torch.cat([x[:, :, 1:], x[:, :, -1:]], 2), torch.cat([x[:, :, :1], x[:, :, :-1]], 2)
            return self.network(torch.cat([below, x, above], 1))

    return Neighbours()


CONTENDERS: dict[str, Callable[..., Any]] = {
    "3-D anisotropic": build_network,
    "2.5-D, three slices": build_two_and_a_half,
}


def fold_of(patient: str) -> int:
    """Return a patient's fold, by a hash of the id that does not depend on who is held out."""
    return int(hashlib.sha256(f"fold {patient}".encode()).hexdigest()[:8], 16) % FOLDS


def dice_of(network: Any, nodule: Nodule) -> float:
    """Return Dice for one central click, on the grid of the window that fits the nodule."""
    import torch

    wide = float(max(np.ptp(np.argwhere(nodule.mask.any(axis=0)), axis=0) * nodule.spacing[1:]))
    plane_mm = next((mm for mm in PLANE_MM if wide <= 0.65 * 48 * mm), PLANE_MM[-1])
    click = central_click(nodule)
    window = cut(nodule.image, nodule.spacing, click, plane_mm)
    truth = cut(nodule.mask * 1000.0, nodule.spacing, click, plane_mm).image >= 500
    data = channels(window, [window.place(click)], None, [])[:FIRST_CHANNELS]
    with torch.inference_mode():
        found = network(torch.from_numpy(data[None]))[0, 0].numpy() >= 0
    found &= window.inside > 0
    return float(2 * (found & truth).sum() / max(1, found.sum() + truth.sum()))


def cross_validated(
    nodules: Sequence[Nodule], build: Callable[..., Any], steps: int, progress: Callable[[str], None]
) -> tuple[list[Score], float, int]:
    """Return the scores over all folds, the seconds it took to train and the number of parameters."""
    scores, seconds, size = [], 0.0, 0
    for fold in range(FOLDS):
        started = time.monotonic()
        seen = [n for n in nodules if fold_of(n.patient) != fold]
        weights = train(seen, replace(FIRST, steps=steps, cycle=steps), "cpu", build=build)
        seconds += time.monotonic() - started
        network = build(FIRST_CHANNELS, NARROW)
        network.load_state_dict(weights)
        network.eval()
        size = sum(p.numel() for p in network.parameters())
        unseen = [n for n in nodules if fold_of(n.patient) == fold][::EVERY]
        scores += [Score(n.patient, texture_of(n), dice_of(network, n), None, None) for n in unseen]
        progress(f"fold {fold + 1} of {FOLDS}: Dice so far {np.mean([s.dice for s in scores]):.3f}")
    return scores, seconds, size


def main() -> None:
    """Train and measure every contender, write and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with nodules.csv, image/ and mask/")
    parser.add_argument("--steps", type=int, default=STEPS)
    arguments = parser.parse_args()
    nodules = [n for n in read_nodules(arguments.data, paint=True) if not n.held_out]
    results: dict[str, Any] = {}
    dice: dict[str, list[float]] = {}
    for name, build in CONTENDERS.items():
        scores, seconds, size = cross_validated(
            nodules, build, arguments.steps, lambda words, name=name: _say(f"{name}, {words}")  # type: ignore[misc]
        )
        dice[name] = [s.dice for s in scores]
        value, low, high = with_interval(scores, dice[name], np.mean)
        results[name] = {
            "dice_mean": [round(v, 3) for v in (value, low, high)],
            "dice_median": round(float(np.median(dice[name])), 3),
            "parameters": size, "steps_a_fold": arguments.steps, "training_seconds": round(seconds),
            "nodules": len(scores),
        }  # fmt: skip
    first, second = dice
    gap = with_interval(scores, [a - b for a, b in zip(dice[first], dice[second], strict=True)], np.mean)
    results[f"{first} minus {second}, paired"] = [round(v, 3) for v in gap]
    CHOICE.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    _say(json.dumps(results, indent=1))


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
