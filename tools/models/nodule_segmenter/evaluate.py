"""Measure the nodule segmenter on held-out patients, through the tool itself, beside a fixed cut at -400 HU.

    python -m tools.models.nodule_segmenter.evaluate --data FOLDER [--weights FILE]

Writes figures.json beside this file (figures only, no patient and no case) and prints the same as a table. `measured`
returns the figures without writing anything. A refusal counts as Dice 0 and is counted.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tools.contract import NotApplicable, SegmentRequest
from tools.models.nodule_segmenter.components import Prompts, chosen
from tools.models.nodule_segmenter.corrections import next_click
from tools.models.nodule_segmenter.data import Nodule, inner_click, read_nodules, thicken
from tools.models.nodule_segmenter.model import WEIGHTS, NoduleSegmenter
from tools.models.nodule_segmenter.scores import SEED, Score, score, summary, texture_of, touches, without_tails
from tools.models.nodule_segmenter.window import Array, Index
from tools.scan import Known, Point, Scan

__all__ = ["central_click", "evaluate", "measured", "scan_of", "score", "summary", "table", "texture_of"]

Bool = npt.NDArray[np.bool_]
Progress = Callable[[str], None]

FIGURES = Path(__file__).parent / "figures.json"
BASELINE_HU = -400.0
LOOSE_BOX = 0.3
"""Boxes are drawn this much larger than the lesion, half of it on each side."""
CLICKS = 5
"""Corrections tried, one after another."""
THICK_MM = (2.5, 5.0)
THICK_LEAST = 3
"""A crop must give at least this many thick slices to be measured so."""
LARGE_MM = 30.0
"""A mass is a lesion of more than 30 mm (Fleischner Society glossary, 2008, doi:10.1148/radiol.2462070712)."""


class _Remembering(NoduleSegmenter):
    """The tool with a memory of what the network said: further clicks repeat the looks before them."""

    def __init__(self, weights: Path, sha256: str) -> None:
        super().__init__(weights, sha256)
        self.memory: dict[bytes, Array] = {}

    def _predict(self, data: Array) -> Array:
        key = hashlib.sha256(data.tobytes()).digest()
        if key not in self.memory:
            self.memory[key] = super()._predict(data)
        return self.memory[key]


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


def thickened(nodule: Nodule, slice_mm: float) -> Nodule | None:
    """Return a crop with its slices averaged to about this distance, or None when too few would be left."""
    count = round(slice_mm / nodule.spacing[0])
    if count < 2 or nodule.image.shape[0] // count < THICK_LEAST:
        return None
    image, mask = thicken(nodule.image, nodule.mask, count)
    if not mask.any():
        return None
    affine = np.array(nodule.affine, dtype=np.float64)
    affine[:3, 3] += affine[:3, 2] * (count - 1) / 2
    affine[:3, 2] *= count
    spacing = (nodule.spacing[0] * count, nodule.spacing[1], nodule.spacing[2])
    return replace(nodule, image=np.rint(image).astype(np.int16), mask=mask, spacing=spacing, affine=affine)


def by_point(
    tool: NoduleSegmenter, nodule: Nodule, place: Index, fixes: Sequence[tuple[Index, bool]] = ()
) -> Bool | None:
    """Return the tool's mask for a click (and corrections) at indices, axes (slice, row, column), or None: refused."""
    scan = scan_of(nodule)
    clicks = tuple((_mm(scan, at), add) for at, add in fixes)
    return _run(tool, SegmentRequest(scan, point=_mm(scan, place), clicks=clicks))


def by_box(tool: NoduleSegmenter, nodule: Nodule) -> Bool | None:
    """Return the tool's mask for a box somewhat larger than the lesion, or None when it refuses."""
    scan = scan_of(nodule)
    inside = np.argwhere(nodule.mask)
    low, high = inside.min(axis=0), inside.max(axis=0)
    grow = (high - low + 1) * LOOSE_BOX / 2
    return _run(tool, SegmentRequest(scan, box=(_mm(scan, low - grow), _mm(scan, high + grow))))


def by_corrections(tool: NoduleSegmenter, nodule: Nodule, place: Index) -> list[Bool | None]:
    """Return the masks after a click and after each of `CLICKS` corrections of a made reader."""
    answers = [by_point(tool, nodule, place)]
    fixes: list[tuple[Index, bool]] = []
    for _ in range(CLICKS):
        found = np.zeros(nodule.mask.shape, bool) if answers[-1] is None else answers[-1]
        click = next_click(found, nodule.mask, nodule.spacing)
        if click is None:  # nothing left to correct
            answers.append(answers[-1])
            continue
        fixes.append((click.place, click.add))
        answers.append(by_point(tool, nodule, place, fixes))
    return answers


def by_cut(nodule: Nodule, place: Index) -> Bool | None:
    """Return the baseline: the component above -400 HU at a click, or nearest to it."""
    dense = nodule.image > BASELINE_HU
    return chosen(dense, dense.astype(np.float32), Prompts(place), nodule.spacing)


def _mm(scan: Scan, place: Any) -> Point:
    return scan.to_mm((place[1], place[2], place[0]))


def _run(tool: NoduleSegmenter, request: SegmentRequest) -> Bool | None:
    try:
        return np.moveaxis(tool.run(request).mask.voxels, 2, 0)
    except NotApplicable:
        return None


def measured(
    data: Path,
    weights: Path = WEIGHTS,
    progress: Progress = lambda words: None,
    device: str = "cpu",
    workers: int = 1,
) -> dict[str, Any]:
    """Return the figures of weights on the held-out nodules of a folder. Writes nothing.

    Args:
        data: folder with nodules.csv, image/ and mask/.
        weights: the file to measure; its hash goes into the figures.
        progress: told how far it is.
        device: where the network runs.
        workers: processes that share the nodules; the figures do not depend on how many.
    """
    sha256 = hashlib.sha256(weights.read_bytes()).hexdigest()
    nodules = [n for n in read_nodules(data) if n.held_out]
    jobs = [(weights, sha256, device, number, nodule) for number, nodule in enumerate(nodules)]
    kinds: dict[str, list[Score]] = {}
    seconds = []
    for number, (took, scores) in enumerate(_each(jobs, workers), start=1):
        seconds.append(took)
        for kind, one in scores:
            kinds.setdefault(kind, []).append(one)
        if number % 20 == 0 or number == len(nodules):
            progress(f"{number} of {len(nodules)} nodules")
    return {
        "data": "LIDC-IDRI crops, patients not trained on",
        "patients": len({n.patient for n in nodules}),
        "weights_sha256": sha256,
        "cpu_seconds_a_click_median": round(float(np.median(seconds)), 3),
        "prompts": {kind: summary(scores) for kind, scores in kinds.items()},
        **_groups(nodules, kinds["click"]),
    }


_Job = tuple[Path, str, str, int, Nodule]
_Scored = tuple[float, list[tuple[str, Score]]]


def _each(jobs: Sequence[_Job], workers: int) -> Iterator[_Scored]:
    """Yield what comes of every job, in order."""
    if workers == 1:
        yield from map(_scored, jobs)
        return
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(_scored, jobs)


@cache
def _tool(weights: Path, sha256: str, device: str) -> _Remembering:
    import torch

    torch.set_num_threads(1)
    tool = _Remembering(weights, sha256)
    tool.load(device)
    return tool


def _scored(job: _Job) -> _Scored:
    """Return the processor seconds that one click took, and the score of a nodule under every kind of prompt."""
    weights, sha256, device, number, nodule = job
    tool = _tool(weights, sha256, device)
    tool.memory.clear()
    middle = central_click(nodule)
    elsewhere = inner_click(nodule.mask, nodule.spacing, np.random.default_rng([SEED, number]))
    started = time.process_time()
    by_point(tool, nodule, middle)
    took = time.process_time() - started
    answers = by_corrections(tool, nodule, middle)
    scores = [(_after(n), score(nodule, answer)) for n, answer in enumerate(answers)]
    scores += [
        ("click, tails taken off both", _without_tails(nodule, answers[0])),
        ("click in the inner half", score(nodule, by_point(tool, nodule, elsewhere))),
        ("box", score(nodule, by_box(tool, nodule))),
        ("-400 HU cut", score(nodule, by_cut(nodule, middle))),
    ]
    for slice_mm in THICK_MM:
        scores += _thick(tool, nodule, slice_mm, scores[0][1])
    return took, scores


def _without_tails(nodule: Nodule, answer: Bool | None) -> Score:
    bare = replace(nodule, mask=without_tails(nodule.mask, nodule.spacing))
    return score(bare, None if answer is None else without_tails(answer, nodule.spacing))


def _after(clicks: int) -> str:
    return "click" if not clicks else f"click and {clicks} correction{'s' if clicks > 1 else ''}"


def _thick(tool: NoduleSegmenter, nodule: Nodule, slice_mm: float, native: Score) -> list[tuple[str, Score]]:
    """Return the score of a click on thickened slices, and beside it that of the same nodule as it was."""
    thick = thickened(nodule, slice_mm)
    if thick is None:
        return []
    answer = by_point(tool, thick, central_click(thick))
    return [
        (f"click, slices averaged to {slice_mm:g} mm", score(thick, answer)),
        (f"click, the same nodules before averaging to {slice_mm:g} mm", native),
    ]


def _groups(nodules: Sequence[Nodule], clicks: Sequence[Score]) -> dict[str, Any]:
    """Return the figures of a click by texture, by contact and by size."""
    textures = ("solid", "part-solid", "ground-glass")
    contact = [touches(n) for n in nodules]
    large = [float(n.row["longest_axial_mm"]) > LARGE_MM for n in nodules]

    def by(groups: Mapping[str, Sequence[bool]]) -> dict[str, Any]:
        parts = {name: [s for s, flag in zip(clicks, flags, strict=True) if flag] for name, flags in groups.items()}
        return {name: summary(part) for name, part in parts.items() if part}

    return {
        "click_by_texture": by({t: [s.texture == t for s in clicks] for t in textures}),
        "click_by_contact": by({"free": [not c for c in contact], "on pleura or vessels": contact}),
        "click_by_size": by({"to 30 mm": [not v for v in large], "over 30 mm": large}),
    }


def evaluate(
    data: Path, seconds: float | None = None, weights: Path = WEIGHTS, device: str = "cpu", workers: int = 1
) -> dict[str, Any]:
    """Measure weights as `measured` does, write figures.json, print a table, return the figures.

    `seconds` is how long the training took, noted beside the figures.
    """
    figures = measured(data, weights, lambda words: print(words, file=sys.stderr, flush=True), device, workers)
    figures["training_seconds"] = _known_seconds(figures["weights_sha256"]) if seconds is None else round(seconds)
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
        "| prompt | nodules | refused | Dice mean (95 %) | median | diameter error, median (95 %) | mean | bias "
        "| volume error, median |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    rows = dict(figures["prompts"])
    for group in ("click_by_texture", "click_by_contact", "click_by_size"):
        rows |= {f"click, {name}": row for name, row in figures[group].items()}
    for name, row in rows.items():
        mean, wide = row["dice_mean"], row["diameter_error_mm_median"]
        lines.append(
            f"| {name} | {row['nodules']} | {row['refused']} "
            f"| {mean['value']:.3f} ({mean['low']:.3f}-{mean['high']:.3f}) | {row['dice_median']['value']:.3f} "
            f"| {wide['value']:.2f} mm ({wide['low']:.2f}-{wide['high']:.2f}) "
            f"| {row['diameter_error_mm_mean']['value']:.2f} | {row['diameter_bias_mm_median']['value']:+.2f} "
            f"| {row['volume_error_percent_median']['value']:.1f} % |"
        )
    return "\n".join(lines)


def main() -> None:
    """Read the arguments and evaluate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with nodules.csv, image/ and mask/")
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--workers", type=int, default=1, help="processes that share the nodules")
    arguments = parser.parse_args()
    evaluate(arguments.data, weights=arguments.weights, device=arguments.device, workers=arguments.workers)


if __name__ == "__main__":
    main()
