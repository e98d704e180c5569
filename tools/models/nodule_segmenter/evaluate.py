"""Measure the nodule segmenter on held-out patients, through the tool itself, beside a fixed cut at -400 HU.

    python -m tools.models.nodule_segmenter.evaluate --data FOLDER [--weights FILE]

Writes figures.json beside this file (figures only, no patient and no case) and prints the same as a table. A refusal
counts as Dice 0 and is counted; size errors are over the answers there are.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tools.contract import NotApplicable, SegmentRequest
from tools.measure import measure_box
from tools.models.nodule_segmenter.data import Nodule, inner_click, read_nodules
from tools.models.nodule_segmenter.model import WEIGHTS, NoduleSegmenter
from tools.models.nodule_segmenter.outline import Prompts, chosen
from tools.models.nodule_segmenter.window import Index
from tools.scan import Known, Scan

Bool = npt.NDArray[np.bool_]
Array = npt.NDArray[np.float64]

FIGURES = Path(__file__).parent / "figures.json"
BASELINE_HU = -400.0
LOOSE_BOX = 0.3
"""Boxes are drawn this much larger than the lesion, half of it on each side."""
RESAMPLES = 2000
SEED = 7


@dataclass(frozen=True)
class Score:
    """One nodule under one kind of prompt. Errors are None when the tool refused."""

    patient: str
    texture: str
    dice: float
    diameter_error_mm: float | None
    volume_error_percent: float | None


def scan_of(nodule: Nodule) -> Scan:
    """Return a crop as the scan that a reader would load, its modality and body part stated."""
    return Scan.build(
        np.moveaxis(nodule.image, 0, 2),
        nodule.affine,
        modality=Known("CT", "stated"),
        body_part=Known("CHEST", "stated"),
        slice_interval_mm=nodule.spacing[0],
    )


def central_click(nodule: Nodule) -> Index:
    """Return the mask's voxel nearest to its centroid among those at least half as deep as its deepest."""
    from scipy.ndimage import distance_transform_edt

    depth = distance_transform_edt(np.pad(nodule.mask, 1), sampling=nodule.spacing)[1:-1, 1:-1, 1:-1]
    places = np.argwhere(nodule.mask & (depth >= 0.5 * depth.max()))
    middle = np.argwhere(nodule.mask).mean(axis=0)
    z, y, x = places[int(np.argmin((((places - middle) * nodule.spacing) ** 2).sum(axis=1)))]
    return float(z), float(y), float(x)


def texture_of(nodule: Nodule) -> str:
    """Return the readers' texture: 5 is solid, 1 is ground glass, between is part-solid."""
    return {"5": "solid", "1": "ground-glass"}.get(nodule.row["Texture_value"], "part-solid")


def by_point(tool: NoduleSegmenter, nodule: Nodule, place: Index) -> Bool | None:
    """Return the tool's mask for a click at an index, axes (slice, row, column), or None when it refuses."""
    scan = scan_of(nodule)
    return _run(tool, SegmentRequest(scan, point=scan.to_mm((place[1], place[2], place[0]))))


def by_box(tool: NoduleSegmenter, nodule: Nodule) -> Bool | None:
    """Return the tool's mask for a box somewhat larger than the lesion, or None when it refuses."""
    scan = scan_of(nodule)
    inside = np.argwhere(nodule.mask)
    low, high = inside.min(axis=0), inside.max(axis=0)
    grow = (high - low + 1) * LOOSE_BOX / 2
    a, b = low - grow, high + grow
    return _run(tool, SegmentRequest(scan, box=(scan.to_mm((a[1], a[2], a[0])), scan.to_mm((b[1], b[2], b[0])))))


def by_cut(nodule: Nodule, place: Index) -> Bool | None:
    """Return the baseline: the component above -400 HU at a click, or nearest to it."""
    dense = nodule.image > BASELINE_HU
    return chosen(dense, dense.astype(np.float32), Prompts((place,)), nodule.spacing)


def _run(tool: NoduleSegmenter, request: SegmentRequest) -> Bool | None:
    try:
        return np.moveaxis(tool.run(request).mask.voxels, 2, 0)
    except NotApplicable:
        return None


def score(nodule: Nodule, answer: Bool | None) -> Score:
    """Return how an answer compares with the readers' consensus."""
    if answer is None or not answer.any():
        return Score(nodule.patient, texture_of(nodule), 0.0, None, None)
    dice = 2.0 * float((answer & nodule.mask).sum()) / float(answer.sum() + nodule.mask.sum())
    wide = [
        next(q.value for q in measure_box(np.moveaxis(m, 0, 2), nodule.affine) if q.name == "axial_long_axis")
        for m in (answer, nodule.mask)
    ]
    volume = 100.0 * abs(float(answer.sum()) / float(nodule.mask.sum()) - 1.0)
    return Score(nodule.patient, texture_of(nodule), dice, abs(wide[0] - wide[1]), volume)


def with_interval(
    scores: Sequence[Score], values: Sequence[float], statistic: Callable[[Any], Any]
) -> tuple[float, float, float]:
    """Return a statistic and its 95 % interval, patients (not nodules) drawn again with replacement."""
    rng = np.random.default_rng(SEED)
    groups: dict[str, list[float]] = {}
    for s, value in zip(scores, values, strict=True):
        groups.setdefault(s.patient, []).append(value)
    lists = [np.array(v) for v in groups.values()]
    drawn = [
        float(statistic(np.concatenate([lists[n] for n in rng.integers(len(lists), size=len(lists))])))
        for _ in range(RESAMPLES)
    ]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(statistic(np.array(values))), float(low), float(high)


def summary(scores: Sequence[Score]) -> dict[str, Any]:
    """Return the figures of one kind of prompt."""
    answered = [s for s in scores if s.diameter_error_mm is not None]
    dice = [s.dice for s in scores]
    wide = [float(s.diameter_error_mm or 0.0) for s in answered]
    volume = [float(s.volume_error_percent or 0.0) for s in answered]
    figures: dict[str, Any] = {"nodules": len(scores), "refused": len(scores) - len(answered)}
    for name, who, values, statistic in (
        ("dice_mean", scores, dice, np.mean),
        ("dice_median", scores, dice, np.median),
        ("diameter_error_mm_median", answered, wide, np.median),
        ("diameter_error_mm_mean", answered, wide, np.mean),
        ("volume_error_percent_median", answered, volume, np.median),
    ):
        value, low, high = with_interval(who, values, statistic)
        figures[name] = {"value": round(value, 3), "low": round(low, 3), "high": round(high, 3)}
    return figures


def evaluate(data: Path, seconds: float | None = None, weights: Path = WEIGHTS) -> dict[str, Any]:
    """Measure weights on the held-out nodules of a folder, write figures.json, print a table, return the figures.

    Args:
        data: folder with nodules.csv, image/ and mask/.
        seconds: how long the training took, noted beside the figures.
        weights: the file to measure; its hash goes into the figures.
    """
    sha256 = hashlib.sha256(weights.read_bytes()).hexdigest()
    tool = NoduleSegmenter(weights, sha256)
    tool.load("cpu")
    nodules = [n for n in read_nodules(data) if n.held_out]
    rng = np.random.default_rng(SEED)
    kinds: dict[str, list[Score]] = {"click": [], "click in the inner half": [], "box": [], "-400 HU cut": []}
    for nodule in nodules:
        middle, elsewhere = central_click(nodule), inner_click(nodule.mask, nodule.spacing, rng)
        kinds["click"].append(score(nodule, by_point(tool, nodule, middle)))
        kinds["click in the inner half"].append(score(nodule, by_point(tool, nodule, elsewhere)))
        kinds["box"].append(score(nodule, by_box(tool, nodule)))
        kinds["-400 HU cut"].append(score(nodule, by_cut(nodule, middle)))
    textures = ("solid", "part-solid", "ground-glass")
    figures = {
        "data": "LIDC-IDRI crops, patients not trained on",
        "patients": len({n.patient for n in nodules}),
        "weights_sha256": sha256,
        "training_seconds": _known_seconds(sha256) if seconds is None else round(seconds),
        "prompts": {kind: summary(scores) for kind, scores in kinds.items()},
        "click_by_texture": {t: summary([s for s in kinds["click"] if s.texture == t]) for t in textures},
    }
    FIGURES.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(table(figures) + "\n")
    return figures


def _known_seconds(sha256: str) -> int | None:
    """Return how long these weights took to train, when the figures at hand are theirs and say so."""
    figures = json.loads(FIGURES.read_text(encoding="utf-8")) if FIGURES.is_file() else {}
    seconds: int | None = figures.get("training_seconds") if figures.get("weights_sha256") == sha256 else None
    return seconds


def table(figures: Mapping[str, Any]) -> str:
    """Return the figures as Markdown, for the terminal and the card."""
    lines = [
        "| prompt | nodules | refused | Dice mean (95 %) | median | diameter error, median | volume error, median |",
        "|---|---|---|---|---|---|---|",
    ]
    rows = {**figures["prompts"], **{f"click, {t}": f for t, f in figures["click_by_texture"].items()}}
    for name, row in rows.items():
        mean = row["dice_mean"]
        lines.append(
            f"| {name} | {row['nodules']} | {row['refused']} "
            f"| {mean['value']:.3f} ({mean['low']:.3f}-{mean['high']:.3f}) | {row['dice_median']['value']:.3f} "
            f"| {row['diameter_error_mm_median']['value']:.2f} mm "
            f"| {row['volume_error_percent_median']['value']:.1f} % |"
        )
    return "\n".join(lines)


def main() -> None:
    """Read the arguments and evaluate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with nodules.csv, image/ and mask/")
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    arguments = parser.parse_args()
    evaluate(arguments.data, weights=arguments.weights)


if __name__ == "__main__":
    main()
