"""Measure the candidate finder on whole chest CTs: known lesions, and held-out nodules implanted into their lungs.

    python -m tools.models.lung_candidates.evaluate --data FOLDER [--rounds N]

FOLDER holds lidc_voi/ (crops), sample/ (lung1, lung2 with labels) and lung_pet_ct_dx/ (DICOM with tumour boxes); what
is absent is left out. Writes figures.json beside this file. With three patients' scans this is a demonstration:
sensitivity against false positives a scan, no pass mark. Beside the shipped ranking stands the plain one, by size.

A hit: centre within the middle half of the lesion's box and diameter within a factor of two. Whatever else is listed
and does not touch a known lesion counts as false, though nobody read these scans for other lesions.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import re
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tools.contract import Candidate, FindRequest
from tools.lungs import lung_fields
from tools.mask import Mask
from tools.models.lung_candidates.implants import Implant, enlarged, implanted, places
from tools.models.lung_candidates.model import LungCandidates
from tools.models.lung_candidates.outlines import diameter_of
from tools.models.nodule_segmenter.data import Nodule, read_nodules
from tools.models.nodule_segmenter.scores import longest_mm, texture_of
from tools.scan import Point, Scan, load_scan

FIGURES = Path(__file__).parent / "figures.json"
SEED = 11
ROUNDS = 2
LISTED = 24
"""Candidates asked for: more than the ten a reader is shown, so that the curve goes on."""
FALSE_A_SCAN = (1, 2, 4, 8, 16)
BANDS_MM = ((6.0, 10.0, 3), (10.0, 30.0, 3))
"""Longest diameters implanted and how many of each a round."""
ENLARGED, LARGE_FROM_MM = 2.2, 16.0
"""One nodule a round, at least so long, is made this many times as large: masses of 35 mm and more."""


@dataclass(frozen=True)
class Case:
    """A whole CT, its known lesion as low and high corner in voxel indices, and the lesion's ball diameter if known."""

    name: str
    scan: Scan
    low: tuple[float, ...]
    high: tuple[float, ...]
    diameter_mm: float

    @property
    def lesion(self) -> tuple[Point, float]:
        """Centre in RAS mm and radius of the ball around the lesion's box."""
        a, b = self.scan.to_mm(self.low), self.scan.to_mm(self.high)
        x, y, z = ((p + q) / 2 for p, q in zip(a, b, strict=True))
        return (x, y, z), float(np.linalg.norm(np.subtract(a, b))) / 2

    def hit(self, candidate: Candidate) -> bool:
        """Return whether a candidate is the known lesion, by place and size."""
        return _hits(candidate, self.scan, self.low, self.high, self.diameter_mm)

    def touches(self, candidate: Candidate) -> bool:
        """Return whether a candidate's centre lies in the lesion's box."""
        at = self.scan.to_index(candidate.mask.centre_mm)
        return all(a - 0.5 <= v <= b + 0.5 for v, a, b in zip(at, self.low, self.high, strict=True))


def _hits(
    candidate: Candidate, scan: Scan, low: Sequence[float], high: Sequence[float], diameter_mm: float
) -> bool:
    at = np.array(scan.to_index(candidate.mask.centre_mm))
    middle, size = (np.array(low) + high) / 2, np.array(high) - low + 1
    near = bool((np.abs(at - middle) <= size / 4 + 0.5).all())
    return near and 0.5 <= candidate.diameter_mm / diameter_mm <= 2.0


def cases(data: Path) -> list[Case]:
    """Return the whole CTs of a data folder."""
    found = []
    for name in ("lung1", "lung2"):
        if (data / "sample" / f"{name}_image.nrrd").is_file():
            found.append(_labelled(name, data / "sample"))
    folders = sorted({p.parent for p in (data / "lung_pet_ct_dx").rglob("*.dcm")})
    if folders:  # of one patient's series the last, of the softer kernel
        found.append(_boxed(folders[-1], data / "lung_pet_ct_dx" / "Annotation"))
    return found


def _labelled(name: str, folder: Path) -> Case:
    import nrrd

    scan = load_scan(folder / f"{name}_image.nrrd")
    label, _ = nrrd.read(str(folder / f"{name}_label.nrrd"))
    mask = Mask.from_grid(scan.id, label > 0, scan.affine)
    high = tuple(float(o + n - 1) for o, n in zip(mask.offset, mask.box.shape, strict=True))
    return Case(name, scan, tuple(float(v) for v in mask.offset), high, diameter_of(mask))


def _boxed(folder: Path, annotation: Path) -> Case:
    """Return a DICOM series with the box around all tumour boxes; the diameter is that of the box's ellipsoid."""
    import pydicom

    scan = load_scan(folder)
    corners = []
    for file in sorted(folder.glob("*.dcm")):
        head = pydicom.dcmread(file, stop_before_pixels=True)
        found = sorted(annotation.rglob(f"{head.SOPInstanceUID}.xml"))
        if not found:
            continue
        text = found[0].read_text(encoding="utf-8")
        x0, y0, x1, y1 = (int(re.findall(rf"<{k}>(\d+)</{k}>", text)[0]) for k in ("xmin", "ymin", "xmax", "ymax"))
        turn = np.array(head.ImageOrientationPatient, dtype=float).reshape(2, 3)
        rows, columns = (float(v) for v in head.PixelSpacing)
        for x, y in ((x0, y0), (x1, y1)):
            lps = np.array(head.ImagePositionPatient, dtype=float) + turn[0] * columns * x + turn[1] * rows * y
            corners.append(scan.to_index((float(-lps[0]), float(-lps[1]), float(lps[2]))))
    low, high = np.min(corners, axis=0), np.max(corners, axis=0)
    size = (high - low + 1) * np.array(scan.spacing_or_unit)
    return Case("A0002", scan, tuple(low.tolist()), tuple(high.tolist()), float(np.prod(size) ** (1 / 3)))


@dataclass(frozen=True)
class Listed:
    """One listed candidate of one search: what it hit (a number of an implant, or None) and whether it is false."""

    search: int
    score: float
    diameter_mm: float
    hit: int | None
    false: bool


def round_of(
    case: Case, nodules: Sequence[Nodule], rng: np.random.Generator
) -> tuple[Scan, list[Implant]]:
    """Return a case's scan with one round of implants."""
    wide = [longest_mm(n.mask, n) for n in nodules]
    chosen: list[Nodule] = []
    for low, high, count in BANDS_MM:
        fitting = [n for n, w in zip(nodules, wide, strict=True) if low <= w < high]
        chosen += [fitting[int(v)] for v in rng.choice(len(fitting), count, replace=False)]
    large = [n for n, w in zip(nodules, wide, strict=True) if w >= LARGE_FROM_MM]
    chosen.insert(0, enlarged(large[int(rng.integers(len(large)))], ENLARGED))
    sizes = [longest_mm(n.mask, n) for n in chosen]
    found = places(case.scan, lung_fields(case.scan), sizes, [case.lesion], rng)
    scan, implants = case.scan, []
    for nodule, size, place in zip(chosen, sizes, found, strict=True):
        made = None if place is None else implanted(scan, nodule, place)
        if made is not None:
            scan = made[0]
            implants.append(Implant(made[1], size, texture_of(nodule)))
    return scan, [replace(i, mask=replace(i.mask, scan_id=scan.id)) for i in implants]


def _listed(
    tool: LungCandidates, case: Case, scan: Scan, implants: Sequence[Implant], search: int, first: int
) -> list[Listed]:
    rows = []
    for candidate in tool.run(FindRequest(scan=scan, max_candidates=LISTED)).candidates:
        hit = None
        for number, implant in enumerate(implants, start=first):
            low = implant.mask.offset
            high = tuple(o + n - 1 for o, n in zip(low, implant.mask.box.shape, strict=True))
            if _hits(candidate, scan, low, high, diameter_of(implant.mask)):
                hit = number
        near = case.touches(candidate) or any(i.mask.overlap(candidate.mask) for i in implants)
        rows.append(Listed(search, candidate.score, candidate.diameter_mm, hit, hit is None and not near))
    return rows


def curve(
    rows: Sequence[Listed], searches: int, wanted: Sequence[int], key: Callable[[Listed], float]
) -> dict[str, float]:
    """Return the share of the wanted implants found when so many false candidates a scan are put up with."""
    ranked = sorted(rows, key=lambda r: -key(r))
    out = {}
    for allowed in FALSE_A_SCAN:
        false, found = 0, set()
        for row in ranked:
            false += row.false
            if false > allowed * searches:
                break
            if row.hit is not None:
                found.add(row.hit)
        out[str(allowed)] = round(len(found & set(wanted)) / max(1, len(wanted)), 3)
    return out


def measured(
    data: Path, rounds: int = ROUNDS, progress: Callable[[str], None] = lambda words: None, workers: int = 1
) -> dict[str, Any]:
    """Return the figures. Writes nothing; the figures do not depend on how many processes share the scans."""
    jobs = [(data, number, rounds) for number in range(len(cases(data)))]
    known: dict[str, Any] = {}
    rows: list[Listed] = []
    implants: list[Implant] = []
    for number, (name, facts, listed, made) in enumerate(_each(jobs, workers)):
        known[name] = facts
        for row in listed:
            hit = None if row.hit is None else row.hit + len(implants)
            rows.append(replace(row, search=row.search + number * rounds, hit=hit))
        implants += made
        progress(f"{name}: {facts}")
    searches = rounds * len(jobs)
    return {
        "known_lesions": known,
        "searches": searches,
        "listed_a_search": LISTED,
        "false_a_search": round(sum(r.false for r in rows) / max(1, searches), 2),
        "implants": {name: _group(rows, searches, numbers) for name, numbers in _groups(implants).items()},
    }


_Job = tuple[Path, int, int]
_Searched = tuple[str, dict[str, Any], list[Listed], list[Implant]]


def _each(jobs: Sequence[_Job], workers: int) -> Iterator[_Searched]:
    if workers == 1:
        yield from map(_searched, jobs)
        return
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(_searched, jobs)


def _searched(job: _Job) -> _Searched:
    """Return a case's name, what is found of its own lesion, and what is listed in every round of implants."""
    data, number, rounds = job
    tool = LungCandidates()
    tool.load("cpu")
    rng = np.random.default_rng([SEED, number])
    held_out = [n for n in read_nodules(data / "lidc_voi") if n.held_out]
    case = cases(data)[number]
    started = time.process_time()
    candidates = tool.run(FindRequest(scan=case.scan)).candidates
    facts = _known(case, candidates) | {
        "cpu_seconds": round(time.process_time() - started, 1), "slices": case.scan.shape[2]
    }  # fmt: skip
    rows: list[Listed] = []
    implants: list[Implant] = []
    for n in range(rounds):
        scan, made = round_of(case, held_out, rng)
        rows += _listed(tool, case, scan, made, n, len(implants))
        implants += made
    return case.name, facts, rows, implants


def _known(case: Case, candidates: Sequence[Candidate]) -> dict[str, Any]:
    hits = [c for c in candidates if case.hit(c)]
    best = hits[0] if hits else next((c for c in candidates if case.touches(c)), None)
    return {
        "lesion_mm": round(case.diameter_mm, 1),
        "hit": bool(hits),
        "group": best.group if best else None,
        "rank": best.rank if best else None,
        "diameter_mm": best.diameter_mm if best else None,
        "masses_listed": sum(c.group == "mass" for c in candidates),
        "nodules_listed": sum(c.group == "nodule" for c in candidates),
    }


def _groups(implants: Sequence[Implant]) -> dict[str, list[int]]:
    solid = {n for n, i in enumerate(implants) if i.texture == "solid"}
    return {
        "6-10 mm, solid": [n for n, i in enumerate(implants) if i.diameter_mm < 10 and n in solid],
        "10-30 mm, solid": [n for n, i in enumerate(implants) if 10 <= i.diameter_mm < 30 and n in solid],
        "sub-solid": [n for n, i in enumerate(implants) if i.diameter_mm < 30 and n not in solid],
        "over 30 mm": [n for n, i in enumerate(implants) if i.diameter_mm >= 30],
    }


def _group(rows: Sequence[Listed], searches: int, numbers: list[int]) -> dict[str, Any]:
    return {
        "implants": len(numbers),
        "found": len({r.hit for r in rows} & set(numbers)),
        "by_score": curve(rows, searches, numbers, lambda r: r.score),
        "by_size_alone": curve(rows, searches, numbers, lambda r: r.diameter_mm),
    }


def table(figures: dict[str, Any]) -> str:
    """Return the figures as Markdown, for the terminal and the card."""
    head = [str(n) for n in FALSE_A_SCAN]
    lines = [
        "| scan | lesion | hit | its list and rank | diameter listed | masses, nodules listed |",
        "|---|---|---|---|---|---|",
        *(
            f"| {name} | {k['lesion_mm']} mm | {'yes' if k['hit'] else 'no'} | {k['group']} {k['rank']} "
            f"| {k['diameter_mm']} mm | {k['masses_listed']}, {k['nodules_listed']} |"
            for name, k in figures["known_lesions"].items()
        ),
        "",
        f"| implants | number | found | ranking | {' | '.join(f'{h} false a scan' for h in head)} |",
        "|---|---|---|---|" + "---|" * len(head),
    ]
    for name, group in figures["implants"].items():
        for ranking in ("by_score", "by_size_alone"):
            shares = " | ".join(f"{group[ranking][h]:.2f}" for h in head)
            words = ranking.replace("_", " ")
            lines.append(f"| {name} | {group['implants']} | {group['found']} | {words} | {shares} |")
    return "\n".join(lines)


def main() -> None:
    """Read the arguments, measure, write the figures, print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with lidc_voi/, sample/ and lung_pet_ct_dx/")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="rounds of implants a scan")
    parser.add_argument("--workers", type=int, default=1, help="processes that share the scans")
    arguments = parser.parse_args()
    figures = measured(arguments.data, arguments.rounds, lambda words: print(words, flush=True), arguments.workers)
    FIGURES.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(table(figures))


if __name__ == "__main__":
    main()
