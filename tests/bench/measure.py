"""Measuring beside pyradiomics, scikit-image and SimpleITK on the same masks, and made follow-up pairs.

Values and time of the same masks in one run, with the reason for each difference of convention; made shapes of known
size at odd spacing and angles; a 512x512x300 volume with a hundred lesions, with peak memory; pairs of scans whose
motion and change are known. Options: --masks N (real outlines, all), --pairs N (made pairs each, 10), --rounds N (3).
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from tools import load_scan, measure_mask  # noqa: E402
from tools.measure import measure_labels  # noqa: E402

DATA = HERE.parents[2] / "shared" / "data"
PEERS = Path(os.environ.get("SCANWRIGHT_PEERS", Path(tempfile.gettempdir()) / "scanwright-peers"))
"""Peers' environments are kept here between runs."""
BUILD = ["numpy", "setuptools>=70.1,<80", "versioneer", "cython", "wheel", "SimpleITK", "PyWavelets", "pykwalify", "six"]

SAME_AS_RADIOMICS = {  # our name: (theirs, tolerance, relative, what the tolerance is for)
    "volume_voxel": ("VoxelVolume", 1e-5, True, "the same count"),
    "max_diameter_3d": ("Maximum3DDiameter", 0.01, False, "the same mesh vertices"),
    "volume_mesh": ("MeshVolume", 0.01, True, "both marching cubes at 0.5; an ambiguous face goes the same way in both"),
    "surface_area": ("SurfaceArea", 0.01, True, "the same meshes"),
    "sphericity": ("Sphericity", 0.01, True, "follows from volume and area"),
    "pca_major": ("MajorAxisLength", 1e-4, True, "4 sqrt(eigenvalue) in both; they divide by n, as here"),
    "pca_minor": ("MinorAxisLength", 1e-4, True, "as above"),
    "pca_least": ("LeastAxisLength", 1e-3, True, "as above"),
}
OTHER_CONVENTION = {
    "axial_long_axis": (
        "Maximum2DDiameterSlice", "theirs takes 3-D mesh vertices, those half way between two slices too, as one slice: "
        "it can be longer or shorter than any line within a slice",
    ),
}  # fmt: skip


def run(arguments: Sequence[str]) -> dict[str, Any]:
    """Measure and return the result; prints a readable table on the way."""
    parser = argparse.ArgumentParser(prog="scanwright bench measure")
    parser.add_argument("--masks", type=int, default=10_000)
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(list(arguments))
    result = {
        "shapes": known_shapes(),
        "against_peers": against_peers(options.masks, options.rounds),
        "hundred_lesions": hundred_lesions(options.rounds),
        "follow_up": follow_ups(options.pairs),
    }
    say("peak memory of this whole bench, MB", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return result


def say(what: str, value: Any = "") -> None:
    print(f"  {what:<78} {value if isinstance(value, str) else format(value, '.4g')}", flush=True)


def title(text: str) -> None:
    print(f"\n{text}", flush=True)


# Made shapes.


def known_shapes() -> dict[str, Any]:
    """Ellipsoids of known axes, at odd spacing, turned in the grid and with turned affines: error of each quantity."""
    title("Ellipsoids of known size (semi-axes 15, 9, 12 mm and a 6 mm sphere), voxelised at odd spacing and angles")
    worst: dict[str, list[float]] = {}
    for spacing in ((0.5, 0.5, 0.5), (0.47, 0.63, 1.25), (0.9, 0.9, 2.5), (0.8, 0.8, 5.0)):
        for radii in ((15.0, 9.0, 12.0), (6.0, 6.0, 6.0)):
            for degrees in (0.0, 17.0, 45.0):
                mask = ellipsoid(spacing, radii, degrees)
                found = {q.name: q.value for q in measure_mask(mask, np.diag([*spacing, 1.0]))}
                volume = 4 / 3 * math.pi * math.prod(radii)
                truths = {"axial_long_axis": 2 * radii[0], "axial_short_axis": 2 * radii[1],
                          "craniocaudal_extent": 2 * radii[2]}  # fmt: skip
                errors = {f"{n}, mm": abs(found[n] - t) for n, t in truths.items()}
                errors |= {f"{n}, %": 100 * abs(found[n] / volume - 1) for n in ("volume_voxel", "volume_mesh")}
                for name, error in errors.items():
                    worst.setdefault(f"{name}, slices {spacing[2]:g} mm", []).append(error)
    for name, errors in worst.items():
        say(f"{name}: median and largest error", f"{statistics.median(errors):.2f}  {max(errors):.2f}")
    return {name: {"median": statistics.median(e), "largest": max(e)} for name, e in worst.items()}


def ellipsoid(spacing: Sequence[float], radii: Sequence[float], degrees: float) -> Any:
    shape = [int(2 * max(radii) / s) + 6 for s in spacing]
    axes = [(np.arange(n) - (n - 1) / 2) * s for n, s in zip(shape, spacing, strict=True)]
    x, y, z = np.meshgrid(*axes, indexing="ij")
    a = math.radians(degrees)
    u, v = x * math.cos(a) + y * math.sin(a), -x * math.sin(a) + y * math.cos(a)
    return (u / radii[0]) ** 2 + (v / radii[1]) ** 2 + (z / radii[2]) ** 2 <= 1.0


# Peers, the same masks.


def real_masks(count: int) -> list[tuple[str, Any, tuple[float, ...]]]:
    files = [DATA / f"sample/{case}_label.nrrd" for case in ("lung1", "lung2", "brain1")]
    outlines = sorted((DATA / "lidc_voi/mask").glob("*.nii*"))
    files += outlines[:: max(1, len(outlines) // count)][:count]
    found = []
    for path in (f for f in files if f.is_file()):
        label = load_scan(path)
        grid = np.asarray(label.voxels)
        inside = grid == 1 if path.name.endswith(".nrrd") else grid > 0
        if inside.any():
            spacing = tuple(float(s) for s in np.linalg.norm(label.affine[:3, :3], axis=0))
            found.append((path.name, cropped(inside), spacing))
    if not found:
        say("no real masks beside this checkout: made ellipsoids alone")
    return found + made_masks()


def made_masks() -> list[tuple[str, Any, tuple[float, ...]]]:
    """Ellipsoids at odd spacing and angles, and what no lesion is: voxels each set or not by chance."""
    found = []
    for spacing in ((0.5, 0.5, 0.5), (0.47, 0.63, 1.25), (0.9, 0.9, 2.5), (0.8, 0.8, 5.0)):
        for radii in ((15.0, 9.0, 12.0), (6.0, 6.0, 6.0), (3.0, 2.0, 4.0)):
            for degrees in (0.0, 17.0, 45.0):
                mask = ellipsoid(spacing, radii, degrees)
                found.append((f"made {len(found)}", cropped(mask), spacing))
    for seed in range(10):
        mask = np.random.default_rng(seed).random((9, 8, 7)) < 0.1 * seed + 0.05
        found.append((f"chance {seed}", cropped(mask), (0.7, 0.8, 1.3)))
    return found


def cropped(mask: Any) -> Any:
    return mask[tuple(slice(int(v.min()), int(v.max()) + 1) for v in np.nonzero(mask))]


def against_peers(count: int, rounds: int) -> dict[str, Any]:
    masks = real_masks(count)
    title(f"{len(masks)} masks, boxed, against pyradiomics 3.0.1 and scikit-image")
    peer = radiomics_python()
    times: dict[str, list[list[float]]] = {"ours": [], "pyradiomics": []}
    theirs: list[dict[str, Any]] = []
    ours: list[dict[str, float]] = []
    for _ in range(rounds):
        if peer is not None:
            theirs = radiomics(peer, masks)
            times["pyradiomics"].append([t["seconds"] for t in theirs])
        ours, seconds = [], []
        for _, mask, spacing in masks:
            start = time.perf_counter()
            quantities = measure_mask(mask, np.diag([*spacing, 1.0]))
            seconds.append(time.perf_counter() - start)
            ours.append({q.name: q.value for q in quantities})
        times["ours"].append(seconds)
    result: dict[str, Any] = {"masks": len(masks), "scikit_image": against_skimage(masks, ours)}
    mine = np.median(times["ours"], axis=0)
    say("ours: ms a mask, median and largest", f"{1000 * np.median(mine):.1f}  {1000 * mine.max():.1f}")
    result["ours_ms"] = {"median": 1000 * float(np.median(mine)), "largest": 1000 * float(mine.max())}
    if peer is None:
        return result | {"pyradiomics": "could not be set up here"}
    other = np.median(times["pyradiomics"], axis=0)
    ratio = mine / other
    say("pyradiomics: ms a mask, median and largest", f"{1000 * np.median(other):.1f}  {1000 * other.max():.1f}")
    say("time of ours / pyradiomics: median over masks; of the sums (target under 1.5)",
        f"{np.median(ratio):.2f}  {mine.sum() / other.sum():.2f}")  # fmt: skip
    result["pyradiomics_ms"] = {"median": 1000 * float(np.median(other)), "largest": 1000 * float(other.max())}
    result["time_ratio"] = {"median": float(np.median(ratio)), "of_sums": float(mine.sum() / other.sum())}
    result["values"] = radiomics_values(ours, theirs)
    return result


def radiomics_values(ours: Sequence[dict[str, float]], theirs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, (peer_name, tolerance, relative, why) in SAME_AS_RADIOMICS.items():
        off = [abs(a[name] - b["values"][peer_name]) / (abs(b["values"][peer_name]) or 1.0 if relative else 1.0)
               for a, b in zip(ours, theirs, strict=True)]  # fmt: skip
        within = sum(v <= tolerance for v in off)
        values[name] = {"within": within, "of": len(off), "tolerance": tolerance, "largest": max(off), "why": why}
        say(f"{name}: within {tolerance:g}{' (relative)' if relative else ' mm'}; largest; {why}", f"{within}/{len(off)}  {max(off):.2g}")
    for name, (peer_name, why) in OTHER_CONVENTION.items():
        gaps = [b["values"][peer_name] - a[name] for a, b in zip(ours, theirs, strict=True)]
        values[name] = {"theirs_minus_ours": [min(gaps), statistics.median(gaps), max(gaps)], "why": why}
        say(f"{name} against {peer_name}: theirs minus ours, least, median, most", f"{min(gaps):.2f}  {statistics.median(gaps):.2f}  {max(gaps):.2f}")
        say(f"  {why}")
    return values


def against_skimage(masks: Sequence[Any], ours: Sequence[dict[str, float]]) -> dict[str, Any]:
    from skimage.measure import regionprops

    gaps, seconds = [], 0.0
    for (_, mask, spacing), mine in zip(masks, ours, strict=True):
        if spacing[0] != spacing[1]:
            continue
        start = time.perf_counter()
        slices = [np.pad(mask[:, :, k], 1).astype(np.uint8) for k in range(mask.shape[2]) if mask[:, :, k].any()]
        feret = max(regionprops(s)[0].feret_diameter_max for s in slices) * spacing[0]
        seconds += time.perf_counter() - start
        gaps.append(feret - mine["axial_long_axis"])
    why = "theirs runs between the corners of a hull drawn around the pixels, not along marching squares at 0.5"
    say("scikit-image feret_diameter_max a slice minus axial_long_axis, mm: least, median, most",
        f"{min(gaps):.2f}  {statistics.median(gaps):.2f}  {max(gaps):.2f}")  # fmt: skip
    say(f"  {why}")
    say("scikit-image: ms a mask for that one number (mean)", 1000 * seconds / len(gaps))
    return {"feret_minus_long_axis_mm": [min(gaps), statistics.median(gaps), max(gaps)], "why": why,
            "ms_for_feret_alone": 1000 * seconds / len(gaps)}  # fmt: skip


def radiomics_python() -> Path | None:
    """Return the Python of pyradiomics' environment, made at first use; None, with the reason, where that fails."""
    home = PEERS / "pyradiomics-3.0.1"
    python = home / "bin" / "python"
    pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    if python.exists() and subprocess.run([python, "-c", "import radiomics"], capture_output=True, check=False).returncode == 0:
        return python
    say(f"setting up pyradiomics in {home}")
    venv.create(home, with_pip=True, clear=True)
    for words in ([*pip, *BUILD], [*pip, "--no-build-isolation", "--no-deps", "pyradiomics==3.0.1"]):
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            say("pyradiomics could not be set up: " + (done.stderr.strip().splitlines() or ["?"])[-1][:120])
            return None
    return python


def radiomics(python: Path, masks: Sequence[Any]) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        given, out = Path(folder) / "masks.npz", Path(folder) / "out.json"
        arrays = {f"mask_{n}": mask for n, (_, mask, _) in enumerate(masks)}
        np.savez(given, **arrays, **{f"spacing_{n}": np.array(s) for n, (_, _, s) in enumerate(masks)})
        subprocess.run([python, HERE / "peers" / "radiomics_shapes.py", given, out], check=True, capture_output=True)
        found: list[dict[str, Any]] = json.loads(out.read_text())
        return found


# A hundred lesions.


def hundred() -> Any:
    """A 512x512x300 label volume with a hundred ellipsoids of 6 to 30 mm, 0.7 x 0.7 x 1 mm."""
    rng, spacing = np.random.default_rng(7), np.array([0.7, 0.7, 1.0])
    volume = np.zeros((512, 512, 300), np.uint8)
    for n in range(100):
        radii = rng.uniform(3.0, 15.0, 3)
        half = np.ceil(radii / spacing).astype(int) + 1
        grid = np.meshgrid(*(np.arange(-h, h + 1) * s for h, s in zip(half, spacing, strict=True)), indexing="ij")
        inside = sum((g / r) ** 2 for g, r in zip(grid, radii, strict=True)) <= 1.0
        centre = (26 + n % 10 * 50, 26 + n // 10 * 50, int(rng.integers(25, 275)))
        volume[tuple(slice(c - h, c + h + 1) for c, h in zip(centre, half, strict=True))][inside] = n + 1
    return volume


def hundred_lesions(rounds: int) -> dict[str, Any]:
    title("512x512x300 with a hundred lesions: all quantities here; components with Feret diameters in SimpleITK")
    import cc3d
    import SimpleITK as sitk  # noqa: N813

    volume = hundred()
    affine = np.diag([0.7, 0.7, 1.0, 1.0])
    binary = (volume > 0).astype(np.uint8)
    image = sitk.GetImageFromArray(np.ascontiguousarray(binary.transpose(2, 1, 0)))
    image.SetSpacing((0.7, 0.7, 1.0))

    def itk() -> int:
        shapes = sitk.LabelShapeStatisticsImageFilter()
        shapes.ComputeFeretDiameterOn()
        shapes.Execute(sitk.ConnectedComponent(image))
        return int(shapes.GetNumberOfLabels())

    timed: dict[str, list[float]] = {"SimpleITK": [], "ours from components": [], "ours from labels": []}
    works: dict[str, Callable[[], int]] = {
        "SimpleITK": itk,
        "ours from components": lambda: len(measure_labels(cc3d.connected_components(binary, binary_image=True), affine)),
        "ours from labels": lambda: len(measure_labels(volume, affine)),
    }
    for _ in range(rounds):
        for name, work in works.items():
            start = time.perf_counter()
            assert work() == 100
            timed[name].append(time.perf_counter() - start)
    seconds = {name: statistics.median(t) for name, t in timed.items()}
    for name, value in seconds.items():
        say(f"{name}, s", value)
    ratio = seconds["ours from labels"] / seconds["SimpleITK"]
    say("ours from labels / SimpleITK (target 0.5)", ratio)
    say("ours from components, which both have to find / SimpleITK", seconds["ours from components"] / seconds["SimpleITK"])
    memory = peak_memory()
    say("peak memory of a process that makes the volume and measures it, MB (target under 2048)", memory)
    return {"seconds": seconds, "ratio": ratio, "peak_mb": memory}


def peak_memory() -> float:
    code = (
        f"import sys; sys.path.insert(0, {str(HERE)!r}); import measure, numpy as np, resource;"
        "measure.measure_labels(measure.hundred(), np.diag([0.7, 0.7, 1.0, 1.0]));"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


def follow_ups(count: int) -> dict[str, Any]:
    from peers.followups import follow_ups as work

    return work(count, DATA, say, title)


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1:]), indent=1))
