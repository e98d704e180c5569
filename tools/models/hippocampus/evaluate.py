"""Score the hippocampus bundle on the crops held out: ``python -m tools.models.hippocampus.evaluate --data FOLDER``.

Through the tool, as in use, beside the simplest thing that could be done without looking: the average shape of the
training crops laid into the middle of each.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tools.contract import NotApplicable, SegmentRequest
from tools.models.hippocampus.train import padded, read, split
from tools.registry import Registry
from tools.scan import Known, Scan, load_scan

RESAMPLES = 2000
_PARTS = ("anterior hippocampus", "posterior hippocampus")


def figures(data: Path, tell: Any = print) -> dict[str, Any]:
    """Return Dice and volume error of both parts, with 95 % bootstrap intervals over crops."""
    to_train, _, held = split([p.name for p in (data / "images").glob("*.nii.gz")])
    shape = _average(data, to_train)
    tool = Registry.discover().get("hippocampus")
    rows: list[list[float]] = []
    began = time.monotonic()
    for number, name in enumerate(held, start=1):
        scan = _scan(data / "images" / name)
        truth = np.asarray(load_scan(data / "labels" / name).voxels)
        masks = _outlined(tool, scan)
        row: list[float] = []
        for value, part in enumerate(_PARTS, start=1):
            found = masks.get(part, np.zeros(truth.shape, dtype=bool))
            due = truth == value
            flat = _laid(shape == value, truth.shape)
            row += [_dice(found, due), _dice(flat, due), abs(float(found.sum()) - due.sum()) / max(1, due.sum())]
        rows.append(row)
        if number % 10 == 0:
            tell(f"{number} of {len(held)}")
    table = np.asarray(rows)
    took = (time.monotonic() - began) / len(held)
    names = [f"{part}: {what}" for part in _PARTS for what in ("Dice", "Dice of the average shape", "volume error")]
    shown = {n: _with_interval(table[:, k]) for k, n in enumerate(names)}
    return {"crops": len(held), "seconds_a_crop": round(took, 2), "figures": shown}


def _scan(path: Path) -> Scan:
    return load_scan(path, modality="MR", body_part="BRAIN")


def _outlined(tool: Any, scan: Scan) -> dict[str, NDArray[np.bool_]]:
    assert scan.modality == Known("MR", "stated")
    try:
        result = tool.run(SegmentRequest(scan))
    except NotApplicable:
        return {}
    return {m.label: m.voxels for m in (result.mask, *result.parts)}


def _average(data: Path, names: list[str]) -> NDArray[np.uint8]:
    """Return the labels that most training crops have at each place of the padded grid."""
    sums: NDArray[np.float64] | None = None
    for name in names:
        labels = padded(read(data, name).labels)
        votes = np.stack([labels == v for v in range(3)]).astype(np.float64)
        sums = votes if sums is None else sums + votes
    assert sums is not None
    # At most half of the crops agree on a border voxel: the part with more votes, where tissue has a third of them.
    tissue = sums[1:].sum(0) > 0.33 * len(names)
    return np.where(tissue, 1 + sums[1:].argmax(0), 0).astype(np.uint8)


def _laid(shape: NDArray[np.bool_], size: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return the middle of a padded grid, of the size given."""
    start = [(g - n) // 2 for g, n in zip(shape.shape, size, strict=True)]
    return np.asarray(shape[tuple(slice(s, s + n) for s, n in zip(start, size, strict=True))])


def _dice(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    return 2.0 * float(np.sum(a & b)) / max(1.0, float(a.sum() + b.sum()))


def _with_interval(values: NDArray[np.float64]) -> dict[str, float]:
    rng = np.random.default_rng(0)
    means = values[rng.integers(len(values), size=(RESAMPLES, len(values)))].mean(1)
    low, high = np.percentile(means, (2.5, 97.5))
    return {"mean": round(float(values.mean()), 3), "low": round(float(low), 3), "high": round(float(high), 3)}


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    print(json.dumps(figures(parser.parse_args().data), indent=1))


if __name__ == "__main__":
    main()
