"""Brock, Mayo and the doubling time: values worked out by hand, the two forms of Brock, scope and missing inputs."""

from __future__ import annotations

import math
from typing import Any

import pytest

from knowledge import BadInput, assess

BROCK: dict[str, Any] = {
    "age": 62, "sex": "female", "family_history": False, "emphysema": False, "type": "solid", "diameter_mm": 10,
    "upper_lobe": True, "nodule_count": 1, "spiculation": True,
}  # fmt: skip
MAYO: dict[str, Any] = {
    "age": 70, "smoker": True, "cancer_over_5_years_ago": False, "diameter_mm": 15, "spiculation": False,
    "upper_lobe": True,
}  # fmt: skip


def _percent(x: float) -> float:
    return 100 * math.exp(x) / (1 + math.exp(x))


@pytest.mark.parametrize(
    ("change", "x"),
    [
        ({}, 0.2761 + 0.0287 * 62 + 0.6011 - 5.3854 + 0.6581 - 0.0824 + 0.7729),
        ({"sex": "male"}, 0.2761 + 0.0287 * 62 - 5.3854 + 0.6581 - 0.0824 + 0.7729),
        (
            {"type": "part-solid", "diameter_mm": 8, "family_history": True, "emphysema": True, "spiculation": False},
            0.2761 + 0.0287 * 62 + 0.6011 + 0.2961 + 0.2953 - 5.3854 * 0.8**-0.5 + 0.6581 + 0.377 - 0.0824,
        ),
        (
            {"type": "ground-glass", "nodule_count": 5, "upper_lobe": False},
            0.2761 + 0.0287 * 62 + 0.6011 - 5.3854 - 0.1276 - 5 * 0.0824 + 0.7729,
        ),
    ],
)
def test_the_full_brock_model(change: dict[str, Any], x: float) -> None:
    found = assess("brock", **BROCK | change)
    assert found.used["brock_percent"] == pytest.approx(_percent(x), rel=1e-9)
    assert f"{_percent(x):.1f} %" in str(found.category)


def test_the_centred_form_of_brock_gives_the_same() -> None:
    size = 5.3854 * ((12 / 10) ** -0.5 - 1.58113883)
    x = -6.7892 + 0.0287 * (70 - 62) + 0.6011 - size + 0.6581 - 0.0824 * (3 - 4) + 0.7729
    found = assess("brock", **BROCK | {"age": 70, "diameter_mm": 12, "nodule_count": 3})
    assert found.used["brock_percent"] == pytest.approx(_percent(x), abs=0.01)


def test_brock_without_spiculation_asks_for_none() -> None:
    stated = {k: v for k, v in BROCK.items() if k != "spiculation"}
    found = assess("brock", **stated, model="without-spiculation")
    x = -6.8071 + 0.5635 - 5.6693 * (1 - 1.58113883) + 0.7116 - 0.0803 * -3
    assert found.used["short_percent"] == pytest.approx(_percent(x), rel=1e-9)
    assert any("Medium confidence" in caveat["en"] for caveat in found.caveats)


@pytest.mark.parametrize(
    ("change", "x"),
    [
        ({}, -6.8272 + 0.0391 * 70 + 0.7917 + 0.1274 * 15 + 0.7838),
        (
            {"smoker": False, "cancer_over_5_years_ago": True, "spiculation": True, "upper_lobe": False},
            -6.8272 + 0.0391 * 70 + 1.3388 + 0.1274 * 15 + 1.0407,
        ),
    ],
)
def test_the_mayo_model(change: dict[str, Any], x: float) -> None:
    found = assess("mayo", **MAYO | change)
    assert found.used["mayo_percent"] == pytest.approx(_percent(x), rel=1e-9)
    assert f"{_percent(x):.1f} %" in str(found.category)


@pytest.mark.parametrize(("size", "within"), [(3.9, False), (4, True), (30, True), (30.1, False)])
def test_mayo_is_for_4_to_30_mm(size: float, within: bool) -> None:
    found = assess("mayo", **MAYO | {"diameter_mm": size})
    assert bool(found.row) is within
    assert bool(found.out_of_scope) is not within


@pytest.mark.parametrize(("name", "whole"), [("brock", BROCK), ("mayo", MAYO)])
def test_each_missing_input_is_asked_for_and_no_number_given(name: str, whole: dict[str, Any]) -> None:
    for missing in whole:
        found = assess(name, **{k: v for k, v in whole.items() if k != missing})
        assert [need.name for need in found.needs] == [missing]
        assert (found.category, found.used) == (None, {})


@pytest.mark.parametrize(
    ("stated", "row", "days"),
    [
        ({"volume_mm3": 200, "prior_volume_mm3": 100}, "by-volume", 300),
        ({"volume_mm3": 400, "prior_volume_mm3": 100}, "by-volume", 150),
        ({"diameter_mm": 12.6, "prior_diameter_mm": 10}, "by-diameter", 300),
        ({"volume_mm3": 200, "prior_volume_mm3": 100, "diameter_mm": 5, "prior_diameter_mm": 9}, "by-volume", 300),
        ({"volume_mm3": 100, "prior_volume_mm3": 100}, "by-volume-no-growth", None),
        ({"diameter_mm": 8, "prior_diameter_mm": 9}, "by-diameter-no-growth", None),
    ],
)
def test_the_doubling_time(stated: dict[str, float], row: str, days: float | None) -> None:
    found = assess("doubling-time", interval_days=300, **stated)
    assert found.row == row
    if days is None:
        assert "no doubling time" in str(found.category)
    else:
        assert f"{days:.0f} days" in str(found.category)


def test_a_diameter_26_percent_larger_doubles_the_volume() -> None:
    found = assess("doubling-time", interval_days=100, diameter_mm=12.6, prior_diameter_mm=10)
    assert found.used["days_by_diameter"] == pytest.approx(100, abs=0.1)


def test_without_sizes_or_interval_no_doubling_time() -> None:
    asked = [need.name for need in assess("doubling-time", interval_days=100, volume_mm3=200).needs]
    assert asked == ["diameter_mm", "prior_diameter_mm"]
    assert "interval_days" in [n.name for n in assess("doubling-time", volume_mm3=2, prior_volume_mm3=1).needs]
    sizes = {"diameter_mm": 9, "prior_diameter_mm": 8}
    assert [n.name for n in assess("doubling-time", **sizes).needs] == ["interval_days"]


def test_no_doubling_time_on_thick_slices_or_the_same_day() -> None:
    sizes = {"volume_mm3": 200, "prior_volume_mm3": 100}
    assert "2.5 mm" in assess("doubling-time", interval_days=300, **sizes, slice_thickness_mm=2.6).out_of_scope["en"]
    assert assess("doubling-time", interval_days=300, **sizes, slice_thickness_mm=2.5).row == "by-volume"
    with pytest.raises(BadInput, match="interval_days"):
        assess("doubling-time", interval_days=0, **sizes)
