"""Occlusion maps: they point at what moves a score, say what they are, and refuse what has no score."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tools import ClassifyRequest, Mask, NotApplicable, Registry, Scan
from tools.contract import ClassifyResult, ToolSpec, VisionTool
from tools.explain import CAPTION, explain, picture
from tools.phantom import Sphere, chest_phantom
from tools.quantity import Quantity

CENTRE = (80.0, 10.0, 20.0)


class BrightSpot(VisionTool):
    """Scores a lesion by its brightest voxel."""

    spec = ToolSpec(
        name="bright-spot", task="classify", version="1", summary="s", not_for="n", modalities=("CT",),
        body_parts=(), labels=("bright",), licence="Apache-2.0",
    )  # fmt: skip

    def run(self, request: ClassifyRequest, progress: Any = None) -> ClassifyResult:
        values = request.scan.voxels[request.mask.slices][request.mask.box]
        return ClassifyResult((Quantity("brightest", float(values.max()) / 100, "1", "brightest voxel"),))


@pytest.fixture(scope="module")
def lesion() -> tuple[Scan, Mask]:
    scan, masks = chest_phantom((Sphere(CENTRE, 16.0),), spacing=(1.2, 1.2, 2.5))
    return scan, masks[0]


def with_spot(scan: Scan, mask: Mask) -> tuple[Scan, Mask, tuple[int, ...]]:
    """Put one calcified spot 4 mm to the right of the lesion's middle."""
    spot = tuple(round(v) for v in scan.to_index((CENTRE[0] + 4.0, CENTRE[1], CENTRE[2])))
    voxels = np.array(scan.voxels)
    voxels[spot] = 900
    other = Scan.build(voxels, scan.affine, modality=scan.modality, body_part=scan.body_part)
    return other, replace(mask, scan_id=other.id), spot


def test_the_map_is_strongest_where_the_score_comes_from(lesion: tuple[Scan, Mask]) -> None:
    scan, mask, spot = with_spot(*lesion)
    made = explain(BrightSpot(), ClassifyRequest(scan, mask))
    strongest = np.unravel_index(int(np.argmax(made.values)), made.values.shape)
    place = made.scan.to_mm(strongest)
    wanted = scan.to_mm(spot)
    assert abs(place[0] - wanted[0]) < 3.5
    assert abs(place[1] - wanted[1]) < 3.5
    assert made.score.value == pytest.approx(9.0)
    assert made.values.max() > 5.0
    assert np.count_nonzero(made.values > 1.0) < 0.2 * np.count_nonzero(made.mask.voxels)


def test_the_shipped_rating_is_explained_with_its_own_reasons(lesion: tuple[Scan, Mask]) -> None:
    tool = Registry.discover().get("nodule-rating")
    told: list[float] = []
    made = explain(tool, ClassifyRequest(*lesion), progress=lambda fraction, phrase: told.append(fraction))
    assert made.score.name == "lidc_rating"
    assert made.tried == len(told) > 30
    assert "not evidence" in made.note
    assert "attenuation" in " ".join(made.reasons)
    assert np.abs(made.values).max() > 0


def test_the_picture_is_two_views_above_a_line_that_says_what_it_is(lesion: tuple[Scan, Mask]) -> None:
    scan, mask, _ = with_spot(*lesion)
    drawn = picture(explain(BrightSpot(), ClassifyRequest(scan, mask)))
    assert drawn.dtype == np.uint8
    assert drawn.ndim == 3
    half = (drawn.shape[1] - 6) // 2
    plain, laid = drawn[:-30, :half].astype(int), drawn[:-30, half + 6 :].astype(int)
    tinted = np.abs(plain - laid).sum(axis=2) > 40
    assert 0.001 < tinted.mean() < 0.2
    # 4 mm toward the patient's right is left of the middle.
    assert np.nonzero(tinted)[1].mean() < half / 2
    assert drawn[-30:].max() > 150
    assert "not evidence" in CAPTION


def test_a_refused_block_counts_as_nothing(lesion: tuple[Scan, Mask]) -> None:
    scan, mask, _ = with_spot(*lesion)

    class Touchy(BrightSpot):
        def run(self, request: ClassifyRequest, progress: Any = None) -> ClassifyResult:
            if request.scan.voxels[request.mask.slices][request.mask.box].max() < 800:
                raise NotApplicable("No spot, no score.")
            return super().run(request)

    made = explain(Touchy(), ClassifyRequest(scan, mask))
    assert made.refused >= 1
    assert made.values.max() == 0.0
    assert picture(made).shape[2] == 3


def test_what_has_no_score_is_refused(lesion: tuple[Scan, Mask]) -> None:
    scan, mask = lesion
    with pytest.raises(NotApplicable, match="no score to explain"):
        explain(Registry.discover().get("nodule-segmenter"), ClassifyRequest(scan, mask))
    with pytest.raises(NotApplicable, match="It gives: brightest"):
        explain(BrightSpot(), ClassifyRequest(scan, mask), "darkest")
    empty = Mask.from_grid(scan.id, np.zeros(scan.shape, bool), scan.affine)
    with pytest.raises(NotApplicable, match="empty"):
        explain(BrightSpot(), ClassifyRequest(scan, empty))
