"""Train the nodule segmenter from LIDC-IDRI crops: one command, fixed seeds, weights and figures beside this file.

    python -m tools.models.nodule_segmenter.train --data FOLDER

FOLDER holds nodules.csv, image/ and mask/. One patient in five, by a hash of the id, is never trained on; the figures
are measured on those alone, by `evaluate.py`, through the tool itself.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np

from tools.models.nodule_segmenter.data import Nodule, read_nodules, sample
from tools.models.nodule_segmenter.network import build_network

HERE = Path(__file__).parent
SEED = 20261124
BATCH = 8
DEPTHS = (6, 8, 8, 10, 14)
"""Slices of a batch's windows, drawn anew for each batch."""
LEARNING_RATE = 3e-3
EMA = 0.997
"""The shipped weights are a running mean of the last few hundred steps."""


def loss_of(logits: Any, target: Any, weight: Any) -> Any:
    """Return cross-entropy plus soft Dice, over samples that lie in the image."""
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits

    entropy = binary_cross_entropy_with_logits(logits, target, weight=weight)
    chance = torch.sigmoid(logits) * weight
    axes = (1, 2, 3, 4)
    both = (chance * target).sum(axes)
    dice = 1 - (2 * both + 5.0) / (chance.sum(axes) + (target * weight).sum(axes) + 5.0)
    return entropy + dice.mean()


def batches(nodules: list[Nodule], steps: int) -> Any:
    """Yield (input, target, weight) tensors, every nodule once an epoch in a shuffled order."""
    import torch

    rng = np.random.default_rng(SEED)
    order: list[int] = []
    for _ in range(steps):
        if len(order) < BATCH:
            order += [int(v) for v in rng.permutation(len(nodules))]
        chosen, order = order[:BATCH], order[BATCH:]
        depth = int(rng.choice(DEPTHS))
        made = [sample(nodules[n], depth, rng) for n in chosen]
        data = torch.from_numpy(np.stack([m[0] for m in made]))
        target = torch.from_numpy(np.stack([m[1] for m in made]))[:, None]
        weight = torch.from_numpy(np.stack([m[2] for m in made]))[:, None]
        yield data, target, weight


def train(nodules: list[Nodule], steps: int, device: str) -> dict[str, Any]:
    """Return the trained weights (running mean), by parameter name."""
    import torch

    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    network = build_network().to(device=device, memory_format=torch.channels_last_3d).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps, pct_start=0.1)
    mean = {k: v.detach().clone() for k, v in network.state_dict().items()}
    started, shown = time.monotonic(), 0.0
    for step, (data, target, weight) in enumerate(batches(nodules, steps), start=1):
        data = data.to(device=device, memory_format=torch.channels_last_3d)
        with torch.autocast(device.split(":")[0], torch.bfloat16):
            logits = network(data)
        loss = loss_of(logits.float(), target.to(device), weight.to(device))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        schedule.step()
        _follow(mean, network.state_dict(), min(EMA, step / (step + 20)))
        shown = loss.item() if step == 1 else 0.98 * shown + 0.02 * loss.item()
        if step % 50 == 0 or step == steps:
            print(f"step {step}/{steps}  loss {shown:.3f}  {time.monotonic() - started:.0f} s", flush=True)
        if step % 500 == 0:
            save(mean, HERE / "weights.partial.safetensors")
    (HERE / "weights.partial.safetensors").unlink(missing_ok=True)
    return mean


def _follow(mean: dict[str, Any], now: dict[str, Any], keep: float) -> None:
    """Move the running mean toward the weights of now."""
    for name, value in now.items():
        if value.is_floating_point():
            mean[name].mul_(keep).add_(value.detach(), alpha=1 - keep)
        else:
            mean[name].copy_(value)


def save(weights: dict[str, Any], path: Path) -> None:
    """Write weights as safetensors."""
    from safetensors.torch import save_file

    save_file({k: v.detach().cpu().contiguous() for k, v in weights.items()}, path)


def main() -> None:
    """Train, write the weights, then measure them on the held-out patients."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with nodules.csv, image/ and mask/")
    parser.add_argument("--steps", type=int, default=3600)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    started = time.monotonic()
    nodules = [n for n in read_nodules(arguments.data, paint=True) if not n.held_out]
    patients = len({n.patient for n in nodules})
    print(f"training on {len(nodules)} nodules of {patients} patients, {arguments.steps} steps", flush=True)
    weights = train(nodules, arguments.steps, arguments.device)
    save(weights, HERE / "weights.safetensors")
    seconds = time.monotonic() - started

    from tools.models.nodule_segmenter.evaluate import evaluate

    evaluate(arguments.data, seconds=seconds)


if __name__ == "__main__":
    main()
