"""Made follow-up pairs for the measuring bench: motion up to 20 mm and 10 degrees, with and without a breath."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from followup import Ball, Breath, follow_up, motion, places_in_lung

from tools import Known, NotApplicable, Scan, load_scan
from tools.compare import Comparison, TimePoint, compare
from tools.phantom import chest_phantom

GROWTH = (0.7, 1.0, 1.3, 1.6, 2.0)


def follow_ups(count: int, data: Path, say: Callable[..., None], title: Callable[[str], None]) -> dict[str, Any]:
    """Return matching, error of the change of volume, and time over made pairs of each anatomy."""
    title(f"{count} made follow-up pairs each: motion up to 20 mm and 10 degrees, ten spheres of 3 to 16 mm, two of them new or gone")
    anatomies = {"phantom": chest_phantom((), spacing=(1.4, 1.4, 2.5))[0]}
    for name in ("lung1", "lung2"):
        path = data / f"sample/{name}_image.nrrd"
        if path.is_file():
            anatomies[name] = halved(load_scan(path))
        else:
            say(f"{name} is not beside this checkout and is left out")
    result = {}
    for name, anatomy in anatomies.items():
        for depth in (0.0, 15.0):
            key = f"{name}, " + (f"breath of {depth:g} mm" if depth else "rigid")
            result[key] = series(anatomy, count, depth)
            for what, value in result[key].items():
                say(f"{key}: {what}", str(value) if not isinstance(value, float) else value)
    return result


def halved(scan: Scan) -> Scan:
    """Return a scan averaged in-plane by two: half the voxels a side, for speed."""
    values = np.asarray(scan.voxels, dtype=np.float32)
    values = (values[::2, ::2] + values[1::2, ::2] + values[::2, 1::2] + values[1::2, 1::2]) / 4
    affine = np.array(scan.affine)
    affine[:3, 3] += affine[:3, :2].sum(axis=1) / 2
    affine[:3, :2] *= 2
    return Scan.build(np.rint(values).astype(np.int16), affine, modality=Known("CT", "known"), body_part=scan.body_part)


def series(anatomy: Scan, count: int, depth: float) -> dict[str, Any]:
    ends = [anatomy.to_mm((0, 0, k))[2] for k in (0, anatomy.shape[2] - 1)]
    breath = Breath(depth, max(ends), min(ends)) if depth else None
    right = lesions = refused = 0
    errors: list[float] = []
    seconds: list[float] = []
    for seed in range(count):
        rng = np.random.default_rng(seed)
        balls = made_balls(anatomy, rng)
        matrix = motion(rng, float(rng.uniform(5, 20)), float(rng.uniform(2, 10)), anatomy.to_mm(np.array(anatomy.shape) / 2))
        current, prior, _ = follow_up(anatomy, balls, matrix, breath=breath, scale=float(rng.uniform(0.9, 1.2)))
        start = time.perf_counter()
        try:
            found = compare(current, prior, days=90)
        except NotApplicable:
            refused += 1
            lesions += len(set(current.lesions) | set(prior.lesions))
            continue
        seconds.append(time.perf_counter() - start)
        hits, all_of_them, off = judged(found, current, prior)
        right, lesions, errors = right + hits, lesions + all_of_them, errors + off
    return {
        "lesions told right": f"{right}/{lesions}", "pairs refused": refused,
        "change of volume off the voxelised truth, % (largest)": max(errors, default=0.0),
        "seconds a pair (median)": statistics.median(seconds) if seconds else 0.0,
    }  # fmt: skip


def made_balls(anatomy: Scan, rng: np.random.Generator) -> dict[int, Ball]:
    balls = {}
    for n, place in enumerate(places_in_lung(anatomy, 10, 6.0, 25.0, rng), start=1):
        now = float(rng.uniform(4.0, 16.0))
        then = now / float(rng.choice(GROWTH))
        balls[n] = Ball(place, 0.0 if n == 2 else now, 0.0 if n == 1 else then)
    return balls


def judged(found: Comparison, current: TimePoint, prior: TimePoint) -> tuple[int, int, list[float]]:
    """Return how many lesions are told right, of how many, and the errors of the change of volume in %."""
    told = {(p.kind, p.current, p.prior) for p in found.pairs}
    hits, errors = 0, []
    numbers = sorted(set(current.lesions) | set(prior.lesions))
    for n in numbers:
        now, then = n in current.lesions, n in prior.lesions
        kind = "matched" if now and then else "new" if now else "gone"
        hits += (kind, (n,) if now else (), (n,) if then else ()) in told
    for pair in found.pairs:
        if pair.kind == "matched" and pair.current == pair.prior:
            volumes = [
                point.lesions[pair.current[0]].count * abs(float(np.linalg.det(point.scan.affine[:3, :3])))
                for point in (current, prior)
            ]
            change = next(q.value for q in pair.quantities if q.name == "change_volume_percent")
            errors.append(abs(change - 100 * (volumes[0] / volumes[1] - 1)))
    return hits, len(numbers), errors
