"""Train the hippocampus bundle: ``python -m tools.models.hippocampus.train --data FOLDER`` writes its weights.

FOLDER holds ``images/`` and ``labels/`` of Task04 of the Medical Segmentation Decathlon: MR crops around one
hippocampus each, labels 1 anterior and 2 posterior. The network is the one that ``configs/inference.json`` names, so
that what is trained is what is run. Seeds are fixed; one core takes about half an hour.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

HERE = Path(__file__).parent
STEPS, BATCH, RATE, SEED = 2400, 2, 2e-3, 20261124
HELD_OUT, VALIDATION = 0.2, 0.1
GRID = (48, 64, 48)
"""Voxels (i, j, k) of 1 mm a crop is padded to: the largest of them is 43 x 58 x 47."""


@dataclass(frozen=True)
class Crop:
    """One crop: image (i, j, k), normalised over its voxels, and labels of the same shape."""

    name: str
    image: NDArray[np.float32]
    labels: NDArray[np.uint8]


def split(names: list[str]) -> tuple[list[str], list[str], list[str]]:
    """Return names to train on, to watch, and held out: three runs of consecutive numbers, a few left out between.

    The decathlon holds two crops of most people and does not say which belong together; crops of one person that were
    numbered one after the other stay on one side.
    """
    ordered = sorted(names, key=lambda n: int(re.sub(r"\D", "", n)))
    held = round(HELD_OUT * len(ordered))
    watch = round(VALIDATION * len(ordered))
    gap = 2
    rest = ordered[: -(held + gap)]
    return rest[: -(watch + gap)], rest[-watch:], ordered[-held:]


def read(data: Path, name: str) -> Crop:
    """Read one crop as the bundle's own preprocessing leaves it (RAS, 1 mm, mean 0 and deviation 1 inside)."""
    image = nibabel.as_closest_canonical(nibabel.load(data / "images" / name))
    labels = nibabel.as_closest_canonical(nibabel.load(data / "labels" / name))
    values = np.asarray(image.dataobj, dtype=np.float32)
    inside = values[values != 0]
    values = np.where(values != 0, (values - inside.mean()) / max(float(inside.std()), 1e-6), 0.0)
    return Crop(name, values.astype(np.float32), np.asarray(labels.dataobj).astype(np.uint8))


def network() -> Any:
    """Return the untrained network that the bundle's configuration names."""
    import monai.networks.nets as nets

    said = dict(json.loads((HERE / "configs" / "inference.json").read_text())["network_def"])
    return getattr(nets, said.pop("_target_").rpartition(".")[2])(**said)


def padded(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array padded with zeros to `GRID`, its content in the middle."""
    spare = [max(0, g - n) for g, n in zip(GRID, array.shape, strict=True)]
    whole = np.pad(array, [(s // 2, s - s // 2) for s in spare])
    return np.asarray(whole[: GRID[0], : GRID[1], : GRID[2]])


def batch_of(crops: list[Crop], rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Return images (n, 1, i, j, k) and labels (n, i, j, k), turned, scaled, mirrored and brightened at random."""
    chosen = [crops[n] for n in rng.integers(len(crops), size=BATCH)]
    images = torch.from_numpy(np.stack([padded(c.image) for c in chosen]))[:, None]
    labels = torch.from_numpy(np.stack([padded(c.labels) for c in chosen])).float()[:, None]
    turn = np.eye(3)[None] + rng.normal(0.0, 0.08, (BATCH, 3, 3))
    turn[:, 2] *= rng.choice([-1.0, 1.0], (BATCH, 1))  # affine_grid's third row is the array's first axis: left, right
    shift = rng.normal(0.0, 0.06, (BATCH, 3, 1))
    places = functional.affine_grid(
        torch.from_numpy(np.concatenate([turn, shift], 2).astype(np.float32)), list(images.shape), align_corners=False
    )
    images = functional.grid_sample(images, places, align_corners=False)
    labels = functional.grid_sample(labels, places, mode="nearest", align_corners=False)[:, 0].long()
    gain = torch.from_numpy(rng.uniform(0.8, 1.25, (BATCH, 1, 1, 1, 1)).astype(np.float32))
    noise = torch.from_numpy(rng.normal(0.0, 0.1, tuple(images.shape)).astype(np.float32))
    return images * gain + noise, labels


def loss_of(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return cross-entropy plus one minus the soft Dice of both parts."""
    soft = logits.softmax(1)[:, 1:]
    truth = torch.stack([labels == 1, labels == 2], 1).float()
    axes = (0, 2, 3, 4)
    dice = (2 * (soft * truth).sum(axes) + 1) / (soft.sum(axes) + truth.sum(axes) + 1)
    return functional.cross_entropy(logits, labels) + 1 - dice.mean()


def dice_of(net: Any, crops: list[Crop]) -> NDArray[np.float64]:
    """Return Dice of the anterior and posterior part of each crop, shape (crops, 2)."""
    net.eval()
    rows = []
    with torch.inference_mode():
        for crop in crops:
            found = net(torch.from_numpy(padded(crop.image))[None, None])[0].argmax(0).numpy()
            truth = padded(crop.labels)
            rows.append([_dice(found == v, truth == v) for v in (1, 2)])
    net.train()
    return np.asarray(rows, dtype=np.float64)


def _dice(found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    return 2.0 * float(np.sum(found & truth)) / max(1.0, float(np.sum(found) + np.sum(truth)))


def main() -> None:
    """Train and write the weights; print the Dice on the crops watched, never on those held out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--out", type=Path, default=HERE / "models" / "model.safetensors")
    chosen = parser.parse_args()
    torch.manual_seed(SEED)
    rng = np.random.default_rng(SEED)
    to_train, to_watch, _ = split([p.name for p in (chosen.data / "images").glob("*.nii.gz")])
    train, watch = ([read(chosen.data, name) for name in part] for part in (to_train, to_watch))
    net = network()
    optimiser = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=chosen.steps)
    print(f"{len(train)} crops to train on, {len(watch)} to watch; {sum(p.numel() for p in net.parameters())} weights")
    began = time.monotonic()
    for step in range(1, chosen.steps + 1):
        images, labels = batch_of(train, rng)
        loss = loss_of(net(images), labels)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        if step % 100 == 0:
            shown = dice_of(net, watch).mean(0)
            took = time.monotonic() - began
            print(f"step {step}/{chosen.steps} loss {loss.item():.3f} Dice {shown.round(3)} {took:.0f} s", flush=True)
    from safetensors.torch import save_file

    path = chosen.out
    save_file({k: v.half() if v.is_floating_point() else v for k, v in net.state_dict().items()}, path)
    print(f"written {path.name}, sha256 {hashlib.sha256(path.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main()
