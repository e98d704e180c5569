"""Anybody's tool on anybody's images and labels: which files belong together, one row a lesion, figures with intervals.

A folder holds images (`images/` or `image/`) and label volumes (`labels/`, `masks/` or `mask/`) under the same names;
every value above 0 is a lesion. `cases.csv`, optional for a segmenter, has the columns `name` (the file's, without its
ending), `patient`, `lesion` (the label value; left out: every lesion of the file) and, for a classifier, `label`.
For a segmenter of several structures the label values are its structures, in the order in which its spec names them.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from tools import ClassifyRequest, NotApplicable, ScanError, SegmentRequest, SegmentResult, ToolError, load_scan
from tools.engines.local import answer
from tools.lesions import read_labels
from tools.mask import Mask
from tools.measure import measure_box
from tools.registry import Installed
from tools.scan import Scan

IMAGES, LABELS = ("images", "image"), ("labels", "masks", "mask")
ENDINGS = (".nii.gz", ".nii", ".nrrd", ".dcm")
RESAMPLES = 2000
SEED = 7
LEAST_PATIENTS = 5
"""With fewer, an interval says nothing and none is given."""


@dataclass(frozen=True)
class Case:
    """One image with its labels and what the table says of it."""

    name: str
    image: Path
    labels: Path
    rows: tuple[dict[str, str], ...]


@dataclass(frozen=True)
class Row:
    """One lesion's result, a line of the CSV. What could not be had is None; `refused` says why."""

    name: str
    patient: str
    lesion: int
    diameter_mm: float | None
    dice: float | None = None
    diameter_error_mm: float | None = None
    volume_error_percent: float | None = None
    score: float | None = None
    label: float | None = None
    refused: str = ""


def read_folder(folder: Path, quick: int | None = None) -> list[Case]:
    """Return the cases of a folder; `quick`: that many, spread over the folder.

    Raises:
        NotApplicable: no such folder, no images, or images without labels of the same name.
    """
    if not folder.is_dir():
        raise NotApplicable(f"There is no folder {folder}. Give one with {IMAGES[0]}/ and {LABELS[0]}/ in it.")
    images, labels = _named(folder, IMAGES), _named(folder, LABELS)
    alone = sorted(set(images) ^ set(labels))
    if alone:
        has, lacks = ("an image", "labels") if alone[0] in images else ("labels", "an image")
        raise NotApplicable(
            f"{len(alone)} file{'s have' if len(alone) > 1 else ' has'} no partner of the same name: {alone[0]!r} has {has} "
            f"and lacks {lacks}. Add what is missing, or take the others out."
        )
    table = _table(folder / "cases.csv", set(images))
    cases = [Case(name, images[name], labels[name], tuple(table.get(name, ()))) for name in sorted(images)]
    return cases[:: max(1, len(cases) // quick)][:quick] if quick else cases


def _named(folder: Path, names: Sequence[str]) -> dict[str, Path]:
    """Return the files of the first of these subfolders by their names without ending."""
    inner = next((folder / n for n in names if (folder / n).is_dir()), None)
    if inner is None:
        there = ", ".join(sorted(p.name for p in folder.iterdir())[:8]) or "nothing"
        raise NotApplicable(f"{folder} holds no folder {' or '.join(names)} (it holds {there}). Make one.")
    found = {}
    for path in sorted(inner.iterdir()):
        ending = next((e for e in ENDINGS if path.name.lower().endswith(e)), "")
        if (ending or path.is_dir()) and not path.name.startswith("."):
            found[path.name[: len(path.name) - len(ending)]] = path
    if not found:
        raise NotApplicable(f"{inner} holds no image. Allowed: {', '.join(ENDINGS)}, or a folder of DICOM files each.")
    return found


def _table(path: Path, known: set[str]) -> dict[str, list[dict[str, str]]]:
    """Return the rows of cases.csv by name; none where there is no such file."""
    if not path.is_file():
        return {}
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        if "name" not in (reader.fieldnames or ()):
            raise NotApplicable(f"{path} has no column 'name'; it has {', '.join(reader.fieldnames or ('none',))}.")
        found: dict[str, list[dict[str, str]]] = {}
        for row in reader:
            found.setdefault(row["name"], []).append(row)
    stray = sorted(set(found) - known)
    if stray:
        raise NotApplicable(f"{path} names {stray[0]!r}, which is no image of this folder. Correct the name.")
    return found


def _read(case: Case, stated: dict[str, str | None]) -> tuple[Scan, dict[int, Mask]]:
    """Return a case's image and its labels. Raises NotApplicable with the case's name for what cannot be used."""
    try:
        scan = load_scan(case.image, **stated)
        return scan, read_labels(case.labels, scan)
    except (ToolError, ScanError) as error:
        raise NotApplicable(f"{case.name}: {error}") from error


def _lesions(case: Case, masks: dict[int, Mask]) -> Iterator[tuple[int, Mask, dict[str, str]]]:
    """Give a case's lesions with their row of the table. Raises NotApplicable for a row of no lesion."""
    by_lesion = {(r.get("lesion") or "").strip(): r for r in case.rows}
    general = by_lesion.pop("", None)
    stray = sorted(set(by_lesion) - {str(value) for value in masks})
    if stray:
        held = ", ".join(map(str, masks))
        raise NotApplicable(f"cases.csv names lesion {stray[0]!r} of {case.name!r}; its labels hold {held}.")
    for value, mask in masks.items():
        row = by_lesion.get(str(value), general)
        if row is not None or not case.rows:
            yield value, mask, row or {}


def segmented(tool: Installed, cases: Sequence[Case], stated: dict[str, str | None], tell: Callable[[int], None]) -> list[Row]:
    """Return one row a lesion for a segmenter: a click at the lesion's most interior voxel."""
    rows = []
    for n, case in enumerate(cases):
        scan, masks = _read(case, stated)
        for value, truth, row in _lesions(case, masks):
            rows.append(_segmented(tool, scan, truth, Row(case.name, row.get("patient") or case.name, value, _wide(truth, scan))))
        tell(n + 1)
    return rows


def _segmented(tool: Installed, scan: Scan, truth: Mask, row: Row) -> Row:
    known = {f.name: getattr(row, f.name) for f in fields(row)}
    try:
        outline = _structure(tool, answer(tool, SegmentRequest(scan, point=truth.core_mm)), row.lesion)
    except ToolError as error:
        return Row(**{**known, "dice": 0.0, "refused": str(error)})
    dice = 2.0 * outline.overlap(truth) / max(1, outline.count + truth.count)
    wide = _wide(outline, scan)
    error = abs(wide - row.diameter_mm) if wide is not None and row.diameter_mm is not None else None
    volume = 100.0 * abs(outline.count / truth.count - 1.0)
    return Row(**{**known, "dice": dice, "diameter_error_mm": error, "volume_error_percent": volume})


def _structure(tool: Installed, result: SegmentResult, value: int) -> Mask:
    """Return the outline that a label value stands for. Raises NotApplicable where it was not outlined."""
    names = tool.spec.labels
    if len(names) < 2:
        return result.mask
    if value > len(names):
        raise NotApplicable(f"label {value} stands for none of {tool.spec.name}'s structures ({', '.join(names)})")
    found = next((m for m in (result.mask, *result.parts) if m.label == names[value - 1]), None)
    if found is None:
        raise NotApplicable(f"{names[value - 1]} was not outlined")
    return found


def _wide(mask: Mask, scan: Scan) -> float | None:
    """Return the longest axial diameter in mm, or None without millimetres or voxels."""
    if not scan.has_mm or not mask.count:
        return None
    return next(q.value for q in measure_box(mask.box, mask.box_affine) if q.name == "axial_long_axis")


def classified(
    tool: Installed, cases: Sequence[Case], stated: dict[str, str | None], score: str | None, tell: Callable[[int], None]
) -> list[Row]:
    """Return one row a labelled lesion for a classifier: the score named, or the first it gives."""
    if not any(r.get("label") for c in cases for r in c.rows):
        raise NotApplicable("A classifier is scored against the column 'label' of cases.csv; there is none. Add it.")
    rows = []
    for n, case in enumerate(cases):
        scan, masks = _read(case, stated)
        for value, mask, row in _lesions(case, masks):
            label = _number(row.get("label") or "", case.name)
            made = Row(case.name, row.get("patient") or case.name, value, _wide(mask, scan), label=label)
            rows.append(_classified(tool, scan, mask, made, score))
        tell(n + 1)
    return rows


def _classified(tool: Installed, scan: Scan, mask: Mask, row: Row, score: str | None) -> Row:
    known = {f.name: getattr(row, f.name) for f in fields(row)}
    try:
        scores = {q.name: q.value for q in answer(tool, ClassifyRequest(scan, mask)).scores}
    except ToolError as error:
        return Row(**{**known, "refused": str(error)})
    name = score or next(iter(scores), "")
    if name not in scores:
        raise NotApplicable(f"{tool.spec.name} gives no score {name!r}. It gives: {', '.join(scores) or 'none'}.")
    return Row(**{**known, "score": scores[name]})


def _number(text: str, name: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise NotApplicable(f"The label of {name!r} in cases.csv is {text!r}; it must be a number.") from error


def interval(rows: Sequence[Row], statistic: Callable[[list[Row]], float]) -> dict[str, float]:
    """Return a statistic with its 95 % interval, patients drawn again with replacement."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.patient, []).append(row)
    result = {"value": statistic(list(rows))}
    if len(groups) < LEAST_PATIENTS:
        return result
    rng, lists = np.random.default_rng(SEED), list(groups.values())
    drawn = [statistic([r for n in rng.integers(len(lists), size=len(lists)) for r in lists[n]]) for _ in range(RESAMPLES)]
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return {**result, "low": float(low), "high": float(high)}


def segment_figures(rows: Sequence[Row]) -> dict[str, Any]:
    """Return Dice, errors in mm and percent, and how often the tool refused."""
    answered = [r for r in rows if not r.refused]
    if not answered:
        why = next(iter(sorted({r.refused for r in rows})), "there was none")
        raise NotApplicable(f"None of {len(rows)} lesions was outlined, so there are no figures. The first reason: {why}")
    known = [r for r in answered if r.diameter_error_mm is not None]
    figures: dict[str, Any] = {
        "lesions": len(rows), "patients": len({r.patient for r in rows}), "refused": len(rows) - len(answered),
        "dice_mean": interval(rows, lambda some: float(np.mean([r.dice for r in some]))),
        "dice_median": interval(rows, lambda some: float(np.median([r.dice for r in some]))),
    }  # fmt: skip
    if known:
        figures["diameter_error_mm_median"] = interval(known, lambda some: float(np.median([r.diameter_error_mm for r in some])))
        figures["diameter_error_mm_mean"] = interval(known, lambda some: float(np.mean([r.diameter_error_mm for r in some])))
    if answered:
        figures["volume_error_percent_median"] = interval(
            answered, lambda some: float(np.median([r.volume_error_percent for r in some]))
        )
    return figures


def classify_figures(rows: Sequence[Row], above: float | None) -> dict[str, Any]:
    """Return the AUC of label > `above`, of the diameter alone on the same lesions, and their paired difference."""
    scored = [r for r in rows if r.score is not None and r.label is not None and r.diameter_mm is not None]
    values = sorted({r.label for r in scored})
    if len(values) < 2:
        raise NotApplicable(
            f"{len(scored)} of {len(rows)} lesions got a score, with {len(values)} kinds of label: an AUC needs both "
            "kinds. Give more images, or look at the column 'refused' of the CSV."
        )
    if above is None and len(values) > 2:
        shown = ", ".join(f"{v:g}" for v in values[:6])
        raise NotApplicable(f"The labels have {len(values)} values ({shown}…). Say which count with --above NUMBER.")
    cut = values[0] if above is None else above
    if not values[0] <= cut < values[-1]:
        raise NotApplicable(f"--above {cut:g} leaves one kind of label: they run from {values[0]:g} to {values[-1]:g}.")
    by: dict[str, Callable[[Row], float]] = {"score": lambda r: r.score or 0.0, "diameter": lambda r: r.diameter_mm or 0.0}
    auc = {name: (lambda some, key=key: area(some, key, cut)) for name, key in by.items()}
    return {
        "lesions": len(rows), "scored": len(scored), "patients": len({r.patient for r in scored}),
        "refused": sum(bool(r.refused) for r in rows), "positive": f"label above {cut:g}",
        "auc": interval(scored, auc["score"]), "auc_diameter_alone": interval(scored, auc["diameter"]),
        "auc_difference": interval(scored, lambda some: auc["score"](some) - auc["diameter"](some)),
    }  # fmt: skip


def area(rows: Sequence[Row], key: Callable[[Row], float], cut: float) -> float:
    """Return the AUC of a score; not a number where there is one kind of label alone."""
    from scipy.stats import rankdata

    positive = np.array([(r.label or 0.0) > cut for r in rows])
    count = int(positive.sum())
    if count in (0, len(rows)):
        return float("nan")
    ranks = rankdata([key(r) for r in rows])
    return float((ranks[positive].sum() - count * (count + 1) / 2) / (count * (len(rows) - count)))


def write_csv(path: Path, rows: Sequence[Row]) -> None:
    """Write one line a lesion."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [f.name for f in fields(Row)])
        writer.writeheader()
        writer.writerows({k: "" if v is None else v for k, v in asdict(r).items()} for r in rows)
