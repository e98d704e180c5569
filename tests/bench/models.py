"""The shipped models on held-out patients beside their baselines, with time and memory; or any tool on your own images.

Without --data: LIDC-IDRI crops of patients not trained on (our split), segmenter beside a cut at -400 HU, ratings beside
the diameter alone, the finder on whole scans. With --tool NAME --data FOLDER: anybody's tool on anybody's images and
labels; see own_images.py for the folder. Options: --quick (a few cases), --csv FILE, --previous WEIGHTS (of the
segmenter), --device cuda, --score NAME and --above NUMBER (classifiers), --lidc FOLDER, --modality CT --body-part CHEST.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import resource
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
DATA = HERE.parents[2] / "shared" / "data"

import own_images  # noqa: E402

from agent.settings import Settings  # noqa: E402
from tools import ClassifyRequest, FindRequest, NotApplicable, Registry, SegmentRequest, ToolError, load_scan  # noqa: E402
from tools.registry import Installed  # noqa: E402

QUICK = 12
"""Cases of a quick run: enough to see that all works, too few to say anything."""
TASKS = ("segment", "classify")
SHARES = {"shares": True}


def run(arguments: Sequence[str]) -> dict[str, Any]:
    """Measure and return the result; prints a readable table on the way."""
    parser = argparse.ArgumentParser(prog="scanwright bench models")
    parser.add_argument("--tool", help="a tool by name, with --data")
    parser.add_argument("--data", type=Path, help="a folder of images and labels")
    parser.add_argument("--tools", type=Path, help="a folder of tools of your own; left out: the data folder's tools/")
    parser.add_argument("--csv", type=Path, help="write one line a lesion")
    parser.add_argument("--score", help="the classifier's score; left out: its first")
    parser.add_argument("--above", type=float, help="labels above this count as positive")
    parser.add_argument("--modality", help="state it when the files do not say, e.g. CT")
    parser.add_argument("--body-part", help="state it when the files do not say, e.g. CHEST")
    parser.add_argument("--lidc", type=Path, default=DATA / "lidc_voi", help="nodules.csv, image/ and mask/")
    parser.add_argument("--previous", type=Path, help="weights of the segmenter to measure beside the shipped ones")
    parser.add_argument("--device", default="cpu", help="where the networks run: cpu, cuda")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args(list(arguments))
    if (options.tool is None) != (options.data is None):
        raise NotApplicable("--tool NAME and --data FOLDER go together: which tool is to be measured on which images?")
    return anybodys(options) if options.tool else shipped(options)


def say(what: str, value: Any = "") -> None:
    print(f"  {what:<52} {value if isinstance(value, str) else format(value, '.4g')}", flush=True)


def title(text: str) -> None:
    print(f"\n{text}", flush=True)


def shown(figure: dict[str, float]) -> str:
    """Return a figure with its interval."""
    if "low" not in figure:
        return f"{figure['value']:.3f} (too few patients for an interval)"
    return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"


# Anybody's tool on anybody's images.


def anybodys(options: argparse.Namespace) -> dict[str, Any]:
    chosen = Settings.from_environment()
    tool = Registry.discover(options.tools or chosen.own_tools, chosen.isolate).get(options.tool)
    if tool.spec.task not in TASKS:
        raise NotApplicable(
            f"{tool.spec.name} is a tool to {tool.spec.task}. This bench measures tools to {' and to '.join(TASKS)}."
        )
    if options.csv is not None and not options.csv.resolve().parent.is_dir():
        raise NotApplicable(f"There is no folder {options.csv.parent} to write {options.csv.name} into. Make it first.")
    cases = own_images.read_folder(options.data, QUICK if options.quick else None)
    stated = {"modality": options.modality, "body_part": options.body_part}
    title(f"{tool.spec.name} {tool.spec.version} on {len(cases)} image{'s' * (len(cases) != 1)}")
    start = time.perf_counter()

    def tell(done: int) -> None:
        print(f"\r  {done} of {len(cases)} images", end="\n" if done == len(cases) else "", file=sys.stderr, flush=True)

    if tool.spec.task == "segment":
        rows = own_images.segmented(tool, cases, stated, tell)
    else:
        rows = own_images.classified(tool, cases, stated, options.score, tell)
    seconds = time.perf_counter() - start
    if options.csv is not None:  # before the figures, which a table may be needed to understand
        own_images.write_csv(options.csv, rows)
        say("written, one line a lesion", str(options.csv))
    segments = tool.spec.task == "segment"
    figures = own_images.segment_figures(rows) if segments else own_images.classify_figures(rows, options.above)
    for name, figure in figures.items():
        say(name.replace("_", " "), shown(figure) if isinstance(figure, dict) else figure)
    for reason in sorted({r.refused for r in rows if r.refused})[:3]:
        say("refused, for example", reason)
    say("seconds a lesion, reading included", seconds / max(1, len(rows)))
    return {
        "tool": tool.spec.name, "version": tool.spec.version, "weights_sha256": tool.spec.weights_sha256,
        "figures": figures, "seconds_a_lesion": seconds / max(1, len(rows)), "peak_mb": peak_mb(),
    }  # fmt: skip


# The shipped models on held-out patients.


def shipped(options: argparse.Namespace) -> dict[str, Any]:
    nodules = held_out(options.lidc, options.quick)
    result: dict[str, Any] = {"nodules": len(nodules), "patients": len({n.patient for n in nodules}), "quick": options.quick}
    if options.quick:
        say("a quick run", f"{len(nodules)} nodules: it shows that all works, its figures say nothing")
    result["segmenter"] = segmenter(nodules, options) if options.quick else segmenters(options)
    result["ratings"] = ratings(nodules, options.device)
    if options.quick:
        say("the finder", "left out of a quick run")
    else:
        result["finder"] = finder(options.lidc.parent)
    result["speed"] = speed(nodules)
    result["peak_mb"] = peak_mb()
    say("peak memory of this whole bench, MB", result["peak_mb"])
    return result


def held_out(folder: Path, quick: bool) -> list[Any]:
    """Return the nodules of patients that no shipped model was trained on."""
    from tools.models.nodule_segmenter.data import read_nodules

    if not (folder / "nodules.csv").is_file():
        raise NotApplicable(
            f"There is no nodules.csv in {folder}. Give the folder of LIDC-IDRI crops with --lidc (nodules.csv, image/, "
            "mask/), or measure on your own images with --tool NAME --data FOLDER."
        )
    nodules = [n for n in read_nodules(folder) if n.held_out]
    if not nodules:
        raise NotApplicable(f"No nodule of {folder} belongs to a patient held out. Give the whole set.")
    return nodules[:: max(1, len(nodules) // QUICK)][:QUICK] if quick else nodules


def segmenters(options: argparse.Namespace) -> dict[str, Any]:
    """Return the segmenter's whole evaluation: prompts, corrections, thick slices, textures, beside the cut."""
    from tools.models.nodule_segmenter.evaluate import measured, table
    from tools.models.nodule_segmenter.model import WEIGHTS

    found = {}
    for name, weights in ({"shipped": WEIGHTS} | ({"previous": options.previous} if options.previous else {})).items():
        title(f"Segmenter, {name} weights")
        found[name] = measured(options.lidc, weights, lambda words: print(f"  {words}", file=sys.stderr), options.device)
        print(table(found[name]), flush=True)
    return found


def segmenter(nodules: Sequence[Any], options: argparse.Namespace) -> dict[str, Any]:
    """Return the figures of a few nodules: click, click elsewhere, box, beside the cut."""
    import hashlib

    from tools.models.nodule_segmenter import evaluate as e
    from tools.models.nodule_segmenter.data import inner_click
    from tools.models.nodule_segmenter.model import WEIGHTS, NoduleSegmenter

    title(f"Segmenter, {len(nodules)} nodules: Dice (95 %), longest diameter error and volume error, medians")
    kept = {"shipped": WEIGHTS} | ({"previous": options.previous} if options.previous else {})
    answers: dict[str, list[Any]] = {}
    for name, weights in kept.items():
        tool = NoduleSegmenter(weights, hashlib.sha256(weights.read_bytes()).hexdigest())
        tool.load(options.device)
        rng = np.random.default_rng(e.SEED)
        for nodule in nodules:
            middle, other = e.central_click(nodule), inner_click(nodule.mask, nodule.spacing, rng)
            for prompt, mask in (
                ("click", e.by_point(tool, nodule, middle)), ("click in the inner half", e.by_point(tool, nodule, other)),
                ("box", e.by_box(tool, nodule)),
            ):  # fmt: skip
                answers.setdefault(f"{name}, {prompt}", []).append(e.score(nodule, mask))
    answers["cut at -400 HU"] = [e.score(n, e.by_cut(n, e.central_click(n))) for n in nodules]
    figures = {name: e.summary(scores) for name, scores in answers.items()}
    for name, row in figures.items():
        wide, volume = row["diameter_error_mm_median"]["value"], row["volume_error_percent_median"]["value"]
        say(name, f"{shown(row['dice_mean'])}  {wide:.2f} mm  {volume:.1f} %  refused {row['refused']}")
    return figures


def ratings(nodules: Sequence[Any], device: str = "cpu") -> dict[str, Any]:
    """Score the rating tool through itself, on the segmenter's outlines, beside what it gives from diameter alone."""
    from tools.models.nodule_rating.cases import outlined
    from tools.models.nodule_rating.evaluate import Seen, paired
    from tools.models.nodule_rating.model import NoduleRating
    from tools.models.nodule_rating.targets import RATING, TARGETS
    from tools.models.nodule_segmenter.model import NoduleSegmenter

    title("Readers' ratings on the segmenter's outlines, beside the mean diameter alone")
    segmenter_tool, tool = NoduleSegmenter(), NoduleRating()
    segmenter_tool.load(device)
    tool.load("cpu")
    held: list[tuple[Any, dict[str, float]]] = []
    abstained = 0
    for nodule, scan, _, mask in outlined(nodules, segmenter_tool, ("centre",)):
        try:
            held.append((nodule, {q.name: q.value for q in tool.run(ClassifyRequest(scan, mask, SHARES)).scores}))
        except NotApplicable:
            abstained += 1
    patients = np.array([n.patient for n, _ in held])
    result: dict[str, Any] = {"abstained": abstained, "not_outlined": len(nodules) - len(held) - abstained}
    for name, target in TARGETS.items():
        if not held or name not in held[0][1]:
            continue
        level = np.array([target.level(int(n.row[target.column])) for n, _ in held])
        share = f"{name}_high_share" if target is not RATING else "lidc_rated_4_5"
        ours, alone = (
            Seen(np.array([q[f"{name}{end}"] for _, q in held]), _share([q.get(f"{share}{end}") for _, q in held]))
            for end in ("", "_from_diameter")
        )
        if len({*(level >= target.high)[(level <= target.low) | (level >= target.high)]}) < 2:
            say(name, "these cases hold one kind alone: no figures")
            continue
        result[name] = paired(target, level, patients, ours, alone)
        for key in ("auc", "auc_alone", "auc_difference", "brier_difference", "calibration_slope", "spearman_difference"):
            if target is RATING or key.startswith(("auc", "spearman")):
                say(f"{name}, {key.replace('_', ' ')}", shown(result[name][key]))
    say("abstained, not outlined", f"{abstained}, {result['not_outlined']}")
    return result


def _share(values: Sequence[float | None]) -> Any:
    """Return shares from percentages; an attribute gives none, and its Brier score and slope are not shown."""
    return np.clip([0.5 if v is None else v / 100.0 for v in values], 1e-6, 1 - 1e-6)


def finder(folder: Path) -> dict[str, Any]:
    """Return the finder's own figures, where its evaluation and the whole scans are at hand."""
    title("Finder on whole scans")
    if importlib.util.find_spec("tools.models.lung_candidates.evaluate") is None:
        say("the finder", "has no evaluation of its own here")
        return {}
    from tools.models.lung_candidates.evaluate import measured, table

    if not (folder / "sample").is_dir():
        say("the finder", "the whole scans are not at hand (sample/ beside the crops): left out")
        return {}
    figures: dict[str, Any] = measured(folder)
    print(table(figures))
    return figures


def speed(nodules: Sequence[Any]) -> dict[str, float]:
    """Return seconds of one outline, one rating, and one search of a whole scan; medians of a few."""
    from tools.models.nodule_rating.cases import outlined
    from tools.models.nodule_segmenter.evaluate import central_click, scan_of
    from tools.phantom import Sphere, chest_phantom

    title("Time, through the registry")
    registry = Registry.discover()
    segment, classify, find = (registry.get(n) for n in ("nodule-segmenter", "nodule-rating", "lung-candidates"))
    few = nodules[:5]
    clicks = []
    for nodule in few:
        scan = scan_of(nodule)
        z, y, x = central_click(nodule)
        clicks.append((segment, SegmentRequest(scan, point=scan.to_mm((y, x, z)))))
    masks = [(classify, ClassifyRequest(s, m)) for _, s, _, m in outlined(few, segment, ("centre",))]
    sample = DATA / "sample" / "lung1_image.nrrd"
    scan = (
        load_scan(sample, modality="CT", body_part="CHEST") if sample.is_file()
        else chest_phantom((Sphere((80.0, 10.0, 20.0), 14.0),), spacing=(1.0, 1.0, 3.0))[0]
    )  # fmt: skip
    found = {
        "segment_s": seconds(clicks), "rate_s": seconds(masks), "search_s": seconds([(find, FindRequest(scan=scan))]),
    }  # fmt: skip
    say("one outline, s", found["segment_s"])
    say("one rating, s", found["rate_s"])
    say(f"one search of {' x '.join(map(str, scan.shape))} voxels, s", found["search_s"])
    return found


def seconds(jobs: Sequence[tuple[Installed, Any]]) -> float:
    """Return the median time of the jobs, the first one left out where there are more: it loads the model."""
    times = []
    for tool, request in jobs:
        start = time.perf_counter()
        try:
            tool.run(request)
        except ToolError:
            continue
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:] or times) if times else float("nan")


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1:]), indent=1))
