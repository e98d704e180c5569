"""A made follow-up pair comes back as it was made: who is who, what changed, and what may not be said of it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from followup import Ball, follow_up, motion, places_in_lung

from tools import Known, Mask, NotApplicable, Scan
from tools.compare import NO_DAYS, NOT_OUTLINED, Comparison, Pair, TimePoint, compare
from tools.phantom import chest_phantom

COARSE = (1.6, 1.6, 2.5)
BALLS = {
    1: Ball((80.0, 10.0, 20.0), 14.0, 10.0),
    2: Ball((-85.0, -20.0, -40.0), 9.0, 9.0),
    3: Ball((70.0, 40.0, 60.0), 8.0, 0.0),
    4: Ball((-70.0, 35.0, 50.0), 0.0, 8.0),
    5: Ball((60.0, -30.0, -60.0), 10.0, 14.0),
}


@pytest.fixture(scope="module")
def anatomy() -> Scan:
    return chest_phantom((), spacing=COARSE)[0]


@pytest.fixture(scope="module")
def pair(anatomy: Scan) -> tuple[TimePoint, TimePoint]:
    current, prior, _ = follow_up(anatomy, BALLS, motion(np.random.default_rng(1), 20.0, 10.0), scale=1.05)
    return current, prior


@pytest.fixture(scope="module")
def found(pair: tuple[TimePoint, TimePoint]) -> Comparison:
    return compare(*pair, days=90)


def by_kind(result: Comparison) -> dict[str, list[tuple[tuple[int, ...], tuple[int, ...]]]]:
    kinds: dict[str, list[Any]] = {}
    for one in result.pairs:
        kinds.setdefault(one.kind, []).append((one.current, one.prior))
    return kinds


def value(pair: Pair, name: str) -> float:
    return next(q.value for q in pair.quantities if q.name == name)


def the(result: Comparison, number: int) -> Pair:
    return next(p for p in result.pairs if number in (*p.current, *p.prior))


def test_every_lesion_is_matched_new_or_gone(found: Comparison) -> None:
    assert by_kind(found) == {
        "matched": [((1,), (1,)), ((2,), (2,)), ((5,), (5,))], "new": [((3,), ())], "gone": [((), (4,))],
    }  # fmt: skip
    assert all(p.confidence > 0.7 for p in found.pairs)
    assert found.days == 90
    assert NOT_OUTLINED in found.notes


def test_changes_are_those_of_the_voxelised_truth(found: Comparison, pair: tuple[TimePoint, TimePoint]) -> None:
    for number in (1, 2, 5):
        volumes = [
            point.lesions[number].count * abs(np.linalg.det(point.scan.affine[:3, :3])) for point in pair
        ]
        one = the(found, number)
        assert value(one, "current_volume_voxel") == pytest.approx(volumes[0])
        assert value(one, "prior_volume_voxel") == pytest.approx(volumes[1])
        assert value(one, "change_volume_voxel") == pytest.approx(volumes[0] - volumes[1])
        assert value(one, "change_volume_percent") == pytest.approx(100 * (volumes[0] / volumes[1] - 1))
        long = value(one, "current_axial_long_axis") - value(one, "prior_axial_long_axis")
        assert value(one, "change_axial_long_axis") == pytest.approx(long)
        assert one.within_readers_noise is (abs(long) <= 0.9)


def test_doubling_time_only_where_the_volume_grew(found: Comparison) -> None:
    grown = the(found, 1)
    assert grown.growth_allowed
    assert grown.reasons == ()
    ratio = value(grown, "current_volume_voxel") / value(grown, "prior_volume_voxel")
    assert value(grown, "doubling_time") == pytest.approx(90 * math.log(2) / math.log(ratio))
    for number in (2, 5):
        one = the(found, number)
        assert one.growth_allowed
        assert not [q for q in one.quantities if q.name == "doubling_time"]


def test_registration_tells_how_good_it_is(found: Comparison) -> None:
    quality = {q.name: q for q in found.registration.quality}
    assert set(quality) >= {"shared_view", "body_overlap", "correlation", "lung_overlap", "local_shift_max"}
    assert np.shape(found.registration.matrix) == (4, 4)


def test_without_days_there_is_no_doubling_time(pair: tuple[TimePoint, TimePoint]) -> None:
    result = compare(*pair)
    assert NO_DAYS in result.notes
    assert the(result, 1).growth_allowed
    assert not [q for p in result.pairs for q in p.quantities if q.name == "doubling_time"]


def test_what_rests_on_another_footing_gives_no_growth(pair: tuple[TimePoint, TimePoint]) -> None:
    """Thickness, kernel, method and a cut-off mask at once: each is said, and growth is off."""
    current, prior = pair
    scan = replace(prior.scan, slice_thickness_mm=5.0, kernel="Br40")
    now = replace(current, scan=replace(current.scan, kernel="Br64"), methods={**current.methods, 1: "nodule-segmenter 1"})
    box = prior.lesions[2]
    edge = Mask(box.scan_id, box.box, (box.offset[0], box.offset[1], 0), box.grid_shape, box.grid_affine)
    result = compare(now, replace(prior, scan=scan, lesions={1: prior.lesions[1], 9: edge}), days=90)
    one = the(result, 1)
    assert not one.growth_allowed
    for said in ("slice thickness is 2.5 mm now and 5 mm", "different kernels", "nodule-segmenter 1 now and made sphere"):
        assert any(said in r for r in one.reasons), said
    assert not [q for q in one.quantities if q.name == "doubling_time"]
    assert "Br40" not in " ".join(one.reasons), "a header's text stays where it is"


def test_an_unknown_method_and_thick_slices_give_no_growth(pair: tuple[TimePoint, TimePoint]) -> None:
    current, prior = pair
    thick = [replace(p, scan=replace(p.scan, slice_interval_mm=5.0), methods={}) for p in (current, prior)]
    one = the(compare(*thick, days=90), 1)
    assert not one.growth_allowed
    assert any("above 2.5 mm" in r for r in one.reasons)
    assert any("not known" in r for r in one.reasons)


def test_a_mask_that_the_image_cuts_off_gives_no_growth(anatomy: Scan) -> None:
    top = float(anatomy.to_mm((0, 0, anatomy.shape[2] - 1))[2])
    current, prior, _ = follow_up(anatomy, {1: Ball((75.0, 0.0, top - 3.0), 14.0, 10.0)}, motion(np.random.default_rng(2), 1.0, 0.0))
    one = the(compare(current, prior, days=90), 1)
    assert one.kind == "matched"
    assert not one.growth_allowed
    assert any("cuts off" in r for r in one.reasons)


def grouped(point: TimePoint, parts: dict[int, tuple[int, ...]]) -> TimePoint:
    """Return a time point in which lesions are joined to one mask."""
    masks = {}
    for number, members in parts.items():
        grid = np.zeros(point.scan.shape, bool)
        for member in members:
            grid |= point.lesions[member].voxels
        masks[number] = Mask.from_grid(point.scan.id, grid, point.scan.affine)
    return replace(point, lesions=masks, methods=dict.fromkeys(masks, "made sphere"))


def test_lesions_that_merge_and_that_split(anatomy: Scan) -> None:
    balls = {
        1: Ball((80.0, 10.0, 20.0), 12.0, 12.0), 2: Ball((80.0, 22.0, 20.0), 11.0, 11.0),
        3: Ball((-80.0, 10.0, -20.0), 13.0, 13.0),
    }  # fmt: skip
    current, prior, _ = follow_up(anatomy, balls, motion(np.random.default_rng(3), 10.0, 6.0))
    joined = {7: (1, 2), 3: (3,)}
    merged = the(compare(grouped(current, joined), prior, days=90), 7)
    assert (merged.kind, merged.current, merged.prior) == ("merged", (7,), (1, 2))
    together = sum(prior.lesions[n].count for n in (1, 2)) * abs(np.linalg.det(prior.scan.affine[:3, :3]))
    assert value(merged, "prior_volume_voxel") == pytest.approx(together)
    assert merged.within_readers_noise is None
    assert not merged.growth_allowed
    split = compare(current, grouped(prior, joined), days=90)
    assert (the(split, 7).kind, the(split, 7).current, the(split, 7).prior) == ("split", (1, 2), (7,))
    assert the(split, 3).kind == "matched"


def test_a_place_that_the_prior_does_not_show_is_not_called_new(anatomy: Scan) -> None:
    current, prior, _ = follow_up(anatomy, {1: Ball((80.0, 10.0, 100.0), 10.0, 0.0)}, np.eye(4))
    low = np.array(prior.scan.voxels[:, :, : prior.scan.shape[2] * 2 // 3])
    part = Scan.build(low, prior.scan.affine, modality=Known("CT", "known"))
    one = the(compare(current, TimePoint(part, {}), days=90), 1)
    assert one.kind == "new"
    assert one.confidence == 0.0
    assert any("does not show this place" in r for r in one.reasons)


def refusals(pair: tuple[TimePoint, TimePoint]) -> dict[str, tuple[TimePoint, TimePoint, int | None, str]]:
    current, prior = pair
    flat = replace(prior, scan=replace(prior.scan, spacing=(1.0, 1.0, None)))
    mr = replace(prior, scan=replace(prior.scan, modality=Known("MR", "known")))
    head = replace(prior, scan=replace(prior.scan, body_part=Known("HEAD", "stated")))
    empty = Mask.from_grid(prior.scan.id, np.zeros(prior.scan.shape, bool), prior.scan.affine)
    return {
        "same": (current, current, 90, "same scan"),
        "spacing": (current, flat, 90, "no known spacing"),
        "modality": (current, mr, 90, "same modality"),
        "part": (current, head, 90, "HEAD"),
        "later": (current, prior, -3, "3 days after"),
        "nothing": (replace(current, lesions={}), replace(prior, lesions={}), 90, "nothing to compare"),
        "empty": (current, replace(prior, lesions={1: empty}), 90, "empty"),
        "foreign": (current, replace(prior, lesions=current.lesions), 90, "another scan"),
    }


@pytest.mark.parametrize("case", ["same", "spacing", "modality", "part", "later", "nothing", "empty", "foreign"])
def test_what_is_not_compared(pair: tuple[TimePoint, TimePoint], case: str) -> None:
    current, prior, days, said = refusals(pair)[case]
    with pytest.raises(NotApplicable, match=said):
        compare(current, prior, days=days)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(12))
def test_many_made_pairs(anatomy: Scan, seed: int) -> None:
    rng = np.random.default_rng(seed)
    places = places_in_lung(anatomy, 10, 6.0, 25.0, rng)
    balls = {
        n: Ball(p, *(float(v) for v in rng.uniform(4.0, 16.0) * rng.choice([[1, 1], [1, 0.6], [0.7, 1]])))
        for n, p in enumerate(places, 1)
    }
    current, prior, _ = follow_up(anatomy, balls, motion(rng, 20.0, 10.0), scale=float(rng.uniform(0.9, 1.2)))
    found = compare(current, prior, days=90)
    both = sorted(set(current.lesions) & set(prior.lesions))
    assert by_kind(found).get("matched") == [((n,), (n,)) for n in both]
