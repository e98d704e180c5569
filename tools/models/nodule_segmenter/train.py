"""Train the nodule segmenter from LIDC-IDRI crops: one command, fixed seeds, weights and figures beside this file.

    python -m tools.models.nodule_segmenter.train --data FOLDER [--device cuda] [--first FILE]

FOLDER holds nodules.csv, image/ and mask/. One patient in five, by a hash of the id, is never trained on; the figures
are measured on those alone, by `evaluate.py`, through the tool itself. A narrow network learns to outline what is
pointed at, then to take a correction of its own outline (and goes on learning the first), and settles that at a
falling rate; last it is made wider without changing its answers and learns on.
`--first` takes the weights of the first part, `--narrow` those of the first three, from a file.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tools.models.nodule_segmenter.corrections import corrected
from tools.models.nodule_segmenter.data import BIG_MM, Nodule, Sample, read_nodules, sample
from tools.models.nodule_segmenter.network import (
    CHANNELS,
    FILTERS,
    FIRST_CHANNELS,
    NARROW,
    build_network,
    grown,
    widened,
)

HERE = Path(__file__).parent
SEED = 20261124
BATCH = 8
DEPTHS = (6, 8, 8, 10, 14)
"""Slices of a batch's windows, drawn anew for each batch."""
EMA = 0.997
"""The shipped weights are a running mean of the last few hundred steps."""
ROUNDS = (0, 0, 0, 1, 1, 2)
"""Corrections that a batch of the second part has already seen, drawn anew for each batch."""
GROW_SEED = 20261125
RARE = 2
"""Large and sub-solid nodules are shown this many times an epoch in the second part: there are few."""


@dataclass(frozen=True)
class Part:
    """One part of the training: so many steps of a one-cycle schedule of `cycle` steps."""

    name: str
    steps: int
    cycle: int
    learning_rate: float
    corrections: bool
    channels: int = len(CHANNELS)
    filters: tuple[int, ...] = NARROW
    seed: int = SEED


FIRST = Part("outline", 3600, 3600, 3e-3, False, FIRST_CHANNELS)
SECOND = Part("correct", 400, 800, 1.2e-3, True)
THIRD = Part("settle", 250, 250, 6e-4, True, seed=SEED + 1)
FOURTH = Part("grow", 2400, 2400, 1.5e-3, True, filters=FILTERS)


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


def batches(nodules: Sequence[Nodule], part: Part, rng: np.random.Generator) -> Iterator[list[Sample]]:
    """Yield batches of samples, every nodule once an epoch (rare ones twice in the second part), shuffled."""
    numbers = [n for n, nodule in enumerate(nodules) for _ in range(RARE if part.corrections and _rare(nodule) else 1)]
    order: list[int] = []
    for _ in range(part.steps):
        if len(order) < BATCH:
            order += [numbers[int(v)] for v in rng.permutation(len(numbers))]
        chosen, order = order[:BATCH], order[BATCH:]
        depth = int(rng.choice(DEPTHS))
        yield [sample(nodules[n], depth, rng, magnify=part.corrections) for n in chosen]


def _rare(nodule: Nodule) -> bool:
    wide = np.ptp(np.argwhere(nodule.mask.any(axis=0)), axis=0) * nodule.spacing[1:]
    return bool(wide.max() > BIG_MM) or nodule.row["Texture_value"] != "5"


def train(
    nodules: Sequence[Nodule],
    part: Part,
    device: str,
    start: dict[str, Any] | None = None,
    build: Callable[..., Any] = build_network,
) -> dict[str, Any]:
    """Return the trained weights (running mean), by parameter name."""
    import torch

    torch.manual_seed(part.seed)
    torch.set_num_threads(1)
    network = build(part.channels, part.filters)
    if start is not None:
        network.load_state_dict(start)
    network = network.to(device=device, memory_format=torch.channels_last_3d).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=part.learning_rate, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, part.learning_rate, total_steps=part.cycle, pct_start=0.1
    )
    mean = {k: v.detach().clone() for k, v in network.state_dict().items()}
    started, shown = time.monotonic(), 0.0
    rng = np.random.default_rng(part.seed)
    for step, made in enumerate(batches(nodules, part, rng), start=1):
        data = np.stack([s.data for s in made])[:, : part.channels]
        if part.corrections:
            data = _seen_before(network, made, data, rng, device)
        logits = _answer(network, data, device)
        target, weight = (torch.from_numpy(np.stack(a))[:, None].to(device) for a in _truths(made))
        loss = loss_of(logits, target, weight)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        schedule.step()
        _follow(mean, network.state_dict(), min(EMA, step / (step + 20)))
        shown = loss.item() if step == 1 else 0.98 * shown + 0.02 * loss.item()
        if step % 50 == 0 or step == part.steps:
            seconds = time.monotonic() - started
            print(f"{part.name} {step}/{part.steps}  loss {shown:.3f}  {seconds:.0f} s", flush=True)
        if step % 400 == 0:
            save(mean, HERE / "weights.partial.safetensors")
    (HERE / "weights.partial.safetensors").unlink(missing_ok=True)
    return mean


def _truths(made: Sequence[Sample]) -> tuple[list[Any], list[Any]]:
    return [s.target for s in made], [s.weight for s in made]


def _answer(network: Any, data: Any, device: str) -> Any:
    """Return the logits of a batch, computed in bfloat16 where the device can."""
    import torch

    batch = torch.from_numpy(data).to(device=device, memory_format=torch.channels_last_3d)
    with torch.autocast(device.split(":")[0], torch.bfloat16):
        return network(batch).float()


def _seen_before(
    network: Any, made: Sequence[Sample], data: Any, rng: np.random.Generator, device: str
) -> Any:
    """Return a batch after some rounds of being outlined and corrected by a made reader, mostly none to two."""
    import torch

    for _ in range(int(rng.choice(ROUNDS))):
        network.eval()
        with torch.inference_mode():
            found = (_answer(network, data, device)[:, 0] >= 0).cpu().numpy()
        network.train()
        data = np.stack(
            [corrected(d, f, s.target > 0, s.slice_px, rng) for d, f, s in zip(data, found, made, strict=True)]
        )
    return data


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


def _narrow(nodules: Sequence[Nodule], arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the weights of the narrow network: trained, or from the file that was named."""
    from safetensors.torch import load_file

    if arguments.narrow is not None:
        return dict(load_file(arguments.narrow))
    first = load_file(arguments.first) if arguments.first else train(nodules, FIRST, arguments.device)
    weights = widened(first)
    for part in (SECOND, THIRD):
        weights = train(nodules, part, arguments.device, weights)
    return weights


def main() -> None:
    """Train all parts, write the weights, then measure them on the held-out patients."""
    import torch

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with nodules.csv, image/ and mask/")
    parser.add_argument("--first", type=Path, help="weights of the first part, to start the second from")
    parser.add_argument("--narrow", type=Path, help="weights of the first three parts, to start the fourth from")
    parser.add_argument("--out", type=Path, default=HERE / "weights.safetensors")
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    started = time.monotonic()
    nodules = [n for n in read_nodules(arguments.data, paint=True) if not n.held_out]
    patients = len({n.patient for n in nodules})
    print(f"training on {len(nodules)} nodules of {patients} patients", flush=True)
    narrow = _narrow(nodules, arguments)
    torch.manual_seed(GROW_SEED)
    weights = train(nodules, FOURTH, arguments.device, grown(narrow))
    save(weights, arguments.out)
    seconds = time.monotonic() - started

    from tools.models.nodule_segmenter.evaluate import evaluate

    evaluate(arguments.data, seconds=seconds, weights=arguments.out)


if __name__ == "__main__":
    main()
