"""Implanting known nodules and counting what a search finds of them: the measuring itself, on made scans."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tools import FindRequest, Scan
from tools.lungs import lung_fields
from tools.models.lung_candidates import evaluate
from tools.models.lung_candidates.evaluate import Listed, curve
from tools.models.lung_candidates.implants import enlarged, implanted, places
from tools.models.lung_candidates.model import LungCandidates
from tools.models.nodule_segmenter.data import Nodule
from tools.phantom import chest_phantom


@pytest.fixture(scope="module")
def empty() -> Scan:
    return chest_phantom((), spacing=(1.4, 1.4, 5.0))[0]


@pytest.fixture(scope="module")
def nodule() -> Nodule:
    """A ball of 14 mm as a crop, rows along the right-left axis."""
    z, x, y = np.ogrid[-8:9, -20:21, -20:21]
    mask = (z * 1.0) ** 2 + (x * 0.7) ** 2 + (y * 0.7) ** 2 <= 49
    image = np.where(mask, 40, -860).astype(np.int16)
    return Nodule("made", "made", image, mask, (1.0, 0.7, 0.7), np.diag([-0.7, -0.7, 1.0, 1.0]), {"Texture_value": "5"})


def test_an_implant_has_its_size_and_place_in_thick_slices(empty: Scan, nodule: Nodule) -> None:
    place = (80.0, 10.0, 20.0)
    made = implanted(empty, nodule, place)
    assert made is not None
    scan, mask = made
    assert np.linalg.norm(np.subtract(mask.centre_mm, place)) < 1.5
    assert mask.count * 1.4 * 1.4 * 5.0 == pytest.approx(4 / 3 * np.pi * 7**3, rel=0.15)
    inside = scan.voxels[mask.voxels]
    assert np.percentile(inside, 90) > 0
    assert inside.min() > -600  # partial volume of thick slices, half and more of it nodule
    far = np.ones(scan.shape, bool)
    far[tuple(slice(max(0, o - 6), o + n + 6) for o, n in zip(mask.offset, mask.box.shape, strict=True))] = False
    assert (scan.voxels[far] == empty.voxels[far]).all()
    assert implanted(empty, nodule, (168.0, 0.0, 0.0)) is None


def test_an_enlarged_crop_is_larger(empty: Scan, nodule: Nodule) -> None:
    small, large = (implanted(empty, n, (-75.0, 5.0, 0.0)) for n in (nodule, enlarged(nodule, 2.0)))
    assert small is not None
    assert large is not None
    assert large[1].count == pytest.approx(8 * small[1].count, rel=0.2)


def test_places_lie_apart_in_lung(empty: Scan) -> None:
    fields = lung_fields(empty)
    taken = ((80.0, 10.0, 20.0), 15.0)
    found = places(empty, fields, [12.0, 8.0, 300.0], [taken], np.random.default_rng(1))
    assert found[2] is None
    near = [p for p in found if p is not None]
    assert len(near) == 2
    assert np.linalg.norm(np.subtract(near[0], near[1])) > 20.0
    assert all(np.linalg.norm(np.subtract(p, taken[0])) > 25.0 for p in near)
    assert near == places(empty, fields, [12.0, 8.0], [taken], np.random.default_rng(1))


def test_the_curve_counts_false_candidates_a_scan() -> None:
    rows = [
        Listed(0, 0.9, 5.0, 0, False), Listed(0, 0.8, 9.0, None, True), Listed(1, 0.7, 20.0, None, True),
        Listed(1, 0.6, 6.0, 1, False), Listed(1, 0.5, 7.0, None, True), Listed(0, 0.4, 8.0, None, True),
        Listed(0, 0.3, 30.0, None, True), Listed(1, 0.2, 8.0, 2, False),
    ]  # fmt: skip
    by_score = curve(rows, 2, [0, 1, 2], lambda r: r.score)
    assert (by_score["1"], by_score["2"], by_score["4"]) == (0.667, 0.667, 1.0)
    assert curve(rows, 2, [0, 1, 2], lambda r: r.diameter_mm)["1"] == 0.0
    assert curve(rows, 2, [2], lambda r: r.score)["1"] == 0.0


def test_what_an_implant_is_found_by_is_its_place_and_size(empty: Scan, nodule: Nodule) -> None:
    tool = LungCandidates()
    tool.load("cpu")
    made = implanted(empty, nodule, (80.0, 10.0, 20.0))
    assert made is not None
    found = tool.run(FindRequest(scan=made[0], side="right")).candidates
    best = max(found, key=lambda c: c.mask.overlap(made[1]))
    assert best.rank <= 3
    assert 7.0 <= best.diameter_mm <= 28.0


def test_the_card_and_the_spec_hold_the_figures() -> None:
    figures = json.loads(evaluate.FIGURES.read_text(encoding="utf-8"))
    assert evaluate.table(figures) in (evaluate.FIGURES.parent / "card.md").read_text(encoding="utf-8")
    by_metric = {a.metric: a for a in LungCandidates.spec.accuracy}
    hits = sum(bool(k["hit"]) for k in figures["known_lesions"].values())
    assert next(a.value for m, a in by_metric.items() if m.startswith("scans of 3")) == hits
    for name in ("6-10 mm, solid", "10-30 mm, solid"):
        group = figures["implants"][name]
        accuracy = next(a for m, a in by_metric.items() if name.split(",")[0].replace(" mm", "") in m)
        assert accuracy.value == group["by_score"]["4"]
        assert accuracy.baseline == f"ranked by size alone: {group['by_size_alone']['4']}"
        assert f"{group['implants']} solid implants" in accuracy.metric


@pytest.mark.long
def test_the_tumour_of_the_dicom_sample_is_hit(shared: Callable[[str], Path]) -> None:
    data = shared("lung_pet_ct_dx").parent
    case = next(c for c in evaluate.cases(data) if c.name == "A0002")
    tool = LungCandidates()
    tool.load("cpu")
    hits = [c for c in tool.run(FindRequest(scan=case.scan)).candidates if case.hit(c)]
    assert [(c.group, c.rank) for c in hits] == [("mass", 1)]
