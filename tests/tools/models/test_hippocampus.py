"""The hippocampus bundle: on crops it was not trained on, in a larger image around a click, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tools import Known, NotApplicable, Registry, Scan, SegmentRequest, load_scan
from tools.models.hippocampus.train import split

DATA = Path(__file__).resolve().parents[4] / "shared" / "data" / "hippocampus"
PARTS = ("anterior hippocampus", "posterior hippocampus")


def noise(shape: tuple[int, int, int], modality: str = "MR") -> Scan:
    values = np.random.default_rng(0).normal(400, 50, shape)
    return Scan.build(np.rint(values), np.eye(4), modality=Known(modality, "known"), body_part=Known("BRAIN", "known"))


def held_out(count: int) -> list[str]:
    if not DATA.is_dir():
        pytest.skip("the hippocampus crops are not beside this checkout")
    return split([p.name for p in (DATA / "images").glob("*.nii.gz")])[2][:count]


def test_it_is_a_bundle_of_the_registry_and_says_what_it_is_not_for() -> None:
    spec = Registry.discover().get("hippocampus").spec
    assert (spec.task, spec.modalities, spec.labels) == ("segment", ("MR",), PARTS)
    assert "no norm for it" in spec.not_for
    assert spec.prompts == "welcome"
    assert len(spec.accuracy) == 4


def test_the_core_does_not_know_it() -> None:
    root = Path(__file__).resolve().parents[3]
    for package in ("agent", "ui", "tools"):
        for path in (root / package).rglob("*.py"):
            if "models" not in path.parts and "planner" not in path.parts:
                assert "hippocamp" not in path.read_text(encoding="utf-8").lower(), path


def test_both_parts_on_patients_kept_apart() -> None:
    tool = Registry.discover().get("hippocampus")
    scores = []
    for name in held_out(4):
        scan = load_scan(DATA / "images" / name, modality="MR", body_part="BRAIN")
        truth = np.asarray(load_scan(DATA / "labels" / name).voxels)
        result = tool.run(SegmentRequest(scan))
        found = {m.label: m.voxels for m in (result.mask, *result.parts)}
        scores.append([2 * np.sum(found[p] & (truth == v)) / (found[p].sum() + (truth == v).sum()) for v, p in enumerate(PARTS, 1)])
    assert np.mean(scores, axis=0) == pytest.approx([0.86, 0.84], abs=0.06)


def test_in_a_larger_image_it_looks_around_the_click() -> None:
    (name,) = held_out(1)
    crop = load_scan(DATA / "images" / name, modality="MR", body_part="BRAIN")
    truth = np.asarray(load_scan(DATA / "labels" / name).voxels) > 0
    values = np.random.default_rng(1).normal(float(np.mean(crop.voxels)), float(np.std(crop.voxels)), (110, 120, 100))
    at = (40, 50, 30)
    place = tuple(slice(a, a + n) for a, n in zip(at, crop.shape, strict=True))
    values[place] = crop.voxels
    scan = Scan.build(np.rint(values), np.eye(4), modality=Known("MR", "known"), body_part=Known("BRAIN", "known"))
    tool = Registry.discover().get("hippocampus")
    with pytest.raises(NotApplicable, match="Click inside the structure"):
        tool.run(SegmentRequest(scan))
    centre = np.argwhere(truth).mean(0) + at
    result = tool.run(SegmentRequest(scan, point=tuple(float(v) for v in centre)))
    whole = np.zeros(scan.shape, bool)
    for part in (result.mask, *result.parts):
        whole |= part.voxels
    due = np.zeros(scan.shape, bool)
    due[place] = truth
    assert 2 * np.sum(whole & due) / (whole.sum() + due.sum()) > 0.7


def test_ct_is_refused() -> None:
    with pytest.raises(NotApplicable, match="works on modality MR; this image is CT"):
        Registry.discover().get("hippocampus").run(SegmentRequest(noise((30, 30, 30), "CT")))
