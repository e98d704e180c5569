"""Arithmetic between two measurements: exact, unit-true, and silent where readers' noise is larger."""

from __future__ import annotations

import math

import pytest

from tools import NotApplicable, Quantity
from tools.change import (
    READERS_DIAMETER_MM,
    READERS_VOLUME_PERCENT,
    difference,
    doubling_time,
    percent_change,
    sum_of_diameters,
    within_readers_noise,
)


def q(name: str, value: float, unit: str = "mm", method: str = "calipers") -> Quantity:
    return Quantity(name, value, unit, method)


def volume(value: float) -> Quantity:
    return q("volume_voxel", value, "mm3", "voxels")


def test_a_difference_keeps_the_unit_and_tells_the_readers_noise() -> None:
    change = difference(q("axial_long_axis", 9.5), q("axial_long_axis", 12.0))
    assert (change.name, change.value, change.unit) == ("change_axial_long_axis", -2.5, "mm")
    assert "calipers" in change.method
    assert "0.9 mm" in change.note


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        (q("axial_long_axis", 1), q("axial_short_axis", 1), "quantities"),
        (q("axial_long_axis", 1), q("axial_long_axis", 1, "{pixel}"), "units"),
        (q("axial_long_axis", 1), q("axial_long_axis", 1, method="by hand"), "methods"),
    ],
)
def test_what_is_not_alike_has_no_difference(one: Quantity, other: Quantity, said: str) -> None:
    with pytest.raises(NotApplicable, match=said):
        difference(one, other)
    with pytest.raises(NotApplicable, match=said):
        percent_change(one, other, "x")


def test_percent_is_of_the_prior() -> None:
    assert percent_change(volume(150), volume(100), "change_volume_percent").value == pytest.approx(50.0)
    assert percent_change(volume(100), volume(150), "x").value == pytest.approx(-100 / 3)
    with pytest.raises(NotApplicable, match="more than zero"):
        percent_change(volume(1), volume(0), "x")


@pytest.mark.parametrize(
    ("value", "unit", "within"),
    [
        (READERS_DIAMETER_MM, "mm", True), (-READERS_DIAMETER_MM, "mm", True), (0.901, "mm", False), (-1.0, "mm", False),
        (READERS_VOLUME_PERCENT, "%", True), (22.1, "%", False), (-23.0, "%", False), (0.0, "mm", True),
    ],
)  # fmt: skip
def test_noise_counts_both_ways(value: float, unit: str, within: bool) -> None:
    assert within_readers_noise(q("change", value, unit)) is within


def test_noise_is_not_known_in_another_unit() -> None:
    with pytest.raises(NotApplicable, match="mm3"):
        within_readers_noise(q("change", 5.0, "mm3"))


def test_a_doubled_volume_doubles_in_the_interval() -> None:
    found = doubling_time(volume(200), volume(100), 90)
    assert (found.name, found.unit) == ("doubling_time", "d")
    assert found.value == pytest.approx(90.0)
    assert doubling_time(volume(400), volume(100), 90).value == pytest.approx(45.0)
    # A sphere from 8 to 10 mm in 180 days: 180 ln 2 / (3 ln 1.25).
    grown = doubling_time(volume(10**3), volume(8**3), 180)
    assert grown.value == pytest.approx(180 * math.log(2) / (3 * math.log(1.25)))


@pytest.mark.parametrize(("now", "days", "said"), [(122, 90, "did not grow"), (80, 90, "did not grow"), (200, 0, "one day")])
def test_no_doubling_time_without_growth_or_days(now: float, days: int, said: str) -> None:
    with pytest.raises(NotApplicable, match=said):
        doubling_time(volume(now), volume(100), days)


def test_targets_are_summed_nodes_by_their_short_axis() -> None:
    one = [q("axial_long_axis", 20.0), q("axial_short_axis", 11.0)]
    two = [q("axial_long_axis", 30.0), q("axial_short_axis", 17.0)]
    assert sum_of_diameters({1: one, 2: two}).value == 50.0
    found = sum_of_diameters({1: one, 2: two}, nodes=[2])
    assert (found.name, found.value, found.unit) == ("sum_of_diameters", 37.0, "mm")
    assert "node 2" in found.method


@pytest.mark.parametrize(
    ("targets", "nodes", "said"),
    [
        ({}, (), "at least one"),
        ({1: [q("axial_short_axis", 3)]}, (), "axial_long_axis"),
        ({1: [q("axial_long_axis", 3, "{pixel}")]}, (), "pixels"),
        ({1: [q("axial_long_axis", 3)]}, (2,), "not among the targets"),
    ],
)
def test_sums_that_cannot_be(targets: dict[int, list[Quantity]], nodes: tuple[int, ...], said: str) -> None:
    with pytest.raises(NotApplicable, match=said):
        sum_of_diameters(targets, nodes)
